"""RE012: the features in a Parquet file do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Features, Value

from tests.check.repos import FEATURES, checked, images, write_parquet
from tools.check.findings import Finding


def described(data_dir: Path, text: str) -> list[Finding]:
    """Check a file that says this of its features."""
    schema = FEATURES.arrow_schema.with_metadata({"huggingface": text})
    (data_dir / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(images(), schema), data_dir / "data/other.parquet", write_page_index=True)
    return checked(data_dir, {}, {"configs": [{"data_files": "data/train.parquet"}]})


def bad(data_dir: Path) -> list[Finding]:
    """A column more, another type, a column less."""
    features = Features({**FEATURES, "label": Value("string"), "more": Value("int32")})
    del features["text"]
    return described(data_dir, json.dumps({"info": {"features": features.to_dict()}}))


def bad_unknown(data_dir: Path) -> list[Finding]:
    return described(data_dir, json.dumps({"info": {"features": {"image": {"_type": "Hologram"}}}}))


def bad_text(data_dir: Path) -> list[Finding]:
    return described(data_dir, "{")


def bad_files(data_dir: Path) -> list[Finding]:
    """Files of one config with other columns, and with other labels."""
    rows = [{key: row[key] for key in ("image", "label")} for row in images()]
    write_parquet(data_dir / "data/a.parquet", rows, Features({key: FEATURES[key] for key in ("image", "label")}))
    write_parquet(data_dir / "data/b.parquet", images(), Features({**FEATURES, "label": ClassLabel(names=["b", "a"])}))
    return checked(data_dir, {})


def good(data_dir: Path) -> list[Finding]:
    """Two configs may well have other columns, and metadata of others is not ours to judge."""
    rows = [{"label": 1}]
    write_parquet(data_dir / "other/a.parquet", rows, Features({"label": Value("int32")}))
    configs = [{"config_name": name, "data_files": f"{name}/*"} for name in ("data", "other")]
    return checked(data_dir, {}, {"configs": configs})


def good_other_metadata(data_dir: Path) -> list[Finding]:
    return described(data_dir, json.dumps({"fingerprint": "1"}))
