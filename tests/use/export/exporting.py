"""A small tree whose rows leave nothing unknown by accident, and the command run on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tests.environments import ROOT
from tests.trees import png, write_faces, write_sheet
from tools.export import main

COUNT = 30
FOLDER = "DifussionEmotion_S"


def write_tree(data_dir: Path, **cells: Any) -> list[dict[str, Any]]:
    """Write a data directory; `cells` are those of every row, or functions of the number of the row."""
    data_dir.mkdir()
    rows = write_faces(data_dir, COUNT, size=8)
    for number, row in enumerate(rows):
        row["face_box"] = "1 1 5.5 6"
        row |= {name: cell(number) if callable(cell) else cell for name, cell in cells.items()}
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    return rows


def run(*arguments: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def made(*arguments: str | Path) -> Result:
    """Run the command, which must succeed."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result


def refused(*arguments: str | Path) -> str:
    """Run the command, which must end with status 2 and one line; return that line."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    lines = result.output.splitlines()
    assert len(lines) == 1, result.output
    return lines[0].removeprefix("error: ")


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def picture(number: int) -> bytes:
    """Return the picture of a row of the originals."""
    return png(number, 8)


def elsewhere(code: str, *arguments: str | Path) -> str:
    """Run code in a process of its own, which knows nothing of this project; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


SCRIPT = ROOT / "tools" / "export.py"
