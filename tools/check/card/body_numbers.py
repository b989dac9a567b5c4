"""Compares the numbers in the text of a card with the counts of its header (dataset_info); in go both, out findings."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.check.card.body_text import Block, Body, line_finder
from tools.check.card.rules_body import COUNT_DIFFERS
from tools.check.findings import Finding, quote

_NOUN = r"(?:images|pictures|photos|photographs|examples|rows|samples|instances|records|data points|entries)"
_ABOUT = r"(?:about|around|approximately|roughly|nearly|almost|some|circa|~|≈)"
_OVER = r"(?:over|more than|at least|above|>)"
_STATED = re.compile(
    r"\b(?:dataset|data set|corpus|collection|database|benchmark|it|repository)\b[^.;:!?]{0,40}?"
    r"\b(?:contains?|consists? of|comprises?|includes?|holds?|provides?|offers?|has)\s(?:a total of\s)?"
    rf"(?:(?P<about>{_ABOUT})\s?|(?P<over>{_OVER})\s?)?"
    r"(?P<number>\d{1,3}(?:,\d{3})+|\d{1,12}(?:\.\d{1,3})?)(?P<unit>\s?[KkM]\b|\s(?:thousand|million)\b)?"
    rf"\s(?:[\w-]{{1,30}}\s){{0,3}}?{_NOUN}\b",
    re.IGNORECASE,
)
# A sentence with one of these speaks of a part, of another dataset, or of what was or will be.
_PART = re.compile(
    r"\b(?:each|every|per|other|another|previous|original|originally|raw|filter\w*|select\w*|out of|subset|split|fold"
    r"|first|older|earlier|will|future|plan\w*|version|compared|whereas|while|up to|unlabel\w*|unique|different)\b",
    re.IGNORECASE,
)
_UNITS = {"k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6}
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,12}")
_COUNTED = re.compile(r"\b(?:num_examples|examples|images|pictures|rows|samples|instances|count)\b", re.IGNORECASE)
_NOT_COUNTED = re.compile(r"size|byte|class|label|per\b|average|mean|%|prompt", re.IGNORECASE)
_SPREAD = 0.1  # what "about" allows


@dataclass(frozen=True)
class Counts:
    """The number of examples of each split of each config, as the header has it."""

    of: dict[tuple[str, str], int]

    @property
    def configs(self) -> set[str]:
        """The names of the configs."""
        return {config for config, _ in self.of}

    def config(self, name: str) -> list[int]:
        """The counts of the splits of a config."""
        return [count for (config, _), count in self.of.items() if config == name]

    def sums(self) -> set[int]:
        """Every number that a text may mean: of splits, of several of a config, of configs, of all."""
        found = set(self.of.values()) | {sum(self.of.values())}
        for name in self.configs:
            counts = self.config(name)[:8]
            found |= {sum(some) for n in range(1, len(counts) + 1) for some in itertools.combinations(counts, n)}
        for split in {split for _, split in self.of}:
            found.add(sum(count for (_, other), count in self.of.items() if other == split))
        return found


def counts_of(header: dict[Any, Any]) -> Counts:
    """Return the counts that a header declares; what has another form than `datasets` writes is left out."""
    info = header.get("dataset_info")
    found = {}
    for entry in info if isinstance(info, list) else [info]:
        if not isinstance(entry, dict):
            continue
        splits = entry.get("splits")
        for split in splits if isinstance(splits, list) else ():
            name, number = (split.get("name"), split.get("num_examples")) if isinstance(split, dict) else (None, None)
            if isinstance(name, str) and type(number) is int:
                found[str(entry.get("config_name", "default")), name] = number
    return Counts(found)


def differing_counts(body: Body) -> Iterator[Finding]:
    """Yield the numbers of examples, in sentences and in tables, that no count of the header bears out."""
    counts = counts_of(body.header)
    if not counts.of:
        return
    for block in body.blocks:
        if block.kind == "text":
            yield from _stated(body, block, counts)
        elif block.kind == "row" and block.head and block.cells != block.head:
            yield from _tabled(body, block, counts)


def _stated(body: Body, block: Block, counts: Counts) -> Iterator[Finding]:
    position = 0
    line_at = line_finder(block.said, block.line)
    for sentence in re.split(r"(?<=[.!?])\s", block.said):
        start = block.said.index(sentence, position)
        position = start + len(sentence)
        match = _STATED.search(sentence[:2000])
        if not match or _PART.search(sentence):
            continue
        if not any(_agrees(match, count) for count in counts.sums()):
            number = match[0][match.start("number") - match.start() :]
            line = line_at(start + match.start("number"))
            total = sum(counts.of.values())
            message = (
                f"the text counts {quote(number)}, expected a count of the header, whose splits have "
                f"{_several(sorted(set(counts.of.values())))} examples, {total:,} in all"
            )
            yield COUNT_DIFFERS.at(body.name, message, line=line, value=number)


def _agrees(match: re.Match[str], count: int) -> bool:
    """Whether a count can be meant: exactly, or within half of the last digit that is not a rounding zero."""
    digits = match["number"].replace(",", "")
    scale = _UNITS.get((match["unit"] or "").strip().lower(), 1)
    value = float(digits) * scale
    if match["over"]:
        return value * (1 - _SPREAD) <= count <= value * 3
    whole, _, fraction = digits.partition(".")
    zeros = len(whole) - len(whole.rstrip("0")) if not fraction else -len(fraction)
    slack = 10.0**zeros * scale / 2 if zeros or scale > 1 else 0.0
    if match["about"]:
        slack = max(slack, value * _SPREAD)
    return abs(count - value) <= slack


def _tabled(body: Body, block: Block, counts: Counts) -> Iterator[Finding]:
    name, *cells = block.cells
    heads = block.head[1:]
    for head, cell in zip(heads, cells, strict=False):
        if not _COUNT.fullmatch(cell):
            continue
        if (name, head) in counts.of:
            allowed = {counts.of[name, head]}
        elif _NOT_COUNTED.search(head) or not _COUNTED.search(head):
            continue
        elif name in counts.configs:
            allowed = {sum(counts.config(name)), *counts.config(name)}
        elif len(counts.configs) == 1 and any(split == name for _, split in counts.of):
            allowed = {count for (_, split), count in counts.of.items() if split == name}
        else:
            continue
        if int(cell.replace(",", "")) not in allowed:
            message = (
                f"the table counts {quote(cell)} under {quote(head)} for {quote(name)}, expected "
                f"{_several(sorted(allowed))} as in the header"
            )
            yield COUNT_DIFFERS.at(body.name, message, line=block.line, value=cell)


def _several(numbers: list[int]) -> str:
    shown = [f"{number:,}" for number in numbers[:4]]
    return " or ".join(shown) + (" or more" if len(numbers) > 4 else "")
