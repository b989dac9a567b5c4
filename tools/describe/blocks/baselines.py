"""The card's tables of trained baselines: in goes the file of results, out come figures as means over seeds, and runs.

The file is what `diffusionfer train --leaderboard ... --output` writes. Nothing is computed here but means and standard
deviations over the seeds of one setting.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.describe.blocks.markdown import code, escaped, table

NAME = "baselines"
FILE = Path("assets", "baselines.json")  # beside the card
FORMAT = 1
NONE = "*None was run.*\n"
OF = ("valence", "arousal")
METRICS = ("ccc", "pcc", "rmse", "sagr")
SETTING = ("config", "data", "method", "encoder")  # what runs have in common that differ in their seed
NOTE = (
    "Mean ± standard deviation (n - 1) over the seeds, on the test split. CCC, PCC and SAGR: more is better, 1 at "
    "most; RMSE: less is better. Minutes are of training, one run."
)
EACH = (
    "Each run, with the 95% interval of the bootstrap over the pictures of the test split. The code is the commit that "
    "trained; data is the commit of the repository, or the first digits of the digest of the pictures."
)


def baselines(content: bytes | None) -> str:
    """Return the block of a file of results; None stands for a file that is not there.

    Raises ValueError for a file of something else.
    """
    if content is None:
        return NONE
    try:
        found = json.loads(content)
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r} in place of {FORMAT}")
        return tables(found["runs"]) if found["runs"] else NONE
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = str(error).partition("\n")[0]
        raise ValueError(f"{FILE} holds no results ({type(error).__name__}: {said}): make it again") from None


def tables(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return both tables of runs, as Markdown."""
    settings: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for run in runs:
        others = {name: value for name, value in run["settings"].items() if name != "seed"}
        key = *(run[name] or "" for name in SETTING), json.dumps(others, sort_keys=True)
        settings.setdefault(key, []).append(run)
    means = [line for of in settings.values() for line in _mean_lines(of)]
    each = [line for run in runs for line in _run_lines(run)]
    columns = ["config", "method", "encoder", "training", "runs", "of", *(name.upper() for name in METRICS), "minutes"]
    numbers = ("runs", "minutes")
    of_runs = [
        "method",
        "encoder",
        "seed",
        "of",
        *(name.upper() for name in METRICS),
        "epochs",
        "minutes",
        "data",
        "code",
    ]
    return (
        f"{table(columns, means, numbers)}\n{NOTE}\n\n{EACH}\n\n{table(of_runs, each, ('seed', 'epochs', 'minutes'))}"
    )


def _mean_lines(runs: Sequence[Mapping[str, Any]]) -> Iterable[Sequence[str]]:
    first = runs[0]
    for name in OF:
        cells = [_mean([run["test"][name][metric][0] for run in runs]) for metric in METRICS]
        minutes = [run["minutes"] for run in runs if run["minutes"] is not None]
        begin = [code(first["config"]), escaped(first["method"]), escaped(first["encoder"] or "")]
        begin.append(escaped(_training(first["settings"])))
        spent = f"{statistics.fmean(minutes):.1f}" if minutes else ""
        yield [*begin, f"{len(runs)}", name, *cells, spent]


def _training(settings: Mapping[str, Any]) -> str:
    """Return in a few words what of the training can differ from the method's own settings."""
    if not settings.get("epochs"):
        return ""
    parts = [f"{settings['epochs']} epochs at most, batch {settings['batch_size']}"]
    if settings.get("lr"):
        parts.append(f"rate {settings['lr']:g}")
    parts += [str(settings["amp"])] * bool(settings.get("amp"))
    parts += ["from published weights"] * bool(settings.get("weights"))
    return ", ".join(parts)


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return "not defined"
    return _number(statistics.fmean(known)) + (f" ± {statistics.stdev(known):.3f}" if len(known) > 1 else "")


def _run_lines(run: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    begin = [escaped(run["method"]), escaped(run["encoder"] or ""), "" if run["seed"] is None else f"{run['seed']}"]
    minutes = "" if run["minutes"] is None else f"{run['minutes']:.1f}"
    end = ["" if run["epochs"] is None else f"{run['epochs']}", minutes, code(run["data"]), code(run["code"])]
    for name in OF:
        yield [*begin, name, *(_interval(run["test"][name][metric]) for metric in METRICS), *end]


def _interval(found: Sequence[float | None]) -> str:
    value, low, high = found
    if value is None:
        return "not defined"
    return _number(value) + ("" if low is None or high is None else f" [{_number(low)}, {_number(high)}]")


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # never -0.000
