"""Load one config from the Hub that HF_ENDPOINT names and print, as JSON, what each split holds.

Runs in a process of its own with an empty HF_HOME: `python readback.py REPO CONFIG [REVISION]`. It stands alone,
imports nothing of this project, and does nothing that a user would not do.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time

import datasets


def read_back(repo: str, config: str, revision: str | None = None) -> list[dict[str, object]]:
    """Return for each split its name, rows, bytes of images, seconds, and the sha256 of each image by its id."""
    datasets.disable_progress_bars()
    begun = time.perf_counter()
    loaded = datasets.load_dataset(repo, config, revision=revision)
    splits = []
    for split, rows in loaded.items():
        hashes: dict[str, str] = {}
        size = 0
        columns = [name for name in ("image", "image_id", "sha256") if name in rows.column_names]
        for row in rows.select_columns(columns).cast_column("image", datasets.Image(decode=False)):
            content = row["image"]["bytes"]
            size += len(content)
            hashes[row["image_id"]] = digest = hashlib.sha256(content).hexdigest()
            if row.get("sha256", digest) != digest:
                raise SystemExit(f"{config} {split} {row['image_id']}: the column sha256 is not that of the image")
        if len(hashes) != rows.num_rows:
            raise SystemExit(f"{config} {split}: {rows.num_rows} rows have {len(hashes)} different image ids")
        rows[0]["image"].load()  # decoded, as a user would
        seconds, begun = time.perf_counter() - begun, time.perf_counter()
        splits.append({"split": split, "rows": rows.num_rows, "bytes": size, "seconds": seconds, "sha256": hashes})
    return splits


if __name__ == "__main__":
    print(json.dumps(read_back(*sys.argv[1:])))
