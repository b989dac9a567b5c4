"""`python tests/benchmarks/engines.py`: shards built by threads, by one process, by two, and by two Dask workers.

Each contender builds the shards of the same PNGs (see `material.py`) into an empty folder, by the jobs and the function
that a push uses, in turns and in a process of its own. Every engine has built each kind of thing once before, so that
starting its processes and loading libraries is not counted: a push begins processes only where that is little beside
the work (`PROCESSES_FROM` of tools/publish/making.py), and a cluster runs already.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from tests.benchmarks.push import folder_for_a_run
from tests.cluster import running_cluster

if TYPE_CHECKING:  # the process that starts the others imports nothing large
    from tools.publish.shards import Make

MAX_SHARD_SIZE = 50 * 10**6  # 13 shards: enough that two workers seldom wait for each other at the end
CONTENDERS = ("two threads", "one process", "two processes", "one Dask worker", "two Dask workers")
AIMS = """Aims: two processes at least 1.6 times as fast as one where the disk allows, two Dask workers at least 0.85
times as fast as two processes."""


def build_all(name: str, scheduler: str, folder: Path, times: int) -> float:
    """Build the shards as often as given, each time into an empty folder; return the seconds a time."""
    from DiffusionFER import read_index
    from tests.benchmarks.material import CONFIG, RAW
    from tools.publish.manifest import Manifest
    from tools.publish.shards import build_shards

    index = read_index(CONFIG, str(RAW))
    with maker(name, scheduler) as make_into:
        seconds = []
        for number in range(-1, times):  # the first is not counted
            target = folder / str(number)
            target.mkdir()
            os.sync()
            begun = time.perf_counter()
            with Manifest(target) as manifest:
                make = make_into(target)
                build_shards(CONFIG, index, target, max_shard_size=MAX_SHARD_SIZE, manifest=manifest, make=make)
            seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[1:])


@contextmanager
def maker(name: str, scheduler: str) -> Iterator[Callable[[Path], Make]]:
    """Yield what gives, for a folder, the function that builds shards there, as a push has it."""
    from tools.engine import Engine, cluster, processes
    from tools.publish.shard_build import build_alone, build_here

    if name == "two threads":
        yield lambda folder: functools.partial(build_here, folder=folder, workers=2)
        return
    engines: dict[str, AbstractContextManager[Engine]] = {
        "one process": processes(1),
        "two processes": processes(2),
    }
    with engines[name] if name in engines else cluster(scheduler) as engine:
        yield lambda folder: functools.partial(engine.run, functools.partial(build_alone, folder=folder))


def contend(name: str, times: int) -> float:
    """Run a contender once, in a process of its own; return the seconds of a build."""
    with folder_for_a_run() as folder:
        environment = {**os.environ, "DIFFUSIONFER_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "home")}
        workers = {"one Dask worker": 1, "two Dask workers": 2}.get(name, 0)
        with running_cluster(folder / "cluster", workers, **environment) if workers else nullcontext() as cluster:
            (folder / "out").mkdir()
            address = cluster.address if cluster else "-"
            command = [sys.executable, __file__, "--contender", name, address, str(folder / "out"), str(times)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
        return float(done.stdout)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--times", type=int, default=3, help="builds a round, of which the median counts (%(default)s)")
    parser.add_argument("--only", action="append", choices=CONTENDERS, help="run only this; several may be given")
    parser.add_argument("--contender", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        name, scheduler, folder, times = options.contender
        print(build_all(name, scheduler, Path(folder), int(times)))
        return
    make = "from tests.benchmarks.material import make; make()"
    subprocess.run([sys.executable, "-c", make], cwd=Path(__file__).resolve().parent.parent.parent, check=True)
    names = options.only or CONTENDERS
    results: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            results[name].append(contend(name, options.times))
    print(f"{options.rounds} rounds, {options.times} builds each, {os.cpu_count()} cores\n")
    print(f"{'contender':20}{'median s':>10}{'min s':>8}{'speed':>8}")
    base = statistics.median(results.get("one process", results[names[0]]))
    for name, seconds in results.items():
        median = statistics.median(seconds)
        print(f"{name:20}{median:10.2f}{min(seconds):8.2f}{base / median:8.2f}")
    print(f"\nspeed: against {'one process' if 'one process' in results else names[0]}.\n{AIMS}")


if __name__ == "__main__":
    main()
