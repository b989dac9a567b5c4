"""What the commands that use the data share: the options that name a config and its place, and how it is opened."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools.linting import ConfigName, DataDir

if TYPE_CHECKING:  # what reads rows is loaded when a command runs, so that --help answers at once
    from tools.use.rows import Rows

DEFAULT_REPO = "FER-Universe/DiffusionFER"

OPTIONS = (
    click.option("--data-dir", type=DataDir(),
                 help="A raw tree, its URL, or a folder of shards. Default: the repository of the Hub."),
    click.option("--repo-id", metavar="REPO", help=f"The dataset repository. Default: {DEFAULT_REPO}."),
    click.option("--revision", help="A branch, tag or commit of the repository. Default: main."),
    click.option("--config", type=ConfigName(), metavar="NAME", default="small_original", show_default=True,
                 help="The config."),
)  # fmt: skip


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options above; it is called with `source`, which `opened` takes."""

    @functools.wraps(command)
    def checked(
        *arguments: Any,
        data_dir: Path | str | None,
        repo_id: str | None,
        revision: str | None,
        config: str,
        **given: Any,
    ) -> Any:
        if data_dir is not None and (repo_id or revision):
            raise click.UsageError(f"--{'repo-id' if repo_id else 'revision'} goes with the Hub, not with --data-dir")
        repository = None if data_dir is not None else repo_id or DEFAULT_REPO
        source = {"config": config, "data_dir": data_dir, "repo_id": repository, "revision": revision}
        return command(*arguments, source=source, **given)

    for option in reversed(OPTIONS):
        checked = option(checked)
    return checked


@contextmanager
def opened(source: dict[str, Any]) -> Iterator[Rows]:
    """Open the rows that the options name; waits for the Hub are said on stderr. Raises what `open_rows` raises."""
    from tools.use.rows import open_rows

    with open_rows(**source, say=lambda line: click.echo(line, err=True)) as rows:
        yield rows
