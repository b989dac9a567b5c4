"""One dataset repository: its files, commits, branches and tags, in a folder.

Contents are git objects and large files; everything that can change (visibility, refs, pull requests) is one JSON file
that is replaced as a whole. A change of several refs is therefore one step: it is there entirely or not at all.
"""

from __future__ import annotations

import copy
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools.publish.staging.lfs import LargeFiles
from tools.publish.staging.objects import (
    OBJECT_ID,
    Blob,
    Commit,
    MissingObjectError,
    ObjectStore,
    TreeItem,
    decode_commit,
    decode_tree,
    encode_tree,
    write_atomically,
)

MAIN = "refs/heads/main"
BRANCHES = "refs/heads/"
TAGS = "refs/tags/"
CONVERTS = "refs/convert/"
PULL_REQUESTS = "refs/pr/"

# What git itself refuses in the name of a ref (git-check-ref-format), and names that would read as something else.
BAD_REF_NAME = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[/.-]|[/.]$|/\.|\.lock(/|$)|^@$|^[0-9a-f]{40}$")

# A prefix of a commit's id stands for the commit; the Hub's clients send five digits or more.
SHORT_ID = re.compile(r"[0-9a-f]{5,39}")

# Listings kept in memory: the newest few, which is what a load, a push and a verification ask for again and again.
LISTINGS = 16

# Commits kept in memory: every request asks for one, and the list of commits for all of them.
COMMITS = 10_000


class UnknownRevisionError(KeyError):
    """No branch, tag, pull request or commit has this name."""


class RefExistsError(ValueError):
    """A ref of this name is there already."""


class BadRefError(ValueError):
    """The ref may not be made, moved or removed."""


class ParentMovedError(ValueError):
    """The branch is no longer where the committer believes it is."""


@dataclass
class State:
    """What can change: `refs` maps full names to commits, `discussions` are JSON objects, oldest first."""

    private: bool = False
    created: float = field(default_factory=time.time)
    refs: dict[str, str] = field(default_factory=dict)
    discussions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Listing:
    """All files of a commit by path, and all folders (with the ids of their trees), each sorted as git sorts."""

    files: Mapping[str, Blob]
    folders: Mapping[str, str]


