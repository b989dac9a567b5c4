"""`diffusionfer train`, `predict` and `evaluate` in sequence, as documented, and what each says where it cannot be."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import torch
from click.testing import CliRunner, Result

from tests.environments import ROOT
from tests.train.training import CONFIG, train
from tests.trees import write_emonet
from tools import cli, predict, train_model, train_options
from tools.train import checkpoint, encoders, methods, training

pytestmark = pytest.mark.usefixtures("small_encoder")
SHORT = ("--epochs", "1", "--batch-size", "12")


@pytest.fixture(scope="module")
def trained(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of each of two seeds; it must not be changed."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(encoders.ENCODERS):
            from tests.train import Small

            patch.setitem(encoders.ENCODERS, name, Small)
        for seed in "01":
            assert train(tree, folder / seed, *SHORT, "--seed", seed).exit_code == 0
    return folder


def run(*arguments: str | Path) -> Result:
    """Run a verb."""
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def said(done: Result) -> str:
    """Return the one line that a command that cannot run says."""
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    return done.stderr.splitlines()[-1]


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
    scores = json.loads((tmp_path / "scores" / "evaluation.json").read_text())
    figures = json.dumps(scores)
    found = json.loads((trained / "0" / "run.json").read_text())
    for name in ("valence", "arousal"):
        for metric in ("ccc", "pcc", "rmse", "sagr"):
            value = found["test"][name][metric][0]
            assert any(abs(float(number) - value) < 2e-6 for number in re.findall(r"-?\d\.\d+(?:e-?\d+)?", figures))
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


def test_output_that_is_taken(tree: Path, trained: Path, tmp_path: Path) -> None:
    """A folder with something else, another run, this run finished or not, changed pictures: a line each."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("")
    assert (
        said(train(tree, other, *SHORT))
        == f"error: --output {other} holds thesis.tex, which is of no run: give a new folder"
    )
    runs = shutil.copytree(trained, tmp_path / "runs")
    assert "holds this run, finished: give another folder" in said(train(tree, runs / "0", *SHORT))
    assert "holds a run by other settings (seed was 0, and is 5 now)" in said(
        train(tree, runs / "0", *SHORT, "--seed", "5")
    )
    found = json.loads((runs / "1" / "run.json").read_text())
    (runs / "1" / "run.json").write_text(json.dumps({**found, "finished": False}))
    options = (*SHORT, "--seed", "1")
    assert "holds this run, not finished: go on with --resume" in said(train(tree, runs / "1", *options))
    moved = Path(shutil.copytree(tree, tmp_path / "moved"))
    pictures = sorted((moved / "DiffusionEmotion_S_cropped").rglob("*.png"))
    for picture in pictures[1:]:
        shutil.copy(pictures[0], picture)
    assert "the pictures of split train have changed" in said(train(moved, runs / "1", *options, "--resume"))
    (runs / "1" / "last.pt").write_bytes(b"no state")
    assert "last.pt is no state of a run" in said(train(tree, runs / "1", *options, "--resume"))
    torch.save({"format": 9}, runs / "1" / "last.pt")
    assert "has format 9, but this version reads 1" in said(train(tree, runs / "1", *options, "--resume"))
    (tmp_path / "file").write_text("")
    assert "cannot be made" in said(train(tree, tmp_path / "file", *SHORT))


def test_nothing_to_learn(tmp_path: Path, tree: Path) -> None:
    """A config without valence and arousal, a split or a picture that is missing, a column that is none."""
    write_emonet(tmp_path)
    done = CliRunner().invoke(cli.main, ["train", "--method", "caf", "--config", "emonet_hq", "--data-dir",
                                         str(tmp_path), "--output", str(tmp_path / "run")])  # fmt: skip
    assert said(done) == (
        "error: config emonet_hq has no valence and no arousal to learn; those that have: small_original, "
        "small_cropped, medium_original, medium_cropped, large_original, large_cropped"
    )
    assert not (tmp_path / "run").exists()
    without = Path(shutil.copytree(tree, tmp_path / "without"))
    sheet = without / "dataset_sheet.csv"
    sheet.write_text(sheet.read_text().replace(",validation,", ",train,"))
    assert "has no split 'validation'; it has train (32 rows), test (8 rows)" in said(
        train(without, tmp_path / "run", *SHORT)
    )
    assert "has no column 'who'" in said(train(tree, tmp_path / "run", *SHORT, "--identity", "who"))
    broken = Path(shutil.copytree(tree, tmp_path / "broken"))
    picture = sorted((broken / "DiffusionEmotion_S_cropped").rglob("*.png"))[0]
    picture.write_bytes(picture.read_bytes()[:500])
    assert f"picture {picture.stem} cannot be decoded" in said(
        train(broken, tmp_path / "run", *SHORT)
    ) or f"picture {picture.stem} cannot be decoded" in said(train(broken, tmp_path / "run", *SHORT, "--resume"))


