"""The README's way from data to a report, an explorer, an export and scores, command by command, as it stands there."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.documented import documented, environment, run, with_this_python
from tests.trees import write_faces
from tests.use.explore.installed import viewer_site
from tools.use.explore.viewer import INSTALL

pytest.importorskip("sklearn")


def test_as_the_readme_has_it(tmp_path: Path) -> None:
    """On a few faces in place of the embedded edition, and with predictions that are the truth."""
    commands = {command[1]: command for command in documented("README.md", "Look at it, export it, score with it")}
    assert list(commands) == ["generate", "report", "export", "evaluate", "explore"]  # what waits is last
    assert commands["generate"][2:] == ["render", "--out", "faces"]
    (tmp_path / "faces").mkdir()
    rows = write_faces(tmp_path / "faces", 60)

    run(commands["report"], tmp_path)
    assert "<title>" in (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "as fer-zoo" in run(commands["export"], tmp_path)
    with (tmp_path / "for-fer-zoo" / "training.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 1 + sum(row["split"] == "train" for row in rows)

    test = [row for row in rows if row["split"] == "test"]
    assert test
    with (tmp_path / "predictions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image_id", "emotion", "valence", "arousal"])
        writer.writerows([Path(row["path"]).stem, row["emotion"], row["valence"], row["arousal"]] for row in test)
    assert "accuracy" in run(commands["evaluate"], tmp_path)
    scores = json.loads((tmp_path / "scores" / "evaluation.json").read_text(encoding="utf-8"))
    assert scores["data"]["config"] == "small_cropped"


def test_the_explorer_of_the_readme(tmp_path: Path) -> None:
    """With the viewer that the README installs, it answers until Ctrl-C."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f".venv/bin/pip {INSTALL[0]} -q {' '.join(INSTALL[1:])}\n" in readme
    (tmp_path / "faces").mkdir()
    write_faces(tmp_path / "faces", 12)
    command = next(c for c in documented("README.md", "Look at it, export it, score with it") if c[1] == "explore")
    given = environment()
    given["PYTHONPATH"] += os.pathsep + str(viewer_site())
    with subprocess.Popen(
        [*with_this_python(command), "--no-browser"],
        cwd=tmp_path,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as explorer:
        try:
            assert explorer.stdout
            assert explorer.stdout.readline() == "faces: 12 rows of small_cropped\n"
            assert explorer.stdout.readline().startswith("http://127.0.0.1:")
            explorer.send_signal(signal.SIGINT)
            assert explorer.communicate(timeout=60)[1].endswith("stopped\n")
        finally:
            explorer.kill()
    assert explorer.returncode == 130
