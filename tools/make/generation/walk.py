"""The walk over a sheet: who draws the rows that have no file yet, what is kept of it, and what is told.

In comes a data directory with its sheet; out come files and, in the sheet, all that made them. Memory does not grow
with the sheet: it is read twice, once to find what is missing, and once, while that is drawn, for the rows.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from tools.engine import Engine, processes, threads
from tools.make.embedded import FEW, progress_bar
from tools.make.generation.again import difference, mark
from tools.make.generation.base import Backend, Batch, GenerationError, Settings, Task
from tools.make.generation.files import PER_PICTURE, commit, finish, remove_crop
from tools.make.generation.missing import KEYS, Walk, batches, look
from tools.make.ledger import Ledger

SKETCHES_A_JOB = 16  # rows: half a second of a core, against which writing and recording them weigh little


@dataclass(frozen=True)
class Done:
    """What `generate` did: the rows of the size, those that had a file, that got one, and that can have none."""

    rows: int
    there: int
    made: int
    problems: int


def generate(
    data_dir: Path,
    settings: Settings,
    *,
    size: str | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
    progress: bool | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Done:
    """Make the file of each row of `data_dir`'s sheet (of one size, or of all) that has none.

    The sheet is `dataset_sheet.csv`, or an EmoNet folder's `metadata.csv`, whose pictures lie beside it.

    The drawing is done by `engine`, or on this machine: by `workers` processes (all cores if None) for the sketch
    backend, by a process for each device for the other. `tell` gets a line for each row that gets no file, and for
    what is to be known of how the others were made. A run that is stopped leaves what it has made, and the next one
    goes on there.

    Raises ValueError (GenerationError, LedgerError, EngineError among them) where nothing more can be made.
    """
    walk = Walk(data_dir, _sheet(data_dir, settings, size), settings, size, tell)
    with Ledger(walk.sheet, walk.key) as ledger, contextlib.ExitStack() as stack:
        finish(data_dir, ledger)
        ledger.fold()
        found = look(walk, ledger)
        made, problems = 0, found.problems
        if found.missing:
            if engine is None:
                settings, engine = _local(stack, settings, workers, len(found.missing))
            batch = settings.batch if settings.backend == "diffusers" else SKETCHES_A_JOB
            jobs = batches(walk, found.missing, batch)
            bar = stack.enter_context(progress_bar(len(found.missing), progress))
            said = set[str]()
            with closing(engine.run(functools.partial(draw, settings), jobs)) as done:
                for tasks, drawn in done:
                    fresh = [note for note in drawn.notes if note not in said]
                    said.update(fresh)
                    for line in fresh:
                        tell(line)
                    made += _keep(walk, ledger, drawn)
                    problems += sum(one.content is None for one in drawn.made)
                    bar.update(len(tasks))
            ledger.fold()
    return Done(found.rows, found.there, made, problems)


def _sheet(data_dir: Path, settings: Settings, size: str | None) -> Path:
    """Return the sheet of a data directory, or the side file of an EmoNet folder. Raises GenerationError."""
    sheet, side = (data_dir / name for name in KEYS)
    if sheet.is_file():
        return sheet
    if not side.is_file():
        raise GenerationError(f"{sheet} is not there: make one with 'diffusionfer prompts', or give another folder")
    if settings.backend == "sketch":
        raise GenerationError(f"{side} asks for what the sketch renderer does not draw: give --backend diffusers")
    if size:
        raise GenerationError(f"{side} has no sizes: leave --size out")
    return side


def _local(stack: contextlib.ExitStack, settings: Settings, workers: int | None, count: int) -> tuple[Settings, Engine]:
    """Return the engine of this machine, and the settings with the devices that there are."""
    if settings.backend == "sketch":
        alone = workers == 1 or count <= FEW
        return settings, stack.enter_context(threads(1) if alone else processes(workers))
    from tools.make.generation.devices import resolve

    settings = replace(settings, devices=resolve(settings.devices))
    several = len(settings.devices)
    return settings, stack.enter_context(processes(several) if several > 1 else threads(1))


def draw(settings: Settings, tasks: list[Task]) -> Batch:
    """Do a job: this is what an engine calls, in whatever process."""
    return backend_of(settings).draw(tasks)


def backend_of(settings: Settings) -> Backend:
    """Return this process's backend of the settings, which keeps its models; it loads them when it first draws."""
    with _making:
        return _backend(settings)


_making = threading.Lock()  # a worker of a cluster may have several threads


@functools.lru_cache(maxsize=1)
def _backend(settings: Settings) -> Backend:
    if settings.backend == "sketch":
        from tools.make.generation.sketching import SketchBackend

        return SketchBackend()
    from tools.make.generation.diffusion import DiffusersBackend

    return DiffusersBackend(settings)


def _keep(walk: Walk, ledger: Ledger, drawn: Batch) -> int:
    """Write and record what was drawn; return how many files that gave."""
    files, cells = {}, {}
    for one in drawn.made:
        row = one.task.row
        if one.content is not None:
            sha256 = hashlib.sha256(one.content).hexdigest()
            stale = PER_PICTURE if row.get("sha256") != sha256 else ()
            if stale:
                remove_crop(walk.data_dir, row)  # before the row forgets it: a crop is of the picture that the row has
            files[one.task.path] = one.content
            cleared = {column: "" for column in (*stale, "dropped_as") if row.get(column)}
            cells[one.task.path] = {**cleared, **one.cells, "sha256": sha256}
            told = difference(row, cells[one.task.path])
        else:
            if one.cells:
                cells[one.task.path] = {**one.cells, "dropped_as": mark(one.task, walk.settings)}
            told = one.problem
        if told:
            walk.say(one.task.number, told)
    if cells:
        commit(walk.data_dir, ledger, files, cells)
    return len(files)
