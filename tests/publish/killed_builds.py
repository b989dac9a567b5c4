"""`python killed_builds.py DATA_DIR WORK_DIR KILLS SEED`: kill builds at random moments and see the next one.

Each build runs in a child of this process, which has imported everything and started no thread, so that none of them
takes seconds to begin. Half of the children kill themselves before a line of the build that is drawn; the others are
killed from outside after a time that is drawn, which may be within a call of SQLite or the system. Printed is, as JSON,
a line for each kill: the shards that were proven before and after it, those that the next build built, what it left,
and what it left without any kill.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from DiffusionFER import read_index
from tools.publish import shards
from tools.publish.manifest import Manifest
from tools.publish.shard_plan import plan_shards

CONFIG, SIZE = "small_original", 60_000
OURS = str(Path(shards.__file__).parent)


def build(data_dir: Path, work: Path) -> list[str]:
    """Build as a push does; return the paths of the shards that were built now."""
    with Manifest(work) as manifest:
        index = read_index(CONFIG, str(data_dir))
        done, _ = shards.build_shards(
            CONFIG, index, work / "shards", max_shard_size=SIZE, workers=2, manifest=manifest, inspect=lambda *_: []
        )
    return [shard.path for shard in done if shard.built]


def proven(data_dir: Path, work: Path) -> list[str]:
    """Return the paths of the shards that the manifest proves now."""
    with Manifest(work) as manifest:
        planned = plan_shards(CONFIG, read_index(CONFIG, str(data_dir)), max_shard_size=SIZE)
        return list(shards.proven_shards(planned, work / "shards", manifest))


def tree(work: Path) -> dict[str, str]:
    """Return the files of the shards, path to sha256."""
    files = (file for file in (work / "shards").rglob("*") if file.is_file())
    return {str(file.relative_to(work)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def counted(work: Callable[[], object], kill_at: int | None = None) -> int:
    """Do work, counting the lines of the publishing tools that it runs; before that of the given number, be killed."""
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        lines += event == "line"
        if lines == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    work()
    sys.settrace(None)
    return lines


def in_child(work: Callable[[], object], seconds: float | None = None) -> Any:
    """Do work in a child, and return what it returned; None where it was killed, at the latest after `seconds`."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            json.dump(work(), pipe)
        os._exit(0)
    os.close(writing)
    if seconds is not None:
        time.sleep(seconds)  # less than the build takes undisturbed
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status == 0:
        return json.loads(answer)
    assert os.WIFSIGNALED(status), status
    return None


def main(data_dir: Path, folder: Path, kills: int, seed: int) -> None:
    """Kill so many builds, two on the same work directory before one that ends."""
    draw, clean, copy = random.Random(seed), folder / "clean", folder / "copy"
    lines = in_child(partial(counted, partial(build, data_dir, clean)))
    begun = time.perf_counter()
    in_child(partial(build, data_dir, folder / "timed"))
    took = time.perf_counter() - begun
    expected = in_child(partial(tree, clean))
    for kill in range(kills):
        work = folder / f"{kill // 2}"
        before = in_child(partial(proven, data_dir, work))
        if kill % 2:
            in_child(partial(build, data_dir, work), draw.uniform(0, took))
        else:
            at = draw.randrange(1, lines)
            assert in_child(partial(counted, partial(build, data_dir, work), at)) is None
        after = in_child(partial(proven, data_dir, work))
        shutil.copytree(work, copy, copy_function=shutil.copy2)
        answer = {"before": before, "after": after, "built": in_child(partial(build, data_dir, copy))}
        print(json.dumps({**answer, "tree": in_child(partial(tree, copy)), "expected": expected}), flush=True)
        shutil.rmtree(copy)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
