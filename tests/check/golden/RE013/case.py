"""RE013: a file or folder is over a limit of the Hub."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from tests.check.repos import checked
from tools.check.findings import Finding


def bad_folder(data_dir: Path) -> list[Finding]:
    with patch("tools.check.repo.tree.MOST_ENTRIES", 3):
        return checked(data_dir, {f"many/{number}.md": "" for number in range(4)})


def bad_file(data_dir: Path) -> list[Finding]:
    with patch("tools.check.repo.tree.LARGEST_FILE", 50_000):
        return checked(data_dir, {"notes.md": "a" * 50_001})


def good(data_dir: Path) -> list[Finding]:
    with patch("tools.check.repo.tree.MOST_ENTRIES", 3), patch("tools.check.repo.tree.LARGEST_FILE", 5000):
        return checked(data_dir, {f"many/{number}.md": "a" * 1000 for number in range(3)})


def good_sparse(data_dir: Path) -> list[Finding]:
    """A file of 500 GB is at the limit, not over it; it has no bytes on the disk here."""
    with (data_dir / "giant.bin").open("wb") as file:
        file.truncate(500 * 10**9)
    return checked(data_dir, {})
