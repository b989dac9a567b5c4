"""The few pieces of HTML that the sections are made of. Whatever comes from data goes through `text` or `attribute`.

In go texts, out comes HTML: nothing in it runs, controls and marks of direction are spelled out, what is long is cut.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.check.findings import visible

LONGEST = 240  # characters of a text from the data


@dataclass(frozen=True)
class Section:
    """A section of the page: its id, its title, the figure that sums it up and what that counts, and its HTML.

    `level` is "error", "warning", "fine" or "" where the figure is neither good nor bad.
    """

    id: str
    title: str
    figure: str
    counts: str
    level: str
    body: str


def text(value: object, limit: int = LONGEST) -> str:
    """Return a text from the data as HTML: on one line, escaped, and with its direction of writing kept to itself."""
    return f"<bdi>{attribute(value, limit)}</bdi>"


def attribute(value: object, limit: int = LONGEST) -> str:
    """Return a text from the data as the value of an attribute."""
    shown = visible(str(value), limit)
    # A character that is spelled out takes up to ten.
    return html.escape(shown if len(shown) <= 2 * limit else f"{shown[: 2 * limit]}...")


def paragraph(*sentences: str) -> str:
    """Return a paragraph of sentences that are HTML already."""
    return f"<p>{' '.join(sentences)}</p>\n"


def note(sentence: str) -> str:
    """Return a paragraph that says why something is not shown."""
    return f'<p class="note">{sentence}</p>\n'


def because(said: str, why: object, limit: int = 480) -> str:
    """Return a note: what is not shown, which is HTML, and why, which is a text of unknown origin."""
    return note(f"{said}: {text(str(why).rstrip('.'), limit)}.")


def heading(level: int, words: str) -> str:
    """Return a heading; `words` are HTML."""
    return f"<h{level}>{words}</h{level}>\n"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """Return a table of cells that are HTML, in a box that scrolls where it is wider than the page.

    The columns `numbers` are set to the right; the first cell of a row is its heading.
    """
    right = set(numbers)
    kind = [' class="number"' if place in right else "" for place in range(len(head))]
    lines = [f'<div class="wide" tabindex="0" role="region" aria-label="{html.escape(caption)}">']
    lines.append(f"<table><caption>{html.escape(caption)}</caption>")
    cells = "".join(f'<th scope="col"{kind[place]}>{cell}</th>' for place, cell in enumerate(head))
    lines.append(f"<thead><tr>{cells}</tr></thead><tbody>")
    for row in rows:
        first = f'<th scope="row"{kind[0]}>{row[0]}</th>'
        others = "".join(f"<td{kind[place]}>{cell}</td>" for place, cell in enumerate(row) if place)
        lines.append(f"<tr>{first}{others}</tr>")
    return "\n".join(lines) + "\n</tbody></table></div>\n"


def bar(part: float, whole: float) -> str:
    """Return a bar that is filled as far as `part` is of `whole`; the number stands beside it."""
    width = 100 * part / whole if whole else 0
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rest" width="100" height="8"/><rect width="{width:.1f}" height="8"/></svg>'
    )


def cards(items: Iterable[tuple[str, str]]) -> str:
    """Return pictures with what is said of each, both HTML."""
    figures = "".join(f"<li>{picture}<div>{said}</div></li>\n" for picture, said in items)
    return f'<ul class="cards">\n{figures}</ul>\n' if figures else ""


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def more(total: int, shown: int, what: str) -> str:
    """Say how many of the things there are, where not all are shown."""
    return paragraph(f"{shown:,} of {total:,} {what} are shown.") if shown < total else ""
