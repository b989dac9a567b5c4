"""Images that must not be published: each must be found, named and placed, and none may hide another."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from DiffusionFER import RawFolder
from tests.publish.test_shards import CONFIG, build, build_index, index_of
from tests.trees import png, write_faces, write_sheet, zip_folder
from tools.check.findings import Finding
from tools.check.images.content import Recorded, check_image
from tools.check.images.rules import IMAGE_BROKEN
from tools.publish import shard_plan
from tools.publish.shards import ShardError

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
    given = [f"{FOLDER}/{name}" for name in names(rows)]
    expected = [
        ("IM008", given[0], None, f"image {check_image(files[0].read_bytes())}"),
        ("IM008", given[1], None, f"image {check_image(files[1].read_bytes())}"),
        ("IM009", given[2], None, "file is missing"),
        ("SH021", "dataset_sheet.csv", 5, f"'{given[3]}' has SHA-256 {actual}, but the sheet records '{'0' * 64}'"),
        ("IM009", given[5], None, "file is a link that leaves the data directory"),
    ]
    assert [(found.rule, found.file, found.row, found.message) for found in problems] == expected
    assert problems[3].column == "sha256"
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
    assert (problem.rule, problem.file) == ("IM009", f"{FOLDER}.zip/{names(rows)[2]}")
    assert problem.message.startswith("file cannot be unpacked (Bad CRC-32")


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
    assert [(found.rule, found.file, found.message) for found in problems] == [
        ("IM009", f"{FOLDER}/00000004_0.png", "file changed while it was read")
    ]


def test_a_wrong_claim_of_a_crop(tmp_path: Path) -> None:
    """A crop is compared with the column of crops."""
    rows = write_faces(tmp_path, 2)
    rows[1]["sha256_cropped"] = "1" * 64
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    _, (problem,) = build(tmp_path, tmp_path / "out", "small_cropped")
    assert (problem.rule, problem.file, problem.row) == ("SH021", "dataset_sheet.csv", 3)
    assert (problem.column, problem.value) == ("sha256_cropped", "1" * 64)


def test_inspection_sees_the_bytes(tmp_path: Path) -> None:
    """The inspection must get each image once, whole, with its sha256, and what it yields must be returned."""
    seen: list[bytes] = []

    def inspect(file: str, content: bytes, sha256: str, recorded: Recorded | None) -> Iterator[Finding]:
        assert (hashlib.sha256(content).hexdigest(), recorded) == (sha256, None)
        seen.append(content)
        if len(content) == 100:
            yield IMAGE_BROKEN.at(file, "is the short one", "")

    index = index_of(tmp_path, [5000, 100, 7000])
    _, problems = build_index(index, tmp_path / "out", inspect=inspect)
    assert problems == [IMAGE_BROKEN.at(f"{FOLDER}/00000001_0.png", "is the short one", "")]
    assert sorted(seen) == sorted(index.folder.read(entry.name) for entry in index.folder.entries())


def test_fault_of_the_inspection_is_raised(tmp_path: Path) -> None:
    """An exception of the inspection is a fault of ours: it must stop the build and not hang it."""

    def inspect(*_: object) -> list[Finding]:
        raise ZeroDivisionError("a fault")

    with pytest.raises(ZeroDivisionError, match="a fault"):
        build_index(index_of(tmp_path, [5000] * 6), tmp_path / "out", inspect=inspect)


def test_image_that_fits_no_shard(tmp_path: Path) -> None:
    """An image that is too large for a shard must be named, with both sizes and what to do."""
    index = index_of(tmp_path, [1000, 200_000, 1000])
    with pytest.raises(ShardError) as raised:
        build_index(index, tmp_path / "out", max_shard_size=150_000)
    message = "00000001_0.png has 200,000 bytes and does not fit into a shard of 150,000: allow more"
    assert str(raised.value) == message


def test_long_texts_are_planned_for(tmp_path: Path) -> None:
    """Rows whose texts take more than their images must still give shards within the size."""
    rows = write_faces(tmp_path, 5)
    for number, row in enumerate(rows):
        row["prompt"] = hashlib.shake_128(bytes([number])).hexdigest(20_000)
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    shards, _ = build(tmp_path, tmp_path / "out", max_shard_size=100_000)
    assert [shard.rows for shard in shards] == [1, 1, 1, 1, 1]
    assert all(shard.size <= 100_000 for shard in shards)


def test_shard_that_grows_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that take more than was planned for them must stop the build, not give a shard above its size."""
    monkeypatch.setattr(shard_plan, "ROW_OVERHEAD_BYTES", -10_000)
    write_faces(tmp_path, 10)
    message = rf"^{CONFIG}/train-00000.parquet has 1\d\d,\d+ bytes, and a shard may have 60,000: allow more$"
    with pytest.raises(ShardError, match=message):
        build(tmp_path, tmp_path / "out", max_shard_size=60_000)
