"""A run that is stopped, or loses a process, says so in a line, leaves nothing half written, and can go on."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.train.training import environment, other_process, said, train

pytestmark = pytest.mark.usefixtures("small_encoder")
OPTIONS = ("--epochs", "2000", "--batch-size", "4", "--patience", "0")


def on_a_terminal(tree: Path, output: Path, then: Callable[[int], object], *options: str) -> tuple[int, str]:
    """Train on a terminal; when the second epoch has begun, do something with the process. Return status and text."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = other_process("train", "--method", "caf", "--config", "small_cropped", "--data-dir", str(tree), *OPTIONS)
    process = subprocess.Popen([*command, "--output", str(output), "--device", "cpu", *options], stdin=theirs,
                               stdout=theirs, stderr=theirs, env=environment(), start_new_session=True)  # fmt: skip
    os.close(theirs)
    text, done = b"", False
    while True:
        try:
            some = os.read(ours, 65536)
        except OSError:  # its last process closed the terminal
            break
        if not some:
            break
        text += some
        if not done and b"epoch 2:" in text:
            done = True
            then(process.pid)
    os.close(ours)
    return process.wait(timeout=60), text.decode()


def last(text: str) -> str:
    """Return the last line that can be seen; a bar is cleared by a line of blanks."""
    return text.replace("\r", "\n").strip().splitlines()[-1]


def test_ctrl_c(tree: Path, tmp_path: Path) -> None:
    """It stops all processes; one line says so, behind the bar, and what is left can go on."""
    status, text = on_a_terminal(tree, tmp_path / "run", lambda pid: os.killpg(pid, signal.SIGINT), "--workers", "2")
    assert status == 130
    assert "decoding train: 100%" in text
    assert "24/24" in text
    assert "epoch 1: validation CCC " in text
    assert "loss=" in text
    assert "Traceback" not in text
    assert last(text) == "stopped"
    left = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert left == ["best.safetensors", "last.pt", "logs", "run.json"]
    assert not json.loads((tmp_path / "run" / "run.json").read_text())["finished"]


def test_a_worker_that_is_killed(tree: Path, tmp_path: Path) -> None:
    """As by a system that has no memory left: a line says what may help."""

    def kill_a_worker(pid: int) -> None:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)

    status, text = on_a_terminal(tree, tmp_path / "run", kill_a_worker, "--workers", "1")
    assert status == 2
    assert "Traceback" not in text
    assert last(text) == (
        "error: a process that reads pictures was lost, most likely for want of memory: take --workers 0"
    )


def test_a_folder_in_use(tree: Path, tmp_path: Path) -> None:
    """While one process trains in a folder, another does not, and takes nothing from the first."""
    lines = []

    def train_there_too(pid: int) -> None:
        lines.append(said(train(tree, tmp_path / "run", *OPTIONS, "--resume", method="caf")))
        os.killpg(pid, signal.SIGINT)

    status, text = on_a_terminal(tree, tmp_path / "run", train_there_too, "--workers", "0")
    assert lines == [f"error: --output {tmp_path}/run: another process trains in it: give another folder"]
    assert (status, last(text)) == (130, "stopped")
