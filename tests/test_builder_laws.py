"""Laws of the builder, over many generated inputs: paths stay below their folder, boxes and rows come back as given."""

from __future__ import annotations

import csv
import io
import itertools
import math
import ntpath
import posixpath
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import (
    EMONET_EMOTIONS,
    EMOTIONS,
    MAX_CHUNKS,
    ROWS_A_CHUNK,
    SPLITS,
    DiffusionFER,
    Entries,
    Entry,
    ImageNames,
    _ratings,
    parse_box,
    path_problem,
    read_index,
    read_table,
)
from tests.builder_runs import float32

ODD = st.sampled_from(["..", ".", "", "C:", "c:x", "~", "/", "\\", "\0", "..."])
FEW = st.sampled_from(
    ["a", "b.png", "C:", "..", " ", "a:b"]
)  # few of them together, so that one alone may slip through
PATHS = st.one_of(st.text(max_size=20), st.lists(ODD, max_size=4).map("".join), st.lists(FEW, max_size=3).map("/".join))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


# Names as a disk has them: what is no UTF-8 stands as lone surrogates.
ON_DISK = st.one_of(PATHS, st.binary(max_size=9).map(lambda name: name.decode(errors="surrogateescape")))
ENTRIES = st.builds(Entry, ON_DISK, st.integers(0, 2**63 - 1), st.none() | st.text(max_size=5), st.text(max_size=5))


@given(found=st.lists(ENTRIES, max_size=12))
def test_a_listing_gives_its_entries_back_in_the_order_of_their_names(found: list[Entry]) -> None:
    """Whatever they are called; of one name, in the order in which they came, by number and from behind, too."""
    wanted = sorted(found, key=lambda entry: entry.name)
    entries = Entries(iter(found))
    assert list(entries) == wanted == [entries[place] for place in range(len(entries))]
    assert list(reversed(entries)) == wanted[::-1]
    assert entries[1:-1] == wanted[1:-1]
    with pytest.raises(IndexError):
        entries[len(wanted)]


def test_a_listing_of_more_entries_than_are_taken_at_a_time() -> None:
    """No entry is lost or moved where one batch ends and the next begins."""
    found = [Entry(f"{number:05d}.png", number, None, str(number)) for number in range(10_000)]
    entries = Entries(reversed(found))
    assert list(entries) == found
    assert entries[4096] == found[4096]
    assert entries.sizes.to_pylist() == list(range(10_000))


@given(path=PATHS)
def test_an_accepted_path_stays_below_its_folder(path: str) -> None:
    """A path without a problem, joined to a folder and normalised as any system does, is strictly below the folder."""
    if path_problem(path) is not None:
        return
    for system, folder in ((posixpath, "/data/raw"), (ntpath, "D:\\data\\raw")):
        for joined in (system.join(folder, path), system.join(folder, *path.split("/"))):
            assert system.normpath(joined).startswith(folder + system.sep)
    assert posixpath.normpath(path) == path


@given(parts=st.lists(st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_. -]*", fullmatch=True), min_size=1, max_size=5))
def test_an_ordinary_path_is_accepted(parts: list[str]) -> None:
    """A path of ordinary names has no problem."""
    assert path_problem("/".join(parts)) is None


@given(box=st.lists(NUMBERS, min_size=4, max_size=4))
def test_a_box_comes_back_as_it_was_written(box: list[float]) -> None:
    """Four finite numbers are the same box as text and as a list."""
    assert parse_box(" ".join(map(repr, box))) == box == parse_box(box)


CELL = st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=3)), max_size=6)
FOUR = st.lists(st.floats(), min_size=4, max_size=4)


@given(value=st.one_of(st.text(max_size=30), CELL, FOUR, FOUR.map(lambda box: " ".join(map(repr, box)))))
def test_a_box_is_four_finite_numbers_or_an_error(value: Any) -> None:
    """Whatever a cell holds, what comes out is four finite numbers, or a ValueError that quotes the cell."""
    box, message = [0.0] * 4, repr(value)
    try:
        box = parse_box(value) or []
    except ValueError as error:
        message = str(error)
    assert repr(value) in message
    assert len(box) == 4
    assert all(map(math.isfinite, box))


UNIT = st.floats(-1, 1, width=32)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
ROW = st.tuples(
    st.sampled_from(["DifussionEmotion_S", "DiffusionEmotion_S", "DifussionEmotion_M", "elsewhere"]),
    st.sampled_from(SPLITS),
    st.sampled_from(EMOTIONS),
    UNIT,
    TEXT,
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    st.one_of(st.none(), st.lists(st.floats(0, 4096, width=32), min_size=4, max_size=4)),
)


