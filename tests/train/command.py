"""`diffusionfer` with a small encoder in place of both, for tests that need a process of their own.

SAVE_SECONDS, where it is set, says how often an epoch that goes on is saved; KILLED_AFTER, after how many saves the
process that saves is killed.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.train import Small
from tools import cli
from tools.train import training
from tools.train.encoders import ENCODERS

for name in ENCODERS:
    ENCODERS[name] = Small
training.SAVE_SECONDS = float(os.environ.get("SAVE_SECONDS", training.SAVE_SECONDS))
save_state, saves = training.save_state, itertools.count(1)


def save_and_die(path: Path, state: Mapping[str, Any]) -> None:
    """Save a state; after so many of them nothing more is done."""
    save_state(path, state)
    if next(saves) == int(os.environ["KILLED_AFTER"]):
        os.kill(os.getpid(), signal.SIGKILL)


if "KILLED_AFTER" in os.environ:
    training.save_state = save_and_die

if __name__ == "__main__":
    cli.main()
