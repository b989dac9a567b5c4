"""What the bytes of an image prove: any cut and any changed byte of a PNG is found, and nothing makes a check raise."""

from __future__ import annotations

import hashlib
import io
import os
import random
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.check.material import bomb_png
from tests.check.pictures import chunk, with_chunk
from tests.environments import ROOT
from tests.trees import write_faces, zip_folder
from tools.check.configs import check_data
from tools.check.images.content import Recorded, check_image, check_sha256, image_findings
from tools.check.images.examine import examine
from tools.check.images.formats import MAX_PIXELS, end_of, format_of, header_of_head, too_many_scans
from tools.check.images.png import KEPT, MAX_TEXTS, read_png

MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"BM", b"GIF89a", b"II*\0", b"MM\0*")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")


def picture(kind: str, size: tuple[int, int] = (24, 17), mode: str = "RGB") -> bytes:
    """Return an image of noise in a format of Pillow."""
    noise = random.Random(kind).randbytes(size[0] * size[1] * len(mode))
    buffer = io.BytesIO()
    Image.frombytes(mode, size, noise).save(buffer, kind)
    return buffer.getvalue()


PNG = picture("PNG")


@pytest.mark.parametrize("kind", FORMATS)
def test_whole_images_have_no_problem(kind: str) -> None:
    """A whole image of each format that the dataset may hold is found whole."""
    assert check_image(picture(kind)) is None


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_png_of_any_mode_is_whole(mode: str) -> None:
    """Palette, grey, transparent, 1 bit and 16 bit PNGs are found whole."""
    buffer = io.BytesIO()
    Image.new(mode, (5, 7)).save(buffer, "PNG")
    assert check_image(buffer.getvalue()) is None


def test_png_cut_at_any_length() -> None:
    """A PNG that lacks any number of bytes at its end is found, the last byte of IEND's checksum included."""
    assert all(check_image(PNG[:length]) for length in range(len(PNG)))


def test_png_with_any_changed_byte() -> None:
    """A PNG in which any one byte is changed is found: signature, length, type, data or checksum."""
    for position in range(len(PNG)):
        for change in (1, 0x80, 0xFF):
            changed = bytearray(PNG)
            changed[position] ^= change
            assert check_image(bytes(changed)), position


@given(st.integers(0, len(PNG) - 1), st.integers(1, 255))
def test_png_with_a_byte_changed_to_anything(position: int, change: int) -> None:
    """Whatever a byte of a PNG is changed to, it is found."""
    changed = bytearray(PNG)
    changed[position] ^= change
    assert check_image(bytes(changed)) is not None


@given(st.integers(0, len(PNG)), st.integers(1, len(PNG)))
def test_png_with_a_hole(start: int, length: int) -> None:
    """A PNG that lacks bytes anywhere is found."""
    if start < len(PNG):
        assert check_image(PNG[:start] + PNG[start + length :]) is not None


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP"])
def test_other_formats_cut_at_any_length(kind: str) -> None:
    """A JPEG, WebP or BMP that lacks any number of bytes at its end is found by decoding."""
    whole = picture(kind)
    assert all(check_image(whole[:length]) for length in range(len(whole)))


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, on what is left of the tags of a TIFF
@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
def test_pixels_cut_off(kind: str) -> None:
    """A GIF or TIFF that lacks pixels is found; what follows the pixels may be missing."""
    whole = picture(kind)
    assert all(check_image(whole[:length]) for length in range(0, len(whole) // 2, 7))


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(st.one_of(st.binary(max_size=300), st.builds(bytes.__add__, st.sampled_from(MAGICS), st.binary(max_size=300))))
@example(b"")
@example(b"\x89PNG\r\n\x1a\n")
def test_any_bytes_yield_a_problem(content: bytes) -> None:
    """Bytes of any kind never raise, and what is no image is said to be none."""
    assert check_image(content) is not None


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FORMATS), st.data())
def test_damaged_images_never_raise(kind: str, data: st.DataObject) -> None:
    """An image of any format, with bytes replaced, inserted and cut out, yields a text or nothing, and never raises."""
    whole = picture(kind)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, min(len(whole), 80)))
        length = data.draw(st.integers(0, 20))
        whole = whole[:start] + data.draw(st.binary(max_size=20)) + whole[start + length :]
    problem = check_image(whole)
    assert problem is None or ("\n" not in problem and problem)


