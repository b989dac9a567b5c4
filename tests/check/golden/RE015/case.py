"""RE015: the name of a file cannot be pushed."""

from __future__ import annotations

import os
from pathlib import Path

from tests.check.repos import checked
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return checked(data_dir, {"part/.git/config": "", ".cache/other/a": "", "line\nbreak.md": ""})


def bad_bytes(data_dir: Path) -> list[Finding]:
    """A name that is no UTF-8."""
    return checked(data_dir, {os.fsdecode(b"caf\xe9.md"): ""})


def good(data_dir: Path) -> list[Finding]:
    """What git and the client of the Hub leave out by themselves."""
    return checked(data_dir, {".git/config": "", ".cache/huggingface/a": "", ".gitattributes": "", "café.md": ""})
