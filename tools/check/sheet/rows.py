"""Rules for what the cells of a row say of each other, and rows of each other: path against label, paths and ids twice.

Rows in the published form, whose path agrees with their label and whose name no other row has, are set aside by a few
kernels; only the others are looked at with regular expressions, and only those at fault in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, path_problem
from tools.check.findings import Finding, Rule, quote
from tools.check.places import true_places
from tools.check.sheet.columns import FORM_OF_PATH, HIDING
from tools.check.sheet.read import Sheet
from tools.check.sheet.rules import FOLDER_LABEL, ID_TWICE, NAME_LABEL, PATH_TWICE

# The builder's way to an image id: the name without folders and ending.
_TO_ID = r"^.*/|\.[^./]*$"
# Of a path of the schema's form: the folder of the emotion, and the label index in a published name, else "".
_PARTS = r"^[^/]*/(?P<folder>[^/]*)/(?:[a-z]{8}_(?P<index>[0-9]+)\.[^/.]*|[^/]*)$"


def agreement_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the rows whose path names another label than their own."""
    published = sheet.published()
    if not pc.all(published).as_py():
        yield from _agreement(sheet.where(pc.invert(published)))


def uniqueness_findings(sheet: Sheet, sizes: Sequence[str]) -> Iterator[Finding]:
    """Yield the rows whose path an earlier row has, or whose id an earlier row of one of the sizes has."""
    sheet = sheet.only("path")
    if not pc.all(sheet.published()).as_py():
        yield from _uniqueness(sheet, sizes)
        return
    names = sheet.names().to_numpy()
    in_order = np.sort(names)
    twice = in_order[1:][in_order[1:] == in_order[:-1]]
    if len(twice):  # eight letters that two rows share, which may yet differ in size or label
        yield from _uniqueness(sheet.where(pa.array(np.isin(names, twice))), sizes)


def id_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the rows of one size whose image has the id of an earlier one at another path."""
    ids = pc.replace_substring_regex(sheet.text("path"), _TO_ID, "")
    hint = "rename the file and its crop, so that each id is there once"
    yield from _repeated(sheet, ID_TWICE, ids, "image id", hint)


def safe_paths(sheet: Sheet) -> pa.Array:
    """Return a mask of the rows whose path may be looked up below the data directory."""
    if pc.all(published := sheet.published()).as_py():
        return published
    paths = sheet.text("path")
    clean = pc.match_substring_regex(paths, FORM_OF_PATH)
    clean = pc.fill_null(pc.and_not(clean, pc.match_substring_regex(paths, HIDING)), False)
    if pc.all(clean).as_py():
        return clean
    pairs = zip(clean.to_pylist(), paths.to_pylist(), strict=True)
    return pa.array([ok or (path is not None and not path_problem(path)) for ok, path in pairs], pa.bool_())


def _agreement(sheet: Sheet) -> Iterator[Finding]:
    if not sheet.has("emotion"):
        return
    sheet = sheet.where(safe_paths(sheet))
    paths, emotions = sheet.text("path"), sheet.text("emotion")
    parts = pc.extract_regex(paths, _PARTS)
    folders, written = pc.struct_field(parts, "folder"), pc.struct_field(parts, "index")
    labels = pc.index_in(emotions, pa.array(EMOTIONS))
    # A label that is wrong in itself is no disagreement: another rule speaks of it.
    for index in true_places(pc.and_(pc.is_valid(labels), pc.not_equal(folders, emotions))).to_pylist():
        folder, label = folders[index].as_py(), emotions[index].as_py()
        message = f"folder {quote(folder)} disagrees with emotion '{label}' in path {quote(paths[index].as_py())}"
        yield _disagreement(sheet, FOLDER_LABEL, index, message, paths)
    differs = pc.and_(pc.not_equal(written, labels.cast(pa.string())), pc.not_equal(written, ""))
    for index in true_places(differs).to_pylist():
        label, number = labels[index].as_py(), written[index].as_py()
        if number.lstrip("0") != str(label).lstrip("0"):
            message = f"file name has label index {quote(number)}, expected {label} for '{EMOTIONS[label]}'"
            yield _disagreement(sheet, NAME_LABEL, index, message, paths)


def _disagreement(sheet: Sheet, rule: Rule, index: int, message: str, paths: pa.Array) -> Finding:
    hint = "look at the image, then mend the emotion or move the file"
    return sheet.found(rule, index, message, hint, column="path", value=paths[index].as_py())


def _uniqueness(sheet: Sheet, sizes: Sequence[str]) -> Iterator[Finding]:
    yield from _repeated(sheet, PATH_TWICE, sheet.text("path"), "path", "remove one of the rows")
    for size in sizes:
        yield from id_findings(sheet.of_size(size))


def _repeated(sheet: Sheet, rule: Rule, keys: pa.Array, what: str, hint: str) -> Iterator[Finding]:
    """Yield the rows whose key stands in an earlier row; of rows with one path only `PATH_TWICE` speaks."""
    counts = pc.value_counts(pc.drop_null(keys))
    repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    paths = sheet.text("path")
    first: dict[str, int] = {}
    seen: set[str] = set()
    for index in true_places(pc.is_in(keys, repeated)).to_pylist():
        key, path = keys[index].as_py(), paths[index].as_py()
        earlier = first.setdefault(key, index)
        if earlier != index and (rule is PATH_TWICE or path not in seen):
            message = f"{what} {quote(key)} is already that of row {sheet.row(earlier)}"
            yield sheet.found(rule, index, message, hint, column="path", value=path)
        seen.add(path)
