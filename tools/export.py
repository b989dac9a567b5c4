"""`python tools/export.py`: write a config in the format of another program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: python tools/export.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.linting import fail, stop
from tools.source_options import opened, source_options

AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words
# A test compares them with those of the library, which takes a second to load.
FORMATS = ("fer-zoo", "imagefolder", "webdataset", "zip", "coco")
SPLITS = ("train", "validation", "test")
LINKING = ("fer-zoo", "imagefolder", "coco")


@click.command()
@click.argument("form", type=click.Choice(FORMATS), metavar="FORMAT")
@click.argument("target", type=AS_PATH)
@source_options
@click.option("--split", "splits", type=click.Choice(SPLITS), multiple=True, help="Only this one; may be repeated.")
@click.option("--copy", is_flag=True, help="Copy pictures. By default they are hard links to the originals.")
def main(form: str, target: Path, source: dict[str, Any], splits: tuple[str, ...], copy: bool) -> None:
    """Write a config to TARGET, a new folder (or a zip), as FORMAT:

    fer-zoo (what FER-Zoo's type `custom` reads), imagefolder (with metadata.csv), webdataset (tar shards), zip (a
    folder a class), coco (face boxes).

    TARGET may be an export that this command made before, which is replaced; nothing else is ever written over. Exit
    status: 0 done, 2 it could not run, and TARGET is as it was.
    """
    if copy and form not in LINKING:
        raise click.UsageError(f"--copy goes with {', '.join(LINKING)}: the pictures in a {form} are copies anyway")
    try:
        from tools.check.findings import visible
        from tools.publish.calls import HubError
    except KeyboardInterrupt:  # they take a second to load
        stop()
    try:
        made = _export(form, target, source, splits, copy)
    except (HubError, OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    for note in made.notes:
        click.echo(note, err=True)
    copied = made.pictures - made.linked
    how = f"{made.linked:,} linked, {copied:,} copied" if form in LINKING else "copied"
    count = f"{made.pictures:,} picture{'s' * (made.pictures != 1)} ({how})"
    click.echo(f"{visible(str(target))}: {count} of {source['config']} as {form}")
    click.echo(f"load it: {visible(made.load, limit=10_000)}")


def _export(form: str, target: Path, source: dict[str, Any], splits: tuple[str, ...], copy: bool) -> Any:
    from tqdm import tqdm

    from tools.use.export.run import export

    data_dir = source["data_dir"]
    with opened(source) as rows:
        place = data_dir if isinstance(data_dir, Path) else None
        with tqdm(desc="pictures", unit=" pictures", disable=None) as bar:
            told = {"begin": bar.reset, "advance": bar.update}
            return export(rows, form, target, splits=splits, data_dir=place, copy=copy, **told)


if __name__ == "__main__":
    main()
