"""`diffusionfer` with a small encoder in place of both, for tests that need a process of their own.

SAVE_SECONDS, where it is set, says how often an epoch that goes on is saved.
"""

from __future__ import annotations

import os

from tests.train import Small
from tools import cli
from tools.train import training
from tools.train.encoders import ENCODERS

for name in ENCODERS:
    ENCODERS[name] = Small
training.SAVE_SECONDS = float(os.environ.get("SAVE_SECONDS", training.SAVE_SECONDS))

if __name__ == "__main__":
    cli.main()
