"""Two processes, started by torchrun, train together: one writes, and both have the same weights."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from tests.environments import ROOT
from tests.train.training import environment, record, said, train
from tools.train.processes import Processes

OPTIONS = ("--config", "small_cropped", "--epochs", "2", "--batch-size", "8", "--device", "cpu", "--workers", "0")


def together(
    tree: Path, output: Path, *options: str, method: str = "caf", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in two processes, with more in their environment."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [str(ROOT / "tests" / "train" / "command.py"), "train", "--method", method, "--data-dir", str(tree)]
    command += ["--output", str(output), *OPTIONS, *options]
    return subprocess.run(command, env=environment(**more), capture_output=True, text=True, check=False, timeout=300)


def test_two_processes(tree: Path, tmp_path: Path, small_encoder: None) -> None:
    """They give one finished run, the same also where one of them was killed after an epoch; its record says two."""
    killed = together(tree, tmp_path / "two", KILLED_AFTER="1")
    assert killed.returncode != 0
    assert not json.loads((tmp_path / "two" / "run.json").read_text())["finished"]
    options = ["--epochs", "2", "--batch-size", "8", "--resume"]
    alone = said(train(tree, tmp_path / "two", *options, method="caf"))
    assert "holds a run by other settings (processes was 2, and is 1 now)" in alone
    for name, more in (("one", ()), ("two", ("--resume",))):
        assert (tmp_path / name / "last.pt").exists() == bool(more)
        done = together(tree, tmp_path / name, *more)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("validation CCC") == 1
    assert record(tmp_path / "one") == record(tmp_path / "two")
    assert (tmp_path / "one" / "best.safetensors").read_bytes() == (tmp_path / "two" / "best.safetensors").read_bytes()
    found = json.loads((tmp_path / "one" / "run.json").read_text())
    assert found["finished"]
    assert found["settings"]["processes"] == 2
    assert found["machine"].startswith("2 x ")
    assert all(bool(value.isfinite().all()) for value in load_file(tmp_path / "one" / "best.safetensors").values())


def test_an_error_is_said_by_all(tree: Path, tmp_path: Path) -> None:
    """A folder that only the first process looks at stops all of them."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("")
    done = together(tree, tmp_path / "run")
    assert done.returncode != 0
    assert "holds letter.txt, which is of no run" in done.stderr
    assert "Traceback" not in done.stderr.split("ChildFailedError")[0].split("torch/distributed")[0]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["letter.txt"]


MEANS = """if True:
    import torch, torch.distributed as dist
    from tools.train.processes import joined
    with joined("cpu") as processes:
        own = [torch.full((2, 3), float(processes.rank)), torch.tensor(7 + processes.rank), torch.zeros(0)]
        processes.mean(own)
        assert own[0].eq(0.5).all() and own[1] == 7, own
        assert processes.total(torch.ones(2)).tolist() == [2, 2]
        assert processes.gathered(processes.rank) == [0, 1]
        assert processes.by_the_first(lambda: processes.rank) == 0
        try:
            processes.by_the_first(lambda: int("x"))
        except ValueError as error:
            assert "invalid literal" in str(error)
        else:
            raise SystemExit("no error")
"""


def test_means_over_processes(tmp_path: Path) -> None:
    """Floats become their mean, whole numbers those of the first; what only the first does, all are told."""
    (tmp_path / "means.py").write_text(MEANS)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*command, str(tmp_path / "means.py")], env=environment(), capture_output=True, text=True,
                          check=False, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_one_process_is_left_alone() -> None:
    """Without torchrun nothing is changed."""
    processes, tensor = Processes(0, 1, torch.device("cpu")), torch.ones(2)
    processes.mean([tensor])
    assert tensor.tolist() == processes.total(tensor).tolist() == [1, 1]
    assert (processes.gathered(3), processes.by_the_first(lambda: 4)) == ([3], 4)
