"""What was made since the sheet was written last: cells by path, on the disk beside the sheet, until they go into it.

A sheet of a million rows cannot be written anew for each batch of pictures. So a command records what a batch gave, in
SQLite: a kill, a full disk or a power cut at any instant leaves all batches that were recorded. At the end, or when the
next run begins, the sheet is written once with all of it. Cells are text, as a CSV has them.

What is recorded is a journal, too: a row for which another key is recorded is to be renamed. The files that bear its
name are renamed first, then the sheet is written, then the record is removed; each step can be done again. So a kill
between two of them leaves something that the next run finishes, and that no other command takes for done.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from tools.make.design import COLUMNS

ENDING = ".ledger"  # of the file beside the sheet
APPLICATION = 0x4446454C  # "DFEL", in the header of the database: nobody else's is taken for ours
BATCH = 500  # rows of the sheet that are looked up at a time
_TABLE = "CREATE TABLE IF NOT EXISTS made (id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, cells TEXT NOT NULL)"
# A path that stands there already keeps its cells that are not given now.
_RECORD = """INSERT INTO made (path, cells) VALUES (?, ?)
ON CONFLICT (path) DO UPDATE SET cells = json_patch(cells, excluded.cells)"""
_RENAMES = "SELECT path, json_extract(cells, ?) AS renamed FROM made WHERE renamed <> path ORDER BY path"


class LedgerError(ValueError):
    """The sheet or what is recorded beside it cannot be read or written; the message is one line that says why."""


class Ledger:
    """What is recorded beside a sheet (CSV) and not yet in it; use it in a `with`, from one thread.

    `key` is the column by which a row is known. `rename` gets the old and the new key of a row that is to be renamed,
    and renames its files as far as that is not done; what it raises, `fold` raises. Without it, a sheet that has such
    rows is refused. A second process is kept out; with `reading` it is not, and `cells` and `rows` alone can be used,
    which say what was recorded when the ledger was opened. Every method may raise LedgerError.
    """

    def __init__(
        self,
        sheet: Path,
        key: str = "path",
        *,
        rename: Callable[[str, str], None] | None = None,
        reading: bool = False,
    ) -> None:
        self.sheet, self.key = sheet, key
        self._rename, self._reading = rename, reading
        self.path = sheet.with_name(f".{sheet.name}{ENDING}")
        self._lock = FileLock(self.path.with_name(f"{self.path.name}.lock"))

    def __enter__(self) -> Ledger:
        if self.sheet.suffix != ".csv":
            raise LedgerError(f"{self.sheet} is no CSV, which alone is written to: convert it to {self.sheet.stem}.csv")
        if self.sheet.is_symlink():  # which would become a file, and what it leads to would stay as it was
            raise LedgerError(f"{self.sheet} is a link: give the folder that the sheet itself lies in")
        if not self._reading:
            self._take_lock()
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as error:
            self._lock.release()
            raise self._plain(error) from None
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(sqlite3.Error, OSError):
            empty = self._database.execute("SELECT 1 FROM made").fetchone() is None
            self._database.close()
            if empty and not self._reading:
                self.path.unlink(missing_ok=True)
        self._database.close()
        self._lock.release()

    def record(self, cells: Mapping[str, Mapping[str, str]]) -> None:
        """Keep cells, by the key of their row and by column: all of them or none, and on the disk when this returns."""
        for path, of in cells.items():
            if wrong := [name for name, cell in (("", path), *of.items()) if "\0" in cell]:
                raise LedgerError(f"{path!r}: {wrong[0] or self.key} holds a NUL, which a CSV cannot")
        rows = [(path, json.dumps(dict(of), ensure_ascii=False)) for path, of in cells.items()]
        try:
            with self._database:
                self._database.executemany(_RECORD, rows)
        except sqlite3.Error as error:
            raise self._plain(error) from None

    def cells(self) -> dict[str, dict[str, str]]:
        """Return what is recorded, by key and by column, in the order of the keys."""
        found = self._select("SELECT path, cells FROM made ORDER BY path")
        return {path: json.loads(cells) for path, cells in found}

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the sheet's rows with what is recorded of them, and then recorded rows that the sheet has not, by key.

        Each has all columns of the sheet and those that were recorded when the first row was asked for. A row that is
        to be renamed has its new key. Where the sheet lacks the old one, it has been renamed already, and is not new.
        """
        columns = self._columns()
        seen = bytearray(self._number("SELECT coalesce(max(id), 0) FROM made") + 1)  # a byte for each recorded row
        with closing(self._sheet_rows()) as rows:
            while batch := list(islice(rows, BATCH)):
                recorded = self._recorded([row[self.key] for row in batch])
                for row in batch:
                    number, cells = recorded.get(row[self.key], (0, {}))
                    if number < len(seen):  # others were recorded since
                        seen[number] = 1
                    yield {**dict.fromkeys(columns, ""), **row, **cells}
        for number, path, cells in self._select("SELECT id, path, cells FROM made ORDER BY path"):
            if number < len(seen) and not seen[number]:
                row = {**dict.fromkeys(columns, ""), self.key: path, **json.loads(cells)}
                if row[self.key] == path:
                    yield row

    def fold(self) -> int:
        """Write the sheet anew with all that is recorded, whole or not at all; return how many rows that concerned.

        Before that, the files of rows that are to be renamed are; what is in their way leaves the sheet as it was.
        Where nothing is recorded, the sheet stays as it is, to the byte. Otherwise its line ends and the order of its
        rows and columns are kept; columns that it has not come last: the published ones in their order, then others.
        """
        count = self._number("SELECT count(*) FROM made")
        if not count:
            return 0
        if self._rename:
            for before, after in list(self._select(_RENAMES, f'$."{self.key}"')):
                self._rename(before, after)
        part = self.sheet.with_name(f".{self.sheet.name}.part")
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                columns, end = self._columns(), self._line_end()
                plain = csv.DictWriter(file, columns, lineterminator=end)
                # Where lines end otherwise, a lone carriage return is not put in quotes, and would end the row.
                quoted = csv.DictWriter(file, columns, lineterminator=end, quoting=csv.QUOTE_ALL)
                plain.writeheader()
                for row in self.rows():
                    (quoted if any("\r" in cell for cell in row.values()) else plain).writerow(row)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.sheet)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise self._unwritable(self.sheet, error) from None
        except LedgerError:
            part.unlink(missing_ok=True)
            raise
        try:  # a run that is killed here does all of this once more, with the same result
            with self._database:
                self._database.execute("DELETE FROM made")
        except sqlite3.Error as error:
            raise self._plain(error) from None
        return count

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise LedgerError(f"another command writes to {self.sheet}: wait for it to end") from None
        except OSError as error:
            raise self._unwritable(self.sheet.parent, error) from None

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:" if self._reading else self.path)
        try:
            if self._reading and self.path.exists():
                # Before the sheet is read: what another command moves into it meanwhile is there twice, and never lost.
                with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=rw", uri=True)) as recorded:
                    recorded.backup(database)
            (application,) = database.execute("PRAGMA application_id").fetchone()
            if application not in (0, APPLICATION):
                raise LedgerError(f"{self.path} is not a ledger of this project: move it away")
            database.execute("PRAGMA synchronous = FULL")
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            with database:
                database.execute(_TABLE)
            if not self._rename and database.execute(_RENAMES, [f'$."{self.key}"']).fetchone():
                wanted = "run that `diffusionfer annotate import` again, which finishes it"
                raise LedgerError(f"{self.sheet}: an import that moves pictures was cut short: {wanted}")
        except BaseException:
            database.close()
            raise
        return database

    def _columns(self) -> list[str]:
        """Return the columns that the sheet has, and then those that only what is recorded has."""
        header = self._header()
        keys = "SELECT DISTINCT key FROM made, json_each(made.cells)"
        recorded = {self.key, *(name for (name,) in self._select(keys))} - set(header)
        if not header:
            recorded.update(COLUMNS if self.key in COLUMNS else ())
        places = {name: place for place, name in enumerate(COLUMNS)}
        return [*header, *sorted(recorded, key=lambda name: (places.get(name, len(places)), name))]

    def _header(self) -> list[str]:
        try:
            with self.sheet.open(encoding="utf-8-sig", newline="") as file:
                header = next(csv.reader(file), [])
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise self._unreadable(error) from None
        if self.key not in header or len(set(header)) < len(header):
            problem = f"has no column {self.key}" if self.key not in header else "has a column twice"
            raise LedgerError(f"{self.sheet} {problem}: mend its first line")
        return header

    def _sheet_rows(self) -> Generator[dict[str, str], None, None]:
        header = self._header()
        if not header:
            return
        try:
            with self.sheet.open(encoding="utf-8-sig", newline="") as file:
                records = csv.reader(file)
                next(records)
                for number, record in enumerate(records, 2):
                    if len(record) > len(header):
                        wanted = f"{len(record)} cells, where the header has {len(header)}"
                        raise LedgerError(f"{self.sheet} row {number} has {wanted}: mend it, nothing was changed")
                    if record:  # a blank line is none
                        yield dict(zip(header, [*record, *[""] * (len(header) - len(record))], strict=True))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise self._unreadable(error) from None

    def _line_end(self) -> str:
        """Return how the sheet ends its first line."""
        try:
            with self.sheet.open("rb") as file:
                return "\r\n" if file.readline(2**20).endswith(b"\r\n") else "\n"
        except FileNotFoundError:
            return "\n"

    def _recorded(self, paths: list[str]) -> dict[str, tuple[int, dict[str, str]]]:
        marks = ",".join("?" * len(paths))
        found = self._select(f"SELECT path, id, cells FROM made WHERE path IN ({marks})", *paths)
        return {path: (number, json.loads(cells)) for path, number, cells in found}

    def _number(self, query: str) -> int:
        ((number,),) = self._select(query)
        return int(number)

    def _select(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._database.execute(query, values)
        except sqlite3.Error as error:
            raise self._plain(error) from None

    def _plain(self, error: sqlite3.Error) -> LedgerError:
        hint = "free disk space and run it again" if "full" in str(error) else "look at the disk, or move it away"
        return LedgerError(f"{self.path} cannot be used ({error}): {hint}; what was recorded before is kept")

    def _unreadable(self, error: Exception) -> LedgerError:
        reason = getattr(error, "strerror", None) or error
        return LedgerError(f"{self.sheet} cannot be read ({reason}): save it as CSV UTF-8; nothing was changed")

    def _unwritable(self, path: Path, error: OSError) -> LedgerError:
        reason = error.strerror or type(error).__name__
        return LedgerError(f"{path} cannot be written ({reason}): what was made is kept; mend that and run it again")
