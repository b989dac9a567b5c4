"""Finds one name that a card spells in two ways: a letter is doubled in one only, or two neighbours changed places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tools.check.card.body_text import Body
from tools.check.card.rules_body import NAME_TWICE
from tools.check.findings import Finding, quote

_ADDRESS = re.compile(r"[a-z]{2,10}://[^\s)>\]]*|[\w.+-]{1,64}@[\w.-]{1,100}")
# Names of things, not words: with a capital inside, or in code with an underscore.
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_CAMEL = re.compile(r"[a-z][A-Z]")
_SNAKE = re.compile(r"(?<!\w)[a-z]+(?:_[a-z]+)+(?!\w)")
_CODE_SPAN = re.compile(r"`([^`\n]{1,200})`")
_EXPLAINS = re.compile(r"spell|spelt|misspel|typo|\bsic\b|\balias|renamed|formerly|old name|also called", re.IGNORECASE)
_SHORTEST = 8  # letters: shorter names differ by a letter on purpose
_LONG = 10  # letters: from here on, two that changed places are taken for a slip
_MOST = 400  # different names that are compared with each other


def names_twice(body: Body) -> Iterator[Finding]:
    """Yield pairs of names that are one name with a slip of the keys, at the first place of the rarer spelling."""
    places, counts = _names(body)
    for one, other in _pairs(sorted(places)):
        if any(one in text and other in text and _EXPLAINS.search(text) for text in body.lines):
            continue
        rare, common = sorted((one, other), key=lambda name: (counts[name], -places[name], name))
        message = (
            f"one name is spelt in two ways, expected one, got {quote(rare)} ({_times(counts[rare])}) and "
            f"{quote(common)} ({_times(counts[common])}, first on line {places[common]})"
        )
        yield NAME_TWICE.at(body.name, message, line=places[rare], value=rare)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _names(body: Body) -> tuple[dict[str, int], Counter[str]]:
    """Return the line on which each name is first, and how often it stands in the text, BibTeX and addresses aside."""
    places: dict[str, int] = {}
    counts: Counter[str] = Counter()
    bibtex = {
        block.line + nth
        for block in body.blocks
        if block.kind == "code" and block.text.lstrip().startswith("@")
        for nth in range(block.text.count("\n") + 1)
    }
    for line, text in body.numbered():
        if line in bibtex:
            continue
        text = _ADDRESS.sub(" ", text[:20_000])
        found = [word for word in _WORD.findall(text) if _CAMEL.search(word)] if _CAMEL.search(text) else []
        for span in [text] if line in body.code_lines else _CODE_SPAN.findall(text):
            found += _SNAKE.findall(span)
        for name in found:
            if len(name) >= _SHORTEST:
                places.setdefault(name, line)
                counts[name] += 1
    kept = dict(sorted(places.items(), key=lambda item: item[1])[:_MOST])
    return kept, counts


def _pairs(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs that are one name; only what has the same letters, each counted once, can be."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        alike.setdefault(tuple(sorted(set(name.casefold()))), []).append(name)
    for group in alike.values():
        for nth, one in enumerate(group):
            yield from ((one, other) for other in group[nth + 1 :] if _one_name(one, other))


def _one_name(one: str, other: str) -> bool:
    """Whether two names differ by a slip: letters that are doubled, or neighbours that changed places.

    A letter more or less, or exchanged, makes another name (event, events; encoder, decoder), and so do numbers and
    capitals.
    """
    single, other_single = _single(one).casefold(), _single(other).casefold()
    one, other = one.casefold(), other.casefold()
    if one == other or single == other_single:
        return one != other
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    swapped = one[:start] + one[start : start + 2][::-1] + one[start + 2 :]
    return len(one) >= _LONG and start > 0 and swapped == other and one[start : start + 2].isalpha()


def _single(name: str) -> str:
    """Return a name without doubled letters; two that meet where a word begins, as in bundledDependency, are none."""
    return re.sub(r"([a-z])\1+", r"\1", name)
