"""`python tests/benchmarks/export.py`: exports of 1,500 images in each format, against copying the files.

The images are the PNGs of noise of the other benchmarks, about 430 KB each, in the system's memory. In every round each
contender writes into a new folder on the same disk, and what was written before is on the disk first. "cp -r" is the
peer; "shutil.copytree" the same in Python. "work" is the time of the export alone, "command" that of the whole process,
imports included; "CPU s" is what the processors were busy, which other programs change less. Ratios are the medians of
those of the rounds, for a machine's speed drifts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from tests.benchmarks import material
from tools.use.export.run import export
from tools.use.rows import open_rows

PEER = "cp -r"
CASES = [
    ("fer-zoo", False),
    ("imagefolder", False),
    ("coco", False),
    ("fer-zoo", True),
    ("imagefolder", True),
    ("coco", True),
    ("webdataset", False),
    ("zip", False),
]
AIM = "Aim: each export within 1.5 times of cp -r."


def data(cache: Path) -> Path:
    """Return a raw tree of the images with a face box in every row, so that coco has as many as the others."""
    material.make()
    tree = cache / "export-data"
    if not tree.exists():
        shutil.copytree(material.RAW, tree)
    sheet = tree / "dataset_sheet.csv"
    lines = (material.RAW / "dataset_sheet.csv").read_text(encoding="utf-8").splitlines()
    at = lines[0].split(",").index("face_box") - len(lines[0].split(","))  # from the end: prompts hold commas
    cells = [line.split(",") for line in lines]
    for row in cells[1:]:
        row[at] = "10 12 30.5 31"
    sheet.write_text("\n".join(",".join(row) for row in cells) + "\n", encoding="utf-8")
    return tree


def library(form: str, copy: bool, tree: Path, target: Path) -> None:
    """Export in this process."""
    with open_rows(material.CONFIG, data_dir=tree) as rows:
        export(rows, form, target, data_dir=tree, copy=copy)


def command(form: str, copy: bool, tree: Path, target: Path) -> None:
    """Export by the command, in a process of its own."""
    script = [sys.executable, str(material.ROOT / "tools" / "export.py"), form, str(target), "--data-dir", str(tree)]
    subprocess.run([*script, *["--copy"] * copy], check=True, capture_output=True)


def cp(tree: Path, target: Path) -> None:
    """Copy the folder of the images."""
    subprocess.run(["cp", "-r", str(tree / "DifussionEmotion_S"), str(target)], check=True)


def copytree(tree: Path, target: Path) -> None:
    """Copy the folder of the images by Python."""
    shutil.copytree(tree / "DifussionEmotion_S", target)


def main() -> None:
    """Run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where to work, as /dev/shm, where no disk is (default: .work)")
    parser.add_argument("--no-command", action="store_true", help="measure the work alone, which takes half as long")
    options = parser.parse_args()
    cache = options.folder / "diffusionfer-export" if options.folder else material.CACHE
    tree, out = data(cache), cache / "export"
    contenders: dict[str, Callable[[Path, Path], None]] = {PEER: cp, "shutil.copytree": copytree}
    for form, copy in CASES:
        name = f"{form}{' --copy' * copy}"
        contenders[f"{name}, work"] = partial(library, form, copy)
        if not options.no_command:
            contenders[f"{name}, command"] = partial(command, form, copy)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    try:
        for number in range(options.rounds + 1):
            for name, run in contenders.items():
                target = out / "target.zip"  # the ending that zip wants; the others take any
                os.sync()
                began, busy = time.perf_counter(), sum(os.times()[:4])
                run(tree, target)
                taken = time.perf_counter() - began, sum(os.times()[:4]) - busy
                if number:  # the first round only warms up
                    times[name].append(taken)
                (shutil.rmtree if target.is_dir() else Path.unlink)(target)
    finally:
        shutil.rmtree(out, ignore_errors=True)
    print(f"{material.IMAGES:,} images, {options.rounds} rounds\n")
    print(f"{'contender':32}{'median s':>10}{'least':>8}{'most':>8}{'ratio':>8}{'CPU s':>10}{'ratio':>8}")
    for name, of in times.items():
        wall, busy_for = zip(*of, strict=True)
        peer = list(zip(*times[PEER], strict=True))
        ratios = [
            statistics.median(mine / cps for mine, cps in zip(values, of_peer, strict=True))
            for values, of_peer in zip((wall, busy_for), peer, strict=True)
        ]
        line = f"{statistics.median(wall):10.2f}{min(wall):8.2f}{max(wall):8.2f}{ratios[0]:8.2f}"
        print(f"{name:32}{line}{statistics.median(busy_for):10.2f}{ratios[1]:8.2f}")
    print(f"\n{AIM}")


if __name__ == "__main__":
    main()
