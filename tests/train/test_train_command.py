"""`diffusionfer train`, `predict` and `evaluate` in sequence, as documented; what their options are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from tests.environments import ROOT
from tests.train.training import CONFIG, run, train
from tools import predict, train_model
from tools.train import encoders, methods, training

pytestmark = pytest.mark.usefixtures("small_encoder")


def test_train_predict_evaluate_and_the_table(tree: Path, trained: Path, tmp_path: Path) -> None:
    """What predict writes is what train wrote, evaluate finds the figures of the run, and the table has them."""
    source = ("--config", CONFIG, "--data-dir", tree)
    output = tmp_path / "predictions.csv"
    done = run("predict", "--checkpoint", trained / "0" / "best.safetensors", *source, "--output", output, "--device",
               "cpu", "--workers", "0", "--batch-size", "12")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert output.read_text() == (trained / "0" / "predictions.csv").read_text()
    assert output.read_text().splitlines()[0] == "image_id,valence,arousal"
    assert run("evaluate", output, *source, "--output", tmp_path / "scores").exit_code == 0
    tables = json.loads((tmp_path / "scores" / "evaluation.json").read_text())["tables"]
    scored = {row["name"]: row for row in tables["valence_and_arousal"]["rows"]}
    found = json.loads((trained / "0" / "run.json").read_text())
    for name in ("valence", "arousal"):
        for metric in ("ccc", "pcc", "rmse", "sagr"):
            figure = scored[name][metric.upper()]
            assert found["test"][name][metric] == [round(figure[key], 6) for key in ("value", "low", "high")]
    board = run("train", "--leaderboard", trained, "--output", tmp_path / "baselines.json")
    assert board.exit_code == 0, board.output
    (value, low, high), digest = found["test"]["valence"]["ccc"], found["data"]["train_pictures"]
    assert f"| baseline | 0 | {value:.3f} [{low:.3f},\u00a0{high:.3f}] |" in board.stdout
    assert re.search(r"^\| baseline \| .*\| 2 \| \d+\.\d \|$", board.stdout, re.M)
    assert (
        "In all runs: config `small_cropped`, encoder alexnet, epochs at most 1, patience 5, batch 12, rate of the "
        f"method, precision float32, weights random, device cpu, processes 1, data `local {digest[:12]}`, code `"
    ) in board.stdout
    assert len(json.loads((tmp_path / "baselines.json").read_text())["runs"]) == 2
    assert str(tmp_path) not in (tmp_path / "baselines.json").read_text()


def test_in_a_pipe_it_is_quiet(tree: Path, tmp_path: Path) -> None:
    """Without a terminal there is neither a bar nor a line an epoch; a test on a terminal is beside this one."""
    assert train(tree, tmp_path / "run", "--epochs", "2", "--batch-size", "12").stderr == ""


def test_a_run_has_a_folder_by_itself(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --output it is named by what was chosen."""
    monkeypatch.chdir(tmp_path)
    done = run("train", "--method", "caf", "--config", CONFIG, "--data-dir", tree, "--seed", "3", "--encoder",
               "resnet18", "--epochs", "1", "--workers", "0", "--device", "cpu")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (tmp_path / "runs" / f"{CONFIG}-caf-resnet18-3" / "best.safetensors").is_file()


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    """Usage errors name the option."""
    for arguments, message in (
        (["--config", CONFIG], "Missing option '--method'"),
        (["--method", "caf", "--output", "x", "runs"], "runs goes with --leaderboard"),
        (["--leaderboard"], "--leaderboard needs a RUNS_DIR"),
        (["--leaderboard", "runs", "--method", "caf"], "--method goes without --leaderboard"),
        (["--leaderboard", "runs", "--config", CONFIG], "--config goes without --leaderboard"),
        (["--leaderboard", "runs", "--resume"], "--resume goes without --leaderboard"),
        (["--method", "caf", "--identity", "age"], "--identity is for elim: caf makes no use of who it is"),
        (["--method", "best"], "'best' is not one of"),
    ):
        done = run("train", *arguments)
        assert done.exit_code == 2
        assert message in done.stderr


def test_the_commands_know_what_the_library_has() -> None:
    """What can be chosen, which the help says without loading PyTorch, is what is there."""
    choices = {param.name: param.type.choices for param in train_model.main.params if hasattr(param.type, "choices")}
    assert list(choices["method"]) == list(methods.METHODS)
    assert list(choices["encoder"]) == list(encoders.ENCODERS)
    assert list(choices["amp"]) == list(training.AMP)


@pytest.mark.parametrize(("name", "command"), [("train", train_model.main), ("predict", predict.main)])
def test_the_page_names_every_option(name: str, command: click.Command) -> None:
    """The table of each command has its options, and none that does not exist."""
    page = (ROOT / "docs" / "train.md").read_text(encoding="utf-8")
    table = page.split(f"| option of `{name}` |")[1].split("\n\n")[0]
    options = {option for param in command.params for option in param.opts if option.startswith("-")}
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", table.replace("|---|", ""))) == options
