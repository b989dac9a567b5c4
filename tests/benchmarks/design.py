"""`python tests/benchmarks/design.py`: how long a design takes and how much memory, for 10,000 and 1,000,000 rows.

Each design is the command itself in a process of its own, in turns, into a new folder. Printed are the seconds from
start to end, those that the imports take (a design of one row), the peak memory, the size of the file; and against them
the design of the embedded edition (tools/make/design.py), which goes row by row, extrapolated from its 1,500 rows.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# This process imports nothing large: on Linux a child's peak memory begins with that of the process that started it.
ROOT = Path(__file__).resolve().parent.parent.parent
AIMS = "Aims: 1,000,000 rows in under 30 s and 2 GB, and no more memory for them than for 10,000, but for some MB."
WAYS = {
    "sheet, sketch": ("--backend", "sketch", "--size", "large"),
    "sheet, diffusers": ("--backend", "diffusers", "--size", "large"),
    "emonet": ("--grammar", "emonet"),
}
ROW_BY_ROW = """import time
from tools.make.design import design
start = time.perf_counter()
rows = len(design())
print((time.perf_counter() - start) / rows)"""


def measure(options: tuple[str, ...], rows: int) -> tuple[float, float, float]:
    """Make a design; return its seconds, its peak in MB (10**6 bytes), and the MB of its file."""
    folder = Path(tempfile.mkdtemp(dir=ROOT / ".work"))
    command = [
        sys.executable,
        str(ROOT / "tools" / "prompts.py"),
        "design",
        "--count",
        str(rows),
        *options,
        str(folder),
    ]
    try:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        problem = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            raise SystemExit(f"{' '.join(command)} failed:\n{problem.decode()}")
        size = max(file.stat().st_size for file in folder.iterdir())
        return seconds, _peak(usage), size / 10**6
    finally:
        shutil.rmtree(folder)


def _peak(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss * 1024 / 10**6


def main() -> None:
    """Run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large designs (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (default: %(default)s)")
    options = parser.parse_args()
    (ROOT / ".work").mkdir(exist_ok=True)
    counts = (1, 10_000, options.rows)
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {(way, n): [] for way in WAYS for n in counts}
    for _ in range(options.rounds):
        for (way, rows), of in found.items():
            of.append(measure(WAYS[way], rows))
    print(f"{options.rounds} rounds, {os.cpu_count()} cores\n")
    print(f"{'design':18}{'rows':>10}{'median s':>10}{'min s':>8}{'peak MB':>9}{'file MB':>9}")
    for (way, rows), of in found.items():
        seconds, peaks, sizes = zip(*of, strict=True)
        columns = f"{statistics.median(seconds):10.2f}{min(seconds):8.2f}{max(peaks):9,.0f}{sizes[0]:9,.1f}"
        print(f"{way:18}{rows:10,}{columns}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ROW_BY_ROW]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    print(f"{'row by row':18}{options.rows:10,}{float(done.stdout) * options.rows:10.2f}  without a file, extrapolated")
    print(f"\n{AIMS}")


if __name__ == "__main__":
    main()
