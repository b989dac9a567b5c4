"""`python tests/benchmarks/push.py`: what pushes take, each a process of its own, to a staging Hub in another.

Pushed is a corpus of images (see corpus.py) again and again, with an edit in between: seconds, imports and the card
counted, peak memory of the process, and what of it arrived at the Hub. Then, for each edit, the share of the shards'
bytes that is new to a store that cuts files into chunks (see chunks.py), with our pages and with those of pyarrow's
defaults, which `datasets` writes; and the time and memory of a plan for a sheet of a million rows.

`--only memory` alone, which needs 45 GB of disk, pushes 10,000 and 100,000 images of 430 KB with `--max-disk 2GB`.
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
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# This process imports nothing large: on Linux a child's peak memory begins with that of the process that started it.
ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".work" / "benchmark"
CORPUS = Path(__file__).with_name("corpus.py")
PUSH = ROOT / "tools" / "push.py"
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
UNCHANGED = "push again"
# As in corpus.py, whose imports are large.
FIRST, *EDITS = "first push", "append 1 %", "change one label", "insert 10 at the front", "delete 5 in the middle"
PARTS = ("large", "10,000", "100,000", "chunks", "plan")
MEMORY = "memory"
AIMS = """Aims: pushed again, 0 bytes and no commit, in 3 s for 1,475 images and 60 s for 100,000; with 1 % more rows,
one shard a split; peak memory at 100,000 at most 1.2 times that at 10,000. After each other edit, at most 2 % is new to
a store of chunks. A plan for 1,000,000 rows in 60 s and 2,000 MB."""

HUB = """
import json, sys
from pathlib import Path
from tools.publish.staging import StagingHub
folder = Path(sys.argv[1])
with StagingHub(folder, {"benchmark": "write"}) as hub:
    print(json.dumps(hub.environment("benchmark", folder / "home")), flush=True)
    sys.stdin.read()
"""
# Prints, for each edit, the size of the shards in bytes and how many of them are in chunks that were not there before.
CHUNKS = """
import json, sys
from pathlib import Path
from DiffusionFER import read_index
from tests.benchmarks.chunks import CONFIG, OPTIONS, build
from tests.benchmarks.corpus import STEPS, write_tree
folder, images, kind = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
for step in STEPS:
    write_tree(folder / "tree", images, kind, step)
    index = read_index(CONFIG, str(folder / "tree"))
    if step == STEPS[0]:
        had = {name: {} for name in OPTIONS}
    for name, options in OPTIONS.items():
        got, size = build(index, folder / "shards", options)
        new = sum(length for digest, length in got.items() if digest not in had[name])
        had[name] = got
        print(json.dumps([step, name, size, new]), flush=True)
"""


@dataclass(frozen=True)
class Run:
    """What a command took: seconds and peak memory in MB; what it printed."""

    seconds: float
    peak: float
    printed: str


@dataclass(frozen=True)
class Pushed:
    """What a push took (see Run), and what it did: shards sent, bytes new at the Hub, bytes of all shards, commits."""

    seconds: float
    peak: float
    shards: int
    sent: int
    size: int
    commits: int


def run(command: Sequence[str | Path], accept: Sequence[int] = (0,), /, **environment: str) -> Run:
    """Run a command to its end, from the checkout; it must end with a status that is accepted."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        given = environment or dict(os.environ)
        process = subprocess.Popen([*map(str, command)], stdout=out, stderr=err, cwd=ROOT, env=given)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        if process.returncode not in accept:
            raise SystemExit(f"{' '.join(map(str, command))} failed:\n{err.read()[-4000:]}")
        out.seek(0)
        return Run(seconds, usage.ru_maxrss * UNIT / 1e6, out.read())


