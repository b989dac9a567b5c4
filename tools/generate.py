"""The command that makes the embedded edition: its sheet, its pictures, and a contact sheet to look at.

In come paths; out come files and one line that says what was done.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a script: python tools/generate.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.engine_options import engine_at, engine_options
from tools.make.embedded import SHEET, contact_sheet, make_sheet, read_sheet, render_tree

ROOT = Path(__file__).resolve().parent.parent
AS_PATH = click.Path(path_type=Path)
workers_option = click.option(
    "--workers", type=click.IntRange(1), help="Processes to draw with; all cores if not given."
)
sheet_option = click.option(
    "--sheet", type=AS_PATH, default=ROOT / SHEET, help="The sheet; the checkout's if not given."
)


@click.group()
def main() -> None:
    """Make the embedded edition of DiffusionFER."""


@main.command()
@click.option("--out", type=AS_PATH, default=ROOT / SHEET, help="Where to write it; the checkout's sheet if not given.")
@workers_option
@engine_options
def sheet(out: Path, workers: int | None, scheduler: str | None) -> None:
    """Design the rows, draw each once for its digests, write dataset_sheet.csv."""
    _refuse_workers(workers, scheduler)
    try:
        with engine_at(scheduler) as engine:
            rows = make_sheet(out, workers=workers, engine=engine)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{out}: {len(rows)} rows")


@main.command()
@sheet_option
@click.option("--out", type=AS_PATH, default=Path("data"), show_default=True, help="The folder of the raw tree.")
@workers_option
@engine_options
def render(sheet: Path, out: Path, workers: int | None, scheduler: str | None) -> None:
    """Draw the pictures of the sheet into a raw tree; continues a run that was stopped.

    A Dask cluster draws them, and they are written by this process: its workers need not see --out.
    """
    _refuse_workers(workers, scheduler)
    try:
        with engine_at(scheduler) as engine:
            tree = render_tree(sheet, out, workers=workers, engine=engine)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{out}: {tree.rows} rows, {tree.drawn} drawn, {tree.removed} stale pictures removed")
    if tree.differing:
        click.echo(
            f"{tree.differing} rows have other bytes than {sheet} says: this Pillow draws or encodes differently; "
            f"{out / SHEET} has the digests of the files as they are",
            err=True,
        )


def _refuse_workers(workers: int | None, scheduler: str | None) -> None:
    if workers and scheduler:
        raise click.UsageError("--workers is of this machine: a Dask cluster has as many as were started")


@main.command("contact-sheet")
@click.argument("out", type=AS_PATH)
@sheet_option
@click.option("--columns", type=click.IntRange(1, 40), default=10, show_default=True, help="Portraits of each emotion.")
@click.option("--cropped", is_flag=True, help="Show the cropped variants.")
def contact(out: Path, sheet: Path, columns: int, cropped: bool) -> None:
    """Draw one picture with a line of portraits for each emotion."""
    try:
        contact_sheet(read_sheet(sheet), columns, cropped=cropped).save(out)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(out))


if __name__ == "__main__":
    main()
