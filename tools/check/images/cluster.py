"""The images of a config, looked at by the workers of a cluster, which read them from the tree that all of them see.

A job is the names of some images and their stamps; what comes back is what their bytes tell. What needs the sheet, the
memory of what was proven, or other images stays here, so the findings are those of threads, in the same order.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from DiffusionFER import RawZip, RemoteFolder
from tools.check.findings import Finding
from tools.check.images.examine import perceptual_hash
from tools.check.images.look import Depth, Eye, Looked
from tools.check.images.source import Source, Stamp
from tools.engine import Engine, EngineError, threads

if TYPE_CHECKING:
    from tools.check.images.walk import Image, Images, Outcome, Walk

# Images a job: what a worker does in some tenths of a second, against some milliseconds to hand it over.
BATCH: dict[Depth, int] = {"quick": 256, "default": 128, "deep": 32}
STAMPING = 8  # threads that ask for the sizes and times of files: of a shared file system that is waiting, not work


@dataclass(frozen=True)
class Place:
    """Where the images are, and how they are looked at; `run` is another one in each run and for each config."""

    source: Source = field(compare=False)
    depth: Depth
    looks: bool
    run: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Job:
    """Images to look at: the number of their batch, and the name and the stamp of each."""

    batch: int
    files: Sequence[tuple[str, Stamp | None]]


def look_at(place: Place, job: Job) -> list[Looked]:
    """Return what the images of a job tell; on a worker. Raises EngineError where that cannot be seen from there."""
    eye = _eye(place)
    seen = [eye.see(name, stamp) for name, stamp in job.files]
    eye.add_looks(seen)
    return seen


@lru_cache(maxsize=2)  # the first job of a run opens a zip or a connection, and the others have the same
def _eye(place: Place) -> Eye:
    here, look = f"worker on {socket.gethostname()}", perceptual_hash() if place.looks else None
    if place.looks and look is None:
        raise EngineError(f"{here}: the library scipy is not installed there, expected it as here: install it there")
    try:
        folder = place.source.folder
        if isinstance(folder, RawZip):
            folder._archive  # noqa: B018 - opens it
        elif isinstance(folder, RemoteFolder):
            folder._remote.facts(folder.name)
        elif not os.path.isdir(folder.path):  # noqa: PTH112
            raise FileNotFoundError(f"{folder.path} is not there")
    except (OSError, ValueError) as error:
        hint = "give a data directory that every worker sees at the same place"
        raise EngineError(f"{here}: {error}: {hint}") from None
    return Eye(place.source, place.depth, look)


def findings_of_workers(
    images: Images, walk: Walk, depth: Depth, engine: Engine, gather: Callable[[list[Outcome]], Iterator[Finding]]
) -> Iterator[Finding]:
    """Yield the findings of each image, in the order of the images.

    `gather` takes the outcomes of a batch, in whatever order the batches are done; a batch whose images are all
    remembered needs no worker.
    """
    place = Place(images.source, depth, walk.looks)
    waiting: dict[int, list[tuple[Image, Stamp | None, Outcome | None]]] = {}
    ready: dict[int, list[Finding]] = {}

    def jobs() -> Generator[Job, None, None]:
        batches = enumerate(images.batches(BATCH[depth]))
        with threads(STAMPING) as stamping, closing(stamping.run(walk.consult, batches)) as consulted:
            for (number, _), batch in consulted:
                files = [(image.name, stamp) for image, stamp, outcome in batch if outcome is None]
                if files:
                    waiting[number] = batch
                    yield Job(number, files)
                else:
                    ready[number] = list(gather([outcome for _, _, outcome in batch if outcome]))

    following = 0
    with closing(jobs()) as asked, closing(engine.run(partial(look_at, place), asked)) as done:
        for job, seen in done:
            left = iter(seen)
            batch = waiting.pop(job.batch)
            ready[job.batch] = list(
                gather([outcome or walk.judge(image, stamp, next(left)) for image, stamp, outcome in batch])
            )
            while following in ready:
                yield from ready.pop(following)
                following += 1
    for number in sorted(ready):  # of which no job was the last
        yield from ready[number]
