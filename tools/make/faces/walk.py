"""The walk over a tree: each picture that has no crop yet is cropped, by processes of this machine or by a cluster.

A job is a few pictures. Who does it writes their crops, each whole or not at all; then this process records in the
ledger what the sheet is to say. So a kill costs at most the jobs at hand, and the next run makes what is missing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from DiffusionFER import RawFolder
from tools.engine import Engine, processes, threads
from tools.make.embedded import PART, write_whole
from tools.make.faces.detectors import opencv
from tools.make.faces.one import Settings, Trouble, crop_picture, said_again
from tools.make.faces.sources import Source, Task
from tools.make.ledger import Ledger

T = TypeVar("T")

BATCH = 16  # pictures a job: two seconds of work, and what a kill may cost for each process


class CropError(ValueError):
    """The walk cannot go on; the message is one line. What was made before is kept."""


@dataclass
class Done:
    """How many pictures there were, and what became of them: each is counted in one of the other numbers.

    `made` were cropped now, `whole` of them as the whole picture; `there` had their crop; `left` have none now;
    `absent` are rows whose original is not there yet. `changed` is how many rows of the sheet were written.
    """

    pictures: int = 0
    made: int = 0
    whole: int = 0
    there: int = 0
    left: int = 0
    absent: int = 0
    changed: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of one picture: "made", "there", "left" or "absent", the cells to record, and what is to be said."""

    key: str
    state: str
    cells: dict[str, str] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What everyone who crops must know: where the originals are, where the crops go, and how they are made."""

    originals: RawFolder
    crops: Path
    settings: Settings


def crop_tree(
    source: Source,
    settings: Settings,
    *,
    workers: int | None = None,
    engine: Engine | None = None,
    tell: Callable[[Trouble], None] = lambda _: None,
    advance: Callable[[int], object] = lambda _: None,
) -> Done:
    """Crop the pictures of `source` that have no crop yet, and write into its sheet what that gave.

    By `engine`, or by `workers` processes (None: one a core; 1: this one). `tell` is given what is to be said of a
    picture, `advance` how many more are done. Raises ValueError (CropError, LedgerError, EngineError) where it cannot
    go on; what was made until then is recorded, and the next run goes on from there.
    """
    done = Done()
    plan = Plan(source.originals, source.crops, settings)
    with Ledger(source.sheet, source.key) as ledger, ExitStack() as stack:
        ledger.fold()  # what a run recorded that did not come to its end
        if engine is None:
            engine = stack.enter_context(threads(1) if workers == 1 else processes(workers))
        jobs = batches(source.tasks(), BATCH)
        for tasks, outcomes in stack.enter_context(closing(engine.run(partial(crop_job, plan), jobs))):
            ledger.record({outcome.key: outcome.cells for outcome in outcomes if outcome.cells})
            for outcome in outcomes:
                _count(done, outcome)
                for trouble in outcome.troubles:
                    tell(trouble)
            advance(len(tasks))
        done.changed = ledger.fold()
    return done


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one perhaps shorter."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def _count(done: Done, outcome: Outcome) -> None:
    done.pictures += 1
    setattr(done, outcome.state, getattr(done, outcome.state) + 1)
    done.whole += outcome.state == "made" and any(trouble.kind == "whole" for trouble in outcome.troubles)


def crop_job(plan: Plan, tasks: list[Task]) -> list[Outcome]:
    """Crop a few pictures, those that need it. Raises CropError where a crop cannot be written."""
    found = str(opencv().__version__)
    if plan.settings.opencv not in ("", found):
        message = f"OpenCV {found} is installed where the work is done, expected {plan.settings.opencv} as here"
        raise CropError(f"{message}: other versions write other bytes; install that one there")
    return [_crop(plan, task) for task in tasks]


def _crop(plan: Plan, task: Task) -> Outcome:
    def left(message: str, column: str | None = None, value: str | None = None) -> Outcome:
        return Outcome(task.key, "left", {}, (Trouble("unusable", task.shown, task.row, message, column, value),))

    if task.problem:
        return left(task.problem)
    try:
        content = plan.originals.read(task.file)
    except FileNotFoundError:
        return Outcome(task.key, "absent")
    except OSError as error:
        return left(f"cannot be read ({error.strerror or type(error).__name__})")
    except ValueError as error:
        return left(str(error).removeprefix(f"{plan.originals.name}/{task.file} "))
    sha256, target = hashlib.sha256(content).hexdigest(), plan.crops / task.crop
    # An EmoNet folder's digest is what cropping noted itself: with --again it goes by the picture that is there now.
    renewed = plan.settings.again and task.row is None
    if task.sha256 not in ("", sha256) and not renewed:
        hint = "" if task.row else ": --again crops what is there now"
        return left(f"has other bytes than the sheet says: SHA-256 {sha256}{hint}", "sha256", task.sha256)
    boxed = plan.settings.detector == "sheet" and task.faces == "0" and task.face_box  # since it was kept whole
    again = plan.settings.again or boxed
    if task.sha256_cropped and not again and _sha256_of(target) == task.sha256_cropped:
        said = said_again(content, task, plan.settings)
        return Outcome(task.key, "there", {}, tuple(Trouble(k, task.shown, task.row, text) for k, text in said))
    cropped = crop_picture(content, task.face_box, plan.settings)
    troubles = tuple(Trouble(kind, task.shown, task.row, text) for kind, text in cropped.troubles)
    if not cropped.cells:
        return Outcome(task.key, "left", {}, troubles)
    cells = {**cropped.cells, "sha256": sha256}
    if "face_box" not in cells and task.face_confidence and plan.settings.detector != "sheet":
        # A detector's box of another time; one that a person or the renderer gave has no confidence, and stays.
        cells |= {"face_box": "", "face_confidence": ""}
    if cropped.content is None:
        has_one = again and _sha256_of(target)  # which stays, and so does what the sheet says of it
        return Outcome(task.key, "there", {}, troubles) if has_one else Outcome(task.key, "left", cells, troubles)
    made = hashlib.sha256(cropped.content).hexdigest()
    if not again and not task.sha256_cropped and _sha256_of(target) not in ("", made):
        return left("has a crop of other bytes, which the sheet does not know: move it away, or replace it by --again")
    _write(plan, target, cropped.content)
    cells["sha256_cropped"] = made
    return Outcome(task.key, "made", cells, troubles)


def _sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file; the empty text for what is none or cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _write(plan: Plan, target: Path, content: bytes) -> None:
    try:
        inside = os.path.realpath(plan.originals.data_dir)
        if not os.path.realpath(target.parent).startswith(inside.rstrip(os.sep) + os.sep):
            raise CropError(f"{target.parent} is a link that leaves the data directory: put a folder in its place")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content)
    except OSError as error:
        with suppress(OSError):
            target.with_name(f".{target.name}{PART}").unlink(missing_ok=True)
        problem = f"{target} cannot be written ({error.strerror or type(error).__name__})"
        raise CropError(f"{problem}: mend that and run it again; the rest is kept") from None
