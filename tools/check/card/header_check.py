"""Checks the YAML header of a card: whether it can be read, and then each part of it."""

from __future__ import annotations

from collections.abc import Iterator

from tools.check.card.header_configs import config_findings
from tools.check.card.header_files import info_files
from tools.check.card.header_info import info_findings
from tools.check.card.header_keys import key_findings
from tools.check.card.header_text import text_findings
from tools.check.card.header_values import value_findings
from tools.check.card.read import Card
from tools.check.findings import Finding


def header_findings(card: Card) -> Iterator[Finding]:
    """Yield what is wrong with a card as a file and with its header; never raises for what they hold."""
    yield from text_findings(card)
    if card.root is not None:
        yield from key_findings(card)
        yield from value_findings(card)
        yield from config_findings(card)
        yield from info_findings(card)
        yield from info_files(card)
