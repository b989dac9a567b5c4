"""Checks a sheet: every SH rule that needs no file but the sheet itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.check.findings import Finding
from tools.check.sheet.columns import column_findings
from tools.check.sheet.read import Sheet, read_sheet_file
from tools.check.sheet.rows import id_findings, row_findings

SIZES = ("small", "medium", "large")


def check_sheet(path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a sheet, whatever its name; never raises for what the file holds or is."""
    sheet, findings = read_sheet_file(path.name, path)
    yield from findings
    if sheet:
        yield from sheet_findings(sheet)


def sheet_findings(sheet: Sheet, sizes: Sequence[str] = SIZES) -> Iterator[Finding]:
    """Yield what is wrong with the rows of a sheet that could be read."""
    yield from row_findings(sheet)
    yield from column_findings(sheet)
    for size in sizes:
        yield from id_findings(sheet.of_size(size))
