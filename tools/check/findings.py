"""What a check yields: findings with a rule, a place, a message with the offending value, and how to mend it.

A finding is data first; `tools.check.report` turns findings into text, and nothing here prints. Sheets, cards and
archives are untrusted, so whatever is quoted from them is made visible and short before a person's terminal sees it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Literal

from tools.check.secrets import masked

Severity = Literal["error", "warning"]

QUOTED = 64  # characters of a quoted value: a SHA-256 and a path of the dataset fit, a prompt does not
MESSAGE = 480  # six lines of a terminal: what a message may take after its values were shortened


@dataclass(frozen=True)
class Edit:
    """A change that mends a finding: the bytes `old`, which stand at offset `start` of its file, become `new`."""

    start: int
    old: bytes
    new: bytes

    @property
    def end(self) -> int:
        """The offset behind the bytes that go."""
        return self.start + len(self.old)


@dataclass(frozen=True)
class Finding:
    """One problem and its place.

    `file` is a name below the directory that is checked. `row` is the number that a spreadsheet shows (the header is
    row 1), `line` that of a text file (from 1); a finding has the one, the other, both or none. `value` is what stands
    there, as it is; `hint` says how to mend it; `edit` does so, where that takes no judgement.
    """

    rule: str
    severity: Severity
    file: str
    row: int | None
    column: str | None
    value: str | None
    message: str
    hint: str
    line: int | None = None
    edit: Edit | None = field(default=None, compare=False)

    @property
    def order(self) -> tuple[str, int, str, str, str]:
        """The key that sorts findings as a person goes through them: file, row or line, column, rule."""
        return (self.file, self.row or self.line or 0, self.column or "", self.rule, self.message)

    def __lt__(self, other: Finding) -> bool:
        """Order by file, place, column and rule; what has no place in the file comes first."""
        return self.order < other.order


@dataclass(frozen=True)
class Rule:
    """A rule: its stable id, how much it weighs, what it forbids in a few words, why, and how to mend it.

    The id is a family (SH sheet, IM images, AN annotations, CA card, RE repository) and three digits; it is never given
    to another rule, for people select and ignore rules by it. `fixable` says that `--fix` mends it, at least mostly.
    """

    id: str
    severity: Severity
    title: str
    why: str = ""
    mend: str = ""
    fixable: bool = False

    def at(
        self,
        file: str,
        message: str,
        hint: str = "",
        *,
        row: int | None = None,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        edit: Edit | None = None,
    ) -> Finding:
        """Return the finding that this rule is broken at a place; without a hint of its own, it has the rule's."""
        # Here and nowhere else, so that no credential of a file, a name or a cell is repeated in any form of output.
        value = None if value is None else _masked(value)
        hint = _sentence(_masked(hint or self.mend))
        return Finding(self.id, self.severity, _masked(file), row, column, value, _masked(message), hint, line, edit)


def _masked(text: str) -> str:
    return _kept_masked(text) if len(text) <= MESSAGE else masked(text)


@functools.lru_cache(maxsize=1000)  # what is wrong once is often wrong in a million rows, and the hint is the same
def _kept_masked(text: str) -> str:
    return masked(text)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def visible(text: str, limit: int = MESSAGE) -> str:
    """Return `text` on one line: what a terminal would obey or hide is spelled out, a long middle is cut out."""
    if len(text) > limit:
        half = (limit - 3) // 2
        text = f"{text[:half]}...{text[-half:]}"
    # repr decides what is printable: controls, directions of writing and lone surrogates are not.
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def quote(value: object) -> str:
    """Return a value as a message quotes it: text in quotes with escapes, and never long."""
    text = _masked(value if isinstance(value, str) else str(value))  # before it is cut, which may hide its form
    if len(text) > QUOTED:
        return f"{text[:QUOTED]!r}... ({len(text):,} characters)"
    return repr(text)
