"""A card need not be rendered again exactly as long as nothing that rendering reads or writes has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.environments import ROOT
from tools.describe import stamp


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a card, a sheet, and a picture in a folder."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    for name in ("README.md", "data/sheet.csv", "data/deep/a.png"):
        (tmp_path / name).write_text(name)
    return tmp_path


def digest(tree: Path) -> str:
    """Return the digest of the tree."""
    return stamp.digest([tree / "README.md", tree / "croissant.json"], [tree / "data"])


CHANGES: dict[str, Callable[[Path], object]] = {
    "card": lambda tree: (tree / "README.md").write_text("README.mD"),
    "card gone": lambda tree: (tree / "README.md").unlink(),
    "file that comes": lambda tree: (tree / "croissant.json").write_text(""),
    "picture's size": lambda tree: (tree / "data/deep/a.png").write_text("longer than before"),
    "picture's time": lambda tree: os.utime(tree / "data/deep/a.png", ns=(1, 1)),
    "picture's name": lambda tree: (tree / "data/deep/a.png").rename(tree / "data/deep/b.png"),
    "picture that comes": lambda tree: (tree / "data/b.png").write_text(""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_is_seen(tree: Path, change: str) -> None:
    """The same state has the same digest, and another state another."""
    before = digest(tree)
    assert digest(tree) == before
    CHANGES[change](tree)
    assert digest(tree) != before


def test_what_is_remembered_is_known(tree: Path) -> None:
    """A work directory knows the last digest that it was given, and none before."""
    assert not stamp.known(tree, "one")
    stamp.remember(tree, "one")
    assert stamp.known(tree, "one")
    stamp.remember(tree, "two")
    assert not stamp.known(tree, "one")


def test_pipes_and_missing_folders_do_not_stop_it(tree: Path) -> None:
    """What cannot be read is part of the state as well, and nothing waits for it."""
    os.mkfifo(tree / "croissant.json")
    assert digest(tree)
    assert stamp.digest([], [tree / "nowhere"]) != stamp.digest([], [])


def test_it_needs_none_of_the_slow_libraries() -> None:
    """Looking whether anything changed loads neither datasets nor pyarrow nor Pillow."""
    code = (
        "import sys, tools.describe.stamp; sys.exit(bool({'datasets', 'pyarrow', 'PIL', 'yaml'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
