"""Exports of Label Studio for the tests: real ones, and such that a case writes itself."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tools.annotate import main
from tools.make.ratings.importing import Import, import_exports

# Exported by Label Studio 1.23.2 from projects that `annotate export` made: somebody rated in a browser.
REAL = Path(__file__).parent / "labelstudio"
# Of `write_faces`: the second picture is happy, at 0.61 and 0.25.
NAME, PATH, MOVED = "aaaaaaab", "DifussionEmotion_S/happy/aaaaaaab_1.png", "DifussionEmotion_S/sad/aaaaaaab_2.png"


def run(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def annotation(
    who: Any = 1, emotion: str | None = "happy", point: tuple[float, float] | None = None, **more: Any
) -> dict[str, Any]:
    """Return an annotation of the JSON export; `point` is valence and arousal."""
    results: list[dict[str, Any]] = []
    if emotion is not None:
        results.append({"from_name": "emotion", "type": "choices", "value": {"choices": [emotion]}})
    if point is not None:
        value = {"x": 50 * (1 + point[0]), "y": 50 * (1 - point[1]), "width": 1, "keypointlabels": ["face"]}
        results.append({"from_name": "affect", "type": "keypointlabels", "value": value})
    given = {"id": 1, "completed_by": who, "updated_at": "2026-01-02T03:04:05.000000Z", "was_cancelled": False}
    return {**given, "result": results, **more}


def task(picture: str, *annotations: dict[str, Any], config: str = "small_original", **more: Any) -> dict[str, Any]:
    """Return a task of the JSON export."""
    data = {"image": f"/data/local-files/?d=x/{picture}.png", "picture": picture, "config": config}
    return {"id": 7, "data": data, "annotations": list(annotations), "drafts": [], **more}


def write_export(path: Path, *tasks: Any) -> Path:
    """Write tasks as an export and return its path."""
    path.write_text(json.dumps(list(tasks)), encoding="utf-8")
    return path


def rows(data_dir: Path) -> dict[str, dict[str, str]]:
    """Return the rows of the sheet by path."""
    with (data_dir / "dataset_sheet.csv").open(newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


def files(data_dir: Path) -> dict[str, bytes]:
    """Return all that lies in a data directory, but locks."""
    found = sorted(path for path in data_dir.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(data_dir).as_posix(): path.read_bytes() for path in found}


def imported(data_dir: Path, *votes: str, **policy: Any) -> Import:
    """Import what so many people say of the picture, each at another place."""
    said = [annotation(who, vote, (0.5, who / 10), id=who) for who, vote in enumerate(votes, 1)]
    export = write_export(data_dir.parent / "export.json", task(NAME, *said))
    return import_exports([export], data_dir, **policy)
