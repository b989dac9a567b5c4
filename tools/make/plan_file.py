"""A design on the disk: begun as a new file, or made longer, whole or not at all.

In come a plan and how many rows it shall have; out comes the file with all of them. Rows that are there already are
never changed: an appended design has to be the one that the file began with.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.make.ledger import Ledger
from tools.make.planned import SheetPlan, SidePlan


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

    With `append`, a file that is there is made longer, and rows of other sizes stay. Raises ValueError where a file is
    there and it is not to be, where its rows are not those of the design, or where it cannot be read or written.
    """
    path = folder / plan.file
    _refuse_existing(path, append)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Ledger(path, key=plan.key) as ledger:
            _refuse_existing(path, append)  # another process may have been quicker
            before = _write(plan, ledger, count, advance)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ValueError(f"{path} cannot be written ({reason}): nothing was changed") from None
    return Written(path, before, count - before)


def _refuse_existing(path: Path, append: bool) -> None:
    if os.path.lexists(parquet := path.with_suffix(".parquet")):
        raise ValueError(f"{parquet} is there: a design is a CSV, and two files would contradict each other")
    if os.path.lexists(path) and not append:
        raise ValueError(f"{path} is there already and is not overwritten: --append adds the rows that it lacks")


def _write(plan: SheetPlan | SidePlan, ledger: Ledger, count: int, advance: Callable[[int], object]) -> int:
    """Write the file under another name and put it in its place; return how many rows of the design it had."""
    path, before = ledger.sheet, 0
    if os.path.lexists(path):
        ledger.fold()
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
    before, planned = 0, plan.keys(0, count)
    for number, row in enumerate(ledger.rows(), 2):
        if plan.is_of_this(row[plan.key]):
            before += 1
            if before <= count:
                _refuse_another(plan, f"{ledger.sheet} row {number:,}", row, before, next(planned))
    if before > count:
        message = f"has {before:,} rows of this size, more than the {count:,} that were asked for"
        raise ValueError(f"{ledger.sheet} {message}")
    return before


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
    plan: SheetPlan | SidePlan, place: str, row: dict[str, str], number: int, wanted: tuple[str, str]
) -> None:
    for column, text in zip((plan.key, "prompt"), wanted, strict=True):
        if (got := row.get(column, "")) != text:
            raise ValueError(
                f"{place}: {column} is {got!r}, but row {number:,} of this design has {text!r}: give the size, the "
                "grammar and the seed that the file was begun with; nothing was changed"
            )
