"""Compares the numbers in the text of a card with the counts of its header (dataset_info); in go both, out findings."""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.check.card.body_text import Block, Body, line_finder
from tools.check.card.rules_body import COUNT_DIFFERS
from tools.check.findings import Finding, quote

_NOUN = (
    r"(?:images?|pictures?|photos?|photographs?|portraits?|faces|examples?|rows?|samples?|instances?|records?"
    r"|data points?|entries)"
)
_ABOUT = r"(?:about|around|approximately|roughly|nearly|almost|some|circa|~|≈)"
_OVER = r"(?:over|more than|at least|above|>)"
_DIGITS = r"\d{1,3}(?:,\d{3})+|\d{1,12}(?:\.\d{1,3})?"
_NUMBER = (
    rf"(?:(?P<about>{_ABOUT})\s?|(?P<over>{_OVER})\s?)?(?<![\w.,/-])"
    rf"(?P<number>{_DIGITS})(?P<unit>\s?[KkM]\b|\s(?:thousand|million)\b)?"
)
# Between a number and its noun stand words, but none that begins another phrase, and no second number.
_WORDS = r"(?:(?!(?:and|or|in|of|with|from|for|to|on|by|at|as|are|is|per|x|\d+)\s)[\w-]{1,30}\s){0,3}?"
_THINGS = rf"{_NUMBER}\s{_WORDS}{_NOUN}\b"
_DATA = r"(?:dataset|data set|corpus|collection|database|benchmark|repository)"
_HOLDS = (
    r"(?:contains?|consists? of|comprises?|includes?|holds?|provides?|offers?|has|is (?:composed|made up) of)"
    r"\s(?:a total of\s)?"
)
# How a text counts the whole: each has the number and its noun.
_WHOLE = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        rf"\b(?:{_DATA}|it)\b[^.;:!?]{{0,40}}?\b{_HOLDS}{_THINGS}",
        rf"\b{_DATA}\b[^.;:!?]{{0,40}}?\b(?:with|of)\s{_THINGS}",
        rf"^\s*with\s{_THINGS}",
        rf"\bwith\s{_THINGS}(?=,?\s\(?(?:{_DIGITS})\s(?:in|for)\s)",
        rf"\bthere (?:are|is)\s{_THINGS}(?=\s*(?:[.,;!]|$|in (?:total|all)\b|in (?:the|this|our) {_DATA}\b))",
        rf"\b{_DATA}\b[^.;:!?]{{0,80}}:\s{_THINGS}(?![^.;:!?]*\d)",
    )
)
# "The 12 rows of `dataset_sheet.csv`": of what they are is often code, and is looked for where code is not blank.
_THE = re.compile(rf"\bthe\s{_THINGS}", re.IGNORECASE)
_OF_DATA = re.compile(
    rf"\s(?:of|in)\s(?:(?:the|this|our)\s)?(?:[\w.-]{{1,30}}[\s_.-])?(?:{_DATA}|metadata)", re.IGNORECASE
)
# A sentence that says that a model learnt, or that names what others made, counts other data.
_OTHER_DATA = re.compile(
    r"\b(?:(?:pre-?)?trained|evaluated|tested|validated|compared|combined|augmented|used"
    r"|(?:drawn|taken|sampled) from)\b",
    re.IGNORECASE,
)
_ANY = re.compile(_THINGS, re.IGNORECASE)
_CELL = re.compile(rf"(?:{_NUMBER})\s{_WORDS}{_NOUN}\b(?!\s(?:per|each|a|an|of|for)\b)", re.IGNORECASE)
# A sentence with one of these speaks of a part, of another dataset, or of what was or will be.
_PART = re.compile(
    r"\b(?:each|every|per|other|another|previous|original|originally|raw|filter\w*|select\w*|out of|subset|folds?"
    r"|first|last|older|earlier|will|future|plan\w*|version|compared|whereas|while|up to|unlabel\w*|unique"
    r"|different)\b",
    re.IGNORECASE,
)
_SPLIT_WORD = re.compile(r"\bsplits?\b", re.IGNORECASE)
# How texts call the splits that the Hub knows by these names.
_SPLIT_NAMES = {
    "train": r"train(?:ing)?",
    "validation": r"(?:validation|val|dev|development)",
    "test": r"test(?:ing)?",
}
_UNITS = {"k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6}
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,12}")
_COUNTED = re.compile(r"\b(?:num_examples|examples|images|pictures|rows|samples|instances|count)\b", re.IGNORECASE)
_NAMED = re.compile(r"(\S{1,200})\s?\([^()]*\)")  # "small (default)"
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

    @functools.cached_property
    def totals(self) -> list[int]:
        """The numbers of examples of each config, and of all together."""
        return sorted({sum(self.of.values()), *(sum(self.config(name)) for name in self.configs)})

    @functools.cached_property
    def sums(self) -> list[int]:
        """Every number that a text may mean: of splits, of several of a config, of configs, of all."""
        found = set(self.of.values()) | {sum(self.of.values())}
        for name in self.configs:
            counts = self.config(name)[:8]
            found |= {sum(some) for n in range(1, len(counts) + 1) for some in itertools.combinations(counts, n)}
        for split in {split for _, split in self.of}:
            found.add(sum(count for (_, other), count in self.of.items() if other == split))
        return sorted(found)


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
    claims = _split_claims({split for _, split in counts.of if len(split) <= 100})
    for block in body.blocks:
        if block.kind == "text":
            yield from _stated(body, block, counts, claims)
        elif block.kind == "row" and block.head and block.cells != block.head:
            yield from _tabled(body, block, counts)


