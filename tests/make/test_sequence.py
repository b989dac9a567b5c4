"""The README's way from nothing to a rehearsed push, command by command, as it stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documented import documented, run
from tests.make.generating import read_sheet
from tests.make.tiny_models import make_clip, make_pipeline

pytest.importorskip("cv2")
ROWS = 14


def fewer(command: list[str]) -> list[str]:
    """Return a command for fewer rows: those of the README take minutes."""
    return [str(ROWS) if part == "200" else part for part in command]


def check(data_dir: Path, pushed: str) -> None:
    """Each row has its picture and its crop, and both configs came back through load_dataset."""
    rows = read_sheet(data_dir)
    assert len(rows) == ROWS
    for row in rows:
        assert (data_dir / row["path"]).is_file()
        assert (data_dir / row["path"].replace("DifussionEmotion_M", "DiffusionEmotion_M_cropped")).is_file()
    assert {"medium_original", "medium_cropped"} <= set(pushed.split())
    assert f"{2 * ROWS} images came back through load_dataset" in pushed


def test_sketches(tmp_path: Path) -> None:
    """By the renderer, as the README says."""
    commands = [fewer(command) for command in documented("README.md", "Make more")]
    assert [command[1] for command in commands] == ["prompts", "generate", "crop", "validate", "push"]
    *_, pushed = [run(command, tmp_path) for command in commands]
    check(tmp_path / "more", pushed)


def test_stable_diffusion(tmp_path: Path) -> None:
    """By a Stable Diffusion pipeline, tiny and random, as docs/making.md says."""
    for library in ("torch", "diffusers", "transformers"):
        pytest.importorskip(library)
    commands = [fewer(command) for command in documented("docs/making.md", "Without a GPU, and without a model")]
    assert commands[0][1:] == ["tests/make/tiny_models.py", "tiny"]
    make_pipeline(tmp_path / "tiny" / "pipeline"), make_clip(tmp_path / "tiny" / "clip")
    *_, pushed = [run(command, tmp_path) for command in commands[1:]]
    check(tmp_path / "noise", pushed)
    rows = read_sheet(tmp_path / "noise")
    assert all(row["model"] == "pipeline" and len(row["candidate_seeds"].split()) == 3 for row in rows)