def test_png_chunks_that_are_whole_but_wrong() -> None:
    """A PNG whose checksums are right is refused without pixels, without header, or with an odd header."""
    signature, header = PNG[:8], PNG[8:33]
    assert "no chunk IDAT" in str(check_image(signature + header + chunk(b"IEND", b"")))
    assert "expected IHDR first" in str(check_image(signature + chunk(b"IDAT", b"") + chunk(b"IEND", b"")))
    assert "expected IHDR first" in str(check_image(signature + header + header + chunk(b"IEND", b"")))
    for odd in (PNG[16:24] + bytes((7, 9, 9, 9, 9)), bytes(4) + PNG[20:29], PNG[16:24] + bytes((4, 2, 0, 0, 0))):
        assert "has a header that no PNG may have" in str(check_image(signature + chunk(b"IHDR", odd) + PNG[33:]))
    assert "a header of 12 bytes" in str(check_image(signature + chunk(b"IHDR", PNG[16:28]) + PNG[33:]))
    assert check_image(PNG + b"what no decoder reads") is None


def test_bombs_are_refused_without_a_warning() -> None:
    """An image of too many pixels is refused by its header: no filter or limit of Pillow is used."""
    limit = Image.MAX_IMAGE_PIXELS
    bomb = bytearray(picture("BMP"))
    bomb[18:26] = (60_000).to_bytes(4, "little") * 2
    gif = bytearray(picture("GIF"))
    gif[6:10] = b"\xff" * 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for content in (bomb_png(), bytes(bomb), bytes(gif)):
            assert "pixels; more than 89,478,485" in str(check_image(content))
    assert limit == Image.MAX_IMAGE_PIXELS == MAX_PIXELS


def test_limit_holds_whatever_pillow_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that lifts Pillow's own limit does not lift this one."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert "60,000 x 60,000 pixels" in str(check_image(bomb_png()))


def test_threads_agree() -> None:
    """Several threads at once find what one finds."""
    contents = [picture("PNG"), picture("JPEG"), PNG[:-1], b"", picture("WEBP")[:-9]] * 40
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(check_image, contents)) == list(map(check_image, contents))


def test_an_ending_may_lie(shared: Path) -> None:
    """A WebP that is called .png, as upstream ships it, is a whole image."""
    assert check_image((shared / "emonet/images/mj_data_119_U1.png").read_bytes()) is None


def test_sha256_is_compared_in_any_case() -> None:
    """A SHA-256 in capitals or with spaces is the same; none recorded is no problem; another one is."""
    digest = hashlib.sha256(b"x").hexdigest()
    assert check_sha256(digest, None) is check_sha256(digest, f" {digest.upper()}\n") is None
    assert check_sha256(digest, "0" * 64) == f"has SHA-256 {digest}, but the sheet records '{'0' * 64}'"


def test_both_problems_of_an_image() -> None:
    """An image that is neither whole nor the recorded one yields both findings."""
    content = os.urandom(9)
    found = image_findings("a.png", content, "1" * 64, Recorded("dataset_sheet.csv", 2, "sha256", "0" * 64))
    assert [(finding.rule, finding.file, finding.row) for finding in found] == [
        ("IM008", "a.png", None),
        ("SH021", "dataset_sheet.csv", 2),
    ]


def test_pixels_that_were_packed_wrong() -> None:
    """A PNG whose chunks are whole but whose pixels are no zlib stream is no picture."""
    start = PNG.index(b"IDAT")
    length = int.from_bytes(PNG[start - 4 : start], "big")
    wrong = b"IDAT" + b"\xff" * length
    content = PNG[:start] + wrong + zlib.crc32(wrong).to_bytes(4, "big") + PNG[start + 8 + length :]
    assert str(check_image(content)).startswith("holds pixels that cannot be unpacked")