def _split_claims(splits: set[str]) -> dict[str, tuple[re.Pattern[str], ...]]:
    """Return for each split the patterns of "the test split has 9 rows", "9 rows for testing" and "9 in test".

    The last names no noun; it is looked for behind an opening bracket, a comma, a colon or "and".
    """
    claims = {}
    for split in sorted(splits)[:20]:
        name = _SPLIT_NAMES.get(split, re.escape(split))
        part = r"(?:split|set|subset|fold|partition|portion|data)"
        end = rf"(?=\s?(?:[.,;)!]|$)|\s+and\s+(?:{_DIGITS})|\n|\s{part}\b)"
        within = r"(?:in|for)\s(?:the\s)?"
        inside = rf"{name}(?:\s{part})?{end}"
        words = (
            rf"\b{name}\s{part}\s(?:\w{{2,12}}\s)?{_HOLDS}{_THINGS}(?!\s(?:of|per|with|where|whose|from|that)\b)",
            rf"{_THINGS}\s{within}{inside}",
            rf"(?:[,(:;]\s?|\band\s){_NUMBER}\s(?:{within})?{inside}",
        )
        claims[split] = tuple(re.compile(word, re.IGNORECASE) for word in words)
    return claims


def _stated(
    body: Body, block: Block, counts: Counts, claims: dict[str, tuple[re.Pattern[str], ...]]
) -> Iterator[Finding]:
    position = 0
    line_at = line_finder(block.said, block.line)
    for sentence in re.split(r"(?<=[.!?])\s", block.said):
        start = block.said.index(sentence, position)
        position = start + len(sentence)
        said = sentence[:2000]
        if not any(character.isdigit() for character in said) or _PART.search(sentence):
            continue
        of_splits = list(_of_splits(said, claims))
        wrong = list(_wrong_splits(of_splits, counts))
        wrong += _wrong_whole(
            said, block.text[start:position], counts, {match.start("number") for match, _ in of_splits}
        )
        for match, expected in wrong:
            number = match[0][match.start("number") - match.start() :]
            message = f"the text counts {quote(number)}, expected {expected}"
            line = line_at(start + match.start("number"))
            yield COUNT_DIFFERS.at(body.name, message, line=line, value=number)


def _wrong_whole(said: str, text: str, counts: Counts, taken: set[int]) -> Iterator[tuple[re.Match[str], str]]:
    """Yield the first number of a sentence that claims to be of the whole, unless a number of its things is right."""
    if _SPLIT_WORD.search(said):
        return
    matches = [match for pattern in _WHOLE for match in pattern.finditer(said) if not _OTHER_DATA.search(match[0])]
    matches += [match for match in _THE.finditer(said) if _OF_DATA.match(text, match.end())]
    matches = [match for match in matches if match.start("number") not in taken]
    if (
        not matches
        or any(_agrees(match, counts.sums) for match in matches)
        or any(_agrees(match, counts.totals) for match in _ANY.finditer(said))  # faces in so many images
    ):
        return
    shown = _several(sorted(set(counts.of.values())))
    expected = f"a count of the header, whose splits have {shown} examples, {sum(counts.of.values()):,} in all"
    yield min(matches, key=lambda match: match.start("number")), expected


