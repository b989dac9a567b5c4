"""The child process of the builder's tests: loads configs in one environment and prints what it got as one JSON line.

It runs under every version of `datasets` with `python builder_probe.py < jobs.json`, so it imports nothing of this
project but the builder, and that by the path in the job. A job names a way ("class", imported, or "script", given to
`load_dataset`), a config, a data directory and whether to stream; the answer holds rows, types and counts, or the
error.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import datasets


def plain(value: Any) -> Any:
    """Return a value that JSON knows: bytes become their length and sha256."""
    if isinstance(value, bytes):
        return {"length": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def labels_of(feature: Any) -> list[str] | None:
    """Return the names of the first ClassLabel in a feature, None where it holds none."""
    if isinstance(feature, datasets.ClassLabel):
        return list(feature.names)
    below = feature.values() if isinstance(feature, dict) else feature if isinstance(feature, list) else ()
    inner = [*below, *([feature.feature] if getattr(feature, "feature", None) is not None else [])]
    return next((names for names in map(labels_of, inner) if names), None)


def load(job: dict[str, Any]) -> Any:
    """Return the splits of a job, cached or streaming, by the way that it names."""
    options = {"data_dir": job["data_dir"]} if job.get("data_dir") else {}
    folder, stream = Path(job["script"]).parent, job["stream"]
    if job["way"] == "script":
        more = {"streaming": True} if stream else {"num_proc": job.get("num_proc")}
        return datasets.load_dataset(job["script"], job["config"], trust_remote_code=True, **options, **more)
    sys.path.insert(0, str(folder))
    builder = importlib.import_module("DiffusionFER").DiffusionFER(config_name=job["config"], **options)
    sys.path.remove(str(folder))
    if stream:
        return builder.as_streaming_dataset()
    builder.download_and_prepare(num_proc=job.get("num_proc"))
    return builder.as_dataset()


def divided(split: Any) -> dict[str, Any]:
    """Say how a stream divides: the number of its shards, the ids of each, of a shuffle by shards, and of a copy."""
    count = getattr(split, "num_shards", None) or split.n_shards
    ids = split.select_columns(["image_id"])
    answer: dict[str, Any] = {"shards": count}
    if hasattr(split, "shard"):  # datasets 3 and later
        answer["parts"] = [[row["image_id"] for row in ids.shard(count, index)] for index in range(count)]
    answer["shuffled"] = [row["image_id"] for row in ids.shuffle(seed=3, buffer_size=1)]
    answer["pickled"] = [row["image_id"] for row in pickle.loads(pickle.dumps(ids))]
    return answer


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Run one job."""
    found: dict[str, Any] = {"splits": {}}
    for name, split in load(job).items():
        features = split.features
        rows = list(split.cast_column("image", datasets.Image(decode=False)))
        found["types"] = {field.name: str(field.type) for field in features.arrow_schema}
        found["labels"] = labels_of(dict(features))
        found["image"] = type(features["image"]).__name__
        found["splits"][name] = plain(rows) if job.get("rows", True) else [row["image_id"] for row in rows]
        found["decoded"] = list(next(iter(split))["image"].size)
        if not job["stream"]:
            found["stored"] = {field.name: str(field.type) for field in split.data.schema}
        elif job.get("divide"):
            found.setdefault("divided", {})[name] = divided(split)
    return found


def main() -> None:
    """Answer the jobs of the standard input, a mapping by name, into the file of the first argument."""
    datasets.disable_progress_bars()
    answers: dict[str, Any] = {"version": datasets.__version__}
    for name, job in json.load(sys.stdin).items():
        try:
            answers[name] = answer(job)
        except Exception as error:
            answers[name] = {"error": f"{type(error).__name__}: {error}", "cause": str(error.__cause__)}
    Path(sys.argv[1]).write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":  # workers that are spawned import this file
    main()
