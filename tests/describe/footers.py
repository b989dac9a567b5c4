"""Shards for the tests of facts and blocks: so many rows of nothing, with the features of a config in their footer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from DiffusionFER import FEATURES, SUBSETS
from tests.trees import write_sheet
from tools.describe.facts.description import Description, describe

Shards = dict[str, list[tuple[str, Path]]]


def write_footers(folder: Path, config: str, rows: Mapping[str, int]) -> list[tuple[str, Path]]:
    """Write a shard for each split of a config, with the given number of rows; return them as (split, file)."""
    features = {"info": {"features": FEATURES[SUBSETS[config].kind].to_dict()}}
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for split, count in rows.items():
        table = pa.table({"nothing": pa.nulls(count)}).replace_schema_metadata({"huggingface": json.dumps(features)})
        shards.append((split, folder / f"{config}-{split}.parquet"))
        pq.write_table(table, shards[-1][1])
    return shards


def footers_of(folder: Path, rows: Iterable[Mapping[str, Any]], *configs: str) -> Shards:
    """Write shards of configs with as many rows of each split as there are in `rows` of a sheet."""
    splits = Counter(row["split"] or "train" for row in rows)
    return {config: write_footers(folder, config, splits) for config in configs}


def describe_rows(data_dir: Path, rows: list[dict[str, Any]], *configs: str) -> Description:
    """Write rows as the sheet of a data directory, without pictures, and describe them as published in configs."""
    data_dir.mkdir(exist_ok=True)
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    return describe(data_dir, footers_of(data_dir / "footers", rows, *(configs or ("small_original",))))
