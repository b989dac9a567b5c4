"""The Arrow schema of the shards of a config: the columns, and the features that tell readers what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from DiffusionFER import FEATURES, SUBSETS


def schema_of(config: str) -> pa.Schema:
    """Return the Arrow schema of a config, with the features as every version of datasets can read them."""
    features = FEATURES[SUBSETS[config].kind]
    described = {"info": {"features": _oldest_form(features.to_dict())}}
    return features.arrow_schema.with_metadata({"huggingface": json.dumps(described)})


def _oldest_form(feature: Any) -> Any:
    """Write lists as datasets before 4 did, in brackets: every version reads that."""
    if isinstance(feature, list):
        return [_oldest_form(item) for item in feature]
    if not isinstance(feature, dict):
        return feature
    if feature.get("_type") in ("List", "Sequence"):
        return [_oldest_form(feature["feature"])]
    return {key: _oldest_form(value) for key, value in feature.items()}


def leaves(schema: pa.Schema) -> Iterator[tuple[str, bool]]:
    """Yield the Parquet path of each leaf column, by which the writer's options go, and whether it holds numbers."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    columns = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    for number in range(len(columns)):
        column = columns.column(number)
        yield column.path, column.physical_type != "BYTE_ARRAY"
