"""RE007: Parquet files have no page index."""

from __future__ import annotations

from pathlib import Path

from tests.check.repos import checked, checked_rows, images, write_parquet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    for name in ("a", "b"):
        write_parquet(data_dir / f"data/{name}.parquet", images(), write_page_index=False)
    return checked(data_dir, {})


def good(data_dir: Path) -> list[Finding]:
    return checked_rows(data_dir, images())


def good_empty(data_dir: Path) -> list[Finding]:
    """A file without a row has nothing to point at."""
    return checked_rows(data_dir, [], write_page_index=False)
