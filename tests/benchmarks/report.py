"""`python tests/benchmarks/report.py [ROWS]`: what a report takes beside the check it stands on, and how large it gets.

A zip of ROWS tiny pictures (default: 100,000), no two alike, and their sheet are made anew; then `validate` and
`report` look at them in turns, each in a process of its own, at the depths quick and default, without the memory of
what was proven. Printed are seconds, the peak memory and the size of the page.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# This process imports nothing large: on Linux a child's peak memory begins with that of the process that started it.
ROOT = Path(__file__).resolve().parent.parent.parent
MAKE = """import random, sys, zipfile
from pathlib import Path
from tests.trees import face_rows, png, write_sheet
folder, count = Path(sys.argv[1]), int(sys.argv[2])
rows = face_rows(count, "DifussionEmotion_L")
words = {"race": ["white", "black", "latin"], "age": ["teen", "middle-aged", "old"], "gender": ["man", "woman"]}
draw = random.Random(0)
for row in rows:
    row.update({column: draw.choice(values) for column, values in words.items()})
    row["face_box"], row["clip_score"] = "", f"{draw.gauss(0.28, 0.03):.4f}"
write_sheet(folder / "dataset_sheet.csv", rows)
with zipfile.ZipFile(folder / "DifussionEmotion_L.zip", "w") as archive:
    for number, row in enumerate(rows):
        archive.writestr(row["path"], png(number, 8))
"""


def measure(*command: str) -> tuple[float, float]:
    """Run a command to its end; return its seconds and its peak in MB (10**6 bytes)."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    problem = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{' '.join(command)} failed:\n{problem.decode()}")
    return seconds, usage.ru_maxrss * 1024 / 10**6


def main() -> None:
    """Measure, and print a line for each run."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    (ROOT / ".work").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".work") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        subprocess.run([sys.executable, "-c", MAKE, str(folder / "data"), str(rows)], cwd=ROOT, check=True)
        data = ("--data-dir", str(folder / "data"), "--no-cache")
        out = folder / "report.html"
        for depth in ("quick", "default"):
            flags = ("--quick",) if depth == "quick" else ()
            checked = measure("tools/validate.py", *data, *flags)
            reported = measure("tools/report.py", *data, "--depth", depth, "-o", str(out), "--no-published")
            size = out.stat().st_size / 10**6
            print(f"{rows:,} rows, {depth}:")
            print(f"  validate {checked[0]:7.1f} s {checked[1]:7.0f} MB")
            print(f"  report   {reported[0]:7.1f} s {reported[1]:7.0f} MB, a page of {size:.2f} MB")
            print(f"  ratio    {reported[0] / checked[0]:7.2f}   {reported[1] / checked[1]:7.2f}", flush=True)


if __name__ == "__main__":
    main()
