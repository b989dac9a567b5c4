"""Findings by rule: all counted, and of each rule the first few kept, whatever the order in which they come.

In go findings, out come groups: the rules with errors first, then those with the most findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.check.findings import Finding

KEPT = 12  # findings of a rule that the report lists
_SLACK = 1000  # more are held before the list is cut to the first


@dataclass
class Group:
    """The findings of one rule: how many there are, how many of them are errors, and the first of them."""

    rule: str
    count: int = 0
    errors: int = 0
    first: list[Finding] = field(default_factory=list)

    @property
    def severity(self) -> str:
        """That of its findings: error where one of them is."""
        return "error" if self.errors else "warning"


class Problems:
    """All findings of a report, by rule."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}

    def add(self, findings: Iterable[Finding]) -> None:
        """Count findings, and keep those that are among the first of their rule."""
        for finding in findings:
            group = self._groups.setdefault(finding.rule, Group(finding.rule))
            group.count += 1
            group.errors += finding.severity == "error"
            group.first.append(finding)
            if len(group.first) > KEPT + _SLACK:
                group.first = sorted(group.first)[:KEPT]

    def groups(self) -> list[Group]:
        """Return the groups: errors before warnings, then by their number, then by rule."""
        for group in self._groups.values():
            group.first = sorted(group.first)[:KEPT]
        return sorted(self._groups.values(), key=lambda group: (not group.errors, -group.count, group.rule))

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(group.errors for group in self._groups.values())

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return sum(group.count - group.errors for group in self._groups.values())
