"""The sheet's JSON Schema is true, is all that the kernels check, and both agree with jsonschema and the builder."""

from __future__ import annotations

import copy
import decimal
import math
import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, SchemaError

from DiffusionFER import EMOTIONS, FACE_FEATURES, SPLITS, SUBSETS, parse_box, path_problem
from tools.check.sheet.boxes import box_findings
from tools.check.sheet.columns import column_findings
from tools.check.sheet.published import published_boxes, published_names, published_rows
from tools.check.sheet.read import COLUMNS, REPEATING, Sheet
from tools.check.sheet.schema import NUMBERS, PROPERTIES, SCHEMA, Validator, broken_cells, checked, instances, target_of
from tools.check.sheet.source import Origin, Source
from tools.check.sheet.unreadable import column_problems

GOOD_PATH = "DifussionEmotion_S/angry/aaaaaaaa_6.png"


def sheet_of(columns: dict[str, Any]) -> Sheet:
    """Return a sheet of columns, as a Parquet file would give it."""
    table, source = pa.table(columns), Source.of_bytes("dataset_sheet.parquet", b"")
    return Sheet("dataset_sheet.parquet", table, Origin(source, table.num_rows, None))


def rows_of(sheet: Sheet) -> list[dict[str, Any]]:
    """Return the rows as JSON Schema sees them."""
    columns = {name: instances(name, sheet.table[name]) for name in sheet.table.column_names}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


# --- the schema itself ----------------------------------------------------------------------------------------------


def test_the_schema_is_true() -> None:
    """What the schema allows is what the builder knows: columns, labels, splits, folders, types."""
    assert PROPERTIES["emotion"]["enum"] == list(EMOTIONS)
    assert PROPERTIES["split"]["enum"] == list(SPLITS)
    assert set(PROPERTIES) == set(COLUMNS)
    assert SCHEMA["required"] == ["path", "emotion", "valence", "arousal"]
    for column, target in COLUMNS.items():
        read = target_of(column)
        if column == "face_box":
            assert read is None
        else:
            kinds = {"int64": pa.int64(), "int32": pa.int64(), "float": pa.float64(), "string": pa.string()}
            assert read == kinds[str(target)]
            assert ("null" in PROPERTIES[column]["type"]) == (column not in [*SCHEMA["required"], "split"])
    assert {"image", "image_id"} | set(PROPERTIES) >= set(FACE_FEATURES)
    for subset in SUBSETS.values():
        for folder in subset.folders:
            fits = Validator(PROPERTIES["path"]).is_valid(f"{folder}/angry/aaaaaaaa_6.png")
            assert fits == subset.name.endswith("_original")


def test_the_schema_is_documented() -> None:
    """Each column has a title, a description that is a sentence, and examples that it allows; numbers have a unit."""
    Draft202012Validator.check_schema(SCHEMA)
    for column, part in PROPERTIES.items():
        assert part["title"]
        assert part["description"].endswith(".")
        assert part["examples"]
        assert all(Validator(part).is_valid(value) for value in part["examples"])
        measured = target_of(column) in NUMBERS.values() and column != "seed"
        assert ("unit" in part) == (measured or column == "face_box")


@pytest.mark.parametrize(
    ("keywords", "words"),
    [({"format": "uri"}, "format"), ({"items": {"minimum": 0}}, "items.minimum"),
     ({"type": ["integer", "string"]}, "type")],
)  # fmt: skip
def test_a_keyword_that_is_not_compiled_is_refused(keywords: dict[str, Any], words: str) -> None:
    """The schema cannot outgrow the kernels without a word."""
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["prompt"] |= keywords
    with pytest.raises(ValueError, match=rf"the check of columns does not know .*{words}"):
        checked(schema)
    with pytest.raises(ValueError, match="minProperties"):
        checked({**SCHEMA, "minProperties": 1})


