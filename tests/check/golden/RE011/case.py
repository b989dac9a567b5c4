"""RE011: nothing says that a column holds images."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.check.repos import HEADER, checked, checked_rows, images, write_parquet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_parquet(data_dir / "data/more.parquet", images(), None)
    return checked_rows(data_dir, images(), None)


def good(data_dir: Path) -> list[Finding]:
    """The card may say it in place of the file."""
    write_parquet(data_dir / "data/more.parquet", images(), None)
    return checked(data_dir, {}, {**HEADER, "dataset_info": {"features": [{"name": "image", "dtype": "image"}]}})


def good_bytes(data_dir: Path) -> list[Finding]:
    """Bytes beside something else than a path are no image."""
    table = pa.table({"thing": [{"bytes": b"a", "length": 1}]})
    (data_dir / "data").mkdir()
    pq.write_table(table, data_dir / "data/things.parquet", write_page_index=True)
    return checked(
        data_dir, {}, {"configs": [{"data_files": "data/things.parquet"}, {"data_files": "data/train.parquet"}]}
    )
