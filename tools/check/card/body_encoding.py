"""Finds text of a card that is UTF-8 read as Windows-1252 ("mojibake"), and mends what can be turned back surely."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.check.card.body_text import LONGEST_LINE, Body
from tools.check.card.read import Card
from tools.check.card.rules_body import MOJIBAKE
from tools.check.findings import Edit, Finding, quote
from tools.check.secrets import masked

# The first byte of two or more in UTF-8, as Windows-1252, Windows-1251, Mac OS and DOS show it, and a second.
_SUSPECT = re.compile(r"[\u00c2-\u00f4\u0420\u0421\u221a\u251c\u0393\u03b3][^\x00-\x7f]")
_RUN = re.compile(r"[^\x00-\x7f]+")


@dataclass(frozen=True)
class _Line:
    """A line with wrong text: its number, and from where to where it is wrong, or the whole of what was meant."""

    number: int
    start: int
    end: int
    meant: str
    sure: bool
    signs: str = ""  # what the wrong runs were meant to be
    runs: int = 1  # how many wrong runs there are


def mojibake(body: Body) -> Iterator[Finding]:
    """Yield the places of wrongly decoded text; consecutive lines, such as those of a tree of files, are one place.

    ftfy judges what is wrong, line by line. An edit is made of runs of characters that are, as bytes of Windows-1252,
    UTF-8 without a fault, and that give back the same characters when they are read wrongly again. Letters in code are
    let be: they may be a sample of data that is so, and a card that shows it is right.
    """
    card = body.card
    if not _SUSPECT.search(card.text):
        return
    import ftfy.bad_codecs  # registers sloppy-windows-1252, in which every byte is a character, as in browsers

    ends = [*card.lines[1:], len(card.text)]
    lines = [
        (number, start, card.text[start : min(end, start + LONGEST_LINE)].rstrip("\r\n"))
        for number, (start, end) in enumerate(zip(card.lines, ends, strict=True), 1)
    ]
    # A letter such as Ã before a blank is often meant, so what ftfy thinks of such a line alone is not asked.
    lines = [(number, start, line) for number, start, line in lines if _SUSPECT.search(line)]
    judged = [(number, start, line, ftfy.fix_encoding(line)) for number, start, line in lines]
    proven = any(line != fixed for _, _, line, fixed in judged)
    group: list[_Line] = []
    for number, start, line, fixed in judged:
        wrong = _wrong(number, start, line, fixed) if proven else None
        if wrong is None or (number in body.code_lines and any(letter.isalpha() for letter in wrong.signs)):
            continue
        if group and not (group[-1].number + 1 == number and group[-1].sure and wrong.sure):
            yield _finding(card, group)
            group = []
        group.append(wrong)
    if group:
        yield _finding(card, group)


def _wrong(number: int, start: int, line: str, fixed: str) -> _Line | None:
    """Return what is wrong with a line: its runs, if they explain what ftfy says or ftfy is silent; else by ftfy."""
    for depth in (1, 2):
        runs = [(run, meant) for run in _RUN.finditer(line) if (meant := _decoded(run[0], depth)) is not None]
        if runs:
            parts, position = [], runs[0][0].start()
            for run, meant in runs:
                parts += [line[position : run.start()], meant]
                position = run.end()
            whole = "".join(parts)
            # Two letters of Western Europe can make one by chance, three characters and more do not.
            chance = any(len(run[0]) < 3 for run, _ in runs)
            if line[: runs[0][0].start()] + whole + line[position:] == fixed or (fixed == line and not chance):
                signs = "".join(meant for _, meant in runs)
                return _Line(number, start + runs[0][0].start(), start + position, whole, True, signs, len(runs))
    if fixed == line:
        return None
    first = next((i for i, (a, b) in enumerate(zip(line, fixed, strict=False)) if a != b), min(len(line), len(fixed)))
    return _Line(number, start + first, start + len(line), fixed[first:], False, fixed[first:])


def _decoded(run: str, depth: int) -> str | None:
    """Return a run of characters read as it was meant, so many times over; None where it is no such run."""
    meant = run
    for _ in range(depth):
        try:
            meant = meant.encode("sloppy-windows-1252").decode("utf-8")
        except ValueError:
            return None
    return meant


def _finding(card: Card, group: list[_Line]) -> Finding:
    first, last = group[0], group[-1]
    stands = card.text[first.start : first.end]
    begin = _RUN.search(stands)
    shown, meant = masked(stands), masked(first.meant)
    if first.sure and begin:
        shown = begin[0]
        meant = _decoded(shown, 1) or meant
    more = sum(line.runs for line in group) - 1
    rest = f" (and {more} more{f' to line {last.number}' if len(group) > 1 else ''})" if more else ""
    message = f"the text was decoded with the wrong encoding, expected {quote(meant)}, got {quote(shown)}{rest}"
    edit = None
    if first.sure:
        new, position = [], first.start
        for line in group:
            new += [card.bytes_of(position, line.start), line.meant.encode()]
            position = line.end
        edit = Edit(card.offset_at(first.start), card.bytes_of(first.start, last.end), b"".join(new))
    return MOJIBAKE.at(card.name, message, line=first.number, value=shown, edit=edit)
