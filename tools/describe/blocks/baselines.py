"""The card's tables of trained baselines: in goes the file of results, out come figures as means over seeds, and runs.

The file is what `diffusionfer train --leaderboard ... --output` writes. Nothing is computed here but means and standard
deviations over the seeds of one setting. What is the same in all runs is said in a sentence, so that the tables are
narrow enough for a phone; whatever differs has a column.
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
FIRST, OTHERS = ("ccc",), ("pcc", "rmse", "sagr")  # metrics of the first table, and of the one below it
METRICS = (*FIRST, *OTHERS)
REFERENCES = {  # what the methods are compared with
    "mean": "the mean of the training split for every picture",
    "ridge": "a ridge regression on the pixels of small pictures",
}
MEANS = (
    "Figures of the test split: means ± standard deviations (n - 1) over the seeds. CCC, PCC and SAGR: more is better, "
    "1 at most; RMSE: less is better. Minutes are of training, one run."
)
EACH = "Each run, with the 95% intervals of the bootstrap over the pictures of the test split"
SPACE = "\u00a0"  # a number stays on one line with its sign and its bracket

Run = Mapping[str, Any]


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
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        said = str(error).partition("\n")[0]
        raise ValueError(f"{FILE} holds no results ({type(error).__name__}: {said}): make it again") from None


def tables(runs: Sequence[Run]) -> str:
    """Return the tables of runs, as Markdown: means over seeds, and each run where a reader opens it."""
    facts = [_facts(run) for run in runs]
    code_of = _code_by_method(runs)
    differing = [name for name in facts[0] if len({of[name] for of in facts} - {""}) > 1]
    if code_of:
        differing = [name for name in differing if name != "code"]
    settings: dict[str, list[Run]] = {}
    for run, of in zip(runs, facts, strict=True):
        others = {name: value for name, value in run["settings"].items() if name != "seed"}
        settings.setdefault(json.dumps([run["method"], of, others], sort_keys=True), []).append(run)
    means = [
        (_which(some[0], differing), _means(some), [f"{len(some)}", _mean_minutes(some)]) for some in settings.values()
    ]
    each = [
        ([*_which(run, differing), _whole(run["seed"])], _intervals(run), [_whole(run["epochs"]), _mean_minutes([run])])
        for run in runs
    ]
    return (
        f"{MEANS}{_references(runs)}\n\n{_same(facts, differing, code_of)}"
        f"{_pair(['method', *differing], ['runs', 'minutes'], means)}\n"
        f"<details>\n<summary>{EACH}</summary>\n\n"
        f"{_pair(['method', *differing, 'seed'], ['epochs', 'minutes'], each)}\n"
        "</details>\n"
    )


def _facts(run: Run) -> dict[str, str]:
    """Return what a run was made by, but for method and seed, as Markdown; nothing where a run has no such thing."""
    settings = run["settings"]
    trained = bool(settings.get("epochs"))
    identity = run.get("identity") if run["method"] == "elim" else None  # the others make no use of it
    rate, start = settings.get("lr"), settings.get("weights")
    of = {
        "epochs at most": _whole(settings.get("epochs")),
        "patience": _whole(settings.get("patience")),
        "batch": _whole(settings.get("batch_size")),
        "rate": "of the method" if rate is None else f"{rate:g}",
        "precision": settings.get("amp") or "float32",
        "weights": f"{start[:12]}" if start else "random",
        "device": str(settings.get("device", "")),
        "processes": _whole(settings.get("processes")),
    }
    return {
        "config": code(run["config"]),
        "encoder": escaped(run["encoder"] or ""),
        **{name: escaped(text) if trained else "" for name, text in of.items()},
        "identity": escaped(", ".join(identity or ())),
        "data": code(run["data"]),
        "labels": code(str(run.get("labels") or "")[:12]),
        "test": code(str(run["test"].get("digest") or "")[:12]),
        "code": code(run["code"]),
    }


def _code_by_method(runs: Sequence[Run]) -> str:
    """Return which code made the runs of which method; nothing where that of one method differs."""
    methods: dict[str, list[str]] = {}  # by code
    for run in runs:
        some = methods.setdefault(code(run["code"]), [])
        if run["method"] not in some:
            some.append(run["method"])
    if len({method for some in methods.values() for method in some}) < sum(map(len, methods.values())):
        return ""
    if len(methods) == 1:
        return next(iter(methods))
    return ", ".join(f"{of} ({escaped(', '.join(some))})" for of, some in methods.items())


def _same(facts: Sequence[Mapping[str, str]], differing: Sequence[str], code_of: str) -> str:
    """Return the sentence that says what no column says."""
    said = []
    for name in facts[0]:
        values = {of[name] for of in facts} - {""}
        if name == "code" and code_of:
            said.append(f"code {code_of}")
        elif values and name not in differing and name not in ("labels", "test"):  # digests that say where data differs
            said.append(f"{name} {values.pop()}")
    return f"In all runs: {', '.join(said)}.\n\n" if said else ""


def _references(runs: Sequence[Run]) -> str:
    there = {run["method"] for run in runs}
    said = [f"{name} predicts by {what}" for name, what in REFERENCES.items() if name in there]
    return f" To compare with, without a network: {', '.join(said)}." if said else ""


def _which(run: Run, differing: Sequence[str]) -> list[str]:
    facts = _facts(run)
    return [escaped(run["method"]), *(facts[name] for name in differing)]


Line = tuple[Sequence[str], Mapping[tuple[str, str], str], Sequence[str]]  # which one, its figures, what it took


def _pair(which: Sequence[str], took: Sequence[str], lines: Iterable[Line]) -> str:
    """Return a table of the first metric and one of the others, with the same rows: all in one are too wide to read."""
    first = [(of, metric) for metric in FIRST for of in OF]
    others = [(of, metric) for metric in OTHERS for of in OF]
    upper, lower = [], []
    for begin, figures, end in lines:
        upper.append([*begin, *(figures[key] for key in first), *end])
        lower.append([*begin, *(figures[key] for key in others)])
    names = [[f"{of} {metric.upper()}" for of, metric in keys] for keys in (first, others)]
    numbers = ("seed", *took)
    return f"{table([*which, *names[0], *took], upper, numbers)}\n{table([*which, *names[1]], lower, numbers)}"


def _means(runs: Sequence[Run]) -> dict[tuple[str, str], str]:
    return {(of, metric): _mean([run["test"][of][metric][0] for run in runs]) for of in OF for metric in METRICS}


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return "not defined"
    return _number(statistics.fmean(known)) + (f" ±{SPACE}{statistics.stdev(known):.3f}" if len(known) > 1 else "")


def _intervals(run: Run) -> dict[tuple[str, str], str]:
    return {(of, metric): _interval(run["test"][of][metric]) for of in OF for metric in METRICS}


def _interval(found: Sequence[float | None]) -> str:
    value, low, high = found
    if value is None:
        return "not defined"
    return _number(value) + ("" if low is None or high is None else f" [{_number(low)},{SPACE}{_number(high)}]")


def _mean_minutes(runs: Sequence[Run]) -> str:
    known = [run["minutes"] for run in runs if run["minutes"] is not None]
    return f"{statistics.fmean(known):.1f}" if known else ""


def _whole(value: int | None) -> str:
    return "" if value is None else f"{int(value)}"


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # never -0.000
