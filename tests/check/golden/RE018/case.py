"""RE018: a file is what a system or program left behind."""

from __future__ import annotations

from pathlib import Path

from tests.check.repos import checked
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    names = (".DS_Store", "__MACOSX/a", "._face.png", "Thumbs.db", "tools/__pycache__/a.pyc", ".ipynb_checkpoints/a")
    return checked(data_dir, dict.fromkeys((*names, "notes.md~", "data/train.parquet.partial"), ""))


def good(data_dir: Path) -> list[Finding]:
    return checked(
        data_dir, dict.fromkeys((".gitignore", ".gitattributes", "thumbs.md", "store/DS_Store", "poetry.lock"), "")
    )
