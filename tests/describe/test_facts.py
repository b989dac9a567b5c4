"""The Description counts what the sheet, the pictures and the footers hold, and says what is wrong with them."""

from __future__ import annotations

import random
import re
import statistics
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from DiffusionFER import EMOTIONS, FACE_FEATURES
from tests.describe.footers import describe_rows, footers_of, write_footers
from tests.environments import ROOT
from tests.trees import face_rows, write_faces, write_sheet, zip_folder
from tools.check.sheet.read import read_sheet
from tools.describe.facts import pictures as facts_pictures
from tools.describe.facts import rows as facts_rows
from tools.describe.facts.description import Column, Description, Faces, describe
from tools.describe.facts.rows import DEMOGRAPHICS, Counts, spread_apart
from tools.make.prompts import AGES, GENDERS, RACES

BOTH = ("small_original", "small_cropped")
Rows = list[dict[str, Any]]


def described(data_dir: Path, rows: Rows, *configs: str) -> Description:
    """Describe a data directory whose shards have the rows of its sheet."""
    return describe(data_dir, footers_of(data_dir / "footers", rows, *(configs or BOTH)))


def columns_of(faces: Faces) -> dict[str, Column]:
    """Return the columns by name."""
    return {column.name: column for column in faces.columns}


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Path, Rows]:
    """A data directory with 30 originals and crops, and the rows of its sheet."""
    return tmp_path, write_faces(tmp_path, 30, size=24)


def test_counts_of_a_small_tree(tree: tuple[Path, Rows]) -> None:
    """Rows by split and emotion, groups, and columns are those that one counts by hand."""
    description = described(*tree)
    faces = description.faces["small"]
    assert list(description.faces) == ["small"]
    assert list(description.shards) == list(BOTH)
    assert faces.rows == 30
    # Rows 0 to 29 have the emotions 0 to 6 in turn; 8, 18, 28 are in validation, 9, 19, 29 in test.
    train = {"neutral": 4, "happy": 3, "sad": 3, "surprise": 4, "fear": 3, "disgust": 3, "angry": 4}
    assert faces.splits["train"] == train
    assert {name for name, count in faces.splits["validation"].items() if count} == {"happy", "neutral", "fear"}
    assert sum(faces.splits["test"].values()) == 3
    assert sum(faces.cells.values()) == 30
    assert faces.cells["neutral", "white", None, None] == 5
    assert faces.by("race") == {("white",): 30}
    assert faces.by("emotion")["angry",] == 4
    assert faces.models == {}
    assert [column.name for column in faces.columns] == list(FACE_FEATURES)
    columns = columns_of(faces)
    assert columns["face_box"].nulls == 15  # every other row
    assert columns["face_box"].example == "[0, 0, 24, 24]"
    assert columns["face_box"].type == "List(float32)"
    assert columns["face_box"].unit == "pixels"
    assert (columns["seed"].nulls, columns["seed"].example, columns["seed"].type) == (0, "6", "int64")
    assert (columns["age"].nulls, columns["age"].example) == (30, None)
    assert (columns["sha256"].nulls, columns["sha256"].example) == (0, None)
    assert columns["image"].example == "aaaaaaag_6.png"  # the first by path is angry
    assert (columns["image_id"].example, columns["image_id"].type) == ("aaaaaaag_6", "string")
    assert columns["emotion"].example == "6 (angry)"
    assert columns["valence"].meaning.startswith("How pleasant the expression is")


def test_affect_is_that_of_the_rows(tree: tuple[Path, Rows]) -> None:
    """Mean, deviation, least and greatest are those that Python's statistics find, and points are the rows' own."""
    data_dir, rows = tree
    faces = described(data_dir, rows).faces["small"]
    for emotion in EMOTIONS:
        values = [row["valence"] for row in rows if row["emotion"] == emotion]
        spread = faces.valence[emotion]
        assert (spread.count, spread.low, spread.high) == (len(values), min(values), max(values))
        assert spread.mean == pytest.approx(statistics.fmean(values))
        assert spread.deviation == pytest.approx(statistics.pstdev(values))
        assert sorted(faces.points[emotion]) == sorted(
            (row["valence"], row["arousal"]) for row in rows if row["emotion"] == emotion
        )


