"""What every engine has in common: how jobs are handed out, taken back, and what happens when one of them fails."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

from tools.engine.parcel import EngineError

__all__ = ["AHEAD", "Engine", "EngineError"]

J = TypeVar("J")
R = TypeVar("R")

AHEAD = 2  # jobs a slot that are under way: one that is worked on, and one that waits for it


class Engine(ABC):
    """Does jobs, several at a time. Use it while the context that yields it is open."""

    is_cluster = False

    @abstractmethod
    def slots(self) -> int:
        """Return how many jobs can run at a time, now; at least 1. A cluster may grow and shrink while it runs."""

    def run(self, work: Callable[[J], R], jobs: Iterable[J]) -> Generator[tuple[J, R], None, None]:
        """Yield each job with the result of `work(job)`, in the order in which they are done.

        `jobs` is advanced only while fewer than 2 * slots() are under way, and by the caller's thread alone. Where
        `work` raises, no further job begins, those that run end and are yielded, and then the first error is raised.
        Whoever closes the generator stops what has not begun. On a cluster a job may be done twice, by a worker that is
        then lost and by another one, and what runs on a worker runs to its end, wanted or not. In processes and on a
        cluster `work` must be a function of a module (or `functools.partial` of one), and jobs, results and errors must
        be picklable.

        Raises EngineError where workers are lost for good, or cannot do the work.
        """
        left = iter(jobs)
        under_way: dict[Future[Any], J] = {}
        failed: BaseException | None = None
        more = True
        try:
            while True:
                while more and not failed and len(under_way) < AHEAD * self.slots():
                    try:
                        job = next(left)
                    except StopIteration:
                        more = False
                    else:
                        under_way[self._begin(work, job)] = job
                if not under_way:
                    break
                done = self._wait(under_way)
                for future in [future for future in under_way if future in done]:
                    job = under_way.pop(future)
                    try:
                        result = self._result(future)
                    except Exception as error:
                        if failed is None:
                            failed = error
                            for given_up in self._cancel(under_way):
                                del under_way[given_up]
                        continue
                    yield job, result
        finally:
            self._stop(under_way)
        if failed is not None:
            raise failed

    @abstractmethod
    def _begin(self, work: Callable[[J], Any], job: J) -> Future[Any]:
        """Hand out a job."""

    def _wait(self, under_way: Collection[Future[Any]]) -> set[Future[Any]]:
        """Return those of the futures that are done, at least one."""
        return wait(under_way, return_when=FIRST_COMPLETED).done

    def _result(self, future: Future[Any]) -> Any:
        """Return what the job of a future that is done gave, or raise what it raised."""
        return future.result()

    def _cancel(self, under_way: Collection[Future[Any]]) -> list[Future[Any]]:
        """Take back the jobs that have not begun, and return them."""
        return [future for future in under_way if future.cancel()]

    def _stop(self, under_way: Collection[Future[Any]]) -> None:
        """Take back what has not begun, and see to it that nothing runs on."""
        self._cancel(under_way)
        wait([future for future in under_way if not future.cancelled()])
