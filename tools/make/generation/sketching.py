"""The backend that draws with the project's own renderer: no model, one candidate, the same bytes from the same row."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from random import Random

from tools.make.design import REGIONS, place
from tools.make.generation.base import HUMAN, Backend, Batch, Made, Task
from tools.make.sketch import MODEL, draw, encode

OTHERS = ("model_revision", "clip_score", "candidate_seeds", "candidate_scores", "dropped")  # a sketch has none of them


class SketchBackend(Backend):
    """Draws rows of the published grammar."""

    def draw(self, tasks: Sequence[Task]) -> Batch:
        """Return a picture for each task; one whose cells the renderer cannot read has a problem instead."""
        return Batch([_made(task) for task in tasks])


def _made(task: Task) -> Made:
    row = {**task.row, "seed": str(task.seeds[0])}
    try:
        row.update(_affect(row))
        image, box = draw(row)
    except ValueError as error:
        return Made(task, None, {}, str(error))
    source = task.row.get("label_source", "")
    cells = {
        **{column: "" for column in OTHERS if task.row.get(column)},
        **{column: row[column] for column in ("valence", "arousal", "seed")},
        "model": MODEL,
        "versions": f"pillow={version('pillow')}",
        "face_box": " ".join(map(str, box)),
        "label_source": source if source in HUMAN else "renderer",
    }
    return Made(task, encode(image), cells)


def _affect(row: dict[str, str]) -> dict[str, str]:
    """Return valence and arousal where the row has neither: a place in its emotion's region, which its seed chooses."""
    if row.get("valence", "").strip() or row.get("arousal", "").strip():
        return {}
    if row.get("emotion", "") not in REGIONS:
        raise ValueError(f"emotion: expected one of {', '.join(REGIONS)} (got {row.get('emotion', '')!r})")
    valence, arousal = place(Random(int(row["seed"])), row["emotion"])
    return {"valence": str(valence), "arousal": str(arousal)}