def test_pictures_are_those_of_the_files(tree: tuple[Path, Rows]) -> None:
    """Sizes are those of the folder, shapes and formats those of the headers; a file without row does not count."""
    data_dir, rows = tree
    folder = data_dir / "DifussionEmotion_S"
    Image.new("RGB", (31, 17)).save(folder / rows[0]["path"].partition("/")[2], "JPEG")
    (folder / "angry" / "stray.png").write_bytes(b"x" * 10**6)
    sizes = sorted((data_dir / row["path"]).stat().st_size for row in rows)
    found = described(data_dir, rows).faces["small"].pictures
    assert list(found) == ["original", "cropped"]
    original = found["original"]
    assert (original.config, original.folder) == ("small_original", "DifussionEmotion_S")
    assert (original.files, original.looked_at) == (30, 30)
    assert (original.num_bytes, original.largest_bytes) == (sum(sizes), sizes[-1])
    assert original.median_bytes == int(statistics.median(sizes))
    assert list(original.shapes.items()) == [((24, 24), 29), ((31, 17), 1)]  # the most frequent first
    assert list(original.formats.items()) == [("PNG", 29), ("JPEG", 1)]


def test_a_zip_says_what_its_folder_says(tree: tuple[Path, Rows]) -> None:
    """Packing a folder changes its name, and nothing else."""
    data_dir, rows = tree
    before = described(data_dir, rows).faces["small"]
    zip_folder(data_dir / "DifussionEmotion_S")
    zip_folder(data_dir / "DiffusionEmotion_S_cropped", with_name=False)
    after = described(data_dir, rows).faces["small"]
    assert after.pictures["original"].folder == "DifussionEmotion_S.zip"
    for variant, pictures in before.pictures.items():
        assert {**vars(after.pictures[variant]), "folder": pictures.folder} == vars(pictures)
    assert {**vars(after), "pictures": {}} == {**vars(before), "pictures": {}}


def test_of_many_files_some_are_looked_at(tree: tuple[Path, Rows], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are more files than are looked at, the headers of some are read, spread evenly, and it is said."""
    monkeypatch.setattr(facts_pictures, "LOOKED_AT", 10)
    pictures = described(*tree).faces["small"].pictures["original"]
    assert (pictures.files, pictures.looked_at, sum(pictures.shapes.values())) == (30, 10, 10)
    assert facts_pictures.evenly(7, 3).tolist() == [0, 2, 4]
    assert facts_pictures.evenly(3, 7).tolist() == [0, 1, 2]


def test_points_are_at_most_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an emotion with many rows some points are taken, evenly by path."""
    monkeypatch.setattr(facts_rows, "POINTS", 2)
    rows = [row for row in face_rows(42) if row["emotion"] == "happy"]
    faces = describe_rows(tmp_path / "data", rows).faces["small"]
    assert faces.points["happy"] == [(rows[at]["valence"], rows[at]["arousal"]) for at in (0, 3)]
    assert faces.points["angry"] == []
    assert list(faces.valence) == ["happy"]  # an emotion without rows has no spread


def test_the_order_of_the_sheet_does_not_matter(tree: tuple[Path, Rows]) -> None:
    """A sheet whose rows are sorted otherwise, or that is Parquet, gives the same Description."""
    data_dir, rows = tree
    before = described(data_dir, rows)
    mixed = random.Random(3).sample(rows, len(rows))
    write_sheet(data_dir / "dataset_sheet.csv", mixed)
    assert described(data_dir, rows) == before
    (data_dir / "dataset_sheet.csv").unlink()
    texts = [{name: None if value == "" else str(value) for name, value in row.items()} for row in mixed]
    pq.write_table(pa.Table.from_pylist(texts), data_dir / "dataset_sheet.parquet")
    assert described(data_dir, rows) == before


GROUPS = [(race, age, gender) for race in RACES for age in AGES for gender in GENDERS]


def test_the_gallery_spreads_over_groups(tree: tuple[Path, Rows]) -> None:
    """Of a balanced sheet every word and pair of words appears as often as any other, and the files are there."""
    data_dir, _ = tree
    rows = write_faces(data_dir, 42 * 6, size=8)
    for index, row in enumerate(rows):
        row["race"], row["age"], row["gender"] = GROUPS[index // 7 % 18]
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    by_name = {row["path"].partition("/")[2]: (row["race"], row["age"], row["gender"]) for row in rows}
    gallery = described(data_dir, rows).faces["small"].gallery
    assert list(gallery) == list(EMOTIONS)
    for emotion, names in gallery.items():
        assert len(set(names)) == 6
        assert all(name.startswith(f"{emotion}/") for name in names)
        folders = ("DifussionEmotion_S", "DiffusionEmotion_S_cropped")
        assert all((data_dir / folder / name).is_file() for folder in folders for name in names)
        races, ages, genders = (Counter(words) for words in zip(*(by_name[name] for name in names), strict=True))
        assert set(races.values()) == set(ages.values()) == {2}
        assert set(genders.values()) == {3}
        races, ages, genders = (Counter(words) for words in zip(*(by_name[name] for name in names[:3]), strict=True))
        assert set(races.values()) == set(ages.values()) == {1}
        assert len(genders) == 2
        of_group: dict[tuple[Any, ...], list[str]] = {}
        for name in sorted(name for name in by_name if name.startswith(f"{emotion}/")):
            of_group.setdefault(by_name[name], []).append(name)
        assert all(name == of_group[by_name[name]][0] for name in names)  # the first by path
    assert_even([by_name[name] for names in gallery.values() for name in names[:3]])
    assert_even([by_name[name] for names in gallery.values() for name in names])


def assert_even(groups: list[tuple[str, ...]]) -> None:
    """Assert that every group appears, and every word and pair of words about as often as any other."""
    assert set(groups) == set(GROUPS)
    for places in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2)):
        counts = Counter(tuple(group[place] for place in places) for group in groups)
        assert counts.keys() == {tuple(group[place] for place in places) for group in GROUPS}
        apart = max(counts.values()) - min(counts.values())
        assert apart <= (1 if len(groups) == 21 else 3), (places, counts)


