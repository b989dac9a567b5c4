"""Shards must mean the same to everyone who opens them: three versions of datasets, pandas, polars and DuckDB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS
from tests.builder_runs import expected_faces, run_child, write_sizes
from tests.publish.test_shards import CONFIG, EMONET, build
from tests.trees import write_emonet
from tools.publish.shards import Shard, schema_of

# Runs under every version of datasets; prints what load_dataset makes of the shards of each config.
PROBE = """
import hashlib, json, sys
import datasets

def plain(value):
    if isinstance(value, bytes):
        return {"length": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value

answers = {}
for config, files in json.loads(sys.argv[1]).items():
    answers[config] = {}
    for split, data in datasets.load_dataset("parquet", data_files=files).items():
        stream = datasets.load_dataset("parquet", data_files=files, split=split, streaming=True)
        rows, streamed = ([plain(row) for row in of.cast_column("image", datasets.Image(decode=False))]
                          for of in (data, stream))
        feature = data.features["emotion"] if "emotion" in data.features else data.features["annotations"]
        while not isinstance(feature, datasets.ClassLabel) and feature is not None:
            inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", feature)
            feature = inner.get("emotion") if isinstance(inner, dict) else None
        answers[config][split] = {
            "rows": rows,
            "streamed": rows == streamed,
            "labels": feature and feature.names,
            "types": {field.name: str(field.type) for field in data.features.arrow_schema},
            "decoded": list(data[0]["image"].size) + [data[0]["image"].format],
            "features": str(data.features),
        }
with open(sys.argv[2], "w") as target:
    json.dump(answers, target)
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with faces, their columns filled and empty, and the three forms of EmoNet."""
    folder = tmp_path_factory.mktemp("data")
    write_sizes(folder)
    write_emonet(folder)
    return folder


@pytest.fixture(scope="module")
def built(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Shard]]:
    """Their shards, by config."""
    target = tmp_path_factory.mktemp("shards")
    return {config: build(data_dir, target, config)[0] for config in (CONFIG, *EMONET)}


@pytest.fixture(scope="module")
def expected(data_dir: Path) -> dict[str, list[dict[str, Any]]]:
    """What CONFIG must give, split by split, with the length and the sha256 of images in place of their bytes."""
    again = data_dir.parent / f"{data_dir.name} again"
    again.mkdir()
    return expected_faces(data_dir, write_sizes(again), CONFIG)


def train(built: dict[str, list[Shard]]) -> str:
    """Return the file of the first shard."""
    return str(built[CONFIG][0].file)


def test_every_datasets(
    any_python: Path, built: dict[str, list[Shard]], expected: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """Each version of datasets must find every column with its type, its labels and its images, cached or streamed."""
    files = {config: {shard.split: str(shard.file) for shard in shards} for config, shards in built.items()}
    run_child([any_python, "-c", PROBE, json.dumps(files), tmp_path / "answers"], tmp_path / "home")
    answers = json.loads((tmp_path / "answers").read_text())
    for config, splits in answers.items():
        types = {field.name: str(field.type) for field in schema_of(config)}
        labels = {CONFIG: list(EMOTIONS), "emonet_binary": list(EMONET_EMOTIONS)}.get(config)
        for split in splits.values():
            assert split["types"] == types
            assert split["labels"] == labels
            assert split["decoded"][2] == "PNG"
            assert split["streamed"]
    assert {split: answer["rows"] for split, answer in answers[CONFIG].items()} == expected
    assert answers[CONFIG]["train"]["decoded"] == [8, 8, "PNG"]
    for config, shards in built.items():
        assert {split: len(answer["rows"]) for split, answer in answers[config].items()} == {
            shard.split: shard.rows for shard in shards
        }
    (first, _) = answers["emonet_binary"]["train"]["rows"]
    assert first["annotations"][1] == {
        "annotator": "human-3",
        "emotion": EMONET_EMOTIONS.index("Contentment"),
        "present": False,
    }
    (first, _) = answers["emonet_hq"]["test"]["rows"]
    assert [person["annotator"] for person in first["annotations"]] == ["expert-1", "expert-2"]
    assert first["annotations"][0]["ratings"]["Elation"] == 7.0


def by_duckdb(query: str) -> list[dict[str, Any]]:
    """Return the rows that DuckDB gives to a query."""
    with duckdb.connect() as connection:
        cursor = connection.execute(query)
        columns = [column[0] for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def check(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Compare rows of a reader that knows nothing of datasets with what must be in them."""
    assert [row["image_id"] for row in found] == [row["image_id"] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        assert set(row) == set(wanted)
        image = row.pop("image")
        assert image["path"] == wanted["image"]["path"]
        assert len(image["bytes"]) == wanted["image"]["bytes"]["length"]
        box = row.pop("face_box")
        assert (None if box is None else list(box)) == wanted["face_box"]
        assert row == {name: value for name, value in wanted.items() if name not in ("image", "face_box")}


def test_polars(built: dict[str, list[Shard]], expected: dict[str, list[dict[str, Any]]]) -> None:
    """polars must read every column, and the image as a struct of bytes and path."""
    frame = pl.read_parquet(train(built))
    assert frame.schema["image"] == pl.Struct({"bytes": pl.Binary, "path": pl.String})
    assert frame.schema["emotion"] == pl.Int64
    check(frame.to_dicts(), expected["train"])


def test_duckdb(built: dict[str, list[Shard]], expected: dict[str, list[dict[str, Any]]]) -> None:
    """DuckDB must read every column, and look into the image without its bytes."""
    check(by_duckdb(f"select * from '{train(built)}'"), expected["train"])
    paths = by_duckdb(f"select image.path as path from '{train(built)}'")
    assert paths == [{"path": row["image"]["path"]} for row in expected["train"]]


def test_pandas(built: dict[str, list[Shard]], expected: dict[str, list[dict[str, Any]]]) -> None:
    """pandas must read every column, by pyarrow, with nulls as missing values."""
    frame = pd.read_parquet(train(built), engine="pyarrow")
    assert frame["valence"].dtype == "float32"
    records = [
        {str(name): None if pd.api.types.is_scalar(value) and pd.isna(value) else value for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]
    check(records, expected["train"])


@pytest.mark.parametrize("config", EMONET)
def test_emonet_by_others(config: str, built: dict[str, list[Shard]]) -> None:
    """polars, DuckDB and pandas must see the same nested annotations as pyarrow."""
    (shard,) = built[config]
    rows = pl.read_parquet(shard.file).to_dicts()
    assert by_duckdb(f"select * from '{shard.file}'") == rows
    frame = pd.read_parquet(shard.file, engine="pyarrow")
    assert [list(cell) for cell in frame["annotations"]] == [row["annotations"] for row in rows]
