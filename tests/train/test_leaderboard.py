"""`diffusionfer train --leaderboard`: only runs that are finished, whole and not there already are in the table."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.train.training import run, said

pytestmark = pytest.mark.usefixtures("small_encoder")


def test_only_what_was_run_is_in_the_table(tree: Path, trained: Path, tmp_path: Path) -> None:
    """A run that is not finished, or whose files are others, is left out with a line, and none is an error."""
    runs = shutil.copytree(trained, tmp_path / "runs")
    (runs / "0" / "predictions.csv").write_text("image_id,valence,arousal\n")
    half = json.loads((runs / "1" / "run.json").read_text())
    shutil.copytree(trained / "1", runs / "2")
    (runs / "2" / "run.json").write_text(json.dumps({**half, "finished": False}))
    shutil.copytree(trained / "1", runs / "3")
    (runs / "3" / "best.safetensors").unlink()
    shutil.copytree(trained / "1", runs / "4")
    (runs / "4" / "run.json").write_text("{")
    shutil.copytree(trained / "1", runs / "5")
    (runs / "5" / "run.json").write_text(json.dumps({**half, "test": None}))
    shutil.copytree(trained / "1", runs / "6")
    (runs / "6" / "run.json").write_text(json.dumps({**half, "minutes": half["minutes"] + 1}))
    done = run("train", "--leaderboard", runs)
    assert done.exit_code == 0
    assert re.search(r"^\| baseline \| .*\| 1 \| \d+\.\d \|$", done.stdout, re.M)
    for line in (
        f"left out: {runs}/0: predictions.csv is not the file that the run wrote: its digest differs",
        f"left out: {runs}/2: the run is not finished",
        f"left out: {runs}/3: best.safetensors is missing",
        f"left out: {runs}/4/run.json is no JSON",
        f"left out: {runs}/5: the run has no figures of a test split",
        f"left out: {runs}/6: the run in {runs}/1 is by the same settings, data and code",
    ):
        assert line in done.stderr
    for name in "16":
        shutil.rmtree(runs / name)
    assert said(run("train", "--leaderboard", runs)) == f"error: there is no finished run below {runs}"
    assert said(run("train", "--leaderboard", tmp_path / "none")).startswith(f"error: {tmp_path}/none is no folder")


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"method": "caf"}},
        {"settings": {"method": ["caf"], "encoder": "alexnet", "seed": 0}},
        {"settings": {"method": "baseline", "encoder": "alexnet", "seed": "0"}},
        {"settings": {"method": "baseline", "encoder": 7, "seed": 0}},
        {"test": [1]},
        {"test": {"pictures": 8, "bootstrap": {}, "valence": {}, "arousal": {}}},
        {"minutes": "long"},
        {"files": "none"},
        {"data": {}},
    ],
    ids=str,
)
def test_a_damaged_record(trained: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    """It is left out with a line, whatever is wrong with it, and the others are there."""
    runs = Path(shutil.copytree(trained, tmp_path / "runs"))
    record = json.loads((runs / "0" / "run.json").read_text())
    (runs / "0" / "run.json").write_text(json.dumps({**record, **change}))
    (runs / "deep").mkdir()
    (runs / "deep" / "run.json").write_text("[" * 100_000)
    done = run("train", "--leaderboard", runs)
    assert done.exit_code == 0, done.output
    first, deep = sorted(line for line in done.stderr.splitlines() if line.startswith("left out: "))
    assert first.startswith((f"left out: {runs}/0/run.json is damaged (", f"left out: {runs}/0: "))
    assert deep.startswith(f"left out: {runs}/deep/run.json is no JSON (")
    assert re.search(r"^\| baseline \| .*\| 1 \| \d+\.\d \|$", done.stdout, re.M)
