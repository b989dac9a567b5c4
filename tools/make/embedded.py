"""The embedded edition on disk: its sheet, and the raw tree of pictures that the sheet describes.

In comes a sheet (or nothing, to make the sheet itself); out come `dataset_sheet.csv`, the originals and the cropped
variants. Everything is written under a temporary name and then renamed, so a killed run leaves no half file and the
next run continues where it was.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import re
import sys
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from PIL import Image
from tqdm import tqdm

from DiffusionFER import EMOTIONS
from tools.engine import Engine, processes, threads
from tools.make.design import COLUMNS, FOLDER, Row, design
from tools.make.sketch import MODEL, Box, crop, draw, render

R = TypeVar("R")
Drawn = Generator[tuple[Row, R], None, None]

ROOT = Path(__file__).resolve().parent.parent.parent
SHEET = "dataset_sheet.csv"
CROPPED = "DiffusionEmotion_S_cropped"
FAMILY = MODEL.rsplit("-", 1)[0]  # every number of this renderer: "diffusionfer-sketch"
PATH = re.compile(rf"{FOLDER}/({'|'.join(EMOTIONS)})/([a-z]{{8}}_([0-6])\.png)")
FEW = 64  # rows: those that one process draws while others start (2 s, against 40 ms a row)
PART = ".part"  # the ending of a file that is not finished


@dataclass(frozen=True)
class Tree:
    """What `render_tree` did: how many pictures the sheet has, how many rows were drawn, how many digests differ."""

    rows: int
    drawn: int
    removed: int
    differing: int


def sheet_text(rows: Iterable[Row]) -> str:
    """Return the sheet as CSV text with "\\n" line ends."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read_sheet(path: Path) -> list[Row]:
    """Return the rows of the embedded edition's sheet.

    Raises ValueError, naming file and line, where the columns are other ones or a path does not lie in the raw tree.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(
                f"{path}: expected the columns {', '.join(COLUMNS)} (got {', '.join(reader.fieldnames or ())})"
            )
        rows = list(reader)
    for number, row in enumerate(rows, 2):
        found = PATH.fullmatch(row["path"] or "")
        if not found or EMOTIONS[int(found[3])] != found[1]:
            wanted = f"{FOLDER}/<emotion>/<eight letters>_<label>.png"
            raise ValueError(f"{path}, line {number}: path: expected {wanted} (got {row['path']!r})")
    return rows


def cropped_path(path: str) -> str:
    """Return the path of the cropped variant of the picture at `path`."""
    return path.replace(FOLDER, CROPPED, 1)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}{PART}")
    part.write_bytes(content)
    part.replace(path)


def digest(path: Path) -> str:
    """Return the sha256 of a file's bytes, or the empty text where there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def describe(row: Row) -> Row:
    """Return `row` with what drawing it tells: face_box, sha256 and sha256_cropped."""
    return _described(row, *render(row))


def _described(row: Row, original: bytes, cropped: bytes, box: Box) -> Row:
    digests = {"sha256": hashlib.sha256(original).hexdigest(), "sha256_cropped": hashlib.sha256(cropped).hexdigest()}
    return {**row, "face_box": " ".join(map(str, box)), **digests}


def is_there(folder: Path, row: Row) -> bool:
    """Say whether the row's two pictures lie in `folder` with the sheet's digests."""
    paths = folder / row["path"], folder / cropped_path(row["path"])
    return all(row[c] and digest(path) == row[c] for path, c in zip(paths, ("sha256", "sha256_cropped"), strict=True))


def write_pictures(folder: Path, row: Row, original: bytes, cropped: bytes, box: Box) -> Row:
    """Write the row's two pictures into `folder`, and return the row with the digests of the files."""
    write_whole(folder / row["path"], original)
    write_whole(folder / cropped_path(row["path"]), cropped)
    return _described(row, original, cropped, box)


def progress_bar(total: int, progress: bool | None) -> tqdm:
    """Return a bar on stderr; `progress` None shows it where that is a terminal."""
    disable = not (sys.stderr.isatty() if progress is None else progress)
    return tqdm(total=total, unit="picture", disable=disable, file=sys.stderr)


def spread(work: Callable[[Row], R], rows: list[Row], workers: int | None, engine: Engine | None) -> Drawn[R]:
    """Yield every row with `work(row)`, in the order in which they are done: by `engine`, or by `workers` processes.

    None is all cores. A few rows are done in this process, sooner than another has started.
    """
    with contextlib.ExitStack() as stack:
        if engine is None:
            alone = workers == 1 or len(rows) <= FEW
            engine = stack.enter_context(threads(1) if alone else processes(workers))
        yield from stack.enter_context(contextlib.closing(engine.run(work, rows)))


def make_sheet(
    path: Path, *, workers: int | None = None, progress: bool | None = None, engine: Engine | None = None
) -> list[Row]:
    """Design the edition, draw every row once for its face box and digests, and write the sheet to `path`.

    Returns the rows. Takes about half a minute on two cores; the digests hold for the Pillow that is installed, which
    an engine that is a cluster has everywhere.
    """
    rows = design()
    made = {}
    with progress_bar(len(rows), progress) as bar:
        for row, described in spread(describe, rows, workers, engine):
            made[row["path"]] = described
            bar.update()
    rows = [made[row["path"]] for row in rows]
    write_whole(path, sheet_text(rows).encode())
    return rows


