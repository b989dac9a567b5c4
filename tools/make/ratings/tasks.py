"""Tasks for Label Studio: which pictures are rated by whom, and the files that a project is made of.

In go the pictures of a config; out come, for each rater or for all, tasks as JSON, and the labelling configuration as
XML. The same pictures and options give the same bytes.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from DiffusionFER import EMOTIONS
from tools.make.design import shuffled
from tools.make.embedded import write_whole
from tools.make.label_source import label_source
from tools.make.ratings.pictures import Picture, Pictures, find_pictures
from tools.make.ratings.scales import (
    AROUSAL,
    CONFIG,
    EMOTION,
    IMAGE,
    PICTURE,
    PLANE,
    POINT,
    VALENCE,
    kind_to_rate,
    labelling_config,
)

XML = "labeling_config.xml"  # as Label Studio calls it
LOCAL = "/data/local-files/?d="  # Label Studio's storage of local files


@dataclass(frozen=True)
class Sample:
    """What to rate: `count` pictures (None: all), each by `overlap` of so many `raters`, drawn by `seed`."""

    count: int | None = None
    raters: int = 1
    overlap: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Project:
    """What was written: the files, how many pictures are to be rated, and how many rows have no picture yet.

    `removed` are the files of tasks of an export before, which gave tasks to more raters.
    """

    files: list[Path]
    pictures: int
    missing: int
    removed: list[Path]


def write_project(
    config: str, data_dir: Path, folder: Path, sample: Sample, *, url: str | None = None, claims: bool = False
) -> Project:
    """Write the tasks and the labelling configuration of a project into `folder`.

    `url` goes before the path of a picture below the data directory; None is Label Studio's storage of local files,
    with the folder that the data directory lies in as its document root. With `claims` each task has what the sheet
    says as a prediction. Raises ValueError for what cannot be done, OSError where nothing can be written.
    """
    if not 1 <= sample.overlap <= sample.raters:
        raise ValueError(f"overlap: expected 1 to {sample.raters}, the number of raters (got {sample.overlap})")
    kind = kind_to_rate(config)
    if claims and kind != "faces":
        raise ValueError(f"{config} has no sheet, and so no labels to show: leave out --with-claims")
    pictures = find_pictures(config, data_dir)
    if pictures.zipped and url is None:
        raise ValueError(f"the pictures of {config} are in a zip, of which nothing is served: unpack it, or give --url")
    if not pictures.found:
        raise ValueError(f"{config} has no picture to rate: {pictures.missing:,} rows have none yet")
    drawn = draw(pictures, sample)
    prefix = url if url is not None else f"{LOCAL}{quote(data_dir.resolve().name)}/"
    prefix += "" if prefix.endswith(("/", "=")) else "/"
    contents = {XML: labelling_config(kind)}
    for number, share in enumerate(share_out(drawn, sample), 1):
        tasks = [_task(config, picture, prefix, claims) for picture in share]
        name = "tasks.json" if sample.raters == 1 else f"tasks_{number:0{len(str(sample.raters))}d}.json"
        contents[name] = json.dumps(tasks, indent=1, ensure_ascii=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    removed = [path for path in sorted(folder.glob("tasks*.json")) if path.name not in contents and _is_ours(path)]
    for name, text in contents.items():
        write_whole(folder / name, text.encode())
    for path in removed:
        path.unlink()
    return Project([folder / name for name in contents], len(drawn), pictures.missing, removed)


def _is_ours(path: Path) -> bool:
    """Say whether a file is one of tasks as they are written here, and holds nothing that anybody said."""
    if not re.fullmatch(r"tasks(_[0-9]+)?\.json", path.name) or path.is_symlink() or not path.is_file():
        return False
    try:
        tasks = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(tasks, list) and all(
        isinstance(task, dict)
        and "data" in task
        and set(task) <= {"data", "predictions"}
        and isinstance(task["data"], dict)
        and set(task["data"]) == {IMAGE, PICTURE, CONFIG}
        for task in tasks
    )


def draw(pictures: Pictures, sample: Sample) -> list[Picture]:
    """Return the pictures to rate, in random order: of each emotion the same number, as far as there are so many."""
    rng = Random(sample.seed)
    groups: dict[str, list[Picture]] = {emotion: [] for emotion in EMOTIONS}
    for picture in sorted(pictures.found, key=lambda one: one.name):
        groups.setdefault(picture.row.get("emotion", ""), []).append(picture)
    turns = zip_longest(*(shuffled(rng, group) for group in groups.values()))
    dealt = [picture for turn in turns for picture in turn if picture is not None]
    if sample.count is not None and sample.count > len(dealt):
        raise ValueError(f"count: expected at most {len(dealt):,}, the pictures there are (got {sample.count:,})")
    return shuffled(rng, dealt[: sample.count])


def share_out(pictures: Sequence[Picture], sample: Sample) -> list[list[Picture]]:
    """Return the pictures of each rater: each picture for `overlap` of them, no rater with two more than another.

    Whoever has the fewest is next, and of these who shares the fewest pictures with those already chosen: so everybody
    is compared with everybody. Each rater has an own order, for a face looks otherwise after another.
    """
    shares: list[list[Picture]] = [[] for _ in range(sample.raters)]
    together: Counter[tuple[int, int]] = Counter()
    for picture in pictures:
        chosen: list[int] = []
        for _ in range(sample.overlap):
            left = (rater for rater in range(sample.raters) if rater not in chosen)
            following = min(
                left, key=lambda one: (len(shares[one]), sum(together[one, other] for other in chosen), one)
            )
            for other in chosen:
                together[following, other] += 1
                together[other, following] += 1
            chosen.append(following)
        for rater in chosen:
            shares[rater].append(picture)
    return [shuffled(Random(sample.seed * 1000 + number), share) for number, share in enumerate(shares)]


def _task(config: str, picture: Picture, prefix: str, claims: bool) -> dict[str, Any]:
    task: dict[str, Any] = {"data": {IMAGE: prefix + quote(picture.file), PICTURE: picture.name, CONFIG: config}}
    if claims and (results := list(_claims(picture))):
        task["predictions"] = [{"model_version": label_source(picture.row), "result": results}]
    return task


def _claims(picture: Picture) -> list[dict[str, Any]]:
    """Return the labels that the sheet claims, as Label Studio's results; what is no label is left out."""
    row, results = picture.row, []
    if row.get(EMOTION) in EMOTIONS:
        choice = {"choices": [row[EMOTION]]}
        results.append(_result(EMOTION, IMAGE, "choices", choice))
    try:
        x, y = 50 * (1 + float(row.get(VALENCE, ""))), 50 * (1 - float(row.get(AROUSAL, "")))
    except ValueError:
        return results
    if math.isfinite(x) and math.isfinite(y) and 0 <= min(x, y) <= max(x, y) <= 100:
        point = {"x": round(x, 3), "y": round(y, 3), "width": 1, "keypointlabels": [POINT]}
        results.append(_result(PLANE, "plane", "keypointlabels", point))
    return results


def _result(name: str, to_name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "from_name": name, "to_name": to_name, "type": kind, "value": value}
