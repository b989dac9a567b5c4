"""Checks a whole dataset card: its header, its text, and what the two say of each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.check.card.body_check import body_findings
from tools.check.card.header_check import header_findings
from tools.check.card.read import read_card
from tools.check.findings import Finding


def check_card(name: str, content: bytes, folder: Path | None = None) -> Iterator[Finding]:
    """Yield what is wrong with a card.

    `name` is what findings call it, `content` its bytes; `folder`, where it is given, holds the files that the card
    speaks of. Never raises for what a card holds.
    """
    card = read_card(name, content, folder)
    yield from header_findings(card)
    if card.unreadable is None:
        yield from body_findings(card)
