"""`python tests/benchmarks/shards.py`: how long building shards takes, against datasets and against the limit.

Every contender works on the same 1,500 PNGs (see `material.py`) in a process of its own, in turns, with caches of its
own that are empty and with the PNGs in the system's memory. Printed are seconds, the ratio to ours and peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# This process imports nothing large: on Linux a child's peak memory begins with that of the process that started it.
ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".work" / "benchmark"
CONTENDERS = Path(__file__).with_name("contenders.py")
CONTENDER_NAMES = (
    "build_shards",
    "build_shards, not proven",
    "imagefolder + push_to_hub",
    "download_and_prepare",
    "download_and_prepare, num_proc=2",
    "limit",
)
AIMS = """Aims, for build_shards: at least 3.5 times faster than imagefolder + push_to_hub and 1.7 times faster than
download_and_prepare, at most 2.5 times as long as the limit, peak memory at most 350 MB."""


def run(name: str) -> dict[str, Any]:
    """Run a contender once; return its seconds and its peak in bytes."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="run-") as folder:
        target = Path(folder) / "target"
        target.mkdir()
        environment = {**os.environ, "HF_HOME": folder, "TMPDIR": folder, "HF_ENDPOINT": "http://127.0.0.1:9"}
        for variable in ("HF_DATASETS_CACHE", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
            environment.pop(variable, None)
        warm_up()
        command = [sys.executable, str(CONTENDERS), name, str(target)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
        return dict(json.loads(done.stdout.splitlines()[-1]))


def warm_up() -> None:
    """Put the PNGs into the system's memory, and let it be done with writing what was written before."""
    os.sync()
    block = bytearray(2**20)
    for file in (CACHE / "raw").rglob("*.png"):
        with file.open("rb", buffering=0) as source:
            while source.readinto(block):
                pass


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """Render the results: a line a contender, the first is what the others are compared with."""
    medians = {name: statistics.median(result["seconds"] for result in of) for name, of in results.items()}
    base = medians[next(iter(medians))]
    lines = [f"{'contender':34}{'median s':>10}{'min s':>8}{'ratio':>8}{'CPU s':>8}{'peak MB':>9}"]
    for name, of in results.items():
        best, busy = min(result["seconds"] for result in of), statistics.median(result["busy"] for result in of)
        peak = max(result["peak"] for result in of) / 10**6
        columns = f"{medians[name]:10.2f}{best:8.2f}{medians[name] / base:8.2f}{busy:8.2f}{peak:9,.0f}"
        lines.append(f"{name:34}{columns}")
    return "\n".join(lines)


def main() -> None:
    """Make the PNGs, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=CONTENDER_NAMES, help="run only this contender")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    make = "from tests.benchmarks.material import make; make()"
    subprocess.run([sys.executable, "-c", make], cwd=ROOT, check=True)
    for left in CACHE.glob("run-*"):  # by a run that was stopped
        shutil.rmtree(left)
    names = options.only or CONTENDER_NAMES
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            results[name].append(run(name))
    size = sum(file.stat().st_size for file in (CACHE / "raw").rglob("*.png"))
    print(f"{size / 10**6:,.0f} MB of PNGs, {options.rounds} rounds, {os.cpu_count()} cores\n")
    print(table(results))
    print(f"\n{AIMS}")


if __name__ == "__main__":
    main()
