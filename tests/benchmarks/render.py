"""`python tests/benchmarks/render.py`: how long `card.py render` takes, each run a process of its own, imports counted.

Rendered is a copy of the card: for the embedded edition, once anew and once more when nothing has changed, and for a
sheet of a million rows with as many picture files. The pictures of the latter are hard links to those of the embedded
edition, and its shards have the rows, but no pictures; all is made once and kept in `.work/`.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import shutil
import string
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / ".work"
MATERIAL = WORK / "benchmark" / "render"
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
LINKS = 500  # to one file: file systems allow 1,000 and more
AIM = "Aims: 10 s for the embedded edition, 1 s when nothing changed; 60 s and 2,000 MB for a million rows."


def make_large(rows: int) -> tuple[Path, Path]:
    """Make a raw tree of `rows` rows and its work directory with shards, unless they are there; return both."""
    data_dir, work_dir = MATERIAL / f"{rows}" / "data", MATERIAL / f"{rows}" / "work"
    if (work_dir / "complete").exists():
        return data_dir, work_dir
    import pyarrow as pa
    import pyarrow.parquet as pq

    from DiffusionFER import FACE_FEATURES, SPLITS
    from tools.make.embedded import embedded_edition

    print(f"making {rows:,} rows in {data_dir}", flush=True)
    shutil.rmtree(data_dir.parent, ignore_errors=True)
    small = embedded_edition(WORK, print)
    with (small / "dataset_sheet.csv").open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    for emotion in {row["emotion"] for row in known}:
        (data_dir / "DifussionEmotion_L" / emotion).mkdir(parents=True)
    names = ("".join(letters) for letters in itertools.product(string.ascii_lowercase, repeat=8))
    counts = dict.fromkeys(SPLITS, 0)
    with (data_dir / "dataset_sheet.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, known[0], lineterminator="\n")
        writer.writeheader()
        sources: dict[str, Path] = {}
        for number, (row, name) in enumerate(zip(itertools.islice(itertools.cycle(known), rows), names, strict=False)):
            path = f"DifussionEmotion_L/{row['emotion']}/{name}_{row['path'][-5]}.png"
            if number // len(known) % LINKS == 0:  # a new copy, which the next ones are links to
                sources[row["path"]] = Path(shutil.copyfile(small / row["path"], data_dir / path))
            else:
                os.link(sources[row["path"]], data_dir / path)
            writer.writerow({**row, "path": path, "seed": str(number)})
            counts[row["split"]] += 1
    folder = work_dir / "shards" / "large_original"
    folder.mkdir(parents=True)
    schema = FACE_FEATURES.arrow_schema
    for split, count in counts.items():
        table = pa.table([pa.nulls(count, kind) for kind in schema.types], schema=schema)
        pq.write_table(table, folder / f"{split}-00000.parquet")
    (work_dir / "complete").touch()
    return data_dir, work_dir


def measure(card: Path, *arguments: str) -> tuple[float, float]:
    """Render the card in a process of its own; return its seconds and the peak of its memory in MB."""
    command = [sys.executable, str(ROOT / "tools" / "card.py"), "render", str(card), *arguments]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss * UNIT / 1e6


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rows", type=int, default=10**6, help="of the large sheet (default: %(default)s)")
    rows = parser.parse_args().rows
    if not (WORK / "shards").is_dir():
        raise SystemExit("there are no shards of the embedded edition: run `python tools/push.py --rehearse` first")
    with ProcessPoolExecutor(1) as pool:  # a process that is started counts the memory of the one that starts it
        data_dir, work_dir = pool.submit(make_large, rows).result()
    print(f"{'what':44}{'seconds':>9}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        card = Path(folder)
        for name in ("README.md", "DATASHEET.md"):
            shutil.copy(ROOT / name, card)
        (WORK / "rendered").unlink(missing_ok=True)
        large = ("--data-dir", str(data_dir), "--work-dir", str(work_dir))
        for what, arguments in (
            ("1,500 rows, rendered", ("--work-dir", str(WORK))),
            ("1,500 rows, nothing changed", ("--work-dir", str(WORK))),
            (f"{rows:,} rows, rendered", large),
            (f"{rows:,} rows, nothing changed", large),
        ):
            seconds, peak = measure(card, *arguments)
            print(f"{what:44}{seconds:9.2f}{peak:9.0f}", flush=True)
    (WORK / "rendered").unlink(missing_ok=True)
    (work_dir / "rendered").unlink(missing_ok=True)
    print(f"\n{AIM}")


if __name__ == "__main__":
    main()
