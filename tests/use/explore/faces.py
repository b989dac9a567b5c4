"""Trees and shards of faces whose sheet says what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from DiffusionFER import EMOTIONS, FACE_FEATURES
from tests.trees import png, write_faces, write_sheet

Row = dict[str, Any]


def tree(folder: Path, edit: Callable[[list[Row]], None], count: int = 30) -> Path:
    """Write a raw tree whose sheet was edited; return it."""
    rows = write_faces(folder, count)
    edit(rows)
    write_sheet(folder / "dataset_sheet.csv", rows)
    return folder


def shard(folder: Path, rows: list[Row], split: str = "train") -> Path:
    """Write one shard of small_original, with pictures; what a row does not say is null. Return its folder."""
    schema = FACE_FEATURES.arrow_schema
    full = [
        {
            **dict.fromkeys(schema.names),
            "image": {"bytes": png(number), "path": f"{number}.png"},
            "image_id": f"row{number}",
            "emotion": number % len(EMOTIONS),
            **row,
        }
        for number, row in enumerate(rows)
    ]
    (folder / "small_original").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(full, schema), folder / "small_original" / f"{split}-00000.parquet")
    return folder
