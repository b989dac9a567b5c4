"""`python tests/benchmarks/sheet.py`: how long the check of a sheet takes, against pandas reading it and jsonschema.

The sheet is that of the embedded edition, repeated with other names, numbers and checksums (see `make`). Each contender
has a process of its own, in turns, with the sheet in the system's memory; jsonschema, which goes row by row, is given
the first rows only, and its time is extrapolated. Printed are seconds without imports, the ratio to ours, peak memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

# This process imports nothing large: on Linux a child's peak memory begins with that of the process that started it.
ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".work" / "benchmark" / "sheet"
SAMPLE = 5_000  # rows for jsonschema
AIMS = """Aims, for all SH rules: no longer than pandas.read_csv takes only to read, and at least 15 times faster than
jsonschema row by row."""


def make(rows: int) -> Path:
    """Return a sheet of so many good rows, made once: those of the embedded edition, in all three sizes."""
    path = CACHE / str(rows) / "dataset_sheet.csv"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with (ROOT / "dataset_sheet.csv").open(newline="", encoding="utf-8") as file:
        embedded = list(csv.DictReader(file))
    rng = random.Random(7)
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, embedded[0], lineterminator="\n")
        writer.writeheader()
        for number in range(rows):
            writer.writerow(_varied(dict(embedded[number % len(embedded)]), number, rng))
    partial.replace(path)
    return path


def _varied(row: dict[str, str], number: int, rng: random.Random) -> dict[str, str]:
    _, emotion, name = row["path"].split("/")
    size = "S" if number < 1_500 else "M" if number < 100_000 else "L"
    spread = number * 2_999_999 % 26**8  # a prime to 26: no name comes twice
    letters = "".join(chr(97 + spread // 26**power % 26) for power in range(8))
    row["path"] = f"DifussionEmotion_{size}/{emotion}/{letters}_{name.partition('_')[2]}"
    for column in ("valence", "arousal"):
        row[column] = f"{float(row[column]) * rng.uniform(0.9, 1):.3f}"
    row["seed"] = str(number * 2_654_435_761 % 2**32)  # an odd number: no seed comes twice
    row["face_box"] = " ".join(str(int(side) + rng.randrange(3)) for side in row["face_box"].split())
    for column in ("sha256", "sha256_cropped"):
        row[column] = rng.randbytes(32).hex()
    return row


# --- contenders: each imports, then returns what is measured --------------------------------------------------------


def ours(path: Path) -> Callable[[], float]:
    """Read the sheet and check it by every SH rule."""
    from tools.check.sheet.check import check_sheet

    def run() -> float:
        findings = list(check_sheet(path))
        if findings:
            raise SystemExit(f"the sheet should be good, but {findings[0]}")
        return 1

    return run


def ours_reading(path: Path) -> Callable[[], float]:
    """Only read the sheet."""
    from tools.check.sheet.read import read_sheet_file

    return lambda: float(bool(read_sheet_file(path.name, path)[0]))


def pandas_reading(path: Path) -> Callable[[], float]:
    """Only read the sheet, with the default engine."""
    import pandas as pd

    return lambda: float(len(pd.read_csv(path)) > 0)


def polars_reading(path: Path) -> Callable[[], float]:
    """Only read the sheet, in two threads."""
    import polars as pl

    return lambda: float(len(pl.read_csv(path)) > 0)


def jsonschema_rows(path: Path) -> Callable[[], float]:
    """Give rows, already read and converted, to jsonschema; return by how much the time is to be multiplied."""
    from tools.check.sheet.read import read_sheet_file
    from tools.check.sheet.schema import SCHEMA, Validator, instances

    sheet, _ = read_sheet_file(path.name, path)
    if sheet is None:
        raise SystemExit("the sheet should be good")
    table = sheet.table.slice(0, SAMPLE)
    cells = {name: instances(name, table[name]) for name in table.column_names}
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    validator = Validator(SCHEMA)

    def run() -> float:
        if not all(validator.is_valid(row) for row in rows):
            raise SystemExit("the sheet should be good")
        return sheet.table.num_rows / len(rows)

    return run


CONTENDERS: dict[str, Callable[[Path], Callable[[], float]]] = {
    "ours, all SH rules": ours,
    "ours, reading only": ours_reading,
    "pandas.read_csv": pandas_reading,
    "polars.read_csv": polars_reading,
    "jsonschema, extrapolated": jsonschema_rows,
}


def contend(name: str, path: Path) -> None:
    """Run a contender in this process; print its seconds and its peak in bytes as JSON."""
    run = CONTENDERS[name](path)
    start, busy = time.perf_counter(), time.process_time()
    factor = run()
    seconds, busy = (time.perf_counter() - start) * factor, (time.process_time() - busy) * factor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "busy": busy, "peak": peak}))


def table(results: dict[str, list[dict[str, float]]]) -> str:
    """Render the results: a line a contender, the first is what the others are compared with."""
    medians = {name: statistics.median(result["seconds"] for result in of) for name, of in results.items()}
    base = medians[next(iter(medians))]
    lines = [f"{'contender':28}{'median s':>10}{'min s':>8}{'ratio':>8}{'CPU s':>8}{'peak MB':>9}"]
    for name, of in results.items():
        best, busy = min(result["seconds"] for result in of), statistics.median(result["busy"] for result in of)
        peak = max(result["peak"] for result in of) / 10**6
        columns = f"{medians[name]:10.2f}{best:8.2f}{medians[name] / base:8.2f}{busy:8.2f}{peak:9,.0f}"
        lines.append(f"{name:28}{columns}")
    return "\n".join(lines)


def warm_up(path: Path) -> None:
    """Put the sheet into the system's memory."""
    block = bytearray(2**20)
    with path.open("rb", buffering=0) as source:
        while source.readinto(block):
            pass


def main() -> None:
    """Make the sheet, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the sheet (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    path = make(options.rows)
    if options.contender:
        contend(options.contender, path)
        return
    results: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(options.rounds):
        for name, of in results.items():
            warm_up(path)
            command = [sys.executable, __file__, "--rows", str(options.rows), "--contender", name]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
            of.append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{options.rows:,} rows, {path.stat().st_size / 10**6:,.0f} MB, {options.rounds} rounds, ", end="")
    print(f"{os.cpu_count()} cores\n\n{table(results)}\n\n{AIMS}")


if __name__ == "__main__":
    main()
