"""Checks a sheet: every SH rule that needs no file but the sheet itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow.compute as pc

from tools.check.findings import Finding
from tools.check.sheet.affect import affect_findings
from tools.check.sheet.boxes import box_findings
from tools.check.sheet.columns import column_findings
from tools.check.sheet.mend import with_edits
from tools.check.sheet.read import Sheet, read_sheet_file
from tools.check.sheet.recipe import recipe_findings, same_recipe_findings
from tools.check.sheet.rows import agreement_findings, uniqueness_findings
from tools.check.sheet.rules import SHEET_UNREADABLE
from tools.check.sheet.source import in_turn
from tools.check.sheet.splits import split_findings
from tools.check.sheet.texts import text_findings

SIZES = ("small", "medium", "large")
# The rules that look at each row by itself; the others compare rows.
ROW_RULES: tuple[Callable[[Sheet], Iterator[Finding]], ...] = (
    column_findings,
    agreement_findings,
    recipe_findings,
    text_findings,
    box_findings,
    affect_findings,
)


def check_sheet(path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a sheet, whatever its name; never raises for what the file holds or is."""
    name = path.name or path.resolve().name or str(path)  # "." has no name of its own, and "/" none at all
    sheet, findings = read_sheet_file(name, path, is_doubtful)
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


def is_doubtful(sheet: Sheet) -> bool:
    """Say whether a rule that looks at each row by itself finds anything, for a part of a sheet as it is read.

    What the other rules ask of the part is asked here, while it is at hand.
    """
    if sheet.has("seed"):
        sheet.numbers("seed")
    if pc.all(sheet.published()).as_py():
        sheet.names()
    return any(True for rule in ROW_RULES for _ in rule(sheet))


def _findings(sheet: Sheet, sizes: Sequence[str]) -> Iterator[Finding]:
    rows = sheet if sheet.doubtful is None else sheet.doubtful
    for rule in ROW_RULES:
        yield from rule(rows)
    yield from in_turn(uniqueness_findings(sheet, sizes), same_recipe_findings(sheet), split_findings(sheet, sizes))