def test_a_schema_that_is_none_is_refused() -> None:
    """The schema is checked before the data."""
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["seed"]["minimum"] = "0"
    with pytest.raises(SchemaError):
        checked(schema)


# --- kernels and jsonschema -----------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [None, "", "angry", "Anger", " fear", "train", "val", "1", "-1", "1.0", "+.5", "1e-3", "1e400", "-0", "0x1F", " 1",
     "1 ", "1_0", "nan", "inf", "-Infinity", "1,5", "2147483648", str(2**63), str(-(2**63)), "9" * 400, "1 2 3 4",
     " 1  2.5 -3 +4 ", "1 2 3", "1 2 3 4\n", "a" * 64, "A" * 63 + "0", "g" * 64, "a" * 64 + "\n", "é" * 32, GOOD_PATH,
     GOOD_PATH + "\n", "DifussionEmotion_S/./x.png", "DifussionEmotion_S/a/C:", "DiffusionEmotion_S_cropped/angry/x",
     "DifussionEmotion_S/a/\x00", "DifussionEmotion_S/a/é"]
)  # fmt: skip
TEXTS = st.one_of(
    WORDS,
    st.text(st.characters(codec="utf-8"), max_size=70),
    st.floats().map(str),
    st.integers(-(2**70), 2**70).map(str),
    *(st.from_regex(part["pattern"]) for part in PROPERTIES.values() if "pattern" in part),
)
TYPED: st.SearchStrategy[pa.Array] = st.one_of(
    st.lists(st.one_of(st.none(), st.floats()), min_size=3, max_size=3).map(lambda v: pa.array(v, pa.float64())),
    st.lists(st.floats(width=32), min_size=3, max_size=3).map(lambda v: pa.array(v, pa.float32())),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3).map(lambda v: pa.array(v, pa.int64())),
    st.lists(st.integers(0, 2**64 - 1), min_size=3, max_size=3).map(lambda v: pa.array(v, pa.uint64())),
    st.lists(st.booleans(), min_size=3, max_size=3).map(pa.array),
    st.lists(st.binary(max_size=4), min_size=3, max_size=3).map(pa.array),
    st.lists(st.lists(st.one_of(st.none(), st.floats()), max_size=5), min_size=3, max_size=3).map(
        lambda v: pa.array(v, pa.list_(pa.float64()))
    ),
    st.just(pa.array([[1, 2, 3, 4], None, [1, 2, 3, 4]], pa.list_(pa.int32(), 4))),
    st.just(pa.array([["1", "2", "3", "4"], ["a"], None])),
    st.just(pa.array([decimal.Decimal("0.5"), None, decimal.Decimal("1.01")])),
    st.just(pa.nulls(3)),
)


def both_ways(columns: dict[str, Any]) -> tuple[set[tuple[int, str]], set[tuple[int, str]]]:
    """Return the places that the kernels lead to, and those that jsonschema finds in whole rows by itself."""
    sheet = sheet_of(columns)
    fast = [(cell.place, cell.column) for cell in broken_cells(sheet)]
    assert len(fast) == len(set(fast))
    validator = Validator(SCHEMA)
    # A column that is not there at all is another rule's.
    rows = [{**dict.fromkeys(SCHEMA["required"], None), **row} for row in rows_of(sheet)]
    slow = {(place, error.path[0]) for place, row in enumerate(rows) for error in validator.iter_errors(row)}
    return set(fast), {(place, column) for place, column in slow if column in columns}


@given(st.data(), st.booleans())
@settings(deadline=None, max_examples=40)
def test_kernels_agree_with_jsonschema_on_text(data: st.DataObject, encoded: bool) -> None:
    """In rows of any text, as a CSV gives them, the kernels find the very cells that jsonschema finds."""
    columns: dict[str, Any] = {}
    for column in data.draw(st.lists(st.sampled_from(list(PROPERTIES)), unique=True, min_size=1)):
        cells = pa.array(data.draw(st.lists(TEXTS, min_size=4, max_size=4)), pa.string())
        columns[column] = cells.dictionary_encode() if encoded and column in REPEATING else cells
    fast, slow = both_ways(columns)
    assert fast == slow


