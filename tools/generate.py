"""The command that makes pictures: those that a sheet lacks, and the embedded edition with its sheet.

In come paths; out come files and one line that says what was done.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: python tools/generate.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click
from click.core import ParameterSource

from tools.engine_options import engine_at, engine_options
from tools.linting import fail, stop

ROOT = Path(__file__).resolve().parent.parent
SHEET = "dataset_sheet.csv"
SHOWN = 100  # lines of what could not be made: a terminal's worth
MODEL_OPTIONS = {  # of `images`, by their names in the code
    *("candidates", "batch", "model", "revision", "clip", "steps", "cfg_scale", "sampler", "width", "height"),
    *("devices", "no_safety_checker"),
}
AS_PATH = click.Path(path_type=Path)
workers_option = click.option(
    "--workers", type=click.IntRange(1), help="Processes to draw with; all cores if not given."
)
sheet_option = click.option(
    "--sheet", type=AS_PATH, default=ROOT / SHEET, help="The sheet; the checkout's if not given."
)


@click.group()
def main() -> None:
    """Make pictures: those that a sheet lacks, or the embedded edition with its sheet."""


@main.command()
@click.option("--out", type=AS_PATH, default=ROOT / SHEET, help="Where to write it; the checkout's sheet if not given.")
@workers_option
@engine_options
def sheet(out: Path, workers: int | None, scheduler: str | None) -> None:
    """Design the rows, draw each once for its digests, write dataset_sheet.csv."""
    from tools.make.embedded import make_sheet

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
    from tools.make.embedded import render_tree

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
    from tools.make.embedded import contact_sheet, read_sheet

    try:
        contact_sheet(read_sheet(sheet), columns, cropped=cropped).save(out)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(out))


@main.command()
@click.argument("data_dir", type=AS_PATH)
@click.option(
    "--backend",
    type=click.Choice(["sketch", "diffusers"]),
    default="sketch",
    show_default=True,
    help="The project's own renderer, or a Stable Diffusion pipeline.",
)
@click.option("--size", type=click.Choice(["small", "medium", "large"]), help="Only rows of this size. Default: all.")
@click.option(
    "--candidates",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Pictures that are drawn for a row, the best of which by CLIP is kept. Default: as many as it had, or 3.",
)
@click.option(
    "--batch", type=click.IntRange(1), metavar="N", default=4, show_default=True, help="Pictures at a time on a device."
)
@click.option("--model", metavar="MODEL", help="A model of the Hub, or a folder. Default: Stable Diffusion 1.5.")
@click.option("--revision", metavar="REVISION", help="Of the model on the Hub: a branch, tag or commit.")
@click.option("--clip", metavar="MODEL", help="The CLIP that chooses. Default: openai/clip-vit-base-patch32.")
@click.option("--steps", type=click.IntRange(1, 1000), metavar="N", help="Default: the row's, or 50.")
@click.option("--cfg", "cfg_scale", type=click.FloatRange(0, 100), metavar="X", help="Default: the row's, or 12.")
@click.option("--sampler", metavar="NAME", help="As the web UI names it. Default: the row's, or 'DPM++ 2M Karras'.")
@click.option("--width", type=click.IntRange(8, 4096), metavar="PIXELS", help="Default: the row's, or 512.")
@click.option("--height", type=click.IntRange(8, 4096), metavar="PIXELS", help="Default: the row's, or 512.")
@click.option(
    "--device",
    "devices",
    metavar="NAMES",
    default="auto",
    show_default=True,
    help="cpu, cuda, or several as cuda:0,cuda:1, with a process each. auto: all GPUs, or the CPU.",
)
@click.option("--no-safety-checker", is_flag=True, help="Keep what the model's safety checker would drop.")
@click.option(
    "--num-proc", type=click.IntRange(1), metavar="N", help="Processes that draw sketches. Default: one a core."
)
@engine_options
def images(
    data_dir: Path,
    size: str | None,
    devices: str,
    no_safety_checker: bool,
    num_proc: int | None,
    scheduler: str | None,
    model: str | None,
    clip: str | None,
    **given: Any,
) -> None:
    """Make the picture of each row of DATA_DIR/dataset_sheet.csv that has no file yet.

    What made a picture goes into the sheet. A run that is stopped leaves what it has made, and the next one goes on
    there. Exit status: 0 every row has its picture, 1 some rows have none, 2 the command could not run.
    """  # fmt: skip
    if num_proc and scheduler:
        raise click.UsageError("--num-proc is of this machine: a Dask cluster has as many as were started")
    if num_proc and given["backend"] == "diffusers":
        raise click.UsageError("--num-proc is of the sketch backend: the other has a process a device, see --device")
    if given["backend"] == "sketch":
        _refuse_model_options()
    lines = 0

    def tell(line: str) -> None:
        nonlocal lines
        lines += 1
        if lines <= SHOWN:
            _say(line)

    try:  # loading takes a second, in which Ctrl-C may come, too
        from tools.make.generation.base import CLIP, MODEL, Settings
        from tools.make.generation.samplers import SAMPLERS
        from tools.make.generation.walk import generate

        if given["sampler"] not in (None, *SAMPLERS):
            raise click.UsageError(f"--sampler: expected one of {', '.join(SAMPLERS)} (got {given['sampler']!r})")
        settings = Settings(
            **given,
            model=model or MODEL,
            clip=clip or CLIP,
            devices=tuple(name.strip() for name in devices.split(",")),
            safety_checker=not no_safety_checker,
        )
        with engine_at(scheduler) as engine:
            done = generate(data_dir, settings, size=size, workers=num_proc, engine=engine, tell=tell)
    except (OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    if lines > SHOWN:
        click.echo(f"... and {lines - SHOWN:,} lines more", err=True)
    click.echo(f"{data_dir}: {done.rows:,} rows, {done.there:,} had a picture, {done.made:,} made", nl=False)
    click.echo(f", {done.problems:,} have none" if done.problems else "")
    sys.exit(1 if done.problems else 0)


def _refuse_model_options() -> None:
    """Refuse options that say how a model draws, where the sketch renderer does, which would not heed them."""
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if given and option.name in MODEL_OPTIONS:
            raise click.UsageError(f"{option.opts[0]} is of the diffusers backend: give --backend diffusers, too")


def _say(line: str) -> None:
    """Show a line, in which may stand what a sheet has, beside the output proper."""
    from tools.check.findings import visible

    click.echo(visible(line), err=True)


if __name__ == "__main__":
    main()