def former_rows(folder: Path) -> list[Row]:
    """Return the rows of the edition that lies in `folder`, none where there is no sheet.

    Raises ValueError where the sheet there is not one of this renderer's: its pictures are not ours to replace.
    """
    path = folder / SHEET
    if not path.exists():
        return []
    problem = f"{path} is no sheet of {FAMILY}; choose an empty folder, or move what is there"
    try:
        rows = read_sheet(path)
    except ValueError as error:
        raise ValueError(f"{problem} ({error})") from None
    for row in rows:
        if not row["model"].startswith(FAMILY):
            raise ValueError(f"{problem} (model of {row['path']}: {row['model']!r})")
    return rows


def clear(folder: Path, former: list[Row], rows: list[Row]) -> int:
    """Remove unfinished files and the pictures of a former edition that `rows` no longer has; return how many."""
    stale = {row["path"] for row in former} - {row["path"] for row in rows}
    gone = [folder / name for path in sorted(stale) for name in (path, cropped_path(path))]
    gone.append(folder / f".{SHEET}{PART}")
    for kind in (FOLDER, CROPPED):
        for emotion in EMOTIONS:
            gone += sorted((folder / kind / emotion).glob(f".????????_[0-6].png{PART}"))
    found = [path for path in gone if path.is_file()]
    for path in found:
        path.unlink()
    return sum(path.suffix == ".png" for path in found)


def render_tree(
    sheet: Path,
    folder: Path,
    *,
    workers: int | None = None,
    progress: bool | None = None,
    engine: Engine | None = None,
) -> Tree:
    """Make the raw tree of `sheet` in `folder`: originals, cropped variants and the sheet itself.

    Pictures that lie there with the sheet's digests stay as they are; the others are drawn. Where the installed
    Pillow encodes other bytes than the one that made the sheet, the sheet in `folder` gets the digests of the files
    as they are, and `differing` of the result counts those rows. The drawing is done by `workers` processes (all cores
    if None) or by `engine`; the pictures come back and are written here, so that `folder` may be on this machine only.

    Raises ValueError where `sheet` cannot be read as one of this edition, or `folder` holds a sheet of another one.
    """
    rows = read_sheet(sheet)
    for row in rows:
        if row["model"] != MODEL:
            raise ValueError(f"{sheet}: model: expected {MODEL!r} (got {row['model']!r} for {row['path']})")
    removed = clear(folder, former_rows(folder), rows)
    for kind in (FOLDER, CROPPED):
        for emotion in sorted({row["emotion"] for row in rows}):
            (folder / kind / emotion).mkdir(parents=True, exist_ok=True)
    # The sheet comes first: it tells a later edition which pictures of a killed run are this one's.
    write_whole(folder / SHEET, sheet_text(rows).encode())
    made = {}
    with progress_bar(len(rows), progress) as bar:
        with threads(workers) as looking:
            for row, there in looking.run(partial(is_there, folder), rows):
                if there:
                    made[row["path"]] = row
                    bar.update()
        missing = [row for row in rows if row["path"] not in made]
        for row, drawn in spread(render, missing, workers, engine):
            made[row["path"]] = write_pictures(folder, row, *drawn)
            bar.update()
    differing = sum(made[row["path"]] != row for row in rows)
    if differing:
        write_whole(folder / SHEET, sheet_text(made[row["path"]] for row in rows).encode())
    return Tree(len(rows), len(missing), removed, differing)


def embedded_edition(work_dir: Path, say: Callable[[str], None]) -> Path:
    """Draw what is missing of the checkout's edition in `work_dir`, and return its raw tree; `say` is told so.

    Raises ValueError where there is no checkout, and what `render_tree` raises.
    """
    sheet = ROOT / SHEET
    if not sheet.is_file():
        raise ValueError(f"the embedded edition needs a checkout, and {sheet} is not there: give --data-dir")
    folder = work_dir / "embedded"
    say(f"the embedded edition is in {folder}; what is missing there is drawn")
    rendered = render_tree(sheet, folder)
    if rendered.differing:
        say(f"this Pillow writes {rendered.differing} of the pictures in other bytes than the sheet says")
    return folder


def contact_sheet(rows: list[Row], columns: int = 10, side: int = 160, cropped: bool = False) -> Image.Image:
    """Return one picture with a line for each emotion and `columns` portraits of `side` pixels in each line."""
    sheet = Image.new("RGB", (columns * side, len(EMOTIONS) * side))
    for line, emotion in enumerate(EMOTIONS):
        for column, row in enumerate([row for row in rows if row["emotion"] == emotion][:columns]):
            image, box = draw(row)
            image = crop(image, box) if cropped else image
            sheet.paste(image.resize((side, side), Image.Resampling.LANCZOS), (column * side, line * side))
    return sheet
