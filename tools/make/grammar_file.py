"""Grammars as files: JSON that is read, checked and made into a Grammar, or refused with one line that says why.

A grammar is packaged (tools/make/grammars) or a maintainer's own file, which may extend one that is packaged: its
tables stand in place of those, and what it adds comes behind them. Rules for other values than the file's own stay, as
far as their value is still there; "only_with": {"style": {"pretty": {}}} takes one away.

    {"name": "mine", "extends": "diffusionfer", "add": {"style": ["curly hair"]}, "tables": {"others": ["beach"]}}

In a template, "{style}" is the place of a column, and "[{style} ]" is left out, blank and all, where the style is
empty; "{{", "}}", "[[" and "]]" are the characters themselves. A table is a list of values, or an object that has for
each value the text that is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from tools.make.ambiguity import clash
from tools.make.grammar import Grammar, Part, Rules
from tools.make.grammar_settings import FORMULA, kind, settings_problem

PACKAGED = ("diffusionfer", "emonet")
KEYS = ("name", "extends", "sources", "template", "tables", "add", "only_with", "crossed", "shares", "settings")
SHARE = 0.5  # of the rows of a design that have a value in a column that may be empty, where the file says nothing
LONG = 60  # characters of a name or a number that a message shows
_MISSING = object()
_TOKEN = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{(?P<column>[a-z][a-z0-9_]*)\}|[{}\[\]]|[^{}\[\]]+")


def load(name_or_file: str | Path) -> Grammar:
    """Return the packaged grammar of this name, or the one of a file.

    Raises ValueError that names file, place and value where it cannot be read or used.
    """
    if name_or_file in PACKAGED:
        return made(_packaged(str(name_or_file)), str(name_or_file))
    path = Path(name_or_file)
    if not path.exists() and path.suffix != ".json":
        raise ValueError(f"{path} is no grammar: give one of {', '.join(PACKAGED)}, or a JSON file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    return made(_json(data, str(path)), str(path))


def made(content: Any, place: str) -> Grammar:
    """Return the grammar of the JSON of a file; `place` is how messages name the file. Raises ValueError."""
    return _Maker(place).grammar(content)


def _packaged(name: str) -> Any:
    return _json((resources.files("tools.make.grammars") / f"{name}.json").read_bytes(), name)


def _json(data: bytes, place: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"{twice[0]!r} stands twice in one object")
        return dict(pairs)

    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, a name twice
        raise ValueError(f"{place}: not the JSON of a grammar: {error}") from None


class _Maker:
    """Checks the content of one file from the outside to the inside; every message begins with the file's name."""

    def __init__(self, place: str) -> None:
        self.place = place

    def fail(self, text: str) -> NoReturn:
        """Raise ValueError with the name of the file."""
        raise ValueError(f"{self.place}: {text}")

    def grammar(self, content: Any) -> Grammar:
        """Return the grammar that the file's JSON says, as `json.loads` has it."""
        raw = self.extended(self.object(content, "the grammar"))
        name, template = (self.text(raw.get(key, _MISSING), key) for key in ("name", "template"))
        tables = {column: self.table(table, f"table {column!r}") for column, table in raw["tables"].items()}
        parts, optional = self.parts(template, tables)
        if unused := [column for column in tables if all(part.column != column for part in parts)]:
            self.fail(f"table {unused[0]!r} has no place in the template: write {{{unused[0]}}} there, or remove it")
        rules = self.rules(self.object(raw.get("only_with", {}), "only_with"), tables)
        grammar = Grammar(
            name=name,
            template=template,
            parts=parts,
            tables=tables,
            optional=optional,
            only_with=rules,
            crossed=self.crossed(raw.get("crossed", _MISSING), tables, optional),
            shares=self.shares(self.object(raw.get("shares", {}), "shares"), optional),
            settings=self.settings(self.object(raw.get("settings", {}), "settings")),
            sources={
                key: self.text(text, f"sources, {key!r}")
                for key, text in self.object(raw.get("sources", {}), "sources").items()
            },
        )
        self.refuse_ambiguity(grammar)
        return grammar

    def extended(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return the content with what it extends beneath it."""
        if unknown := [key for key in raw if key not in KEYS]:
            self.fail(f"{unknown[0]!r} is no part of a grammar: {', '.join(KEYS)}")
        if "extends" in raw:
            if raw["extends"] not in PACKAGED:
                self.fail(f"extends {raw['extends']!r}, expected one of {', '.join(PACKAGED)}")
            below = _packaged(raw["extends"])
            merged = {**below, **raw}
            for key in ("tables", "shares", "settings", "sources"):
                merged[key] = {**below.get(key, {}), **self.object(raw.get(key, {}), key)}
            merged["only_with"] = self.inherited(below.get("only_with", {}), raw.get("only_with", {}), merged["tables"])
            raw = merged
        tables = {
            self.column(column): table for column, table in self.object(raw.get("tables", _MISSING), "tables").items()
        }
        for column, more in self.object(raw.get("add", {}), "add").items():
            if column not in tables:
                self.fail(f"add: there is no table {column!r} to add to: {', '.join(tables)}")
            old, new = self.table(tables[column], f"table {column!r}"), self.table(more, f"add {column!r}")
            if twice := [value for value in new if value in old]:
                self.fail(f"add {column!r}: {twice[0]!r} is in the table already")
            tables[column] = {**old, **new}
        return {**raw, "tables": tables}

    def inherited(self, below: Mapping[str, Any], own: Any, tables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the file's own rules over those that it extends, but for rules of values that it has no more."""
        rules: dict[str, Any] = dict(self.object(own, "only_with"))
        for column, values in below.items():
            table = tables[column] if isinstance(tables[column], (list, dict)) else ()
            kept = {value: partners for value, partners in values.items() if value in table}
            rules[column] = {**kept, **self.object(rules.get(column, {}), f"only_with, {column!r}")}
        return rules

    def object(self, value: Any, what: str) -> dict[str, Any]:
        """Return a value of the file that has to be an object."""
        if not isinstance(value, dict):
            self.fail(f"{what} is {_kind(value)}, expected an object")
        return value

    def text(self, value: Any, what: str) -> str:
        """Return a text that a prompt or a cell may have."""
        if not isinstance(value, str):
            self.fail(f"{what} is {_kind(value)}, expected text")
        if not value.strip():
            self.fail(f"{what} is empty")
        if not value.isprintable():
            self.fail(f"{what} holds a line break or another character that nobody sees: {value!r}")
        return value

    def column(self, name: str) -> str:
        """Return a name that a template can have in braces."""
        if not re.fullmatch("[a-z][a-z0-9_]*", name):
            self.fail(f"tables: {name!r} is no name of a column: a small letter, then small letters, digits and '_'")
        return name

    def table(self, value: Any, what: str) -> dict[str, str]:
        """Return the text of each value."""
        if isinstance(value, list):
            names = [self.text(item, f"{what}, value {number}") for number, item in enumerate(value, 1)]
            if twice := [name for name in names if names.count(name) > 1]:
                self.fail(f"{what}: {twice[0]!r} stands there twice")
            value = {name: name for name in names}
        if not isinstance(value, dict):
            self.fail(f"{what} is {_kind(value)}, expected a list of values, or an object with a text for each")
        if not value:
            self.fail(f"{what} is empty: give it a value, or remove it and its place in the template")
        for name, text in value.items():
            self.text(name, f"{what}: a value")
            self.text(text, f"{what}: the text of {name!r}")
            if name != name.strip() or name[0] in FORMULA:
                self.fail(f"{what}: value {name!r} begins or ends with a blank, or begins as a formula does")
        return dict(value)

    def parts(self, template: str, tables: Mapping[str, Any]) -> tuple[tuple[Part, ...], frozenset[str]]:
        """Return the parts of a template, and the columns that stand in brackets."""
        parts, optional, required = list[Part](), set[str](), set[str]()
        constant = ""  # text that is gathered until a column or a bracket comes
        bracket: list[str] | None = None  # within brackets: the column and what stands before it
        for match in _TOKEN.finditer(template):
            place, token = match.start() + 1, match[0]
            if token == "[":
                if bracket is not None:
                    self.fail(f"template, character {place}: a bracket within a bracket")
                parts, constant, bracket = [*parts, *_constant(constant)], "", []
            elif token == "]":
                if bracket is None or len(bracket) != 2:
                    self.fail(f"template, character {place}: a part in brackets needs one {{column}} and no other")
                column, before = bracket
                texts = {value: before + text + constant for value, text in tables[column].items()}
                parts.append(Part(column, {"": "", **texts}))
                optional.add(column)
                constant, bracket = "", None
            elif token == "{":
                self.fail(f"template, character {place}: expected a column in braces, as in {{emotion}}")
            elif column := match["column"]:
                if column not in tables:
                    self.fail(f"template: {{{column}}} has no table: {', '.join(tables)}")
                if bracket is None:
                    parts += [*_constant(constant), Part(column, tables[column])]
                    required.add(column)
                else:
                    bracket += [column, constant]
                constant = ""
            elif token == "}":
                self.fail(
                    f"template, character {place}: no brace is open that this one closes: write }}}} for the sign"
                )
            else:
                constant += token[0] if token in ("{{", "}}", "[[", "]]") else token
        if bracket is not None:
            self.fail("template: a bracket is not closed: write [[ for the sign")
        if both := sorted(optional & required):
            self.fail(
                f"template: {{{both[0]}}} stands in brackets and without: put all its places in brackets, or none"
            )
        return (*parts, *_constant(constant)), frozenset(optional)

    def rules(self, raw: dict[str, Any], tables: Mapping[str, Mapping[str, str]]) -> Rules:
        """Return which values go only with which others."""
        out: Rules = {}
        for column, values in raw.items():
            for value, partners in self.object(values, f"only_with, {column!r}").items():
                what = f"only_with, {_shown(column)} {value!r}"
                for other, some in self.object(partners, what).items():
                    if other == column or not isinstance(some, list) or not some:
                        self.fail(f"{what}: expected another column and a list of its values")
                    for name, given in ((column, value), *((other, one) for one in some)):
                        if name not in tables or not isinstance(given, str) or given not in tables[name]:
                            more = "" if name == column else f": give others, or {{}} for {value!r} to go with all"
                            self.fail(f"{what}: no table has {_shown(name)} {given!r}{more}")
                    out.setdefault(column, {}).setdefault(value, {})[other] = tuple(some)
        return out

    def crossed(self, raw: Any, tables: Mapping[str, Any], optional: frozenset[str]) -> tuple[str, ...]:
        """Return the columns over which a design is balanced: those that are always there, if the file names none."""
        columns = [column for column in tables if column not in optional] if raw is _MISSING else raw
        if not isinstance(columns, list) or len(set(map(str, columns))) < len(columns):
            self.fail(f"crossed is {_kind(raw)}, expected a list of columns, each once")
        for column in columns:
            if not isinstance(column, str) or column not in tables or column in optional:
                self.fail(f"crossed: {column!r} is no column that is always there")
        return tuple(columns)

    def shares(self, raw: dict[str, Any], optional: frozenset[str]) -> dict[str, float]:
        """Return for each column in brackets the share of rows in which it is not empty: 0.01 to 1."""
        for column, share in raw.items():
            if column not in optional:
                self.fail(f"shares: {column!r} is no column in brackets, which alone may be empty")
            if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0.01 <= share <= 1:
                self.fail(f"shares: {column!r} is {share!r}, expected a number from 0.01 to 1")
        return {column: float(raw.get(column, SHARE)) for column in sorted(optional)}

    def settings(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of generation that a design writes, by the sheet's columns."""
        if problem := settings_problem(raw):
            self.fail(f"settings: {problem}")
        return dict(raw)

    def refuse_ambiguity(self, grammar: Grammar) -> None:
        """Fail where two choices of values read the same, and name both."""
        try:
            both = clash(grammar)
        except ValueError as error:
            self.fail(str(error))
        if both:
            # Told in the order of the tables, whichever of the two was found first.
            places = {column: grammar.choices(column).index for column in grammar.tables}
            first, second = sorted(both, key=lambda values: [place(values[c]) for c, place in places.items()])
            differing = [column for column in grammar.tables if first[column] != second[column]]
            one, two = (" with ".join(f"{c} {values[c]!r}" for c in differing) for values in (first, second))
            self.fail(f"ambiguous: {one} reads as {two} does: {grammar.text(first)!r}")


def _constant(text: str) -> list[Part]:
    return [Part("", {"": text})] if text else []


def _shown(value: Any) -> str:
    """Return a name or a number for a message: names as they are where they are plain."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= LONG else f"{text[:LONG]}..."


def _kind(value: Any) -> str:
    return "not there" if value is _MISSING else kind(value)
