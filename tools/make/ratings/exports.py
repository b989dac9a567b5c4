"""Reads what Label Studio exports, JSON and JSON-MIN, into ratings: who said what of which picture, and when.

A file is read whole before anything is made of it. Whatever a project with our configuration cannot have given (another
project, another label, a number off its scale) is an ExportError of one line; what happens in any team (a cancelled
task, a draft) is counted.
"""

from __future__ import annotations

import json
import math
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from DiffusionFER import EMOTIONS, MAX_FILE_BYTES, MAX_RATING, SUBSETS
from tools.make.ratings.scales import AROUSAL, CONFIG, EMOTION, PICTURE, PLANE, RATED, VALENCE, kind_to_rate

RADIUS = 1.01  # of the disc of valence and arousal, with what rounding to two decimals moves a point


class ExportError(ValueError):
    """A file is no export of a project of ours; the message is one line that names file, task and value."""


@dataclass(frozen=True)
class Rating:
    """What one person said of one picture at one time.

    `says` has `emotion` (a label), `valence` and `arousal` (-1 to 1), or the 40 emotions by their names (0 to 7), as
    far as they were given. `rated_at` is UTC, in ISO 8601, or empty; `annotation` is Label Studio's number.
    """

    config: str
    picture: str
    rater: str
    rated_at: str
    annotation: str
    says: dict[str, str | float]


@dataclass
class Export:
    """The ratings of some files, and how many things in them are none: `cancelled`, `drafts`, `empty`, `outside`."""

    ratings: list[Rating] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read_export(path: Path, rater: str | None = None) -> Export:
    """Return what a file holds; `rater` says who rated all of it, where the annotators' numbers do not.

    Raises ExportError, or OSError where the file cannot be read.
    """
    content = _content(path)
    try:
        tasks = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError, MemoryError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else _one_line(error)
        raise ExportError(f"{path} is not JSON as Label Studio exports it: {reason}") from None
    if not isinstance(tasks, list):
        raise ExportError(f"{path} is no export of Label Studio: expected a list of tasks (got {_shown(tasks)})")
    export = Export()
    for number, task in enumerate(tasks, 1):
        identity = task.get("id") if isinstance(task, dict) else None
        plain = isinstance(identity, int) or (isinstance(identity, str) and identity.isprintable())
        place = f"{path}: task {identity if plain else f'number {number}'}"
        for rating in _ratings(task, f"{place[:200]}", rater, export.left_out):
            export.ratings.append(rating)
    return export


