"""A grammar of prompts: a template with placeholders, tables of values, and the way from values to text and back.

In come values by placeholder, or a prompt; out come the prompt, or its values: parse(render(values)) == values. A
grammar in which two choices of values read the same cannot be made (see tools/make/ambiguity.py), so that the way back
is always one. Grammars are files: tools/make/grammar_file.py reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Values = dict[str, str]
Rules = dict[str, dict[str, dict[str, tuple[str, ...]]]]  # column -> value -> other column -> what it goes with
SHOWN = 40  # characters of a prompt that a message shows


@dataclass(frozen=True)
class Part:
    """One piece of a template: what may stand there, by the value that is then chosen.

    A piece that says nothing has the column "" and one text, that of the value "". A piece in brackets has the text ""
    for the value "", which is no choice.
    """

    column: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Grammar:
    """A grammar that was found good: `tables` hold the text of each value, `optional` the columns that may be empty.

    `crossed` are the columns over whose crossings a design is balanced; `shares` say for a column that may be empty in
    how many of a design's rows it is not (0 to 1); `settings` are those of the diffusion model.
    """

    name: str
    template: str
    parts: tuple[Part, ...]
    tables: Mapping[str, Mapping[str, str]]
    optional: frozenset[str] = frozenset()
    only_with: Rules = field(default_factory=dict)
    crossed: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def remembered(self) -> frozenset[str]:
        """The columns whose value has to be known further on: they stand twice, or a rule names them."""
        columns = [part.column for part in self.parts if part.column]
        ruled = set(self.only_with) | {
            other for values in self.only_with.values() for partners in values.values() for other in partners
        }
        return frozenset(column for column in columns if columns.count(column) > 1 or column in ruled)

    def check(self, column: str, value: str) -> str:
        """Return `value` if the tables have it in `column`; raises ValueError naming the value and what is allowed."""
        if value not in self.tables[column] and not (value == "" and column in self.optional):
            allowed = ", ".join(repr(choice) for choice in self.choices(column))
            raise ValueError(f"{column}: expected one of {allowed} (got {value!r})")
        return value

    def choices(self, column: str) -> tuple[str, ...]:
        """Return the values of a column, "" first where it may be empty."""
        return (*([""] if column in self.optional else []), *self.tables[column])

    def breach(self, values: Mapping[str, str]) -> str | None:
        """Say which value goes only with others than are given; None where all go together."""
        for column, rules in self.only_with.items():
            for other, partners in rules.get(values.get(column, ""), {}).items():
                if (got := values.get(other, "")) not in partners:
                    wanted = listed(partners)
                    return f"{column} {values[column]!r} goes only with {other} {wanted} (got {got!r})"
        return None

    def text(self, values: Mapping[str, str]) -> str:
        """Return the prompt of values that are known to be in the tables."""
        return "".join(part.texts[values.get(part.column, "")] for part in self.parts)

    def render(self, values: Mapping[str, str]) -> str:
        """Return the prompt of these values; a column that may be empty may be left out.

        Raises ValueError on a column or value that is not in the grammar, and on values that do not go together.
        """
        if unknown := [column for column in values if column not in self.tables]:
            raise ValueError(f"{unknown[0]!r} is no column of the grammar {self.name!r}: {', '.join(self.tables)}")
        for column in self.tables:
            if column not in values and column not in self.optional:
                raise ValueError(f"{column}: no value is given, and it may not be empty")
            self.check(column, values.get(column, ""))
        if problem := self.breach(values):
            raise ValueError(problem)
        return self.text(values)

    def parse(self, prompt: str, *, strict: bool = True) -> Values:
        """Return the values of a prompt, by column, in the order of the tables; "" for what is left out.

        Unless `strict`, values that do not go together by the rules are taken where no others make the prompt. Raises
        ValueError that says where a text that is no prompt of the grammar stops to fit.
        """
        # A walk through the parts, from left to right, that tries every text which fits, each place once.
        waiting: list[tuple[int, int, tuple[tuple[str, str], ...]]] = [(0, 0, ())]
        seen, furthest, wanted, problem, loose = set(), 0, list[str](), "", None
        while waiting:
            index, at, chosen = waiting.pop()
            key = index, at, tuple(pair for pair in chosen if pair[0] in self.remembered)
            if key in seen:
                continue
            seen.add(key)
            values = dict(chosen)
            if index == len(self.parts) and at == len(prompt):
                if breach := self.breach(values):
                    problem, loose = breach, loose or values
                    continue
                return {column: values[column] for column in self.tables}
            stop, expected = at, "the end"  # where it stops to fit if nothing goes on from here, and what would fit
            if index < len(self.parts):
                part = self.parts[index]
                column, texts = part.column, part.texts
                if column in values:  # it stood before, and says the same again
                    texts = {values[column]: texts[values[column]]}
                for value, text in list(texts.items())[::-1]:  # so that the first is tried first
                    if prompt.startswith(text, at):
                        pairs = chosen if column in values or not column else (*chosen, (column, value))
                        waiting.append((index + 1, at + len(text), pairs))
                if column:
                    some = [text for text in texts.values() if text]
                    expected = f"{column} {listed(some)}" if some else ""  # left out before, so left out again
                else:
                    fits = (k for k, letter in enumerate(texts[""]) if prompt[at + k : at + k + 1] != letter)
                    stop = at + next(fits, len(texts[""]))
                    expected = repr(texts[""][stop - at :]) if stop < at + len(texts[""]) else ""
            if stop > furthest:
                furthest, wanted = stop, []
            if stop == furthest and expected:
                wanted.append(expected)
        if loose and not strict:
            return {column: loose[column] for column in self.tables}
        if not problem:
            rest = f"at {prompt[furthest : furthest + SHOWN]!r}" if furthest < len(prompt) else "at its end"
            problem = f"character {furthest + 1:,}, {rest}: expected {' or '.join(dict.fromkeys(wanted))}"
        raise ValueError(f"not a prompt of the grammar {self.name!r}: {problem}")

    def as_json(self) -> dict[str, Any]:
        """Return the grammar as its file has it, to be shown or extended."""
        plain = {
            column: list(table) if all(value == text for value, text in table.items()) else dict(table)
            for column, table in self.tables.items()
        }
        rules = {
            column: {value: {other: list(some) for other, some in partners.items()} for value, partners in of.items()}
            for column, of in self.only_with.items()
        }
        shown = {"name": self.name, "sources": dict(self.sources), "template": self.template, "tables": plain}
        more = {"only_with": rules, "crossed": list(self.crossed), "shares": dict(self.shares)}
        return {**shown, **more, "settings": dict(self.settings)}


def listed(texts: list[str] | tuple[str, ...]) -> str:
    """Return texts in quotes, with "or" before the last; no more than ten of them."""
    quoted = [repr(text) for text in texts]
    if len(quoted) > 10:
        return f"{', '.join(quoted[:9])} or {len(quoted) - 9} more"
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
