"""The engines of this machine: threads, and processes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, InvalidStateError, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import Any

from tools.engine.base import Engine, EngineError
from tools.engine.parcel import opened, packed


@contextmanager
def threads(n: int | None = None) -> Iterator[Engine]:
    """Yield an engine of `n` threads, one a core if None."""
    n = n or os.cpu_count() or 1
    with ThreadPoolExecutor(n, "engine") as pool:
        yield _Threads(pool, n)


@contextmanager
def processes(n: int | None = None) -> Iterator[Engine]:
    """Yield an engine of `n` processes, one a core if None. They start with the first jobs, and each is a new Python.

    None is a fork: a fork of a process that has threads, as Arrow has, may stop for good.
    """
    n = n or os.cpu_count() or 1
    with ProcessPoolExecutor(n, multiprocessing.get_context("spawn"), _prepare) as pool:
        yield _Processes(pool, n)


class _Threads(Engine):
    def __init__(self, pool: Executor, n: int) -> None:
        self._pool, self._slots = pool, n

    def slots(self) -> int:
        return self._slots

    def _begin(self, work: Callable[[Any], Any], job: Any) -> Future[Any]:
        return self._pool.submit(work, job)


class _Cancellable(Future[Any]):
    """A future of a pool of processes that may be cancelled while they die.

    Over one that was, a pool of Python 3.11 stumbles: it prints a traceback, and others may be waited for for good.
    """

    def set_exception(self, exception: BaseException | None) -> None:
        with suppress(InvalidStateError):
            super().set_exception(exception)


class _Processes(_Threads):
    def _begin(self, work: Callable[[Any], Any], job: Any) -> Future[Any]:
        try:
            future = self._pool.submit(pickle.loads, packed(work, job))
        except BrokenProcessPool as error:
            raise _died() from error
        future.__class__ = _Cancellable
        return future

    def _result(self, future: Future[Any]) -> Any:
        try:
            return opened(future.result())
        except BrokenProcessPool as error:
            raise _died() from error


def _died() -> EngineError:
    return EngineError(
        "a process of this machine that did the work was killed, perhaps because memory ran out: run it again with "
        "fewer processes"
    )


def _prepare() -> None:
    """Let a process end with the one that started it: at once on Ctrl-C, without a word, and when that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_with, args=(parent.sentinel,), name="parent", daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