def test_the_gallery_of_the_edition_shows_every_group() -> None:
    """The 21 faces that the card shows of the published sheet have all 18 groups, words and pairs evenly."""
    sheet, findings = read_sheet(str(ROOT))
    assert sheet is not None
    assert findings == []
    paths, *words = (sheet.text(name).to_pylist() for name in ("path", *DEMOGRAPHICS))
    by_name = {path.partition("/")[2]: group for path, *group in zip(paths, *words, strict=True)}
    gallery = Counts(sheet.of_size("small")).gallery()
    assert_even([tuple(by_name[name]) for names in gallery.values() for name in names[:3]])


def test_the_gallery_of_few_groups_is_filled(tmp_path: Path) -> None:
    """Where the sheet has no groups, further rows fill the gallery; without pictures there is none."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    rows = write_faces(data_dir, 70, size=8)
    gallery = described(data_dir, rows).faces["small"].gallery
    assert {len(names) for names in gallery.values()} == {6}
    alone = describe_rows(tmp_path / "alone", rows).faces["small"]
    assert (alone.pictures, set(map(tuple, alone.gallery.values()))) == ({}, {()})


def test_more_groups_than_can_be_shown_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet that has another race in each row, say, is told so, and takes no minutes."""
    monkeypatch.setattr(facts_rows, "MOST_GROUPS", 5)
    rows = face_rows(6)
    for index, row in enumerate(rows):
        row["race"] = str(index % 5)
    assert len(describe_rows(tmp_path / "data", rows).faces["small"].by("race")) == 5
    rows[5]["age"] = "old"
    with pytest.raises(
        ValueError, match=r"dataset_sheet.csv: the rows have 6 combinations of race, age and gender; more"
    ):
        describe_rows(tmp_path / "data", rows)


def test_known_words_are_taken_first() -> None:
    """Of equally far groups the first by the prompt's tables is taken; there may be fewer than are asked for."""
    groups: dict[int, tuple[str | None, str | None, str | None]]
    groups = {5: ("zulu", "teen", "man"), 7: ("white", "teen", "man"), 9: (None, "old", "woman")}
    assert spread_apart({"sad": groups}, (6,)) == {"sad": [7, 9, 5]}
    assert spread_apart({"sad": groups}, (1, 2)) == {"sad": [7, 9]}
    assert spread_apart({"sad": groups, "fear": groups, "angry": {}}, (1,)) == {"sad": [7], "fear": [9], "angry": []}


def test_several_sizes_are_counted_apart(tmp_path: Path) -> None:
    """Only rows of a size count for it, and a size without shards is none."""
    rows = [*face_rows(30), *face_rows(20, "DifussionEmotion_M"), *face_rows(10, "DifussionEmotion_L")]
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    shards = {**footers_of(tmp_path, rows[30:50], "medium_cropped"), **footers_of(tmp_path, rows[:30], *BOTH)}
    description = describe(tmp_path, shards)
    assert {size: faces.rows for size, faces in description.faces.items()} == {"small": 30, "medium": 20}
    assert list(description.shards) == [*BOTH, "medium_cropped"]


