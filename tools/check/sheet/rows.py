"""Rules for the rows of a sheet that concern one image each: its path, its label, and what the two say of each other.

Arrow finds the suspects among all rows at once; only these are then looked at one by one, in Python, for the message.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, SUBSETS, path_problem
from tools.check.findings import Finding, Rule, quote
from tools.check.sheet.read import Sheet
from tools.check.sheet.rules import (
    FOLDER_LABEL,
    ID_TWICE,
    LABEL_UNKNOWN,
    NAME_LABEL,
    PATH_SHAPE,
    PATH_TWICE,
    PATH_UNSAFE,
)

FACES = [subset for subset in SUBSETS.values() if subset.kind == "faces"]
ORIGINALS = tuple(name for subset in FACES if subset.name.endswith("original") for name in subset.folders)
CROPS = tuple(name for subset in FACES if subset.name.endswith("cropped") for name in subset.folders)

# <folder of originals>/<emotion>/<file> in characters that path_problem never refuses: a match needs no second look.
_CLEAN = rf"^(?:{'|'.join(ORIGINALS)})(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){{2}}$"
# The builder's way to an image id: the name without folders and ending.
_TO_ID = r"^.*/|\.[^./]*$"
# Of a path of that form: the folder of the emotion, and the label index in a name of the published form, else "".
_PARTS = r"^[^/]*/(?P<folder>[^/]*)/(?:[a-z]{8}_(?P<index>[0-9]+)\.[^/.]*|[^/]*)$"

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


def row_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield what the paths and labels of the rows have wrong; the files themselves are not looked at."""
    for rule in (_paths, _labels, _agreement, _same_path):
        yield from rule(sheet)