def test_folders_are_proven_in_order(tmp_path: Path) -> None:
    """Each image of the folders is read, a broken one and one that cannot be unpacked are found in their order."""
    write_faces(tmp_path, 3, 48)
    (tmp_path / "DiffusionEmotion_S_cropped/happy/aaaaaaab_1.png").write_bytes(PNG[:-1])
    archive = zip_folder(tmp_path / "DifussionEmotion_S")
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"IDAT", b"IDAQ", 1))
    found = check_data(["small_original", "small_cropped"], str(tmp_path), workers=2)
    assert [(finding.rule, finding.file) for finding in found] == [
        ("IM009", "DifussionEmotion_S.zip/happy/aaaaaaab_1.png"),
        ("IM008", "DiffusionEmotion_S_cropped/happy/aaaaaaab_1.png"),
    ]


def test_pixels_are_proven_by_decoding_alone() -> None:
    """Pixels that were packed wrong further on pass the checksums of a PNG's chunks, and do not pass when decoded."""
    content = noise_png((99, 99))
    start, length = content.index(b"IDAT") + 4, int.from_bytes(content[33:37], "big")
    packed = bytearray(content[start : start + length])
    packed[len(packed) // 2 :] = bytes(len(packed) - len(packed) // 2)
    broken = content[:33] + chunk(b"IDAT", bytes(packed)) + chunk(b"IEND", b"")
    assert examine(broken).problem is None
    assert str(examine(broken, pixels=True).problem).startswith("cannot be decoded")


def noise_png(size: tuple[int, int]) -> bytes:
    """Return a PNG of noise with one chunk of pixels."""
    return picture("PNG", size)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_end_of_an_image(kind: str) -> None:
    """The end of a whole image is its last byte, whatever follows; of one that is cut off nothing is said to follow."""
    whole = picture(kind)
    for content in (whole, whole + b"\xff\xd9 and \xff\xda more"):
        assert examine(content).end == len(whole)
    name = str(format_of(whole))
    assert end_of(name, whole[:-2]) in (None, len(whole))


def test_end_of_a_jpeg_with_a_run_of_marks() -> None:
    """A long run of FF that ends in no mark is walked once, not once for each of its bytes."""
    code = (
        "from tools.check.images.formats import end_of\n"
        "scan = b'\\xff\\xd8\\xff\\xda\\0\\2' + b'\\xff' * 1_000_000\n"
        "print(end_of('JPEG', scan + b'\\0'), end_of('JPEG', scan + b'\\xd9'))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert run.stdout.split() == ["None", "1000007"], run.stderr


@given(st.binary(max_size=400))
def test_end_of_any_bytes(content: bytes) -> None:
    """Whatever follows the first mark of a JPEG, its end is looked for without an error."""
    end = end_of("JPEG", b"\xff\xd8" + content)
    assert end is None or 2 < end <= len(content) + 2


@pytest.mark.parametrize("kind", FORMATS)
def test_header_of_the_beginning(kind: str) -> None:
    """The first bytes of a file tell what the whole file does: format, size and mode."""
    whole = picture(kind, (200, 100))
    header = header_of_head(whole[: len(whole) // 2] if kind != "TIFF" else whole)
    assert header is not None
    assert header == examine(whole).header
    assert (header.width, header.height) == (200, 100)


@given(st.sampled_from(MAGICS), st.binary(max_size=200))
def test_header_of_any_bytes(magic: bytes, rest: bytes) -> None:
    """The header of anything is read without an error."""
    header_of_head(magic + rest)


def test_many_chunks() -> None:
    """A PNG of 100,000 tiny chunks is read in one go, and texts that take too much together are a bomb."""
    tiny = chunk(b"tEXt", b"a\0b") * 100_000
    assert check_image(PNG[:33] + tiny + PNG[33:]) is None
    packed = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**20)))
    count = MAX_TEXTS // 2**20 + 1
    assert "bytes of text" in str(read_png(PNG[:33] + packed * count + PNG[33:]).bomb)


def test_nothing_is_kept_behind_a_bomb() -> None:
    """Only texts of use are kept, none is unpacked once all were too much, and malformed ones count as they may."""
    whole = zlib.compress(bytes(2**20 - 1000))
    count = MAX_TEXTS // 2**20 + 2
    for packed in (whole, whole[:-4] + b"oops"):
        chunks = b"".join(chunk(b"zTXt", b"%d\0\0" % number + packed) for number in range(count))
        last = chunk(b"tEXt", b"parameters\0behind")
        assert read_png(PNG[:33] + chunks[: len(chunks) // 2] + PNG[33:]).bomb is None
        png = read_png(PNG[:33] + chunks + last + PNG[33:])
        assert "bytes of text" in str(png.bomb)
        assert not png.texts
        assert not png.end
    known = b"".join(chunk(b"tEXt", key.encode() + b"\0a") for key in (*KEPT, "Title"))
    assert tuple(read_png(PNG[:33] + known + PNG[33:]).texts) == KEPT


def test_scans_of_a_jpeg() -> None:
    """A progressive JPEG has its few scans at any size; one with hundreds over many pixels is refused undecoded."""
    buffer = io.BytesIO()
    Image.new("RGB", (4000, 4000)).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    assert check_image(content) is None
    assert too_many_scans(content, 8192, 10_000) is None
    scan = content.rindex(b"\xff\xda")
    assert "over 4,000 x 4,000 pixels; more than 2,000,000,000" in str(
        examine(content[:-2] + content[scan:-2] * 150).bomb
    )
    small = io.BytesIO()
    Image.new("RGB", (40, 40)).save(small, "JPEG")
    assert check_image(small.getvalue() + b"\xff\xda" * 10**6) is None


@given(st.sampled_from([b"zTXt", b"iTXt", b"tEXt", b"iCCP", b"eXIf", b"acTL", b"tRNS"]), st.binary(max_size=60))
def test_any_metadata_of_a_png(kind: bytes, data: bytes) -> None:
    """Whatever a chunk of metadata holds, reading it never raises, and a whole PNG stays whole for this reader."""
    content = with_chunk(PNG, kind, data)
    assert read_png(content).problem is None
    examine(content)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}, {"save_all": True}])
