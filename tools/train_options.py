"""What the commands that train and predict share: options, the progress bar, and how failures are said in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tools.linting import fail, stop

AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words
BATCH_SIZE = 32

_OPTIONS = (
    click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
                 help="Where to compute. auto: a GPU where there is one."),
    click.option("--workers", type=click.IntRange(0), default=2, show_default=True,
                 help="Processes that read pictures; 0: this one does."),
)  # fmt: skip


def machine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where it computes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def plainly() -> Iterator[None]:
    """End the command with one line for whatever a user can mend, and with status 2."""
    try:
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        fail(ValueError(f"this needs {error.name}, which is not installed: pip install 'diffusionfer[train]'"))
    from tools.publish.calls import HubError
    from tools.train.memory import said_of_memory

    try:
        yield
    except HubError as error:
        fail(ValueError(str(error)))
    except OSError as error:  # one that has a number is the system's, another one is in our words
        if error.errno and isinstance(error.filename, (str, Path)):
            fail(ValueError(f"{error.filename} cannot be read ({error.strerror})"))
        fail(error if error.errno else ValueError(str(error)))
    except ValueError as error:
        fail(error)
    except (RuntimeError, MemoryError) as error:
        if (said := said_of_memory(error)) is None:
            raise
        fail(ValueError(said))
    except KeyboardInterrupt:
        stop()


@contextmanager
def shown_bar(what: str, total: int) -> Iterator[Callable[[int], object]]:
    """Show a bar of pictures on a terminal; it is told how many more are done."""
    from tqdm import tqdm

    with tqdm(desc=what, total=total, unit=" pictures", disable=None) as bar:
        yield bar.update
