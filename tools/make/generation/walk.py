"""The walk over a sheet: which rows have no file yet, who draws them, and what is told of it.

In comes a data directory with its sheet; out come files and, in the sheet, all that made them. Memory does not grow
with the sheet: it is read twice, once to find what is missing, and once, while that is drawn, for the rows.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import hashlib
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from DiffusionFER import SUBSETS, path_problem
from tools.engine import Engine, processes, threads
from tools.make.embedded import FEW, SHEET, progress_bar
from tools.make.generation.base import Backend, Batch, GenerationError, Settings, Task, task_of
from tools.make.generation.files import PER_PICTURE, commit, finish
from tools.make.ledger import Ledger

KEYS = {SHEET: "path", "metadata.csv": "file_name"}  # of the sheet, and of an EmoNet folder's side file
SKETCHES_A_JOB = 16  # rows: half a second of a core, against which writing and recording them weigh little


@dataclass(frozen=True)
class Done:
    """What `generate` did: the rows of the size, those that had a file, that got one, and that can have none."""

    rows: int
    there: int
    made: int
    problems: int


@dataclass
class _Walk:
    """One run: where, with what, and to whom things are told."""

    data_dir: Path
    sheet: Path
    settings: Settings
    size: str | None
    tell: Callable[[str], None]

    def wanted(self, row: dict[str, str]) -> bool:
        """Say whether a row is of the size that was asked for."""
        return self.size is None or row["path"].partition("/")[0] in SUBSETS[f"{self.size}_original"].folders

    @property
    def key(self) -> str:
        """The column that says where a picture belongs."""
        return KEYS[self.sheet.name]

    def task(self, number: int, row: dict[str, str]) -> Task | None:
        """Return what is to be drawn for a row, None where its file is there. Raises ValueError where nothing can."""
        path = row[self.key]
        if problem := path_problem(path):
            raise ValueError(f"{self.key} {problem} (got {path!r})")
        if not path.endswith(".png"):
            raise ValueError(f"{self.key}: expected the name of a PNG (got {path!r})")
        if self.key == "path" and "/" not in path:
            raise ValueError(f"path: expected a PNG in a folder, as 'DifussionEmotion_M/happy/a.png' (got {path!r})")
        if (self.data_dir / path).exists():
            return None
        task = task_of(number, path, row, self.settings)
        dropped = row.get("dropped", "").split()
        if dropped and self.settings.safety_checker and {*map(str, task.seeds)} <= {*dropped}:
            from tools.make.generation.diffusion import all_dropped

            raise ValueError(all_dropped(row["dropped"]))
        return task

    def say(self, number: int, problem: str) -> None:
        """Tell why a row gets no file."""
        self.tell(f"{self.sheet}, row {number}: {problem}")


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
    walk = _Walk(data_dir, _sheet(data_dir, settings, size), settings, size, tell)
    with Ledger(walk.sheet, walk.key) as ledger, contextlib.ExitStack() as stack:
        finish(data_dir, ledger)
        ledger.fold()
        rows, there, problems, missing = _look(walk, ledger)
        made = 0
        if missing:
            if engine is None:
                settings, engine = _local(stack, settings, workers, len(missing))
            batch = settings.batch if settings.backend == "diffusers" else SKETCHES_A_JOB
            jobs = _batches(walk, missing, batch)
            bar = stack.enter_context(progress_bar(len(missing), progress))
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
    return Done(rows, there, made, problems)


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


def _look(walk: _Walk, ledger: Ledger) -> tuple[int, int, int, array[int]]:
    """Return the numbers of rows of the size, of those with a file, of those with a problem; the others' places."""
    rows = there = problems = 0
    missing = array("Q")
    for place, row in enumerate(ledger.rows()):
        if not walk.wanted(row):
            continue
        rows += 1
        try:
            task = walk.task(place + 2, row)
        except ValueError as error:
            walk.say(place + 2, str(error))
            problems += 1
            continue
        if task:
            missing.append(place)
        else:
            there += 1
    return rows, there, problems, missing


def _local(stack: contextlib.ExitStack, settings: Settings, workers: int | None, count: int) -> tuple[Settings, Engine]:
    """Return the engine of this machine, and the settings with the devices that there are."""
    if settings.backend == "sketch":
        alone = workers == 1 or count <= FEW
        return settings, stack.enter_context(threads(1) if alone else processes(workers))
    from tools.make.generation.devices import resolve

    settings = replace(settings, devices=resolve(settings.devices))
    several = len(settings.devices)
    return settings, stack.enter_context(processes(several) if several > 1 else threads(1))


def _batches(walk: _Walk, missing: Iterable[int], batch: int) -> Iterator[list[Task]]:
    """Yield the tasks of the rows at these places, in the sheet's order, so many at a time.

    A killed run has made whole batches. So what is missing falls into the same ones again, and the same rows are drawn
    together: to the last bit, the pictures are those of a run that was not killed.
    """
    places = iter(missing)
    with walk.sheet.open(encoding="utf-8-sig", newline="") as file:
        wanted, tasks = next(places, None), []
        for place, row in enumerate(csv.DictReader(file, restval="")):
            if place != wanted:
                continue
            wanted = next(places, None)
            if task := walk.task(place + 2, row):
                tasks.append(task)
            if len(tasks) == batch:
                yield tasks
                tasks = []
        if tasks:
            yield tasks


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


def _keep(walk: _Walk, ledger: Ledger, drawn: Batch) -> int:
    """Write and record what was drawn; return how many files that gave."""
    files, cells = {}, {}
    for one in drawn.made:
        row = one.task.row
        if one.content is not None:
            sha256 = hashlib.sha256(one.content).hexdigest()
            stale = PER_PICTURE if row.get("sha256") != sha256 else ()
            files[one.task.path] = one.content
            cleared = {column: "" for column in stale if row.get(column)}
            cells[one.task.path] = {**cleared, **one.cells, "sha256": sha256}
        elif one.cells:
            cells[one.task.path] = one.cells
        if one.problem:
            walk.say(one.task.number, one.problem)
    if cells:
        commit(walk.data_dir, ledger, files, cells)
    return len(files)
