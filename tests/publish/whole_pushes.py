"""Whole pushes of a small dataset to a staging Hub on which things go wrong: what there was before, and what to expect.

In come a kind of push and the faults of the Hub; out go pushes in this process, whose waits take no time, and what the
Hub then has.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from tests.environments import ROOT
from tests.publish.bad_days import Way
from tests.publish.editions import write_editions
from tests.publish.staging_http import REPO, TOKENS
from tools.check.card.check import check_card
from tools.check.findings import Finding
from tools.publish import calls, wire
from tools.publish.flip import publish
from tools.publish.hub import HubError
from tools.publish.push import Options, push
from tools.publish.retry import Retries
from tools.publish.staging import StagingHub
from tools.publish.staging.repository import Repository
from tools.publish.summary import Summary

ANOTHER = "hf_write_another"  # a token, for when the first is valid no longer
TAG = "v2"
SILENCE = 0.25  # seconds after which an answer is taken for one that never comes
SOMEBODY = "somebody-else"
DEFAULTS: dict[str, Any] = publish.__kwdefaults__ or {}


@dataclass(frozen=True)
class Kind:
    """A kind of push: its options, how many files a commit takes, from how many bytes on a file is sent in parts.

    `begins` is what there is before it: nothing, the first edition, or beside that a push that was never finished.
    """

    options: dict[str, Any] = field(default_factory=dict)
    files_a_commit: int | None = None
    part_size: int = 10**8
    begins: str = "first"


KINDS = {
    "commit": Kind({"tag": TAG}),
    "request": Kind({"tag": TAG}, files_a_commit=3),
    "parts": Kind(part_size=3000),
    "branch": Kind({"revision": "next"}),
    "new": Kind({"private": False}, begins="nothing"),
    "other": Kind(files_a_commit=3, begins="abandoned"),
}


@functools.cache
def _findings(path: str, card: bytes, folder: Path) -> list[Finding]:
    return list(check_card(path, card, folder))


def _check_card(path: str, card: bytes, _: Path) -> list[Finding]:
    """Return what the checks say of a card, which are the slowest part of a small push, and the same in each."""
    return _findings(path, card, ROOT)


@dataclass
class World:
    """A Hub, and pushes to it; `said` and `waits` are what they said and the seconds that they would have waited."""

    hub: StagingHub
    way: Way
    options: Options
    limit: int | None
    ours: int = 0  # commits that we had made before
    said: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def push(self, **changed: Any) -> Summary:
        """Push, with a patience that takes no time."""
        with pytest.MonkeyPatch.context() as patch:
            if self.limit:
                patch.setitem(DEFAULTS, "files_a_commit", self.limit)
            if any(fault.what == "hang" for fault in self.hub.faults.unfired):
                patch.setattr(wire, "SILENCE", SILENCE)
                for own in ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"):  # the client has limits for downloads
                    patch.setattr(constants, own, SILENCE)
            patch.setattr(calls, "Retries", lambda **given: Retries(**{**given, "sleep": self.waits.append}))
            for place in ("push", "release"):
                patch.setattr(f"tools.publish.{place}.check_card", _check_card)
            summary = push(replace(self.options, **changed), self.said.append)
            assert isinstance(summary, Summary)
            return summary

    @property
    def repository(self) -> Repository | None:
        """The repository, whatever it is called by now."""
        return self.hub.store.find(REPO)

    def files(self, branch: str | None = None) -> dict[str, str]:
        """Return the files of a branch (default: that of the push), each with the hash of what a reader really gets."""
        if (repository := self.repository) is None:
            return {}
        refs = repository.state.refs
        head = refs.get(f"refs/heads/{branch or self.options.revision or 'main'}")
        if head is None:
            return {}
        found = {}
        for path, blob in repository.listing(head).files.items():
            sent = repository.large.path(blob.pointer.sha256).read_bytes() if blob.pointer else repository.content(blob)
            found[path] = hashlib.sha256(sent).hexdigest()
        return found

    def commits(self) -> list[str]:
        """Return the ids of our commits on the branch, newest first, without those of before."""
        if (repository := self.repository) is None:
            return []
        refs = repository.state.refs
        head = refs.get(f"refs/heads/{self.options.revision or 'main'}", refs["refs/heads/main"])
        ours = [oid for oid, commit in repository.history(head) if commit.author != SOMEBODY]
        return ours[: len(ours) - self.ours]

    def tags(self) -> dict[str, str]:
        """Return the tags with their commits."""
        refs = self.repository.state.refs if self.repository else {}
        return {name.rpartition("/")[2]: oid for name, oid in refs.items() if name.startswith("refs/tags/")}

    def requests(self) -> list[str]:
        """Return the status of each pull request."""
        return [str(request["status"]) for request in self.repository.state.discussions] if self.repository else []


@dataclass
class Worlds:
    """Where worlds come from: each begins as one of those in `folder` that were made once."""

    folder: Path
    number: int = 0

    @classmethod
    def prepared(cls, folder: Path) -> Worlds:
        """Make what worlds begin with."""
        worlds = cls(folder)
        first, second = write_editions(folder / "data", 12, 16)
        third = folder / "data" / "third"
        shutil.copytree(second, third)
        sheet = third / "dataset_sheet.csv"
        sheet.write_text(sheet.read_text().replace("white teen", "white adult"))
        (folder / "nothing" / "work").mkdir(parents=True)
        with worlds.world(Kind({"private": False}, begins="nothing"), kept=True) as world:
            world.push(data_dir=first)
        world.options.work_dir.parent.rename(folder / "first")
        with worlds.world(Kind(files_a_commit=3), "500@merge:1-", kept=True) as world:
            with pytest.raises(HubError):
                world.push(data_dir=third)
            assert world.requests() == ["open"]
        world.options.work_dir.parent.rename(folder / "abandoned")
        for begins in ("nothing", "first", "abandoned"):  # the shards are built already
            with worlds.world(Kind({"dry_run": True, "private": False}, begins=begins), kept=True) as world:
                world.push()
            shutil.rmtree(folder / begins / "work")
            world.options.work_dir.rename(folder / begins / "work")
        return worlds

    @contextmanager
    def world(self, kind: Kind, *faults: str, kept: bool = False) -> Iterator[World]:
        """Yield a world with these faults, whose files are removed afterwards unless they are to be kept."""
        self.number += 1
        place = self.folder / f"world-{self.number}"
        if (self.folder / kind.begins).exists():
            shutil.copytree(self.folder / kind.begins, place, copy_function=shutil.copy2)
        options = Options(
            REPO, place / "work", self.folder / "data" / "second", ("small_cropped",), max_shard_size=25_000,
            num_proc=1, **kind.options,
        )  # fmt: skip
        tokens = {**TOKENS, ANOTHER: "write"}
        with StagingHub(place / "hub", tokens, part_size=kind.part_size) as hub, Way.to(hub, place) as way:
            world = World(hub, way, options, kind.files_a_commit)
            world.ours = len(world.commits())
            hub.faults.add(*faults)
            yield world
        if not kept:
            shutil.rmtree(place)
