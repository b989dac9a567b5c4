"""The CSV of an EmoNet folder as an Arrow table, for what is counted over all of its rows at once.

In goes the folder of `emonet_hq` or `emonet_binary`, or a file of annotations by itself; out comes the table, every
cell a text, with the rows that people wrote. What one row says is the builder's to judge, not this module's.
"""

from __future__ import annotations

import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import MAX_FILE_BYTES, Entries, Entry, RawFolder, read_table, row_numbers


class LoneFile(RawFolder):
    """A file of annotations by itself, in the place of the folder that it usually lies in."""

    def __init__(self, path: Path) -> None:
        self.name, self.data_dir, self.path = "", ".", "."
        self._file = path

    def entries(self) -> Entries:
        """Return the one file."""
        return Entries([Entry(self._file.name, 0)])

    def read(self, name: str) -> bytes:
        """Return its bytes. Raises ValueError where it is no regular file or a giant, OSError where it is closed."""
        status = self._file.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise ValueError("it is not a regular file")
        if status.st_size > MAX_FILE_BYTES:
            raise ValueError(f"it has {status.st_size:,} bytes; more than {MAX_FILE_BYTES:,} are not read")
        return self._file.read_bytes()


def annotation_table(folder: RawFolder) -> tuple[str, pa.Table]:
    """Return the name of the CSV of annotations and its rows, with their numbers in a column `row`.

    Raises FileNotFoundError where there is not one CSV, ValueError where it cannot be read.
    """
    names = [entry.name for entry in folder.entries() if "/" not in entry.name and entry.name.endswith(".csv")]
    names = [name for name in names if not name.startswith("metadata.")]  # as the builder does
    if len(names) != 1:
        raise FileNotFoundError(f"expected one CSV of annotations, got {', '.join(names) or 'none'}")
    content = folder.read(names[0])
    table = read_table(names[0], content)
    if len(set(table.column_names)) < table.num_columns:
        raise ValueError(f"{names[0]}: column {max(table.column_names, key=table.column_names.count)!r} stands twice")
    table = table.append_column("row", pa.array(row_numbers(names[0], content, table.num_rows), pa.int64()))
    if "human" in table.column_names:
        said = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(table["human"], "true")))
        table = table.filter(pc.is_in(said, pa.array(["true", "1", "yes"])))
    return names[0], table
