"""What the tests of the engines have done: functions that another process can load, and errors that they raise."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


class ShardError(Exception):
    """An error that pickle alone cannot bring back: its `__init__` takes other arguments than `args` holds."""

    def __init__(self, *, shard: str, status: int) -> None:
        super().__init__(f"{shard} was answered by {status}")
        self.shard, self.status = shard, status


class UnpicklableError(Exception):
    """An error that holds what no pickle can."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.held = lambda: text


def square(number: int) -> int:
    """Return the square of a number."""
    return number * number


def refuse(shard: str) -> None:
    """Raise what is named."""
    if shard == "unpicklable":
        raise UnpicklableError("it holds a function")
    raise ShardError(shard=shard, status=503)


def note(job: tuple[str, str, float]) -> str:
    """Note in a folder that a job begins and, seconds later, that it ends; "bad" fails in place of that."""
    folder, name, seconds = job
    Path(folder, f"{name}.begun").touch()
    time.sleep(seconds)
    if name == "bad":
        raise ShardError(shard=name, status=500)
    Path(folder, f"{name}.ended").touch()
    return name


def die_once(folder: str) -> int:
    """Kill the process that does this, the first time only; then return the number of another one."""
    try:
        Path(folder, "died").touch(exist_ok=False)
    except FileExistsError:
        return os.getpid()
    return die(folder)


def die(_: object) -> int:
    """Kill the process that does this."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def closure(_: object) -> object:
    """Return what no pickle can hold."""
    return lambda: None
