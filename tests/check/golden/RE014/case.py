"""RE014: a repository is larger than the Hub recommends."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from tests.check.repos import checked
from tools.check.findings import Finding


def bad_files(data_dir: Path) -> list[Finding]:
    with patch("tools.check.repo.tree.MOST_FILES", 3):
        return checked(data_dir, {f"{number}.md": "" for number in range(3)})


def bad_file(data_dir: Path) -> list[Finding]:
    with (data_dir / "giant.bin").open("wb") as file:
        file.truncate(50 * 10**9 + 1)
    return checked(data_dir, {})


def good(data_dir: Path) -> list[Finding]:
    with patch("tools.check.repo.tree.MOST_FILES", 3):
        return checked(data_dir, {f"{number}.md": "" for number in range(2)})
