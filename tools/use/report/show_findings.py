"""The section on what the linter found: a group for each rule, with the pictures that its first findings speak of."""

from __future__ import annotations

from tools.check.findings import Finding
from tools.check.rules import RULES
from tools.use.report.markup import LONGEST, Section, cards, more, paragraph, plural, text
from tools.use.report.places import Places
from tools.use.report.problems import Group
from tools.use.report.thumbnails import Thumbnails
from tools.use.report.tree import Tree

MOST = 1_000_000  # characters of thumbnails
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
        places = Places(tree, [finding for group in groups for finding in group.first])
        body += "".join(_group(places, group, thumbnails, place < OPEN) for place, group in enumerate(groups))
    level = "error" if problems.errors else "warning" if problems.warnings else "fine"
    total = problems.errors + problems.warnings
    return Section("findings", "Findings of the linter", f"{total:,}", f"finding{'s' * (total != 1)}", level, body)


def _group(places: Places, group: Group, thumbnails: Thumbnails, is_open: bool) -> str:
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
    hints = {finding.hint for finding in group.first}
    usual = next(iter(hints)) if len(hints) == 1 < len(group.first) else rule.mend if rule else ""
    body += cards(_place(places, finding, thumbnails, usual) for finding in group.first)
    body += more(group.count, len(group.first), "findings")
    opened = " open" if is_open else ""
    return f"<details{opened}><summary><h3>{summary}</h3></summary>\n{body}</details>\n"


def _place(places: Places, finding: Finding, thumbnails: Thumbnails, usual: str) -> tuple[str, str]:
    """Return the picture of a finding and what it says; the hint where it is not the `usual` one of its group."""
    place = text(finding.file, LONGEST)
    if finding.row or finding.line:
        place += f", row {finding.row:,}" if finding.row else f", line {finding.line:,}"
    if finding.column:
        place += f", {text(finding.column, 60)}"
    said = f'<p class="place">{place}</p><p>{text(finding.message, 480)}</p>'
    if finding.hint.casefold().rstrip(".") != usual.casefold().rstrip("."):
        said += f'<p class="hint">{text(finding.hint, LONGEST)}</p>'
    shown = places.picture(finding)
    return (thumbnails.of(*shown) if shown else ""), said
