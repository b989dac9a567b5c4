"""The rules for people: a list for the terminal, and the page `docs/rules.md`. Both are made from the catalogue."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from tools.check.findings import Rule
from tools.check.report import WIDTH
from tools.check.rules import FAMILIES, RULES


def list_rules(ids: Iterable[str]) -> str:
    """Return a line for each rule: id, severity, title, and whether `--fix` mends it."""
    lines = []
    for rule in (RULES[rule] for rule in sorted(ids, key=list(RULES).index)):
        head = f"{rule.id}  {rule.severity:<7}  "
        title = rule.title + " [--fix]" * rule.fixable
        lines += textwrap.wrap(title, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    return "\n".join(lines) + "\n"


def explain(rule: Rule) -> str:
    """Return all that is known of a rule, for the terminal."""
    paragraphs = [f"{rule.id} ({rule.severity}{', --fix mends it' * rule.fixable}): {rule.title}", rule.why, rule.mend]
    return "\n\n".join(textwrap.fill(text, WIDTH) for text in paragraphs) + "\n"


def rules_page() -> str:
    """Return the page of all rules, as Markdown."""
    fixable = sum(rule.fixable for rule in RULES.values())
    lines = [
        "# Rules",
        "",
        "<!-- Made by `diffusionfer rules --page`; a test keeps it true. -->",
        "",
        f"The linter has {len(RULES)} rules. `python tools/validate.py` checks sheets, images and annotations;",
        "`python tools/card.py check` checks cards and repository folders. An *error* ends a command with status 1",
        f"and stops a push; a *warning* does neither. Of {fixable} rules `--fix` mends what takes no judgement.",
        "Choose with `--select` and `--ignore`, by an id or its beginning: `--select CA --ignore CA04`.",
        "",
    ]
    for family, (about, _) in FAMILIES.items():
        lines += [f"## {family}: {about}", ""]
        for rule in (rule for rule in RULES.values() if rule.id.startswith(family)):
            marks = f"*{rule.severity}*" + ", mended by `--fix`" * rule.fixable
            lines += [f"### {rule.id}", "", f"**{_escape(rule.title)}** ({marks})", "", _escape(rule.why), ""]
            lines += [f"To mend it: {_escape(rule.mend[0].lower() + rule.mend[1:])}", ""]
    return "\n".join(lines)


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in "\\`*_<[|" else c for c in text)