def test_emonet_needs_no_sheet(tmp_path: Path) -> None:
    """EmoNet is described by its footers alone."""
    description = describe(tmp_path, {"emonet_hq": write_footers(tmp_path, "emonet_hq", {"test": 5})})
    assert description.faces == {}
    assert description.shards["emonet_hq"].rows == {"test": 5}


def test_without_a_column_of_splits_all_rows_are_train(tmp_path: Path) -> None:
    """A sheet with the four columns that it must have is enough; all else is null."""
    rows = [{name: row[name] for name in ("path", "emotion", "valence", "arousal")} for row in face_rows(14)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "dataset_sheet.parquet")
    shards = {"small_original": write_footers(tmp_path / "footers", "small_original", {"train": 14})}
    faces = describe(tmp_path, shards).faces["small"]
    assert faces.splits == {"train": dict.fromkeys(EMOTIONS, 2)}
    assert faces.by("race", "age", "gender") == {(None, None, None): 14}
    filled = {column.name for column in faces.columns if not column.nulls}
    assert filled == {"image", "image_id", "emotion", "valence", "arousal", "sha256"}


def test_examples_are_short(tmp_path: Path) -> None:
    """An example is the first value by path, on one line, cut where it is long; a number is as it is published."""
    rows = face_rows(7)
    rows[6]["prompt"], rows[6]["cfg_scale"], rows[0]["clip_score"] = "a  long\nprompt " * 20, "7.50", "0.31"
    columns = columns_of(describe_rows(tmp_path / "data", rows).faces["small"])
    assert columns["prompt"].example == "a long prompt a long prompt a long prompt a long prompt a l…"
    assert columns["cfg_scale"].example == "7.5"
    assert (columns["clip_score"].example, columns["clip_score"].nulls) == ("0.31", 6)


WORDS = st.sampled_from(["", "white", "latin", "a|b", "`x`", "<script>", "é", "not stated"])
ROW = st.tuples(st.sampled_from(EMOTIONS), st.sampled_from(["train", "validation", "test"]), WORDS, WORDS, WORDS, WORDS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=40))
def test_counts_agree_with_a_naive_count(tmp_path: Path, drawn: list[tuple[str, ...]]) -> None:
    """Whatever the sheet holds, splits, cells, models and nulls are what a loop over its rows counts."""
    rows = face_rows(len(drawn))
    for index, (row, values) in enumerate(zip(rows, drawn, strict=True)):
        row.update(zip(("emotion", "split", "race", "age", "gender", "model"), values, strict=True))
        label = EMOTIONS.index(row["emotion"])
        row["path"] = (
            f"DifussionEmotion_S/{row['emotion']}/{chr(97 + index % 26) * 6}{chr(97 + index // 26)}a_{label}.png"
        )
    faces = describe_rows(tmp_path, rows).faces["small"]
    naive = Counter((row["emotion"], *(row[name] or None for name in ("race", "age", "gender"))) for row in rows)
    assert faces.cells == naive
    assert faces.models == Counter(row["model"] for row in rows if row["model"])
    counted = {(split, name): count for split, of in faces.splits.items() for name, count in of.items() if count}
    assert counted == Counter((row["split"], row["emotion"]) for row in rows)
    for name in ("race", "age", "gender", "model", "face_box", "style"):
        assert columns_of(faces)[name].nulls == sum(not row[name] for row in rows)
    assert faces.by("gender", "race") == Counter((row["gender"] or None, row["race"] or None) for row in rows)


# --- bad input --------------------------------------------------------------------------------------------------------


def edited(column: str, value: str) -> Callable[[Path, Rows], None]:
    """Return what writes a value into row 5 of the sheet."""

    def edit(data_dir: Path, rows: Rows) -> None:
        write_sheet(data_dir / "dataset_sheet.csv", [*rows[:3], {**rows[3], column: value}, *rows[4:]])

    return edit


def without_column(data_dir: Path, rows: Rows) -> None:
    """Write the sheet without the column of emotions."""
    table = pa.Table.from_pylist([{"path": row["path"], "valence": 0.0, "arousal": 0.0} for row in rows])
    (data_dir / "dataset_sheet.csv").unlink()
    pq.write_table(table, data_dir / "dataset_sheet.parquet")