def id_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the rows of one size whose image has the id of an earlier one at another path."""
    paths = sheet.text("path")
    ids = pc.replace_substring_regex(paths, _TO_ID, "")
    hint = "rename the file and its crop, so that each id is there once"
    yield from _repeated(sheet, ID_TWICE, ids, "image id", hint)


def safe_paths(sheet: Sheet) -> pa.Array:
    """Return a mask of the rows whose path may be looked up below the data directory."""
    paths = sheet.text("path")
    clean = _clean(paths)
    if pc.all(clean).as_py() is not False:
        return clean
    pairs = zip(clean.to_pylist(), paths.to_pylist(), strict=True)
    return pa.array([ok or (path is not None and not path_problem(path)) for ok, path in pairs], pa.bool_())


def _clean(paths: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(paths, _CLEAN), False)


def _true(mask: pa.Array) -> list[int]:
    return pc.indices_nonzero(mask).to_pylist()  # null is not true


def _paths(sheet: Sheet) -> Iterator[Finding]:
    for _, row, path in sheet.cells("path", _true(pc.invert(_clean(sheet.text("path"))))):
        yield from _path(sheet.name, path, row)


def _path(sheet: str, path: str | None, row: int) -> Iterator[Finding]:
    form = f"write it as {ORIGINALS[0]}/angry/aaaaaaaa_6.png"
    if path is None:
        yield PATH_UNSAFE.at(sheet, "path is empty", form, row=row, column="path")
        return
    if problem := path_problem(path):
        yield PATH_UNSAFE.at(sheet, f"path {quote(path)} {problem}", form, row=row, column="path", value=path)
        return
    folder, *below = path.split("/")
    if folder in CROPS:
        original = ORIGINALS[CROPS.index(folder) // 2 * 2]
        message = f"path {quote(path)} names a folder of crops, expected that of the originals"
        hint = f"a row names the original, and its crop has the same name: write {original}/..."
    elif folder not in ORIGINALS:
        message = f"path {quote(path)} begins with no folder of originals"
        near = difflib.get_close_matches(folder, ORIGINALS, n=1)
        hint = f"write {near[0]}/..." if near and below else form
    elif len(below) != 2:
        message = f"path {quote(path)} is not of the form <folder>/<emotion>/<file>"
        hint = "put the file into the folder of its emotion"
    else:
        return
    yield PATH_SHAPE.at(sheet, message, hint, row=row, column="path", value=path)


def _labels(sheet: Sheet) -> Iterator[Finding]:
    if not sheet.has("emotion"):
        return
    known = pc.is_in(sheet.text("emotion"), pa.array(EMOTIONS))
    for _, row, value in sheet.cells("emotion", _true(pc.invert(known))):
        what = "emotion is empty, expected one of" if value is None else f"emotion {quote(value)} is none of"
        meant = meant_label(value or "")
        hint = f"write '{meant}'" if meant else "write the label of the image's folder"
        message = f"{what} {', '.join(EMOTIONS)}"
        yield LABEL_UNKNOWN.at(sheet.name, message, hint, row=row, column="emotion", value=value)


@functools.lru_cache  # a label that is wrong is seldom wrong once
def meant_label(given: str) -> str | None:
    """Return the label that was probably meant by a text, or None."""
    text = re.sub(r"\.0+$", "", given.strip().lower()[:40])
    near = [text] if text in MEANT else difflib.get_close_matches(text, MEANT, n=1, cutoff=0.75)
    return MEANT[near[0]] if near else None


def _agreement(sheet: Sheet) -> Iterator[Finding]:
    if not sheet.has("emotion"):
        return
    sheet = sheet.where(safe_paths(sheet))
    paths, emotions = sheet.text("path"), sheet.text("emotion")
    parts = pc.extract_regex(paths, _PARTS)
    folders, written = pc.struct_field(parts, "folder"), pc.struct_field(parts, "index")
    labels = pc.index_in(emotions, pa.array(EMOTIONS))
    # A label that is wrong in itself is no disagreement: another rule speaks of it.
    for index in _true(pc.and_(pc.is_valid(labels), pc.not_equal(folders, emotions))):
        folder, label = folders[index].as_py(), emotions[index].as_py()
        message = f"folder {quote(folder)} disagrees with emotion '{label}' in path {quote(paths[index].as_py())}"
        yield _disagreement(sheet, FOLDER_LABEL, index, message, paths)
    differs = pc.and_(pc.not_equal(written, labels.cast(pa.string())), pc.not_equal(written, ""))
    for index in _true(differs):
        label, number = labels[index].as_py(), written[index].as_py()
        if number.lstrip("0") != str(label).lstrip("0"):
            message = f"file name has label index {quote(number)}, expected {label} for '{EMOTIONS[label]}'"
            yield _disagreement(sheet, NAME_LABEL, index, message, paths)


def _disagreement(sheet: Sheet, rule: Rule, index: int, message: str, paths: pa.Array) -> Finding:
    hint = "look at the image, then mend the emotion or move the file"
    return rule.at(sheet.name, message, hint, row=sheet.row(index), column="path", value=paths[index].as_py())


def _same_path(sheet: Sheet) -> Iterator[Finding]:
    yield from _repeated(sheet, PATH_TWICE, sheet.text("path"), "path", "remove one of the rows")


def _repeated(sheet: Sheet, rule: Rule, keys: pa.Array, what: str, hint: str) -> Iterator[Finding]:
    """Yield the rows whose key stands in an earlier row; of rows with one path only `_same_path` speaks."""
    counts = pc.value_counts(pc.drop_null(keys))
    repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    paths = sheet.text("path")
    first: dict[str, int] = {}
    seen: set[str] = set()
    for index in _true(pc.is_in(keys, repeated)):
        key, path = keys[index].as_py(), paths[index].as_py()
        earlier = first.setdefault(key, index)
        if earlier != index and (rule is PATH_TWICE or path not in seen):
            message = f"{what} {quote(key)} is already that of row {sheet.row(earlier)}"
            yield rule.at(sheet.name, message, hint, row=sheet.row(index), column="path", value=path)
        seen.add(path)
