"""Export `imagefolder`: a folder a split with `metadata.csv`, as `load_dataset("imagefolder")` reads it.

Columns of which nothing is known are left out of the CSV. A CSV has no types: readers guess them. Where they would
guess wrong (a text "None", a column that is known in one split only), and for the nested annotations of EmoNet-Face,
the table is `metadata.parquet`, which has the published types.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, Value

from tools.use.export.job import Job, as_text, rows_of_csv
from tools.use.export.source import Part, Source

FILE_NAME = "file_name"
CSV, PARQUET = "metadata.csv", "metadata.parquet"
# datasets, folder_based_builder.py: it takes the types of a column from the first so many lines of each file.
LINES = 10_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP, "CSV Injection"


def write(job: Job) -> None:
    """Write the folder."""
    source = job.source
    for part in source.parts:
        for picture in source.pictures(part):
            job.put(picture, f"{part.split}/{picture.name}")
    source.check()
    if "annotations" not in source.features:
        columns = source.known()
        for part in source.parts:
            _write_csv(job, part, columns)
        if reason := _misread(source, columns, {part.split: job.folder / part.split / CSV for part in source.parts}):
            job.notes.append(f"the table is {PARQUET}: of a {CSV}, {reason}")
            for part in source.parts:
                (job.folder / part.split / CSV).unlink()
        else:
            return
    for part in source.parts:
        _write_parquet(source, part, job.folder / part.split / PARQUET)


def how_to_load(job: Job) -> str:
    """Return what a user types."""
    return f'load_dataset("imagefolder", data_dir={str(job.target)!r})'


def _write_csv(job: Job, part: Part, columns: list[str]) -> None:
    with job.text(f"{part.split}/{CSV}") as file:
        row = rows_of_csv(file, [FILE_NAME, *columns])
        for name, values in zip(part.names, job.source.records(part, columns), strict=True):
            row([name, *map(as_text, values.values())])


def _write_parquet(source: Source, part: Part, path: Path) -> None:
    published = {name: kind for name, kind in source.features.items() if name != "image"}
    features = Features({FILE_NAME: Value("string"), **published})
    table = part.table.select(list(published)).add_column(0, FILE_NAME, pa.array(part.names, pa.string()))
    pq.write_table(table.cast(features.arrow_schema), path)


def _misread(source: Source, columns: list[str], files: dict[str, Path]) -> str | None:
    """Say which column a reader would take for something else; None where every value comes back as it is.

    The reader is that of imagefolder: pandas, with its own guesses, so many lines at a time.
    """
    types: dict[str, pa.DataType] = {}
    for part in source.parts:
        records = source.records(part, columns)
        with pd.read_csv(files[part.split], iterator=True, chunksize=LINES) as chunks:
            for number, frame in enumerate(chunks):
                for field in pa.Table.from_pandas(frame, preserve_index=False).schema if number == 0 else ():
                    if types.setdefault(field.name, field.type) != field.type:
                        return f"column {field.name} would have other types in {part.split} than in other splits"
                rows = [next(records) for _ in range(len(frame))]
                for column in columns:
                    read, wanted = frame[column].tolist(), [as_text(row[column]) for row in rows]
                    if any(isinstance(cell, str) and cell.startswith(FORMULA) for cell in wanted):
                        return f"column {column} has a cell that a spreadsheet would take for a formula"
                    if not all(map(_same, read, wanted)):
                        return f"column {column} would be read as other values"
    return None


def _same(read: Any, wanted: Any) -> bool:
    return read == wanted and isinstance(read, str) == isinstance(wanted, str) if wanted != "" else bool(pd.isna(read))
