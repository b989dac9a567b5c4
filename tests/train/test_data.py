"""What a run learns from: rows with a truth, identities, decoded pixels, and batches that depend on nothing else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.check.repos import write_published
from tests.publish.published import set_cell
from tests.train import noise
from tests.trees import face_rows, png, write_faces, write_sheet
from tools.train.examples import Examples, read_examples
from tools.train.loading import CROP, DEVIATION, LEAST, MEAN, ROOM, Centre, Plan, loader, normalised, order
from tools.train.pixels import SIDE, Mapped, decoded, write_pixels
from tools.use.rows import RawRows, open_rows


def examples(count: int, identities: int = 3) -> Examples:
    """Return so many examples without pictures."""
    batch = noise(count, side=1, identities=identities)
    ids = [f"{number}" for number in range(count)]
    return Examples("train", np.arange(count), ids, batch.affect, batch.emotion, batch.identity, ("seed",), 0)


def edited(tmp_path: Path, **columns: Any) -> Path:
    """Return a tree of 30 rows whose training rows have other values in columns: a function of their number each."""
    write_faces(tmp_path, 30, size=8)
    rows = face_rows(30)
    for number, row in enumerate(rows):
        row["face_box"] = ""
        row.update({name: value(number) for name, value in columns.items() if row["split"] == "train"})
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    return tmp_path


class Unrated(RawRows):
    """Rows of which some lack a column, as shards may."""

    lacks: tuple[str, tuple[int, ...]] = "valence", (2, 5)

    def _table(self, split: str, columns: list[str]) -> pa.Table:
        table = super()._table(split, columns)
        name, rows = self.lacks
        if name not in columns:
            return table
        values = [None if row in rows else value for row, value in enumerate(table[name].to_pylist())]
        return table.set_column(columns.index(name), name, pa.array(values, table.schema.field(name).type))


def test_rows_without_a_truth_are_left_out(tmp_path: Path) -> None:
    """They are counted, and the others keep their places; to predict, all rows are there."""
    write_faces(tmp_path, 30, size=8)
    rows = Unrated("small_original", tmp_path)
    found, every = read_examples(rows, "train"), read_examples(rows, "train", all_rows=True)
    table = rows.table("train", ["image_id", "arousal"])
    assert (len(found), found.lacking, len(every), every.lacking) == (22, 2, 24, 0)
    assert found.rows.tolist() == [row for row in range(24) if row not in (2, 5)]
    assert list(found.ids) == [table["image_id"][row].as_py() for row in found.rows.tolist()]
    assert torch.equal(found.affect[:, 1], torch.tensor(table["arousal"].to_numpy()[found.rows]))
    assert every.affect[:, 0].isnan().nonzero().flatten().tolist() == [2, 5]


def test_what_is_no_number_is_no_truth(tmp_path: Path) -> None:
    """NaN and infinity, which shards can hold, are left out as what is missing is."""
    (tmp_path / "raw").mkdir()
    write_published(tmp_path / "raw", tmp_path / "shards", ("small_cropped",))
    (path,) = (tmp_path / "shards" / "small_cropped").glob("train-*.parquet")
    table = set_cell(pq.read_table(path), "valence", 3, float("nan"))
    pq.write_table(set_cell(table, "arousal", 5, float("inf")), path)
    with open_rows("small_cropped", data_dir=tmp_path / "shards") as rows:
        found = read_examples(rows, "train")
    assert (len(found), found.lacking) == (22, 2)
    assert found.rows.tolist() == [row for row in range(24) if row not in (3, 5)]


def test_nothing_to_learn(tmp_path: Path) -> None:
    """A split without any truth, a split and a column that are not there: each is said with the place."""
    write_faces(tmp_path, 30, size=8)
    rows = Unrated("small_original", tmp_path)
    rows.lacks = "arousal", tuple(range(24))
    with pytest.raises(ValueError, match=r"no row of split train of small_original has valence, arousal and emotion"):
        read_examples(rows, "train")
    with pytest.raises(ValueError, match=r"has no split 'dev'; it has train \(24 rows\), validation"):
        read_examples(rows, "dev")
    with pytest.raises(ValueError, match=r"config small_original has no column 'who'; it has image_id, emotion"):
        read_examples(rows, "train", ("who",))


@pytest.mark.parametrize(
    ("columns", "identity", "used", "identities"),
    [
        ({"seed": lambda number: number // 2}, None, ("seed",), 12),
        ({"age": lambda number: ("teen", "old")[number % 2]}, None, ("race", "age", "gender"), 2),
        ({"others": lambda number: "" if number < 10 else "forest"}, ("others",), ("others",), 9),
        ({"race": lambda number: "abc"[number % 3], "age": lambda number: "xy"[number % 2]}, ("race", "age"),
         ("race", "age"), 6),
    ],
    ids=["seeds that repeat", "seeds that do not", "one column, unknown for some", "two columns"],
)  # fmt: skip
def test_identity(tmp_path: Path, columns: Any, identity: Any, used: tuple[str, ...], identities: int) -> None:
    """By the seed, by what was asked for, or by appearance where seeds say nothing; nobody is the same as unknown."""
    with open_rows("small_original", data_dir=edited(tmp_path, **columns)) as rows:
        found = read_examples(rows, "train", identity)
    assert found.identity_columns == used
    assert sorted(set(found.identity.tolist())) == list(range(identities))


def file_of(image: Image.Image, kind: str = "PNG") -> bytes:
    """Return a picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def test_decoding_is_the_published_one() -> None:
    """The shorter side becomes 256 by PIL's bilinear filter, the middle of the longer one stays, in three colours."""
    noise_of = Image.open(io.BytesIO(png(1, 300)))
    wide = noise_of.resize((600, 300))
    assert np.array_equal(
        decoded(file_of(noise_of)), np.asarray(noise_of.resize((256, 256), Image.Resampling.BILINEAR))
    )
    whole = np.asarray(wide.resize((512, 256), Image.Resampling.BILINEAR))
    assert np.array_equal(decoded(file_of(wide)), whole[:, 128:384])
    tall = noise_of.resize((300, 600))
    whole = np.asarray(tall.resize((256, 512), Image.Resampling.BILINEAR))
    assert np.array_equal(decoded(file_of(tall)), whole[128:384])
    grey = noise_of.convert("L")
    assert np.array_equal(decoded(file_of(grey)), decoded(file_of(grey.convert("RGB"))))
    assert decoded(png(1, 256)).tobytes() == Image.open(io.BytesIO(png(1, 256))).tobytes()


