"""`python tools/import_images.py`: take pictures that a web UI made into a data directory, with their rows."""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.linting import fail, stop

AS_PATH = click.Path(path_type=Path)
SHOWN = 100  # lines of what was not taken: a terminal's worth


@click.command()
@click.argument("folder", type=AS_PATH)
@click.option("--data-dir", type=AS_PATH, required=True, help="The raw tree; it and its sheet are made where missing.")
@click.option("--size", type=click.Choice(["small", "medium", "large"]), required=True, help="Where they belong.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="train", show_default=True)
@click.option(
    "--grammar",
    "name",
    default="diffusionfer",
    show_default=True,
    metavar="NAME|FILE",
    help="What their prompts are of: a packaged grammar, or a JSON file of your own.",
)
def main(folder: Path, data_dir: Path, size: str, split: str, name: str) -> None:
    """Take the pictures of FOLDER that Stable Diffusion web UI made, by the recipes that it wrote into them.

    PNG, JPEG and WebP, in folders below it, too. The files are copied as they are. What was taken before is not taken
    twice, unless its file is gone.

    Exit status: 0 all are in the sheet, 1 some were not taken, 2 the command could not run.
    """
    from tools.check.findings import visible
    from tools.make.grammar_file import load
    from tools.make.importing import import_pictures

    lines = 0

    def tell(line: str) -> None:
        nonlocal lines
        lines += 1
        if lines <= SHOWN:
            click.echo(visible(line), err=True)

    try:
        done = import_pictures(folder, data_dir, size, split=split, grammar=load(name), tell=tell)
    except OSError as error:
        fail(ValueError(f"{error.filename or data_dir}: {error.strerror or type(error).__name__}"))
    except ValueError as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    if lines > SHOWN:
        click.echo(f"... and {lines - SHOWN:,} more", err=True)
    click.echo(
        f"{data_dir}: {done.files:,} pictures, {done.imported:,} imported, {done.known:,} known before, "
        f"{done.problems:,} not taken"
    )
    sys.exit(1 if done.problems else 0)


if __name__ == "__main__":
    main()
