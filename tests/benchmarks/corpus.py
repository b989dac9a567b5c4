"""What the benchmarks of pushes work on: many small images, or fewer of a usual size, with a sheet that is edited.

The images are PNGs of noise, made once and kept in `.work/benchmark`; a tree has hard links to them. `python corpus.py
TREE IMAGES KIND STEP` puts a tree into the state after a step, for a benchmark that has to stay small itself.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from DiffusionFER import EMOTIONS
from tests.benchmarks import material
from tests.trees import AFFECT, face_rows, png, write_sheet

# What happens to the rows, one step after another.
STEPS = ("first push", "append 1 %", "change one label", "insert 10 at the front", "delete 5 in the middle")
INSERTED, DELETED = 10, 5
SMALL, LARGE = "small", "large"  # PNGs of 0.3 to 1.8 KB; of 430 KB, of which there are 1,500
SMALLEST, SIDES = 8, 17  # pixels of the small ones


def rows_after(images: int, kind: str, step: str) -> list[dict[str, Any]]:
    """Return the rows of the sheet after a step, `images` of them after the first; `source` is the path of the image.

    Large images are all in one split, so that the first shard is full; what there is too few of comes again.
    """
    appended = max(1, images // 100)
    rows = [{**row, "face_box": "", "source": row["path"]} for row in face_rows(INSERTED + images + appended)]
    if kind == LARGE:
        sources = [rows[number % material.IMAGES]["path"] for number in range(len(rows))]
        rows = [{**row, "split": "train", "source": source} for row, source in zip(rows, sources, strict=True)]
    done = STEPS.index(step)
    present = rows[INSERTED:] if done >= 1 else rows[INSERTED:-appended]
    middle = images // 20 * 10  # a row of train
    if done >= 2:
        present[middle] = _relabelled(present[middle])
    if done >= 3:
        present = [*rows[:INSERTED], *present]
    if done >= 4:
        del present[middle // 2 : middle // 2 + DELETED]
    return present


def write_tree(tree: Path, images: int, kind: str, step: str) -> None:
    """Put a tree into the state after a step: files that are there already stay as they are."""
    rows = rows_after(images, kind, step)
    source = make(images, kind)
    names = {row["path"]: row.pop("source") for row in rows}
    for path in [*tree.glob("*/*/*.png")]:
        if str(path.relative_to(tree)) not in names:
            path.unlink()
    for below in {Path(path).parent for path in names}:
        (tree / below).mkdir(parents=True, exist_ok=True)
    for path, original in names.items():
        if not (tree / path).exists():
            os.link(source / original, tree / path)
    write_sheet(tree / "dataset_sheet.csv", rows)


def make(images: int, kind: str) -> Path:
    """Make the images that are missing; return the folder in which they lie under their paths."""
    if kind == LARGE:
        material.make()
        return material.RAW
    folder = material.CACHE / "small"
    rows = rows_after(images, kind, STEPS[3])
    for below in {Path(row["source"]).parent for row in rows}:
        (folder / below).mkdir(parents=True, exist_ok=True)
    missing = [(row["seed"], file) for row in rows if not (file := folder / row["source"]).exists()]
    if missing:
        print(f"making {len(missing):,} PNGs in {folder}", file=sys.stderr, flush=True)
        with ProcessPoolExecutor() as pool:
            list(pool.map(_make_image, *zip(*missing, strict=True), chunksize=256))
    return folder


def _make_image(seed: int, file: Path) -> None:
    partial = file.with_suffix(".partial")
    partial.write_bytes(png(seed, SMALLEST + seed % SIDES))
    partial.replace(file)


def _relabelled(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with the next label, which the name of the file and its folder tell, too."""
    folder, emotion, name = row["path"].split("/")
    label = (EMOTIONS.index(emotion) + 1) % len(EMOTIONS)
    path = f"{folder}/{EMOTIONS[label]}/{name[:8]}_{label}.png"
    valence, arousal = AFFECT[EMOTIONS[label]]
    return {**row, "path": path, "emotion": EMOTIONS[label], "valence": valence, "arousal": arousal}


if __name__ == "__main__":
    write_tree(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
