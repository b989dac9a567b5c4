"""Reads a dataset card: in go its bytes, out comes a Card with its text, its header and what kept it from being read.

The reading is lenient where readers differ (a byte-order mark, blanks beside a fence), so that one fault does not hide
the others; each such fault is kept for the rules to report.
"""

from __future__ import annotations

import bisect
import codecs
import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.check.card import tree
from tools.check.secrets import masked

LARGEST_CARD = 10**7  # bytes; the longest cards of the Hub have a tenth of it
MOST_KEYS = 1000  # at the top of a header; cards have some fifteen
_LINE_END = re.compile(r"\r\n?|\n")  # as CommonMark has it
# As the Hub reads it (huggingface_hub.repocard.REGEX_YAML_BLOCK), and what a person meant who missed that by blanks.
_OPENING = re.compile(r"(?P<mark>\ufeff?)(?P<before>\s*)---(?P<after>[ \t]*)(?P<end>\r\n?|\n|\Z)")
_CLOSING = re.compile(r"(?:\r\n?|\n)(?P<dashes>---)(?P<after>[ \t]*)(?P<end>\r\n?|\n|\Z)")
# The Hub does not take this for a second fence and looks for another; where there is none, the header is empty.
_CLOSING_AT_ONCE = re.compile(r"(?P<dashes>---)(?P<after>[ \t]*)(?P<end>\r\n?|\n|\Z)")
_KEY = re.compile(r"\s*[a-z][a-z0-9_-]*:(\s|\Z)")


@dataclass(frozen=True)
class Fence:
    """A fence of a header: where its three dashes stand, and the blanks that stand where none may."""

    start: int
    before: str
    after: str
    line_end: str

    @property
    def end(self) -> int:
        """The index behind its three dashes."""
        return self.start + 3


@dataclass(frozen=True)
class Card:
    """A card: indexes are of characters of `text`, offsets of bytes of `content`, lines begin at 1.

    `text` stands for every byte of the file: what is not UTF-8 is a lone surrogate in it (surrogateescape), and a
    byte-order mark is its first character. `unreadable` says why the card as a whole cannot be read; then `text` is
    empty. `header` is the mapping of the header, as `yaml.safe_load` has it, and `root` its node; both are None where
    there is none or `problem` says why it cannot be read. `folder` holds the files that the card speaks of.
    """

    name: str
    content: bytes
    text: str
    folder: Path | None = None
    unreadable: str | None = None
    opening: Fence | None = None
    closing: Fence | None = None
    body_start: int = 0
    root: yaml.MappingNode | None = None
    header: dict[Any, Any] | None = None
    problem: tree.TreeError | None = None

    @property
    def body(self) -> str:
        """The text below the header; all of it where there is no header."""
        return self.text[self.body_start :]

    @property
    def body_line(self) -> int:
        """The line at which the body begins."""
        return self.line_at(self.body_start)

    @functools.cached_property
    def lines(self) -> list[int]:
        """The index at which each line begins."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    @functools.cached_property
    def line_offsets(self) -> list[int]:
        """The offset at which each line begins."""
        offsets, last, offset = [], 0, 0
        for index in self.lines:
            offset += len(self.bytes_of(last, index))
            offsets.append(offset)
            last = index
        return offsets

    def bytes_of(self, start: int, end: int) -> bytes:
        """Return the bytes between two indexes."""
        return self.text[start:end].encode("utf-8", "surrogateescape")

    def line_at(self, index: int) -> int:
        """Return the line in which an index is."""
        return bisect.bisect_right(self.lines, index)

    def offset_at(self, index: int) -> int:
        """Return the offset of an index."""
        line = self.line_at(index) - 1
        return self.line_offsets[line] + len(self.bytes_of(self.lines[line], index))

    @property
    def header_start(self) -> int:
        """The index at which the YAML of the header begins, to which the marks of nodes are relative."""
        return self.opening.end + len(self.opening.after) + len(self.opening.line_end) if self.opening else 0

    def line_of(self, *path: str | int) -> int | None:
        """Return the line of the key (or list item) at a path in the header, such as ("configs", 0, "default")."""
        found = tree.lookup(self.root, path)
        return self.line_at(self.header_start + found[0].start_mark.index) if found else None


def read_card(name: str, content: bytes, folder: Path | None = None) -> Card:
    """Read a card from its bytes; never raises for what they are."""
    unreadable = _unreadable(content)
    text = "" if unreadable else content.decode("utf-8", "surrogateescape")
    opening, closing = _fences(text)
    if opening is None or closing is None:
        return Card(name, content, text, folder, unreadable, opening)
    start = opening.end + len(opening.after) + len(opening.line_end)
    body_start = closing.end + len(closing.after) + len(closing.line_end)
    card = functools.partial(Card, name, content, text, folder, None, opening, closing, body_start)
    try:
        # As long as what is written, but without bytes that are not UTF-8, which have a rule of their own, and without
        # secrets, so that no message quotes one.
        yaml_text = re.sub(r"[\ud800-\udfff]", "\ufffd", text[start : closing.start])
        root = tree.compose(masked(yaml_text))
        if root is None:
            return card(header={})
        if not isinstance(root, yaml.MappingNode):
            what = "a list" if isinstance(root, yaml.SequenceNode) else "one value"
            raise tree.TreeError("type", f"the header is {what}, expected keys with values", 0)
        if len(root.value) > MOST_KEYS:
            raise tree.TreeError("size", f"the header has {len(root.value):,} keys, expected at most {MOST_KEYS:,}", 0)
        return card(root=root, header=tree.construct(root))
    except tree.TreeError as problem:
        return card(problem=problem)


def _unreadable(content: bytes) -> str | None:
    if len(content) > LARGEST_CARD:
        return f"the card has more than {LARGEST_CARD:,} bytes, expected fewer"
    if not content.removeprefix(codecs.BOM_UTF8).strip():
        return "the card is empty, expected a header and a text"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "the card is UTF-16, expected UTF-8"
    if b"\0" in content[:4096]:
        return "the card holds NUL bytes, expected text in UTF-8"
    return None


def _fences(text: str) -> tuple[Fence | None, Fence | None]:
    first = _OPENING.match(text)
    if not first:
        return None, None
    opening = Fence(first.end("before"), first["mark"] + first["before"], first["after"], first["end"])
    last = _CLOSING.search(text, first.end()) or _CLOSING_AT_ONCE.match(text, first.end())
    if last:
        return opening, Fence(last.start("dashes"), "", last["after"], last["end"])
    # A line of dashes alone may be a rule above the text; a key below it makes it a header that was meant.
    return (opening, None) if _KEY.match(text, first.end()) else (None, None)