@given(rows=st.lists(ROW, max_size=12), parquet=st.booleans())
def test_the_index_of_any_sheet_has_its_rows_in_order(rows: list[tuple[Any, ...]], parquet: bool) -> None:
    """Every row of the config, and no other, is in the index once, in the sheet's order, with its split and values."""
    wanted = [(f"aaaaaaaa_{i}.png", *row[1:]) for i, row in enumerate(rows) if row[0].endswith("_S")]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["path", "split", "emotion", "valence", "arousal", "prompt", "seed", "face_box"])
    for i, (folder, split, emotion, valence, prompt, seed, box) in enumerate(rows):
        cell = " ".join(map(repr, box)) if box else ""
        writer.writerow([f"{folder}/x/aaaaaaaa_{i}.png", split, emotion, repr(valence), 0, prompt, seed, cell])
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "DifussionEmotion_S").mkdir()
        content = buffer.getvalue().encode()
        if parquet:
            import pyarrow.parquet as pq

            pq.write_table(read_table("sheet.csv", content), Path(name) / "dataset_sheet.parquet")
        else:
            (Path(name) / "dataset_sheet.csv").write_bytes(content)
        if not wanted:
            with pytest.raises(ValueError, match="has no row for config small_original"):
                read_index("small_original", name)
            return
        index = read_index("small_original", name)
    got = index.table.to_pylist()
    assert [row["file"] for row in got] == [f"x/{row[0]}" for row in wanted]
    assert [row["image_id"] for row in got] == [row[0].removesuffix(".png") for row in wanted]
    assert [(row["split"], EMOTIONS[row["emotion"]]) for row in got] == [row[1:3] for row in wanted]
    assert [(row["valence"], row["prompt"] or "", row["seed"]) for row in got] == [row[3:6] for row in wanted]
    assert [row["face_box"] for row in got] == [row[6] for row in wanted]
    assert sum(index.rows(split).num_rows for split in index.splits()) == len(wanted)


class Rows:
    """An index of so many rows in one split, for the chunks alone."""

    def __init__(self, count: int) -> None:
        self.num_rows = count

    def splits(self) -> list[str]:
        return ["train"]

    def rows(self, split: str) -> Rows:
        return self


@given(count=st.integers(1, 2_000_000))
def test_chunks_cover_every_row_once(count: int) -> None:
    """The chunks of a split follow on one another from its first row to its last, none too small and not too many."""
    builder = DiffusionFER(config_name="small_original")
    builder.__dict__["_index"] = Rows(count)
    (generator,) = builder._split_generators(None)
    assert [key for key, value in generator.gen_kwargs.items() if isinstance(value, list)] == ["chunks"]
    chunks = generator.gen_kwargs["chunks"]
    assert (chunks[0][0], chunks[-1][1]) == (0, count)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(chunks))
    assert all(stop - start >= ROWS_A_CHUNK for start, stop in chunks[:-1])
    assert len(chunks) <= MAX_CHUNKS


@given(ratings=st.dictionaries(st.sampled_from(EMONET_EMOTIONS), st.floats(0, 7, width=32)), group=TEXT)
def test_ratings_come_back_in_the_order_of_the_taxonomy(ratings: dict[str, float], group: str) -> None:
    """All 40 emotions are rated, those that were given as given and the others 0, whatever the order and the group."""
    if group.startswith("Extra Dimensions"):
        return
    got = _ratings({f"{group}|{name}": value for name, value in reversed(ratings.items())})
    assert list(got) == list(EMONET_EMOTIONS)
    assert got == {name: float32(ratings.get(name, 0.0)) for name in EMONET_EMOTIONS}


@given(
    value=st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT), st.lists, max_leaves=5)
)
def test_a_rating_is_a_number_or_an_error(value: Any) -> None:
    """Whatever stands for a rating, what comes out is a number from 0 to 7, or a ValueError that quotes it."""
    given, message = value, repr(value)
    try:
        rating = _ratings({"X|Awe": value})["Awe"]
    except ValueError as error:
        given, rating, message = 0.0, 0.0, str(error)
    assert repr(value) in message
    assert 0 <= rating <= 7
    assert rating == given


NAMES = st.lists(st.from_regex(r"([ab]/){0,2}[ab]{1,2}\.(png|jpg|txt)", fullmatch=True), unique=True, max_size=8)


@given(names=NAMES)
def test_an_image_is_found_by_a_name_that_is_its_alone(names: list[str]) -> None:
    """Every name finds the one image that it can stand for, and a name of several or of none is an error."""
    images = ImageNames([Entry(name, 1) for name in names])
    pictures = [name for name in names if not name.endswith(".txt")]

    def forms(name: str) -> set[str]:
        return {form for full in (name, name.rsplit("/", 1)[-1]) for form in (full, full.rsplit(".", 1)[0])}

    for asked in set().union(*map(forms, names)):
        found = [name for name in pictures if asked in forms(name)]
        if len(found) == 1:
            assert images.find(asked) == found[0]
        else:
            with pytest.raises(ValueError, match="may be" if found else "is missing"):
                images.find(asked)
