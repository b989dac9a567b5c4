"""What TensorBoard shows of a run is its history, also of one that was killed and went on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from tests.train.training import train
from tools.train.log import Log

Points = dict[str, list[tuple[int, Any]]]


def points(folder: Path) -> Points:
    """Return the scalars that TensorBoard shows of a folder of event files: steps and values by tag."""
    read = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    read.Reload()
    return {tag: [(point.step, point.value) for point in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def expected(history: list[dict[str, Any]], tags: Mapping[str, tuple[str, ...]]) -> Points:
    """Return the points of a history: of each tag those at a path of keys, in the 32 bits of an event file."""
    found: Points = {}
    for tag, keys in tags.items():
        for line in history:
            value: Any = line
            for key in keys:
                value = value[key]
            found.setdefault(tag, []).append((line["step"], pytest.approx(value, rel=1e-6)))
    return found


VALIDATION = {
    "validation/ccc/ccc": ("validation", "ccc"),
    **{
        f"validation/{metric}/{name}": ("validation", name, metric)
        for name in ("valence", "arousal")
        for metric in ("ccc", "pcc", "rmse", "sagr")
    },
}


@pytest.mark.usefixtures("small_encoder")
def test_the_log_of_a_run_is_its_history(tree: Path, tmp_path: Path) -> None:
    """Each loss and each figure of each epoch, behind the steps that were taken: two an epoch of 24 pictures."""
    assert train(tree, tmp_path / "run", "--epochs", "2", "--batch-size", "12").exit_code == 0
    history = json.loads((tmp_path / "run" / "run.json").read_text())["history"]
    assert [line["step"] for line in history] == [2, 4]
    losses = {f"train/{name}": ("losses", name) for name in ("loss", "mse", "pcc", "ccc")}
    assert points(tmp_path / "run" / "logs") == expected(history, {**losses, **VALIDATION})


def line(epoch: int, loss: float) -> dict[str, Any]:
    """Return a line of a history, its figures made up."""
    figures = dict.fromkeys(("ccc", "pcc", "rmse"), loss / 2)
    validation = {"ccc": loss / 4, "valence": {**figures, "sagr": None}, "arousal": {**figures, "sagr": 1.0}}
    return {"epoch": epoch, "losses": {"loss": loss}, "validation": validation}


def test_what_a_killed_run_wrote_beyond_its_state_is_dropped(tmp_path: Path) -> None:
    """Of epochs that are trained again, TensorBoard shows the new points only; those before them stay, once."""
    first, lost, again, last = line(1, 8.0), line(2, 6.0), line(2, 4.0), line(3, 2.0)
    with Log(tmp_path, [], first=True) as log:
        log.write(first, 5)
        log.write(lost, 10)
        log.write(line(3, 5.0), 15)
    assert points(tmp_path)["train/loss"] == [(5, 8.0), (10, 6.0), (15, 5.0)]
    with Log(tmp_path, [first], first=True) as log:
        log.write(again, 10)
    assert points(tmp_path)["train/loss"] == [(5, 8.0), (10, 4.0)]
    with Log(tmp_path, [first, again], first=True) as log:
        log.write(last, 15)
    tags = {key: value for key, value in VALIDATION.items() if key != "validation/sagr/valence"}  # which is undefined
    assert points(tmp_path) == expected([first, again, last], {"train/loss": ("losses", "loss"), **tags})


def test_only_the_first_process_writes(tmp_path: Path) -> None:
    """The others fill in the step of a line, which is part of the history, and touch no file."""
    found = line(1, 8.0)
    with Log(tmp_path, [], first=False) as log:
        log.write(found, 5)
    assert found["step"] == 5
    assert list(tmp_path.iterdir()) == []
