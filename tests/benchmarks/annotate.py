"""`python tests/benchmarks/annotate.py [PICTURES]`: how long an import takes, by people who rate each picture thrice.

A sheet of so many rows, by default 100,000, and an export with three ratings of each picture are written to .work. Then
the export is imported, twice, each time in a process of its own: the first keeps and merges all of it, the second finds
that nothing is new. Printed are seconds, peak memory, and ratings a second.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".work" / "benchmark" / "annotate"
EMOTIONS = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry")
COLUMNS = ("path", "split", "emotion", "valence", "arousal")
RATERS = 3


def make(count: int) -> tuple[Path, Path]:
    """Write a data directory, of which only the sheet is needed, and an export; return both."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    data_dir, export = FOLDER / "data", FOLDER / "export.json"
    data_dir.mkdir(parents=True)
    rng, tasks = random.Random(7), []
    with (data_dir / "dataset_sheet.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number in range(count):
            label, name = number % 7, "".join(chr(97 + number // 26**power % 26) for power in range(8))
            path = f"DifussionEmotion_L/{EMOTIONS[label]}/{name}_{label}.png"
            writer.writerow((path, "train", EMOTIONS[label], 0.1, 0.1))
            said = [_annotation(number, who, EMOTIONS[label], rng) for who in range(RATERS)]
            data = {"image": f"/data/{path}", "picture": name, "config": "large_original"}
            tasks.append({"id": number, "data": data, "annotations": said, "drafts": []})
    export.write_text(json.dumps(tasks))
    return data_dir, export


def _annotation(number: int, who: int, emotion: str, rng: random.Random) -> dict[str, object]:
    point = {"x": 40 + 20 * rng.random(), "y": 40 + 20 * rng.random(), "width": 1, "keypointlabels": ["face"]}
    seen = emotion if rng.random() < 0.9 else rng.choice(EMOTIONS)
    results = [
        {"from_name": "emotion", "type": "choices", "value": {"choices": [seen]}},
        {"from_name": "affect", "type": "keypointlabels", "value": point},
    ]
    moment = "2026-01-02T03:04:05.000000Z"
    return {"id": RATERS * number + who, "completed_by": who, "updated_at": moment, "result": results}


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    data_dir, export = make(count)
    print(f"{count:,} pictures, {RATERS * count:,} ratings, an export of {export.stat().st_size / 1e6:.0f} MB")
    command: list[str | Path] = [
        sys.executable,
        ROOT / "tools/annotate.py",
        "import",
        export,
        "--data-dir",
        data_dir,
        "--json",
    ]
    for what in ("first", "again"):
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, check=False)
        seconds = time.monotonic() - start
        if done.returncode == 2:
            sys.exit(done.stderr.decode())
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of the largest so far
        print(f"{what}: {seconds:.1f} s, {RATERS * count / seconds:,.0f} ratings a second, peak {peak:.0f} MiB")
        told = json.loads(done.stdout)
        print(f"  new {told['new']:,}, rows written {told['outcomes']['large']['written']:,}")


if __name__ == "__main__":
    main()
