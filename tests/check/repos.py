"""Folders as they would be pushed: what the push builds, and small Parquet files that are wrong in one way."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Features, Image, Value

from DiffusionFER import read_index
from tests.check.emonet import write_upstream
from tests.trees import png, write_faces
from tools.check.findings import Finding
from tools.check.repo.check import check_repo
from tools.describe.header import facts_of, render_header
from tools.publish.shards import build_shards

FEATURES = Features({"image": Image(), "label": ClassLabel(names=["a", "b"]), "text": Value("string")})
HEADER = {"configs": [{"config_name": "default", "data_files": "data/*.parquet"}]}


def write_published(data_dir: Path, target: Path, configs: tuple[str, ...], **options: Any) -> None:
    """Write what a push of configs publishes: their shards, and a card whose header is made from them."""
    write_faces(data_dir, 30, 40)
    write_upstream(data_dir)
    facts = {}
    for config in configs:
        index = read_index(config, str(data_dir))
        shards, _ = build_shards(config, index, target, **{"max_shard_size": 10**8, "workers": 2, **options})
        facts[config] = facts_of((shard.split, shard.file) for shard in shards)
    (target / "README.md").write_text(render_header("---\nlicense: cc0-1.0\n---\n\n# Card\n", facts))
    (target / ".gitattributes").write_text("*.parquet filter=lfs diff=lfs merge=lfs -text\n")


def images(count: int = 3, **changes: Any) -> list[dict[str, Any]]:
    """Return rows with an image each."""
    return [
        {"image": {"bytes": png(number, 4), "path": f"{number}.png"}, "label": number % 2, "text": "t", **changes}
        for number in range(count)
    ]


def large_images() -> list[dict[str, Any]]:
    """Return rows with 32 images of 100,000 bytes, which compress to as many."""
    return [
        {"image": {"bytes": random.Random(number).randbytes(100_000), "path": f"{number}.png"}, "label": 0, "text": "t"}
        for number in range(32)
    ]


def write_parquet(path: Path, rows: list[dict[str, Any]], features: Features | None = FEATURES, **options: Any) -> None:
    """Write rows as Parquet: with their features in it, or without them (None)."""
    schema = (features or FEATURES).arrow_schema
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, schema if features else schema.remove_metadata())
    pq.write_table(table, path, **{"write_page_index": True, **options})


def checked(folder: Path, files: Mapping[str, str | bytes], header: dict[str, Any] | None = None) -> list[Finding]:
    """Write files beside a good Parquet file and check the folder."""
    write_parquet(folder / "data/train.parquet", images())
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return sorted(check_repo(folder, HEADER if header is None else header))


def checked_rows(
    folder: Path, rows: list[dict[str, Any]], features: Features | None = FEATURES, **options: Any
) -> list[Finding]:
    """Write one Parquet file and check its folder."""
    write_parquet(folder / "data/train.parquet", rows, features, **options)
    return sorted(check_repo(folder, HEADER))
