"""Images that must not be published: each must be found, named and placed, and none may hide another."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from DiffusionFER import RawFolder
from tests.publish.test_shards import CONFIG, build, build_index, index_of
from tests.trees import png, write_faces, write_sheet, zip_folder
from tools.check.images import check_image
from tools.publish.shards import Problem, ShardError

FOLDER = "DifussionEmotion_S"


def names(rows: list[dict[str, Any]]) -> list[str]:
    """Return the names of the images of sheet rows below the raw folder."""
    return [row["path"].removeprefix(f"{FOLDER}/") for row in rows]


def test_every_problem_is_reported(tmp_path: Path) -> None:
    """Damage, a cut, a missing file, a wrong claim and a link must all be reported, in the order of rows of a split."""
    rows = write_faces(tmp_path, 8)
    files = [tmp_path / row["path"] for row in rows]
    damaged = bytearray(files[0].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    files[0].write_bytes(damaged)
    files[1].write_bytes(files[1].read_bytes()[:-5])
    files[2].unlink()
    rows[3]["sha256"] = "0" * 64
    rows[4]["sha256"] = hashlib.sha256(files[4].read_bytes()).hexdigest().upper()  # right, if in capitals
    (outside := tmp_path.parent / f"{tmp_path.name}.png").write_bytes(png(0))
    files[5].unlink()
    files[5].symlink_to(outside)
    write_sheet(tmp_path / "dataset_sheet.csv", rows)

    counted: list[int] = []
    built, problems = build(tmp_path, tmp_path / "out", advance=counted.append)
    actual = hashlib.sha256(files[3].read_bytes()).hexdigest()
    expected = [
        (0, "image", check_image(files[0].read_bytes())),
        (1, "image", check_image(files[1].read_bytes())),
        (2, "file", "cannot be read: "),
        (3, "sha256", f"has sha256 {actual}, but its row says {'0' * 64}"),
        (5, "file", f"cannot be read: {FOLDER}/{names(rows)[5]} is a link that leaves the data directory"),
    ]
    assert [(problem.file, problem.origin, problem.kind) for problem in problems] == [
        (names(rows)[row], f"dataset_sheet.csv row {row + 2}", kind) for row, kind, _ in expected
    ]
    for problem, (_, _, message) in zip(problems, expected, strict=True):
        assert message
        assert problem.message.startswith(message)
    assert sum(counted) == 8
    assert sum(shard.rows for shard in built) == 8


def test_damaged_entry_of_a_zip(tmp_path: Path) -> None:
    """An entry of a zip whose bytes do not have its CRC-32 must be reported, and the others be read."""
    rows = write_faces(tmp_path, 6)
    archive = zip_folder(tmp_path / FOLDER)
    with zipfile.ZipFile(archive) as opened:
        start = opened.getinfo(f"{FOLDER}/{names(rows)[2]}").header_offset
    content = bytearray(archive.read_bytes())
    content[start + 5000] ^= 1
    archive.write_bytes(content)
    _, (problem,) = build(tmp_path, tmp_path / "out")
    assert (problem.file, problem.origin, problem.kind) == (names(rows)[2], "dataset_sheet.csv row 4", "file")
    assert problem.message.startswith(f"cannot be read: {FOLDER}.zip: {problem.file} cannot be unpacked (Bad CRC-32")


@pytest.mark.parametrize("change", [b"", b"shorter", b"longer" * 10_000])
def test_file_that_changes(change: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that has another size when it is read than when it was listed must be reported."""
    index = index_of(tmp_path, [5000] * 6)
    listed = RawFolder.entries

    def change_it(folder: RawFolder) -> Any:
        entries = listed(folder)
        (tmp_path / FOLDER / "00000004_0.png").write_bytes(change)
        return entries

    monkeypatch.setattr(RawFolder, "entries", change_it)
    _, problems = build_index(index, tmp_path / "out")
    assert problems == [Problem("00000004_0.png", "row 6", "changed while it was read", "file")]


def test_proof_sees_the_bytes(tmp_path: Path) -> None:
    """What the proof says of an image must be its problem, and the proof must get each image once, whole."""
    seen: list[bytes] = []

    def prove(content: bytes) -> str | None:
        seen.append(content)
        return "is the short one" if len(content) == 100 else None

    index = index_of(tmp_path, [5000, 100, 7000])
    _, problems = build_index(index, tmp_path / "out", prove=prove)
    assert problems == [Problem("00000001_0.png", "row 3", "is the short one", "image")]
    assert sorted(seen) == sorted(index.folder.read(entry.name) for entry in index.folder.entries())


def test_fault_of_the_proof_is_raised(tmp_path: Path) -> None:
    """An exception of the proof is a fault of ours: it must stop the build and not hang it."""

    def prove(content: bytes) -> str | None:
        raise ZeroDivisionError("a fault")

    with pytest.raises(ZeroDivisionError, match="a fault"):
        build_index(index_of(tmp_path, [5000] * 6), tmp_path / "out", prove=prove)


def test_image_that_fits_no_shard(tmp_path: Path) -> None:
    """An image that is too large for a shard must be named, with both sizes and what to do."""
    index = index_of(tmp_path, [1000, 200_000, 1000])
    with pytest.raises(ShardError) as raised:
        build_index(index, tmp_path / "out", max_shard_size=150_000)
    message = "00000001_0.png has 200,000 bytes and does not fit into a shard of 150,000: allow more"
    assert str(raised.value) == message


def test_shard_that_grows_too_large(tmp_path: Path) -> None:
    """Rows that take more than was planned for them must stop the build, not give a shard above its size."""
    rows = write_faces(tmp_path, 5)
    for number, row in enumerate(rows):
        row["prompt"] = hashlib.shake_128(bytes([number])).hexdigest(20_000)
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    with pytest.raises(ShardError, match=rf"^{CONFIG}/train-00000.parquet has 1\d\d,\d+ bytes, above the 100,000 that"):
        build(tmp_path, tmp_path / "out", max_shard_size=100_000)