@given(st.sampled_from(list(PROPERTIES)), TYPED)
@settings(deadline=None)
@example("face_box", pa.array([[1.0, 2.0, 3.0, float("nan")], [1.0, 2.0, 3.0], None], pa.list_(pa.float64())))
@example("valence", pa.array([float("nan"), 2.0, None]))
@example("seed", pa.array([2**63, 2**64 - 1, 1], pa.uint64()))
def test_kernels_agree_with_jsonschema_on_typed_columns(column: str, cells: pa.Array) -> None:
    """In columns of any type that is read, as Parquet has, the kernels find the very cells that jsonschema finds."""
    assume(all(found.rule != "SH007" for found in column_problems("s", pa.table({column: cells}), COLUMNS)))
    fast, slow = both_ways({column: cells})
    assert fast == slow


@given(TEXTS, st.sampled_from([column for column in PROPERTIES if column not in ("path", "split")]))
@settings(deadline=None)
def test_what_the_schema_allows_the_builder_reads(cell: str | None, column: str) -> None:
    """The schema is as strict as the builder, or stricter: it allows no NaN, no infinity, and no box with exponents."""
    if list(broken_cells(sheet_of({column: pa.array([cell], pa.string())}))):
        return
    if column == "face_box":
        parse_box(cell)
        return
    (value,) = pa.array([cell], pa.string()).cast(COLUMNS[column]).to_pylist()
    assert not isinstance(value, float) or math.isfinite(value)


@given(TEXTS)
@settings(deadline=None)
def test_what_the_schema_and_its_rule_allow_is_safe(path: str | None) -> None:
    """A path without a finding is one that `path_problem` passes."""
    if path is not None and not list(column_findings(sheet_of({"path": [path]}))):
        assert path_problem(path) is None


LETTERS = st.text("abz`{A1é/_.", min_size=7, max_size=9)


