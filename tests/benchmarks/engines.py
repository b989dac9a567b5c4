"""`python tests/benchmarks/engines.py`: pushes by one process, by two, and by two workers of a Dask cluster.

Each contender pushes the same images (see corpus.py), all proven before, from an empty work directory to an empty
staging Hub in a process of its own, in turns; then it pushes again, with nothing to do. Printed are the seconds of
both, imports and the card counted, and the difference, which is what building and sending took, with its ratio to that
of one process. The cluster runs before the push begins; processes are begun by the push, which takes seconds: with more
images (--images) it counts for less.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from tests.benchmarks.push import FIRST, folder_for_a_run, run, staging_hub, write_tree
from tests.cluster import running_cluster

# A push begins processes of its own only where there is more to build than is kept here.
PUSH = "from tools.publish import making; making.PROCESSES_FROM = {least}; from tools.push import main; main()"
ALWAYS, NEVER = 0, 10**18
CONTENDERS: dict[str, tuple[int, int, int]] = {  # --num-proc, from how many bytes processes begin, Dask workers
    "one process": (1, NEVER, 0),
    "two threads": (2, NEVER, 0),
    "two processes": (2, ALWAYS, 0),
    "two Dask workers": (2, NEVER, 2),
}
AIMS = """Aims: two processes at least 1.6 times as fast as one where the disk allows, two Dask workers at least 0.85
times as fast as two processes."""


def contend(name: str, folder: Path, cache: Path, arguments: Sequence[str | Path]) -> tuple[float, float]:
    """Push into empty folders, and again; return the seconds of both."""
    processors, least, workers = CONTENDERS[name]
    with staging_hub(folder / "hub") as hub:
        environment = hub | {"DIFFUSIONFER_CACHE": str(cache)}
        with running_cluster(folder / "cluster", workers, **environment) if workers else nullcontext() as cluster:
            command = [sys.executable, "-c", PUSH.format(least=least), "--json", "--public", *arguments]
            command += ["--work-dir", folder / "work", "--num-proc", str(processors)]
            command += ["--engine", "dask", "--scheduler", cluster.address] if cluster else []
            os.sync()
            first, again = (run(command, **environment).seconds for _ in range(2))
            return first, again


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=CONTENDERS, help="run only this; several may be given")
    parser.add_argument("--small", action="store_true", help="a few images: to see whether it works")
    parser.add_argument(
        "--images", type=int, default=1475, help="of 430 KB each, on the disk three times (default: %(default)s)"
    )
    options = parser.parse_args()
    images, shard_size = (20, "3MB") if options.small else (options.images, "50MB")
    names = options.only or list(CONTENDERS)
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    with folder_for_a_run() as material:
        (material / "tree").mkdir()
        write_tree(material / "tree", images, "large", FIRST)
        arguments: list[str | Path] = ["--data-dir", material / "tree", "--max-shard-size", shard_size]
        with folder_for_a_run() as folder:  # the images are proven, and in the system's memory
            contend("two threads", folder, material / "cache", arguments)
        for _ in range(options.rounds):
            for name in names:
                with folder_for_a_run() as folder:
                    results[name].append(contend(name, folder, material / "cache", arguments))
    print(f"{images:,} images of 430 KB, shards of {shard_size}, {options.rounds} rounds, {os.cpu_count()} cores\n")
    print(f"{'contender':20}{'push s':>10}{'again s':>10}{'between':>10}{'min':>8}{'speed':>8}")
    between = {name: [first - again for first, again in of] for name, of in results.items()}
    base = statistics.median(between[names[0]])
    for name, of in results.items():
        first, again = (statistics.median(seconds) for seconds in zip(*of, strict=True))
        median = statistics.median(between[name])
        columns = f"{first:10.2f}{again:10.2f}{median:10.2f}{min(between[name]):8.2f}{base / median:8.2f}"
        print(f"{name:20}{columns}")
    print(f"\nspeed: of building and sending, against {names[0]}.\n{AIMS}")


if __name__ == "__main__":
    main()
