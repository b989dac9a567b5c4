"""The pictures of a config that people can rate: where each is, and the name by which a task knows it.

The name of a task's picture says nothing of its label: of `angry/aaaaaaaa_6.png` it is `aaaaaaaa`. So it stays when the
label changes and the picture is moved. Only the address of the file tells the claim, in its folder and number: Label
Studio has it in the task's data, and does not show it unless somebody asks for that. Pictures that would have the same
name are known by their paths, and are not moved: their ratings would be of no picture then.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from DiffusionFER import IMAGE_SUFFIXES, SUBSETS, RawZip, open_raw, sheet_path
from tools.make.ledger import Ledger
from tools.make.ratings.scales import kind_to_rate

Row = Mapping[str, str]
# What says a row's labels and where they come from; an empty cell is as good as none.
LABELS = {
    "path",
    "emotion",
    "valence",
    "arousal",
    "valence_spread",
    "arousal_spread",
    "raters",
    "label_source",
    "affect_source",
    "claim",
    "model",
}


@dataclass(frozen=True)
class Picture:
    """A picture to rate: its name in tasks, its file below the data directory, and the row of the sheet, if any."""

    name: str
    file: str
    row: Row


@dataclass(frozen=True)
class Pictures:
    """The pictures of a config that are there, and how many rows have no picture yet."""

    found: list[Picture]
    missing: int
    zipped: bool


def size_of(config: str) -> str:
    """Return what configs of the same pictures have in common: small_cropped and small_original are "small"."""
    return config.rsplit("_", 1)[0] if SUBSETS[config].kind == "faces" else config


def original_folders(config: str) -> tuple[str, ...]:
    """Return the folders, in both spellings, with which the paths of a config's rows begin."""
    return SUBSETS[f"{size_of(config)}_original"].folders


def rows_of(config: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield those rows of a sheet whose pictures a config holds, each with its labels only: there may be a million."""
    folders = original_folders(config)
    for row in rows:
        if row["path"].split("/", 1)[0] in folders:
            yield {column: sys.intern(text) for column, text in row.items() if column in LABELS and text}


def names_of(paths: Iterable[str]) -> dict[str, str]:
    """Return the names of the pictures at some paths, all of one size: by name, the path.

    A name without its label that several pictures would have is of no use: each of them is known by its path.
    """
    short = {path: re.sub(r"_[0-6]$", "", PurePosixPath(path).stem) for path in paths}
    uses = Counter(short.values())
    return {(name if uses[name] == 1 else path): path for path, name in short.items()}


def find_pictures(config: str, data_dir: Path) -> Pictures:
    """Return the pictures of a config that can be rated, in the order of the sheet, or of their names.

    Raises ValueError for a config that nobody rates, and what `open_raw` and the ledger raise.
    """
    kind = kind_to_rate(config)
    folder = open_raw(config, str(data_dir))
    below = folder.name.removesuffix(".zip")
    there = {entry.name for entry in folder.entries() if not entry.problem}
    if kind == "hq":
        files = sorted(name for name in there if name.lower().endswith(IMAGE_SUFFIXES))
        found = [Picture(PurePosixPath(file).stem, f"{below}/{file}", {}) for file in files]
        if twice := [name for name, count in Counter(picture.name for picture in found).items() if count > 1]:
            raise ValueError(f"{folder.name} holds two images of the name {twice[0]!r}: rename one of them")
        return Pictures(found, 0, isinstance(folder, RawZip))
    with Ledger(Path(sheet_path(str(data_dir))), reading=True) as ledger:  # while others write: nothing is written here
        by_path = {row["path"]: row for row in rows_of(config, ledger.rows())}
    found = []
    for name, path in names_of(by_path).items():
        if (file := path.split("/", 1)[1]) in there:
            found.append(Picture(name, f"{below}/{file}", by_path[path]))
    return Pictures(found, len(by_path) - len(found), isinstance(folder, RawZip))
