"""The page of the preview: in go a card and the folder of the shards, out comes one HTML file that holds all it needs.

It runs nothing and fetches nothing: a policy in the page itself says so to the browser, whatever the card says.
"""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from string import Template

from tools.check.card.file import read_bytes
from tools.check.card.read import Card, read_card
from tools.describe.policy import policy
from tools.describe.preview.body import render_body
from tools.describe.preview.chips import name_of, render_chips
from tools.describe.preview.rows import render_rows

STYLE = Path(__file__).with_name("page.css")
NO_HEADER = "The card has no header: the Hub shows no tags and warns whoever opens the page."
PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>$name</title>
<link rel="icon" href="data:,">
<style>$style</style>
</head>
<body>
<header>
<p class="name">$name</p>
$chips
</header>
<section class="rows" aria-label="First rows">
$rows
</section>
<main>
$body
</main>
</body>
</html>
""")


def render_page(path: Path, shards: Path, rows: int) -> str:
    """Return the page of a card, with the first `rows` rows of each split as far as `shards` has them.

    Raises ValueError, in one line, where there is no card or it cannot be read.
    """
    card = read_card(path.name, read_bytes(path), path.parent)
    _refuse_unreadable(card)
    style = STYLE.read_text(encoding="utf-8")
    return PAGE.substitute(
        policy=policy(style),
        style=style,
        name=escape(name_of(card.header or {})),
        chips=f'<p class="notice">{NO_HEADER}</p>' if card.header is None else render_chips(card.header),
        rows=render_rows(card, shards, rows),
        body=render_body(card, path.parent),
    )


def write_page(page: str, out: Path) -> None:
    """Write a page, whole or not at all. Raises ValueError, in one line, where it cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists() and not out.is_file():
            raise ValueError(f"{out} is not a regular file")
        partial = out.with_name(f"{out.name}.{os.getpid()}.partial")
        try:
            partial.write_text(page, encoding="utf-8", errors="replace")
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"{out} cannot be written: {error.strerror}") from None


def _refuse_unreadable(card: Card) -> None:
    if card.unreadable:
        raise ValueError(f"{card.name}: {card.unreadable}")
    if card.problem:
        line = "" if card.problem.index is None else f" (line {card.line_at(card.header_start + card.problem.index)})"
        raise ValueError(f"{card.name}: the header cannot be read: {card.problem.message}{line}")
    if card.opening and card.closing is None:
        raise ValueError(f"{card.name}: the header is not closed, expected a line of three dashes below it")
