"""A design on the disk: begun as a new file, or made longer, whole or not at all.

In come a plan and how many rows it shall have; out comes the file with all of them. Rows that are there already are
never changed: an appended design has to be the one that the file began with.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from tools.make.generation.base import SKETCHES
from tools.make.label_source import as_claimed
from tools.make.ledger import Ledger
from tools.make.planned import SheetPlan, SidePlan
from tools.make.webui import is_imported

# What a design leaves empty; and where labels come from, which a sheet may have been begun without.
LATER = ("face_box", "clip_score", "sha256", "sha256_cropped", "label_source")
LABELS = ("emotion", "valence", "arousal")  # which people's ratings may have changed
MAKING = ("negative_prompt", "steps", "sampler", "cfg_scale", "model", "width", "height")  # rewritten for a picture


@dataclass(frozen=True)
class Written:
    """What was done: the file, how many rows of the design stood there before, and how many were added."""

    path: Path
    before: int
    added: int


def write_plan(
    plan: SheetPlan | SidePlan,
    folder: Path,
    count: int,
    *,
    append: bool = False,
    advance: Callable[[int], object] = lambda rows: None,
) -> Written:
    """Write the first `count` rows of a design to its file below `folder`; `advance` hears of rows as they are written.

    With `append`, a file that is there is made longer, and rows of other sizes and of imported pictures stay. Without
    it, a file that has these rows already is left as it is. Raises ValueError where another file is there, where its
    rows are not those of the design, or where it cannot be read or written.
    """
    path = folder / plan.file
    if os.path.lexists(parquet := path.with_suffix(".parquet")):
        raise ValueError(f"{parquet} is there: a design is a CSV, and two files would contradict each other")
    fresh = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Ledger(path, key=plan.key) as ledger:
            try:
                if os.path.lexists(path) and not append:
                    _refuse_another_file(plan, ledger, count)
                    return Written(path, count, 0)
                before = _write(plan, ledger, count, advance)
            except BaseException:
                if not os.path.lexists(path):  # what failed leaves nothing that was not there before
                    with suppress(OSError):
                        ledger.path.with_name(f"{ledger.path.name}.lock").unlink()
                raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ValueError(f"{path} cannot be written ({reason}): nothing was changed") from None
    finally:
        if fresh:
            with suppress(OSError):
                folder.rmdir()  # where it is empty
    return Written(path, before, count - before)


def _refuse_another_file(plan: SheetPlan | SidePlan, ledger: Ledger, count: int) -> None:
    """Raise ValueError unless the file that is there has the rows of the design, all of them and no more."""
    try:
        same = _known(plan, ledger, count) == count
    except ValueError:
        same = False
    if not same:
        raise ValueError(
            f"{ledger.sheet} is there already and is not overwritten: --append adds the rows that it lacks"
        )


def _write(plan: SheetPlan | SidePlan, ledger: Ledger, count: int, advance: Callable[[int], object]) -> int:
    """Write the file under another name and put it in its place; return how many rows of the design it had."""
    path, before = ledger.sheet, 0
    ledger.fold()  # also where there is no sheet yet: a run that was killed may have recorded its first rows
    if os.path.lexists(path):
        before = _known(plan, ledger, count)
        if before == count:
            return before
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            columns, end = _begun(plan, ledger, file)
            for number, lines in plan.lines(before, count, columns, end):
                file.write(lines)
                advance(number)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return before


def _known(plan: SheetPlan | SidePlan, ledger: Ledger, count: int) -> int:
    """Return how many rows of the design a file has; raises ValueError where they are of another."""
    before, imported = 0, set[str]()
    planned = _each(plan, 0, count)
    wanted = itemgetter(*plan.columns)
    for number, row in enumerate(ledger.rows(), 2):
        if plan.is_of_this(row):
            before += 1
            if before <= count:
                cells = next(planned)
                if cells != wanted(defaultdict(str, row)):  # told apart in one step: most rows are as they were
                    _refuse_another(plan, f"{ledger.sheet} row {number:,}", row, before, cells)
        elif is_imported(row):
            imported.add(row[plan.key])
    if before > count:
        message = f"has {before:,} rows of this size, more than the {count:,} that were asked for"
        raise ValueError(f"{ledger.sheet} {message}")
    place = plan.columns.index(plan.key)
    for number, cells in enumerate(_each(plan, before, count) if imported else (), before + 1):
        if cells[place] in imported:  # one name of 26^8: seldom, but then a row would stand twice
            raise ValueError(
                f"{ledger.sheet}: {cells[place]} is an imported picture, and the name of row {number:,} of this "
                "design: give the picture and its row another name"
            )
    return before


def _each(plan: SheetPlan | SidePlan, start: int, stop: int) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(plan.rows(start, stop))


def _begun(plan: SheetPlan | SidePlan, ledger: Ledger, file: BinaryIO) -> tuple[list[str], str]:
    """Begin the new file with what the old one has; return its columns, and how its lines end."""
    path, header, end = ledger.sheet, list[str](), "\n"
    if os.path.lexists(path):
        with path.open(encoding="utf-8-sig", newline="") as text:
            header = next(csv.reader(text), [])
        with path.open("rb") as old:
            end = "\r\n" if old.readline(2**20).endswith(b"\r\n") else "\n"
            if not set(plan.columns) - set(header):  # nothing to add to the rows: they stay to the byte
                old.seek(0)
                shutil.copyfileobj(old, file)
                old.seek(-1, os.SEEK_END)
                if old.read() not in (b"\n", b"\r"):
                    file.write(end.encode())
                return header, end
    columns = [*header, *(column for column in plan.columns if column not in header)]
    copy = io.TextIOWrapper(file, encoding="utf-8", newline="")
    plain = csv.DictWriter(copy, columns, restval="", lineterminator=end)
    # A lone carriage return would end a row, where it is not in quotes.
    quoted = csv.DictWriter(copy, columns, restval="", lineterminator=end, quoting=csv.QUOTE_ALL)
    plain.writeheader()
    for row in ledger.rows():
        (quoted if any("\r" in cell for cell in row.values()) else plain).writerow(row)
    copy.detach()
    return columns, end


def _refuse_another(
    plan: SheetPlan | SidePlan, place: str, row: dict[str, str], number: int, wanted: tuple[str, ...]
) -> None:
    """Raise ValueError where a row has another cell than the design gives it, and no command of ours wrote it."""
    given = dict(zip(plan.columns, wanted, strict=True))
    row = as_claimed(row)
    free = {*LATER}
    if row.get("label_source") in ("person", "model"):
        free.update(LABELS)
    if row.get("sha256"):
        free.update(MAKING)
        # The renderer draws no row that was designed for a model: such a row is of a design for the renderer.
        if row.get("model", "").startswith(SKETCHES) and not given.setdefault("model", "").startswith(SKETCHES):
            free.discard("model")
    tried = row.get("candidate_seeds", "").split()
    seed = tried[0] if row.get("seed") in tried else row.get("seed", "")  # the one that the design gave
    # First what tells designs apart for a person: whose row it is, and of what.
    for column in dict.fromkeys((plan.key, "prompt", *given)):
        got = seed if column == "seed" else row.get(column, "")
        if column not in free and not _same(got, given[column]):
            raise ValueError(
                f"{place}: {column} is {got!r}, but row {number:,} of this design has {given[column]!r}: give the "
                "size, the grammar, the seed and the backend that the file was begun with; nothing was changed"
            )


def _same(one: str, other: str) -> bool:
    """Say whether two cells are equal, as text or as numbers: spreadsheets write 12.0 as 12."""
    if one == other:
        return True
    try:
        return float(one) == float(other)
    except ValueError:
        return False