class Repository:
    """A repository in `folder`, called `repo_id` (namespace/name); safe for several threads of one process."""

    def __init__(self, folder: Path, repo_id: str) -> None:
        self.folder = folder
        self.id = repo_id
        self.objects = ObjectStore(folder / "objects")
        self.large = LargeFiles(folder / "lfs")
        self._lock = threading.RLock()
        self._state = State(**json.loads((folder / "state.json").read_bytes()))
        self._list_tree = lru_cache(maxsize=LISTINGS)(self._read_listing)
        self._read_commit = lru_cache(maxsize=COMMITS)(lambda oid: decode_commit(self.objects.read("commit", oid)))

    @classmethod
    def create(cls, folder: Path, repo_id: str, private: bool) -> Repository:
        """Make a repository without commits in `folder`, which must not exist."""
        (folder / "objects").mkdir(parents=True)
        write_atomically(folder / "state.json", json.dumps(vars(State(private=private))).encode())
        return cls(folder, repo_id)

    @property
    def state(self) -> State:
        """The present state, to be read only. It is never modified: a change puts another in its place."""
        return self._state

    @contextmanager
    def change(self) -> Iterator[State]:
        """Yield a copy of the state to modify; it becomes the state when the block ends, and never if the block raises.

        One change happens at a time, so what the block reads holds until its end.
        """
        with self._lock:
            state = copy.deepcopy(self._state)
            yield state
            write_atomically(self.folder / "state.json", json.dumps(vars(state)).encode())
            self._state = state

    # Refs and commits

    def resolve(self, revision: str) -> str:
        """Return the commit that `revision` (a branch, a tag, a full ref, a commit or its first digits) stands for."""
        refs = self.state.refs
        for name in (revision, BRANCHES + revision, TAGS + revision):
            if name in refs:
                return refs[name]
        if OBJECT_ID.fullmatch(revision) and self._is_commit(revision):
            return revision
        if SHORT_ID.fullmatch(revision):
            found = [oid for oid in self.objects.with_prefix(revision) if self._is_commit(oid)]
            if len(found) == 1:
                return found[0]
        raise UnknownRevisionError(revision)

    def _is_commit(self, oid: str) -> bool:
        try:
            self.commit_of(oid)
        except MissingObjectError:
            return False
        return True

    def commit_of(self, oid: str) -> Commit:
        """Return the commit called `oid`. Raises MissingObjectError."""
        return self._read_commit(oid)

    def history(self, oid: str) -> Iterator[tuple[str, Commit]]:
        """Yield the commit `oid` and all before it, newest first."""
        following: str | None = oid
        while following:
            commit = self.commit_of(following)
            yield following, commit
            following = commit.parent

    def create_ref(self, name: str, oid: str) -> None:
        """Make the ref `name` (full) at the commit `oid`.

        Raises RefExistsError where it is there, BadRefError for a name that git would refuse.
        """
        if BAD_REF_NAME.search(name) or BAD_REF_NAME.search(name.split("/", 2)[-1]):
            raise BadRefError(f"{name!r} is not a valid name for a ref")
        with self.change() as state:
            if name in state.refs:
                raise RefExistsError(name)
            state.refs[name] = oid

    def delete_ref(self, name: str) -> None:
        """Remove the ref `name` (full).

        Raises UnknownRevisionError where it is not there, BadRefError for the main branch.
        """
        if name == MAIN:
            raise BadRefError("the main branch cannot be deleted")
        with self.change() as state:
            if name not in state.refs:
                raise UnknownRevisionError(name)
            del state.refs[name]

    def branch_of(self, revision: str) -> str:
        """Return the full name of the ref that a commit to `revision` moves.

        Raises UnknownRevisionError where there is none.
        """
        for name in (BRANCHES + revision, revision):
            if name in self.state.refs and not name.startswith(TAGS):
                return name
        raise UnknownRevisionError(revision)

    # Files

    def listing(self, oid: str) -> Listing:
        """Return all files and folders of the commit `oid`."""
        return self._list_tree(self.commit_of(oid).tree)

    def _read_listing(self, tree: str) -> Listing:
        files: dict[str, Blob] = {}
        folders: dict[str, str] = {}

        def read(oid: str, prefix: str) -> None:
            for item in decode_tree(self.objects.read("tree", oid)):
                if item.is_folder:
                    folders[prefix + item.name] = item.oid
                    read(item.oid, f"{prefix}{item.name}/")
                else:
                    files[prefix + item.name] = self.objects.describe(item.oid)

        read(tree, "")
        return Listing(files, folders)

    def content(self, blob: Blob) -> bytes:
        """Return the bytes of a regular file."""
        return self.objects.read("blob", blob.oid)

    def _write_tree(self, files: Mapping[str, Blob]) -> str:
        folders: dict[str, dict[str, Blob]] = {}
        items = []
        for path, blob in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(name, {})[rest] = blob
            else:
                items.append(TreeItem(name, blob.oid, False))
        items += [TreeItem(name, self._write_tree(inner), True) for name, inner in folders.items()]
        return self.objects.write("tree", encode_tree(items))

    def write_commit(self, files: Mapping[str, Blob], parent: str | None, author: str, title: str, message: str) -> str:
        """Store a commit that holds exactly `files` and return its id; no ref moves."""
        seconds = int(time.time())
        if parent is not None:
            seconds = max(seconds, self.commit_of(parent).seconds)
        commit = Commit(self._write_tree(files), parent, author, seconds, title, message.strip())
        return self.objects.write("commit", commit.encode())

    def commit(
        self,
        revision: str,
        edit: Callable[[dict[str, Blob]], None],
        author: str,
        title: str,
        message: str = "",
        parent: str | None = None,
        place: Callable[[State, str, str, str], str] | None = None,
    ) -> str:
        """Commit to the branch `revision` what `edit` makes of its files, and return the new commit's id.

        `parent`, where given, is the commit (or its first digits) that the branch must be at: else ParentMovedError.
        `place` is given the state, the branch, its commit and the new one, and returns the full name of the ref that
        moves, for commits that open a pull request or belong to one.
        """
        with self.change() as state:
            name = self.branch_of(revision)
            head = state.refs[name]
            if parent is not None and not head.startswith(parent.lower()):
                raise ParentMovedError(f"expected {revision} at {parent}, but it is at {head}")
            files = dict(self.listing(head).files)
            edit(files)
            oid = self.write_commit(files, head, author, title, message)
            state.refs[place(state, name, head, oid) if place else name] = oid
        return oid
