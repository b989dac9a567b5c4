"""Reports of an evaluation: in goes an Evaluation, out comes text for a terminal, Markdown or JSON.

The same evaluation gives the same bytes. Names from files of strangers are made visible in text and escaped in
Markdown; JSON has every figure in full precision.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tools.check.findings import visible
from tools.describe.blocks.markdown import code, escaped, table
from tools.use.evaluate.result import Confusion, Estimate, Evaluation, Table

FORM = 1  # of the JSON; a change that breaks its readers counts it up
WIDTH = 100
CLASSES = 40  # the most that a confusion matrix of a terminal or a page has
NAME_ROOM = 30


def render_text(evaluation: Evaluation) -> str:
    """Return the report for a person at a terminal."""
    lines = [visible(line) for line in _head(evaluation)]
    for found in evaluation.tables:
        lines += ["", visible(found.title), *_text_table(found)]
        for note in found.notes:
            lines += textwrap.wrap(visible(note), WIDTH, initial_indent="  ", subsequent_indent="  ")
    if evaluation.confusion and len(evaluation.confusion.classes) <= CLASSES:
        lines += ["", _TITLE, *_columns(_confusion_cells(evaluation.confusion))]
    if notes := _notes(evaluation):
        lines += ["", *(line for note in notes for line in textwrap.wrap(visible(note, 2000), WIDTH))]
    return "\n".join(lines) + "\n"


def render_markdown(evaluation: Evaluation, picture: str | None = None) -> str:
    """Return the report as Markdown; `picture` is the file of the confusion matrix's picture, if there is one."""
    blocks = ["# Evaluation", "  \n".join(escaped(line) for line in _head(evaluation))]
    for found in evaluation.tables:
        blocks.append(f"## {escaped(found.title)}")
        head, *rows = _cells(found)
        cells = ([escaped(row[0]), *row[1:]] for row in rows)
        blocks.append(table(head, cells, head[1:]).rstrip("\n"))
        if found.notes:
            blocks.append("\n".join(f"- {escaped(note)}" for note in found.notes))
    if evaluation.confusion and len(evaluation.confusion.classes) <= CLASSES:
        blocks.append(f"## {_TITLE}")
        head, *rows = _confusion_cells(evaluation.confusion)
        cells = ([escaped(row[0]), *row[1:]] for row in rows)
        blocks.append(table([escaped(name) for name in head], cells, [escaped(n) for n in head[1:]]).rstrip("\n"))
        if picture:
            blocks.append(f"![The confusion matrix: shares of each true class]({picture})")
    if notes := _notes(evaluation):
        blocks += ["## Notes", "\n".join(f"- {escaped(note)}" for note in notes)]
    blocks.append(f"SHA-256 of the predictions: {code(_of(evaluation, 'predictions', 'sha256'))}")
    return "\n\n".join(blocks) + "\n"


def render_json(evaluation: Evaluation) -> str:
    """Return the report as JSON: what was evaluated, and tables of {value, low, high, resamples}; null: not defined."""
    document: dict[str, Any] = {"format": FORM, **evaluation.about, "notes": list(evaluation.notes), "tables": {}}
    for found in evaluation.tables:
        document["tables"][found.name] = {
            "title": found.title,
            "rows": [
                {"name": row.name, "count": row.count, **{name: asdict(of) for name, of in row.figures.items()}}
                for row in found.rows
            ],
            "notes": list(found.notes),
        }
    if evaluation.confusion:
        document["confusion_matrix"] = asdict(evaluation.confusion)
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


_TITLE = "Confusion matrix (rows: the truth; columns: the prediction)"


def _of(evaluation: Evaluation, *path: str) -> Any:
    found: Any = evaluation.about
    for name in path:
        found = found[name]
    return found


def _head(evaluation: Evaluation) -> Iterator[str]:
    data, bootstrap = _of(evaluation, "data"), _of(evaluation, "bootstrap")
    where = f"split {data['split']} of {data['config']}, {data['name']}" if data["config"] else data["name"]
    pictures = f"{data['pictures']:,} picture{'s' * (data['pictures'] != 1)}"
    yield f"{_of(evaluation, 'predictions', 'file')} against {where}: {pictures}"
    yield (
        f"In brackets {bootstrap['level']:.0%} intervals: percentiles of {bootstrap['samples']:,} bootstrap resamples "
        f"of the pictures, seed {bootstrap['seed']}"
    )


def _notes(evaluation: Evaluation) -> list[str]:
    wanted = _of(evaluation, "bootstrap", "samples")
    every = [of for found in evaluation.tables for row in found.rows for of in row.figures.values()]
    fewer = sum(of.low is not None and of.resamples < wanted for of in every)
    told = (
        f"figures whose interval leaves out resamples in which they are not defined: {fewer:,}; the JSON says how many"
    )
    return [*evaluation.notes, *([told] if fewer else [])]


def _cells(found: Table) -> list[list[str]]:
    rows = [[row.name, f"{row.count:,}", *(_shown(row.figures[name], found.percent) for name in found.columns)]
            for row in found.rows]  # fmt: skip
    return [["", "n", *found.columns], *rows]


def _shown(of: Estimate, percent: bool) -> str:
    def number(value: float) -> str:
        return f"{100 * value:.2f}" if percent else f"{round(value, 3) + 0.0:.3f}"  # + 0: no minus before a zero

    if of.value is None:
        return "-"
    if of.low is None or of.high is None:
        return number(of.value)
    return f"{number(of.value)} [{number(of.low)}, {number(of.high)}]"


def _text_table(found: Table) -> list[str]:
    return _columns(_cells(found))


def _columns(cells: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of cells in columns: the first to the left, numbers to the right."""
    shown = [
        [textwrap.shorten(visible(row[0]), NAME_ROOM, placeholder=" ..."), *map(visible, row[1:])] for row in cells
    ]
    widths = [max(len(row[place]) for row in shown) for place in range(len(shown[0]))]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(pairs)
        ).rstrip()
        for pairs in (list(zip(row, widths, strict=True)) for row in shown)
    ]


def _confusion_cells(confusion: Confusion) -> list[list[str]]:
    rows = [
        [name, *(f"{count:,}" for count in counts)]
        for name, counts in zip(confusion.classes, confusion.counts, strict=True)
    ]
    return [["", *confusion.classes], *rows]
