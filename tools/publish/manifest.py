"""The journal of a work directory: what is proven done, so that a push that was stopped goes on where it was.

SQLite, in `manifest.sqlite`: a kill, a full disk or a power cut at any instant leaves it as it was before or after a
change, and two processes that use it wait for one another. It holds a row for each shard that was begun, and small
facts by name. Losing it costs time, nothing else: what it does not prove is done again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NAME = "manifest.sqlite"
APPLICATION = 0x44464552  # "DFER", in the header of the database: nobody else's is taken for ours
VERSION = 2  # of the tables: raise it with any change to them
PATIENCE = 10.0  # seconds to wait for another process that writes

_TABLES = (
    "CREATE TABLE shard (path TEXT PRIMARY KEY, fingerprint TEXT, rows INTEGER, size INTEGER, sha256 TEXT,"
    " mtime_ns INTEGER, num_bytes INTEGER, state TEXT) WITHOUT ROWID",
    "CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
)
# What SQLite says, and what to do about it.
_HINTS = {
    "full": "free disk space and run the same command again",
    "I/O error": "look at the disk and its free space, and run the same command again",
    "locked": "another process works in this folder: wait for it, or give another --work-dir",
    "readonly": "make the folder writable, or give another --work-dir",
    "unable to open": "make the folder writable, or give another --work-dir",
}
_DAMAGED = "move it away and run the same command again: what it proved is done anew"


class ManifestError(Exception):
    """The manifest cannot be read or written; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class Record:
    """A shard that was built: what it was built from, and the file that came out. Sizes in bytes.

    `num_bytes` is the size of its columns, not compressed, as the footer has it. The file may be gone from here since,
    for it was sent.
    """

    fingerprint: str
    rows: int
    size: int
    sha256: str
    mtime_ns: int
    num_bytes: int


