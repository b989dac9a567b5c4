"""Shards that go to the Hub while others are still built, and leave the disk: that of this machine, or of a worker's.

In go shards as they are built; out go their contents, ahead of the commit that shows them all at once. A file is
dropped only when the Hub has its content.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Container
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from huggingface_hub import constants, get_token

from tools.publish.calls import HubError
from tools.publish.explain import without_password
from tools.publish.hub import DatasetRepository
from tools.publish.shard_build import Built, Job, build_alone
from tools.publish.shard_plan import PlannedShard
from tools.publish.shards import Shard
from tools.publish.uploads import SENDERS, Room, Traffic, is_kept


class Shipping:
    """Sends shards and drops their files, so that those on the disk stay below `most` bytes; use it in a `with`.

    `there` are the sha256 of what the Hub has: that is dropped without a word to it.
    """

    def __init__(
        self,
        repository: DatasetRepository,
        traffic: Traffic,
        *,
        most: int,
        max_shard_size: int,
        create_pr: bool,
        there: Container[str],
    ) -> None:
        self._repository, self._traffic, self._create_pr, self._there = repository, traffic, create_pr, there
        self._most, self._used, self._reserved = most, 0, dict[str, int]()
        self._changed, self._under_way = threading.Condition(), list[Future[None]]()
        self._room = Room(max_shard_size)
        self._pool = ThreadPoolExecutor(SENDERS, "send")

    def __enter__(self) -> Shipping:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._repository.stop()
        self._pool.shutdown(cancel_futures=kind is not None)

    def before(self, shard: PlannedShard) -> None:
        """Wait until there is room on the disk for a shard that is to be built. Raises what sending another raised."""
        with self._changed:
            while self._used and self._used + shard.most_bytes > self._most:
                self._changed.wait()
                self._raise_failures()
            self._used += shard.most_bytes
            self._reserved[shard.path] = shard.most_bytes

    def after(self, shard: Shard) -> None:
        """Take a shard that stands, and send it in the background."""
        with self._changed:
            self._used -= self._reserved.pop(shard.path, 0)
            if not shard.here:
                return
            if shard.sha256 in self._there or not shard.sound:  # what has errors must not leave this machine
                shard.file.unlink()
                return
            self._used += shard.size
            self._raise_failures()
            self._under_way.append(self._pool.submit(self._ship, shard))

    def finish(self) -> None:
        """Wait until everything is sent. Raises HubError."""
        for job in self._under_way:
            job.result()

    def _raise_failures(self) -> None:
        for job in self._under_way:
            if job.done():
                job.result()
        self._under_way = [job for job in self._under_way if not job.done()]

    def _ship(self, shard: Shard) -> None:
        try:
            with self._room.taken(shard.size):
                operation = self._repository.send(
                    shard.path,
                    shard.file,
                    revision=None,
                    create_pr=self._create_pr,
                    traffic=self._traffic,
                    sha256=shard.sha256,
                )
            if is_kept(operation):  # otherwise it goes with the commit: a small file, where the repository has no LFS
                shard.file.unlink()
        finally:
            with self._changed:
                self._used -= shard.size
                self._changed.notify_all()


@dataclass(frozen=True)
class Target:
    """Where a worker of a cluster sends shards. It has the token, which is in its own environment, and not in a job."""

    repo_id: str
    endpoint: str
    create_pr: bool


def build_and_send(job: Job, target: Target) -> Built:
    """Build a shard on a worker, send it from there, and drop it; a small one that does not go ahead comes back.

    Raises HubError where the worker has no token, or speaks to another Hub.
    """
    endpoint = without_password(constants.ENDPOINT)
    if endpoint != target.endpoint:
        raise HubError(f"a worker speaks to {endpoint}, not to {target.endpoint}: set HF_ENDPOINT for the workers")
    if not get_token():
        raise HubError("a worker has no token: set HF_TOKEN for the workers, to one with write access")
    path = job.shard.path
    with tempfile.TemporaryDirectory(prefix="diffusionfer-", dir=_scratch()) as folder:
        file = Path(folder, path)
        file.parent.mkdir()
        built = build_alone(job, Path(folder))
        if not built.is_sound:
            return built
        traffic = Traffic()
        repository = DatasetRepository(target.repo_id)
        operation = repository.send(
            path, file, revision=None, create_pr=target.create_pr, traffic=traffic, sha256=built.sha256
        )
        if is_kept(operation):
            return replace(built, sent=True, traffic=(traffic.sent, traffic.there))
        return replace(built, content=file.read_bytes())


def _scratch() -> str | None:
    """Return the folder that a Dask worker was given for such files; None where nobody was."""
    try:
        from distributed import get_worker

        return str(get_worker().local_directory)
    except (ImportError, ValueError):
        return None
