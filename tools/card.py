"""`python tools/card.py`: render the card from its data; check dataset cards, this project's or any other."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: python tools/card.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.linting import Linting, below, fail, linting_options, say_mended, stop

CARD = "README.md"
SHEETS = ("dataset_sheet.csv", "dataset_sheet.parquet")  # as DiffusionFER.SHEET_NAMES, which takes long to load
AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words


@click.group()
def main() -> None:
    """Check dataset cards, and render this project's from its data."""


@main.command()
@click.argument("paths", nargs=-1, type=AS_PATH, metavar="[PATH]...")
@click.option(
    "--repo",
    type=AS_PATH,
    metavar="DIR",
    help="Check this folder, too, as it would be pushed; without PATH, its README.md is the card.",
)
@linting_options
def check(
    paths: tuple[Path, ...],
    repo: Path | None,
    fix: bool,
    **choice: Any,
) -> None:
    """Check cards offline: header, text, and what the two say of each other.

    PATH is a card or a folder with one; by default the README.md here. Exit status: 0 no error, 1 errors, 2 the check
    could not run.
    """
    linting = Linting(**choice)
    from tools.check.card.file import check_card_file
    from tools.check.fixes import mend

    try:
        cards = [path / CARD if path.is_dir() else path for path in paths or [repo or Path()]]
        if repo and not repo.is_dir():
            raise ValueError(f"{repo} is not a folder")
        for path in cards:
            checked = functools.partial(check_card_file, path, below(path.parent) + path.name)
            if fix:
                say_mended(path, mend(path, checked, linting.rules))
            linting.add(checked())
        if repo:
            from tools.check.repo.check import check_repo

            linting.add(check_repo(repo), base=below(repo))
        status = linting.show()
    except (OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    sys.exit(status)


@main.command()
@click.argument("folder", type=AS_PATH, default=Path())
@click.option("--check", "only_check", is_flag=True, help="Change nothing; show what would, and exit with 1 if any.")
@click.option("--data-dir", type=AS_PATH, metavar="DIR", help="The raw tree. Default: the embedded edition.")
@click.option("--work-dir", type=AS_PATH, default=Path(".work"), show_default=True, metavar="DIR",
              help="Where the shards are that a push or a rehearsal built.")  # fmt: skip
def render(folder: Path, only_check: bool, data_dir: Path | None, work_dir: Path) -> None:
    """Make the card's header, marked blocks, figures and Croissant anew from sheet, pictures and shards.

    FOLDER holds the README.md, by default the one here. Exit status: 0 the card is up to date now, 1 it was not
    (--check), 2 it cannot be rendered.
    """
    from tools.describe import stamp

    try:
        read = [folder / name for name in (stamp.CARD, stamp.DATASHEET, stamp.CROISSANT)]
        sheet = [data_dir / name for name in SHEETS] if data_dir else [stamp.ROOT / SHEETS[0]]
        given = [data_dir or work_dir / "embedded", work_dir / "shards"]

        def state() -> str:
            return stamp.digest(read + sheet, [*given, folder / "assets"])

        if stamp.known(work_dir, state()):
            click.echo(f"{folder / CARD} is up to date")
            return
        before = stamp.digest(sheet, given)
        stale = _render(folder, only_check, data_dir, work_dir)
        # What changed while it was read may not be what was rendered; the next run looks again.
        if (not stale or not only_check) and stamp.digest(sheet, given) == before:
            stamp.remember(work_dir, state())
    except (OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    sys.exit(1 if stale and only_check else 0)


def _render(folder: Path, only_check: bool, data_dir: Path | None, work_dir: Path) -> bool:
    """Render the card, or show how it would change; say whether it was out of date."""
    from tools.check.configs import configs_with_data
    from tools.check.findings import visible
    from tools.describe.facts.description import describe
    from tools.describe.facts.shards import other_labels
    from tools.describe.render import differences, render, write
    from tools.make.embedded import embedded_edition
    from tools.publish.shards import built_shards

    def say(line: str) -> None:
        click.echo(line, err=True)

    given, data_dir = data_dir, data_dir or embedded_edition(work_dir, say)
    shards = {config: built_shards(config, work_dir / "shards") for config in configs_with_data((), data_dir)}
    how = "python tools/push.py --rehearse" + (f" --data-dir {data_dir}" if given else "")
    if missing := [config for config, files in shards.items() if not files]:
        raise ValueError(f"{', '.join(missing)}: no shards in {work_dir / 'shards'}; to build them, run {how}")
    description = describe(data_dir, shards)
    files = render(folder, description)
    of_faces = {config: description.faces.get(config.partition("_")[0]) for config in shards}
    others = [
        f"{line}: build the shards again, by {how}"
        for config, faces in of_faces.items()
        if faces
        for line in other_labels(config, shards[config], faces)
    ]
    if others and not only_check:
        raise ValueError(others[0])
    if only_check:
        found = [*differences(folder, files), *others]
        for line in found:
            click.echo(visible(line))
        click.echo(f"{folder / CARD} is {'out of date: run card.py render' if found else 'up to date'}")
        return bool(found)
    changed = write(folder, files)
    for path in changed:
        click.echo(f"rendered {folder / path}")
    if not changed:
        click.echo(f"{folder / CARD} is up to date")
    return bool(changed)


if __name__ == "__main__":
    main()
