"""RE006: a row group is larger than readers expect."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from tests.check.repos import checked_rows, large_images
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    with patch("tools.check.repo.shards.GROUP_BYTES", 2_000_000):
        return checked_rows(data_dir, large_images())


def good(data_dir: Path) -> list[Finding]:
    with patch("tools.check.repo.shards.GROUP_BYTES", 2_000_000):
        return checked_rows(data_dir, large_images(), row_group_size=5)
