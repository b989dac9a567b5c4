"""`python tools/annotate.py`: let people rate pictures in Label Studio, take back their labels, see who agrees."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if __package__ in (None, ""):  # run as a script: python tools/annotate.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.linting import ConfigName, fail, stop

if TYPE_CHECKING:  # loaded when a command runs, so that --help answers at once
    from tools.make.ratings.importing import Import
    from tools.make.ratings.labels import Outcome

AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words
AS_BEFORE = "its row is as before the ratings"
LISTED = 20  # cases of a kind that are told to a person; --json has all
LEFT_OUT = {
    "cancelled": "cancelled",
    "drafts": "drafts",
    "empty": "without an answer",
    "outside": "points beside the circle",
}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group()
def main() -> None:
    """Let people rate pictures in Label Studio.

    Exit status: 0 done, 1 something is left for a person to decide, 2 it could not run.
    """


@main.command("export")
@click.argument("data_dir", type=AS_PATH)
@click.option("--config", required=True, type=ConfigName(), metavar="NAME", help="Whose pictures to rate.")
@click.option("-o", "--out", required=True, type=AS_PATH, metavar="FOLDER", help="Where to write the project.")
@click.option("--count", type=click.IntRange(min=1), help="Pictures to draw, evenly by emotion. Default: all.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw and the order.")
@click.option("--raters", type=click.IntRange(1, 99), default=1, show_default=True, help="Files of tasks, one each.")
@click.option("--overlap", type=click.IntRange(min=1), help="Raters of each picture. Default: all.")
@click.option("--url", metavar="PREFIX", help="What goes before a picture's path. Default: Label Studio's local files.")
@click.option("--with-claims", "claims", is_flag=True, help="Show the sheet's labels as predictions: it biases.")
def export(
    data_dir: Path,
    config: str,
    out: Path,
    count: int | None,
    seed: int,
    raters: int,
    overlap: int | None,
    url: str | None,
    claims: bool,
) -> None:
    """Write tasks and labelling configuration of a Label Studio project."""
    from tools.make.ratings.tasks import XML, Sample, write_project

    try:
        sample = Sample(count, raters, overlap or raters, seed)
        project = write_project(config, data_dir, out, sample, url=url, claims=claims)
    except (OSError, ValueError) as error:
        fail(_plain(error))
    except KeyboardInterrupt:
        stop()
    for file in project.files:
        click.echo(file)
    click.echo(f"{project.pictures:,} pictures, each for {sample.overlap} of {raters} raters", err=True)
    for file in project.removed:
        click.echo(f"{file} removed: tasks of an export before, of which there are fewer files now", err=True)
    if project.missing:
        click.echo(f"{project.missing:,} rows have no picture yet, and no task", err=True)
    click.echo(f"In a new project, paste {XML} below Settings > Labeling Interface and import the tasks.", err=True)
    if url is None:
        root = data_dir.resolve().parent
        click.echo(
            "Start it with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true "
            f"LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={root} and add {data_dir.resolve()} as a storage of local files.",
            err=True,
        )


@main.command("import")
@click.argument("exports", type=AS_PATH, nargs=-1, required=True)
@click.option("--data-dir", required=True, type=AS_PATH, help="The raw tree whose pictures were rated.")
@click.option("--rater", metavar="NAME", help="Who rated all of it, where every rater had a Label Studio of their own.")
@click.option(
    "--on-tie",
    type=click.Choice(["skip", "keep", "fail"]),
    default="skip",
    show_default=True,
    help="Leave such a row as it was before the ratings, write all but its emotion, or write no row.",
)
@click.option(
    "--on-change",
    type=click.Choice(["keep", "write", "move"]),
    default="keep",
    show_default=True,
    help="Where most see another emotion than the path says: leave the row, write it, or move the picture, too.",
)
@json_option
def import_(
    exports: tuple[Path, ...],
    data_dir: Path,
    rater: str | None,
    on_tie: Literal["skip", "keep", "fail"],
    on_change: Literal["keep", "write", "move"],
    as_json: bool,
) -> None:
    """Merge ratings, as Label Studio exports them (JSON or JSON-MIN), into the labels.

    Every single rating is kept in ratings.csv; to import a file again changes nothing, and neither does another order.
    """
    from tools.make.ratings.importing import import_exports

    if rater is not None and not (rater.strip() and rater.isprintable()):
        raise click.UsageError("--rater needs a name")
    try:
        done = import_exports(exports, data_dir, rater=rater, on_tie=on_tie, on_change=on_change)
    except (OSError, ValueError) as error:
        fail(_plain(error))
    except KeyboardInterrupt:
        stop()
    if as_json:
        click.echo(json.dumps(done.as_json(), indent=1, ensure_ascii=False))
    else:
        for line in _told(done, on_tie, on_change):
            click.echo(line)
    undecided = any(
        outcome.unknown
        or outcome.shared
        or (outcome.ties and on_tie != "keep")
        or (outcome.changes and on_change == "keep")
        for outcome in done.outcomes.values()
    )
    sys.exit(1 if undecided else 0)


def _plain(error: OSError | ValueError) -> ValueError:
    """Return an error of a file with its name, which people gave, in front of the reason."""
    if isinstance(error, OSError) and error.strerror:
        return ValueError(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
    return ValueError(str(error))


def _told(done: Import, on_tie: str, on_change: str) -> Iterator[str]:
    yield f"ratings read: {done.read:,}, of them new: {done.new:,}"
    left_out = [f"{words}: {done.left_out[kind]:,}" for kind, words in LEFT_OUT.items() if done.left_out.get(kind)]
    if left_out:
        yield f"left out: {'; '.join(left_out)}"
    if done.superseded:
        yield f"rated again by the same rater, so that the later rating counts: {done.superseded:,}"
    for size, outcome in done.outcomes.items():
        yield f"{size}: pictures labelled by people: {outcome.labelled:,}, rows written: {outcome.written:,}"
        yield from _cases(outcome, on_tie, on_change)
    for report in done.reports:
        yield f"\n{report.as_text()}".rstrip("\n")


def _cases(outcome: Outcome, on_tie: str, on_change: str) -> Iterator[str]:
    tie = {"skip": AS_BEFORE, "keep": "its emotion is as before the ratings", "fail": "no row was written"}[on_tie]
    change = {"keep": f"{AS_BEFORE}: see --on-change", "write": "move the file, which the checks name"}
    yield from _listed([f"tie: {path}: {' and '.join(tied)}; {tie}" for path, tied in outcome.ties])
    said = [f"changed: {path}: {old or 'no emotion'} is {new} to most" for path, old, new in outcome.changes]
    yield from _listed([f"{line}; {change[on_change]}" if on_change in change else line for line in said])
    yield from _listed([f"moved: {path} to {now}" for path, now in outcome.moves])
    shared = "another picture has its name, so that its ratings know it by its path: label it with --on-change write"
    yield from _listed([f"not moved: {path}: {shared}" for path in outcome.shared])
    yield from _listed([f"unknown: no row has picture {name!a}: its ratings are kept" for name in outcome.unknown])


def _listed(lines: list[str]) -> Iterator[str]:
    yield from lines[:LISTED]
    if len(lines) > LISTED:
        yield f"... and {len(lines) - LISTED:,} more: --json has all"


@main.command()
@click.argument("path", type=AS_PATH, metavar="FILE|DATA_DIR")
@json_option
def agreement(path: Path, as_json: bool) -> None:
    """Report how far raters agree: of a data directory, an export, ratings.csv, or a CSV of EmoNet-Face.

    Exit status 1: a folder of the data directory has no annotations that can be read, and is left out.
    """
    import logging

    from tools.make.ratings.importing import reports

    logging.getLogger("DiffusionFER").setLevel(logging.ERROR)  # an alias of a category is no matter of agreement
    try:
        found, problems = reports(path)
    except (OSError, ValueError) as error:
        fail(_plain(error))
    except KeyboardInterrupt:
        stop()
    if as_json:
        click.echo(json.dumps([report.as_json() for report in found], indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(report.as_text() for report in found), nl=False)
    for problem in problems:
        click.echo(f"left out: {problem}", err=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
