"""Which rows of a sheet have no file yet, and in which batches they are drawn.

In comes a sheet; out come places in it, which are eight bytes a row, and then the rows themselves, a batch at a time.
"""

from __future__ import annotations

import csv
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from DiffusionFER import SUBSETS, path_problem
from tools.make.embedded import SHEET
from tools.make.generation.again import all_dropped, mark, model_of, other_model, was_made
from tools.make.generation.base import GenerationError, ModelRowError, Settings, Task, task_of
from tools.make.generation.files import place_problem
from tools.make.ledger import Ledger

KEYS = {SHEET: "path", "metadata.csv": "file_name"}  # of the sheet, and of an EmoNet folder's side file


@dataclass
class Walk:
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
        if self.key == "path" and "/" not in path:
            raise ValueError(f"path: expected a PNG in a folder, as 'DifussionEmotion_M/happy/a.png' (got {path!r})")
        target = self.data_dir / path
        if problem := place_problem(target, path):
            raise ValueError(f"{self.key} {problem} (got {path!r})")
        if target.exists():
            return None
        if not path.endswith(".png"):
            raise ValueError(f"{self.key}: expected the name of a PNG (got {path!r})")
        task = task_of(number, path, row, self.settings)
        if row.get("dropped_as") and row["dropped_as"] == mark(task, self.settings):
            raise ValueError(all_dropped(row.get("dropped", "")))
        return task

    def say(self, number: int, line: str) -> None:
        """Tell something of a row: why it gets no file, or what is to be known of the one that it got."""
        self.tell(f"{self.sheet}, row {number}: {line}")


@dataclass(frozen=True)
class Found:
    """What is in a sheet: how many rows are of the size, have a file, can have none; and the places of the others."""

    rows: int
    there: int
    problems: int
    missing: array[int]


def look(walk: Walk, ledger: Ledger) -> Found:
    """Find the rows that have no file, and tell why others can have none, and which were made by another model.

    Raises GenerationError where all that is missing is for a model, and the sketch renderer was asked for.
    """
    rows = there = problems = 0
    missing, for_models = array("Q"), array("Q")
    twice, seen, others = _standing_twice(walk, ledger), set[int](), Counter[str]()
    now = model_of(walk.settings)
    for place, row in enumerate(ledger.rows()):
        if not walk.wanted(row):
            continue
        rows += 1
        try:
            if (one := hash(row[walk.key])) in seen:
                raise ValueError(f"{walk.key} stands in an earlier row, too: give it another (got {row[walk.key]!r})")
            if one in twice:
                seen.add(one)
            task = walk.task(place + 2, row)
        except ModelRowError:
            for_models.append(place + 2)
            continue
        except ValueError as error:
            walk.say(place + 2, str(error))
            problems += 1
            continue
        if not task:
            there += 1
            continue
        missing.append(place)
        if was_made(row) and row["model"] != now:
            others[row["model"]] += 1
    if for_models and not missing:
        what = f"the {len(for_models):,} rows of {walk.sheet} that have no picture"
        raise GenerationError(f"{what} have a model's settings: give --backend diffusers, or empty those cells")
    for number in for_models:
        walk.say(number, ModelRowError.MESSAGE)
    for model, count in others.items():
        walk.tell(other_model(model, now, count))
    return Found(rows, there, problems + len(for_models), missing)


def _standing_twice(walk: Walk, ledger: Ledger) -> set[int]:
    """Return the hashes of the paths that stand in several rows, with 16 bytes a row while they are looked for.

    Of a million paths, two have the same hash of 64 bits by chance in one of 30 million sheets.
    """
    found = np.frombuffer(array("q", (hash(row[walk.key]) for row in ledger.rows())), np.int64)
    ordered = np.sort(found)
    return set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())


def batches(walk: Walk, missing: Iterable[int], batch: int) -> Iterator[list[Task]]:
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