class Manifest:
    """The manifest of a work directory; use it in a `with`. Every method may raise ManifestError; threads may share it.

    A change is on the disk when its method returns. `set_aside` is where a manifest was moved that was damaged, of
    another version or no manifest at all, and for which this one was begun anew; None where there was none.
    """

    def __init__(self, work_dir: Path, *, begins: bool = True) -> None:
        """Open the manifest of `work_dir`, or begin one; unless `begins`, one that cannot be used is an error."""
        self.path = work_dir / NAME
        self.set_aside: Path | None = None
        self._lock = threading.RLock()
        try:
            work_dir.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not self.path.is_file():  # opening a pipe would wait for ever
                raise ManifestError(f"{self.path} is not a file: move it away, or give another --work-dir")
            try:
                self._database = _connect(self.path)
            except sqlite3.OperationalError:  # it may be sound: only the disk, its rights or another process are not
                raise
            except sqlite3.DatabaseError:
                if not begins:
                    raise
                self.set_aside = _set_aside(self.path)
                self._database = _connect(self.path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ManifestError(f"{self.path} cannot be kept there ({reason}): give another --work-dir") from None
        except sqlite3.Error as error:
            raise self._plain(error) from None

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; closing it twice does nothing."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    # --- shards: by their path in the repository

    def shards(self, config: str) -> dict[str, Record]:
        """Return what is recorded of the shards of a config, by path, without those that were only begun."""
        columns = "path, fingerprint, rows, size, sha256, mtime_ns, num_bytes"
        query = f"SELECT {columns} FROM shard WHERE path >= ? AND path < ? AND state = 'built' ORDER BY path"
        with self._change() as database:
            return {path: Record(*values) for path, *values in database.execute(query, (f"{config}/", f"{config}0"))}

    def begin(self, path: str) -> None:
        """Note that the file of a shard is about to be replaced: from now on nothing is proven of it."""
        with self._change() as database:
            database.execute("UPDATE shard SET state = 'begun' WHERE path = ?", (path,))

    def record(self, path: str, record: Record) -> None:
        """Note that a shard is built. Its file must be on the disk, under its name, before."""
        facts = (record.fingerprint, record.rows, record.size, record.sha256, record.mtime_ns, record.num_bytes)
        with self._change() as database:
            database.execute("INSERT OR REPLACE INTO shard VALUES (?, ?, ?, ?, ?, ?, ?, 'built')", (path, *facts))

    def keep_only(self, config: str, paths: Iterable[str]) -> None:
        """Forget the shards of a config besides these."""
        kept = set(paths)
        query = "SELECT path FROM shard WHERE path >= ? AND path < ?"
        with self._change() as database:
            found = database.execute(query, (f"{config}/", f"{config}0")).fetchall()
            database.executemany("DELETE FROM shard WHERE path = ?", [row for row in found if row[0] not in kept])

    # --- facts: whatever a push has to know after it was stopped

    def get(self, key: str) -> str | None:
        """Return a fact; None where it was not set."""
        with self._change() as database:
            found = database.execute("SELECT value FROM fact WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else None

    def keys(self) -> list[str]:
        """Return the keys of all facts, sorted."""
        with self._change() as database:
            return [key for (key,) in database.execute("SELECT key FROM fact ORDER BY key")]

    def set(self, key: str, value: str) -> None:
        """Set a fact, in place of what it was."""
        with self._change() as database:
            database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (key, value))

    def forget(self, key: str) -> None:
        """Forget a fact; one that was not set stays so."""
        with self._change() as database:
            database.execute("DELETE FROM fact WHERE key = ?", (key,))

    @property
    def notes(self) -> Notes:
        """The facts as a mapping of texts, which changes them."""
        return Notes(self)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction, of one thread at a time."""
        with self._lock:
            try:
                with self._database:
                    yield self._database
            except sqlite3.Error as error:
                raise self._plain(error) from None

    def _plain(self, error: sqlite3.Error) -> ManifestError:
        hint = next((hint for sign, hint in _HINTS.items() if sign in str(error)), _DAMAGED)
        return ManifestError(f"{self.path} cannot be used ({error}): {hint}")


class Notes(MutableMapping[str, str]):
    """The facts of a manifest as a mapping."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def __getitem__(self, key: str) -> str:
        if (value := self._manifest.get(key)) is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: str) -> None:
        self._manifest.set(key, value)

    def __delitem__(self, key: str) -> None:
        self._manifest.forget(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._manifest.keys())

    def __len__(self) -> int:
        return len(self._manifest.keys())


def _connect(path: Path) -> sqlite3.Connection:
    """Open the database, making its tables in a new one. Raises sqlite3.DatabaseError where it is not one of ours."""
    database = sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False)
    try:
        # Each change is on the disk before the next begins; the journal is that of SQLite's default, a file beside the
        # database, because the other one (WAL) does not work on network file systems.
        database.execute("PRAGMA synchronous = FULL")
        with database:
            database.execute("BEGIN IMMEDIATE")  # two processes that begin the same manifest: one after the other
            (application,), (version,) = (database.execute(f"PRAGMA {name}").fetchone() for name in _HEADER)
            if not database.execute("SELECT 1 FROM sqlite_master").fetchone() and (application, version) == (0, 0):
                for statement in _TABLES:
                    database.execute(statement)
                for name, value in _HEADER.items():
                    database.execute(f"PRAGMA {name} = {value}")
            elif (application, version) != (APPLICATION, VERSION):
                raise sqlite3.DatabaseError("it is of another program or version")
            if (found := database.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
                raise sqlite3.DatabaseError(str(found))
    except sqlite3.Error:
        database.close()
        raise
    return database


_HEADER = {"application_id": APPLICATION, "user_version": VERSION}


def _set_aside(path: Path) -> Path:
    """Move a database out of the way under the first free name, with what SQLite keeps beside it; return that name."""
    number = next(n for n in range(1, 10**6) if not path.with_name(f"{path.name}.{n}").exists())
    target = path.with_name(f"{path.name}.{number}")
    # Its journal first: beside a new database, SQLite would play it back into that one.
    for ending in ("-journal", "-wal", "-shm", ""):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.replace(target.with_name(target.name + ending))
    return target
