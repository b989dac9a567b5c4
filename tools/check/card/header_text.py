"""The rules for a card as a file: its encoding, the fences of its header, and whether that is YAML."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

import yaml

from tools.check.card import tree
from tools.check.card.entries import line_of
from tools.check.card.read import Card, Fence
from tools.check.card.rules_header import (
    BEFORE_HEADER,
    FENCES,
    NO_HEADER,
    NOT_UTF8,
    NOT_YAML,
    TOO_LARGE,
    TWICE,
    UNCLOSED,
    UNREADABLE,
)
from tools.check.findings import Edit, Finding, quote

_ALMOST_CLOSING = re.compile(r"^[ \t]*(?:-{2,}|\.{3}|[\u2013\u2014]+)[ \t]*$", re.MULTILINE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def text_findings(card: Card) -> Iterator[Finding]:
    """Yield what keeps a card or its header from being read."""
    rules: tuple[Callable[[Card], Iterator[Finding]], ...] = (
        unreadable, not_utf8, no_header, fences, before_header, unclosed, problem, twice,
    )  # fmt: skip
    for rule in rules:
        yield from rule(card)


def unreadable(card: Card) -> Iterator[Finding]:
    """CA001: empty, UTF-16, binary or too large."""
    if card.unreadable:
        yield UNREADABLE.at(card.name, card.unreadable)


def not_utf8(card: Card) -> Iterator[Finding]:
    """CA002: the first byte that is not UTF-8."""
    if found := _SURROGATE.search(card.text):
        byte = ord(found[0]) - 0xDC00
        message = f"the byte 0x{byte:02x} at offset {card.offset_at(found.start()):,} is not UTF-8, expected UTF-8"
        yield NOT_UTF8.at(card.name, message, line=card.line_at(found.start()), value=f"0x{byte:02x}")


def no_header(card: Card) -> Iterator[Finding]:
    """CA003: no header, or one with nothing in it."""
    if card.unreadable or card.problem:
        return
    if card.opening is None:
        yield NO_HEADER.at(card.name, "the card has no header, expected one between two lines of ---", line=1)
    elif card.closing and card.root is None:
        message = "the header is empty, expected keys such as license and language"
        yield NO_HEADER.at(card.name, message, line=card.line_at(card.opening.start))


def fences(card: Card) -> Iterator[Finding]:
    """CA004: a byte-order mark, blanks behind the dashes, a line end of the time before Unix."""
    if card.opening is None:
        return
    if card.text.startswith("\ufeff"):
        message = "a byte-order mark stands before the header, expected --- as the first three bytes"
        yield FENCES.at(card.name, message, line=1, value="\ufeff", edit=Edit(0, codecs.BOM_UTF8, b""))
    for name, fence in (("opening", card.opening), ("closing", card.closing)):
        if fence and fence.after:
            yield _blanks_after(card, name, fence)
        if fence and fence.line_end == "\r":
            message = f"the {name} fence ends in a carriage return alone, expected a line feed"
            hint = "Save the card with the line ends of Unix."
            yield FENCES.at(card.name, message, hint, line=card.line_at(fence.start), value="\r")


def _blanks_after(card: Card, name: str, fence: Fence) -> Finding:
    line = card.line_at(fence.start)
    message = f"blanks stand behind the {name} fence, expected a line of --- alone, got {quote('---' + fence.after)}"
    edit = Edit(card.offset_at(fence.end), fence.after.encode(), b"")
    return FENCES.at(card.name, message, line=line, value="---" + fence.after, edit=edit)


def before_header(card: Card) -> Iterator[Finding]:
    """CA005: blank lines or spaces before the header."""
    blanks = card.opening.before.removeprefix("\ufeff") if card.opening else ""
    if blanks and card.opening and card.closing:
        start = card.opening.start - len(blanks)
        message = f"blanks stand before the header, expected --- at the very beginning, got {quote(blanks)}"
        edit = Edit(card.offset_at(start), blanks.encode(), b"")
        yield BEFORE_HEADER.at(card.name, message, line=card.line_at(start), value=blanks, edit=edit)


def unclosed(card: Card) -> Iterator[Finding]:
    """CA006: a first fence, keys, and no second fence."""
    if card.opening is None or card.closing is not None:
        return
    message, value = "the header has no second fence, expected a line of --- behind its last key", None
    if found := _ALMOST_CLOSING.search(card.text, card.header_start):
        value = found[0]
        message += f", got {quote(value)} on line {card.line_at(found.start())}"
    yield UNCLOSED.at(card.name, message, line=card.line_at(card.opening.start), value=value)


def problem(card: Card) -> Iterator[Finding]:
    """CA007, CA008: what YAML says of the header, and what the bounds of a header say."""
    if card.problem is None:
        return
    index = card.header_start + (card.problem.index or 0)
    rule = TOO_LARGE if card.problem.kind == "size" else NOT_YAML
    yield rule.at(card.name, card.problem.message, line=card.line_at(index))


def twice(card: Card) -> Iterator[Finding]:
    """CA009: a key that stands twice in one mapping, at any depth."""
    if card.root is None:
        return
    for first, again in tree.duplicates(card.root):
        name = again.value if isinstance(again, yaml.ScalarNode) else ""
        message = f"the key {quote(name)} stands a second time, expected it once, got it on line"
        message += f" {line_of(card, first)}, too"
        yield TWICE.at(card.name, message, line=line_of(card, again), column=name, value=name)
