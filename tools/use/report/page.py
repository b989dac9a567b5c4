"""The page of the report: in go sections, out comes one HTML file that holds all it needs.

It runs nothing and fetches nothing, which a policy in the page says to the browser. Its first lines are a mark by which
a later report knows that the file may be replaced.
"""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path
from string import Template

from tools.describe.policy import policy
from tools.use.report.markup import Section

STYLE = Path(__file__).with_name("page.css")
MARK = "<!-- made by diffusionfer report; another report may replace it -->"
PAGE = Template("""\
<!DOCTYPE html>
$mark
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<link rel="icon" href="data:,">
<style>$style</style>
</head>
<body>
<header>
<h1>$title</h1>
<p>$intro</p>
</header>
<nav aria-label="Sections">
<ul>
$links
</ul>
</nav>
<main>
$sections
</main>
<footer><p>Made by <code>diffusionfer report</code>. The same data give the same page.</p></footer>
</body>
</html>
""")
LEVELS = {"error": "has errors", "warning": "look at it", "fine": "fine"}


def page(title: str, intro: str, sections: Sequence[Section]) -> str:
    """Return the page; `title` and `intro` are plain text."""
    style = STYLE.read_text(encoding="utf-8")
    return PAGE.substitute(
        mark=MARK,
        policy=policy(style),
        title=html.escape(title),
        style=style,
        intro=html.escape(intro),
        links="\n".join(map(_link, sections)),
        sections="\n".join(map(_section, sections)),
    )


def _link(section: Section) -> str:
    level = f' <span class="level">{LEVELS[section.level]}</span>' if section.level in LEVELS else ""
    title = f'<span class="title">{html.escape(section.title)}</span>'
    counts = f'<b>{section.figure}</b> <span class="counts">{section.counts}</span>'
    return f'<li class="{section.level or "plain"}"><a href="#{section.id}">{title} {counts}{level}</a></li>'


def _section(section: Section) -> str:
    return (
        f'<section id="{section.id}" aria-labelledby="{section.id}-title">\n'
        f'<h2 id="{section.id}-title">{html.escape(section.title)}</h2>\n{section.body}</section>'
    )


def refuse_others(out: Path) -> None:
    """Raise ValueError where there is something at `out` that is no report, which is not ours to replace.

    Also where nothing can be written there, as far as that is known before, for a look at many pictures takes long.
    """
    try:
        above = next(folder for folder in out.absolute().parents if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            raise ValueError(f"{out} cannot be written: {above.name or above} is no folder that you may write to")
        if not out.exists():
            return
        if out.is_file():
            with out.open("rb") as file:
                if MARK.encode() in file.read(200):
                    return
    except OSError as error:
        raise ValueError(f"{out} cannot be read: {error.strerror}") from None
    what = "a file that is no report" if out.is_file() else "no file"
    raise ValueError(f"{out} is {what}: give another name to --output, or move it away")