def test_header_of_a_webp(mode: str, options: dict[str, object]) -> None:
    """The first bytes of a WebP of any kind, lossy, lossless or extended, tell what decoding it does."""
    noise = random.Random(mode).randbytes(300 * 200 * len(mode))
    image, buffer = Image.frombytes(mode, (300, 200), noise), io.BytesIO()
    more = [image.rotate(90)] if "save_all" in options else []
    image.save(buffer, "WEBP", append_images=more, **options)
    assert header_of_head(buffer.getvalue()[:100]) == examine(buffer.getvalue()).header


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@given(
    st.tuples(st.integers(1, 400), st.integers(1, 400)),
    st.tuples(*[st.integers(0, 255)] * 4),
    st.integers(0, 9),
    st.integers(0, 4),
)
def test_one_colour_begins_plain(
    mode: str, size: tuple[int, int], colour: tuple[int, ...], level: int, strategy: int
) -> None:
    """A PNG of one colour begins plain in whatever way it is packed, so that the default depth looks at its pixels."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    buffer = io.BytesIO()
    fill = colour[0] if bands == 1 else colour[:bands]
    Image.new(mode, size, fill).save(buffer, "PNG", compress_level=level, compress_type=strategy)
    assert read_png(buffer.getvalue()).begins_plain


def test_pictures_do_not_begin_plain() -> None:
    """A picture does not begin plain, nor does one whose second row differs: neither is decoded without need."""
    assert not read_png(PNG).begins_plain
    second = Image.new("RGB", (24, 17))
    second.putpixel((9, 1), (0, 0, 1))
    buffer = io.BytesIO()
    second.save(buffer, "PNG")
    assert not read_png(buffer.getvalue()).begins_plain


def test_a_sheet_of_paths_alone(tmp_path: Path) -> None:
    """Pictures are checked by a sheet that has no other column; what it lacks is said by the rules for sheets."""
    write_faces(tmp_path, 4)
    sheet = tmp_path / "dataset_sheet.csv"
    paths = [line.partition(",")[0] for line in sheet.read_text().splitlines()]
    assert paths[0] == "path"
    sheet.write_text("\n".join(paths) + "\n")
    (tmp_path / paths[1]).write_bytes(PNG[:-1])
    rules = {finding.rule[:2] for finding in check_data(["small_original"], str(tmp_path))}
    assert rules == {"SH", "IM"}
