"""Cards of which one is longer than what is checked."""

from __future__ import annotations

from pathlib import Path

from tools.check.card.body_text import LONGEST_TEXT
from tools.check.card.check import check_card
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    """Yield what is found of a text that is too long."""
    del data_dir
    return list(check_card("README.md", b"---\nlicense: mit\n---\n" + b"wind\n" * (LONGEST_TEXT // 5 + 1)))


def good(data_dir: Path) -> list[Finding]:
    """Yield what is found of a text that is just not too long."""
    del data_dir
    return list(check_card("README.md", b"---\nlicense: mit\n---\n" + b"wind\n" * (LONGEST_TEXT // 5)))
