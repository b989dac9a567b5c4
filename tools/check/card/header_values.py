"""The rules for values of the Hub's vocabulary: tasks, licence, languages, size, creators, sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from tools.check.card.entries import Entry, line_of, rewrite, texts
from tools.check.card.read import Card
from tools.check.card.rules_header import (
    CREATORS,
    LANGUAGE,
    LICENSE,
    OTHER_LICENSE,
    SIZE_CATEGORY,
    SOURCE_DATASET,
    TASK_CATEGORY,
    TASK_ID,
    TASK_ID_ELSEWHERE,
)
from tools.check.card.vocabulary import nearest, same_word, vocabulary
from tools.check.findings import Finding, Rule, quote

_OTHER_TASK = re.compile(r"(?P<category>[a-z-]+?)-other-(?P<rest>.+)")  # how the cards of 2022 made up task ids
_REGION = re.compile(r"(?P<language>[A-Za-z]{2,3})[-_].+")
_DATASET = re.compile(r"extended\|\S+|[\w.-]+(/[\w.-]+)?")


def value_findings(card: Card) -> Iterator[Finding]:
    """Yield the values of a header that the Hub does not know or that contradict each other."""
    rules: tuple[Callable[[Card], Iterator[Finding]], ...] = (
        task_categories, task_ids, task_ids_elsewhere, licenses, other_license, languages, size_categories,
        creators, source_datasets,
    )  # fmt: skip
    for rule in rules:
        yield from rule(card)


def _unknown(
    card: Card, rule: Rule, entry: Entry, noun: str, known: Collection[str], same: str | None = None, hint: str = ""
) -> Finding:
    """Return the finding for a value that is not known: with the one that is written alike, the nearest, or a hint."""
    same = same or same_word(entry.text, known)
    near = None if hint else nearest(entry.text, known)
    message = f"the {noun} {quote(entry.text)} is none that the Hub knows"
    if same or near:
        message += f", expected {quote(same or near)}"
        hint = f"Write {same or near}." if same else f"Write {near}, if that is meant."
    edit = rewrite(card, entry.node, same) if same else None
    line = line_of(card, entry.node)
    return rule.at(card.name, message, hint, line=line, column=entry.key, value=entry.text, edit=edit)


def task_categories(card: Card) -> Iterator[Finding]:
    """CA016: a task category that is renamed, is a task id, is misspelt or is unknown."""
    known = vocabulary()
    for entry in texts(card, "task_categories"):
        if entry.text in known.tasks:
            continue
        hint = ""
        if new := known.renamed_tasks.get(entry.text):
            became = "was renamed" if len(new) == 1 else "was divided"
            hint = f"It {became} in 2022: write {_any_of(new)}."
        elif owners := known.categories_of.get(entry.text):
            hint = f"It is a task id of {' and '.join(owners)}: name that here, and {entry.text} under task_ids."
        yield _unknown(card, TASK_CATEGORY, entry, "task category", known.tasks, hint=hint)


def task_ids(card: Card) -> Iterator[Finding]:
    """CA017: a task id that is renamed, is a category, is made up with `other`, is misspelt or is unknown."""
    known = vocabulary()
    for entry in texts(card, "task_ids"):
        if entry.text in known.categories_of:
            continue
        hint, made_up = "", _OTHER_TASK.fullmatch(entry.text)
        new = known.renamed_tasks.get(entry.text)
        if entry.text in known.tasks:
            hint = "It is a task category: name it under task_categories."
        elif new and new[0] in known.tasks:
            hint = f"It is now the task category {new[0]}: name that under task_categories."
        elif new:
            hint = f"It was renamed: write {new[0]}."
        elif made_up:
            hint = f"Ids that are made up with `other` ended in 2022: put {made_up['rest']} under tags."
        yield _unknown(card, TASK_ID, entry, "task id", known.categories_of, hint=hint)


def task_ids_elsewhere(card: Card) -> Iterator[Finding]:
    """CA018: a task id whose category is not among the task categories."""
    known = vocabulary()
    declared = [entry.text for entry in texts(card, "task_categories")]
    meant = {category for word in declared for category in known.categories_meant(word)}
    for entry in texts(card, "task_ids"):
        owners = known.categories_of.get(entry.text)
        if not owners or meant.intersection(owners):
            continue
        got = f"got {', '.join(map(quote, declared[:3]))}" if declared else "got none"
        owner = " or ".join(map(quote, owners))
        message = f"the task id {quote(entry.text)} belongs to the task category {owner}, {got}"
        hint = f"Add {_any_of(owners)} to task_categories, or remove the task id."
        line = line_of(card, entry.node)
        yield TASK_ID_ELSEWHERE.at(card.name, message, hint, line=line, column=entry.key, value=entry.text)


def _any_of(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def licenses(card: Card) -> Iterator[Finding]:
    """CA019: a licence that the Hub does not know."""
    known = vocabulary().licenses
    for entry in texts(card, "license"):
        if entry.text in known:
            continue
        dotted = re.sub(r"-(\d+)-(\d+)$", r"-\1.\2", entry.text.strip().lower())  # cc-by-4-0
        hint = ""
        if entry.text.lower().startswith("other"):
            hint = "Write other, and say which licence under license_name and license_link."
        same = dotted if dotted in known else None
        yield _unknown(card, LICENSE, entry, "licence", known, same, hint)


def other_license(card: Card) -> Iterator[Finding]:
    """CA020: the licence `other` with nothing that says which."""
    named = any(texts(card, key) for key in ("license_name", "license_link", "license_details"))
    for entry in texts(card, "license"):
        if entry.text == "other" and not named:
            message = "the licence is 'other', expected license_name and license_link beside it, got neither"
            yield OTHER_LICENSE.at(
                card.name, message, line=line_of(card, entry.node), column=entry.key, value=entry.text
            )


def languages(card: Card) -> Iterator[Finding]:
    """CA021: a language that is no code of ISO 639 in lower case."""
    known = vocabulary().languages
    for entry in texts(card, "language"):
        if entry.text in known:
            continue
        lower = entry.text.strip().lower()
        hint, region = "", _REGION.fullmatch(entry.text)
        if region and region["language"].lower() in known:
            language, tag = region["language"].lower(), entry.text.replace("_", "-")
            written = '"no", in quotes' if language == "no" else language  # without them YAML 1.1 reads false
            hint = f"Write {written}; a region or a script belongs in language_details ({tag})."
        yield _code(card, entry, lower if lower in known else None, hint)


def _code(card: Card, entry: Entry, same: str | None, hint: str) -> Finding:
    message = f"the language {quote(entry.text)} is none that the Hub knows, expected a code of ISO 639 in lower case"
    hint = f"Write {same}." if same else hint
    edit = rewrite(card, entry.node, same) if same and same != "no" else None  # `no` would be read as false
    line = line_of(card, entry.node)
    return LANGUAGE.at(card.name, message, hint, line=line, column=entry.key, value=entry.text, edit=edit)


def size_categories(card: Card) -> Iterator[Finding]:
    """CA022: a size category that is none."""
    known = vocabulary().size_categories
    for entry in texts(card, "size_categories"):
        if entry.text in known:
            continue
        hint = ""
        if re.search(r"[KMGT]i?B\b", entry.text):
            hint = "Size categories count rows, not bytes: choose n<1K, 1K<n<10K, 10K<n<100K and so on, to n>1T."
        yield _unknown(card, SIZE_CATEGORY, entry, "size category", known, hint=hint)


def creators(card: Card) -> Iterator[Finding]:
    """CA023: a word about annotators, text or languages that is not of the vocabulary."""
    for key in ("annotations_creators", "language_creators", "multilinguality"):
        known: tuple[str, ...] = getattr(vocabulary(), key)
        for entry in texts(card, key):
            if entry.text not in known:
                hint = f"Write one of {', '.join(known)}."
                same, near = same_word(entry.text, known), nearest(entry.text, known)
                yield _unknown(card, CREATORS, entry, f"value of {key}", known, same, "" if same or near else hint)


def source_datasets(card: Card) -> Iterator[Finding]:
    """CA024: a source dataset that cannot be the name of one."""
    words = ("original", "extended")
    for entry in texts(card, "source_datasets"):
        same = same_word(entry.text, words)
        if same or not _DATASET.fullmatch(entry.text):
            message = f"the source dataset {quote(entry.text)} is no name of a dataset"
            hint = f"Write {same}." if same else ""
            edit = rewrite(card, entry.node, same) if same else None
            line = line_of(card, entry.node)
            yield SOURCE_DATASET.at(card.name, message, hint, line=line, column=entry.key, value=entry.text, edit=edit)
