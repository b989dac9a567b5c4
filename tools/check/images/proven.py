"""The memory of what was proven: SQLite, in the user's cache, so that no file is read twice that did not change.

A file is known by a digest of its path, its size and its times; bytes are known by their SHA-256. What is remembered is
what was found without fault. Whatever is wrong with the database, a check goes on and proves anew: it is a help, not a
source of truth, and may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from tools.check.images.formats import READERS, Header
from tools.check.images.source import Stamp

# The version of the checks whose outcome is remembered: raise it with any change to what a rule on one image finds.
CHECKS = 4
NAME = "proven.sqlite"
LONGEST_VALUE = 64  # bytes or letters: a value that is longer was not written here
PATIENCE = 0.5  # seconds that another process may hold the database before it is done without
LONGEST = 5.0  # seconds that a statement may take: only one of a database that somebody forged takes longer
STEPS = 10_000  # of SQLite's virtual machine, after which the time is looked at
UNWRITTEN = 1000  # files remembered in memory before they are written, in one transaction
# A file that changed less than this before it was read may change again within the same tick of its file system's
# clock, unseen; FAT has the longest tick, of two seconds.
SETTLED_NS = 2 * 10**9

_TABLES = """
CREATE TABLE IF NOT EXISTS content (sha256 BLOB PRIMARY KEY, checks INTEGER, deep INTEGER, format TEXT, width INTEGER,
    height INTEGER, mode TEXT, transparent INTEGER, animated INTEGER, recipe BLOB, look BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stamp (place BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER,
    sha256 BLOB) WITHOUT ROWID;
DROP TABLE IF EXISTS file;  -- of an earlier form, without ctime_ns
"""
_FACTS = "sha256, deep, format, width, height, mode, transparent, animated, recipe, look"


@dataclass(frozen=True)
class Facts:
    """What is remembered of an image whose bytes were found without fault.

    `deep`: its pixels were decoded. `recipe` is the digest of the sheet's cells with which the recipe in the image
    agreed (None: it holds none), `look` its perceptual hash (None: not looked for, empty: too plain for one).
    """

    sha256: bytes
    deep: bool
    header: Header
    recipe: bytes | None = None
    look: bytes | None = None


def default_location() -> Path | None:
    """Return where the memory is kept: in $DIFFUSIONFER_CACHE, or in the user's cache (XDG Base Directory).

    None for a user without a home, as in a container under a number that no account has.
    """
    if own := os.environ.get("DIFFUSIONFER_CACHE"):
        return Path(own, NAME)
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not cache.startswith("/"):
        cache = os.path.expanduser("~/.cache")  # noqa: PTH111 - never raises, and leaves the ~ where there is no home
    return Path(cache, "diffusionfer", NAME) if os.path.isabs(cache) else None  # noqa: PTH117


class Proven:
    """The memory, open for a run; use it in a `with`. Its methods never raise, and threads may share it."""

    def __init__(self, database: sqlite3.Connection | None) -> None:
        self._lock, self._unwritten = threading.RLock(), list[tuple[Stamp | None, Facts]]()
        self._database = database

    @classmethod
    def open(cls, path: Path | None) -> Proven:
        """Open the memory at a path; None, or a database that cannot be used, is a memory that holds nothing."""
        if path is None:
            return cls(None)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not path.is_file():
                return cls(None)  # opening a pipe would wait for ever
            try:
                return cls(_connect(path))
            except sqlite3.OperationalError:  # locked, not ours to write, or of a newer form
                return cls(None)
            except sqlite3.DatabaseError:  # damaged: all that is lost is time
                path.unlink()
                return cls(_connect(path))
        except (OSError, ValueError, sqlite3.Error):
            return cls(None)

    def __enter__(self) -> Proven:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what was not written yet, and close."""
        with self._lock:
            self.flush()
            if self._database:
                with contextlib.suppress(sqlite3.Error):
                    self._database.close()
            self._database = None

    def of_file(self, stamp: Stamp) -> Facts | None:
        """Return what is known of a file that has not changed since it was proven."""
        where = "place=? AND size=? AND mtime_ns=? AND ctime_ns=? AND checks=?"
        query = f"SELECT {_FACTS} FROM stamp JOIN content USING (sha256) WHERE {where}"
        return self._facts(query, (stamp.place, stamp.size, stamp.mtime_ns, stamp.ctime_ns, CHECKS))

    def of_bytes(self, sha256: bytes) -> Facts | None:
        """Return what is known of bytes, wherever they were seen."""
        return self._facts(f"SELECT {_FACTS} FROM content WHERE sha256=? AND checks=?", (sha256, CHECKS))

    def knows(self, sha256: str) -> bool:
        """Say whether the bytes of a SHA-256, in hexadecimal, were proven: what `image_findings` asks."""
        return self.of_bytes(bytes.fromhex(sha256)) is not None

    def remember(self, stamp: Stamp | None, facts: Facts) -> None:
        """Remember bytes without fault, and, with its stamp, the file that holds them."""
        if stamp and time.time_ns() - max(stamp.mtime_ns, stamp.ctime_ns) < SETTLED_NS:
            stamp = None
        with self._lock:
            if self._database:
                self._unwritten.append((stamp, facts))
                if len(self._unwritten) >= UNWRITTEN:
                    self.flush()

    def _facts(self, query: str, values: Sequence[object]) -> Facts | None:
        if not self._database:
            return None
        with self._lock, self._or_without():
            if self._database and (found := self._database.execute(query, values).fetchone()):
                return _facts_of(found)
        return None

    def flush(self) -> None:
        """Write what was not written yet; before, it is not found."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        if not (self._database and unwritten):
            return
        content = [
            (f.sha256, CHECKS, f.deep, h.format, h.width, h.height, h.mode, h.transparent, h.animated, f.recipe, f.look)
            for _, f in unwritten
            for h in (f.header,)
        ]
        files = [(s.place, s.size, s.mtime_ns, s.ctime_ns, facts.sha256) for s, facts in unwritten if s]
        with self._or_without(), self._database:
            self._database.executemany(f"INSERT OR REPLACE INTO content VALUES ({','.join('?' * 11)})", content)
            self._database.executemany("INSERT OR REPLACE INTO stamp VALUES (?, ?, ?, ?, ?)", files)

    @contextlib.contextmanager
    def _or_without(self) -> Iterator[None]:
        """Do without the memory from now on where it fails; where another process only holds it, for this once."""
        try:
            if self._database:
                _limit(self._database)
            yield
        except (sqlite3.Error, MemoryError) as error:  # the latter by a value that somebody made too large
            if "locked" not in str(error):
                self._database = None


def _facts_of(row: Sequence[Any]) -> Facts | None:
    """Return the facts of a row; None where a value is not of the kind that is written: the file may be anyone's."""
    sha256, deep, name, width, height, mode, transparent, animated, recipe, look = row
    known = (
        all(isinstance(flag, int) and flag in (0, 1) for flag in (deep, transparent, animated))
        and all(isinstance(side, int) and 0 < side < 2**31 for side in (width, height))
        and all(isinstance(text, str) and 0 < len(text) <= LONGEST_VALUE for text in (name, mode))
        and all(isinstance(part, bytes) and len(part) <= LONGEST_VALUE for part in (recipe, look) if part is not None)
        and (isinstance(sha256, bytes) and len(sha256) == 32 and name in READERS)
    )
    if not known:
        return None
    return Facts(sha256, bool(deep), Header(name, width, height, mode, bool(transparent), bool(animated)), recipe, look)


def _limit(database: sqlite3.Connection) -> None:
    """Have SQLite break off, with an error, what takes longer than LONGEST from now on."""
    until = monotonic() + LONGEST
    database.set_progress_handler(lambda: monotonic() > until, STEPS)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False)
    try:
        _limit(database)
        with database:
            if database.execute("SELECT 1 FROM sqlite_master WHERE type NOT IN ('table', 'index')").fetchone():
                raise sqlite3.OperationalError("it holds views or triggers, which this memory does not")
            database.executescript(_TABLES)
            database.execute(f"SELECT {_FACTS}, checks FROM content LIMIT 1").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database
