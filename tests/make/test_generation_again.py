"""Rows that are made again: by the sheet alone the same, and never silently other than they were."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from tests.make.generating import made, planned, read_sheet, tiny_settings, tree, write_sheet
from tools.generate import main
from tools.make.generation import sketching
from tools.make.generation.again import difference
from tools.make.generation.base import Settings
from tools.make.generation.walk import generate
from tools.make.sketch import MODEL

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of the tiny models, but for what a row can say itself."""
    with tiny_settings(tmp_path_factory.mktemp("models")) as found:
        yield replace(found, steps=None, width=None, height=None)


def command(settings: Settings, folder: Path, *more: str) -> Any:
    """Run `generate images` with the tiny models."""
    models = ["--backend", "diffusers", "--model", settings.model, "--clip", settings.clip]
    return CliRunner().invoke(main, ["images", str(folder), *models, *more])


def test_a_row_is_made_again_by_the_sheet_alone(settings: Settings, tmp_path: Path) -> None:
    """What the command was told the first time need not be told again: picture and sheet are the same to the byte."""
    folder = write_sheet(tmp_path, planned(2))
    options = ["--steps", "2", "--width", "40", "--height", "32", "--cfg", "7.1234567", "--sampler", "Euler a"]
    assert command(settings, folder, *options, "--candidates", "4").exit_code == 0
    before, rows = tree(folder), read_sheet(folder)
    assert [(row["width"], row["height"], row["cfg_scale"]) for row in rows] == [("40", "32", "7.1234567")] * 2
    for row in rows:
        with Image.open(folder / row["path"]) as image:
            assert (image.size, "CFG scale: 7.1234567, " in image.info["parameters"]) == ((40, 32), True)
    for row in rows:
        (folder / row["path"]).unlink()
    result = command(settings, folder)
    assert (result.exit_code, result.stderr, tree(folder)) == (0, "", before)


def test_another_model_or_setting_is_said(settings: Settings, tmp_path: Path) -> None:
    """Once before it is done for all rows of a model, and for each row what became of it; the sheet has the new one."""
    folder = write_sheet(tmp_path / "data", planned(2))
    small = replace(settings, steps=2, width=32, height=32)
    assert made(folder, small)[1] == []
    rows = read_sheet(folder)

    def again(changed: Settings) -> list[str]:
        for row in rows:
            (folder / row["path"]).unlink()
        done, lines = made(folder, changed)
        assert (done.made, done.problems) == (2, 0)
        return lines

    other = Path(shutil.copytree(settings.model, tmp_path / "other"))
    told = "made again, and it is another picture than before"
    assert again(replace(small, model=str(other))) == [
        "rows made by tiny are made again by other: to have them as they were, give --model tiny (2 rows)",
        *(f"{folder}/dataset_sheet.csv, row {number}: {told} (now other; then tiny)" for number in (2, 3)),
    ]
    assert [row["model"] for row in read_sheet(folder)] == ["other", "other"]
    assert again(replace(small, model=str(other), steps=3, safety_checker=False)) == [
        f"{folder}/dataset_sheet.csv, row {number}: {told} (now safety=off)" for number in (2, 3)
    ]
    assert [row["steps"] for row in read_sheet(folder)] == ["3", "3"]
    assert again(replace(small, model=str(other), safety_checker=False, steps=1))[0].endswith(
        f"row 2: {told}: by other words or settings, or with another number of pictures drawn at a time"
    )


def test_a_sketch_of_another_version_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier renderer's rows are drawn by this one, and that is told; the same one's are not worth a line."""
    folder = write_sheet(tmp_path, planned(1))
    generate(folder, Settings("sketch"), workers=1)
    (row,) = read_sheet(folder)
    lines: list[str] = []
    (folder / row["path"]).unlink()
    generate(folder, Settings("sketch"), workers=1, tell=lines.append)
    assert lines == []
    (folder / row["path"]).unlink()
    monkeypatch.setattr(sketching, "version", lambda name: "1.0")
    write_sheet(folder, [{**row, "model": "diffusionfer-sketch-0"}])
    generate(folder, Settings("sketch"), workers=1, tell=lines.append)
    assert lines == [
        f"rows made by diffusionfer-sketch-0 are made again by {MODEL} (1 rows)",
        f"{folder}/dataset_sheet.csv, row 2: made again, the same picture "
        f"(now {MODEL}, pillow=1.0; then diffusionfer-sketch-0, {row['versions']})",
    ]


def test_what_differs_of_a_picture() -> None:
    """A first picture differs from nothing; of an imported one the versions are not known."""
    cells = {"model": "b", "versions": "torch=2 device=cuda", "sha256": "2"}
    assert difference({"model": "a"}, cells) == difference({"sha256": "1"}, cells) == difference({**cells}, cells) == ""
    assert difference({"model": "b", "sha256": "2"}, cells) == ""
    assert difference({**cells, "sha256": "1"}, cells) == (
        "made again, and it is another picture than before: by other words or settings, or with another number of "
        "pictures drawn at a time"
    )
    then = {**cells, "sha256": "1", "versions": "torch=1 device=cuda safety=off"}
    assert difference(then, cells) == (
        "made again, and it is another picture than before (now torch=2; then torch=1, safety=off)"
    )
