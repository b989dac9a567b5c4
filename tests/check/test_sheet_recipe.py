"""Prompts, seeds and splits: contradictions and leaks are found among many rows, and other people's prompts pass."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from itertools import product
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trees import SHEET_COLUMNS, face_rows
from tools.check.findings import Finding
from tools.check.sheet.boxes import box_findings
from tools.check.sheet.read import Sheet, parse_sheet
from tools.check.sheet.recipe import parse_prompt, recipe_findings, same_recipe_findings
from tools.check.sheet.splits import split_findings
from tools.make.prompts import CHOICES, render_prompt


def sheet_of(rows: list[dict[str, Any]]) -> Sheet:
    """Return the sheet of some rows."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, SHEET_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    sheet, _ = parse_sheet("dataset_sheet.csv", text.getvalue().encode())
    assert sheet
    return sheet


def test_every_prompt_of_the_grammar_is_understood() -> None:
    """What the grammar renders is taken apart into what it was rendered from, whatever style and others say."""
    wanted = ("emotion", "race", "age", "gender")
    for choice in product(*(CHOICES[column] for column in wanted), ("", "pretty", "big eyes"), ("", "ancient")):
        assert parse_prompt(render_prompt(*choice)) == dict(zip(wanted, choice[:4], strict=True))


@pytest.mark.parametrize(
    "prompt",
    [None, "", "a portrait of a man", "a photo of a sad old black woman", "black and white style", "no emotion, style",
     "joyful emotion, asian old style, a realistic portrait of dog", "very happy emotion", "\u017fad emotion",
     "a realistic portrait of a man and a woman", "a realistic portrait of woman with a dog", "the white old style"],
)  # fmt: skip
def test_another_prompt_says_nothing(prompt: str | None) -> None:
    """A prompt in free words, or in other words than the grammar's, asks for nothing that could be contradicted."""
    assert parse_prompt(prompt) == {}


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        ("Sad emotion, with tears", {"emotion": "sad"}),
        ("a photo, Latin middle-aged style", {"race": "latin", "age": "middle-aged"}),
        ("joyful emotion, white old style, a realistic portrait of woman",
         {"race": "white", "age": "old", "gender": "woman"}),
        ("happy emotion, asian old style, a realistic portrait of beautiful crystal eyes man , ancient",
         {"emotion": "happy", "gender": "man"}),
    ],
)  # fmt: skip
def test_each_part_is_read_on_its_own(prompt: str, asked: dict[str, str]) -> None:
    """A part of the grammar asks for what it says, whatever the rest of the prompt is."""
    assert parse_prompt(prompt) == asked


COLUMNS = st.fixed_dictionaries({
    "emotion": st.sampled_from(["happy", "sad", "", "Anger", "contempt", "Happiness"]),
    "race": st.sampled_from(["white", " Black", "", "asian", "Caucasian", "unknown"]),
    "age": st.sampled_from(["old", "teen", "", "30", "infant", "elderly"]),
    "gender": st.sampled_from(["man", "Female", "", "non-binary", "male", "n/a"]),
})  # fmt: skip
AGREE = {"emotion": "happy Happiness contempt", "race": "white Caucasian unknown", "age": "old 30 elderly",
         "gender": "man male n/a"}  # fmt: skip


@settings(deadline=None)
@given(COLUMNS)
def test_a_contradiction_is_found_in_each_column(columns: dict[str, str]) -> None:
    """A column that says anything but what the prompt asks for is found; not one that is empty or says that nothing is
    known, an age in years, or a label that is none, of which another rule speaks."""
    asked = {"emotion": "happy", "race": "white", "age": "old", "gender": "man"}
    row = {**face_rows(1)[0], **columns, "prompt": render_prompt(**asked)}
    found = {finding.column: finding.value for finding in recipe_findings(sheet_of([row]))}
    assert found == {name: text for name, text in columns.items() if text and text not in AGREE[name].split()}


SPLIT = st.sampled_from(["train", "validation", "test"])
RECIPES = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(-1, 3), SPLIT, st.sampled_from(["m", "n"])), max_size=12
)


@settings(deadline=None)
@given(RECIPES)
def test_recipes_that_stand_twice(recipes: list[tuple[str, int, str, str]]) -> None:
    """A row leaks where the first row of its prompt and seed is in another split; it is the same picture again where an
    earlier row of its split has the same model, too; a seed of -1 is like no other."""
    rows = face_rows(len(recipes) + 1)
    for row, (prompt, seed, split, model) in zip(rows, recipes, strict=False):
        row.update(prompt=prompt, seed=seed, split=split, model=model)
    first: dict[tuple[str, int], str] = {}
    seen: set[tuple[str, int, str, str]] = set()
    wanted = []
    for number, (prompt, seed, split, model) in enumerate(recipes, start=2):
        if seed < 0:
            wanted.append(("SH044", number))
        elif first.setdefault((prompt, seed), split) != split:
            wanted.append(("SH042", number))
        elif (prompt, seed, split, model) in seen:
            wanted.append(("SH043", number))
        else:
            seen.add((prompt, seed, split, model))
    sheet = sheet_of(rows)
    found = [*recipe_findings(sheet), *same_recipe_findings(sheet)]
    assert sorted((f.rule, f.row) for f in found) == sorted(wanted)


