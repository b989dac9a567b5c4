"""Rows that were tried before: what made their picture then, and whether trying again can give anything else.

In come a row of the sheet and what is made or asked of it now; out come lines for the user, and a mark for the sheet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, replace
from pathlib import Path

from tools.make.generation.base import SKETCHES, Settings, Task
from tools.make.sketch import MODEL as SKETCH


def model_of(settings: Settings) -> str:
    """Return the name of the model that draws: an id of the Hub, or of a folder its name alone, for a path is local."""
    if settings.backend == "sketch":
        return SKETCH
    folder = Path(settings.model)
    return folder.resolve().name if folder.is_dir() else settings.model


def was_made(row: Mapping[str, str]) -> bool:
    """Say whether the row had a picture that a model made. A design may name a model, but knows no digest."""
    return bool(row.get("sha256") and row.get("model"))


def other_model(was: str, now: str, rows: int) -> str:
    """Say, before it is done, that rows are made again by another model than then."""
    way = "--backend sketch" if was.startswith(SKETCHES) else f"--model {was}"
    hint = "" if now.startswith(SKETCHES) else f": to have them as they were, give {way}"
    return f"rows made by {was} are made again by {now}{hint} ({rows:,} rows)"


def difference(row: Mapping[str, str], cells: Mapping[str, str]) -> str:
    """Say how a picture that was made again differs from the one that the row had; empty where it does not.

    `cells` are the row's new ones. A row that had no picture has nothing to differ from.
    """
    if not was_made(row):
        return ""
    then, now = (
        [of.get("model", ""), of.get("model_revision", ""), *of.get("versions", "").split()] for of in (row, cells)
    )
    if not row.get("versions"):  # an imported row's, or the embedded edition's, are not known
        now[2:] = []
    was, became = [part for part in then if part not in now], [part for part in now if part not in then]
    same = row["sha256"] == cells["sha256"]
    if same and not was and not became:
        return ""
    message = "made again, the same picture" if same else "made again, and it is another picture than before"
    if was or became:
        changes = ((name, ", ".join(filter(None, parts))) for name, parts in (("now", became), ("then", was)))
        return f"{message} ({'; '.join(f'{name} {parts}' for name, parts in changes if parts)})"
    if cells["model"].startswith(SKETCHES):
        return f"{message}: the row says something else than then"
    return f"{message}: by other words or settings, or with another number of pictures drawn at a time"


def mark(task: Task, settings: Settings) -> str:
    """Return what stands for all that decides which pictures are drawn and dropped, in a row of which none was left."""
    asked = replace(task, number=0, row={}, cfg_scale=float(task.cfg_scale))
    told = (settings.model, settings.revision, settings.devices, settings.safety_checker)
    text = repr((astuple(asked), task.row.get("prompt", "").strip(), told))
    return f"drawn-{hashlib.sha256(text.encode()).hexdigest()[:16]}"  # a word to every spreadsheet, never a number


def all_dropped(seeds: str) -> str:
    """Say that no candidate of a row is left."""
    dropped = f"every candidate was dropped, as unsafe or of one colour (seeds {seeds})"
    return f"{dropped}: change the row's seed or prompt, or the model or its settings"
