"""`python tests/benchmarks/evaluate.py`: how long an evaluation of 1,000,000 predictions takes, and how much memory.

The command runs in a process of its own, with 1,000 resamples, on classes, valence and arousal, in turns from a CSV and
from Parquet. Against it stands the straightforward way in the same run: draw rows, index the arrays, ask scikit-learn
and numpy again; that is timed for a few resamples and extrapolated.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# This process imports nothing large: on Linux a child's peak memory begins with that of the process that started it.
ROOT = Path(__file__).resolve().parent.parent.parent
AIM = "Aim: 1,000,000 predictions with 1,000 resamples in under 60 s and 2 GB."
MAKE = """import sys
from pathlib import Path
import numpy as np, pyarrow as pa, pyarrow.csv as pacsv, pyarrow.parquet as pq
from DiffusionFER import EMOTIONS
folder, rows = Path(sys.argv[1]), int(sys.argv[2])
generator = np.random.default_rng(0)
letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)[generator.integers(0, 26, (rows, 8))]
truth = generator.integers(0, 7, rows)
ids = pa.array([f"{name.tobytes().decode()}{place}_{label}" for place, (name, label) in enumerate(zip(letters, truth))])
affect = {name: generator.uniform(-1, 1, rows).astype("float32") for name in ("valence", "arousal")}
(folder / "large_cropped").mkdir()
pq.write_table(pa.table({"image_id": ids, "emotion": truth, **affect}), folder / "large_cropped" / "test-00000.parquet")
order = generator.permutation(rows)
said = np.where(generator.random(rows) < 0.7, truth, generator.integers(0, 7, rows))[order]
near = {name: np.clip(values + generator.normal(0, 0.2, rows), -1, 1)[order] for name, values in affect.items()}
table = pa.table({"image_id": ids.take(pa.array(order)), "emotion": np.array(EMOTIONS)[said].tolist(), **near})
pacsv.write_csv(table, folder / "predictions.csv")
pq.write_table(table, folder / "predictions.parquet")
"""
PLAIN = """import sys, time
from pathlib import Path
import numpy as np, pyarrow.parquet as pq
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support
from DiffusionFER import EMOTIONS
folder, samples = Path(sys.argv[1]), int(sys.argv[2])
truth = pq.read_table(folder / "large_cropped" / "test-00000.parquet").sort_by("image_id")
said = pq.read_table(folder / "predictions.parquet").sort_by("image_id")
a, b = truth["emotion"].to_numpy(), np.array([EMOTIONS.index(name) for name in said["emotion"].to_pylist()])
pairs = [(truth[name].to_numpy().astype(float), said[name].to_numpy()) for name in ("valence", "arousal")]
generator = np.random.default_rng(0)
start = time.perf_counter()
for _ in range(samples):
    drawn = generator.integers(0, len(a), len(a))
    x, y = a[drawn], b[drawn]
    accuracy_score(x, y), f1_score(x, y, average="macro"), precision_recall_fscore_support(x, y)
    for t, p in pairs:
        t, p = t[drawn], p[drawn]
        c = np.cov(t, p, bias=True)
        2 * c[0, 1] / (c[0, 0] + c[1, 1] + (t.mean() - p.mean()) ** 2)
        np.corrcoef(t, p), np.sqrt(np.mean((t - p) ** 2)), np.mean(np.sign(t) == np.sign(p))
print((time.perf_counter() - start) / samples)
"""


def run(*command: str) -> tuple[float, float, float, str]:
    """Run a Python program; return its seconds, those of the processor, its peak in MB (10**6), what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as problems:
        process = subprocess.Popen([sys.executable, *command], stdout=out, stderr=problems, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        out.seek(0), problems.seek(0)
        if status:
            raise SystemExit(f"{command[0][:80]} failed:\n{problems.read()}")
        return seconds, usage.ru_utime + usage.ru_stime, _peak(usage), out.read()


def _peak(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss * 1024 / 10**6


def main() -> None:
    """Make the data, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rows", type=int, default=1_000_000, help="predictions (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=1000, help="resamples (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (default: %(default)s)")
    parser.add_argument("--plain", type=int, default=5, help="resamples of the plain way (default: %(default)s)")
    options = parser.parse_args()
    (ROOT / ".work").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".work") as folder:
        run("-c", MAKE, folder, str(options.rows))
        evaluate = [str(ROOT / "tools" / "evaluate.py"), "--data-dir", folder, "--config", "large_cropped"]
        found: dict[str, list[tuple[float, float, float]]] = {"csv": [], "parquet": []}
        for _ in range(options.rounds):
            for form, of in found.items():
                command = [*evaluate, "--bootstrap", str(options.samples), f"{folder}/predictions.{form}"]
                of.append(run(*command)[:3])
        plain = float(run("-c", PLAIN, folder, str(options.plain))[3]) * options.samples
    what = f"{options.rows:,} predictions, {options.samples:,} resamples, {options.rounds} rounds"
    print(f"{what}, {os.cpu_count()} cores\n")
    print(f"{'predictions':16}{'median s':>10}{'min s':>8}{'CPU s':>8}{'peak MB':>9}{'plain / median':>16}")
    for form, of in found.items():
        seconds, cpu, peaks = zip(*of, strict=True)
        median = statistics.median(seconds)
        print(f"{form:16}{median:10.1f}{min(seconds):8.1f}{min(cpu):8.1f}", end="")
        print(f"{max(peaks):9,.0f}{plain / median:16.1f}")
    print(f"{'plain resamples':16}{plain:10.1f}  extrapolated from {options.plain}\n\n{AIM}")


if __name__ == "__main__":
    main()
