"""What a push is asked to do, and the ways in which it says no."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools.check.findings import Finding

Say = Callable[[str], None]


class PushError(Exception):
    """The push cannot run as asked; the message is one line for the user."""


class Refused(Exception):  # noqa: N818
    """The data or the card has faults; `findings` names them all. Nothing was published."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


class RehearsalStopped(Exception):  # noqa: N818
    """The push that was rehearsed failed, and has said why; `status` is its exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the push ended with status {status}")
        self.status = status


@dataclass(frozen=True)
class Options:
    """What to push and where; sizes in bytes, `configs` empty for all.

    `data_dir` is a folder, the URL of a remote one, or None for the embedded edition. `scheduler` is the address of a
    Dask cluster's, which does the work then.
    """

    repo_id: str
    work_dir: Path
    data_dir: Path | str | None = None
    configs: tuple[str, ...] = ()
    revision: str | None = None
    private: bool | None = None  # the visibility of a repository that is to be made; None: it must exist
    create_pr: bool = False
    tag: str | None = None
    plan_only: bool = False
    dry_run: bool = False
    max_shard_size: int = 500 * 10**6
    max_disk: int | None = None  # what shards may take on the disk; None: they are built first, and stay
    num_proc: int = field(default_factory=lambda: os.cpu_count() or 1)
    scheduler: str | None = None

    @property
    def sends_as_it_builds(self) -> bool:
        """Say whether shards go to the Hub while others are still to be built."""
        return self.max_disk is not None or self.scheduler is not None
