"""What the tests of generation share: small sheets, trees as digests, and a run that is killed."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.make.design import COLUMNS
from tools.make.generation.base import Settings
from tools.make.generation.walk import Done, generate
from tools.make.prompts import render_prompt

ROOT = Path(__file__).resolve().parents[2]
Row = dict[str, str]


def planned(count: int, *, size: str = "M", **cells: str) -> list[Row]:
    """Return rows of a plan, as many as asked for; what only drawing can tell is empty."""
    rows = []
    emotions = ("happy", "sad", "angry")
    for number in range(count):
        emotion = emotions[number % 3]
        label = {"happy": 1, "sad": 2, "angry": 6}[emotion]
        name = "".join(chr(97 + number // 26**place % 26) for place in range(8))
        row = {**dict.fromkeys(COLUMNS, ""), "split": "train", "emotion": emotion, "race": "white", "age": "old"}
        row |= {
            "gender": "man",
            "seed": str(1000 + number),
            "path": f"DifussionEmotion_{size}/{emotion}/{name}_{label}.png",
        }
        row |= {"valence": "0.1", "arousal": "0.2", "prompt": render_prompt(emotion, "white", "old", "man")}
        rows.append({**row, **cells})
    return rows


def write_sheet(folder: Path, rows: Sequence[Row]) -> Path:
    """Write rows as the sheet of a data directory, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / "dataset_sheet.csv").write_text(out.getvalue(), encoding="utf-8")
    return folder


def read_sheet(folder: Path, name: str = "dataset_sheet.csv") -> list[Row]:
    """Return the rows of a data directory's sheet."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tree(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file, by path, but for the lock, which is empty."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def pictures(folder: Path) -> int:
    """Return how many pictures have their names."""
    return sum(not path.name.startswith(".") for path in folder.rglob("*.png"))


def kill_when(folder: Path, arguments: Sequence[str], count: int, seed: int) -> None:
    """Run `generate images` with these arguments, and kill it (SIGKILL) at a moment after `count` pictures are there.

    How long after, up to a twentieth of a second, the seed says.
    """
    command = [sys.executable, str(ROOT / "tools" / "generate.py"), "images", str(folder), *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, env=environment)
    deadline = time.monotonic() + 100
    while process.poll() is None and pictures(folder) < count and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(random.Random(seed).random() / 20)
    process.send_signal(signal.SIGKILL)
    process.wait()


@contextmanager
def tiny_settings(folder: Path) -> Iterator[Settings]:
    """Make the tiny models in `folder` and yield their settings.

    One thread of torch in the meantime, for several fight for the cores of a busy machine.
    """
    import torch

    from tests.make.tiny_models import make_clip, make_pipeline

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    model, clip = make_pipeline(folder / "tiny"), make_clip(folder / "clip")
    yield Settings("diffusers", model=str(model), clip=str(clip), steps=3, width=32, height=32, devices=("cpu",))
    torch.set_num_threads(before)


def made(folder: Path, settings: Settings) -> tuple[Done, list[str]]:
    """Generate in this process; return what was done and told."""
    lines: list[str] = []
    return generate(folder, settings, progress=False, tell=lines.append), lines


def scores_of(row: Row) -> dict[str, float]:
    """Return the scores of a row's candidates by their seeds, in the order of the cell."""
    return {seed: float(score) for seed, score in (part.split("=") for part in row["candidate_scores"].split())}