def _content(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        raise ExportError(f"{path} is not a regular file")
    if status.st_size > MAX_FILE_BYTES:
        raise ExportError(f"{path} has {status.st_size:,} bytes; more than {MAX_FILE_BYTES:,} are not read")
    return path.read_bytes()


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _ratings(task: Any, place: str, rater: str | None, left_out: Counter[str]) -> Iterator[Rating]:
    if not isinstance(task, dict):
        raise ExportError(f"{place}: expected a task (got {_shown(task)})")
    plain = "annotations" not in task  # JSON-MIN: an annotation a record, its results beside data
    if not plain and not isinstance(task["annotations"], list):
        raise ExportError(f"{place}: annotations: expected a list (got {_shown(task['annotations'])})")
    data = task if plain else task.get("data")
    if not isinstance(data, dict) or not isinstance(data.get(PICTURE), str) or CONFIG not in data:
        keys = ", ".join(map(str, data)) if isinstance(data, dict) and data else "nothing"
        want = "the tasks that `annotate export` writes have both"
        raise ExportError(f"{place}: no {PICTURE} and {CONFIG} in its data ({_shown(keys)}): {want}")
    picture, config = data[PICTURE], data[CONFIG]
    if not picture.isprintable() or not 0 < len(picture) < 300:
        raise ExportError(f"{place}: {PICTURE} {_shown(picture)} is no name of a picture")
    if not isinstance(config, str) or config not in SUBSETS:
        raise ExportError(f"{place}: {CONFIG} {_shown(config)} is none of {', '.join(SUBSETS)}")
    try:
        kind = kind_to_rate(config)
    except ValueError as error:
        raise ExportError(f"{place}: {error}") from None
    left_out["drafts"] += len(task["drafts"]) if isinstance(task.get("drafts"), list) else 0
    for annotation in [task] if plain else task["annotations"]:
        if not isinstance(annotation, dict):
            raise ExportError(f"{place}: expected an annotation (got {_shown(annotation)})")
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            left_out["cancelled"] += 1
            continue
        if plain and annotation.get("annotation_id") is None:  # a task that nobody answered
            continue
        given = _plain_results(annotation) if plain else _results(annotation, place)
        says = _said(given, kind, place, left_out)
        if not says:
            left_out["empty"] += 1
            continue
        number = annotation.get("annotation_id" if plain else "id")
        who = rater or _rater(annotation.get("annotator" if plain else "completed_by"), place)
        yield Rating(config, picture, who, _time(annotation, place), _number_text(number), says)


def _results(annotation: dict[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    """Yield the controls and values of an annotation of the JSON export; relations and the like have no control."""
    results = annotation.get("result")
    for result in results if isinstance(results, list) else []:
        if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
            raise ExportError(f"{place}: expected a result with a value (got {_shown(result)})")
        if "from_name" in result:
            yield str(result["from_name"]), result["value"]


def _plain_results(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the controls and values of a record of JSON-MIN: there a choice is its text, other values stand in a list.

    What else stands there is data of the task, or Label Studio's.
    """
    for name in (EMOTION, PLANE, *RATED):
        values = record.get(name)
        for value in values if isinstance(values, list) else [] if values is None else [values]:
            wrapped = {"choices": [value]} if name == EMOTION and not isinstance(value, dict) else value
            yield name, wrapped if isinstance(wrapped, dict) else {"number": wrapped}


def _said(given: Iterator[tuple[str, Any]], kind: str, place: str, left_out: Counter[str]) -> dict[str, str | float]:
    says: dict[str, str | float] = {}
    for name, value in given:
        answers: dict[str, str | float]
        if kind == "hq" and name in RATED:
            answers = {RATED[name]: _number(value.get("number"), 0, MAX_RATING, name, place)}
        elif kind == "faces" and name == EMOTION:
            answers = {EMOTION: _label(value.get("choices"), place)}
        elif kind == "faces" and name == PLANE:
            x, y = (_number(value.get(axis), 0, 100, f"{name} {axis}", place) for axis in ("x", "y"))
            answers = {VALENCE: round(x / 50 - 1, 3) + 0.0, AROUSAL: round(1 - y / 50, 3) + 0.0}
        else:
            raise ExportError(f"{place}: {_shown(name)} is no question of a project of this config: another project's?")
        if twice := says.keys() & answers.keys():
            raise ExportError(f"{place}: {min(twice)} is answered twice")
        says |= answers
    valence, arousal = says.get(VALENCE), says.get(AROUSAL)
    if isinstance(valence, float) and isinstance(arousal, float) and math.hypot(valence, arousal) > RADIUS:
        left_out["outside"] += 1  # a click beside the circle
        del says[VALENCE], says[AROUSAL]
    return says


def _label(choices: Any, place: str) -> str:
    if not isinstance(choices, list) or len(choices) != 1 or choices[0] not in EMOTIONS:
        raise ExportError(f"{place}: {EMOTION} {_shown(choices)} is not one of {', '.join(EMOTIONS)}")
    return str(choices[0])


def _number(value: Any, least: float, most: float, name: str, place: str) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not least <= value <= most:
        raise ExportError(f"{place}: {name} {_shown(value)} is not a number from {least:g} to {most:g}")
    return float(value) + 0.0


def _rater(annotator: Any, place: str) -> str:
    if isinstance(annotator, dict):
        annotator = annotator.get("email") or annotator.get("username") or annotator.get("id")
    text = str(annotator).strip() if isinstance(annotator, (int, str)) and not isinstance(annotator, bool) else ""
    if not text or not text.isprintable() or len(text) > 200:
        raise ExportError(f"{place}: annotator {_shown(annotator)} is no name: give --rater NAME")
    return text


def _time(annotation: dict[str, Any], place: str) -> str:
    given = annotation.get("updated_at") or annotation.get("created_at")
    if given is None:
        return ""
    try:
        moment = datetime.fromisoformat(given.replace("Z", "+00:00"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise ExportError(f"{place}: time {_shown(given)} is not as 2026-01-31T12:00:00.000000Z") from None


def _number_text(number: Any) -> str:
    return str(number) if isinstance(number, int) or (isinstance(number, str) and number.isprintable()) else ""


def _shown(value: Any) -> str:
    """Return a value as a message quotes it, in short: what was read may be a megabyte of anything."""
    inside = list(value.values() if isinstance(value, dict) else value) if isinstance(value, (dict, list)) else []
    if len(inside) > 3 or any(isinstance(one, (dict, list)) for one in inside):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value):,}"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
