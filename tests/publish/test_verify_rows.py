"""Verification of rows and pages against a staging Hub: every damage is found, and named by row, image_id and column.

One real push serves all tests; each commits its damage to a branch of its own.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from DiffusionFER import EMOTIONS
from tests.publish.published import (
    CARD,
    CROPS,
    FACES,
    ROWS,
    SHARD,
    Publication,
    first_of,
    id_of,
    parquet,
    publication,
    row_of,
    said,
    set_cell,
)
from tests.publish.pushing import REPO
from tests.trees import png, write_sheet
from tools.publish.verify.verify import verify


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """One real push."""
    with publication(tmp_path_factory.mktemp("published")) as pushed:
        yield pushed


@pytest.fixture
def data_dir(published: Publication, tmp_path: Path) -> Path:
    """A copy of the raw data that a test may change."""
    return Path(shutil.copytree(published.data_dir, tmp_path / "copy"))


# --- rows -----------------------------------------------------------------------------------------------------------


def test_a_changed_label(published: Publication) -> None:
    """One cell that is not the sheet's is named by row, image_id and column, and so is nothing else."""
    name = first_of(published, SHARD)[2]
    row = next(row for row in published.rows if id_of(row) == name)
    new = ["neutral", "happy", "sad"].index(row["emotion"]) + 1 if row["emotion"] in ("neutral", "happy") else 0
    branch = published.edited(lambda table: set_cell(set_cell(table, "emotion", 2, new), "arousal", 2, 0.125))
    result = verify(REPO, revision=branch, data_dir=published.data_dir)
    cells = [of for of in result.differences if of.row is not None]
    assert [(of.path, of.row, of.image_id, of.column) for of in cells] == [
        (SHARD, 3, name, "arousal"),
        (SHARD, 3, name, "emotion"),
    ]
    assert str(cells[1]).startswith(f"{SHARD} is different: row 3, image_id '{name}', column emotion: {new} (")
    assert f"expected {EMOTIONS.index(row['emotion'])} ({row['emotion']})" in str(cells[1])
    assert cells[0].detail.endswith(f": 0.125, expected {row['arousal']:.7g}")


def test_a_changed_image(published: Publication) -> None:
    """Other bytes with their own sha256 differ from the local picture by that column, without being downloaded."""
    content = png(12345, 128)

    def change(table: pa.Table) -> pa.Table:
        image = {"bytes": content, "path": table["image"][0]["path"].as_py()}
        return set_cell(set_cell(table, "image", 0, image), "sha256", 0, hashlib.sha256(content).hexdigest())

    name = first_of(published, SHARD)[0]
    result = verify(REPO, revision=published.edited(change), data_dir=published.data_dir)
    (cell,) = [of for of in result.differences if of.row is not None]
    assert (cell.path, cell.row, cell.image_id, cell.column) == (SHARD, 1, name, "sha256")
    assert f"'{hashlib.sha256(content).hexdigest()}', expected '" in cell.detail
    assert f"that of '{FACES}/" in cell.detail


def test_bytes_that_are_not_those_of_their_column(published: Publication) -> None:
    """An image whose bytes do not have the sha256 beside them is found by a deep verification, and by no other."""
    content = png(12345, 128)

    def change(table: pa.Table) -> pa.Table:
        return set_cell(table, "image", 0, {"bytes": content, "path": table["image"][0]["path"].as_py()})

    name, branch = first_of(published, SHARD)[0], published.edited(change)
    light = verify(REPO, revision=branch, data_dir=published.data_dir)
    assert [of for of in light.differences if of.path == SHARD] == []
    for options in ({}, {"data_dir": published.data_dir}):
        deep = verify(REPO, revision=branch, deep=True, configs=["small_original"], **options)  # type: ignore[arg-type]
        (cell,) = [of for of in deep.differences if of.path == SHARD]
        assert (cell.row, cell.image_id, cell.column) == (1, name, "image")
        assert f"the bytes of the image have sha256 {hashlib.sha256(content).hexdigest()}, and column sha256" in str(
            cell
        )


