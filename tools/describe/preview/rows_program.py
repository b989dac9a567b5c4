"""Reads the first rows of Parquet files in a process of its own, which damaged files may end without harm.

On standard input comes a JSON object with `rows` and `files`; on standard output goes a line of JSON for each file: its
`columns`, `rows` of cells and the number of all rows, or its `problem`, as words that follow its name.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a program: nothing is imported from the working folder
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from tools.check.repo.footers import read_footer
from tools.describe.preview.cells import cell_of, classes_of, type_of

MOST_COLUMNS = 100
MOST_MEMORY = 8 * 2**30  # bytes of addresses, of which pyarrow alone takes two: a page that unpacks to more fails
BUFFER = 2**20  # bytes that are read at a time, instead of all of a column chunk


def first_rows(path: Path, rows: int) -> dict[str, Any]:
    """Return the first rows of a Parquet file as cells. Raises ValueError where it has no footer that can be read."""
    import pyarrow.parquet as pq

    footer = read_footer(path)
    features = footer.features or {}
    fields = [footer.schema.field(number) for number in range(min(len(footer.schema), MOST_COLUMNS))]
    columns = [
        {
            "name": field.name,
            "type": type_of(features.get(field.name), str(field.type)),
            "classes": classes_of(features.get(field.name)),
        }
        for field in fields
    ]
    chosen = [field.name for field in fields] if len(footer.schema) > MOST_COLUMNS else None
    cells: list[list[Any]] = []
    with pq.ParquetFile(path, buffer_size=BUFFER) as parquet:
        for batch in parquet.iter_batches(batch_size=rows, columns=chosen, use_threads=False):
            values = [batch.column(number).to_pylist() for number in range(len(fields))]
            for row in zip(*values, strict=True):
                cells.append(
                    [cell_of(value, features.get(field.name)) for value, field in zip(row, fields, strict=True)]
                )
            if len(cells) >= rows:
                break
    return {"columns": columns, "rows": cells[:rows], "total": footer.rows, "all_columns": len(footer.schema)}


def _main() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    wanted = json.loads(sys.stdin.buffer.read())
    for name in wanted["files"]:
        try:
            said = first_rows(Path(name), wanted["rows"])
        except ValueError as error:
            known = type(error) is ValueError  # of read_footer, and not of pyarrow
            said = {"problem": str(error) if known else "is damaged: its first rows cannot be read"}
        except Exception:  # whatever pyarrow raises for what is damaged
            said = {"problem": "is damaged: its first rows cannot be read"}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
