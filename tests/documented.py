"""The commands that the pages of this project show, to be run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.environments import ROOT


def documented(page: str, heading: str) -> list[list[str]]:
    """Return the commands of the first block below a heading, without what installs something."""
    text = (ROOT / page).read_text(encoding="utf-8")
    block = re.search(rf"^#+ {re.escape(heading)}\n.*?^```bash\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert block, f"{page} has no block of commands below {heading!r}"
    commands = [shlex.split(line, comments=True) for line in block[1].replace("\\\n", "").splitlines()]
    return [command for command in commands if "pip" not in command[0]]


def with_this_python(command: list[str]) -> list[str]:
    """Return a documented command with this Python in place of the page's."""
    name, *arguments = command
    program = {"diffusionfer": ["-c", "from tools.cli import main; main()"], "python": []}[Path(name).name]
    return [sys.executable, *program, *arguments]


def environment() -> dict[str, str]:
    """Return the environment of documented commands: this checkout, no Hub, wide lines."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}


def run(command: list[str], folder: Path) -> str:
    """Run a documented command in `folder`; return what it printed."""
    done = subprocess.run(
        with_this_python(command),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
