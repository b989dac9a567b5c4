"""The engine whose jobs are done by the workers of a Dask cluster: Slurm, Kubernetes, SSH, whatever Dask runs on.

A worker has this project installed and sees the data at the same place; nothing else is asked of it, and of the
scheduler nothing at all. A job whose worker dies is done again by another one: that is Dask's work.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tools.engine.base import Engine, EngineError
from tools.engine.parcel import difference, opened, packed, versions

if TYPE_CHECKING:  # Dask takes a second to load, and is not needed without a cluster
    from distributed import Client, Worker

CONNECT_SECONDS = 10.0  # the longest wait for a scheduler's answer
WORKERS_SECONDS = 30.0  # the longest wait for a first worker: they may just be starting
LOST_SECONDS = 120.0  # the longest wait in a run for workers to come back
LOOK_SECONDS = 1.0  # how often a run looks how many workers there are
TIMEOUTS = (TimeoutError, asyncio.TimeoutError)  # one and the same from Python 3.11 on


@contextmanager
def cluster(scheduler: str) -> Iterator[Engine]:
    """Yield an engine of the workers of the Dask scheduler at an address as `tcp://host:8786`.

    Raises EngineError where Dask is not installed, the scheduler does not answer, no worker comes, or a worker has
    other versions than are here of what decides the bytes of results.
    """
    try:
        import distributed  # noqa: F401 - before its log is kept quiet, for this sets it up
    except ImportError:
        message = "a cluster needs the library distributed: pip install 'diffusionfer[dask]'"
        raise EngineError(message) from None
    with _quiet(), _connected(scheduler) as client:
        try:
            client.wait_for_workers(1, WORKERS_SECONDS)
        except TIMEOUTS:
            message = f"the scheduler at {scheduler} has no workers: start some, as by 'dask worker {scheduler}'"
            raise EngineError(message) from None
        engine = _Cluster(client, scheduler)
        engine.compare()
        yield engine


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    from distributed import Client
    from distributed.comm.addressing import get_address_host_port
    from distributed.versions import VersionMismatchWarning

    answer: Future[Client] = Future()

    def connect() -> None:
        try:
            answer.set_result(Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False))
        except Exception as error:
            answer.set_exception(error)

    try:
        get_address_host_port(scheduler)  # a client that is given nonsense leaves a thread behind
        with warnings.catch_warnings():
            # Dask compares every part of its own in a table of many lines; what matters to results is compared later.
            warnings.simplefilter("ignore", VersionMismatchWarning)
            # In a thread, for whoever takes a connection and then says nothing keeps a client waiting without end.
            threading.Thread(target=connect, name="connect", daemon=True).start()
            client = answer.result(CONNECT_SECONDS + 1)
    except Exception as error:  # of another kind for every kind of server that is no scheduler
        message = f"no Dask scheduler answers at {scheduler}: check the address, as tcp://host:8786, and that it runs"
        raise EngineError(message) from error
    with client:
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs of a lost connection or a cancelled job from stderr: it is said once, by an EngineError."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "tornado.application")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class _Cluster(Engine):
    is_cluster = True

    def __init__(self, client: Client, scheduler: str) -> None:
        self._client, self._scheduler = client, scheduler
        # Jobs are never taken for pure functions of their arguments: one that is given twice is done twice.
        self._executor: Any = client.get_executor(pure=False)
        # Of each job: the key by which Dask knows it, and what it calls.
        self._begun: WeakKeyDictionary[Future[Any], tuple[str, Callable[[Any], Any]]] = WeakKeyDictionary()
        self._slots, self._looked, self._seen = 1, -LOOK_SECONDS, time.monotonic()

    def slots(self) -> int:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            threads = sum(self._asked(self._client.nthreads).values())
            self._slots, self._looked = max(1, threads), now
            if threads:
                self._seen = now
        return self._slots

    def compare(self, work: Callable[[Any], Any] | None = None) -> None:
        """Raise EngineError where a worker has not the versions that are here, or cannot load `work`."""
        here = versions()
        for address, found in self._workers(pickle.loads, packed(_versions, work, anywhere=True)).items():
            if not isinstance(found, bytes):
                message = f"the worker at {address} cannot load this project ({_line(found)})"
                raise EngineError(f"{message}: install the same version of diffusionfer there")
            there = opened(found)
            for name, version in here.items():
                if there.get(name) != version:
                    raise EngineError(difference(address, name, there.get(name, ""), version))

    def _workers(self, call: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Return what each worker answers; an exception for one that cannot."""
        return dict(self._asked(self._client.run, call, *arguments, on_error="return"))

    def _asked(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Return what the scheduler answers. Raises EngineError where it does not."""
        try:
            return call(*arguments, **options)
        except (OSError, RuntimeError, *TIMEOUTS) as error:
            raise self._lost() from error

    def _lost(self) -> EngineError:
        return EngineError(f"the scheduler at {self._scheduler} was lost, or gave up the jobs: run it again")

    def _begin(self, work: Callable[[Any], Any], job: Any) -> Future[Any]:
        name = getattr(getattr(work, "func", work), "__name__", "job")  # as Dask's dashboard shows it
        key, parcel = f"{name}-{uuid.uuid4().hex}", packed(work, job)
        future: Future[Any] = self._asked(self._executor.submit, pickle.loads, parcel, key=key)
        self._begun[future] = key, work
        return future

    def _wait(self, under_way: Collection[Future[Any]]) -> set[Future[Any]]:
        while not (done := wait(under_way, LOOK_SECONDS, FIRST_COMPLETED).done):
            self.slots()
            if time.monotonic() - self._seen > LOST_SECONDS:
                message = f"the scheduler at {self._scheduler} has had no workers for {LOST_SECONDS:.0f} s"
                raise EngineError(f"{message}: start some, and run it again")
        return done

    def _result(self, future: Future[Any]) -> Any:
        from distributed import KilledWorker

        try:
            outcome = future.result()
        except KilledWorker as error:
            message = f"{error.allowed_failures + 1} workers died one after the other at the same job"
            hint = "see their logs (memory may have run out), then run it again"
            raise EngineError(f"{message}, the last at {error.last_worker.address}: {hint}") from error
        except CancelledError as error:
            raise self._lost() from error
        except Exception as error:  # nothing of the work's own: that comes as an outcome
            self.compare(self._begun[future][1])
            raise EngineError(f"a worker could not do a job ({_line(error)})") from error
        return opened(outcome)

    def _cancel(self, under_way: Collection[Future[Any]]) -> list[Future[Any]]:
        busy = self._workers(_busy) if under_way else {}
        running = {key for keys in busy.values() if isinstance(keys, list) for key in keys}
        return [future for future in under_way if self._begun[future][0] not in running and future.cancel()]

    def _stop(self, under_way: Collection[Future[Any]]) -> None:
        with suppress(Exception):  # a cluster that is gone does nothing more
            for future in under_way:
                future.cancel()


def _busy(dask_worker: Worker) -> list[str]:
    """Return the keys of the jobs that a worker is at; Dask calls this on each, and hands in the worker."""
    return [str(key) for key in dask_worker.active_threads.values()]


def _versions(_: object) -> dict[str, str]:
    return versions()


def _line(error: object) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