def test_weights_that_do_not_fit(tree: Path, tmp_path: Path) -> None:
    """A file of weights that is not there, or is of something else, is named; nothing is made."""
    (tmp_path / "text.pth").write_text("no weights")
    for name, message in (
        ("none.pth", "cannot be read (No such file or dir"),
        ("text.pth", "this is no file of weights"),
    ):
        line = said(train(tree, tmp_path / "run", *SHORT, "--weights", str(tmp_path / name)))
        assert name in line
        assert message in line
    assert not (tmp_path / "run").exists()


def test_a_state_of_another_version(tree: Path, trained: Path, tmp_path: Path) -> None:
    """It is refused with the way out, and what a killed process was writing goes."""
    run_folder = Path(shutil.copytree(trained / "0", tmp_path / "run"))
    found = json.loads((run_folder / "run.json").read_text())
    (run_folder / "run.json").write_text(json.dumps({**found, "finished": False}))
    (run_folder / ".last.pt.part").write_bytes(b"half")
    state = {"settings": found["settings"], "model": {}, "progress": {}, "optimisers": {}, "scaler": {}, "random": []}
    checkpoint.save_state(run_folder / "last.pt", state)
    line = said(train(tree, run_folder, *SHORT, "--resume"))
    assert "last.pt is of another version of baseline: go on with that one, or remove it to begin again" in line
    assert not (run_folder / ".last.pt.part").exists()


def test_no_test_split(tmp_path: Path, tree: Path) -> None:
    """Such data can be learnt; there is nothing to predict, and no place in the table."""
    without = Path(shutil.copytree(tree, tmp_path / "without"))
    sheet = without / "dataset_sheet.csv"
    sheet.write_text(sheet.read_text().replace(",test,", ",train,"))
    done = train(without, tmp_path / "run", *SHORT)
    assert done.exit_code == 0
    assert done.stdout.endswith("there is no test split to predict\n")
    assert "the run has no figures of a test split" in run("train", "--leaderboard", tmp_path / "run").stderr


