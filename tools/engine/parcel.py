"""What travels between processes: a job with its function, and what became of it, each as bytes.

A job is a pickle that does the job where it is loaded. So whoever passes it on (the scheduler of a cluster) needs
nothing of this project, and an error comes back whole, whatever its class: pickle alone fails on an exception whose
`__init__` takes other arguments than `args`, and that breaks a pool of processes.
"""

from __future__ import annotations

import hashlib
import pickle
import platform
import sys
import traceback
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

# What decides, besides the job, the bytes of shards and pictures: these must be the same everywhere.
SAME_EVERYWHERE = ("diffusionfer", "datasets", "pyarrow", "pillow", "numpy")


class EngineError(ValueError):
    """The engine itself cannot do its work; the text is one line for the user."""


def difference(where: str, name: str, there: str, here: str) -> str:
    """Say that a worker has another version of something than is here."""
    return (
        f"the worker at {where} has {name} {there or '(none)'}, expected {here or '(none)'} as here: install that there"
    )


class RemoteTraceback(Exception):  # noqa: N818
    """The cause of an error that was raised in another process: where in the code there it was, as text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


@cache
def versions() -> dict[str, str]:
    """Return the versions that decide the bytes of results; the empty text for what is not installed."""
    found = {}
    for name in SAME_EVERYWHERE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    found["code of diffusionfer"] = _code()
    return found


def _code() -> str:
    """Return a digest of the project's code: two checkouts of one version may differ in what they write."""
    tools = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for file in [*sorted(tools.rglob("*.py")), tools.parent / "DiffusionFER.py"]:
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


class Job:
    """A job that is done where it is unpickled; unpickling gives what became of it, for `opened`."""

    def __init__(self, work: Callable[[Any], Any], job: Any, wanted: dict[str, str]) -> None:
        self._work, self._job, self._wanted = work, job, wanted

    def __reduce__(self) -> tuple[Callable[..., bytes], tuple[Any, ...]]:
        return done, (self._work, self._job, self._wanted)


def packed(work: Callable[[Any], Any], job: Any, *, anywhere: bool = False) -> bytes:
    """Return a job as bytes: `pickle.loads` of them does it, unless `anywhere` only where the versions are the same."""
    return pickle.dumps(Job(work, job, {} if anywhere else versions()), pickle.HIGHEST_PROTOCOL)


def done(work: Callable[[Any], Any], job: Any, wanted: dict[str, str]) -> bytes:
    """Do a job, and return its result or its error as bytes, for `opened`.

    A process that has other versions than `wanted`, for it joined later, does nothing: its bytes would be others.
    """
    try:
        if other := next((name for name in wanted if versions().get(name) != wanted[name]), None):
            raise EngineError(difference(platform.node(), other, versions().get(other, ""), wanted[other]))
        return pickle.dumps((work(job), None), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return _failure(error)


def opened(outcome: bytes) -> Any:
    """Return the result of a job, or raise its error."""
    result, failure = pickle.loads(outcome)
    if failure is None:
        return result
    error, text = failure
    raise error from RemoteTraceback(text)


class _Error:
    """An exception, taken apart so that it is put together again without its `__init__`."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __reduce__(self) -> tuple[Callable[..., BaseException], tuple[Any, ...]]:
        return _put_together, (type(self._error), self._error.args, self._error.__dict__)


def _put_together(kind: type[BaseException], args: tuple[Any, ...], members: dict[str, Any]) -> BaseException:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(members)
    return error


def _failure(error: Exception) -> bytes:
    """Return an error as bytes; one that cannot be pickled in any way becomes a RuntimeError with its text."""
    text = "".join(traceback.format_exception(*sys.exc_info()))
    for form in (error, _Error(error)):
        try:
            content = pickle.dumps((None, (form, text)), pickle.HIGHEST_PROTOCOL)
            again = pickle.loads(content)[1][0]
        except Exception:
            continue
        if type(again) is type(error) and str(again) == str(error):
            return content
    return pickle.dumps((None, (RuntimeError(f"{type(error).__name__}: {error}"), text)), pickle.HIGHEST_PROTOCOL)
