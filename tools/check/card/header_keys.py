"""The rules for the keys of a header: old, misspelt and unknown ones, and the type of what each holds."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from tools.check.card.entries import NULL, TEXT, in_quotes, line_of, nodes_of, rewrite
from tools.check.card.read import Card
from tools.check.card.rules_header import EMPTY, MISSPELT_KEY, NOT_TEXT, OLD_KEY, UNKNOWN_KEY, WRONG_TYPE
from tools.check.card.vocabulary import nearest, same_word, vocabulary
from tools.check.findings import Edit, Finding, quote

BOOLEAN = "tag:yaml.org,2002:bool"
# Keys that take text, and those that take text or a list of texts (hub-docs datasetcard.md and datasets-cards.md).
TEXTS = (
    "pretty_name", "license_name", "license_link", "license_details", "paperswithcode_id", "thumbnail",
    "extra_gated_prompt", "extra_gated_heading", "extra_gated_description", "extra_gated_button_content",
)  # fmt: skip
LISTS = (
    "language", "license", "annotations_creators", "language_creators", "multilinguality", "size_categories",
    "source_datasets", "task_categories", "task_ids", "tags", "language_details",
)  # fmt: skip
MAY_BE_NULL = ("paperswithcode_id",)  # the cards of 2022 say so where there is no such page
JS_TOO = ("true", "false")  # what YAML 1.2, which the Hub reads by, has as true and false


def key_findings(card: Card) -> Iterator[Finding]:
    """Yield what is wrong with the top-level keys of a header and the types of their values."""
    for key, _ in card.root.value if card.root else ():
        yield from unknown_key(card, key)
    for name in (*TEXTS, *LISTS):
        for written, _, value in nodes_of(card, name):
            yield from empty(card, written, value)
            yield from wrong_type(card, name, written, value)


def unknown_key(card: Card, key: yaml.Node) -> Iterator[Finding]:
    """CA010, CA011, CA012: a key that is old, misspelt, or none of a dataset card."""
    known = vocabulary()
    name = key.value if isinstance(key, yaml.ScalarNode) else ""
    if name in known.keys or key.tag == "tag:yaml.org,2002:merge":
        return
    line = line_of(card, key)
    new = known.renamed_keys.get(name)
    if new:
        message = f"the key {quote(name)} is now called {quote(new)}"
        hint = _hint(card, f"Rename the key to {new}", new)
        edit = _rename(card, key, new)
        yield OLD_KEY.at(card.name, message, hint, line=line, column=name, value=name, edit=edit)
        return
    meant = same_word(name, known.keys)
    near = meant or nearest(name, known.keys)
    if near:
        message = f"the key {quote(name)} is not known, expected {quote(near)}"
        hint = _hint(card, f"Rename the key to {near}", near)
        edit = _rename(card, key, meant) if meant else None
        yield MISSPELT_KEY.at(card.name, message, hint, line=line, column=name, value=name, edit=edit)
    else:
        message = f"the key {quote(name)} is none that the Hub or datasets knows"
        yield UNKNOWN_KEY.at(card.name, message, line=line, column=name, value=name)


def _hint(card: Card, rename: str, new: str) -> str:
    line = card.line_of(new)
    return f"{rename}, and merge it with the one on line {line}." if line else f"{rename}."


def _rename(card: Card, key: yaml.Node, new: str) -> Edit | None:
    """Return the edit that renames a key; None where a key would then stand twice."""
    others = [other.value for other, _ in card.root.value if other is not key] if card.root else []
    meant = [vocabulary().renamed_keys.get(str(other), str(other)) for other in others]
    return None if new in [same_word(other, vocabulary().keys) or other for other in meant] else rewrite(card, key, new)


def empty(card: Card, key: str, value: yaml.Node) -> Iterator[Finding]:
    """CA015: a key without a value."""
    if not isinstance(value, yaml.ScalarNode) or key in MAY_BE_NULL:
        return
    if value.tag == NULL or (value.tag == TEXT and not value.value.strip()):
        message = f"the key {quote(key)} has no value, expected text"
        yield EMPTY.at(card.name, message, line=line_of(card, value), column=key, value=value.value)


def wrong_type(card: Card, name: str, key: str, value: yaml.Node) -> Iterator[Finding]:
    """CA013, CA014: true, a number, a mapping or a list where text belongs."""
    wanted = "text" if name in TEXTS else "a list of texts" if name == "tags" else "text or a list of texts"
    if isinstance(value, yaml.MappingNode) or (isinstance(value, yaml.SequenceNode) and name in TEXTS):
        what = "a list" if isinstance(value, yaml.SequenceNode) else "a mapping"
        message = f"{quote(key)} holds {what}, expected {wanted}"
        hint = "" if what == "a list" or name in TEXTS else "Write one list: the Hub knows no values by config."
        yield WRONG_TYPE.at(card.name, message, hint, line=line_of(card, value), column=key)
    elif isinstance(value, yaml.ScalarNode) and value.tag == TEXT and name == "tags" and value.value.strip():
        message = f"'tags' holds the text {quote(value.value)}, expected a list of texts"
        yield WRONG_TYPE.at(card.name, message, line=line_of(card, value), column=key, value=value.value)
    for item in value.value if isinstance(value, yaml.SequenceNode) and name not in TEXTS else [value]:
        if isinstance(item, yaml.ScalarNode):
            yield from _not_text(card, key, item, in_list=item is not value)
        elif item is not value:
            message = f"a value of {quote(key)} is a list or a mapping, expected text"
            yield WRONG_TYPE.at(card.name, message, line=line_of(card, item), column=key)


def _not_text(card: Card, key: str, item: yaml.ScalarNode, *, in_list: bool) -> Iterator[Finding]:
    if item.tag == TEXT or (item.tag == NULL and not in_list):
        return
    line, edit = line_of(card, item), in_quotes(card, item)
    if item.tag == BOOLEAN and item.value.lower() not in JS_TOO:
        as_read = "true" if item.value.lower() in ("yes", "on", "y") else "false"
        message = f"{quote(item.value)} of {quote(key)} is read as {as_read} in Python, expected text in quotes"
        yield NOT_TEXT.at(card.name, message, line=line, column=key, value=item.value, edit=edit)
        return
    what = {"null": "null", "bool": "a truth value", "int": "a number", "float": "a number", "timestamp": "a date"}
    kind = what.get(item.tag.rpartition(":")[2], "no text")
    message = f"{quote(item.value)} of {quote(key)} is {kind}, expected text"
    edit = edit if kind in ("a number", "a date") else None
    yield WRONG_TYPE.at(card.name, message, line=line, column=key, value=item.value, edit=edit)
