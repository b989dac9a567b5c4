"""The images that the benchmarks work on: 1,500 PNGs of noise, about 430 KB each, made once and kept in `.work/`.

The raw folder also holds a metadata.csv, by which `imagefolder` of datasets reads the same files with the same columns.
"""

from __future__ import annotations

import csv
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.trees import face_rows, png, write_sheet

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".work" / "benchmark"
RAW = CACHE / "raw"
FOLDER = RAW / "DifussionEmotion_S"
CONFIG = "small_original"
IMAGES = 1500
SIDE = 379  # pixels: noise of 8 bits a channel does not compress, so that a PNG has about 3 * SIDE**2 bytes


def make() -> None:
    """Make what is missing of the raw tree; that takes about half a minute, the first time only."""
    rows = [{**row, "split": "train"} for row in face_rows(IMAGES)]
    files = [RAW / row["path"] for row in rows]
    for folder in {file.parent for file in files}:
        folder.mkdir(parents=True, exist_ok=True)
    missing = [(number, file) for number, file in enumerate(files) if not file.exists()]
    if missing:
        print(f"making {len(missing):,} PNGs in {FOLDER}", flush=True)
        with ProcessPoolExecutor() as pool:
            list(pool.map(_make_image, *zip(*missing, strict=True), chunksize=16))
    write_sheet(RAW / "dataset_sheet.csv", rows)
    columns = [column for column in rows[0] if column != "path" and any(row[column] != "" for row in rows)]
    with (FOLDER / "metadata.csv").open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, ["file_name", *columns], extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "file_name": row["path"].split("/", 1)[1]} for row in rows)


def _make_image(seed: int, file: Path) -> None:
    partial = file.with_suffix(".partial")
    partial.write_bytes(png(seed, SIDE))
    partial.replace(file)
