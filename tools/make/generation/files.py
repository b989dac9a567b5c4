"""Files and their rows, kept in step: a batch is written, recorded and put in place so that no kill parts them.

The pictures of a batch are written under temporary names; then their cells are recorded, all at once; then they get
their names. Who is killed before the record has lost the batch, and who is killed behind it has lost nothing: the next
run gives the files that were recorded their names. So a file that is there has its row, and is never written again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from DiffusionFER import SUBSETS
from tools.make.embedded import PART, digest
from tools.make.generation.base import GenerationError
from tools.make.ledger import Ledger, LedgerError

PER_PICTURE = ("face_box", "face_confidence", "faces", "sha256_cropped")  # what does not hold for another picture
LONGEST = 255  # bytes of a name, on every usual file system


def part_of(target: Path) -> Path:
    """Return the temporary name of a file."""
    return target.with_name(f".{target.name}{PART}")


def place_problem(target: Path, path: str) -> str:
    """Say why no file can have the place `target`, which is `path` below the data directory; empty where one can.

    What holds for all rows, a folder that cannot be written say, is not looked for.
    """
    if any(folder.endswith(".png") for folder in path.split("/")[:-1]):
        return "leads through a picture"
    part = part_of(target)  # its name is longer than the file's own
    if any(len(os.fsencode(name)) > LONGEST for name in (*path.split("/"), part.name)):
        return "has a name that is too long"
    try:
        part.lstat()
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP):
            return f"cannot be written ({error.strerror})"
    return ""


def commit(data_dir: Path, ledger: Ledger, files: Mapping[str, bytes], cells: Mapping[str, Mapping[str, str]]) -> None:
    """Write `files` (by path below `data_dir`) and record `cells` (by path), both or neither.

    Raises GenerationError where a file cannot be written, LedgerError where the cells cannot be recorded.
    """
    parts = {path: part_of(data_dir / path) for path in files}
    try:
        for path, content in files.items():
            parts[path].parent.mkdir(parents=True, exist_ok=True)
            with parts[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        _remove(parts.values())
        reason = error.strerror or type(error).__name__
        message = f"{data_dir / path} cannot be written ({reason}): mend that, and run it again"
        raise GenerationError(f"{message}; what was made before is kept") from None
    try:
        ledger.record(cells)
    except LedgerError:
        _remove(parts.values())
        raise
    # Whatever else ends it, Ctrl-C say, may come when the record is made: then the files stay, and `finish` decides.
    for path, part in parts.items():
        _place(part, data_dir / path)


def remove_crop(data_dir: Path, row: Mapping[str, str]) -> None:
    """Remove the crop of a row whose picture is about to be another one, if it is the crop that the row knows."""
    folder, _, file = row.get("path", "").partition("/")
    for subset in SUBSETS.values():
        if folder in subset.folders and subset.name.endswith("_original"):
            for crops in SUBSETS[subset.name.replace("original", "cropped")].folders:
                crop = data_dir / crops / file
                known = row.get("sha256_cropped") and not (data_dir / crops).is_symlink()
                if known and digest(crop) == row["sha256_cropped"]:
                    crop.unlink()


def finish(data_dir: Path, ledger: Ledger) -> None:
    """Put in place what a killed run had recorded, and remove what it had not; what belongs to no row stays."""
    parts = {}
    for folder, _, names in os.walk(data_dir):
        here = Path(folder).relative_to(data_dir)
        for name in names:
            if name.startswith(".") and name.endswith(PART):
                parts[(here / name[1 : -len(PART)]).as_posix()] = Path(folder) / name
    if not parts:
        return
    for row in ledger.rows():
        if part := parts.pop(path := row[ledger.key], None):
            if row.get("sha256") == digest(part):
                _place(part, data_dir / path)
            else:
                _remove([part])


def _place(part: Path, target: Path) -> None:
    """Give a file its name, unless another has it: what is there is not ours to replace."""
    if target.exists():
        part.unlink()
    else:
        part.replace(target)


def _remove(parts: Iterable[Path]) -> None:
    for part in parts:
        with suppress(OSError):
            part.unlink(missing_ok=True)
