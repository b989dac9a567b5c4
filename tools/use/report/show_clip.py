"""The section on the pictures that fit their prompts worst, by the CLIP scores of the sheet."""

from __future__ import annotations

import numpy as np

from tools.check.sheet.read import Sheet
from tools.describe.blocks.text import decimal
from tools.use.report.markup import Section, cards, heading, note, paragraph, plural, text
from tools.use.report.show_contents import nothing
from tools.use.report.thumbnails import Thumbnails
from tools.use.report.tree import Pictures, Tree

MOST = 400_000  # characters of thumbnails
LISTED = 24  # pictures of a size
COLUMN = "clip_score"


def show_clip(tree: Tree) -> Section:
    """Return the section."""
    thumbnails, body, lowest = Thumbnails(MOST), "", []
    for size, pictures in tree.of_sizes().items():
        rows = pictures.rows
        if rows is None:
            continue
        body += heading(3, text(size)) if len(tree.of_sizes()) > 1 else ""
        scores = _scores(rows)
        known = np.flatnonzero(np.isfinite(scores))
        if not len(known):
            body += note("No row has a CLIP score: the column <code>clip_score</code> is empty.")
            continue
        least, median = float(scores[known].min()), float(np.median(scores[known]))
        lowest.append(least)
        body += paragraph(
            f"{plural(len(known), 'row has', 'rows have')} a score.",
            f"The lowest is {decimal(least)}, the median {decimal(median)}.",
            f"{plural(len(scores) - len(known), 'row has', 'rows have')} none." if len(known) < len(scores) else "",
        )
        worst = known[np.argsort(scores[known], kind="stable")][:LISTED].tolist()
        body += cards(_card(pictures, rows, place, float(scores[place]), thumbnails) for place in worst)
    figure, counts = (decimal(min(lowest)), "lowest CLIP score") if lowest else ("–", "no CLIP scores")
    return Section("clip", "Worst CLIP scores", figure, counts, "", body or nothing(tree))


def _scores(rows: Sheet) -> np.ndarray:
    if not rows.has(COLUMN):
        return np.full(rows.table.num_rows, np.nan)
    return np.asarray(rows.numbers(COLUMN).to_numpy(zero_copy_only=False), np.float64)


def _card(pictures: Pictures, rows: Sheet, place: int, score: float, thumbnails: Thumbnails) -> tuple[str, str]:
    name = pictures.files[place].as_py() or ""
    prompt = rows.text("prompt")[place].as_py() if rows.has("prompt") else None
    said = f'<p class="place"><b>{decimal(score)}</b> {text(name, 120)}</p>'
    said += f"<p>{text(prompt)}</p>" if prompt else '<p class="hint">no prompt</p>'
    return thumbnails.of(pictures, name), said
