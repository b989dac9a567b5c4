"""`python tests/benchmarks/images.py`: how long checking images takes, at each depth, against bare decoding by Pillow.

Every contender works on the same 600 PNGs of 512 x 512 pixels, about as large as a generator writes them, in a process
of its own, in turns, in two threads, and with the PNGs in the system's memory. Printed are seconds, the ratio to bare
decoding, and peak memory.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
RAW = ROOT / ".work" / "benchmark" / "pictures"
IMAGES = 600
SIDE = 512  # pixels
WORKERS = 2
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
CONTENDERS = ("bare Pillow", "deep", "default", "default, proven before", "quick")
AIMS = "Aims, of the speeds: default at least 10 times that of deep, deep at least 0.9."


def make() -> None:
    """Make what is missing of the raw tree; that takes about half a minute, the first time only."""
    from tests.trees import face_rows, write_sheet

    rows = [{**row, "split": "train"} for row in face_rows(IMAGES)]
    for folder in {(RAW / row["path"]).parent for row in rows}:
        folder.mkdir(parents=True, exist_ok=True)
    missing = [(seed, RAW / row["path"]) for seed, row in enumerate(rows) if not (RAW / row["path"]).exists()]
    if missing:
        print(f"making {len(missing):,} PNGs in {RAW}", flush=True)
        with ProcessPoolExecutor() as pool:
            list(pool.map(_make_image, *zip(*missing, strict=True), chunksize=16))
    write_sheet(RAW / "dataset_sheet.csv", rows)


def _make_image(seed: int, file: Path) -> None:
    """Write a picture of spots of all sizes with a little noise, which packs about as well as a photograph."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(seed)
    picture = random.normal(0, 3, (SIDE, SIDE, 3))
    for spots, weight in ((4, 60), (16, 30), (64, 12)):
        field = Image.fromarray(random.integers(0, 256, (spots, spots, 3), np.uint8)).resize((SIDE, SIDE))
        picture += (np.asarray(field) / 255 - 0.5) * 2 * weight
    buffer = io.BytesIO()
    Image.fromarray((picture + 128).clip(0, 255).astype(np.uint8)).save(buffer, "PNG")
    partial = file.with_suffix(".partial")
    partial.write_bytes(buffer.getvalue())
    partial.replace(file)


def bare() -> Callable[[], None]:
    """Open and load each file with Pillow, and nothing else."""
    from PIL import Image

    files = sorted(RAW.rglob("*.png"))

    def load(file: Path) -> None:
        with Image.open(file) as image:
            image.load()

    def work() -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(load, files))

    return work


def check(depth: Any, memory: Path | None = None) -> Callable[[], None]:
    """What the check does, lists and sheet included."""
    from PIL import Image

    from tools.check.configs import check_data
    from tools.check.images.examine import perceptual_hash
    from tools.check.images.proven import Proven

    if depth == "deep" and (look := perceptual_hash()):
        look(Image.new("L", (64, 64)))  # imports scipy

    def work() -> None:
        with Proven.open(memory) as proven:
            findings = list(check_data(["small_original"], str(RAW), depth=depth, proven=proven, workers=WORKERS))
        if findings:
            raise RuntimeError(f"the pictures of the benchmark are not clean: {findings[:3]}")

    return work


def proven_before() -> Callable[[], None]:
    """The default depth when all files were proven by an earlier run."""
    memory = RAW.with_name("proven.sqlite")
    check("default", memory)()
    return check("default", memory)


def contend(name: str) -> None:
    """Run one contender, and print what it took as JSON."""
    sys.path[0] = str(ROOT)
    works = {"bare Pillow": bare, "default, proven before": proven_before}
    work = works[name]() if name in works else check(name)
    begun, imports = time.perf_counter(), time.process_time()
    work()
    seconds, busy = time.perf_counter() - begun, time.process_time() - imports
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    print(json.dumps({"seconds": seconds, "busy": busy, "peak": peak}))


def run(name: str) -> dict[str, Any]:
    """Run a contender in a process of its own."""
    for file in RAW.rglob("*.png"):
        file.read_bytes()
    command = [sys.executable, __file__, "--contender", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """Render the results: a line a contender, compared with the first."""
    medians = {name: statistics.median(result["seconds"] for result in of) for name, of in results.items()}
    base = medians[next(iter(medians))]
    lines = [f"{'contender':26}{'median s':>10}{'min s':>8}{'images/s':>10}{'speed':>8}{'CPU s':>8}{'peak MB':>9}"]
    for name, of in results.items():
        best, busy = min(result["seconds"] for result in of), statistics.median(result["busy"] for result in of)
        peak, speed = max(result["peak"] for result in of) / 10**6, base / medians[name]
        columns = f"{medians[name]:10.2f}{best:8.2f}{IMAGES / medians[name]:10,.0f}{speed:8.2f}{busy:8.2f}{peak:9,.0f}"
        lines.append(f"{name:26}{columns}")
    return "\n".join(lines)


def main() -> None:
    """Make the PNGs, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=CONTENDERS, help="run only this contender")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        contend(options.contender)
        return
    subprocess.run([sys.executable, "-c", "from tests.benchmarks.images import make; make()"], cwd=ROOT, check=True)
    names = options.only or CONTENDERS
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            results[name].append(run(name))
    size = sum(file.stat().st_size for file in RAW.rglob("*.png"))
    print(f"{IMAGES:,} PNGs, {size / 10**6:,.0f} MB, {options.rounds} rounds, {os.cpu_count()} cores\n")
    print(table(results))
    print(f"\n{AIMS}")


if __name__ == "__main__":
    main()
