"""`python tools/card.py`: check dataset cards, this project's or any other."""

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
AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words


@click.group()
def main() -> None:
    """Check dataset cards."""


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


if __name__ == "__main__":
    main()
