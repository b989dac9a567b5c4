"""`python tools/explore.py`: look at the rows of a config by valence and arousal, with their pictures, in a browser."""

from __future__ import annotations

import sys
import threading
import webbrowser
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: python tools/explore.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.linting import fail, stop
from tools.source_options import opened, source_options


@click.command()
@source_options
@click.option("--split", help="Only this split. Default: all.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Serve on this port. Default: a free one.")
@click.option("--no-browser", is_flag=True, help="Print the address only; open no browser.")
def main(source: dict[str, Any], split: str | None, port: int, no_browser: bool) -> None:
    """Show the rows of a config as points by valence and arousal, coloured by emotion, each with its picture.

    The page is Apple's Embedding Atlas, served on this machine only, until Ctrl-C: choose by race, age, gender, split
    and scores, and all charts follow. It fetches nothing from outside. Exit status: 130 stopped, 2 it cannot be shown.
    """
    from tools.publish.calls import HubError

    try:
        _explore(source, split, port, no_browser)
    except (HubError, OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()


def _explore(source: dict[str, Any], split: str | None, port: int, no_browser: bool) -> None:
    from tools.check.findings import visible
    from tools.use.explore.pictures import thumbnails
    from tools.use.explore.points import read_points
    from tools.use.explore.serve import ExploreServer
    from tools.use.explore.viewer import viewer_files

    files = viewer_files()  # what is not installed is said before anything is read
    with opened(source) as rows:
        points = read_points(rows, [split] if split else list(rows.splits))
        try:
            server = ExploreServer(rows.config, rows.name, files, points, thumbnails(rows), _say, port)
        except OSError as error:
            raise ValueError(f"port {port} cannot be used: {error.strerror}") from None
        with server:
            if points.unplaced:
                _say(f"rows without valence or arousal, which are left out: {points.unplaced:,}")
            click.echo(visible(f"{rows.name}: {points.count:,} rows of {rows.config}"))
            click.echo(f"{server.address} (until Ctrl-C)")
            if not no_browser:  # beside the server: a browser of the terminal would not return
                threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
            server.serve_forever()


def _say(line: str) -> None:
    """Say a line beside the output proper; what a file or a server says in it does not act on the terminal."""
    from tools.check.findings import visible

    click.echo(visible(line), err=True)


if __name__ == "__main__":
    main()
