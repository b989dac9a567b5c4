"""How rendered tables write numbers and words: in go counts, sizes and untrusted words, out come texts of cells."""

from __future__ import annotations

from collections.abc import Callable

from tools.check.findings import visible
from tools.describe.blocks.markdown import escaped
from tools.describe.facts.description import Description, Faces

NO_BREAK = "\u00a0"  # a blank at which no browser breaks the line: cells of numbers are narrow
LONGEST = 40  # characters of a word of the sheet in a cell
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def human_size(size: int) -> str:
    """Return a number of bytes in decimal units with three digits, such as 66.0 kB."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    number = f"{value:#.3g}".rstrip(".") if unit else f"{size}"
    return f"{number}{NO_BREAK}{_UNITS[unit]}"


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal; what is neither none nor all is never written as if it were."""
    if 0 < part < whole and round(1000 * part / whole) in (0, 1000):
        return f"<{NO_BREAK}0.1%" if 2 * part < whole else f">{NO_BREAK}99.9%"
    return f"{100 * part / whole if whole else 0:.1f}%"


def decimal(number: float) -> str:
    """Return a number with three decimals, without the minus of a zero."""
    return f"{round(number, 3) + 0.0:.3f}"


def word(text: str | None) -> str:
    """Return a word of the sheet as a cell shows it; null is not stated."""
    if text is None:
        return "not stated"
    return escaped(visible(" ".join(text.split()), LONGEST)) or "(empty)"


def by_size(description: Description, block: Callable[[Faces], str | None]) -> str | None:
    """Return a block of each size that is at hand, under its name where there are several; None where there is none."""
    made = {size: text for size, faces in description.faces.items() if (text := block(faces))}
    titled = (f"Size **{size}**:\n\n{text}" if len(description.faces) > 1 else text for size, text in made.items())
    return "\n".join(titled) or None
