"""Checks the text of a dataset card: in goes a Card, out come the findings of every rule for the body."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tools.check.card.body_claims import denied_annotations, differing_languages, differing_licences
from tools.check.card.body_code import bad_json, bad_python, bad_shell, bad_yaml, empty_code
from tools.check.card.body_encoding import mojibake
from tools.check.card.body_images import contradicting_alt, missing_alt, repeated_alt
from tools.check.card.body_links import (
    broken_links,
    local_links,
    picture_pages,
    unknown_anchors,
    unknown_files,
    unknown_references,
)
from tools.check.card.body_markdown import checked_length, read_body
from tools.check.card.body_names import names_twice
from tools.check.card.body_numbers import differing_counts
from tools.check.card.body_secrets import expiring_findings, secret_findings
from tools.check.card.body_sections import empty_sections, missing_citation, missing_sections, placeholders, unsaid_uses
from tools.check.card.body_text import Body
from tools.check.card.read import Card
from tools.check.card.rules_body import TEXT_LONG
from tools.check.findings import Finding

RULES: tuple[Callable[[Body], Iterator[Finding]], ...] = (
    mojibake,
    missing_sections,
    empty_sections,
    placeholders,
    broken_links,
    unknown_anchors,
    unknown_files,
    local_links,
    picture_pages,
    unknown_references,
    missing_alt,
    repeated_alt,
    contradicting_alt,
    bad_json,
    bad_python,
    bad_yaml,
    bad_shell,
    empty_code,
    names_twice,
    denied_annotations,
    differing_licences,
    differing_languages,
    differing_counts,
    unsaid_uses,
    missing_citation,
)


def body_findings(card: Card) -> Iterator[Finding]:
    """Yield what is wrong with the text of a card; credentials and wrong encodings are found in its header, too.

    Never raises for what the card holds; a card that could not be read has no text and no findings here.
    """
    if card.unreadable:
        return
    yield from expiring_findings(card)
    yield from secret_findings(card)
    if len(card.body) > (checked := checked_length(card.body)):
        message = f"the text has {len(card.body):,} characters, of which the first {checked:,} are checked"
        yield TEXT_LONG.at(card.name, message, line=card.body_line)
    body = read_body(card)
    for rule in RULES:
        yield from rule(body)
