"""From one complete state to the next: however many files change, readers of a branch see the old ones or the new ones.

In go files, with the sizes and hashes that they must have on the Hub; out comes the one commit by which they became
visible. Up to the number of files that the Hub takes well it is a plain commit. Above, a pull request, which nobody
loads, is filled by several commits, compared with what it should be, and merged: one move of the branch. A push that
dies on the way goes on with the same pull request.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from itertools import islice

from huggingface_hub import CommitOperationAdd

from tools.publish.calls import Commit, HubError, Moved
from tools.publish.explain import AGAIN
from tools.publish.hub import MAIN, DatasetRepository, Head
from tools.publish.plan import Local, Remote, differences
from tools.publish.retry import Say
from tools.publish.uploads import Content, Traffic

# What the Hub recommends, "Repository limitations and recommendations" (huggingface.co/docs/hub/storage-limits and
# /repositories-recommendations): fewer than 100 files a commit, fewer than 10,000 entries a folder; and takes at all,
# "Uploading datasets" (docs/hub/datasets-upload-guide-llm): 50 GB a file.
FILES_A_COMMIT = 99
ENTRIES_A_FOLDER = 9_999
BYTES_A_FILE = 50 * 10**9


def beyond_limits(files: Mapping[str, Local], delete: Iterable[str], listed: Iterable[str]) -> list[str]:
    """Say, a line each, what of a push the Hub would not take; `listed` are the paths that it has now."""
    found = [
        f"{path} has {local.size:,} bytes, and the Hub takes files of up to {BYTES_A_FILE:,}: use smaller shards"
        for path, local in sorted(files.items())
        if local.size > BYTES_A_FILE
    ]
    entries = {*listed, *files} - set(delete)
    folders = {path[:end] for path in entries for end in range(len(path)) if path[end] == "/"}
    for folder, number in sorted(Counter(path.rpartition("/")[0] for path in entries | folders).items()):
        if number > ENTRIES_A_FOLDER:
            place = f"the folder {folder}" if folder else "the repository's first folder"
            found.append(
                f"{place} would have {number:,} entries, and the Hub takes {ENTRIES_A_FOLDER:,}: use larger shards"
            )
    return found


def publish(
    repository: DatasetRepository,
    *,
    add: Mapping[str, Content],
    known: Mapping[str, Local],
    delete: Iterable[str],
    head: Head,
    message: str,
    revision: str | None = None,
    create_pr: bool = False,
    notes: MutableMapping[str, str],
    say: Say = lambda line: None,
    traffic: Traffic | None = None,
    files_a_commit: int = FILES_A_COMMIT,
) -> Commit:
    """Make visible, at once, the paths that `add` adds and replaces and those that are deleted; return the commit.

    `known` has, for each path of `add`, the size and the hashes that it will have on the Hub. `notes` is kept from one
    run to the next, and `traffic` counts what is sent. With `create_pr` the result is a pull request, which is not
    merged.

    Raises HubError, and then the branch is as it was; Moved where someone else's commits have to be planned for.
    """
    delete = sorted(delete)
    if lines := beyond_limits({path: known[path] for path in add}, delete, head.files):
        raise HubError(f"{lines[0]}{f' (and {len(lines) - 1:,} more)' if lines[1:] else ''}; nothing was sent")
    if revision and not head.branch_exists:
        repository.create_branch(revision, head.commit)

    def send(paths: Iterable[str]) -> dict[str, CommitOperationAdd]:
        files = {path: add[path] for path in paths}
        sha256s = {path: known[path].sha256 for path in files}
        return repository.upload(files, revision=revision, create_pr=create_pr, traffic=traffic, sha256s=sha256s)

    note = f"pull request for {repository.name} {revision or MAIN}"
    if len(add) + len(delete) <= files_a_commit:
        _close_unfinished(repository, notes, note)
        sent = send(add)
        return repository.commit(
            sent, delete, message=message, parent=head.commit, revision=revision, create_pr=create_pr
        )
    wanted = {path: known[path] for path in add}
    flip = _Flip(repository, send, wanted, delete, message, revision, create_pr, notes, note, say)
    return flip.run(head, files_a_commit)


class _Flip:
    """One push by way of a pull request."""

    def __init__(
        self,
        repository: DatasetRepository,
        send: Callable[[Iterable[str]], dict[str, CommitOperationAdd]],
        known: Mapping[str, Local],
        delete: list[str],
        message: str,
        revision: str | None,
        create_pr: bool,
        notes: MutableMapping[str, str],
        note: str,
        say: Say,
    ) -> None:
        self.repository, self.send, self.known, self.delete = repository, send, known, delete
        self.message, self.revision, self.create_pr, self.notes, self.note, self.say = (
            message,
            revision,
            create_pr,
            notes,
            note,
            say,
        )
        # The same push has the same mark in every run, by which its pull request is known again.
        content = [[path, local.size, local.sha256] for path, local in sorted(known.items())]
        push = json.dumps([revision or MAIN, message, create_pr, content, delete])  # not the name, which may change
        self.mark = f"push {hashlib.sha256(push.encode()).hexdigest()[:32]}"

    def run(self, head: Head, files_a_commit: int) -> Commit:
        """Fill the pull request, merge it where that is wanted, and return the commit."""
        request, listed = self._resumed(), head.files
        if request:
            listed = self._listed(request.revision).files
        # What is there already has its place, whoever put it there; the rest is sent before anything is committed.
        missing = [path for path, local in self.known.items() if not _has(listed, path, local)]
        gone = [path for path in self.delete if path in listed]
        sent = self.send(missing)
        steps = iter([*missing, *gone])
        number, total = 0, -(-(len(missing) + len(gone)) // files_a_commit)
        while step := list(islice(steps, files_a_commit)):
            number += 1
            add = {path: sent[path] for path in step if path in sent}
            request = self._commit(request, add, [path for path in step if path not in sent], head)
            self.say(f"{request.url}: commit {number} of {total}")
        if request is None:  # someone else has put there just this
            return Commit(head.commit, f"{self.repository.page}/commit/{head.commit}", self.revision or MAIN)
        self._verify(request.revision, f"{request.url} was filled, but")
        if not self.create_pr:
            return self._merge(request)
        self.notes.pop(self.note, None)
        return request

    def _resumed(self) -> Commit | None:
        """Return the pull request that an earlier run of the same push began, if it is open; close that of another."""
        _close_unfinished(self.repository, self.notes, self.note, self.mark)
        # Noted before it is opened, so that no run can leave one behind that the next does not know.
        self.notes[self.note] = json.dumps({"title": self.message, "mark": self.mark})
        return self.repository.marked_pull_request(self.message, self.mark)

    def _commit(self, request: Commit | None, add: Mapping[str, Content], delete: list[str], head: Head) -> Commit:
        if request is None:
            return self.repository.commit(
                add,
                delete,
                message=self.message,
                parent=head.commit,
                revision=self.revision,
                create_pr=True,
                mark=self.mark,
            )
        try:
            made = self.repository.commit(
                add, delete, message=self.message, parent=request.oid, revision=request.revision, create_pr=False
            )
        except Moved as error:
            raise HubError(f"{request.url} is being filled by someone else, too; wait for it, then {AGAIN}") from error
        return Commit(made.oid, request.url, request.revision)

    def _merge(self, request: Commit) -> Commit:
        number = number_of(request)
        try:
            oid = self.repository.merge(number)
        except Moved as error:
            # A pull request on another commit takes its place; the files that were sent stay on the Hub.
            with suppress(HubError):  # the next run closes it, for it is noted
                self.repository.close(number, "Someone else changed the same files: another pull request follows.")
                self.notes.pop(self.note, None)
            raise Moved(str(error), self._listed(self.revision).commit) from None
        oid = oid or self._listed(self.revision).commit
        self._verify(oid, f"{request.url} was merged, but")
        self.notes.pop(self.note, None)
        return Commit(oid, f"{self.repository.page}/commit/{oid}", self.revision or MAIN)

    def _verify(self, revision: str, what: str) -> None:
        if found := differences(self.known, self.delete, {}, self._listed(revision).files):
            more = f"; and {len(found) - 3:,} more" if found[3:] else ""
            raise HubError(f"{what} is not what was sent: {'; '.join(found[:3])}{more}; {AGAIN}")

    def _listed(self, revision: str | None) -> Head:
        head = self.repository.head(revision)
        if head is None:
            raise HubError(f"{self.repository.page} is gone; what was to be published is in the work directory still")
        return head


def _close_unfinished(
    repository: DatasetRepository, notes: MutableMapping[str, str], note: str, mark: str = ""
) -> None:
    """Close the pull request that an earlier push began and did not finish, unless it has this mark."""
    noted = json.loads(notes.get(note) or "{}")
    if noted and noted["mark"] != mark:
        if other := repository.marked_pull_request(**noted):
            repository.close(number_of(other), "Another push takes the place of this one, which was not finished.")
        notes.pop(note, None)


def number_of(request: Commit) -> int:
    """Return the number of the pull request that shows a commit."""
    return int(request.revision.rpartition("/")[2])


def _has(listed: Mapping[str, Remote], path: str, local: Local) -> bool:
    return path in listed and local.matches(listed[path])
