"""The section on the gaps of the balance: rare words, and crossings that are empty or far under their share."""

from __future__ import annotations

from collections.abc import Mapping

from tools.use.report.counts import Counted
from tools.use.report.gaps import Gaps, gaps
from tools.use.report.markup import Section, because, heading, more, note, paragraph, plural, table, text
from tools.use.report.show_contents import nothing
from tools.use.report.tree import Tree

LISTED = 24  # of each kind, for a size


def show_gaps(tree: Tree, counts: Mapping[str, Counted | str]) -> Section:
    """Return the section; `counts` has what was counted of each size, or why it could not be."""
    body, number, counted = "", 0, 0
    for size in tree.of_sizes():
        found = counts[size]
        body += heading(3, text(size)) if len(counts) > 1 else ""
        if isinstance(found, str):
            body += because(f"The rows of {text(size)} could not be counted", found)
            continue
        counted += 1
        gap = gaps(found.faces)
        number += len(gap.rare) + len(gap.gaps or ())
        body += _size(gap)
    title, body = "Gaps of the balance", body or nothing(tree)
    if not counted:
        return Section("gaps", title, "–", "not counted", "", body)
    # Fine is what was looked at as a whole.
    level = "warning" if number else "fine" if counted == len(tree.of_sizes()) else ""
    return Section("gaps", title, f"{number:,}", "gaps" if number != 1 else "gap", level, body)


def _size(found: Gaps) -> str:
    crossed = " × ".join(found.columns)
    body = paragraph(
        f"The words in the rows make {plural(found.possible, 'crossing')} of {crossed}; "
        f"{found.empty:,} {'is' if found.empty == 1 else 'are'} empty."
    )
    if found.rare:
        rows = [(one.column, text(one.word, 60), f"{one.rows:,}", f"{one.even:,.1f}") for one in found.rare]
        body += table("Words with less than half of an even share", ("column", "word", "rows", "even share"),
                      rows[:LISTED], numbers=(2, 3))  # fmt: skip
        body += more(len(rows), min(LISTED, len(rows)), "words")
    else:
        body += paragraph("Every word of these columns has at least half of an even share of the rows.")
    if found.gaps is None:
        return body + note("There are too many crossings to go through them: words there hardly repeat.")
    if not found.gaps:
        return body + paragraph(
            "No crossing is empty, or has far fewer rows than its words would give it by themselves."
        )
    lines = [
        (*(text(word, 60) for word in gap.words), f"{gap.rows:,}", f"{gap.share:,.1f}") for gap in found.gaps[:LISTED]
    ]
    width = len(found.columns)
    body += paragraph(
        "The share of a crossing is what its words alone would give it. Listed are those that are empty, and those "
        "with less than half of it by more than chance; first those that lack the most rows."
    )
    body += table(
        "Crossings that are empty or far under their share",
        (*found.columns, "rows", "share"),
        lines,
        (width, width + 1),
    )
    return body + more(len(found.gaps), len(lines), "crossings")
