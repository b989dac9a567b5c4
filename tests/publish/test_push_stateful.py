"""Whole pushes, one after another, between edits, crashes and commits of others: what readers find at every moment.

Hypothesis draws the steps; a plain model says what each config holds. Every commit of the main branch is looked at, not
only the last: each is another's, or it is a complete push. PUSH_EXAMPLES=500 runs that many examples, drawn anew at
every run; without it the few that CI runs are always the same.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.publish import staging_http
from tests.publish.bad_days import Fault, after
from tests.publish.push_events import NOTHING, Crash, Day, Foreign, Killed, crashes, dying_with_call, foreign
from tests.publish.push_model import EDITS, FOLDERS, Content, Edit, Raw, rows_of
from tests.publish.staging_http import REPO
from tools.describe.header import read_header
from tools.publish import flip
from tools.publish.hub import HubError
from tools.publish.options import Options
from tools.publish.push import push
from tools.publish.shards import SHARD_NAME
from tools.publish.staging import StagingHub
from tools.publish.staging.objects import Blob
from tools.publish.staging.repository import Repository
from tools.publish.summary import Summary

SCRATCH = "FER-Universe/scratch"
CARD = ("README.md", "DATASHEET.md", "croissant.json", "assets/")
SIZES = (30_000, 30_000, 60_000)  # bytes of a shard: three rows, mostly, or ten
FEW = 4  # files a commit, so that most pushes go by way of a pull request
EXAMPLES = int(os.environ.get("PUSH_EXAMPLES", "0"))


edits = st.lists(st.builds(Edit, st.sampled_from(sorted(EDITS)), st.integers(0, 40), st.integers(0, 40)), max_size=3)
# The size of shards, how many files a commit may have, the config that is pushed alone, and what may lie on the disk.
OPTIONS = {"size": st.sampled_from(SIZES), "at_once": st.sampled_from([99, FEW])}
OPTIONS |= {"only": st.sampled_from([None, 0, 1]), "disk": st.sampled_from([None, 2 * max(SIZES)])}
options = st.fixed_dictionaries(OPTIONS)
PLAIN: dict[str, Any] = {"size": min(SIZES), "at_once": 99, "only": None, "disk": None}


class Pushes(RuleBasedStateMachine):
    """A maintainer who edits and pushes, a machine that fails, and someone else who commits to the same repository."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.hub = self.stack.enter_context(StagingHub(self.folder / "hub", staging_http.TOKENS))
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(os, "fsync", lambda file: None)  # no power is cut here, and the disk has other work
        way = self.stack.enter_context(Day.to(self.hub, self.folder))
        assert isinstance(way, Day)
        self.way = way
        (self.folder / "data").mkdir()
        self.raw = Raw(self.folder / "data")
        self.holds: dict[str, Content] = {}  # what was published last, by config
        self.spoilt: set[str] = set()  # the configs that someone else has changed since
        self.others: dict[str, str] = {}  # the commits of someone else, with the path that each changes
        self.seen = ""  # the commit that was looked at last
        self.rows: dict[str, list[Any] | None] = {}  # of each shard that was looked at, by its hash
        self.sound = False  # whether the last step has found nothing

    # --- steps

    @initialize(rows=st.integers(1, 3), published=st.booleans())
    def begin(self, rows: int, published: bool) -> None:
        """Begin with a few rows, published or not."""
        self.sound = True
        self.edit([Edit("append rows", 0, 6)] * rows)
        if published:
            self.push([], PLAIN)

    @rule(edits=edits, given=options)
    def push(self, edits: list[Edit], given: Mapping[str, Any]) -> None:
        """Edit, and push undisturbed: everything is published, by one commit where one is needed."""
        self.edit(edits)
        wanted, summary = self._push(given)
        assert summary
        before = self.seen
        assert self._look(wanted) == (summary.commit is not None)
        assert summary.commit is None or summary.commit.oid == self.seen != before
        self._is_published(wanted, given)

    @rule(edits=edits, given=options, crashes=st.lists(crashes, min_size=1, max_size=3))
    def push_that_dies(self, edits: list[Edit], given: Mapping[str, Any], crashes: list[Crash]) -> None:
        """Push, and die, and again: what is published is what was there before, or all that was to be."""
        self.edit(edits)
        commits = 0
        for crash in crashes:
            wanted, _ = self._push(given, crash)
            commits += self._look(wanted)
        assert commits <= 1

    @rule(edits=edits, given=options, other=foreign)
    def push_meanwhile(self, edits: list[Edit], given: Mapping[str, Any], other: Foreign) -> None:
        """Push while someone else commits: both are there, or the push says that they are not."""
        self.edit(edits)
        wanted, summary = self._push(given, other)
        assert self._look(wanted, meanwhile=summary is None) <= 1
        if summary and not self.spoilt & wanted.keys():
            self._is_published(wanted, given)

    @rule(other=foreign)
    def someone_commits(self, other: Foreign) -> None:
        """Someone else commits while nobody pushes."""
        self._commit(other)
        assert self._look({}) == 0

    def teardown(self) -> None:
        """See that one push mends whatever there was, and end."""
        try:
            if self.sound:
                self.push([], PLAIN)
                assert not self.spoilt & set(self.raw.configs())
                self._is_as_from_scratch()
        finally:
            self.stack.close()

    # --- what they do

    def edit(self, edits: list[Edit]) -> None:
        """Edit the data; who then pushes sees all of it at once."""
        for edit in edits:
            self.raw.edit(edit)

    def _push(
        self, given: Mapping[str, Any], event: Crash | Foreign | None = None
    ) -> tuple[dict[str, Content], Summary | None]:
        """Push; return what was to be published, and the summary of a push that came to its end."""
        self.sound = False
        self.raw.write()
        configs, only = self.raw.configs(), given["only"]
        chosen = () if only is None else (configs[only % len(configs)],)
        wanted = {config: self.raw.rows(config) for config in chosen or configs}
        asked = Options(REPO, self.folder / "work", self.raw.folder, chosen, private=False,
                        max_shard_size=given["size"], max_disk=given["disk"], num_proc=2)  # fmt: skip
        calls = event.number if isinstance(event, Crash) and event.at == "call" else 0
        self.way.let(*self._fault(event))
        with pytest.MonkeyPatch.context() as patch, dying_with_call(calls):
            defaults = flip.publish.__kwdefaults__ or {}
            assert defaults["files_a_commit"] == flip.FILES_A_COMMIT
            patch.setitem(defaults, "files_a_commit", given["at_once"])
            try:
                summary = push(asked, lambda line: None)
                assert isinstance(summary, Summary)
                return wanted, summary
            except Killed:
                assert isinstance(event, Crash)
            except HubError:
                # A commit is made on top of what was planned for, or not at all; a merge takes in what came between.
                if not (isinstance(event, Foreign) and given["at_once"] == FEW):
                    raise
            finally:
                self.way.happening = 0, NOTHING
        return wanted, None

    def _fault(self, event: Crash | Foreign | None) -> tuple[int, Fault]:
        if isinstance(event, Foreign):
            return event.request, after(lambda: self._commit(event))
        if event is None or event.at == "call":
            return 0, NOTHING

        def die(send: Callable[[Any], Any], request: Any) -> Any:
            if event.at == "after a request":
                send(request).read()
            raise Killed

        return event.number, die

    def _commit(self, other: Foreign) -> None:
        """Commit as someone else."""
        if not self.hub.store.find(REPO):
            return
        repository = self._repository(REPO)
        ours = sorted(path for path in files_of(repository) if path.startswith(tuple(FOLDERS)) and is_shard(path))
        number = len(self.others)
        path = ours[other.shard % len(ours)] if ours else ""
        if other.what == "stray":
            path = f"small_original/train-{90_000 + number}.parquet"
        elif other.what == "file" or not ours:
            path = f"{('notes', 'small_original')[other.shard % 2]}/{number}.txt"

        def edit(files: dict[str, Blob]) -> None:
            if path in files and other.what == "delete":
                del files[path]
            elif path in files and other.what == "exchange":
                files[path] = files[ours[(other.shard + 1) % len(ours)]]
            else:
                content = f"content {number}".encode()
                files[path] = repository.objects.describe(repository.objects.write("blob", content))

        self.others[repository.commit("main", edit, "somebody", f"Commit {number} of somebody")] = path

    # --- what must hold

    def _look(self, wanted: Mapping[str, Content], meanwhile: bool = False) -> int:
        """See that every commit since the last look leaves something whole; return how many were ours.

        `meanwhile`: a push has said that someone else's commit came in between.
        """
        self.sound = False
        ours, new = 0, []
        if self.hub.store.find(REPO):
            repository = self._repository(REPO)
            for oid, commit in repository.history(repository.resolve("main")):
                if oid == self.seen:
                    break
                new.append((oid, commit.parent))
            else:
                assert not self.seen  # nothing is taken out of the history
            for oid, parent in reversed(new):
                files = files_of(repository, oid)
                if path := self.others.get(oid):
                    self.spoilt |= {path.partition("/")[0]} & set(FOLDERS) if is_shard(path) else set()
                elif parent:  # the first commit is the Hub's own
                    ours += 1
                    self._is_whole(repository, files_of(repository, parent), files, wanted, meanwhile)
                for config in self.holds.keys() - self.spoilt:
                    assert self._content(repository, files, config) == self.holds[config]
                self.seen = oid
            requests = [request for request in repository.state.discussions if request["status"] in ("open", "draft")]
            assert len(requests) <= 1
        self.sound = True
        return ours

    def _is_whole(
        self,
        repository: Repository,
        before: Mapping[str, Blob],
        files: Mapping[str, Blob],
        wanted: Mapping[str, Content],
        meanwhile: bool,
    ) -> None:
        """See that a commit of ours has all that was to be published, and that nothing else has changed."""
        for config, rows in wanted.items():
            right = self._content(repository, files, config) == rows
            assert right or meanwhile
            self.spoilt = self.spoilt - {config} if right else self.spoilt | {config}
            self.holds[config] = rows
        for path in {*before, *files}:
            if not (path.startswith(CARD) or (is_shard(path) and path.partition("/")[0] in wanted)):
                assert files.get(path) == before.get(path), path
        header = read_header(repository.content(files["README.md"]).decode())
        assert {config["config_name"] for config in header["configs"]} == self.holds.keys()
        for info in header["dataset_info"]:
            rows = self.holds[info["config_name"]]
            assert {split["name"]: split["num_examples"] for split in info["splits"]} == {
                split: len(of) for split, of in rows.items()
            }

    def _is_published(self, wanted: Mapping[str, Content], given: Mapping[str, Any]) -> None:
        """See that the branch has this, and that another push finds nothing to do."""
        self.sound = False
        repository = self._repository(REPO)
        files = files_of(repository)
        for config, rows in wanted.items():
            assert self._content(repository, files, config) == rows
        _, again = self._push(given)
        assert again
        assert (again.commit, again.sent_bytes) == (None, 0)
        assert not [path for method, path in self.way.requests if method == "PUT" or "/commit/" in path]
        assert repository.resolve("main") == self.seen
        self.sound = True

    def _is_as_from_scratch(self) -> None:
        """See that all that a push owns is what it would be in an empty repository, from an empty work directory."""
        configs = self.raw.configs()
        asked = Options(SCRATCH, self.folder / "scratch", self.raw.folder, private=False,
                        max_shard_size=PLAIN["size"], num_proc=2)  # fmt: skip
        push(asked, lambda line: None)
        files, fresh = (files_of(self._repository(name)) for name in (REPO, SCRATCH))
        whole = self.holds.keys() == set(configs)
        for path in {*files, *fresh}:
            if (is_shard(path) and path.startswith(tuple(configs))) or (whole and path.startswith(CARD)):
                assert files.get(path) == fresh.get(path), path

    def _repository(self, name: str) -> Repository:
        repository = self.hub.store.find(name)
        assert repository
        return repository

    def _content(self, repository: Repository, files: Mapping[str, Blob], config: str) -> Content | None:
        """Return what a reader finds of a config; None where a shard cannot be read."""
        content: Content = {}
        for path in sorted(path for path in files if path.startswith(f"{config}/") and is_shard(path)):
            blob, split = files[path], path.partition("/")[2].partition("-")[0]
            if blob.etag not in self.rows:
                self.rows[blob.etag] = read_rows(repository, blob)
            rows = self.rows[blob.etag]
            if rows is None:
                return None
            content.setdefault(split, []).extend(rows)
        return content


def is_shard(path: str) -> bool:
    """Say whether a path is one that the card's patterns name."""
    return bool(SHARD_NAME.fullmatch(path.rpartition("/")[2])) and path.endswith(".parquet")


def files_of(repository: Repository, revision: str = "main") -> Mapping[str, Blob]:
    """Return the files of a revision."""
    return repository.listing(repository.resolve(revision)).files


def read_rows(repository: Repository, blob: Blob) -> list[Any] | None:
    """Return the rows of a published shard; None for what is none."""
    try:
        source = (
            repository.large.path(blob.pointer.sha256) if blob.pointer else pa.BufferReader(repository.content(blob))
        )
        return rows_of(source)
    except pa.ArrowInvalid:
        return None


TestPushes = Pushes.TestCase
TestPushes.settings = settings(
    max_examples=EXAMPLES or 8,
    stateful_step_count=6,
    derandomize=not EXAMPLES,
    # To make a failure smaller takes minutes, which only who looks for one has.
    phases=(Phase.generate, Phase.shrink) if EXAMPLES else (Phase.generate,),
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
