"""What a row asks of a backend, and what a backend gives back: settings, tasks, pictures with the cells they fill.

In comes a row of the sheet with the settings of the command; out comes a Task, or a ValueError that names the column.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.make.generation.samplers import SAMPLERS
from tools.make.prompts import CFG_SCALE, HEIGHT, NEGATIVE_PROMPT, SAMPLER, STEPS, WIDTH

MODEL = "stable-diffusion-v1-5/stable-diffusion-v1-5"
CLIP = "openai/clip-vit-base-patch32"
CANDIDATES, BATCH = 3, 4
STRIDE = 2_654_435_769  # 2**32 divided by the golden ratio, odd: the seeds of a row's candidates lie far apart
HUMAN = ("person", "model")  # sources of labels that a new picture does not take away
MOST_CANDIDATES, MOST_STEPS, LARGEST_SIDE = 100, 1000, 4096
OF_MODELS = ("negative_prompt", "steps", "sampler", "cfg_scale")  # columns: the sketch renderer has none of them
SKETCHES = "diffusionfer-sketch-"  # how the names of the sketch renderer's versions begin


class GenerationError(ValueError):
    """Nothing can be generated; the message is one line for the user, and what was made before is kept."""


class ModelRowError(ValueError):
    """A row for a model, which the sketch renderer would draw without what it asks for."""

    MESSAGE = "has a model's name or settings: give --backend diffusers, or empty those cells"

    def __init__(self) -> None:
        super().__init__(self.MESSAGE)


@dataclass(frozen=True)
class Settings:
    """What the command was told; None leaves it to the row, and then to the published settings.

    `devices` are torch's names ("cpu", "cuda:1"); "auto" is what the process that draws finds.
    """

    backend: str
    candidates: int | None = None
    batch: int = BATCH
    model: str = MODEL
    revision: str | None = None
    clip: str = CLIP
    steps: int | None = None
    cfg_scale: float | None = None
    sampler: str | None = None
    width: int | None = None
    height: int | None = None
    devices: tuple[str, ...] = ("auto",)
    safety_checker: bool = True


@dataclass(frozen=True)
class Task:
    """What to draw for one row.

    `number` is that of the row in the sheet as a spreadsheet shows it, `path` where the picture belongs, below the
    data directory.
    """

    number: int
    path: str
    row: dict[str, str]
    seeds: tuple[int, ...]  # of the candidates
    negative_prompt: str = ""
    steps: int = STEPS
    sampler: str = SAMPLER
    cfg_scale: float = CFG_SCALE
    width: int = WIDTH  # pixels
    height: int = HEIGHT


@dataclass(frozen=True)
class Made:
    """What became of a task: the bytes of its file, or None and why; and the cells of its row."""

    task: Task
    content: bytes | None
    cells: dict[str, str]
    problem: str = ""


@dataclass
class Batch:
    """What a backend made of some tasks, and what is to be said once of how it was made."""

    made: list[Made]
    notes: list[str] = field(default_factory=list)


class Backend(ABC):
    """Draws the pictures of tasks."""

    @abstractmethod
    def draw(self, tasks: Sequence[Task]) -> Batch:
        """Return what became of each task, in their order. Raises GenerationError where no row can be drawn."""


def row_seed(path: str, row: Mapping[str, str]) -> int:
    """Return the seed from which those of a row's candidates are derived.

    It is the row's; for a row whose picture was made, the first that was tried then, so that it can be made again. A
    row without one (empty, or -1, which is the web UI's "any") has one by its path. Raises ValueError for no seed.
    """
    text = row.get("seed", "").strip()
    if tried := _tried(row):
        text = tried[0]
    if text in ("", "-1"):
        return int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big")
    return int(_number(row, "seed", text, 0, 2**63 - 1, whole=True))


def _tried(row: Mapping[str, str]) -> list[str]:
    """Return the seeds that were tried for a row; none where its seed was changed since, which is a new beginning."""
    tried = row.get("candidate_seeds", "").split()
    return tried if row.get("seed", "").strip() in tried else []


def candidate_seeds(seed: int, count: int) -> tuple[int, ...]:
    """Return the seeds of `count` candidates: `seed` itself, then (seed + k * STRIDE) modulo 2**32 for k = 1, 2, ..."""
    return (seed, *((seed + k * STRIDE) % 2**32 for k in range(1, count)))


def task_of(number: int, path: str, row: dict[str, str], settings: Settings) -> Task:
    """Return what is to be drawn for a row. Raises ValueError that names the column, the value and what is expected.

    The sketch renderer draws no row that was designed for a model, or made by one: ModelRowError.
    """
    seed = row_seed(path, row)
    if settings.backend == "sketch":
        model = row.get("model", "").strip()
        if any(row.get(column, "").strip() for column in OF_MODELS) or (model and not model.startswith(SKETCHES)):
            raise ModelRowError
        return Task(number, path, row, (seed,))
    if not row.get("prompt", "").strip():
        raise ValueError("prompt is empty, expected what the picture shows: write one, or remove the row")
    sampler = settings.sampler or row.get("sampler", "").strip() or SAMPLER
    if sampler not in SAMPLERS:
        raise ValueError(f"sampler: expected one of {', '.join(SAMPLERS)} (got {sampler!r})")
    steps = _given(row, "steps", settings.steps, STEPS, 1, MOST_STEPS, whole=True)
    sides = {}
    for column, given, usual in (("width", settings.width, WIDTH), ("height", settings.height, HEIGHT)):
        sides[column] = int(_given(row, column, given, usual, 8, LARGEST_SIDE, whole=True))
        if sides[column] % 8:
            raise ValueError(f"{column}: expected a multiple of 8 pixels (got {sides[column]})")
    return Task(
        number,
        path,
        row,
        candidate_seeds(seed, settings.candidates or min(len(_tried(row)), MOST_CANDIDATES) or CANDIDATES),
        row.get("negative_prompt", "").strip() or NEGATIVE_PROMPT,
        int(steps),
        sampler,
        _given(row, "cfg_scale", settings.cfg_scale, CFG_SCALE, 0, 100),
        **sides,
    )


def _given(
    row: Mapping[str, str], column: str, told: float | None, usual: float, low: int, high: int, *, whole: bool = False
) -> float:
    """Return what the command was told, or what the row says, or what is usual."""
    text = row.get(column, "").strip() if told is None else str(told)
    return _number(row, column, text, low, high, whole=whole) if text else usual


def _number(row: Mapping[str, str], column: str, text: str, low: int, high: int, *, whole: bool = False) -> float:
    try:
        value: float = int(text) if text.isdecimal() else float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{column}: expected {kind} from {low} to {high} (got {text!r})")
    return int(value) if whole else value
