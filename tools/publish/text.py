"""Tables, sizes and times as text for a person."""

from __future__ import annotations

from collections.abc import Iterable


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in plain text; columns whose every cell is a number stand to the right."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(not cell.strip("0123456789,.") for cell in column[1:]) for column in columns]
    return "\n".join(
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)).rstrip()
        for line in zip(*columns, strict=True)
    )


def size(number: int) -> str:
    """Return a number of bytes: 512 bytes, 3.21 MB, 430 GB."""
    if number < 1000:
        return f"{number} bytes"
    scaled, unit = float(number), ""
    for unit in ("kB", "MB", "GB", "TB"):
        scaled /= 1000
        if scaled < 999.5:
            return f"{scaled:.3g} {unit}"
    return f"{scaled:,.0f} {unit}"


def duration(seconds: float) -> str:
    """Return a time: 42 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
