"""The picture of a confusion matrix: in go counts, out comes an SVG, light or dark as its reader prefers.

A cell shows which share of its true class was predicted so; the same counts give the same bytes.
"""

from __future__ import annotations

from tools.describe.figures.svg import MARGIN, MEDIUM, SMALL, WIDTH, Canvas, shortened
from tools.use.evaluate.result import Confusion

MOST = 12  # classes whose cells have room for a number
ROW, HEAD, FOOT = 50, 104, 22
LEFT, RIGHT = 132, 96  # room for the names of true classes, and for their counts
GAP = 3
HEAT = 0.45  # the opacity of a full cell: letters on it keep their contrast


def draw_confusion(confusion: Confusion) -> bytes | None:
    """Return the picture; None where there are more classes than it has room for."""
    classes = confusion.classes
    if len(classes) > MOST:
        return None
    totals = [sum(counts) for counts in confusion.counts]
    canvas = Canvas(HEAD + ROW * len(classes) + FOOT, "Confusion matrix", _says(confusion, totals))
    left, step = MARGIN + LEFT, (WIDTH - 2 * MARGIN - LEFT - RIGHT) / len(classes)
    canvas.text(MARGIN, 36, "True", MEDIUM, bold=True)
    canvas.text(left, 36, "Predicted, in percent of the true class", MEDIUM, bold=True)
    canvas.text(WIDTH - MARGIN, HEAD - 14, "pictures", SMALL, "quiet", anchor="end")
    for column, name in enumerate(classes):
        y = HEAD - 14 - 22 * (column % 2)  # in turns on two lines, so that a name may be wider than its column
        label = shortened(name, SMALL, 2 * step - 8)
        canvas.text(left + step * column + (step - GAP) / 2, y, label, SMALL, "quiet", anchor="middle")
    for row, name in enumerate(classes):
        top = HEAD + ROW * row
        canvas.text(MARGIN, top + 32, shortened(name, MEDIUM, LEFT - 10), MEDIUM)
        canvas.text(WIDTH - MARGIN, top + 32, f"{totals[row]:,}", SMALL, anchor="end")
        for column, count in enumerate(confusion.counts[row]):
            share = count / totals[row] if totals[row] else 0.0
            x = left + step * column
            edge = "line" if row == column else ""
            canvas.rectangle(x, top, step - GAP, ROW - GAP, "bar", opacity=HEAT * share, edge=edge)
            if count:
                canvas.text(x + (step - GAP) / 2, top + 31, _percent(share), SMALL, anchor="middle")
    return canvas.bytes()


def _percent(share: float) -> str:
    """Return a share in percent; what is neither none nor all is never written as if it were."""
    rounded = round(100 * share)
    if share and not rounded:
        return "<1"
    return ">99" if share < 1 and rounded == 100 else str(rounded)


def _says(confusion: Confusion, totals: list[int]) -> str:
    parts = []
    for row, name in enumerate(confusion.classes):
        counts = confusion.counts[row]
        said = ", ".join(f"{confusion.classes[at]} {count:,}" for at, count in enumerate(counts) if count)
        parts.append(f"{name} ({totals[row]:,}): {said or 'no picture'}")
    return f"Rows are true classes, columns predicted ones. {'; '.join(parts)}."