def _of_splits(said: str, claims: dict[str, tuple[re.Pattern[str], ...]]) -> Iterator[tuple[re.Match[str], str]]:
    """Yield each number that a sentence says of a split, with the split.

    A number without a noun counts examples only where the number before it does: in "1,500 images of 10 people, 2 in
    test" the last is of people.
    """
    known = {match.start("number") for match in _ANY.finditer(said)}
    numbers = [match.start() for match in re.finditer(_DIGITS, said)]
    found = [
        (match, split, nth == 2)
        for split, patterns in claims.items()
        for nth, pattern in enumerate(patterns)
        for match in pattern.finditer(said)
        if not _OTHER_DATA.search(match[0])
    ]
    seen = set()
    for match, split, bare in sorted(found, key=lambda claim: (claim[0].start("number"), claim[2])):
        place = match.start("number")
        before = max((number for number in numbers if number < place), default=-1)
        if place in seen or (bare and before not in known):
            continue
        seen.add(place)
        known.add(place)
        yield match, split


def _wrong_splits(found: list[tuple[re.Match[str], str]], counts: Counts) -> Iterator[tuple[re.Match[str], str]]:
    """Yield the numbers said of a split that are neither its count in a config nor that in all of them."""
    for match, split in found:
        of_split = [count for (_, name), count in counts.of.items() if name == split]
        if not _agrees(match, sorted({*of_split, sum(of_split)})):
            yield match, f"{_several(sorted(set(of_split)))} as the header has for the split {quote(split)}"


def _agrees(match: re.Match[str], counts: list[int]) -> bool:
    """Whether one of ascending counts can be meant, exactly or by half of the last digit that is no rounding zero."""
    digits = match["number"].replace(",", "")
    scale = _UNITS.get((match["unit"] or "").strip().lower(), 1)
    value = float(digits) * scale
    if match["over"]:
        return _one_within(counts, value * (1 - _SPREAD), value * 3)
    whole, _, fraction = digits.partition(".")
    zeros = len(whole) - len(whole.rstrip("0")) if not fraction else -len(fraction)
    slack = 10.0**zeros * scale / 2 if zeros or scale > 1 else 0.0
    if scale == 1:  # 2,000 may stand for 1,950, but not for 1,500
        slack = min(slack, value * _SPREAD)
    if match["about"]:
        slack = max(slack, value * _SPREAD)
    return _one_within(counts, value - slack, value + slack)


def _one_within(counts: list[int], low: float, high: float) -> bool:
    place = bisect.bisect_left(counts, low)
    return place < len(counts) and counts[place] <= high


def _tabled(body: Body, block: Block, counts: Counts) -> Iterator[Finding]:
    named = _NAMED.fullmatch(block.cells[0])
    name = named[1] if named else block.cells[0]
    for head, cell in zip(block.head[1:], block.cells[1:], strict=False):
        match = _COUNT.fullmatch(cell) or _CELL.match(cell)
        if not match:
            continue
        bare = match.re is _COUNT
        if (name, head) in counts.of:
            allowed = {counts.of[name, head]}
        elif _NOT_COUNTED.search(head) or (bare and not _COUNTED.search(head)) or _PART.search(cell):
            continue
        elif name in counts.configs:
            allowed = {sum(counts.config(name)), *counts.config(name)}
        elif len(counts.configs) == 1 and any(split == name for _, split in counts.of):
            allowed = {count for (_, split), count in counts.of.items() if split == name}
        else:
            continue
        if not (int(cell.replace(",", "")) in allowed if bare else _agrees(match, sorted(allowed))):
            message = (
                f"the table counts {quote(match[0])} under {quote(head)} for {quote(name)}, expected "
                f"{_several(sorted(allowed))} as in the header"
            )
            yield COUNT_DIFFERS.at(body.name, message, line=block.line, value=match[0])


def _several(numbers: list[int]) -> str:
    shown = [f"{number:,}" for number in numbers[:4]]
    return " or ".join(shown) + (" or more" if len(numbers) > 4 else "")
