"""Where pictures to crop come from: the rows of a sheet that belong to one size, or the pictures of an EmoNet folder.

Both become tasks, one a picture, in a stream: a sheet of a million rows is never in memory.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from DiffusionFER import IMAGE_SUFFIXES, SUBSETS, RawFolder, find_raw, open_raw, path_problem, sheet_path

CONFIGS = tuple(name for name in SUBSETS if not name.endswith("_cropped"))
CROPPED = "_cropped"  # the ending of the folder of an EmoNet folder's crops
FACES = "faces.csv"  # the sheet in it


@dataclass(frozen=True)
class Task:
    """A picture to crop: its row and key in the sheet, its name below the originals, and that of its crop.

    `shown` is its name for people, `problem` why it must not be touched. The others are cells of its row, "" if empty.
    """

    row: int | None
    key: str
    file: str
    crop: str
    shown: str
    problem: str = ""
    face_box: str = ""
    face_confidence: str = ""
    faces: str = ""
    form: str = ""
    sha256: str = ""
    sha256_cropped: str = ""


@dataclass(frozen=True)
class Source:
    """Originals and the folder of their crops, the sheet of both with its key, and what yields the tasks."""

    originals: RawFolder
    crops: Path
    sheet: Path
    key: str
    tasks: Callable[[], Iterator[Task]]


def open_source(config: str, data_dir: Path) -> Source:
    """Return what `config` has to crop in a data directory: one of CONFIGS.

    Raises FileNotFoundError or ValueError, in one line, where originals, sheet or rows are missing, or where crops
    cannot be put.
    """
    if not data_dir.is_dir():
        raise FileNotFoundError(f"{data_dir} is not a folder: --data-dir is the raw tree")
    originals = open_raw(config, str(data_dir))
    if SUBSETS[config].kind != "faces":
        return _emonet(originals)
    sheet = Path(sheet_path(str(data_dir)))
    crops = _crops_folder(config.replace("original", "cropped"), data_dir)
    prefixes = tuple(f"{name}/" for name in SUBSETS[config].folders)
    if not any(row for row in _rows(sheet) if (row[1].get("path") or "").startswith(prefixes)):
        wanted = " or ".join(prefixes)
        raise ValueError(f"{sheet} has no row for config {config}: no path begins with {wanted}")
    return Source(originals, crops, sheet, "path", lambda: _face_tasks(sheet, prefixes))


def _crops_folder(config: str, data_dir: Path) -> Path:
    _, found = find_raw(config, str(data_dir))
    if len(found) > 1:
        raise ValueError(f"config {config}: {data_dir} holds {' and '.join(found)}; keep one of them")
    path = data_dir / (found[0] if found else SUBSETS[config].folders[0])
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is not a folder, and crops are written into one: unpack it, or move it away")
    return path


def _rows(sheet: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV sheet, each with the number that a spreadsheet shows."""
    if sheet.suffix != ".csv":
        raise ValueError(f"{sheet} is no CSV, which alone is written to: convert it to {sheet.stem}.csv")
    try:
        with sheet.open(encoding="utf-8-sig", newline="") as file:
            records = csv.reader(file)
            header = next(records, [])
            if "path" not in header:
                raise ValueError(f"{sheet} has no column path: mend its first line")
            for number, record in enumerate(records, 2):
                if record:
                    yield number, dict(zip(header, record, strict=False))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{sheet} cannot be read ({reason}): save it as CSV UTF-8; nothing was changed") from None


def _face_tasks(sheet: Path, prefixes: tuple[str, ...]) -> Iterator[Task]:
    for number, row in _rows(sheet):
        path = row.get("path") or ""
        if not path.startswith(prefixes):
            continue
        file = path.partition("/")[2]
        problem = path_problem(path)
        if problem:
            problem = f"has a path that {problem}: mend its row"
        elif not file.endswith(".png"):
            problem = "is not named .png, and its crop, which is a PNG, has the same name: convert the original to PNG"
        yield Task(number, path, file, file, path, problem or "", **_cells(row))


def _cells(row: dict[str, str]) -> dict[str, str]:
    """Return the cells of a row on which its crop depends, as a task has them."""
    names = ("face_box", "face_confidence", "faces", "sha256", "sha256_cropped")
    return {**{name: row.get(name) or "" for name in names}, "form": row.get("crop") or ""}


def _emonet(originals: RawFolder) -> Source:
    folder = Path(originals.data_dir, originals.name.removesuffix(".zip"))
    crops = folder.with_name(folder.name + CROPPED)
    if crops.exists() and not crops.is_dir():
        raise ValueError(f"{crops} is not a folder, and crops are written into one: move it away")
    crops.mkdir(exist_ok=True)  # the ledger lies in it
    stems = Counter(_stem(entry.name) for entry in originals.entries() if _is_picture(entry.name))
    if not stems:
        raise ValueError(f"{originals.path} holds no picture")
    stem, most = stems.most_common(1)[0]
    if most > 1:
        problem = f"holds {most} pictures {stem}.*, whose crops would be one"
        raise ValueError(f"{originals.path} {problem}: rename all but one")
    return Source(originals, crops, crops / FACES, "file_name", lambda: _emonet_tasks(originals, crops / FACES))


def _is_picture(name: str) -> bool:
    return name.lower().endswith(IMAGE_SUFFIXES)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _emonet_tasks(originals: RawFolder, sheet: Path) -> Iterator[Task]:
    known: dict[str, dict[str, str]] = {}
    if sheet.is_file():
        with sheet.open(encoding="utf-8", newline="") as file:
            known = {row["file_name"]: row for row in csv.DictReader(file)}
    for entry in originals.entries():
        if not _is_picture(entry.name):
            continue
        row = known.get(entry.name, {})
        shown, problem = f"{originals.name}/{entry.name}", entry.problem or ""
        yield Task(None, entry.name, entry.name, f"{_stem(entry.name)}.png", shown, problem, **_cells(row))