def damaged(folder: Path, trained: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Path:
    """Write the model of a run with another configuration; return its path."""
    made, configuration = checkpoint.load_model(trained / "0" / "best.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        changed = change(configuration)
        patch.setattr(checkpoint, "FORMAT", changed.pop("format"))
        checkpoint.save_model(folder / "model.safetensors", made, changed)
    return folder / "model.safetensors"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "has format 2, but this version reads 1: use the version it is of"),
        ({"method": "caf"}, "has other tensors than caf with alexnet has in this version ("),
        ({"method": "new"}, "is of method 'new' with encoder 'alexnet', which this version does not have"),
    ],
)
def test_models_that_do_not_fit(
    tree: Path, trained: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    """A model of another version, method or shape is refused."""
    model = damaged(tmp_path, trained, lambda configuration: {**configuration, **change})
    done = run("predict", "--checkpoint", model, "--config", CONFIG, "--data-dir", tree, "--output", tmp_path / "p.csv")
    assert message in said(done)
    assert not (tmp_path / "p.csv").exists()


def test_what_predict_cannot_do(tree: Path, trained: Path, tmp_path: Path) -> None:
    """No model, another method, a split that is missing, no place for the file."""
    model = trained / "0" / "best.safetensors"

    def predicting(*options: str | Path) -> str:
        given = ("--config", CONFIG, "--data-dir", tree, "--device", "cpu", "--workers", "0")
        return said(run("predict", *given, *options))

    output = ("--output", tmp_path / "p.csv")
    assert predicting("--checkpoint", tmp_path / "none", *output) == (
        f"error: {tmp_path}/none cannot be read (No such file or directory)"
    )
    (tmp_path / "text").write_text("no model")
    assert "text is no model of this project (" in predicting("--checkpoint", tmp_path / "text", *output)
    assert "is a model of method 'baseline', not of 'elim'" in predicting(
        "--checkpoint", model, "--method", "elim", *output
    )
    assert "has no split 'dev'" in predicting("--checkpoint", model, "--split", "dev", *output)
    assert "expected a file that ends in .csv" in predicting("--checkpoint", model, "--output", tmp_path / "p.txt")
    assert f"p.csv cannot be written (there is no folder {tmp_path}/none)" in predicting(
        "--checkpoint", model, "--output", tmp_path / "none" / "p.csv"
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_no_gpu(tree: Path, tmp_path: Path) -> None:
    """Where one is asked for, that is said; fp16 needs one, too."""
    done = train(tree, tmp_path / "run", "--device", "cuda")
    assert said(done) == "error: --device cuda: there is no GPU that PyTorch can use here: take --device cpu"
    assert said(train(tree, tmp_path / "run", "--amp", "fp16")) == (
        "error: --amp fp16 needs a GPU: take --amp bf16, or none"
    )


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError(),
    ],
    ids=["GPU", "CPU", "Python"],
)
def test_out_of_memory(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Whoever runs out of memory, a smaller batch is the way out; any other RuntimeError is ours to see."""

    def failing(self: Any, *of: Any) -> None:
        raise error

    monkeypatch.setattr(training.Training, "_step", failing)
    assert said(train(tree, tmp_path / "run", *SHORT)).startswith("error: out of memory: take a smaller --batch-size")
    error = RuntimeError("shapes cannot be multiplied")
    assert isinstance(train(tree, tmp_path / "other", *SHORT).exception, RuntimeError)


def test_a_disk_that_is_full(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The former state is there, no half file, and it says how to go on."""

    def full(state: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    assert train(tree, tmp_path / "whole", *SHORT).exit_code == 0
    monkeypatch.setattr(torch, "save", full)
    line = said(train(tree, tmp_path / "run", *SHORT))
    assert line == (
        f"error: {tmp_path}/run/last.pt cannot be written (No space left on device): there is no room on the disk: the "
        "run can go on with --resume"
    )
    assert not list((tmp_path / "run").glob("*.part")) + list((tmp_path / "run").glob(".*.part"))


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    """Usage errors name the option."""
    for arguments, message in (
        (["--config", CONFIG], "Missing option '--method'"),
        (["--method", "caf"], "Missing option '--output'"),
        (["--method", "caf", "--output", "x", "runs"], "runs goes with --leaderboard"),
        (["--leaderboard"], "--leaderboard needs a RUNS_DIR"),
        (["--method", "best"], "'best' is not one of"),
    ):
        done = run("train", *arguments)
        assert done.exit_code == 2
        assert message in done.stderr


def test_the_commands_know_what_the_library_has() -> None:
    """What the help says without loading PyTorch is what is there."""
    assert tuple(methods.METHODS) == train_model.METHODS
    assert tuple(encoders.ENCODERS) == train_model.ENCODERS
    assert tuple(methods.METHODS) == train_model.METHODS
    assert set(training.AMP) == {"bf16", "fp16"}
    assert train_options.BATCH_SIZE > 1


@pytest.mark.parametrize(("name", "command"), [("train", train_model.main), ("predict", predict.main)])
def test_the_page_names_every_option(name: str, command: click.Command) -> None:
    """The table of each command has its options, and none that does not exist."""
    page = (ROOT / "docs" / "train.md").read_text(encoding="utf-8")
    table = page.split(f"| option of `{name}` |")[1].split("\n\n")[0]
    options = {option for param in command.params for option in param.opts if option.startswith("-")}
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", table.replace("|---|", ""))) == options
