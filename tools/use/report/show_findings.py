"""The section on what the linter found: a group for each rule, with the pictures that its first findings speak of."""

from __future__ import annotations

import bisect

import pyarrow.compute as pc

from tools.check.findings import Finding
from tools.check.rules import RULES
from tools.check.sheet.read import Sheet
from tools.use.report.markup import LONGEST, Section, cards, more, paragraph, plural, text
from tools.use.report.problems import Group
from tools.use.report.thumbnails import Thumbnails
from tools.use.report.tree import Pictures, Tree

MOST = 1_300_000  # characters of thumbnails
OPEN = 8  # groups that are open at first: what comes after them is opened by who wants it


def show_findings(tree: Tree) -> Section:
    """Return the section."""
    problems, thumbnails = tree.problems, Thumbnails(MOST)
    groups = problems.groups()
    if not groups:
        body = paragraph("The linter found no problem.")
    else:
        said = f"{plural(problems.errors, 'error')} and {plural(problems.warnings, 'warning')}, by rule."
        body = paragraph(said, "Errors keep a dataset from being published as it should be.")
        body += "".join(_group(tree, group, thumbnails, place < OPEN) for place, group in enumerate(groups))
    level = "error" if problems.errors else "warning" if problems.warnings else "fine"
    total = problems.errors + problems.warnings
    return Section("findings", "Findings of the linter", f"{total:,}", f"finding{'s' * (total != 1)}", level, body)


def _group(tree: Tree, group: Group, thumbnails: Thumbnails, is_open: bool) -> str:
    rule = RULES.get(group.rule)
    title = rule.title if rule else ""
    summary = (
        f'<span class="badge {group.severity}">{group.severity}</span> <span class="rule">{text(group.rule)}</span> '
        f'{text(title)} <span class="count">{group.count:,}</span>'
    )
    body = paragraph(f"<b>Why:</b> {text(rule.why, 1000)}") if rule and rule.why else ""
    body += paragraph(f"<b>How to mend:</b> {text(rule.mend, 1000)}") if rule and rule.mend else ""
    if rule and rule.fixable:
        body += paragraph("<code>--fix</code> of <code>validate</code> mends most of these.")
    body += cards(_place(tree, finding, thumbnails, rule.mend if rule else "") for finding in group.first)
    body += more(group.count, len(group.first), "findings")
    opened = " open" if is_open else ""
    return f"<details{opened}><summary><h3>{summary}</h3></summary>\n{body}</details>\n"


def _place(tree: Tree, finding: Finding, thumbnails: Thumbnails, mend: str) -> tuple[str, str]:
    place = text(finding.file, LONGEST)
    if finding.row or finding.line:
        place += f", row {finding.row}" if finding.row else f", line {finding.line}"
    if finding.column:
        place += f", {text(finding.column, 60)}"
    said = f'<p class="place">{place}</p><p>{text(finding.message, 480)}</p>'
    if finding.hint and finding.hint.casefold().rstrip(".") != mend.casefold().rstrip("."):
        said += f'<p class="hint">{text(finding.hint, LONGEST)}</p>'
    shown = picture_of(tree, finding)
    return (thumbnails.of(*shown) if shown else ""), said


def picture_of(tree: Tree, finding: Finding) -> tuple[Pictures, str] | None:
    """Return the picture that a finding speaks of, by its file or by its row of the sheet; None where it has none."""
    for pictures in tree.pictures.values():
        name = finding.file.removeprefix(f"{pictures.folder}/")
        if name != finding.file:
            return (pictures, name) if pc.index(pictures.images.names, name).as_py() >= 0 else None
    if not finding.row:
        return None
    for pictures in tree.of_sizes().values():
        rows = pictures.rows
        if rows and rows.name == finding.file and (place := _index(rows, finding.row)) is not None:
            name = pictures.files[place].as_py()
            return (pictures, name) if name else None
    return None


def _index(rows: Sheet, row: int) -> int | None:
    """Return the place among `rows` of the row that a spreadsheet shows under a number; they ascend."""
    count = rows.table.num_rows
    place = bisect.bisect_left(range(count), row, key=rows.row)
    return place if place < count and rows.row(place) == row else None