@contextmanager
def staging_hub(folder: Path) -> Iterator[dict[str, str]]:
    """Run a staging Hub in a process of its own; yield the environment in which commands take it for the Hub."""
    process = subprocess.Popen(
        [sys.executable, "-c", HUB, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout
        yield dict(json.loads(process.stdout.readline()))
    finally:
        process.communicate()


@contextmanager
def folder_for_a_run() -> Iterator[Path]:
    """Make a folder on the disk of the images, and remove it afterwards."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="run-") as name:
        yield Path(name)


def write_tree(tree: Path, images: int, kind: str, step: str) -> None:
    """Put the tree into the state after a step, and let the system be done with writing."""
    run([sys.executable, CORPUS, tree, str(images), kind, step])
    os.sync()


def stored(folder: Path) -> dict[str, int]:
    """Return the large files of a staging Hub's folder, name to size."""
    return {file.name: file.stat().st_size for file in folder.glob("**/lfs/objects/*/*/*")}


def pushes(images: int, kind: str, shard_size: str, edits: Sequence[str], *more: str) -> Iterator[tuple[str, Pushed]]:
    """Push a corpus, and again, and after each edit; yield what was done and what it took."""
    with folder_for_a_run() as folder, staging_hub(folder / "hub") as environment:
        tree = folder / "tree"
        tree.mkdir()
        command: list[str | Path] = [
            sys.executable,
            ROOT / "tools" / "push.py",
            "--json",
            "--public",
            "--data-dir",
            tree,
        ]
        command += ["--work-dir", folder / "work", "--max-shard-size", shard_size, *more]
        for step in (FIRST, UNCHANGED, *edits):
            if step != UNCHANGED:
                write_tree(tree, images, kind, step)
            before = stored(folder / "hub")
            done = run(command, **environment, DIFFUSIONFER_CACHE=str(folder / "cache"))
            after = stored(folder / "hub")
            new = [size for name, size in after.items() if name not in before]
            summary = json.loads(done.printed)
            shards = sum(path.endswith(".parquet") for path in [*summary["added"], *summary["replaced"]])
            total = sum(split["bytes"] for split in summary["splits"])
            yield step, Pushed(done.seconds, done.peak, shards, sum(new), total, int(summary["commit"] is not None))


def print_pushes(corpora: Mapping[str, tuple[Any, ...]], rounds: int) -> None:
    """Push each corpus, so many times, and print a line for each step."""
    columns = f"{'median s':>10}{'min s':>8}{'peak MB':>9}{'shards':>8}{'MB sent':>9}{'of MB':>8}{'commits':>9}"
    print(f"{'images':18}{'':24}{columns}")
    peaks: dict[str, float] = {}
    for name, corpus in corpora.items():
        results: dict[str, list[Pushed]] = {}
        for _ in range(rounds):
            for step, pushed in pushes(*corpus):
                results.setdefault(step, []).append(pushed)
        for step, of in results.items():
            seconds, last = [pushed.seconds for pushed in of], of[-1]
            peak = max(pushed.peak for pushed in of)
            columns = f"{statistics.median(seconds):10.2f}{min(seconds):8.2f}{peak:9,.0f}{last.shards:8,}"
            columns += f"{last.sent / 1e6:9,.1f}{last.size / 1e6:8,.0f}{last.commits:9}"
            print(f"{name:18}{step:24}{columns}", flush=True)
            if step == FIRST:
                peaks[name] = peak
    for kind in ("small", "large"):
        alike = [name for name, corpus in corpora.items() if corpus[1] == kind]
        if len(alike) == 2:
            few, many = alike
            print(f"\npeak memory of the first push, {many} against {few}: {peaks[many] / peaks[few]:.2f}")


def print_chunks(images: int, kind: str) -> None:
    """Build the shards after each edit with each set of options, and print the share that is new."""
    with folder_for_a_run() as folder:
        lines = run([sys.executable, "-c", CHUNKS, folder, str(images), kind]).printed.splitlines()
    shares: dict[str, dict[str, str]] = {}
    for step, options, size, new in map(json.loads, lines):
        shares.setdefault(step, {})[options] = f"{new / size:.2%}"
    names = list(next(iter(shares.values())))
    print(f"\n{images:,} images of 430 KB, new to a store of chunks; a: {names[0]}", end="")
    print("".join(f", {chr(98 + number)}: {name}" for number, name in enumerate(names[1:])))
    print(f"{'':24}" + "".join(f"{chr(97 + number):>10}" for number in range(len(names))))
    for step in EDITS:
        print(f"{step:24}" + "".join(f"{shares[step][name]:>10}" for name in names))


def print_plan(rows: int) -> None:
    """Plan a sheet of so many rows, and print what it took."""
    # The same as for rendering: as many files, which are hard links.
    make = f"from tests.benchmarks.render import make_large; print(*make_large({rows}), sep='\\n')"
    data_dir = run([sys.executable, "-c", make]).printed.splitlines()[-2]
    with folder_for_a_run() as folder, staging_hub(folder / "hub") as environment:
        command: list[str | Path] = [sys.executable, PUSH, "--plan", "--json", "--public", "--data-dir", data_dir]
        # 2: the plan is whole, and says what would stop the push, such as a disk that is too small for it.
        done = run([*command, "--work-dir", folder / "work"], (0, 2), **environment)
    plan = json.loads(done.printed)
    print(f"\nplan for {rows:,} rows: {plan['build']:,} shards, {done.seconds:.1f} s, peak {done.peak:,.0f} MB")


def main() -> None:
    """Run what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rounds", type=int, default=3, help="how often each corpus is pushed (default: %(default)s)")
    parser.add_argument(
        "--only", action="append", choices=(*PARTS, MEMORY), help="run only this part; several may be given"
    )
    parser.add_argument("--small", action="store_true", help="a hundredth of everything: to see whether it works")
    options = parser.parse_args()
    parts = options.only or PARTS
    for left in CACHE.glob("run-*"):  # by a run that was stopped
        shutil.rmtree(left)
    part = 100 if options.small else 1
    size = "50MB" if part == 1 else "500KB"
    corpora: dict[str, tuple[Any, ...]] = {
        "large": (1475 // part, "large", "500MB", EDITS),
        "10,000": (10_000 // part, "small", size, ()),
        "100,000": (100_000 // part, "small", size, EDITS),
    }
    print(f"{os.cpu_count()} cores, {options.rounds} rounds\n")
    if MEMORY in parts:
        sparing = ("500MB", (), "--max-disk", "2GB")
        alike = {f"{images:,} large": (images, "large", *sparing) for images in (10_000 // part, 100_000 // part)}
        print_pushes(alike, options.rounds)
    if chosen := {f"{corpus[0]:,} {corpus[1]}": corpus for name, corpus in corpora.items() if name in parts}:
        print_pushes(chosen, options.rounds)
    if "chunks" in parts:
        print_chunks(1475 if part == 1 else 50, "large")
    if "plan" in parts:
        print_plan(10**6 // part)
    print(f"\n{AIMS}")


if __name__ == "__main__":
    main()
