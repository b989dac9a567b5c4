"""Pushes inside the process of a test, so that what is on the disk and on the way can be looked at meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.publish.bad_days import Way
from tests.publish.staging_http import REPO, Client
from tools.publish.forecast import Forecast
from tools.publish.options import Options
from tools.publish.push import push
from tools.publish.staging import StagingHub
from tools.publish.summary import Summary


@dataclass
class Inside:
    """Pushes a raw tree to a Hub, by a way that a test may make a bad one."""

    hub: StagingHub
    way: Way
    folder: Path
    data_dir: Path
    said: list[str] = field(default_factory=list)

    @property
    def work(self) -> Path:
        """The work directory."""
        return self.folder / "work"

    def push(self, **options: Any) -> Summary:
        """Push, and return what was done."""
        done = self._push(**options)
        assert isinstance(done, Summary)
        return done

    def plan(self, **options: Any) -> Forecast:
        """Return what a push would do."""
        planned = self._push(plan_only=True, **options)
        assert isinstance(planned, Forecast)
        return planned

    def _push(self, **options: Any) -> Summary | Forecast:
        given: dict[str, Any] = {"work_dir": self.work, "data_dir": self.data_dir, "private": False, "num_proc": 2}
        return push(Options(REPO, **given | options), self.said.append)

    def published(self) -> dict[str, str]:
        """Return the shards of main, path to sha256 or blob id."""
        reply = Client.of(self.hub).send("GET", f"/api/datasets/{REPO}/tree/main?recursive=true")
        files = [item for item in reply.json if item["type"] == "file"]
        return {
            item["path"]: item["lfs"]["oid"] if "lfs" in item else item["oid"]
            for item in files
            if item["path"].endswith(".parquet")
        }

    def on_disk(self) -> dict[str, int]:
        """Return the shards in the work directory, finished or not, name to size."""
        found = {}
        for folder, _, names in os.walk(self.work / "shards"):
            for name in names:
                try:
                    found[f"{Path(folder).name}/{name}"] = (Path(folder) / name).stat().st_size
                except FileNotFoundError:  # just now
                    continue
        return found


@contextmanager
def inside(folder: Path, data_dir: Path) -> Iterator[Inside]:
    """Yield pushes to an empty Hub."""
    from tests.publish import staging_http

    with StagingHub(folder / "store", staging_http.TOKENS) as hub, Way.to(hub, folder) as way:
        yield Inside(hub, way, folder, data_dir)