@pytest.mark.parametrize("content", [b"", b"no picture", png(1)[:200], png(1)[:-2000]])
def test_what_cannot_be_decoded(content: bytes) -> None:
    """It is a ValueError of one line, whatever Pillow says of it."""
    with pytest.raises(ValueError, match=r"\A.+\Z"):
        decoded(content)


@pytest.mark.parametrize("workers", [0, 2])
def test_pixels_of_a_split(tmp_path: Path, workers: int) -> None:
    """They are those of each file, in order, and a digest that another file changes; a bad picture is named."""
    write_faces(tmp_path, 40, size=64)
    with open_rows("small_original", data_dir=tmp_path) as rows:
        found = read_examples(rows, "train")
        digests = [write_pixels(tmp_path / f"pixels{number}", rows, found, workers) for number in range(2)]
        mapped = Mapped(tmp_path / "pixels0", len(found))
        for place, row in enumerate(found.rows.tolist()):
            assert np.array_equal(mapped.pixels[place], decoded(rows.picture("train", row)))
        assert digests[0] == digests[1]
        name = rows.table("train", ["image_id"])["image_id"][20].as_py()
        path = next(path for path in tmp_path.rglob("*.png") if path.stem == name and "cropped" not in path.parts[-3])
        path.write_bytes(png(77, 32))
        assert write_pixels(tmp_path / "pixels1", rows, found, workers) != digests[0]
        path.write_bytes(png(1)[:300])
        with pytest.raises(ValueError, match=f"picture {name} cannot be decoded"):
            write_pixels(tmp_path / "pixels1", rows, found, workers)
    with pytest.raises(ValueError, match=r"assignment destination is read-only"):
        mapped.pixels[0, 0, 0, 0] = 1


