"""The figures of the card: in goes a Description, out come light pictures, the same bytes for the same data.

`FIGURES` has them by name; `BLOCKS` has, by the name of a marked block, what shows a figure in the card.
"""

from __future__ import annotations

from collections.abc import Callable

from tools.describe.facts.description import Description
from tools.describe.figures import balance, circumplex, gallery, grammar
from tools.describe.figures.figure import FOLDER, Figure

__all__ = ["BLOCKS", "FIGURES", "FOLDER", "Figure"]

FIGURES: dict[str, Figure] = {
    "circumplex": circumplex.FIGURE,
    "balance": balance.FIGURE,
    "gallery": gallery.FIGURE,
    "grammar": grammar.FIGURE,
}
BLOCKS: dict[str, Callable[[Description], str | None]] = {
    f"figure-{name}": figure.block for name, figure in FIGURES.items()
}
