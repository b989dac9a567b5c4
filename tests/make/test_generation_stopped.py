"""Ctrl-C, whenever it comes: one word and status 130."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner

from tests.make.generating import planned, write_sheet
from tools import cli, generate
from tools.make.generation import walk


def interrupt(*_: Any, **__: Any) -> NoReturn:
    """Be the key that is pressed."""
    raise KeyboardInterrupt


def test_stopped_while_a_verb_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading takes as long as some runs."""
    monkeypatch.setattr(cli.importlib, "import_module", interrupt)
    result = CliRunner().invoke(cli.main, ["generate", "images", "nowhere"])
    assert (result.exit_code, result.output) == (130, "stopped\n")


@pytest.mark.parametrize("verb", ["render", "images"])
def test_stopped_in_a_verb(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that has no words of its own for it."""
    monkeypatch.setattr(walk, "generate", interrupt)
    monkeypatch.setattr("tools.make.embedded.render_tree", interrupt)
    result = CliRunner().invoke(cli.main, ["generate", verb, *([str(tmp_path)] if verb == "images" else [])])
    assert (result.exit_code, result.output) == (130, "stopped\n")


def test_stopped_while_the_command_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the script of its own, too."""

    class Loading:
        def __getattr__(self, name: str) -> NoReturn:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "tools.make.generation.walk", Loading())
    result = CliRunner().invoke(generate.main, ["images", str(write_sheet(tmp_path, planned(1)))])
    assert (result.exit_code, result.output) == (130, "stopped\n")
