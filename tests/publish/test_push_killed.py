"""Whole pushes that are killed at any moment: readers see one edition or the other, and the next push ends it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PUSHES = Path(__file__).with_name("killed_pushes.py")
KILLS = int(os.environ.get("KILLS", "6"))  # KILLS=50 for a longer look


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_pushes_that_are_killed() -> None:
    """After SIGKILLs at random moments all must hold that `killed_pushes.py` looks at: see there."""
    command = [sys.executable, str(PUSHES), "--kills", str(KILLS), "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300 + 30 * KILLS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert len(re.findall(r"^ *\d+  \S+: killed after ", done.stdout, re.MULTILINE)) == KILLS
    assert done.stdout.endswith("all held\n")
