"""What a format writes with: pictures are put into a folder as links or copies, tables as new files.

Nothing that is there is ever opened for writing, for a linked picture is the original itself.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tools.use.export.source import Picture, Source


@dataclass
class Job:
    """An export under way: its source, the folder to fill, and what became of the pictures.

    `target` is the path that the user will see, `notes` what the user should know of what was left out.
    """

    source: Source
    folder: Path
    target: Path
    copy: bool = False  # links are not wanted
    linked: int = 0
    written: int = 0
    notes: list[str] = field(default_factory=list)
    _folders: set[Path] = field(default_factory=set)

    def put(self, picture: Picture, name: str) -> None:
        """Put a picture into the folder under a name: as a hard link where that can be, byte for byte otherwise."""
        path = self.folder / name
        self._make(path.parent)
        if picture.file is not None and not self.copy and _link(picture.file, path):
            self.linked += 1
            return
        if picture.file is not None:
            shutil.copyfile(picture.file, path)
        else:
            with path.open("xb") as file:
                file.write(picture.content or b"")
        self.written += 1

    @contextmanager
    def text(self, name: str) -> Iterator[IO[str]]:
        """Open a new text file of the folder for writing."""
        path = self.folder / name
        self._make(path.parent)
        with path.open("x", encoding="utf-8", newline="") as file:
            yield file

    def _make(self, folder: Path) -> None:
        if folder not in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)


def _link(file: Path, path: Path) -> bool:
    """Make a hard link, or return False: another file system, one without links, someone else's file, too many."""
    try:
        os.link(file, path)
    except OSError:
        return False
    return True


def rows_of_csv(file: IO[str], columns: Iterable[str]) -> Callable[[Iterable[Any]], Any]:
    """Write a header; return what writes a row."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    return writer.writerow


def as_text(value: Any) -> Any:
    """Return a value as a cell of the sheet: a list as its numbers with spaces, an unknown one empty."""
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else value


def as_json(value: Any) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False)
