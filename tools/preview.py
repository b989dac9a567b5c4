"""`python tools/preview.py`: show a card as the Hub does, with the first rows of each config."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable
from pathlib import Path

if __package__ in (None, ""):  # run as a script: python tools/preview.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.linting import fail, stop

CARD = "README.md"
OUT = Path(".work/preview.html")
AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words


@click.command()
@click.option("--card", type=AS_PATH, default=Path(CARD), show_default=True, help="The card, or the folder with one.")
@click.option(
    "--shards",
    type=AS_PATH,
    default=Path(".work/shards"),
    show_default=True,
    help="The folder below which the card's data files are, as tools/push.py builds them.",
)
@click.option("--rows", type=click.IntRange(1, 100), default=5, show_default=True, help="Rows of each split to show.")
@click.option("--out", type=AS_PATH, help=f"Where to write the page.  [default: {OUT}]")
@click.option("--serve", is_flag=True, help="Show the page on this machine until Ctrl-C, made anew on each reload.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --serve: this port instead of a free one.")
def main(card: Path, shards: Path, rows: int, out: Path | None, serve: bool, port: int | None) -> None:
    """Show a card as the Hub does: header as tags, text, figures, and the first rows of each config with pictures.

    The page is one HTML file that runs nothing and fetches nothing, whatever the card says. Exit status: 0 done, 2 the
    card cannot be read or the page cannot be written.
    """
    if serve and out:
        raise click.UsageError("--serve writes no file: leave out --out")
    if port is not None and not serve:
        raise click.UsageError("--port goes with --serve")
    from tools.describe.preview.page import render_page, write_page

    path = card / CARD if card.is_dir() else card
    render = functools.partial(render_page, path, shards, rows)
    try:
        if serve:
            _serve(render, port or 0)
        else:
            out = out or OUT
            if out.exists() and path.exists() and out.samefile(path):
                raise ValueError(f"{out} is the card itself: give --out another file")
            page = render()
            write_page(page, out)
            click.echo(f"{out}: {len(page.encode(errors='replace')):,} bytes")
    except (OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()


def _serve(render: Callable[[], str], port: int) -> None:
    from tools.describe.preview.serve import PreviewServer

    render()  # a card that cannot be shown is said here, and not in the browser
    try:
        server = PreviewServer(render, port)
    except OSError as error:
        raise ValueError(f"port {port} cannot be used: {error.strerror}") from None
    with server:
        click.echo(f"{server.address} (until Ctrl-C)")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
