"""dataset_info that disagrees with the Parquet files that the card's configs match."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tools.check.card.check import check_card
from tools.check.findings import Finding

CARD = b"""---
license: mit
configs:
- config_name: a
  data_files:
  - split: train
    path: data/train-*.parquet
dataset_info:
  config_name: a
  features:
  - name: label
    dtype: int64
  - name: age
    dtype: int64
  splits:
  - name: train
    num_bytes: 100
    num_examples: 5
---
"""


def write(data_dir: Path, rows: int, *columns: str) -> list[Finding]:
    """Check the card beside two shards, the first with this many rows, the second with two."""
    (data_dir / "data").mkdir()
    for number, size in enumerate((rows, 2)):
        table = pa.table({column: list(range(size)) for column in columns})
        pq.write_table(table, data_dir / "data" / f"train-{number}.parquet")
    return list(check_card("README.md", CARD, data_dir))


def bad_rows(data_dir: Path) -> list[Finding]:
    """The shards have six rows."""
    return write(data_dir, 4, "label", "age")


def bad_columns(data_dir: Path) -> list[Finding]:
    """The shards have another column."""
    return write(data_dir, 3, "label", "gender")


def bad_types(data_dir: Path) -> list[Finding]:
    """A column of numbers is declared as an image, and one of text, large numbers and names as what they cannot be."""
    (data_dir / "data").mkdir()
    columns = {"label": [7, 8, 9, 9, 9], "age": [1, 2, 3, 4, 5], "gender": ["f", "m", "f", "m", "f"]}
    pq.write_table(pa.table(columns), data_dir / "data" / "train-0.parquet")
    label = (
        b"  - name: label\n    dtype:\n      class_label:\n        names:\n          '0': sad\n          '1': happy\n"
    )
    card = CARD.replace(b"  - name: label\n    dtype: int64\n", label + b"  - name: gender\n    dtype: int8\n")
    return list(check_card("README.md", card.replace(b"age\n    dtype: int64", b"age\n    dtype: image"), data_dir))


def good(data_dir: Path) -> list[Finding]:
    """The shards have the rows and the columns."""
    return write(data_dir, 3, "label", "age")


def good_types(data_dir: Path) -> list[Finding]:
    """Columns of other types, which datasets converts when it reads them."""
    (data_dir / "data").mkdir()
    columns = {"label": pa.array([1, 2, 3, 4, 5], pa.int8()), "age": pa.array(["1", "2", "3", "4", "5"])}
    pq.write_table(pa.table(columns), data_dir / "data" / "train-0.parquet")
    return list(check_card("README.md", CARD, data_dir))


def good_damaged(data_dir: Path) -> list[Finding]:
    """A shard that cannot be read says nothing of its rows; a rule for repositories reports it."""
    findings = write(data_dir, 4, "label", "age")
    (data_dir / "data" / "train-1.parquet").write_bytes(b"PAR1")
    assert findings
    return list(check_card("README.md", CARD, data_dir))
