"""The files of an evaluation: in goes what they hold, out comes a folder with all of them, or none that is new."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from tools.check.findings import quote
from tools.use.evaluate.hub import eval_results, model_index
from tools.use.evaluate.picture import draw_confusion
from tools.use.evaluate.report import render_json, render_markdown
from tools.use.evaluate.result import Evaluation

PICTURE = "confusion.svg"
NAMES = ("evaluation.md", "evaluation.json", PICTURE, "model-index.yaml", "eval_results.yaml")


def files(evaluation: Evaluation, model: str) -> dict[str, bytes]:
    """Return the files of an evaluation by name: those of the Hub only where the data is of the Hub."""
    picture = draw_confusion(evaluation.confusion) if evaluation.confusion else None
    found = {
        "evaluation.md": render_markdown(evaluation, PICTURE if picture else None).encode(),
        "evaluation.json": render_json(evaluation).encode(),
    }
    if picture:
        found[PICTURE] = picture
    data = evaluation.about["data"]
    if isinstance(data, Mapping) and data["repo_id"]:
        found["model-index.yaml"] = model_index(evaluation, model).encode()
        found["eval_results.yaml"] = eval_results(evaluation).encode()
    return found


def check_folder(folder: Path) -> None:
    """Raise ValueError where a folder holds anything but the files of an evaluation, OSError where it is no folder."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--output {quote(folder.name)} is not a folder")
    if folder.is_dir():
        known = {*NAMES, *map(_unfinished, NAMES)}
        strange = sorted(path.name for path in folder.iterdir() if path.name not in known or not path.is_file())
        if strange:
            raise ValueError(
                f"--output {quote(folder.name)} holds {quote(strange[0])}, which is no file of an evaluation: "
                "give a new folder"
            )


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files into a folder: under other names first, then each in one step; those of an earlier one go.

    All is in the folder itself, which may be a disk of its own. Raises what `check_folder` raises, and OSError where
    the disk does not take them; then no file has changed unless it is whole.
    """
    check_folder(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, content in contents.items():
            (folder / _unfinished(name)).unlink(missing_ok=True)
            (folder / _unfinished(name)).write_bytes(content)
        for name in contents:
            (folder / _unfinished(name)).replace(folder / name)
        for name in set(NAMES) - set(contents):
            (folder / name).unlink(missing_ok=True)
    finally:
        with contextlib.suppress(OSError):
            for name in NAMES:
                (folder / _unfinished(name)).unlink(missing_ok=True)
            for path in made:  # those that are empty
                path.rmdir()


def _unfinished(name: str) -> str:
    """Return the name of a file until it is whole, which a killed run leaves behind."""
    return f".{name}.partial"
