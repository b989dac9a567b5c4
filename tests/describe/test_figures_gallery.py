"""The gallery: a row a class from the pictures at hand, light, the same bytes everywhere, clear about what is wrong."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from DiffusionFER import EMOTIONS
from tests.describe.test_figures import channels, contrast, faces_of
from tests.environments import ROOT
from tests.trees import face_rows, png, write_faces, zip_folder
from tools.describe.facts.description import Description, Pictures
from tools.describe.figures import BLOCKS, FIGURES
from tools.describe.figures.gallery import FACES, INK, SIDE, WALL
from tools.describe.figures.letters import LETTERS, word_mask
from tools.describe.figures.svg import COLOURS, SHOWN
from tools.make.sketch import MODEL, render

ORIGINAL, CROPPED = "DifussionEmotion_S", "DiffusionEmotion_S_cropped"
GALLERY = FIGURES["gallery"]


def described(data_dir: Path, variants: tuple[str, ...] = ("original", "cropped"), count: int = 28) -> Description:
    """Return the description of a tree that `write_faces` wrote."""
    rows = [{key: str(value) for key, value in row.items()} for row in face_rows(count)]
    pictures = {name: Pictures(f"small_{name}", "", count, 1, 1, 1, {}, {}, count) for name in variants}
    return Description(data_dir, {"small": replace(faces_of(rows), pictures=pictures)})


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A tree of 28 pictures in two variants."""
    write_faces(tmp_path, 28)
    return tmp_path


def opened(description: Description) -> Image.Image:
    """Return the drawn gallery, in colour."""
    content = GALLERY.draw(description)
    assert content is not None
    return Image.open(io.BytesIO(content))