def test_images_of_a_config_without_hashes(published: Publication) -> None:
    """EmoNet has no sha256 column: deep compares the bytes with the local pictures; annotations are always compared."""
    path = "emonet_hq/test-00000.parquet"
    content = png(777)

    def change(table: pa.Table) -> pa.Table:
        notes = table["annotations"].to_pylist()
        notes[1][0]["ratings"]["Awe"] = 1.5
        table = set_cell(table, "annotations", 1, notes[1])
        return set_cell(table, "image", 0, {"bytes": content, "path": table["image"][0]["path"].as_py()})

    branch = published.edited(change, path)
    light = [of for of in verify(REPO, revision=branch, data_dir=published.data_dir).differences if of.path == path]
    assert [(of.row, of.column) for of in light] == [(2, "annotations[0].ratings.Awe")]
    assert light[0].detail.endswith(": 1.5, expected 0")
    deep = verify(REPO, revision=branch, data_dir=published.data_dir, deep=True, configs=["emonet_hq"])
    found = [of for of in deep.differences if of.path == path]
    assert [(of.row, of.column) for of in found] == [(1, "image.bytes"), (2, "annotations[0].ratings.Awe")]
    assert f"have sha256 '{hashlib.sha256(content).hexdigest()}', expected" in found[0].detail


def test_another_order(published: Publication) -> None:
    """Rows in another order are found, where it begins, and are not taken for others."""
    branch = published.edited(lambda table: table.take(pa.array([0, 2, 1, *range(3, len(table))])))
    result = verify(REPO, revision=branch, data_dir=published.data_dir)
    (row,) = [of for of in result.differences if of.row is not None]
    assert (row.path, row.row, row.what) == (SHARD, 3, "different")
    assert "the rows of train stand in another order than in the raw data, from here on" in row.detail


def test_fewer_rows_and_more(published: Publication) -> None:
    """Rows that a shard lacks, and rows that the sheet lacks, are named; the shards behind them are not."""
    names = first_of(published, SHARD)

    def change(table: pa.Table) -> pa.Table:
        extra = set_cell(table.slice(0, 1), "image_id", 0, "stranger")
        return pa.concat_tables([table.slice(2), extra])

    result = verify(REPO, revision=published.edited(change), data_dir=published.data_dir)
    rows = [of for of in result.differences if of.image_id]
    assert {(of.what, of.image_id) for of in rows} == {
        ("extra", "stranger"),
        ("missing", names[0]),
        ("missing", names[1]),
    }
    lines = said(result)
    assert any("num_examples of split 'train' is 32, expected the 31 of the footers" in line for line in lines)


def test_many_rows_are_named_up_to_a_number(published: Publication, data_dir: Path) -> None:
    """A column that differs in every row is named for some rows and counted for the others."""
    write_sheet(data_dir / "dataset_sheet.csv", [{**row, "model": "another"} for row in published.rows])
    result = verify(REPO, data_dir=data_dir, configs=["small_cropped"])
    shards = {of.path for of in result.differences}
    assert all(
        of.column == "model" and "nothing, expected 'another'" in of.detail for of in result.differences if of.row
    )
    assert len(shards) > 4
    assert len([of for of in result.differences if of.row]) == ROWS


def test_the_rest_is_counted() -> None:
    """Of more rows than are named, the number is said, for each file, kind and column."""
    from tools.publish.verify.result import named, row_difference

    rows = [row_difference("a", "different", row, "x", "c[0].d", "y") for row in range(25)]
    found = list(named([*rows, row_difference("b", "extra", 0, "x", None, "y")]))
    assert len(found) == 22
    assert str(found[-1]) == "a is different: and 5 more rows, column c"


def test_a_changed_sheet(published: Publication, data_dir: Path) -> None:
    """A row that was changed, added or taken away in the sheet after the push is named in every config of it."""
    rows = [dict(row) for row in published.rows]
    gone = rows.pop(0)
    rows[4]["prompt"] = "something else"
    moved = next(row for row in rows if row["split"] == "test")
    moved["split"] = "validation"
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    result = verify(REPO, data_dir=data_dir)
    for config in ("small_original", "small_cropped"):
        found = {(of.what, of.image_id, of.column) for of in result.differences if of.path.startswith(config)}
        assert found == {
            ("extra", id_of(gone), None),
            ("different", id_of(rows[4]), "prompt"),
            ("extra", id_of(moved), None),
            ("missing", id_of(moved), None),
        }


def test_a_changed_picture(published: Publication, data_dir: Path) -> None:
    """A local picture that was changed or lost after the push is named, with its file."""
    changed, lost = row_of(published, 0), row_of(published, 1, "test")
    (data_dir / changed["path"]).write_bytes(png(4711, 128))
    (data_dir / lost["path"]).unlink()
    result = verify(REPO, data_dir=data_dir)
    assert {(of.what, of.image_id, of.column) for of in result.differences} == {
        ("different", id_of(changed), "sha256"),
        ("unreadable", id_of(lost), "sha256"),
    }
    lines = said(result)
    assert any(f"that of '{changed['path']}'" in line for line in lines)
    assert any("is not in the data directory or not readable" in line and lost["path"] in line for line in lines)