@given(
    st.sampled_from(["DifussionEmotion_S", "DiffusionEmotion_L", "DifussionEmotion_X", "DifussionEmotion_"]),
    st.sampled_from(["angry", "fear", "Fear", "angr", "surprise"]),
    LETTERS,
    st.sampled_from(["_6.png", "_4.png", "6.png", "_6.jpg", ".png"]),
    st.sampled_from(["angry", "fear", "surprise", "joy", None]),
)
@example("DifussionEmotion_S", "angry", "aaaaaaaa", "_6.png", "angry")
@example("DifussionEmotion_S", "angry", "aaaaaaé", "_6.png", "angry")  # eight bytes
@example("DifussionEmotion_S", "angry", "éaaaaaaa", "_6.png", "angry")  # cut within a letter
def test_rows_that_are_set_aside_have_nothing_wrong(
    folder: str, emotion: str, letters: str, end: str, label: str | None
) -> None:
    """A row of the published form is valid, and folder and index are those of its label."""
    path = f"{folder}/{emotion}/{letters}{end}"
    sheet = sheet_of({"path": [path], "emotion": pa.array([label], pa.string())})
    good = folder in ("DifussionEmotion_S", "DiffusionEmotion_L") and emotion == label and len(letters) == 8
    good = good and set(letters) <= set("abz") and end == f"_{EMOTIONS.index(label or '')}.png"
    assert published_rows(sheet).to_pylist() == [good]
    if good:
        assert not list(broken_cells(sheet))
        assert published_names(sheet).to_numpy().tobytes() == letters.encode()


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell", "rule", "message", "hint"),
    [
        ("emotion", "Anger", "SH014", f"emotion 'Anger' is not one of {list(EMOTIONS)}", "write 'angry'"),
        ("emotion", None, "SH014", "emotion is empty, and null is not of type 'string'",
         "write the label of the image's folder"),
        ("split", "val", "SH019", f"split 'val' is not one of {list(SPLITS)}", "write 'validation'"),
        ("valence", "-7", "SH017", "valence -7.0 is less than the minimum of -1", "bring the scale to -1 to 1"),
        ("arousal", "nan", "SH017", "arousal 'nan' is not of type 'number'", "write a number such as -0.25"),
        ("seed", "1.0", "SH018", "seed '1.0' is not of type 'integer', 'null'", "write '1', a whole number"),
        ("cfg_scale", "7,5", "SH018", "cfg_scale '7,5' is not of type 'number', 'null'", "write '7.5', with a point"),
        ("steps", "0", "SH022", "steps 0 is less than the minimum of 1",
         "mend the cell, or leave it empty where the value is unknown"),
        ("sha256", "x" * 10**6, "SH020", f"sha256 {'x' * 64!r}... (1,000,000 characters) does not match "
         "'^[0-9a-fA-F]{64}$'", "write what sha256sum prints, or leave the cell empty"),
        ("path", "a/\x1b", "SH009", "path 'a/\\x1b' does not match '^(Difussion|Diffusion)Emotion_[SML]"
         "(/[^./:][^/:]*){2}$', for it holds a control character", f"write it as {GOOD_PATH}"),
        ("path", "DifussionEmotion_S/.x/y", "SH010", "path 'DifussionEmotion_S/.x/y' does not match "
         "'^(Difussion|Diffusion)Emotion_[SML](/[^./:][^/:]*){2}$', for a name in it begins with a point or holds a "
         "colon", "rename the file, for such names are passed over"),
        ("path", "DifussionEmotion_S/a/\\", "SH009", "path 'DifussionEmotion_S/a/\\\\' holds a backslash",
         f"write it as {GOOD_PATH}"),
    ],
)  # fmt: skip
def test_words(column: str, cell: str | None, rule: str, message: str, hint: str) -> None:
    """A finding has jsonschema's words, the rule of its column and keyword, and says what was meant."""
    (finding,) = column_findings(sheet_of({"path": [GOOD_PATH], column: pa.array([cell], pa.string())}))
    assert (finding.rule, finding.message, finding.hint) == (rule, message, f"{hint[0].upper()}{hint[1:]}.")
    assert (finding.row, finding.line, finding.column, finding.value) == (2, None, column, cell)


BOXES = st.lists(
    st.none()
    | st.lists(st.sampled_from(["1", "20", "0", "03", "123456789", "1234567890", "", "-1", "1.5", "a", "\u0661"])).map(
        " ".join
    )
    | st.lists(st.integers(1, 10**9 - 1).map(str), min_size=4, max_size=4).map(" ".join),
    max_size=4,
)


@given(BOXES, BOXES, st.integers(0, 2))
@settings(deadline=None, max_examples=200)
@example(["1 2 3", "4 5 6 7 8"], [], 0)  # as many spaces as two boxes have
@example(["1 2  3", "4"], ["1 2 3 4"], 0)
@example(["1 2 3 04"], [], 0)
@example(["1 2 3 1234567890"], [], 0)
def test_a_box_of_the_published_form_is_one(first: list[str | None], second: list[str | None], skip: int) -> None:
    """What passes for published boxes is four whole numbers each, with which neither schema nor rule finds fault."""
    cells = pa.chunked_array([pa.array(first, pa.string())[skip:], pa.array(second, pa.string())], pa.string())
    sheet = sheet_of({"face_box": cells})
    form = re.compile("[0-9]{1,9} [0-9]{1,9} [1-9][0-9]{0,8} [1-9][0-9]{0,8}")
    there = [cell for cell in cells.to_pylist() if cell is not None]
    assert published_boxes(sheet) == all(form.fullmatch(cell) for cell in there)
    if published_boxes(sheet):
        assert not [cell for cell in there if not Validator(PROPERTIES["face_box"]).is_valid(cell)]
        assert not list(box_findings(sheet))
        assert all(parse_box(cell) for cell in there)
