"""The leaderboard: in go folders with runs, out come those that are finished and whole, as tables and as a file.

Only what was run is in it: a run that is not finished, has no figures of the test split, or whose files are not those
that it wrote, is left out, and told.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

from tools.describe.blocks.baselines import FORMAT, METRICS, OF, REFERENCES, tables
from tools.train.checkpoint import digest
from tools.train.methods import METHODS
from tools.train.runs import MODEL, PREDICTIONS, RUN, read

ORDER = (*REFERENCES, *METHODS)
MADE_BY = ("settings", "config", "data", "labels", "code")  # runs that have all of these in common are one, made twice


def collect(folders: Iterable[Path]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the entries of all finished runs below the folders, and a line for each that is left out, with why.

    Raises ValueError for a folder that is none.
    """
    entries: list[dict[str, Any]] = []
    left_out, seen = [], set()
    made: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder")
        for path in sorted(folder.rglob(RUN)):
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            try:
                entry = _entry(path.parent)
            except ValueError as error:
                left_out.append(str(error))
                continue
            by = json.dumps([entry[name] for name in MADE_BY], sort_keys=True)
            if by in made:
                left_out.append(f"{path.parent}: the run in {made[by]} is by the same settings, data and code")
                continue
            made[by] = path.parent
            entries.append(entry)
    return sorted(entries, key=_place), left_out


def _place(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    method = entry["method"]
    place = ORDER.index(method) if method in ORDER else len(ORDER)
    return entry["config"], entry["data"], entry["encoder"] or "", place, method, entry["seed"] or 0, entry["code"]


def _entry(folder: Path) -> dict[str, Any]:
    found = read(folder)
    if not found["finished"]:
        raise ValueError(f"{folder}: the run is not finished")
    if not found.get("test"):
        raise ValueError(f"{folder}: the run has no figures of a test split")
    settings, data, files = found["settings"], found["data"], found.get("files", {})
    try:
        method = settings["method"]
        wanted = [PREDICTIONS] if method in REFERENCES else [MODEL, PREDICTIONS]
        if method not in ORDER:
            raise ValueError(f"{folder}: there is no method {method!r}")
        for name in wanted:
            if name not in files or not (folder / name).is_file():
                raise ValueError(f"{folder}: {name} is missing")
            if digest(folder / name) != files[name]:
                raise ValueError(f"{folder}: {name} is not the file that the run wrote: its digest differs")
        if not isinstance(settings["seed"], (int, NoneType)):
            raise TypeError(f"the seed is {settings['seed']!r}")
        entry = {
            "method": method, "encoder": settings["encoder"], "seed": settings["seed"],
            "config": str(data["config"]), "data": _data(data), "code": str(found["code"]),
            "labels": data.get("labels"), "identity": data.get("identity"),
            "epochs": found["epochs"], "best_epoch": found["best_epoch"], "minutes": found["minutes"],
            "machine": found["machine"], "settings": settings,
            "test": {"pictures": found["test"]["pictures"], "digest": found["test"].get("digest"),
                     "bootstrap": found["test"]["bootstrap"],
                     **{name: {metric: _figure(found["test"][name][metric]) for metric in METRICS} for name in OF}},
        }  # fmt: skip
    except (LookupError, TypeError, AttributeError, OSError) as error:
        raise _damaged(folder, error) from None
    try:
        tables([entry])  # whatever else it says, it can be shown
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _damaged(folder, error) from None
    return entry


def _damaged(folder: Path, error: Exception) -> ValueError:
    return ValueError(f"{folder / RUN} is damaged ({type(error).__name__}: {error})")


def _data(data: Mapping[str, Any]) -> str:
    if data["repo_id"]:
        return f"{data['repo_id']}@{str(data['revision'])[:12]}"
    return f"local {str(data['train_pictures'])[:12]}"


def _figure(found: Sequence[float | None]) -> list[float | None]:
    values = list(found)
    if len(values) != 3 or not all(value is None or math.isfinite(value) for value in values):
        raise TypeError(f"a figure is {found!r}")
    return values


def results_text(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the entries as the file that the card's table is made from."""
    return json.dumps({"format": FORMAT, "runs": list(entries)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def table_text(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the tables of the card, as Markdown."""
    return tables(entries)


def run_text(found: Mapping[str, Any]) -> str:
    """Return what a finished run gave, for a person."""
    settings, epochs = found["settings"], found["epochs"]
    lines = [
        f"{settings['method']} on {found['data']['config']}, {settings['encoder']}, seed {settings['seed']}: "
        f"{epochs} epoch{'s' * (epochs != 1)} in {found['minutes']:.1f} min, best epoch {found['best_epoch']} "
        f"(validation CCC {found['validation_ccc']:.3f})"
    ]
    if not found["test"]:
        return f"{lines[0]}\nthere is no test split to predict\n"
    lines.append(f"test, {found['test']['pictures']:,} pictures:")
    for name in OF:
        cells = [f"{metric.upper()} {_shown(found['test'][name][metric])}" for metric in METRICS]
        lines.append(f"  {name}: {', '.join(cells)}")
    return "\n".join(lines) + "\n"


def _shown(figure: Sequence[float | None]) -> str:
    value, low, high = figure
    if value is None:
        return "not defined"
    return f"{value:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None else "")
