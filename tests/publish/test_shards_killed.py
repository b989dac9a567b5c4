"""A build that is killed at any moment: the next one builds what is not proven, and the result is as if undisturbed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trees import write_faces

BUILDS = Path(__file__).with_name("killed_builds.py")
KILLS = int(os.environ.get("KILLS", "8"))  # KILLS=30 and more for a longer look


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_killed_at_any_moment(tmp_path: Path) -> None:
    """After a SIGKILL at a random moment, proven shards must stay proven and unbuilt, and the tree become the same."""
    write_faces(tmp_path / "data", 60)
    command = [sys.executable, str(BUILDS), str(tmp_path / "data"), str(tmp_path / "work"), str(KILLS), "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 5 * KILLS, check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == KILLS
    for answer in answers:
        assert answer["tree"] == answer["expected"]
        assert set(answer["before"]) <= set(answer["after"])
        assert sorted([*answer["after"], *answer["built"]]) == sorted(p.split("/", 1)[1] for p in answer["expected"])
    stopped_at = {len(answer["after"]) for answer in answers}
    assert len(stopped_at) > 2  # they were not all stopped at the same place
