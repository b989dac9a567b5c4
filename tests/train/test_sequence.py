"""The README's way from pictures to a trained baseline and its place in the table, command by command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.documented import documented, run
from tests.trees import write_faces

pytest.importorskip("torch")
pytest.importorskip("sklearn")


def test_as_the_readme_has_it(tmp_path: Path) -> None:
    """On a few faces in place of the embedded edition, in one epoch: each command takes what the one before made."""
    generate, train, predict, evaluate, leaderboard = documented("README.md", "Train a baseline")
    assert generate[1:] == ["generate", "render", "--out", "faces"]
    (tmp_path / "faces").mkdir()
    rows = write_faces(tmp_path / "faces", 60)
    test = sorted(Path(row["path"]).stem for row in rows if row["split"] == "test")
    assert test

    assert "baseline on small_cropped, alexnet, seed 0: 1 epoch in" in run([*train, "--epochs", "1"], tmp_path)
    run(predict, tmp_path)
    own = tmp_path / "runs" / "baseline-0" / "predictions.csv"
    assert (tmp_path / "affect.csv").read_bytes() == own.read_bytes()  # what training predicted by the same model
    with own.open(newline="") as file:
        assert sorted(row["image_id"] for row in csv.DictReader(file)) == test

    figures = json.loads((tmp_path / "runs" / "baseline-0" / "run.json").read_text())["test"]
    shown = run(evaluate, tmp_path)
    for name in ("valence", "arousal"):
        assert f"{figures[name]['rmse'][0]:.3f}" in shown
    assert "| baseline |" in run(leaderboard, tmp_path)
