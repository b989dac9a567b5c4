"""The section on how far people agree: raters of faces, and the annotators of EmoNet-Face, emotion by emotion.

The figures are those of `annotate agreement` and of `validate`; this module only sets them side by side.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from DiffusionFER import SUBSETS
from tools.check.annotations.agreement import Agreement, EmotionAgreement, agreement
from tools.check.sheet.read import size_of
from tools.make.ratings.agreement import EmotionRow, Report
from tools.make.ratings.importing import reports
from tools.make.ratings.kept import FILE
from tools.use.report.markup import Section, because, heading, note, paragraph, plural, table, text
from tools.use.report.tree import Tree

NONE = "Nobody rated or annotated these pictures here: there is neither a file of ratings nor annotations of EmoNet."
FACES = (
    "Pictures: those in which somebody saw the emotion, of which several people said what they see; full: all agree; "
    "partial: most do; none: as many say yes as no. Alpha is Krippendorff's."
)
EMONET = (
    "Judged: judgements; again: pictures judged more than once; agree: the share of them on which all say the same; "
    "alpha: Krippendorff's."
)
HQ = (
    "Mean: of the ratings, 0 to 7; differ: by how much two annotators do, on average; kappa: weighted by squares, the "
    "mean over pairs of raters."
)
BINARY = (
    "Present: the share of the judgements that say so; most: the share on which most agree; split: on which as many "
    "say yes as no."
)
DENIED = (
    "Of the pictures judged again, none was found by all to be without the emotion: it takes a yes for another "
    "annotator to be asked. Alpha, which counts agreement on a no as well, cannot be high here: compare emotions by "
    "agree."
)


def show_agreement(tree: Tree) -> Section:
    """Return the section."""
    kinds = {SUBSETS[config].kind for config in tree.configs}
    found: list[Report] = []
    problems: list[str] = []
    if kinds & {"hq", "binary"} or (tree.data_dir / FILE).exists():
        found, problems = _reports(tree)
    wanted = [one for one in found if _is_of(tree, one)]
    body = "".join(_report(tree, one) for one in wanted)
    body += "".join(because("Left out", line) for line in problems)
    for config in tree.configs:
        if SUBSETS[config].kind == "big":
            body += note(f"{text(config)} has one annotation a picture, so that nobody can agree or not.")
    pictures = sum(one.repeatedly for one in wanted)
    figure, counts = (f"{pictures:,}", "judged more than once") if wanted else ("–", "no ratings")
    return Section("agreement", "Agreement", figure, counts, "", body or note(NONE))


def _reports(tree: Tree) -> tuple[list[Report], list[str]]:
    """Return the agreement in each set of ratings, and why some cannot be read."""
    log = logging.getLogger("DiffusionFER")
    level = log.level
    log.setLevel(logging.ERROR)  # an alias of a category is no matter of agreement
    try:
        found, problems = reports(tree.data_dir)
        ours = [problem for problem in problems if problem.partition(":")[0] in tree.configs]
        return found, [tree.plain(ValueError(problem)) for problem in ours]
    except (OSError, ValueError) as error:
        return [], [tree.plain(error)]
    finally:
        log.setLevel(level)


def _is_of(tree: Tree, report: Report) -> bool:
    if report.kind != "faces":
        return report.what in tree.configs
    sizes = {size_of(config) for config in tree.configs if SUBSETS[config].kind == "faces"}
    return report.what.removeprefix("ratings of ") in sizes


def _report(tree: Tree, report: Report) -> str:
    body = heading(3, text(report.what))
    again = ("emotion of a picture", "emotions of pictures") if report.kind == "binary" else ("picture", "pictures")
    judged = f"{plural(report.repeatedly, *again)} judged more than once"
    body += paragraph(f"{plural(report.pictures, 'picture')}, {plural(report.raters, 'rater')}, {judged}.")
    if report.left_out:
        body += note(f"{plural(report.left_out, 'annotation was', 'annotations were')} left out: they cannot be read.")
    if report.alphas:
        names = [name if report.kind == "hq" else f"alpha of {name}" for name in report.alphas]
        body += table("Over all", names, [[_number(value) for value in report.alphas.values()]], range(len(names)))
    if report.kind == "faces":
        rows = [_face_row(row) for row in sorted(report.rows, key=_disputed)]
        head = ("emotion", "pictures", "full", "partial", "none")
        return body + table(f"Agreement of {report.what}", head, rows, range(1, 5)) + paragraph(FACES)
    listing = tree.listing(report.what)
    found = agreement(report.what, listing) if listing else None
    return body + (_emonet(report, found) if found else note("There is nothing to compare."))


def _face_row(row: EmotionRow) -> tuple[str, ...]:
    return text(row.emotion), f"{row.pictures:,}", _share(row.full), _share(row.partial), _share(row.none)


def _disputed(row: EmotionRow) -> tuple[bool, float, str]:
    return row.full is None, row.full or 0.0, row.emotion


def _emonet(report: Report, found: Agreement) -> str:
    others = {row.emotion: row for row in report.rows}
    rated = report.kind == "hq"
    head: tuple[str, ...] = ("emotion", "pictures", "judged", "mean" if rated else "present", "again", "agree")
    head += ("differ", "kappa", "alpha") if rated else ("most", "split", "alpha")
    ordered = sorted(found.rows, key=lambda row: (row.unanimous is None, row.unanimous or 0, row.emotion))
    rows = [tuple(_emonet_cells(row, others.get(row.emotion), rated)) for row in ordered]
    body = table(f"Agreement in {report.what}, the most disputed first", head, rows, range(1, len(head)))
    body += paragraph(EMONET, HQ if rated else BINARY)
    return body + (note(DENIED) if found.never_denied else "")


def _emonet_cells(row: EmotionAgreement, other: EmotionRow | None, rated: bool) -> Iterator[str]:
    yield text(row.emotion)
    yield f"{row.images:,}"
    yield f"{row.judgements:,}"
    yield _number(row.mean) if rated else _share(row.mean)
    yield f"{row.repeatedly:,}"
    yield _share(row.unanimous)
    if rated:
        yield _number(row.difference)
        yield _number(other.kappa if other else None)
    else:
        yield _share(other.partial if other else None)
        yield _share(other.none if other else None)
    yield _number(row.alpha)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2) + 0:.2f}"  # + 0: no minus before a zero
