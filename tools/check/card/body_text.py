"""The text of a card as the rules see it: blocks, sections, links and pictures, each with its line in the file."""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tools.check.card.read import Card

LONGEST_LINE = 20_000  # characters of a line that are parsed: an embedded picture is longer, and no sentence is
MOST_BRACKETS = 60_000  # opening ones: each may begin a link, and the parser looks for the end of each
LONGEST_TEXT = 500_000  # characters that are parsed: the longest cards fit, and hostile ones end in seconds
IMAGE = "\ufffc"  # stands for a picture in plain text


@dataclass(frozen=True)
class Block:
    """A piece of the text: a heading, a paragraph, a row of a table, code or HTML.

    `text` is plain, links and pictures are only what is read of them; in `said`, code spans are blank. A heading has a
    level, code the language that it claims, a row its cells and those of the table's head; `label` is the bold text
    that opens a paragraph.
    """

    kind: str
    text: str
    line: int
    level: int = 0
    language: str = ""
    cells: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    label: str = ""
    said: str = ""


@dataclass(frozen=True)
class Link:
    """A link or a picture (then `text` is its alternative text, None where it has none)."""

    target: str
    text: str | None
    line: int
    image: bool = False


@dataclass(frozen=True)
class Section:
    """A heading, the blocks below it up to the next heading, and all up to the next of its level or above."""

    heading: Block
    own: list[Block]
    all: list[Block]

    @property
    def text(self) -> str:
        """The plain text below the heading, without that of its subsections."""
        return "\n".join(block.text for block in self.own).strip()


@dataclass
class Body:
    """The text of a card; lines are those of the file."""

    card: Card
    lines: list[str]
    first_line: int
    blocks: list[Block] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """What findings call the card."""
        return self.card.name

    @property
    def header(self) -> dict[Any, Any]:
        """The header, empty where there is none that can be read."""
        return self.card.header or {}

    def listed(self, key: str) -> list[str]:
        """Return the words under a key of the header, whether it holds one, a list, or lists by config."""
        value = self.header.get(key)
        values = list(value.values()) if isinstance(value, dict) else [value]
        flat = [item for entry in values for item in (entry if isinstance(entry, list) else [entry])]
        return [item for item in flat if isinstance(item, str)]

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Yield each line with its number in the file."""
        yield from enumerate(self.lines, self.first_line)

    @functools.cached_property
    def sections(self) -> list[Section]:
        """Every heading with what stands below it."""
        found: list[Section] = []
        behind: list[tuple[int, int]] = []  # place and level of the headings behind, none below another's level
        own_end = end = len(self.blocks)
        for place in range(len(self.blocks) - 1, -1, -1):
            block = self.blocks[place]
            if block.kind != "heading":
                continue
            while behind and behind[-1][1] > block.level:
                behind.pop()
            until = behind[-1][0] if behind else end
            found.append(Section(block, self.blocks[place + 1 : own_end], self.blocks[place + 1 : until]))
            behind.append((place, block.level))
            own_end = place
        return found[::-1]

    def about(self, pattern: re.Pattern[str]) -> list[Section]:
        """Return the sections whose heading a pattern finds."""
        return [section for section in self.sections if pattern.search(section.heading.text)]

    @functools.cached_property
    def code_lines(self) -> set[int]:
        """The lines of blocks of code."""
        blocks = [block for block in self.blocks if block.kind == "code"]
        return {block.line + nth for block in blocks for nth in range(block.text.count("\n") + 1)}

    @functools.cached_property
    def prose(self) -> str:
        """All that is said in words: headings, paragraphs, tables and HTML, but no code."""
        return "\n".join(block.text for block in self.blocks if block.kind != "code")


def line_finder(text: str, first: int) -> Callable[[int], int]:
    """Return the function from an index of a text to its line, where the text begins on line `first`."""
    if "\n" not in text:
        return lambda index: first
    ends = [match.start() for match in re.finditer("\n", text)]
    return lambda index: first + bisect.bisect_left(ends, index)
