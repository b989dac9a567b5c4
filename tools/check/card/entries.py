"""What the rules for a header share: the values of a key with their nodes, their lines, and edits of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from tools.check.card.read import Card
from tools.check.card.vocabulary import vocabulary
from tools.check.findings import Edit

TEXT = "tag:yaml.org,2002:str"
NULL = "tag:yaml.org,2002:null"
MOST_ENTRIES = 2000  # the cards of the Hub with most languages have some hundreds
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9][A-Za-z0-9<.+_-]*")


@dataclass(frozen=True)
class Entry:
    """A scalar below a key: the key as it is written, the text as it is written (its value, where it is text)."""

    key: str
    text: str
    node: yaml.ScalarNode

    @property
    def is_text(self) -> bool:
        """Whether YAML reads it as text, and not as a number, a date, true, false or nothing."""
        return self.node.tag == TEXT


def spellings(key: str) -> list[str]:
    """Return a key and its old names."""
    return [key, *(old for old, new in vocabulary().renamed_keys.items() if new == key)]


def nodes_of(card: Card, key: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Yield (key as written, its node, the node of its value) for a top-level key under its name and its old names."""
    names = spellings(key)
    for key_node, value in card.root.value if card.root else ():
        if isinstance(key_node, yaml.ScalarNode) and key_node.value in names:
            yield key_node.value, key_node, value


def entries(card: Card, key: str) -> Iterator[Entry]:
    """Yield the scalars below a top-level key: its value, the items of its list, or those of the lists by config.

    Of a list that is longer than any of a card, the beginning: each word is compared with a whole vocabulary.
    """
    yield from itertools.islice(_entries(card, key), MOST_ENTRIES)


def _entries(card: Card, key: str) -> Iterator[Entry]:
    for written, _, node in nodes_of(card, key):
        parts = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else [node]
        for part in parts:
            for item in part.value if isinstance(part, yaml.SequenceNode) else [part]:
                if isinstance(item, yaml.ScalarNode):
                    yield Entry(written, item.value, item)


def texts(card: Card, key: str) -> list[Entry]:
    """Return the entries of a key that are text with something in it."""
    return [entry for entry in entries(card, key) if entry.is_text and entry.text.strip()]


def line_of(card: Card, node: yaml.Node) -> int:
    """Return the line of the file at which a node begins."""
    return card.line_at(card.header_start + node.start_mark.index)


def rewrite(card: Card, node: yaml.Node, new: str) -> Edit | None:
    """Return the edit that writes `new` where a scalar stands, quoted as it is; None where that is not plain to do."""
    start, end = card.header_start + node.start_mark.index, card.header_start + node.end_mark.index
    written = card.text[start:end]
    if not isinstance(node, yaml.ScalarNode) or not _NEEDS_NO_QUOTES.fullmatch(new):
        return None
    if written == node.value and not node.style:
        return Edit(card.offset_at(start), card.bytes_of(start, end), new.encode())
    if len(written) >= 2 and written[0] == written[-1] and written[0] in "'\"" and written[1:-1] == node.value:
        return Edit(card.offset_at(start + 1), card.bytes_of(start + 1, end - 1), new.encode())
    return None


def in_quotes(card: Card, node: yaml.ScalarNode) -> Edit | None:
    """Return the edit that puts a plain scalar in quotes, so that it is text."""
    start, end = card.header_start + node.start_mark.index, card.header_start + node.end_mark.index
    written = card.text[start:end]
    if node.style or written != node.value or not written or not re.fullmatch(r"[^\s'\"\\]+", written):
        return None
    return Edit(card.offset_at(start), card.bytes_of(start, end), f'"{written}"'.encode())
