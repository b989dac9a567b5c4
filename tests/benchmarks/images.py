"""`python tests/benchmarks/images.py`: how long checking images takes, at each depth, against bare decoding by Pillow.

Every contender works on the same 600 PNGs of 512 x 512 pixels, about as large as a generator writes them, in a process
of its own, in turns, in two threads, with its modules imported and with the PNGs in the system's memory. Printed are
the seconds it took and those that its threads were busy, the ratio of both to bare decoding, and peak memory. On a
machine that does other work, too, the ratio of the busy seconds is the one to go by.
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
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
RAW = {noise: ROOT / ".work" / "benchmark" / f"pictures-{noise}" for noise in ("uneven", "even")}
IMAGES = 600
SIDE = 512  # pixels
WORKERS = 2
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
CONTENDERS = ("bare Pillow", "deep", "default", "default, proven before", "quick")
AIMS = "Aims, of the speeds: default at least 10 times that of deep, deep at least 0.9."


def make(noise: str) -> None:
    """Make what is missing of the raw tree; that takes about half a minute, the first time only."""
    raw = RAW[noise]
    from tests.trees import face_rows, write_sheet

    rows = [{**row, "split": "train"} for row in face_rows(IMAGES)]
    for folder in {(raw / row["path"]).parent for row in rows}:
        folder.mkdir(parents=True, exist_ok=True)
    missing = [(seed, raw / row["path"]) for seed, row in enumerate(rows) if not (raw / row["path"]).exists()]
    if missing:
        print(f"making {len(missing):,} PNGs in {raw}", flush=True)
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(_make_image, noise), *zip(*missing, strict=True), chunksize=16))
    write_sheet(raw / "dataset_sheet.csv", rows)


def _make_image(noise: str, seed: int, file: Path) -> None:
    """Write a picture of spots of all sizes with noise, which packs about as well as a photograph: 0.4 MB.

    With uneven noise, strong in some places and faint in others, it takes Pillow 5.3 ms to decode, and with even noise,
    which no photograph has, 3.3 ms. A real face, a picture of EmoNet-Face scaled to this size, has as large a file and
    takes 6.5 ms.
    """
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(seed)
    picture = random.normal(0, 3, (SIDE, SIDE, 3))
    if noise == "uneven":
        picture *= 8 / 3 * (_spots(random, 6)[..., :1] / 255) ** 2
    for spots, weight in ((4, 60), (16, 30), (64, 12)):
        picture += (_spots(random, spots) / 255 - 0.5) * 2 * weight
    buffer = io.BytesIO()
    Image.fromarray((picture + 128).clip(0, 255).astype(np.uint8)).save(buffer, "PNG")
    partial = file.with_suffix(".partial")
    partial.write_bytes(buffer.getvalue())
    partial.replace(file)


def _spots(random: Any, spots: int) -> Any:
    """Return a picture of so many spots each way, as SIDE x SIDE x 3 values of 0 to 255."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.fromarray(random.integers(0, 256, (spots, spots, 3), np.uint8)).resize((SIDE, SIDE)))


def bare(raw: Path) -> Callable[[], None]:
    """Open and load each file with Pillow, and nothing else."""
    from PIL import Image

    files = sorted(raw.rglob("*.png"))

    def load(file: Path) -> None:
        with Image.open(file) as image:
            image.load()

    def work() -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(load, files))

    load(files[0])  # imports the plugins of Pillow
    return work


def check(raw: Path, depth: Any, memory: Path | None = None) -> Callable[[], None]:
    """What the check does, lists and sheet included."""
    from PIL import Image

    from tools.check.configs import check_data
    from tools.check.images.examine import perceptual_hash
    from tools.check.images.proven import Proven

    if depth == "deep" and (look := perceptual_hash()):
        look([Image.new("L", (64, 64))])  # imports the rest of scipy

    def work(depth: Any = depth) -> None:
        with Proven.open(memory) as proven:
            findings = list(check_data(["small_original"], str(raw), depth=depth, proven=proven, workers=WORKERS))
        if findings:
            raise RuntimeError(f"the pictures of the benchmark are not clean: {findings[:3]}")

    work("quick")  # imports what the lists and the sheet need
    return work


def proven_before(raw: Path) -> Callable[[], None]:
    """The default depth when all files were proven by an earlier run."""
    memory = raw.with_name("proven.sqlite")
    check(raw, "default", memory)()
    return check(raw, "default", memory)


def contend(name: str, noise: str) -> None:
    """Run one contender, and print what it took as JSON."""
    sys.path[0] = str(ROOT)
    works = {"bare Pillow": bare, "default, proven before": proven_before}
    work = works[name](RAW[noise]) if name in works else check(RAW[noise], name)
    begun, imports = time.perf_counter(), time.process_time()
    work()
    seconds, busy = time.perf_counter() - begun, time.process_time() - imports
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    print(json.dumps({"seconds": seconds, "busy": busy, "peak": peak}))


def run(name: str, noise: str) -> dict[str, Any]:
    """Run a contender in a process of its own."""
    for file in RAW[noise].rglob("*.png"):
        file.read_bytes()
    command = [sys.executable, __file__, "--contender", name, "--noise", noise]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """Render the results: a line a contender, compared with the first."""
    medians = {
        name: [statistics.median(result[key] for result in of) for key in ("seconds", "busy")]
        for name, of in results.items()
    }
    base, busy_base = next(iter(medians.values()))
    lines = [f"{'contender':24}{'median s':>9}{'images/s':>10}{'speed':>8}{'CPU s':>8}{'speed':>8}{'peak MB':>9}"]
    for name, (seconds, busy) in medians.items():
        peak = max(result["peak"] for result in results[name]) / 10**6
        wall = f"{seconds:9.2f}{IMAGES / seconds:10,.0f}{base / seconds:8.2f}"
        lines.append(f"{name:24}{wall}{busy:8.2f}{busy_base / busy:8.2f}{peak:9,.0f}")
    return "\n".join(lines)


def main() -> None:
    """Make the PNGs, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=CONTENDERS, help="run only this contender")
    parser.add_argument("--noise", choices=RAW, default="uneven", help="of the pictures (default: %(default)s)")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        contend(options.contender, options.noise)
        return
    code = f"from tests.benchmarks.images import make; make({options.noise!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    names = options.only or CONTENDERS
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            results[name].append(run(name, options.noise))
    size = sum(file.stat().st_size for file in RAW[options.noise].rglob("*.png"))
    pictures = f"{IMAGES:,} PNGs of {options.noise} noise, {size / 10**6:,.0f} MB"
    print(f"{pictures}, {options.rounds} rounds, {os.cpu_count()} cores\n")
    print(table(results))
    print(f"\n{AIMS}")


if __name__ == "__main__":
    main()
