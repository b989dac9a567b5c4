"""SH020: a SHA-256 is not 64 hexadecimal digits."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return broken_cells(data_dir, sha256=["0" * 63, "0" * 64, "A" * 64], sha256_cropped=["g" * 64, "md5:1"])


def good(data_dir: Path) -> list[Finding]:
    """Capitals are hexadecimal, too, and an empty cell claims nothing."""
    return broken_cells(data_dir, sha256=["0" * 64, "AbCdEf" + "9" * 58, ""], sha256_cropped=["f" * 64])
