"""What a push changes, and whether it did: comparisons of two listings, local and published, and nothing else.

In go files with their sizes and hashes; out come the paths to add and to delete, and afterwards what is missing,
different or gone. Nothing here reads a disk or a network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Remote:
    """A file as a listing of the Hub has it: size in bytes, git blob id, and sha256 where it is stored in LFS."""

    size: int
    blob_id: str
    sha256: str | None = None


@dataclass(frozen=True)
class Local:
    """A file that is to be published: size in bytes and both hashes by which the Hub may list it."""

    size: int
    blob_id: str
    sha256: str

    def matches(self, remote: Remote) -> bool:
        """Say whether the Hub holds this very content."""
        same = remote.sha256 == self.sha256 if remote.sha256 else remote.blob_id == self.blob_id
        return self.size == remote.size and same


@dataclass(frozen=True)
class Plan:
    """The paths that a commit adds, replaces and deletes, and those that are there already, all sorted."""

    add: list[str]
    replace: list[str]
    delete: list[str]
    keep: list[str]

    @property
    def send(self) -> list[str]:
        """The paths whose content is sent."""
        return sorted([*self.add, *self.replace])


def git_blob_id(content: bytes) -> str:
    """Return the id that git, and so the Hub, gives a file of this content: the SHA-1 of a header and the content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def make_plan(files: Mapping[str, Local], listed: Mapping[str, Remote], configs: Iterable[str]) -> Plan:
    """Compare what is to be published with what is; shards of `configs` that are no longer part of them are deleted."""
    keep = sorted(path for path, local in files.items() if path in listed and local.matches(listed[path]))
    folders = tuple(f"{config}/" for config in configs)
    stale = [path for path in listed if path.startswith(folders) and path.endswith(".parquet") and path not in files]
    add, replace = sorted(set(files) - set(listed)), sorted((set(files) & set(listed)) - set(keep))
    return Plan(add, replace, sorted(stale), keep)


def differences(
    files: Mapping[str, Local], deleted: Iterable[str], before: Mapping[str, Remote], after: Mapping[str, Remote]
) -> list[str]:
    """Say, a line each, where a listing after a push is not what the push meant; empty when all is well."""
    found = []
    for path, local in sorted(files.items()):
        if path not in after:
            found.append(f"{path} is missing")
        elif not local.matches(after[path]):
            remote = after[path]
            found.append(
                f"{path} is {remote.size:,} bytes with hash {remote.sha256 or remote.blob_id}, "
                f"not {local.size:,} with {local.sha256 if remote.sha256 else local.blob_id}"
            )
    deleted = set(deleted)
    found += [f"{path} is still there" for path in sorted(deleted & set(after))]
    for path in sorted(set(before) - set(files) - deleted):
        if after.get(path) != before[path]:
            found.append(f"{path}, which the push does not own, was {'changed' if path in after else 'deleted'}")
    return found
