"""Pictures that were made in a web UI elsewhere become rows: their recipe is read, their bytes are copied unchanged.

In comes a folder of PNG, JPEG and WebP files; out come files in the raw tree and rows in its sheet, and a line for each
picture that is left where it is. What a picture says of itself is untrusted: it is compared with what the picture is.
"""

from __future__ import annotations

import hashlib
import os
import stat
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from DiffusionFER import EMOTIONS, MAX_FILE_BYTES, SUBSETS, path_problem
from tools.make.embedded import SHEET, progress_bar
from tools.make.generation.files import commit, finish
from tools.make.grammar import Grammar
from tools.make.ledger import Ledger
from tools.make.prompts import GRAMMAR
from tools.make.recipe_row import check_grammar, row_of

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
BATCH = 16  # pictures that are written and recorded together
LATEST = 2**15  # numbers that are kept as Python's own until they are sorted in


@dataclass(frozen=True)
class Imported:
    """What `import_pictures` did: how many files it saw, made into rows, knew already, and left where they are."""

    files: int
    imported: int
    known: int
    problems: int


def import_pictures(
    folder: Path,
    data_dir: Path,
    size: str,
    *,
    split: str = "train",
    grammar: Grammar = GRAMMAR,
    progress: bool | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Imported:
    """Copy the pictures below `folder` into the raw tree `data_dir` as originals of `size`, each with a row.

    A picture whose sha256 is in the sheet is known and not taken twice; where the file of its row is gone, it is put
    there again, and the row stays as it is. `tell` gets a line for each one that is not taken. A run that is stopped
    leaves what it has taken. Raises ValueError where nothing can be read or written.
    """
    check_grammar(grammar)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give the one that the web UI saved its pictures in")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{data_dir} cannot be made ({error.strerror}): give another folder") from None
    if data_dir.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{data_dir} lies in {folder}, its pictures would be taken for new ones: give another folder")
    files = taken = known = problems = 0
    with Ledger(data_dir / SHEET) as ledger, progress_bar(sum(1 for _ in _pictures(folder)), progress) as bar:
        # What a killed run recorded goes into the sheet at the end, with the rest: in the order of one that was not.
        finish(data_dir, ledger)
        sheet, left = _Sheet(data_dir, ledger), _pictures(folder)
        while batch := list(islice(left, BATCH)):
            contents, cells = {}, {}
            for file in batch:
                try:
                    content = _read(file)
                    digest = hashlib.sha256(content).digest()
                    if digest in sheet.pictures:
                        known += 1
                        continue
                    row = {} if digest in sheet.lost else row_of(content, grammar)
                except ValueError as error:
                    problems += 1
                    tell(f"{file}: {error}")
                    continue
                sheet.pictures.add(digest)
                path = sheet.lost.pop(digest, "")
                if path:  # people may have changed the row: it keeps what it says
                    cells[path] = {"sha256": digest.hex()}
                else:
                    path = sheet.place(size, row["emotion"], row.pop("ending"), digest)
                    cells[path] = {**row, "split": split, "sha256": digest.hex(), "label_source": "prompt"}
                contents[path] = content
            if cells:
                commit(data_dir, ledger, contents, cells)
            files += len(batch)
            taken += len(contents)
            bar.update(len(batch))
        ledger.fold()
    return Imported(files, taken, known, problems)


class _Texts:
    """A set of texts of which 8 bytes each are kept: those of the sheet in a sorted array, the latest beside it."""

    def __init__(self, numbers: array[int]) -> None:
        self._sorted = np.sort(np.array(numbers, dtype=np.uint64))
        self._latest = set[int]()

    def __contains__(self, text: bytes) -> bool:
        number = _number(text)
        place = int(np.searchsorted(self._sorted, np.uint64(number)))
        found = place < len(self._sorted) and int(self._sorted[place]) == number
        return found or number in self._latest

    def add(self, text: bytes) -> None:
        """Keep a text, as a number of eight bytes."""
        self._latest.add(_number(text))
        if len(self._latest) >= LATEST:
            more = np.fromiter(self._latest, dtype=np.uint64, count=len(self._latest))
            self._sorted = np.sort(np.concatenate([self._sorted, more]))
            self._latest.clear()


def _number(text: bytes) -> int:
    """Return a text's digest of eight bytes: two of a million pictures agree in one of 10^7 collections."""
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


class _Sheet:
    """What a sheet has: the digests of pictures that are there, names, and the places of pictures that are gone."""

    def __init__(self, data_dir: Path, ledger: Ledger) -> None:
        pictures, names = array("Q"), array("Q")
        self._data_dir, self.lost = data_dir, dict[bytes, str]()
        for row in ledger.rows():
            path = row["path"]
            names.append(_number(path.rpartition("/")[2].encode()))
            try:
                digest = bytes.fromhex(row.get("sha256", ""))
            except ValueError:
                continue
            if path_problem(path) or (data_dir / path).exists():
                pictures.append(_number(digest))
            elif digest:
                self.lost.setdefault(digest, path)
        self.pictures, self._names = _Texts(pictures), _Texts(names)

    def place(self, size: str, emotion: str, ending: str, digest: bytes) -> str:
        """Return a new place for a picture: eight letters that follow from its bytes, so that a rerun chooses alike."""
        folder, label, turn = SUBSETS[f"{size}_original"].folders[0], EMOTIONS.index(emotion), 0
        while True:
            number = int.from_bytes(hashlib.sha256(digest + bytes([turn % 256])).digest(), "big")
            letters = "".join("abcdefghijklmnopqrstuvwxyz"[number // 26**place % 26] for place in range(8))
            name = f"{letters}_{label}{ending}"
            if name.encode() not in self._names and not (self._data_dir / folder / emotion / name).exists():
                self._names.add(name.encode())
                return f"{folder}/{emotion}/{name}"
            turn += 1


def _pictures(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that may be pictures, always in the same order."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(ENDINGS) and not name.startswith("."):
                yield Path(where) / name


def _read(path: Path) -> bytes:
    """Return the bytes of a file. Raises ValueError where they cannot be read, or are too many."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for until somebody writes
            raise ValueError("is no file but a pipe, a device or the like: take it out of the folder")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or type(error).__name__}") from None
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"has {found.st_size:,} bytes, expected at most {MAX_FILE_BYTES:,}")
    return content
