"""Exports of Label Studio for the tests: real ones, and such that a case writes itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# Exported by Label Studio 1.23.2 from projects that `annotate export` made: somebody rated in a browser.
REAL = Path(__file__).parent / "labelstudio"


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