BAD: list[tuple[Callable[[Path, Rows], Any], str]] = [
    (lambda data_dir, rows: (data_dir / "dataset_sheet.csv").unlink(), "neither dataset_sheet.csv nor dataset_sheet"),
    (lambda data_dir, rows: (data_dir / "dataset_sheet.csv").write_bytes(b"\xff\xfe\0"), "dataset_sheet.csv: "),
    (without_column, "dataset_sheet.parquet: column 'emotion' is missing; add the column"),
    (edited("emotion", "joy"), r"dataset_sheet.csv row 5: emotion 'joy' is not one of .*run python tools/validate.py"),
    (edited("valence", "1.5"), "dataset_sheet.csv row 5: valence 1.5 is greater than the maximum of 1"),
    (edited("arousal", ""), "dataset_sheet.csv row 5: arousal is empty"),
    (edited("split", "training"), "dataset_sheet.csv row 5: split 'training' is not one of"),
    (edited("seed", "many"), "dataset_sheet.csv row 5: seed 'many' is not of type"),
    (edited("face_box", "1 2 3"), "dataset_sheet.csv row 5: face_box '1 2 3' does not match"),
    (edited("split", "test"), "the shards of small_original hold 24 train rows, the sheet has 23: build them"),
    (lambda data_dir, rows: (data_dir / rows[3]["path"]).unlink(), "row 5: file 'surprise/aaaaaaad_3.png' is missing"),
    (lambda data_dir, rows: (data_dir / rows[3]["path"]).write_bytes(b"<svg>"),
     "'DifussionEmotion_S/surprise/aaaaaaad_3.png' does not begin as a picture does: run python tools/validate.py"),
    (lambda data_dir, rows: zip_folder(data_dir / "DifussionEmotion_S").write_bytes(b"PK"),
     "DifussionEmotion_S.zip: the data of config small_original cannot be listed: DifussionEmotion_S.zip cannot be"),
    (lambda data_dir, rows: (data_dir / "DiffusionEmotion_S").mkdir(), "small_original has its data more than once"),
    (lambda data_dir, rows: write_sheet(data_dir / "dataset_sheet.csv", face_rows(30, "DifussionEmotion_L")),
     "dataset_sheet.csv: the sheet has no row for size small"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_what_is_wrong_is_said_in_one_line(
    tree: tuple[Path, Rows], spoil: Callable[[Path, Rows], Any], message: str
) -> None:
    """Bad data is one clear line with the file, the row and the value, and the way out."""
    data_dir, rows = tree
    shards = footers_of(data_dir / "footers", rows, *BOTH)
    spoil(data_dir, rows)
    with pytest.raises(ValueError, match=message) as caught:
        describe(data_dir, shards)
    assert "\n" not in str(caught.value)
    assert str(data_dir) not in str(caught.value)


def test_what_is_wrong_with_shards_is_said(tree: tuple[Path, Rows]) -> None:
    """Shards that are none, broken or missing, a config without any, and one that is unknown are told by name."""
    data_dir, rows = tree
    shards = footers_of(data_dir / "footers", rows, *BOTH)
    spoilt = data_dir / "broken.parquet"
    spoilt.write_bytes(b"PAR1 no more")
    plain = data_dir / "plain.parquet"
    pq.write_table(pa.table({"a": [1]}), plain)
    cases: list[tuple[dict[str, list[tuple[str, Path]]], str]] = [
        ({**shards, "small_original": []}, "small_original has no shards: build them by python tools/push.py"),
        ({**shards, "small_cropped": [("train", spoilt)]}, "the shards of small_cropped cannot be read"),
        ({**shards, "small_cropped": [("train", plain)]}, "the shards of small_cropped cannot be read"),
        ({**shards, "small_cropped": [("train", data_dir / "gone")]}, "of small_cropped cannot be read .*No such file"),
        ({**shards, "tiny": []}, "there is no config 'tiny': the configs are small_original, "),
    ]
    for given_shards, message in cases:
        with pytest.raises(ValueError, match=message) as caught:
            describe(data_dir, given_shards)
        assert not re.search(r"\n|Traceback", str(caught.value))


def test_a_part_is_described_alone(tree: tuple[Path, Rows]) -> None:
    """A config that `shards` does not name is left out, and so are its pictures, whatever is wrong with them."""
    data_dir, rows = tree
    (data_dir / rows[0]["path"]).unlink()
    faces = described(data_dir, rows, "small_cropped").faces["small"]
    assert list(faces.pictures) == ["cropped"]
    assert all(faces.gallery.values())