def test_a_row_has_originals_and_crops_of_a_class(data_dir: Path) -> None:
    """Each place on the wall has the picture of its class and variant: its colour says which it is."""
    description = described(data_dir)
    faces = description.faces["small"]
    for row, emotion in enumerate(EMOTIONS):
        for column, name in enumerate(faces.gallery[emotion]):
            for group, folder in enumerate((ORIGINAL, CROPPED)):
                Image.new("RGB", (40, 40), (20 * row + 60, 80 * column + 40, 200 * group)).save(
                    data_dir / folder / name
                )
    wall = opened(description).convert("RGB")
    step = SIDE + 4
    left, top = wall.width - 20 - 2 * FACES * step - 22 + 8, wall.height - 20 - 7 * step + 4
    for row in range(7):
        for column in range(FACES):
            for group in range(2):
                x = left + group * (FACES * step - 4 + 22) + column * step + SIDE // 2
                found = wall.getpixel((x, top + row * step + SIDE // 2))
                wanted = (20 * row + 60, 80 * column + 40, 200 * group)
                assert isinstance(found, tuple)
                assert all(abs(a - b) <= 12 for a, b in zip(found, wanted, strict=True)), (row, column, group)


def test_the_gallery_is_light_and_true(tmp_path: Path) -> None:
    """Of real pictures of the edition it is a PNG with a palette below 350 KB, and the text says what it shows."""
    rows = face_rows(28)
    for row in rows:
        row |= {"age": "old", "gender": "woman", "style": "", "others": "camping", "model": MODEL}
        for folder, drawing in zip((ORIGINAL, CROPPED), render(row)[:2], strict=True):
            path = tmp_path / folder / str(row["path"]).partition("/")[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(drawing)
    description = described(tmp_path)
    content = GALLERY.draw(description)
    assert content is not None
    assert 50_000 < len(content) < 350_000
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.mode) == ("PNG", "P")
        assert image.width == SHOWN
    assert "3 originals and 3 crops of the same faces, 42 pictures" in GALLERY.alt(description)
    assert "program" not in GALLERY.caption(description)  # the sheet does not say what made them
    drawn = Description(tmp_path, {"small": replace(description.faces["small"], models={MODEL: 28})})
    assert f"drawn by a program ({MODEL}), not by a diffusion model" in GALLERY.caption(drawn)
    mixed = Description(tmp_path, {"small": replace(description.faces["small"], models={MODEL: 14, "sd": 14})})
    assert "program" not in GALLERY.caption(mixed)


def test_the_same_pictures_give_the_same_bytes(data_dir: Path) -> None:
    """Drawn twice, in a process with another hash seed, and from zips, the gallery has the same bytes."""
    content = GALLERY.draw(described(data_dir))
    assert content is not None
    code = (
        "import hashlib, sys; from pathlib import Path; from tests.describe.test_figures_gallery import *\n"
        "print(hashlib.sha256(GALLERY.draw(described(Path(sys.argv[1])))).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == hashlib.sha256(content).hexdigest()
    zip_folder(data_dir / ORIGINAL)
    zipped = GALLERY.draw(described(data_dir))
    assert zipped == content


def test_every_zlib_packs_the_gallery_alike(data_dir: Path) -> None:
    """The PNG is packed without matches: Python's zlib, whichever it is, makes the same bytes of the same pixels."""
    content = GALLERY.draw(described(data_dir))
    assert content is not None
    packed, place = b"", 8
    while place < len(content):
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        packed += content[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    again = zlib.compressobj(level=9, memLevel=9, strategy=zlib.Z_RLE)
    pixels = zlib.decompress(packed)
    assert again.compress(pixels) + again.flush() == packed


@pytest.mark.parametrize("variant", ["original", "cropped"])
def test_one_variant_is_enough(data_dir: Path, variant: str) -> None:
    """A directory with originals or crops alone has a gallery of these, and the text does not speak of the other."""
    description = described(data_dir, (variant,))
    image = opened(description)
    assert image.width == SHOWN
    other = "crops" if variant == "original" else "originals"
    assert other not in GALLERY.alt(description)
    assert f"3 {'originals' if variant == 'original' else 'crops'}, 21 pictures" in GALLERY.alt(description)


def test_without_pictures_there_is_no_gallery(tmp_path: Path) -> None:
    """A sheet alone has neither file nor block."""
    assert GALLERY.draw(described(tmp_path, ())) is None
    assert BLOCKS["figure-gallery"](described(tmp_path, ())) is None


def damage(content: bytes) -> Callable[[Path], object]:
    """Return what writes `content` into a picture."""
    return lambda path: path.write_bytes(content)


def giant() -> bytes:
    """Return the head of a PNG that claims 100,000 x 100,000 pixels."""
    content = bytearray(png(1))
    content[16:24] = (100_000).to_bytes(4, "big") * 2
    return bytes(content)


def many_scans() -> bytes:
    """Return a progressive JPEG of 9,000,000 pixels, whose last scan comes again and again."""
    buffer = io.BytesIO()
    Image.new("RGB", (3000, 3000)).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * 220 + content[-2:]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (Path.unlink, "is missing"),
        (damage(b"no picture"), "cannot be read"),
        (damage(png(1)[:200]), "cannot be read"),
        (damage(giant()), "cannot be read"),
        (damage(many_scans()), "cannot be read (it passes 230 times over 3,000 x 3,000 pixels"),
    ],
    ids=["missing", "no picture", "cut", "giant", "many scans"],
)
def test_a_picture_that_cannot_be_shown_is_named(data_dir: Path, harm: Callable[[Path], object], message: str) -> None:
    """One line says which file is missing or cannot be read."""
    description = described(data_dir)
    name = description.faces["small"].gallery["sad"][1]
    harm(data_dir / CROPPED / name)
    with pytest.raises(ValueError, match=r"^the gallery cannot be drawn: ") as raised:
        GALLERY.draw(description)
    assert f"{CROPPED}/{name} {message}" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Where the folder is gone, the line says which was looked for."""
    with pytest.raises(ValueError, match="the gallery cannot be drawn: config small_original has no data here"):
        GALLERY.draw(described(tmp_path))


def test_a_class_without_pictures_has_no_row(data_dir: Path) -> None:
    """A class that has no picture is left out, and the words say so; the others are as they were."""
    faces = described(data_dir).faces["small"]
    description = Description(data_dir, {"small": replace(faces, gallery={**faces.gallery, "angry": []})})
    whole, six = opened(described(data_dir)), opened(description)
    assert whole.height - six.height == SIDE + 4
    said = GALLERY.alt(description)
    assert said.startswith("Six rows of portraits, one for each emotion but angry, from top to bottom neutral, ")
    assert said.endswith("3 originals and 3 crops of the same faces, 36 pictures in all.")
    assert BLOCKS["figure-gallery"](description)


def test_a_gallery_without_pictures_is_refused(data_dir: Path) -> None:
    """Where no class has a picture though there is a folder, one line says so in drawing and block alike."""
    faces = described(data_dir).faces["small"]
    description = Description(data_dir, {"small": replace(faces, gallery={emotion: [] for emotion in EMOTIONS})})
    for make in (GALLERY.draw, BLOCKS["figure-gallery"]):
        with pytest.raises(ValueError, match=r"^the gallery cannot be drawn: no class of size small has a picture$"):
            make(description)


def test_the_wall_suits_light_and_dark_pages() -> None:
    """The words stand out from the wall, and the wall is far from the panels of neither mode."""
    assert contrast(WALL, INK) >= 7
    for panel in COLOURS["panel"]:
        assert 1.5 <= contrast(WALL, channels(panel)) <= 9


def test_skies_are_smooth(data_dir: Path) -> None:
    """A sky that turns slowly from one colour into another has dots of both, not steps; its mean is true."""
    description = described(data_dir)
    sky = Image.linear_gradient("L").resize((64, 64))
    blue = Image.merge("RGB", (sky.point(lambda v: 90 + v // 4), sky.point(lambda v: 130 + v // 4), sky))
    for emotion, names in description.faces["small"].gallery.items():
        for name in names:
            if (emotion, name) != ("happy", names[0]):
                Image.effect_noise((64, 64), 200).convert("RGB").save(data_dir / ORIGINAL / name)
    name = description.faces["small"].gallery["happy"][0]
    blue.save(data_dir / ORIGINAL / name)
    wall = opened(description).convert("RGB")
    left, top = wall.width - 20 - 2 * FACES * (SIDE + 4) - 22 + 8, wall.height - 20 - 6 * (SIDE + 4) + 4
    tile = wall.crop((left, top, left + SIDE, top + SIDE))
    colours = [len(tile.crop((0, y, SIDE, y + 1)).getcolors() or []) for y in range(SIDE)]
    assert sum(number > 1 for number in colours) > SIDE / 2  # without dots each line has one colour
    wanted = blue.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    for y in range(0, SIDE - 14, 14):
        box = (0, y, SIDE, y + 14)
        means = zip(ImageStat.Stat(tile.crop(box)).mean, ImageStat.Stat(wanted.crop(box)).mean, strict=True)
        assert all(abs(a - b) < 6 for a, b in means)


def test_names_outside_the_folder_are_refused(data_dir: Path) -> None:
    """What a sheet calls a picture may not lead out of the data directory."""
    faces = described(data_dir).faces["small"]
    gallery = {**faces.gallery, "sad": ["../../secret.png"] * 3}
    with pytest.raises(ValueError, match="the gallery cannot be drawn"):
        GALLERY.draw(Description(data_dir, {"small": replace(faces, gallery=gallery)}))


def test_pictures_that_are_no_squares_are_shown_whole(data_dir: Path) -> None:
    """A picture of any shape and mode is shown whole, beside it the wall."""
    description = described(data_dir)
    name = description.faces["small"].gallery["neutral"][0]
    Image.new("LA", (10, 300), (255, 255)).save(data_dir / ORIGINAL / name)
    wall = opened(description).convert("RGB")
    left, top = wall.width - 20 - 2 * FACES * (SIDE + 4) - 22 + 8, wall.height - 20 - 7 * (SIDE + 4) + 4
    beside, middle = (wall.getpixel((left + x, top + SIDE // 2)) for x in (4, SIDE // 2))
    assert isinstance(beside, tuple)
    assert isinstance(middle, tuple)
    assert all(abs(a - b) <= 6 for a, b in zip(beside, WALL, strict=True))
    assert min(middle) > 240


def test_letters_are_there_for_every_word() -> None:
    """Every class and both headings can be written, in the same height, each in its own shape."""
    words = [*EMOTIONS, "original", "cropped"]
    assert set("".join(words)) == set(LETTERS)
    masks = [word_mask(word, 17) for word in words]
    assert len({mask.height for mask in masks}) == 1
    assert len({word_mask(letter, 17).tobytes() for letter in LETTERS}) == len(LETTERS)
    for mask in masks:
        assert mask.getextrema() == (0, 255)
        assert mask.getbbox() is not None


def test_letters_keep_their_pixels() -> None:
    """Every Pillow draws the strokes alike: the digest is that of 11.2.1, 11.3.0, 12.0.0, 12.3.0 and 13.0.0."""
    words = b"".join(word_mask(word, 17).tobytes() for word in (*EMOTIONS, "original", "cropped"))
    assert hashlib.sha256(words).hexdigest() == "9fdfa25b22c7bafd8826d2f3d2f5cb889e9c9189c6af59485be684e6b785409c"
