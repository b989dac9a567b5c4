"""The few things that a push asks of a Hub, each tried again while that helps, every failure said in one clear line.

In go a repository's name and what to commit; out come listings, commits and tags. The endpoint and the token are those
of `huggingface_hub` (HF_ENDPOINT, HF_TOKEN or the login), and the token is kept out of every message. What must not
happen twice, a commit above all, is looked up before it is tried again: its answer may have been lost.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile

from tools.publish.calls import Commit, HubError, Moved
from tools.publish.explain import AGAIN, explain
from tools.publish.plan import Remote, git_blob_id
from tools.publish.pull_requests import PullRequests
from tools.publish.retry import Trouble
from tools.publish.uploads import Content, Uploads
from tools.publish.wire import Renamed

CARD = "README.md"
MAIN = "main"


@dataclass(frozen=True)
class Head:
    """A repository at one commit: its id, its files by path, whether it is private, whether the branch is there."""

    commit: str
    files: dict[str, Remote]
    private: bool
    branch_exists: bool


class DatasetRepository(Uploads, PullRequests):
    """A dataset repository of the Hub that HF_ENDPOINT names; `say` is told, in a line each, of every wait."""

    def check_write_access(self) -> None:
        """Raise HubError where there is no token, a wrong one or one that may only read."""
        if not self._token:
            raise HubError(
                "no token: log in with `hf auth login`, or set HF_TOKEN to a token with write access "
                f"(made at {self.endpoint}/settings/tokens)"
            )
        if not (self._token.isascii() and self._token.isprintable()):
            raise HubError("the token has characters that no token has: copy it again")
        token = self._do("check the token", self._api.whoami).get("auth", {}).get("accessToken", {})
        self._begun = True
        if token.get("role") == "read":
            raise HubError(f"the token may only read: make one with write access at {self.endpoint}/settings/tokens")

    def head(self, revision: str | None) -> Head | None:
        """List a revision (default: the main branch), or return None where the repository does not exist.

        For a branch that is not there yet, the main branch is listed, from which it would be made.
        """
        return self._do("list the repository", lambda: self._head(revision))

    def existing_head(self, revision: str | None) -> Head:
        """List a revision (default: the main branch). Raises HubError, also where there is none of that name."""
        head = self.head(revision)
        if head is None:
            raise HubError(f"{self.endpoint} has no dataset {self.name}, or this token may not see it")
        if not head.branch_exists:
            raise HubError(f"{self.name} has no revision {revision!r} at {self.endpoint}")
        return head

    def _head(self, revision: str | None) -> Head | None:
        branch_exists = True
        try:
            info = self._api.repo_info(self.name, repo_type="dataset", revision=revision)
        except RevisionNotFoundError:
            branch_exists = False
            info = self._api.repo_info(self.name, repo_type="dataset")
        except RepositoryNotFoundError:
            if self._token:
                self._api.whoami()  # the Hub says "not found" to a wrong token, too
            return None
        if info.id != self.name:
            raise Renamed(info.id)
        items = self._api.list_repo_tree(self.name, repo_type="dataset", revision=info.sha, recursive=True)
        files = {item.path: _remote(item) for item in items if isinstance(item, RepoFile)}
        return Head(str(info.sha), files, bool(info.private), branch_exists)

    def card(self, commit: str) -> str:
        """Return the text of the card at a commit."""
        return self.read(CARD, commit).decode("utf-8", errors="replace")

    def read(self, path: str, commit: str) -> bytes:
        """Return a file at a commit, compared with the size and the hash of the listing: the client does not."""
        fresh = False

        def read() -> bytes:
            nonlocal fresh
            listed = self._api.get_paths_info(self.name, [path], repo_type="dataset", revision=commit)
            expected = next((_remote(item) for item in listed if isinstance(item, RepoFile)), None)
            try:
                file = self._api.hf_hub_download(
                    self.name, path, repo_type="dataset", revision=commit, force_download=fresh
                )
            except OSError as error:
                # So the client says that a download was cut off: an error of the system would have a number.
                if type(error) is not OSError or error.errno is not None:
                    raise
                fresh = True
                raise Trouble(f"{path} did not come whole ({' '.join(str(error).split())[:200]})") from None
            content = Path(file).read_bytes()
            if expected and not _is(content, expected):
                fresh = True
                raise Trouble(f"{path} came with {len(content):,} bytes that are not those of the listing")
            return content

        return self._do(f"read {'the card' if path == CARD else path}", read)

    def create(self, *, private: bool) -> None:
        """Make the repository."""
        self._do(
            "create the repository",
            lambda: self._api.create_repo(self.name, repo_type="dataset", private=private, exist_ok=True),
            landed=lambda: self._api.repo_exists(self.name, repo_type="dataset") or None,
        )

    def create_branch(self, branch: str, commit: str) -> None:
        """Make a branch that begins at a commit."""
        self._do(
            f"make the branch {branch!r}",
            lambda: self._api.create_branch(
                self.name, branch=branch, revision=commit, repo_type="dataset", exist_ok=True
            ),
        )

    def tags(self) -> list[str]:
        """Return the names of the tags."""
        return list(self._do("list the tags", self._tags))

    def _tags(self) -> dict[str, str]:
        return {ref.name: ref.target_commit for ref in self._api.list_repo_refs(self.name, repo_type="dataset").tags}

    def tag(self, tag: str, commit: str) -> None:
        """Tag a commit."""
        self._do(
            f"tag {tag!r}",
            lambda: self._api.create_tag(self.name, tag=tag, revision=commit, repo_type="dataset"),
            landed=lambda: self._tags().get(tag) == commit or None,
        )

    def commit(
        self,
        add: Mapping[str, Content],
        delete: Iterable[str],
        *,
        message: str,
        parent: str,
        revision: str | None,
        create_pr: bool,
        mark: str = "",
    ) -> Commit:
        """Upload, and make one commit on top of `parent`; one whose answer was lost is found, not made again.

        It is found by `mark`, which its description carries (default: one of its own for each call). Raises HubError;
        Moved where the branch is not at `parent` and the commit that it is at is another's.
        """
        mark = mark or new_mark()
        additions = self.upload(add, revision=revision, create_pr=create_pr)
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            *additions.values(),
            *(CommitOperationDelete(path) for path in delete),
        ]

        def commit() -> Commit:
            try:
                info = self._api.create_commit(
                    self.name,
                    operations,
                    commit_message=message,
                    commit_description=mark,
                    repo_type="dataset",
                    revision=revision,
                    create_pr=create_pr,
                    parent_commit=parent,
                )
            except HfHubHTTPError as error:
                if error.response.status_code != 412:
                    raise
                # The branch has moved: by an earlier try that the Hub was slow to make, or by another's commit.
                try:
                    found = landed()
                except Moved as moved:
                    raise self._moved(moved.head, error) from None
                if found:
                    return found
                raise self._moved(self._commits(revision)[0][0], error) from None
            return Commit(info.oid, info.pr_url or info.commit_url, info.pr_revision or revision or MAIN)

        def landed() -> Commit | None:
            if create_pr:
                return self._marked_pull_request(message, mark)
            commits = self._commits(revision)
            since = commits[: next((at for at, (oid, _) in enumerate(commits) if oid == parent), len(commits))]
            ours = next((oid for oid, description in since if mark in description), None)
            if since and not ours:
                raise self._moved(commits[0][0])
            return Commit(ours, f"{self.page}/commit/{ours}", revision or MAIN) if ours else None

        return self._do("commit", commit, landed)

    def _moved(self, head: str, error: HfHubHTTPError | None = None) -> Moved:
        said = error and explain(error, self.name, self.endpoint, begun=self._begun)
        said = said or f"someone else committed meanwhile; {AGAIN}"
        return Moved(self._clean(f"cannot commit: {said}"), head)


def new_mark() -> str:
    """Return a text that is in the description of no other commit."""
    return f"push {uuid.uuid4().hex}"


def _remote(item: RepoFile) -> Remote:
    return Remote(item.size, item.blob_id, item.lfs.sha256 if item.lfs else None)


def _is(content: bytes, remote: Remote) -> bool:
    if remote.sha256:
        return hashlib.sha256(content).hexdigest() == remote.sha256
    return git_blob_id(content) == remote.blob_id
