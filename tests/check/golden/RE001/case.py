"""RE001: a file or folder cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.check.repos import checked
from tools.check.findings import Finding


@contextmanager
def closed(path: Path) -> Iterator[None]:
    """Make the system refuse to open or to list a path, for root has every right."""
    real_open, real_list = Path.open, os.scandir

    def no_open(self: Path, *args: Any, **options: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return real_open(self, *args, **options)

    def no_list(folder: Any) -> Any:
        if Path(folder) == path:
            raise PermissionError(13, "Permission denied", str(folder))
        return real_list(folder)

    with patch.object(Path, "open", no_open), patch.object(os, "scandir", no_list):
        yield


def bad_file(data_dir: Path) -> list[Finding]:
    (data_dir / "notes.txt").write_text("a")
    with closed(data_dir / "notes.txt"):
        return checked(data_dir, {})


def bad_folder(data_dir: Path) -> list[Finding]:
    (data_dir / "more").mkdir()
    with closed(data_dir / "more"):
        return checked(data_dir, {})


def good(data_dir: Path) -> list[Finding]:
    (data_dir / "empty").mkdir()
    return checked(data_dir, {"notes.txt": ""})
