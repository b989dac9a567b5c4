"""Finds the Parquet files whose footers end the process that reads them, so that this process need not read them.

pyarrow makes a column chunk of a footer without catching what the library below it throws: on some damaged footers the
process aborts. So a child process, which this file is the program of, makes them first. In go paths, out come reasons.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

# Each end costs a new child, of some 0.3 seconds: a folder of such files must not keep the check for hours.
MOST_ENDS = 20
FATAL = "is damaged: its footer ends the program that reads it"
NOT_READ = f"is not read: before it, the footers of {MOST_ENDS} files are so damaged that they end the program"
_DONE = b"done"


def fatal_files(paths: list[Path]) -> dict[Path, str]:
    """Return which files must not be read in this process, each with the reason, as words that follow its name."""
    found: dict[Path, str] = {}
    while paths:
        if len(found) == MOST_ENDS:
            return found | dict.fromkeys(paths, NOT_READ)
        begun = _ended_at(paths)
        if begun is None:
            break
        found[paths[begun]] = FATAL
        paths = paths[begun + 1 :]
    return found


def _ended_at(paths: list[Path]) -> int | None:
    """Let a child read the footers; return the index of the file that it ended at, None where it read all or none."""
    names = b"\0".join(os.fsencode(path) for path in paths)
    # As a file and not with -c or -m: those import from the working folder, which may be the untrusted one.
    child = subprocess.run(
        [sys.executable, __file__], input=names, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    said = child.stdout.split()
    return None if not said or said[-1] == _DONE else int(said[-1])


def _read_all() -> None:
    """Make every column chunk of the files named on standard input, as the rules do; say each before it begins."""
    import pyarrow.parquet as pq

    with contextlib.suppress(ImportError, OSError, ValueError):  # no file of the memory where systems write one
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number, name in enumerate(sys.stdin.buffer.read().split(b"\0")):
        print(number, flush=True)
        with contextlib.suppress(Exception), pq.ParquetFile(os.fsdecode(name)) as parquet:
            metadata = parquet.metadata
            for group in range(metadata.num_row_groups):
                for column in range(metadata.row_group(group).num_columns):
                    chunk = metadata.row_group(group).column(column)
                    _ = chunk.has_offset_index, chunk.statistics and chunk.statistics.null_count
    print(_DONE.decode(), flush=True)


if __name__ == "__main__":
    _read_all()
