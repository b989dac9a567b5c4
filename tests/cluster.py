"""A Dask cluster for the tests: a real scheduler and real workers, each in a process of its own, on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

PATIENCE = 60  # seconds that a process may take to start, on a machine that does other work, too
# Nothing that a test does not need, and nothing that waits: Dask reads this from the environment.
QUICK = {
    "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "[]",
    "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
}


@dataclass
class Cluster:
    """A cluster that runs: the address of its scheduler, and its processes."""

    address: str
    folder: Path
    environment: dict[str, str]
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_worker(self, **environment: str) -> int:
        """Start one more worker of one thread, with more in its environment, and return its number at once."""
        number = len(self.workers)
        # Without a nanny, so that a worker that is killed stays dead; without a limit of memory of its own.
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0", "--host", "127.0.0.1"]
        options += ["--name", f"worker-{number}", "--local-directory", str(self.folder / f"worker-{number}")]
        self.workers.append(
            _start("worker", self.address, *options, log=self.log(number), environment=self.environment | environment)
        )
        return number

    def kill(self, number: int) -> None:
        """End a worker by SIGKILL, and see it dead."""
        os.killpg(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait()

    def wait_for_workers(self) -> None:
        """Wait until every worker that was started and not killed is registered."""
        for number, process in enumerate(self.workers):
            if process.poll() is None:
                _wait_for(partial(_says, self.log(number), "Registered to:"), process, self.log(number))

    def log(self, number: int) -> Path:
        """Return the file that holds what a worker logs."""
        return self.folder / f"worker-{number}.log"


@contextmanager
def running_cluster(folder: Path, workers: int = 2, **environment: str) -> Iterator[Cluster]:
    """Yield a cluster whose workers are there; `environment` is added to that of its processes.

    `folder` takes its logs and the workers' folders. All its processes are ended, whatever happens.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = {**os.environ, **QUICK, **environment}
    told = folder / "scheduler.json"
    log = folder / "scheduler.log"
    # Port 0 is any that is free; which, the scheduler tells by the file.
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
    scheduler = _start("scheduler", *options, log=log, environment=given)
    cluster = Cluster("", folder, given, scheduler)
    try:
        _wait_for(partial(_address, told), scheduler, log)
        cluster.address = _address(told)
        for _ in range(workers):
            cluster.add_worker()
        cluster.wait_for_workers()
        yield cluster
    finally:
        for process in [*cluster.workers, scheduler]:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in [*cluster.workers, scheduler]:
            process.wait()


def _start(kind: str, *options: str, log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a command of Dask in a process group of its own, from a folder that is no checkout."""
    code = f"import sys; sys.argv[0] = 'dask'; from distributed.cli.dask_{kind} import main; main()"
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-c", code, *options],
            cwd=log.parent,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _address(told: Path) -> str:
    """Return the address in a scheduler's file, the empty text while it is not there or not whole."""
    try:
        return str(json.loads(told.read_text())["address"])
    except (OSError, ValueError):
        return ""


def _says(log: Path, text: str) -> bool:
    return text in log.read_text(errors="replace")


def _wait_for(there: Callable[[], object], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not there():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Dask did not start:\n{log.read_text()}")
        time.sleep(0.02)
