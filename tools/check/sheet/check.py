"""Checks a sheet: every SH rule that needs no file but the sheet itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tools.check.findings import Finding
from tools.check.sheet.affect import affect_findings
from tools.check.sheet.boxes import box_findings
from tools.check.sheet.columns import column_findings
from tools.check.sheet.mend import with_edits
from tools.check.sheet.read import Sheet, read_sheet_file
from tools.check.sheet.recipe import recipe_findings
from tools.check.sheet.rows import row_findings
from tools.check.sheet.rules import SHEET_UNREADABLE
from tools.check.sheet.source import in_threads
from tools.check.sheet.splits import split_findings
from tools.check.sheet.texts import text_findings

SIZES = ("small", "medium", "large")


def check_sheet(path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a sheet, whatever its name; never raises for what the file holds or is."""
    sheet, findings = read_sheet_file(path.name, path)
    yield from findings
    if sheet:
        yield from sheet_findings(sheet)


def sheet_findings(sheet: Sheet, sizes: Sequence[str] = SIZES) -> Iterator[Finding]:
    """Yield what is wrong with the rows of a sheet that could be read, with edits where `--fix` can mend it."""
    try:
        yield from with_edits(sheet, _findings(sheet, sizes))
    except OSError as error:  # its bytes are read again where a finding needs them
        message = f"the sheet went while it was checked: {error.strerror}"
        yield SHEET_UNREADABLE.at(sheet.name, message, "check it again when nothing else works on it")


def _findings(sheet: Sheet, sizes: Sequence[str]) -> Iterator[Finding]:
    rules: list[Callable[[], Iterator[Finding]]] = [
        lambda: column_findings(sheet),
        lambda: row_findings(sheet, sizes),
        lambda: recipe_findings(sheet),
        lambda: text_findings(sheet),
        lambda: box_findings(sheet),
        lambda: affect_findings(sheet),
        lambda: split_findings(sheet, sizes),
    ]
    for findings in in_threads(lambda rule: list(rule()), rules):  # of all of them, Arrow does the most
        yield from findings
