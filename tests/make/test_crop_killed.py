"""Cropping that is killed at any moment goes on where it was, and ends with the bytes of a run that nobody killed."""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.environments import ROOT
from tools.crop import main
from tools.make.faces.walk import BATCH
from tools.make.ledger import Ledger

data = pytest.importorskip("skimage.data")
COUNT = 96
SHEET, CROPS = "dataset_sheet.csv", "DiffusionEmotion_L_cropped"
UNDER_WAY = 4 * BATCH  # pictures that two processes have in their hands: two jobs each


def command(data_dir: Path) -> list[str]:
    """Return the command that crops a tree by MTCNN, in two processes."""
    options = ["--data-dir", str(data_dir), "--config", "large_original", "--size", "96", "--num-proc", "2"]
    return [sys.executable, "tools/crop.py", *options]


def finish(data_dir: Path) -> Result:
    """Crop what is missing, in this process."""
    done = CliRunner().invoke(main, [*command(data_dir)[2:-2], "--num-proc", "1"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done


def tree(data_dir: Path) -> dict[str, bytes]:
    """Return every file but the lock, by name."""
    files = (path for path in data_dir.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(data_dir)): path.read_bytes() for path in files}


def crops(data_dir: Path) -> int:
    """Return how many crops there are."""
    return sum(1 for _ in (data_dir / CROPS).rglob("[!.]*.png"))


def recorded(data_dir: Path) -> int:
    """Return how many crops a run recorded, in the sheet or beside it."""
    with Ledger(data_dir / SHEET) as ledger:
        return sum(1 for row in ledger.rows() if row.get("sha256_cropped"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of small real pictures, one in nine without a face, that was cropped in one go."""
    data_dir = tmp_path_factory.mktemp("whole") / "data"
    folder = data_dir / "DifussionEmotion_L" / "sad"
    folder.mkdir(parents=True)
    image = Image.fromarray(data.astronaut())
    with (data_dir / SHEET).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "emotion", "valence", "arousal"])
        for number in range(COUNT):
            x, y = (0, 300) if number % 9 == 4 else (120 + number % 7 * 4, 20 + number // 7)
            image.crop((x, y, x + 180, y + 180)).save(folder / f"{number:08d}.png")
            writer.writerow([f"DifussionEmotion_L/sad/{number:08d}.png", "sad", "-0.5", "-0.25"])
    finish(data_dir)
    assert COUNT * 0.8 < crops(data_dir) < COUNT
    return data_dir


def begun(whole: Path, data_dir: Path) -> Path:
    """Return a copy of the tree as it was before it was cropped."""
    shutil.copytree(whole / "DifussionEmotion_L", data_dir / "DifussionEmotion_L")
    with (whole / SHEET).open(newline="", encoding="utf-8") as file, (data_dir / SHEET).open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows(record[:4] for record in csv.reader(file))
    return data_dir


def killed_at(data_dir: Path, count: int, delay: float) -> None:
    """Crop, and kill the command and its processes at once, some time after there are so many crops."""
    with subprocess.Popen(
        command(data_dir), cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and crops(data_dir) < count:
            time.sleep(0.002)
        time.sleep(delay)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(("seed", "firsts"), [(0, [1]), (1, [1, COUNT // 3])], ids=["one kill", "two kills"])
def test_a_kill_costs_no_more_than_what_is_at_hand(whole: Path, tmp_path: Path, seed: int, firsts: list[int]) -> None:
    """After kills at seeded moments, the next run makes what is missing: the same bytes, the same sheet."""
    rng = random.Random(seed)
    data_dir = begun(whole, tmp_path)
    for first in firsts:
        before = recorded(data_dir)
        killed_at(data_dir, rng.randrange(first, first + COUNT // 3), rng.random() * 0.05)
        now = recorded(data_dir)
        assert before <= now
        assert crops(data_dir) - now <= UNDER_WAY
    kept = recorded(data_dir)
    done = finish(data_dir)
    assert tree(data_dir) == tree(whole)
    made, there = (int(part.split()[0]) for part in done.stderr.split(": ")[2].split(", ")[:2])
    assert there >= kept
    assert made == crops(whole) - there
    again = finish(whole)
    assert done.stdout.replace(str(data_dir), "") == again.stdout.replace(str(whole), "")
    assert f"{COUNT} pictures: 0 cropped" in again.stderr


def test_one_interrupt_is_enough(whole: Path, tmp_path: Path) -> None:
    """Ctrl-C ends it with one word, and nothing is lost."""
    data_dir = begun(whole, tmp_path)
    with subprocess.Popen(
        command(data_dir), cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and crops(data_dir) < 3:
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "stopped\n")
    finish(data_dir)
    assert tree(data_dir) == tree(whole)
