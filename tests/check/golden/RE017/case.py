"""RE017: an entry is no plain file."""

from __future__ import annotations

import os
from pathlib import Path

from tests.check.repos import checked
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    os.mkfifo(data_dir / "pipe")
    (data_dir / "link.md").symlink_to(data_dir / "notes.md")
    (data_dir / "nowhere").symlink_to("gone")
    (data_dir / "circle").symlink_to(data_dir)
    return checked(data_dir, {"notes.md": ""})


def good(data_dir: Path) -> list[Finding]:
    """A second name of the same file is a plain file."""
    (data_dir / "first.md").write_bytes(b"")
    (data_dir / "second.md").hardlink_to(data_dir / "first.md")
    return checked(data_dir, {})
