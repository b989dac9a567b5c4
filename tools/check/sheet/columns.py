"""Rules for single cells: what breaks the JSON Schema of the sheet, as findings of the rule of its column and keyword.

jsonschema says what is wrong; the hint says what was probably meant.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, SPLITS, path_problem
from tools.check.findings import Finding, Rule, quote
from tools.check.places import true_places
from tools.check.sheet.published import FACES, ORIGINALS
from tools.check.sheet.read import Sheet
from tools.check.sheet.rules import (
    AFFECT_RANGE,
    CELL_TYPE,
    LABEL_UNKNOWN,
    NUMBER_RANGE,
    PATH_SHAPE,
    PATH_UNSAFE,
    SHA256_FORM,
    SPLIT_UNKNOWN,
)
from tools.check.sheet.schema import PROPERTIES, Broken, broken_cells

CROPS = tuple(name for subset in FACES if subset.name.endswith("cropped") for name in subset.folders)

# A column has one rule, or one for each keyword.
RULES: dict[str, Rule] = {
    "emotion": LABEL_UNKNOWN,
    "split": SPLIT_UNKNOWN,
    "valence": AFFECT_RANGE,
    "arousal": AFFECT_RANGE,
    "sha256": SHA256_FORM,
    "sha256_cropped": SHA256_FORM,
}
KEYWORD_RULES: dict[str, Rule] = {"minimum": NUMBER_RANGE, "maximum": NUMBER_RANGE}
FORM_OF_PATH = PROPERTIES["path"]["pattern"]
HIDING = r"[\\\x00-\x1f\x7f]"  # with that form, all that path_problem refuses
FORM = f"write it as {ORIGINALS[0]}/angry/aaaaaaaa_6.png"

# What people write for the seven, besides what differs only in case, spaces or spelling.
MEANT = {
    **dict.fromkeys(("anger", "mad", "rage", "furious"), "angry"),
    **dict.fromkeys(("happiness", "joy", "joyful", "smile"), "happy"),
    **dict.fromkeys(("sadness", "sorrow", "unhappy"), "sad"),
    **dict.fromkeys(("surprised", "astonished", "astonishment"), "surprise"),
    **dict.fromkeys(("fearful", "afraid", "scared"), "fear"),
    **dict.fromkeys(("disgusted",), "disgust"),
    **dict.fromkeys(("neutrality", "calm", "none"), "neutral"),
    **{str(index): name for index, name in enumerate(EMOTIONS)},
    **{name: name for name in EMOTIONS},
}
MEANT_SPLITS = {
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "training": "train",
    "testing": "test",
}


def column_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the cells that break the sheet's JSON Schema, and unsafe paths; a column may be missing."""
    for cell in broken_cells(sheet):
        if cell.column == "path":
            yield _path(sheet, cell)
            continue
        value = None if cell.given is None else str(cell.given)
        rule = RULES.get(cell.column) or KEYWORD_RULES.get(cell.keyword, CELL_TYPE)
        message = f"{cell.column} {cell.words}"
        if cell.column == "face_box" and cell.keyword == "pattern":  # which says less than these words
            message = f"face_box {quote(cell.instance)} is not four numbers 'x y width height'"
        yield sheet.found(rule, cell.place, message, _hint(cell, value), column=cell.column, value=value)
    yield from _unsafe_paths(sheet)


def _unsafe_paths(sheet: Sheet) -> Iterator[Finding]:
    """Yield the paths that the schema lets pass, for they have the folder and the depth, but that hide something."""
    if pc.all(sheet.published()).as_py():
        return
    paths = sheet.text("path")
    hiding = pc.and_(pc.match_substring_regex(paths, FORM_OF_PATH), pc.match_substring_regex(paths, HIDING))
    for index, _, path in sheet.cells("path", true_places(hiding).to_pylist()):
        message = f"path {quote(path)} {path_problem(path or '')}"
        yield sheet.found(PATH_UNSAFE, index, message, FORM, column="path", value=path)


def _hint(cell: Broken, value: str | None) -> str:
    column = cell.column
    if column == "emotion":
        meant = meant_label(value or "")
        return f"write '{meant}'" if meant else "write the label of the image's folder"
    if column == "split":
        meant = meant_split(value or "")
        return f"write '{meant}'" if meant else "write the split, or remove the column to have all rows in train"
    if column in ("sha256", "sha256_cropped"):
        return "write what sha256sum prints, or leave the cell empty"
    if column == "face_box":
        return "write 'x y width height' in pixels of the original, or leave the cell empty"
    if column in ("valence", "arousal"):
        return _affect_hint(cell.instance, value)
    return _number_hint(value or "")


def _affect_hint(instance: Any, value: str | None) -> str:
    if value is None:
        return "every image has one: annotate it, or remove the row"
    if value.count(",") == 1 or value.strip() != value:
        return _number_hint(value)
    return "bring the scale to -1 to 1" if isinstance(instance, (int, float)) else "write a number such as -0.25"


def _number_hint(value: str) -> str:
    if value.strip() != value:
        return f"write {quote(value.strip())}, without spaces around it"
    if value.count(",") == 1 and value.replace(",", "").lstrip("-").isdigit():
        return f"write {quote(value.replace(',', '.'))}, with a point"
    if re.fullmatch(r"[0-9]+\.0+", value):
        return f"write {quote(value.partition('.')[0])}, a whole number"
    if re.fullmatch(r"[+-]?[0-9]{10,}", value):
        return "write a number that fits the column, or leave the cell empty where it is unknown"
    if value.lower() in ("none", "null", "nan", "n/a", "na", "-", "?"):
        return "leave the cell empty where the value is unknown"
    return "mend the cell, or leave it empty where the value is unknown"


@functools.lru_cache  # a label that is wrong is seldom wrong once
def meant_label(given: str) -> str | None:
    """Return the label that was probably meant by a text, or None."""
    text = re.sub(r"\.0+$", "", given.strip().lower()[:40])
    near = [text] if text in MEANT else difflib.get_close_matches(text, MEANT, n=1, cutoff=0.75)
    return MEANT[near[0]] if near else None


def meant_split(given: str) -> str | None:
    """Return the split that differs from a text in case or spaces, or of which it is another name, or None."""
    text = given.strip().lower()
    return text if text in SPLITS else MEANT_SPLITS.get(text)


def _path(sheet: Sheet, cell: Broken) -> Finding:
    path = cell.given if isinstance(cell.given, str) else None
    if path is None:
        return sheet.found(PATH_UNSAFE, cell.place, f"path {cell.words}", FORM, column="path")
    if problem := path_problem(path):
        message = f"path {cell.words}, for it {problem}"
        return sheet.found(PATH_UNSAFE, cell.place, message, FORM, column="path", value=path)
    reason, hint = _shape(path)
    return sheet.found(PATH_SHAPE, cell.place, f"path {cell.words}, for {reason}", hint, column="path", value=path)


def _shape(path: str) -> tuple[str, str]:
    """Say why a path is not of the form of the schema, and what to do."""
    folder, *below = path.split("/")
    if folder in CROPS:
        original = ORIGINALS[CROPS.index(folder) // 2 * 2]
        hint = f"a row names the original, and its crop has the same name: write {original}/..."
        return "it names a folder of crops", hint
    if folder not in ORIGINALS:
        near = difflib.get_close_matches(folder, ORIGINALS, n=1)
        return "it begins with no folder of originals", f"write {near[0]}/..." if near and below else FORM
    if len(below) != 2:
        return "it is not <folder>/<emotion>/<file>", "put the file into the folder of its emotion"
    return "a name in it begins with a point or holds a colon", "rename the file, for such names are passed over"
