"""The section on how the data are spread: the figures of the card, and words and scores as bars.

The figures are those of `tools.describe.figures`, drawn anew from the rows at hand.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow.compute as pc

from DiffusionFER import SUBSETS
from tools.describe.blocks.text import decimal, percent
from tools.describe.facts.description import Description
from tools.describe.figures import FIGURES
from tools.use.report.counts import MOST_VALUES, Counted, histogram
from tools.use.report.markup import Section, attribute, bar, because, heading, note, paragraph, plural, table, text
from tools.use.report.show_clip import COLUMN
from tools.use.report.tree import Pictures, Tree

SHOWN = ("circumplex", "balance")
DEMOGRAPHICS = ("ethnicity", "gender", "age")


def show_distributions(tree: Tree, counts: Mapping[str, Counted | str]) -> Section:
    """Return the section; `counts` has what was counted of each size, or why it could not be."""
    body, rows = "", 0
    for size, pictures in tree.of_sizes().items():
        body += heading(3, text(size))
        found = counts[size]
        if isinstance(found, str):
            body += because(f"The rows of {text(size)} could not be counted", found)
            continue
        rows += found.faces.rows
        body += _size(tree, pictures, found)
    for config in tree.configs:
        if SUBSETS[config].kind != "faces":
            body += heading(3, text(config)) + _emonet(tree, config)
    figure, said = (f"{rows:,}", "rows counted") if rows else ("–", "no rows of faces")
    return Section("distributions", "Distributions", figure, said, "", body or note("There are no rows to count."))


def _size(tree: Tree, pictures: Pictures, found: Counted) -> str:
    body = paragraph(f"{plural(found.faces.rows, 'row')} counted.")
    if found.left_out:
        left_out = plural(found.left_out, "row is", "rows are")
        body += note(
            f"{left_out} not counted, for the emotion, the valence, the arousal or the split cannot be published: "
            "see the findings."
        )
    description = Description(tree.data_dir, {found.faces.size: found.faces})
    for name in SHOWN:
        figure = FIGURES[name]
        try:
            drawn = base64.b64encode(figure.make(description)).decode()
        except ValueError as error:
            body += note(f"{text(error)}.")
            continue
        address, alt = f"data:image/svg+xml;base64,{drawn}", attribute(figure.alt(description), 4000)
        caption = text(figure.caption(description), 1000)
        body += f'<figure><img src="{address}" alt="{alt}"><figcaption>{caption}</figcaption></figure>\n'
    for column, words in found.words.items():
        body += _bars(column, words, found.faces.rows)
    return body + _scores(pictures)


def _bars(column: str, words: Mapping[str | None, int], rows: int) -> str:
    """Return a table of the most frequent words of a column with a bar for each; the rest is one line."""
    named = list(words.items())
    shown = named if len(named) <= MOST_VALUES + 1 else named[:MOST_VALUES]
    lines = [("not stated" if word is None else text(word, 60), count) for word, count in shown]
    if len(shown) < len(named):
        rest = sum(count for _, count in named[len(shown) :])
        lines.append((f"{len(named) - len(shown):,} other values", rest))
    largest = max(count for _, count in lines)
    cells = [(label, bar(count, largest), f"{count:,}", percent(count, rows)) for label, count in lines]
    return table(f"Rows by {column}", (column, "", "rows", "share"), cells, numbers=(2, 3))


def _scores(pictures: Pictures) -> str:
    """Return a histogram of the CLIP scores, where there are any."""
    rows = pictures.rows
    if rows is None or not rows.has(COLUMN):
        return ""
    values = np.asarray(rows.numbers(COLUMN).to_numpy(zero_copy_only=False), np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return ""
    steps = histogram(values)
    largest = max(count for _, _, count in steps)
    cells = [(f"{decimal(low)} to {decimal(high)}", bar(count, largest), f"{count:,}") for low, high, count in steps]
    return table("Rows by CLIP score", ("score", "", "rows"), cells, numbers=(2,))


def _emonet(tree: Tree, config: str) -> str:
    """Return who is shown in a config of EmoNet, by the demographics of its rows."""
    rows = tree.raw(config)
    if isinstance(rows, str):
        return because(f"The rows of {text(config)} cannot be read", rows)
    tables = [rows.table(split, ["demographics"]) for split in rows.splits]
    total = sum(one.num_rows for one in tables)
    body = paragraph(f"{plural(total, 'row')} counted.")
    for name in DEMOGRAPHICS:
        counts: Counter[str | None] = Counter()
        for one in tables:
            values = pc.value_counts(pc.struct_field(one["demographics"], name).combine_chunks())
            for value in values.to_pylist():
                word = value["values"]
                counts[None if word is None else str(word)] += value["counts"]
        if set(counts) <= {None}:
            body += paragraph(f"No row states {name}.")
            continue
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0] is None, item[0] or ""))
        body += _bars(name, dict(ordered), total)
    return body
