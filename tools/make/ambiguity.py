"""Whether two choices of values read the same: the search that refuses such a grammar.

Two readers walk through the template side by side, each choosing a text for each part, so that what the one has read is
always the beginning of what the other has read. If both can come to the end with the same text and different values,
the grammar is ambiguous. What is left over on one side is short, so there are few states, however many prompts.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.make.grammar import Grammar, Values

MOST = 500_000  # states that are looked at; a grammar of 10,000 values has some ten thousand


class _Reader:
    """One of the two: how many parts it has read, and what it chose."""

    __slots__ = ("chosen", "index")

    def __init__(self, index: int = 0, chosen: tuple[tuple[str, str], ...] = ()) -> None:
        self.index, self.chosen = index, chosen

    def steps(self, grammar: Grammar) -> Iterator[tuple[str, _Reader]]:
        """Yield each text that may come next, with the reader that has read it."""
        part, values = grammar.parts[self.index], dict(self.chosen)
        if part.column in values:
            yield part.texts[values[part.column]], _Reader(self.index + 1, self.chosen)
            return
        for value, text in part.texts.items():
            chosen = (*self.chosen, (part.column, value)) if part.column else self.chosen
            yield text, _Reader(self.index + 1, chosen)

    def key(self, grammar: Grammar) -> tuple[object, ...]:
        """Return what decides how it can go on."""
        return self.index, tuple(pair for pair in self.chosen if pair[0] in grammar.remembered)


def clash(grammar: Grammar) -> tuple[Values, Values] | None:
    """Return two choices of values that read the same; None where there are none.

    Raises ValueError where that takes too long to find out.
    """
    # The reader that is behind comes first; `ahead` is what the other has read more.
    waiting: list[tuple[_Reader, _Reader, str]] = [(_Reader(), _Reader(), "")]
    seen = set()
    while waiting:
        behind, other, ahead = waiting.pop()
        same = behind.chosen == other.chosen and not ahead and behind.index == other.index
        key = (behind.key(grammar), other.key(grammar), ahead, same)
        if key in seen:
            continue
        seen.add(key)
        if len(seen) > MOST:
            raise ValueError("the tables and the template are too tangled to tell whether two prompts read the same")
        if behind.index == len(grammar.parts) == other.index:
            if not ahead and not same:
                found = dict(behind.chosen), dict(other.chosen)
                if not any(map(grammar.breach, found)):
                    return found
            continue
        waiting += _together(grammar, behind) if same else _apart(grammar, behind, other, ahead)
    return None


def _together(grammar: Grammar, reader: _Reader) -> Iterator[tuple[_Reader, _Reader, str]]:
    """Yield the states after one in which both have chosen the same: all pairs of next texts that begin alike."""
    steps = sorted(reader.steps(grammar), key=lambda step: step[0])
    column = grammar.parts[reader.index].column
    # Where nobody asks for the value later, one stands for all: they differ in nothing that is still to come.
    for _, after in steps if column in grammar.remembered else steps[:1]:
        yield after, after, ""
    for place, (text, after) in enumerate(steps):
        for longer, more in steps[place + 1 :]:  # sorted: those that begin with `text` come next
            if not longer.startswith(text):
                break
            yield after, more, longer[len(text) :]


def _apart(grammar: Grammar, behind: _Reader, other: _Reader, ahead: str) -> Iterator[tuple[_Reader, _Reader, str]]:
    """Yield the states after the reader that is behind has read on."""
    if behind.index == len(grammar.parts):
        if ahead:
            return
        behind, other = other, behind  # nothing is left over: either may go on, and this one has come to the end
    for text, after in behind.steps(grammar):
        if ahead.startswith(text):
            yield after, other, ahead[len(text) :]
        elif text.startswith(ahead):
            yield other, after, text[len(ahead) :]