@given(st.integers(2, 60), st.integers(2, 20), st.integers(1, 9), st.booleans(), st.integers(0, 99), st.integers(1, 9))
def test_every_row_once_an_epoch(
    count: int, batch: int, identities: int, together: bool, seed: int, epoch: int
) -> None:
    """A plan has each row once, but for a last batch that is too small, and the same again from any step on."""
    plan = Plan(examples(count, identities), batch, seed, together)
    plan.epoch = epoch
    batches = list(plan)
    rows = np.concatenate([places[:, 0] for places in batches])
    assert len(set(rows.tolist())) == len(rows) >= count - (LEAST - 1)
    assert all(places[:, 1:3].min() >= 0 and places[:, 1:3].max() <= ROOM for places in batches)
    plan.start = len(batches) // 2
    assert [places.tolist() for places in plan] == [places.tolist() for places in batches[plan.start :]]


@given(st.integers(8, 60), st.integers(4, 20), st.integers(2, 2), st.integers(0, 9))
def test_processes_share_each_batch(count: int, batch: int, processes: int, seed: int) -> None:
    """What all processes have of a step is the batch of one process; to predict, each row is in one of them."""
    of = examples(count)
    alone = Plan(of, batch, seed, False)
    shares = list(zip(*(Plan(of, batch, seed, False, rank, processes) for rank in range(processes)), strict=True))
    for whole, parts in zip(alone, shares, strict=False):
        assert sorted(map(tuple, whole.tolist())) == sorted(tuple(row) for part in parts for row in part.tolist())
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    rows = [
        row for rank in range(processes) for places in Centre(count, batch, rank, processes) for row in places[:, 0]
    ]
    assert sorted(rows) == list(range(count))


def test_an_order_that_keeps_identities_together() -> None:
    """Up to eight of one identity come after each other, so that batches have several of them."""
    of = examples(200, 50)
    rows = order(of, 0, 1, True)
    runs = 1 + int(np.count_nonzero(np.diff(of.identity.numpy()[rows])))
    assert runs == 50  # four pictures each, and by chance no two runs of one identity can meet
    assert (order(of, 0, 1, True) == rows).all()
    assert (order(of, 0, 2, True) != rows).any()
    few = order(examples(64, 2), 3, 1, True)
    assert all(len(set((few[start : start + 8] % 2).tolist())) == 1 for start in range(0, 64, 8))


def test_a_batch_that_is_too_small() -> None:
    """Each process needs two rows."""
    with pytest.raises(ValueError, match="a batch of 3 pictures for 2 processes: each needs 2 at least"):
        Plan(examples(40), 3, 0, False, 0, 2)
    with pytest.raises(ValueError, match="a batch of 1 pictures for 1 process: each needs 2 at least"):
        Plan(examples(1), 8, 0, False)


@pytest.mark.parametrize("workers", [0, 2])
def test_crops_are_what_the_plan_says(tmp_path: Path, workers: int) -> None:
    """A crop is cut where its place says and mirrored where it says so, as PIL would; so are its numbers."""
    pixels = np.random.default_rng(0).integers(0, 256, (12, SIDE, SIDE, 3), np.uint8)
    (tmp_path / "pixels").write_bytes(pixels.tobytes())
    plan = Plan(examples(12), 5, 7, False)
    made = loader(Mapped(tmp_path / "pixels", 12), plan, workers)
    mirrors = set()
    for places, (rows, crops) in zip(plan, made, strict=True):
        assert rows.tolist() == places[:, 0].tolist()
        pictures = normalised(crops)
        for crop, picture, (row, top, left, mirrored) in zip(crops, pictures, places.tolist(), strict=True):
            image = Image.fromarray(pixels[row]).crop((left, top, left + CROP, top + CROP))
            if mirrored:
                image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            assert np.array_equal(crop.numpy(), np.asarray(image))
            wanted = (np.asarray(image).transpose(2, 0, 1) / 255 - np.array(MEAN)[:, None, None]) / np.array(DEVIATION)[
                :, None, None
            ]
            assert np.allclose(picture.numpy(), wanted, atol=1e-5)
            mirrors.add(mirrored)
    assert mirrors == {0, 1}
    again = [rows.tolist() for rows, _ in made]
    assert again == [places[:, 0].tolist() for places in plan]
    plan.epoch = 2
    assert [rows.tolist() for rows, _ in made] != again
