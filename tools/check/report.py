"""What becomes of findings: a Report counts all and keeps the first, and renderers turn it into text.

For a person (80 columns), for a program (JSON), for GitHub (annotations of a workflow); `tools.check.sarif` has SARIF.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tools.check.findings import Finding, visible
from tools.check.rules import RULES

WIDTH = 80
LONGEST = 1000  # characters of a text in JSON; a cell may have megabytes


class Report:
    """All findings counted, by rule; the first `limit` of them kept, in order (None: all)."""

    def __init__(self, findings: Iterable[Finding] = (), limit: int | None = None) -> None:
        self.rules: Counter[tuple[str, str]] = Counter()  # by id and severity
        self.fixable: Counter[str] = Counter()  # by id: those with an edit
        self._limit = limit
        self._kept: list[Finding] = []
        self._files: set[int] = set()  # hashes, for a million names are long
        self.add(findings)

    def add(self, findings: Iterable[Finding], base: str = "") -> None:
        """Count findings, and keep those that are among the first.

        `base` goes before each file name: the way from where the reader is to what was checked.
        """
        for finding in findings:
            if base:
                finding = dataclasses.replace(finding, file=base + finding.file)
            self.rules[finding.rule, finding.severity] += 1
            self.fixable[finding.rule] += finding.edit is not None
            self._files.add(hash(finding.file))
            self._kept.append(finding)
            if self._limit is not None and len(self._kept) > 2 * self._limit + 1000:
                self._kept = sorted(self._kept)[: self._limit]

    @property
    def findings(self) -> list[Finding]:
        """The first findings, by file, place, column and rule."""
        return sorted(self._kept)[: self._limit]

    @property
    def total(self) -> int:
        """How many findings there were."""
        return self.rules.total()

    @property
    def errors(self) -> int:
        """How many of them are errors."""
        return self.count("error")

    def count(self, severity: str) -> int:
        """Return how many findings have a severity."""
        return sum(number for (_, given), number in self.rules.items() if given == severity)

    @property
    def summary(self) -> str:
        """How many errors and warnings there are in how many files, on a line."""
        if not self.total:
            return "no problem found"
        counts = {severity: self.count(severity) for severity in ("error", "warning")}
        parts = [f"{number:,} {severity}{'s' * (number > 1)}" for severity, number in counts.items() if number]
        files = len(self._files)
        return f"{', '.join(parts)} in {files:,} file{'s' * (files > 1)}"


def render_text(report: Report) -> str:
    """Return the findings for a person: grouped by file, in 80 columns, with a count as the last line."""
    findings = report.findings
    lines = []
    for file, group in itertools.groupby(findings, key=lambda finding: finding.file):
        lines.append(visible(file, 200))
        for finding in group:
            lines += _lines(finding)
        lines.append("")
    if left := report.total - len(findings):
        lines += [f"{left:,} more not shown; --max-findings 0 shows all", ""]
    return "\n".join([*lines, report.summary]) + "\n"


def _lines(finding: Finding) -> list[str]:
    place = f"row {finding.row}: " if finding.row else f"line {finding.line}: " if finding.line else ""
    wrap = textwrap.TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent=" " * 6)
    lines = wrap.wrap("  " + visible(f"{place}{finding.severity} {finding.rule}: {finding.message}"))
    wrap.subsequent_indent += " " * 6
    return lines + wrap.wrap("      hint: " + visible(finding.hint))


def render_statistics(report: Report) -> str:
    """Return a line for each rule that was broken: how often, its id, severity and title; the most frequent first."""
    lines = []
    for (rule, severity), number in sorted(report.rules.items(), key=lambda item: (-item[1], item[0])):
        fixable = f" [--fix mends {report.fixable[rule]:,}]" if report.fixable[rule] else ""
        head = f"{number:>9,}  {rule}  {severity:<7}  "
        title = (RULES[rule].title if rule in RULES else "") + fixable
        lines += textwrap.wrap(title, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)) or [head.rstrip()]
    return "\n".join([*lines, *([""] if lines else []), report.summary]) + "\n"


def render_json(report: Report, more: Mapping[str, Any] | None = None) -> str:
    """Return the findings for a program: one JSON object with findings, counts by severity and by rule, and `more`."""
    document: dict[str, Any] = {
        "findings": [_as_json(finding) for finding in report.findings],
        "counts": {severity: report.count(severity) for severity in ("error", "warning")},
        "rules": {rule: number for (rule, _), number in sorted(report.rules.items())},
        **(more or {}),
    }
    return json.dumps(document, indent=2) + "\n"


def _as_json(finding: Finding) -> dict[str, Any]:
    names = ("rule", "severity", "line", "row", "column", "value", "message", "hint")
    fields = {name: getattr(finding, name) for name in (*names, "file")}
    texts = {name: _plain(text) for name, text in fields.items() if isinstance(text, str)}
    return {**fields, **texts, "fixable": finding.edit is not None}


def _plain(text: str) -> str:
    """Return a text that every parser of JSON takes: no half of a pair, and of a long cell the beginning."""
    return text[:LONGEST].encode("utf-8", "replace").decode()


def render_github(report: Report) -> str:
    """Return the findings as workflow commands, which GitHub shows beside the lines of a change.

    The form and its escapes are those of GitHub's "Workflow commands for GitHub Actions".
    """
    lines = []
    for finding in report.findings:
        line = finding.line or finding.row
        place = f"file={_property(finding.file)}" + (f",line={line}" if line else "")
        title = _property(f"{finding.rule} {RULES[finding.rule].title}" if finding.rule in RULES else finding.rule)
        text = _data(visible(finding.message) + (f" ({visible(finding.hint)})" if finding.hint else ""))
        lines.append(f"::{finding.severity} {place},title={title}::{text}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return visible(text, 4000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