def test_other_columns(published: Publication) -> None:
    """A shard without a column, or without features, is named as such, and the other columns are still compared."""
    branch = published.edited(lambda table: table.drop_columns(["prompt"]).replace_schema_metadata(None))
    lines = said(verify(REPO, revision=branch, data_dir=published.data_dir))
    assert f"{SHARD} is different: the features in its footer: are missing" in lines
    assert any(line.startswith(f"{SHARD} is different: columns are not those of 'small_original/") for line in lines)
    branch = published.edited(lambda table: set_cell(table.drop_columns(["prompt"]), "emotion", 0, 6))
    result = verify(REPO, revision=branch, data_dir=published.data_dir)
    assert f"{SHARD} is different: columns are not those of the raw data: prompt" in said(result)
    assert ("emotion", 1) in {(of.column, of.row) for of in result.differences}


def test_configs_without_raw_data(published: Publication, data_dir: Path) -> None:
    """Published configs whose raw data is not at hand are not compared, which the result says."""
    for name in ("emonet-face-hq", "emonet-face-big", "emonet-face-binary", CROPS):
        shutil.rmtree(data_dir / name)
    result = verify(REPO, data_dir=data_dir)
    assert said(result) == []
    assert result.compared == ["small_original"]
    assert result.not_compared == ["small_cropped", "emonet_hq", "emonet_binary", "emonet_big"]
    assert "no raw data here for small_cropped, emonet_hq" in result.as_text()


# --- damage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda content: content[: len(content) // 2], "is not whole: a Parquet file begins and ends with PAR1"),
        (lambda content: content[:-40] + b"\xff" * 32 + content[-8:], "is damaged: its footer"),
        (lambda content: content[:-8] + b"\xff\xff\xff\x7fPAR1", "its footer is said to have 2,147,483,647"),
        (lambda content: b"no Parquet", "has 10 bytes, and the shortest Parquet file has 12"),
        (lambda content: b"", "has 0 bytes, and the shortest Parquet file has 12"),
    ],
)
def test_a_damaged_shard(published: Publication, damage: Callable[[bytes], bytes], words: str, deep: bool) -> None:
    """A shard that is none is unreadable; its rows are not said to be missing, and the other shards are compared."""
    other = "small_original/train-00000.parquet"
    edited = parquet(set_cell(pq.read_table(pa.BufferReader(published.read(other))), "seed", 0, 987))
    branch = published.damaged({SHARD: damage(published.read(SHARD)), other: edited})
    result = verify(REPO, revision=branch, data_dir=published.data_dir, deep=deep)
    unreadable = [str(of) for of in result.differences if of.what == "unreadable"]
    assert len(unreadable) == 1
    assert unreadable[0].startswith(f"{SHARD} is unreadable: Parquet file ")
    assert words in unreadable[0]
    assert not [of for of in result.differences if of.what == "missing"]
    assert [(of.path, of.column) for of in result.differences if of.row] == [(other, "seed")]


def test_footers_that_end_the_program(published: Publication) -> None:
    """Whatever bytes of a footer are damaged, the process lives, and either the shard is unreadable or it differs."""
    content, chance = published.read(SHARD), random.Random(5)
    length = int.from_bytes(content[-8:-4], "little")
    branches = []
    for _ in range(3):
        damaged = bytearray(content)
        for place in chance.sample(range(len(content) - 8 - length, len(content) - 8), 12):
            damaged[place] ^= chance.randrange(1, 256)
        branches.append(published.damaged({SHARD: bytes(damaged)}))
    for branch in branches:
        result = verify(REPO, revision=branch, data_dir=published.data_dir, configs=["small_original"])
        assert result.rows <= 10**12
        assert {of.path.partition("/")[0] for of in result.differences} <= {"small_original", CARD, "croissant.json"}


def test_damaged_pages(published: Publication) -> None:
    """A shard with a whole footer and columns that are none is unreadable; deep finds it in the images, too."""
    content = bytearray(published.read(SHARD))
    with pq.ParquetFile(pa.BufferReader(bytes(content))) as file:
        group = file.metadata.row_group(0)
        chunks = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
        place = chunks["prompt"].dictionary_page_offset or chunks["prompt"].data_page_offset
        image = chunks["image.bytes"].data_page_offset
    for where, deep in ((place, False), (image, True)):
        damaged = bytearray(content)
        damaged[where : where + 24] = b"\xff" * 24
        branch = published.damaged({SHARD: bytes(damaged)})
        result = verify(REPO, revision=branch, data_dir=published.data_dir, deep=deep, configs=["small_original"])
        unreadable = [str(of) for of in result.differences if of.what == "unreadable"]
        assert unreadable == [
            f"{SHARD} is unreadable: Parquet file has a footer that can be read, and pages that cannot"
        ]
