"""The README's way from pictures to a trained baseline and its place in the table, command by command."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from tests.documented import documented, run
from tests.environments import ROOT
from tests.trees import write_faces

README = (ROOT / "README.md").read_text(encoding="utf-8")

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


def test_the_command_that_makes_the_table(tmp_path: Path) -> None:
    """On a few faces: it trains, predicts, scores and writes the table, beside the references, once for all."""
    (command,) = re.findall(r"^\.venv/bin/python (tests/benchmarks/baselines\.py)$", README, re.MULTILINE)
    (tmp_path / "faces").mkdir()
    write_faces(tmp_path / "faces", 60)
    before = {path: path.read_bytes() for path in (ROOT / "README.md", ROOT / "assets" / "baselines.json")}
    given = ["--data-dir", "faces", "--work-dir", "work", "--seeds", "0", "--methods", "baseline"]
    asked = ["python", str(ROOT / command), *given, "--", "--epochs", "1", "--workers", "0"]
    first = run(asked, tmp_path)
    (made,) = (tmp_path / "work" / "benchmark").glob("baselines-*/baselines.json")
    found = {entry["method"]: entry for entry in json.loads(made.read_text(encoding="utf-8"))["runs"]}
    assert list(found) == ["mean", "ridge", "baseline"]
    assert [found["mean"]["test"][of]["ccc"][0] for of in ("valence", "arousal")] == [0, 0]
    assert found["ridge"]["test"]["valence"]["rmse"] != found["mean"]["test"]["valence"]["rmse"]
    assert len({entry["data"] for entry in found.values()}) == 1
    assert "baseline, seed 0" in first
    assert "seed 0" not in run(asked, tmp_path)  # it is finished
    assert {path: path.read_bytes() for path in before} == before  # the card is of the embedded edition
