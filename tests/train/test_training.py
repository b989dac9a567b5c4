"""A run gives the same weights however it came about, and stops with the reason where it cannot go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.train.training import Sharp, environment, other_process, record, run_other, train
from tools.train import training
from tools.train.encoders import ENCODERS
from tools.train.losses import agreement
from tools.train.methods import METHODS, baseline
from tools.train.methods.base import Optimisation
from tools.train.training import rate_at

pytestmark = pytest.mark.usefixtures("small_encoder")
SHORT = ("--epochs", "2", "--batch-size", "6")


def same(first: Path, second: Path) -> bool:
    """Say whether two runs gave the same weights, to the bit, and the same record."""
    one, two = (load_file(folder / "best.safetensors") for folder in (first, second))
    weights = one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
    return weights and record(first) == record(second)


@pytest.mark.parametrize("method", list(METHODS))
def test_same_seed_same_weights(tree: Path, tmp_path: Path, method: str) -> None:
    """Twice the same command gives the same file, whatever the number of workers; another seed gives another."""
    workers = "2" if method == "elim" else "0"  # which asks the most of the order of the pictures
    for name, options in {"one": (), "two": ("--workers", workers), "other": ("--seed", "1")}.items():
        done = train(tree, tmp_path / name, *SHORT, *options, method=method)
        assert done.exit_code == 0, done.output
    assert same(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "one" / "best.safetensors").read_bytes() == (tmp_path / "two" / "best.safetensors").read_bytes()
    assert not same(tmp_path / "one", tmp_path / "other")
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "best.safetensors", "logs", "predictions.csv", "run.json"
    ]  # fmt: skip


class Killed(BaseException):
    """What ends a run in the midst of it."""


@pytest.mark.parametrize(("method", "last"), [("caf", 1), ("baseline", 3), ("avce", 4), ("elim", 5), ("caf", 6)])
def test_goes_on_from_any_step(
    tree: Path, tmp_path: Path, method: str, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ends after any step, of four in an epoch, goes on to what it would have been."""
    assert train(tree, tmp_path / "whole", *SHORT, method=method).exit_code == 0
    step, taken = training.Training._step, 0

    def until(self: training.Training, *of: Any) -> None:
        nonlocal taken
        taken += 1
        if taken > last:
            raise Killed
        step(self, *of)

    monkeypatch.setattr(training, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(training.Training, "_step", until)
    with pytest.raises(Killed):
        raise train(tree, tmp_path / "parts", *SHORT, method=method).exception or AssertionError
    assert (tmp_path / "parts" / "last.pt").exists()
    monkeypatch.setattr(training.Training, "_step", step)
    torch.manual_seed(99)  # nothing of this process must matter
    done = train(tree, tmp_path / "parts", *SHORT, "--resume", method=method)
    assert done.exit_code == 0, done.output
    assert same(tmp_path / "whole", tmp_path / "parts")


def test_killed_at_any_moment(tree: Path, tmp_path: Path) -> None:
    """A process that is killed again and again, at whatever it does, ends with the weights of one that was not."""
    options = ["--method", "caf", "--config", "small_cropped", "--data-dir", str(tree), "--epochs", "6"]
    options += ["--batch-size", "6", "--workers", "1", "--device", "cpu", "--patience", "0"]
    whole = run_other("train", *options, "--output", str(tmp_path / "whole"), SAVE_SECONDS="0")
    assert whole.returncode == 0, whole.stderr
    parts, kills = tmp_path / "parts", 0
    command = other_process("train", *options, "--output", str(parts), "--resume")
    for wait in (0.0, 0.03, 0.1):
        process = subprocess.Popen(command, env=environment(SAVE_SECONDS="0"), stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        before = _changed(parts)
        while process.poll() is None and _changed(parts) == before:  # until it does something in its folder
            time.sleep(0.002)
        time.sleep(wait)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0 or "finished" in done.stderr, done.stderr
    assert same(tmp_path / "whole", parts)


def _changed(folder: Path) -> tuple[float, bool]:
    state = folder / "last.pt"
    try:
        return state.stat().st_mtime, state.exists()
    except FileNotFoundError:
        return 0.0, (folder / "run.json").exists()


def test_early_stopping(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many epochs without a better validation CCC end a run, and the best model is kept, not the last."""
    cccs = iter([0.1, 0.3, 0.2, 0.3, 0.25, 0.9])
    monkeypatch.setattr(training, "mean_ccc", lambda found: next(cccs))
    done = train(tree, tmp_path / "run", "--epochs", "6", "--batch-size", "12", "--patience", "3")
    assert done.exit_code == 0, done.output
    found = record(tmp_path / "run")
    assert (found["epochs"], found["best_epoch"], found["validation_ccc"]) == (5, 2, 0.3)


def test_a_loss_that_is_no_number(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says where, names the pictures, keeps the state of the epoch before, and writes nothing after it."""
    real, calls = agreement.regression, 0

    def broken(*of: Any) -> dict[str, torch.Tensor]:
        nonlocal calls
        calls += 1
        losses = real(*of)
        return {**losses, "mse": losses["mse"] * float("nan")} if calls == 6 else losses

    monkeypatch.setattr(baseline, "regression", broken)
    done = train(tree, tmp_path / "run", "--epochs", "3", "--batch-size", "10")
    assert done.exit_code == 2
    said = done.stderr.splitlines()[-1]
    assert said.startswith("error: epoch 2, step 3: mse of phase regression is nan: stopped. Pictures of the batch: ")
    assert said.endswith(
        "The last good checkpoint is kept: last.pt, best.safetensors; a smaller --lr may help, in another --output"
    )
    assert len(said.split("batch: ")[1].split(". ")[0].split(", ")) == 4  # the last batch of 24 by 10
    monkeypatch.setattr(baseline, "regression", real)
    assert train(tree, tmp_path / "run", "--epochs", "3", "--batch-size", "10", "--resume").exit_code == 0
    assert train(tree, tmp_path / "whole", "--epochs", "3", "--batch-size", "10").exit_code == 0
    assert same(tmp_path / "run", tmp_path / "whole")


@pytest.mark.parametrize("method", list(METHODS))
def test_a_rate_that_is_too_large(tree: Path, tmp_path: Path, method: str) -> None:
    """Weights that run away are found in the loss or in what is predicted, and said in one line."""
    done = train(tree, tmp_path / "run", "--epochs", "9", "--batch-size", "6", "--lr", "1e30", method=method)
    assert done.exit_code == 2
    assert "a smaller --lr may help" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.output


def test_what_is_saved_within_an_epoch_is_sound(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that spoils the weights is found before they are saved, though its own loss was a number."""
    monkeypatch.setattr(training, "SAVE_SECONDS", 0.0)
    done = train(tree, tmp_path / "run", "--epochs", "2", "--batch-size", "6", "--lr", "1e30")
    assert done.stderr.splitlines()[-1] == (
        "error: epoch 1, step 1: what is predicted is no number: stopped. There is no checkpoint yet; a smaller --lr "
        "may help, in another --output"
    )
    assert not (tmp_path / "run" / "last.pt").exists()


def test_the_published_decay() -> None:
    """At each milestone the rate becomes a part of what it was; a rate that was given decays likewise."""
    published = Optimisation(1e-4, (0.5, 0.99), (500, 1000), 0.8)
    found = [rate_at(published, step, None) for step in (0, 499, 500, 999, 1000, 10**6)]
    assert found == pytest.approx([1e-4, 1e-4, 8e-5, 8e-5, 6.4e-5, 6.4e-5])
    assert rate_at(published, 1000, 1.0) == pytest.approx(0.64)


@pytest.mark.parametrize("amp", [("--amp", "bf16")])
def test_mixed_precision_learns_in_other_numbers(tree: Path, tmp_path: Path, amp: tuple[str, ...]) -> None:
    """On the CPU bfloat16 trains, deterministically, to other weights than float32."""
    for name, options in {"exact": (), "one": amp, "two": amp}.items():
        assert train(tree, tmp_path / name, *SHORT, *options).exit_code == 0
    assert same(tmp_path / "one", tmp_path / "two")
    assert not same(tmp_path / "one", tmp_path / "exact")


BY_HEART = {"baseline": 60, "caf": 60, "avce": 100, "elim": 100}  # epochs, of a step each


@pytest.mark.parametrize("method", list(METHODS))
def test_overfits_eight_pictures(eight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The command learns eight pictures by heart, by every method; for ELIM they are of two identities, and matched."""
    monkeypatch.setitem(ENCODERS, "alexnet", Sharp)
    options = ["--epochs", f"{BY_HEART[method]}", "--batch-size", "8", "--patience", "0", "--lr", "0.001"]
    if method == "elim":
        options += ["--identity", "gender"]
    done = train(eight, tmp_path / "run", *options, method=method)
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "run" / "run.json").read_text())
    assert found["validation_ccc"] > 0.9
    assert sum(found["test"][name]["ccc"][0] for name in ("valence", "arousal")) / 2 > 0.9
    losses = found["history"][-1]["losses"]
    assert ("matching" in losses, losses.get("identities")) == ((True, 2) if method == "elim" else (False, None))
