"""Cards that link to files, in a folder that holds some."""

from __future__ import annotations

from pathlib import Path

from tools.check.card.check import check_card
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    """Yield what is found of links to a missing file, a missing picture, and a file above the folder."""
    text = "[Sheet](sheet.csv), ![a vane](pictures/vane.png) and [notes](../notes.md), [sheet](sheet.csv#L2) again\n"
    return list(check_card("README.md", text.encode(), data_dir))


def good(data_dir: Path) -> list[Finding]:
    """Yield what is found of links to files that are there, and to what is no file of the folder."""
    (data_dir / "a b").mkdir()
    (data_dir / "a b" / "vane.png").write_bytes(b"")
    text = "![a vane](a%20b/vane.png?raw=1), [all](./a%20b/../), [a set](/datasets/a/b), [web](https://example.org/x.csv)\n"
    return list(check_card("README.md", text.encode(), data_dir))


def good_alone(data_dir: Path) -> list[Finding]:
    """Yield what is found where no folder is at hand: nothing is known of its files."""
    del data_dir
    return list(check_card("README.md", b"[Sheet](sheet.csv)\n"))
