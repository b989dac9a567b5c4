"""Gives findings on the cells of a CSV the edits that mend them, where what was meant is beyond doubt.

In go findings of any rule, out come the same findings, some of them with an edit. A label or a split is written as the
dataset writes it, and white space around a cell goes; a label that the folder or the file name contradicts is left to a
person, and so are Parquet sheets.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator

from DiffusionFER import EMOTIONS
from tools.check.findings import Finding
from tools.check.sheet.cells import Rows
from tools.check.sheet.columns import MEANT, meant_split
from tools.check.sheet.read import Sheet
from tools.check.sheet.rules import CELL_PADDED, LABEL_UNKNOWN, SPLIT_UNKNOWN

DOUBTFUL = ("none", "calm")  # synonyms of neutral, or no label at all
# The label index in a file name of the published form.
_INDEX = re.compile(r"/[a-z]{8}_([0-9])\.[^/.]*\Z")


def label_beyond_doubt(value: str) -> str | None:
    """Return the label that differs from `value` in case or spaces, or that `value` is a synonym of, or None.

    A number is none, for other datasets count their classes otherwise.
    """
    word = value.strip().lower()
    return MEANT.get(word) if word.isalpha() and word not in DOUBTFUL else None


MEANING: dict[str, Callable[[str], str | None]] = {
    LABEL_UNKNOWN.id: label_beyond_doubt,
    SPLIT_UNKNOWN.id: meant_split,
    CELL_PADDED.id: str.strip,
}


def with_edits(sheet: Sheet, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings on the cells of a sheet, each with an edit where one is beyond doubt; the others pass as they are.

    The rows are found in the bytes once, and only where there is a finding that may get an edit. A Parquet sheet gets
    no edit.
    """
    marks, rows = sheet.origin.marks, None
    for finding in findings:
        meant = MEANING.get(finding.rule, _nothing)(finding.value or "")
        if marks is None or finding.row is None or meant in (None, finding.value):
            yield finding
            continue
        if rows is None:
            rows = Rows(sheet.origin.source.content, plain=marks.plain(sheet.origin.count))
        yield _with_edit(finding, meant, finding.row, rows)


def _nothing(_: str) -> None:
    return None


def _with_edit(finding: Finding, meant: str, row: int, rows: Rows) -> Finding:
    names = rows.names
    wanted = [names.index(name) for name in (finding.column, "path") if name in names]
    cells = rows.cells(row, max(wanted, default=0) + 1)
    place = names.index(finding.column) if finding.column in names else len(cells)
    if place >= len(cells) or cells[place].text != finding.value:
        return finding
    if finding.rule == LABEL_UNKNOWN.id and "path" in names and _contradicts(cells[names.index("path")].text, meant):
        return finding
    return dataclasses.replace(finding, edit=cells[place].replaced(meant, alone=len(names) == 1))


def _contradicts(path: str, label: str) -> bool:
    """Say whether the folder or the file name of an image names another label."""
    named = set(path.split("/")[:-1]) & set(EMOTIONS)
    index = _INDEX.search(path)
    if index and int(index[1]) < len(EMOTIONS):
        named.add(EMOTIONS[int(index[1])])
    return bool(named - {label})
