"""RE016: the name of a file cannot be kept by every system."""

from __future__ import annotations

from pathlib import Path

from tests.check.repos import checked
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return checked(data_dir, {"a:b.md": "", "aux.txt.md": "", "NUL": "", "end.": "", "Faces.md": "", "faces.md": ""})


def bad_accents(data_dir: Path) -> list[Finding]:
    """One name in two forms of Unicode, which macOS takes for one."""
    return checked(data_dir, {"caf\u00e9.md": "", "cafe\u0301.md": ""})


def good(data_dir: Path) -> list[Finding]:
    return checked(
        data_dir, {"auxiliary.md": "", "com10.md": "", "a b (1), [x].md": "", "more/FACES.md": "", "faces.md": ""}
    )
