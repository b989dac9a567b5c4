"""What the commands that run on an engine share: the options that choose one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # the engine is loaded when a command runs, so that --help answers at once
    from tools.engine import Engine

OPTIONS = (
    click.option(
        "--engine",
        type=click.Choice(["local", "dask"]),
        default="local",
        show_default=True,
        help="Work on this machine, or on the workers of a Dask cluster.",
    ),
    click.option("--scheduler", metavar="ADDRESS", help="With --engine dask: its scheduler, such as tcp://host:8786."),
)


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --engine and --scheduler; it is called with `scheduler`, None for the local engine."""

    @functools.wraps(command)
    def checked(*arguments: Any, engine: str, scheduler: str | None, **given: Any) -> Any:
        if scheduler and engine != "dask":
            raise click.UsageError("--scheduler goes with --engine dask")
        if engine == "dask" and not scheduler:
            raise click.UsageError("--engine dask needs the address of its scheduler: --scheduler tcp://host:8786")
        return command(*arguments, scheduler=scheduler, **given)

    for option in reversed(OPTIONS):
        checked = option(checked)
    return checked


def engine_at(scheduler: str | None) -> AbstractContextManager[Engine | None]:
    """Return the context of the cluster of a scheduler; without one, of None. Entering raises EngineError."""
    from tools.engine import cluster

    return cluster(scheduler) if scheduler else nullcontext()
