"""What `diffusionfer train` says in one line where it cannot train: for want of data, GPU, memory or disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from tests.train.training import SHORT, run, said, train
from tests.trees import write_emonet
from tools import cli
from tools.make.embedded import cropped_path, read_sheet
from tools.train import checkpoint, pixels, training

pytestmark = pytest.mark.usefixtures("small_encoder")


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
    sheet = moved / "dataset_sheet.csv"
    sheet.write_text(sheet.read_text().replace(",teen,", ",old,"))
    line = said(train(moved, runs / "1", *options, "--resume"))
    assert "(the rows have another order, truth or identity now)" in line
    (runs / "1" / "last.pt").write_bytes(b"no state")
    assert "last.pt is no state of a run" in said(train(tree, runs / "1", *options, "--resume"))
    torch.save({"format": 9}, runs / "1" / "last.pt")
    assert "has format 9, but this version reads 1" in said(train(tree, runs / "1", *options, "--resume"))
    (runs / "1" / "run.json").unlink()
    before = sorted(runs.rglob("*"))
    assert said(train(tree, runs / "1", *options, "--resume")).endswith("which is of no run: give a new folder")
    assert sorted(runs.rglob("*")) == before
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
    assert "has no column 'who'" in said(train(tree, tmp_path / "run", *SHORT, "--identity", "who", method="elim"))
    broken = Path(shutil.copytree(tree, tmp_path / "broken"))
    row = next(row for row in read_sheet(broken / "dataset_sheet.csv") if row["split"] == "train")
    picture = broken / cropped_path(row["path"])
    picture.write_bytes(picture.read_bytes()[:500])
    assert f"picture {picture.stem} cannot be decoded" in said(train(broken, tmp_path / "run", *SHORT))


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


def test_a_disk_without_room_for_the_pixels(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told before anything is decoded; room that decoded pixels of a killed process take counts as free."""
    folder = tmp_path / "run"
    needed = 32 * 256 * 256 * 3  # of 24 pictures to train and 8 to validate
    free = SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=needed - 100))
    monkeypatch.setattr(pixels, "shutil", free)
    assert said(train(tree, folder, *SHORT)) == (
        f"error: {folder}: the pixels of 32 pictures take 6 MB, and 6 MB are free: give an --output on another disk"
    )
    assert [path.name for path in folder.iterdir()] == ["run.json"]
    (folder / "train.pixels").write_bytes(bytes(100))
    assert train(tree, folder, *SHORT, "--resume").exit_code == 0


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
