"""What a check yields: findings with a rule, a place, a message with the offending value, and how to mend it.

A finding is data first. Sheets and archives are untrusted, so whatever is quoted from them is made visible and short
before a person's terminal sees it; one renderer turns findings into text, and nothing here prints.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]

WIDTH = 80
QUOTED = 64  # characters of a quoted value: a SHA-256 and a path of the dataset fit, a prompt does not
MESSAGE = 480  # six lines of a terminal: what a message may take after its values were shortened


@dataclass(frozen=True)
class Finding:
    """One problem and its place.

    `file` is a name below the data directory; `row` is the number that a spreadsheet shows (the header is row 1);
    `value` is what stands there, as it is; `hint` says how to mend it.
    """

    rule: str
    severity: Severity
    file: str
    row: int | None
    column: str | None
    value: str | None
    message: str
    hint: str

    @property
    def order(self) -> tuple[str, int, str, str, str]:
        """The key that sorts findings as a person goes through them: file, row, column, rule."""
        return (self.file, self.row or 0, self.column or "", self.rule, self.message)

    def __lt__(self, other: Finding) -> bool:
        """Order by file, row, column and rule; what has no row comes before the rows."""
        return self.order < other.order


@dataclass(frozen=True)
class Rule:
    """A rule: its stable id, how much it weighs, and what it forbids in a few words."""

    id: str
    severity: Severity
    title: str

    def at(
        self,
        file: str,
        message: str,
        hint: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> Finding:
        """Return the finding that this rule is broken at a place."""
        return Finding(self.id, self.severity, file, row, column, value, message, hint)


def visible(text: str, limit: int = MESSAGE) -> str:
    """Return `text` on one line: what a terminal would obey or hide is spelled out, a long middle is cut out."""
    if len(text) > limit:
        half = (limit - 3) // 2
        text = f"{text[:half]}...{text[-half:]}"
    # repr decides what is printable: controls, directions of writing and lone surrogates are not.
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def quote(value: object) -> str:
    """Return a value as a message quotes it: text in quotes with escapes, and never long."""
    text = value if isinstance(value, str) else str(value)
    if len(text) > QUOTED:
        return f"{text[:QUOTED]!r}... ({len(text):,} characters)"
    return repr(text)


def render_text(findings: Iterable[Finding]) -> str:
    """Return the findings for a person: sorted, grouped by file, in 80 columns, with a count as the last line."""
    ordered = sorted(findings, key=lambda finding: finding.order)
    lines = []
    for file, group in itertools.groupby(ordered, key=lambda finding: finding.file):
        lines.append(visible(file, 200))
        for finding in group:
            lines += _lines(finding)
        lines.append("")
    return "\n".join([*lines, _count(ordered)]) + "\n"


def _lines(finding: Finding) -> list[str]:
    place = f"row {finding.row}: " if finding.row else ""
    wrap = textwrap.TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent=" " * 6)
    text = visible(f"{place}{finding.severity} {finding.rule}: {finding.message}")
    lines = wrap.wrap("  " + text)
    wrap.subsequent_indent += " " * 6
    return lines + wrap.wrap("      hint: " + visible(finding.hint))


def _count(findings: list[Finding]) -> str:
    if not findings:
        return "no problem found"
    files = len({finding.file for finding in findings})
    parts = []
    for severity in ("error", "warning"):
        if number := sum(finding.severity == severity for finding in findings):
            parts.append(f"{number:,} {severity}{'s' * (number > 1)}")
    return f"{', '.join(parts)} in {files:,} file{'s' * (files > 1)}"
