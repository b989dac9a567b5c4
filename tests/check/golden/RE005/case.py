"""RE005: a row group is too large for the dataset viewer."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from tests.check.repos import checked_rows, large_images
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    with (
        patch("tools.check.repo.shards.VIEWER_BYTES", 3_000_000),
        patch("tools.check.repo.shards.GROUP_BYTES", 2_000_000),
    ):
        return checked_rows(data_dir, large_images(), write_page_index=False)


def good(data_dir: Path) -> list[Finding]:
    """With a page index the viewer can read a part of a row group."""
    with (
        patch("tools.check.repo.shards.VIEWER_BYTES", 3_000_000),
        patch("tools.check.repo.shards.GROUP_BYTES", 2_000_000),
    ):
        return checked_rows(data_dir, large_images())


def good_groups(data_dir: Path) -> list[Finding]:
    with patch("tools.check.repo.shards.VIEWER_BYTES", 3_000_000):
        return checked_rows(data_dir, large_images(), write_page_index=False, row_group_size=5)