def test_one_picture_in_two_sizes_is_no_leak() -> None:
    """The sizes may share pictures: a prompt and seed in train of small and in test of medium are two configs."""
    rows = [*face_rows(3), *({**row, "split": "test"} for row in face_rows(3, "DiffusionEmotion_M"))]
    assert list(same_recipe_findings(sheet_of(rows))) == []


def test_one_path_twice_is_not_said_twice() -> None:
    """Two rows of one path have one recipe, of course; only the rule for paths speaks of them."""
    rows = face_rows(2)
    assert list(same_recipe_findings(sheet_of([rows[0], rows[0], rows[1]]))) == []


@pytest.mark.parametrize(
    ("box", "found"),
    [("0 0 1 1", False), ("0 0 0.5 .5", False), ("-0.5 0 1 1", True), ("0 -1 1 1", True), ("5 5 0 1", True),
     ("5 5 1 -1", True), ("5 5 1 0.0", True), (".5 .5 .5 .0", True), ("1 2 3", False), ("", False), ("-x", False)],
)  # fmt: skip
def test_boxes(box: str, found: bool) -> None:
    """A box begins at 0 or later and has an extent; what is no box is another rule's."""
    findings = list(box_findings(sheet_of([{**face_rows(1)[0], "face_box": box}])))
    assert [finding.value for finding in findings] == [box] * found


BOX = st.one_of(st.none(), st.lists(st.sampled_from([-1.0, 0.0, 0.5, 3.0, float("nan")]), min_size=4, max_size=4))
KINDS = st.sampled_from([pa.list_(pa.float32()), pa.list_(pa.float64(), 4), pa.large_list(pa.float32())])


@settings(deadline=None)
@given(st.lists(BOX, min_size=1, max_size=6), KINDS, st.sampled_from([None, [1.0], []]))
def test_boxes_of_parquet(boxes: list[list[float] | None], kind: pa.DataType, odd: list[float] | None) -> None:
    """Boxes that are lists of numbers are judged as text is, also beside a list that is no box."""
    boxes = [*boxes, odd] if not pa.types.is_fixed_size_list(kind) else boxes
    wanted = [
        row
        for row, box in enumerate(boxes, start=2)
        if box and len(box) == 4 and all(map(math.isfinite, box)) and (min(box[:2]) < 0 or min(box[2:]) <= 0)
    ]
    columns = {name: ["x"] * len(boxes) for name in ("path", "emotion")}
    affect = {name: [0.0] * len(boxes) for name in ("valence", "arousal")}
    sink = io.BytesIO()
    pq.write_table(pa.table({**columns, **affect, "face_box": pa.array(boxes, kind)}), sink)
    sheet, _ = parse_sheet("dataset_sheet.parquet", sink.getvalue())
    assert sheet
    assert [finding.row for finding in box_findings(sheet)] == wanted


def splits(**rows: list[tuple[str, int]]) -> list[Finding]:
    """Return what is found for so many rows of each label in each split."""
    made = []
    for split, labels in rows.items():
        for label, number in labels:
            made += [{**row, "split": split, "emotion": label} for row in face_rows(number)]
    return list(split_findings(sheet_of(made), ("small", "medium")))


def test_splits_of_few_rows_are_passed_over() -> None:
    """Below a hundred rows, and for one split alone, nothing is expected of splits."""
    assert splits(train=[("happy", 10)], test=[("happy", 80)]) == []
    assert splits(train=[("happy", 200), ("sad", 200)]) == []


def test_splits_of_many_rows() -> None:
    """A split that is missing, one without a label, and a train that is smaller are each said once."""
    found = splits(train=[("happy", 50), ("sad", 60), ("fear", 3)], test=[("happy", 120)])
    assert Counter((finding.rule, finding.value) for finding in found) == {
        ("SH046", "validation"): 1, ("SH047", "test"): 1, ("SH048", "test"): 1
    }  # fmt: skip
    assert splits(test=[("happy", 60)], validation=[("happy", 60)])[0].value == "train"
    assert splits(train=[("happy", 90), ("sad", 4)], test=[("happy", 10)], validation=[("happy", 9)]) == []


def test_rows_without_a_split_or_a_label_are_not_counted() -> None:
    """What is no split or no label has findings of its own, and does not make a split."""
    rows = face_rows(200)
    for row in rows:
        row["split"] = "Test" if row["split"] == "test" else row["split"]
    found = list(split_findings(sheet_of(rows), ("small",)))
    assert [(finding.rule, finding.value) for finding in found] == [("SH046", "test")]
