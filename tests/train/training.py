"""What the tests of training share: small trees of sketches, and the command with small encoders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from click.testing import CliRunner, Result
from torch import Tensor, nn

import tests.train  # noqa: F401 - one thread
from tests.environments import ROOT
from tools import cli
from tools.make.embedded import CROPPED, Row, cropped_path, read_sheet, render_tree, sheet_text
from tools.train.encoders import Encoder

CONFIG = "small_cropped"
SHORT = ("--epochs", "1", "--batch-size", "12")


class Sharp(Encoder):
    """An encoder that sees where things are in a picture: it can learn pictures by heart."""

    width = 128

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 16, 16, 16), nn.ReLU(), nn.AdaptiveAvgPool2d(7), nn.Flatten())
        self.last = nn.Linear(784, self.width)

    def forward(self, images: Tensor) -> Tensor:
        return torch.relu(self.last(self.layers(images)))


def chosen(train: int, validation: int, test: int) -> list[Row]:
    """Return rows of the embedded edition, of each split so many, of all emotions in turn."""
    rows = read_sheet(ROOT / "dataset_sheet.csv")
    found = []
    for split, count in (("train", train), ("validation", validation), ("test", test)):
        of = [row for row in rows if row["split"] == split]
        found += of[:: max(1, len(of) // max(1, count))][:count]
    return found


def draw(folder: Path, rows: Iterable[Row]) -> Path:
    """Draw the pictures of rows as a raw tree; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    sheet = folder.with_name(f"{folder.name}.csv")
    sheet.write_text(sheet_text(rows), encoding="utf-8")
    render_tree(sheet, folder, workers=1, progress=False)
    return folder


def eight_in_each_split(folder: Path) -> Path:
    """Draw a tree whose three splits hold the same eight pictures, under other names."""
    draw(folder, chosen(8, 0, 0))
    rows = read_sheet(folder / "dataset_sheet.csv")
    copies = []
    for split in ("validation", "test"):
        for row in rows:
            *_, emotion, name = row["path"].split("/")
            path = row["path"].replace(f"{emotion}/{name}", f"{emotion}/{split[:2]}{name[2:]}")
            for before, after in ((row["path"], path), (cropped_path(row["path"]), cropped_path(path))):
                shutil.copy(folder / before, folder / after)
            copies.append({**row, "path": path, "split": split})
    (folder / "dataset_sheet.csv").write_text(sheet_text([*rows, *copies]), encoding="utf-8")
    assert len(list((folder / CROPPED).rglob("*.png"))) == 24
    return folder


def train(data_dir: Path, output: Path, *options: str, method: str = "baseline") -> Result:
    """Run `diffusionfer train` in this process; the encoder must have been replaced by a small one."""
    given = ["--config", CONFIG, "--data-dir", str(data_dir), "--output", str(output), "--workers", "0"]
    return CliRunner().invoke(cli.main, ["train", "--method", method, "--device", "cpu", *given, *options])


def run(*arguments: str | Path) -> Result:
    """Run a verb in this process."""
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def said(done: Result) -> str:
    """Return the one line that a command that cannot run says."""
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    return done.stderr.splitlines()[-1]


def record(folder: Path) -> dict[str, Any]:
    """Return what run.json says, but for what differs from run to run."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return {name: value for name, value in found.items() if name != "minutes"}


def other_process(*arguments: str, program: str = "tests/train/command.py") -> list[str]:
    """Return the command line of `diffusionfer` with the small encoder, in a process of its own."""
    return [sys.executable, str(ROOT / program), *arguments]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of such a process: this checkout, one thread."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


def run_other(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `diffusionfer` with the small encoder in a process of its own."""
    return subprocess.run(
        other_process(*arguments), env=environment(**more), capture_output=True, text=True, check=False, timeout=300
    )
