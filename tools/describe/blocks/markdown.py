"""The Markdown of rendered tables: in go plain texts, out comes Markdown that shows them as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tools.check.findings import visible

LONGEST = 1_000  # characters of a text; what a cell or an alternative text says has some hundred


def escaped(text: str) -> str:
    """Return `text` so that Markdown shows it as it is, on one line and in a cell: what a sheet says is untrusted."""
    text = visible(" ".join(text.split()), LONGEST)
    text = re.sub(r"([\\`*_{}\[\]<>|~$&#!])", r"\\\1", text)
    return re.sub(r"(?<=\w)([.:@])(?=[A-Za-z/])", r"\\\1", text)  # what looks like an address does not become a link


def code(text: str) -> str:
    """Return `text` as a code span that can stand in a cell; bars need a backslash even there."""
    text = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall(r"`+", text)), default=0) + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}" if text else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[str] = ()) -> str:
    """Return a table; cells are Markdown already. Columns named in `numbers` are aligned to the right."""
    right = set(numbers)
    lines = [columns, ["---:" if column in right else "---" for column in columns], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
