"""The few things that a push asks of a Hub, with every failure said in one clear line.

In go a repository's name and what to commit; out come listings, commits and tags. The endpoint and the token are those
of `huggingface_hub` (HF_ENDPOINT, HF_TOKEN or the login), and the token is kept out of every message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants, get_token
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from tools.publish.plan import Remote

CARD = "README.md"


class HubError(Exception):
    """The Hub, the token or the network does not allow what was asked; the message is one line for the user."""


@dataclass(frozen=True)
class Head:
    """A repository at one commit: its id, its files by path, whether it is private, whether the branch is there."""

    commit: str
    files: dict[str, Remote]
    private: bool
    branch_exists: bool


@dataclass(frozen=True)
class Commit:
    """A commit that was made: its id, its address, and the revision that now shows it (a branch or a pull request)."""

    oid: str
    url: str
    revision: str


class DatasetRepository:
    """A dataset repository of the Hub that HF_ENDPOINT names."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.endpoint = _without_password(constants.ENDPOINT)
        self._token = get_token()
        self._api = HfApi(endpoint=constants.ENDPOINT, token=self._token or False)

    def check_write_access(self) -> None:
        """Raise HubError where there is no token, a wrong one or one that may only read."""
        if not self._token:
            raise HubError(
                "no token: log in with `hf auth login`, or set HF_TOKEN to a token with write access "
                f"(made at {self.endpoint}/settings/tokens)"
            )
        if not (self._token.isascii() and self._token.isprintable()):
            raise HubError("the token has characters that no token has: copy it again")
        with self._clearly("check the token"):
            token = self._api.whoami().get("auth", {}).get("accessToken", {})
        if token.get("role") == "read":
            raise HubError(f"the token may only read: make one with write access at {self.endpoint}/settings/tokens")

    def head(self, revision: str | None) -> Head | None:
        """List a revision (default: the main branch), or return None where the repository does not exist.

        For a branch that is not there yet, the main branch is listed, from which it would be made.
        """
        with self._clearly("list the repository"):
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
            items = self._api.list_repo_tree(self.name, repo_type="dataset", revision=info.sha, recursive=True)
            files = {
                item.path: Remote(item.size, item.blob_id, item.lfs.sha256 if item.lfs else None)
                for item in items
                if isinstance(item, RepoFile)
            }
            return Head(str(info.sha), files, bool(info.private), branch_exists)

    def card(self, commit: str) -> str:
        """Return the text of the card at a commit."""
        with self._clearly("read the card"):
            path = self._api.hf_hub_download(self.name, CARD, repo_type="dataset", revision=commit)
            return Path(path).read_text(encoding="utf-8", errors="replace")

    def create(self, *, private: bool) -> None:
        """Make the repository."""
        with self._clearly("create the repository"):
            self._api.create_repo(self.name, repo_type="dataset", private=private, exist_ok=True)

    def create_branch(self, branch: str, commit: str) -> None:
        """Make a branch that begins at a commit."""
        with self._clearly(f"make the branch {branch!r}"):
            self._api.create_branch(self.name, branch=branch, revision=commit, repo_type="dataset", exist_ok=True)

    def tags(self) -> list[str]:
        """Return the names of the tags."""
        with self._clearly("list the tags"):
            return [ref.name for ref in self._api.list_repo_refs(self.name, repo_type="dataset").tags]

    def commit(
        self,
        add: Mapping[str, Path | bytes],
        delete: Iterable[str],
        *,
        message: str,
        parent: str,
        revision: str | None,
        create_pr: bool,
    ) -> Commit:
        """Upload, and make one commit on top of `parent`. Raises HubError, also where another commit came first."""
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(path, content if isinstance(content, bytes) else str(content))
            for path, content in add.items()
        ]
        operations += [CommitOperationDelete(path) for path in delete]
        with self._clearly("commit"):
            info = self._api.create_commit(
                self.name,
                operations,
                commit_message=message,
                repo_type="dataset",
                revision=revision,
                create_pr=create_pr,
                parent_commit=parent,
            )
        return Commit(info.oid, info.pr_url or info.commit_url, info.pr_revision or revision or "main")

    def tag(self, tag: str, commit: str) -> None:
        """Tag a commit."""
        with self._clearly(f"tag {tag!r}"):
            self._api.create_tag(self.name, tag=tag, revision=commit, repo_type="dataset")

    @contextmanager
    def _clearly(self, what: str) -> Iterator[None]:
        try:
            yield
        except HubError:
            raise
        except Exception as error:
            if not (line := _explain(error, self.name, self.endpoint)):
                raise
            message = _without_password(f"cannot {what}: {line}")
            raise HubError(message.replace(self._token, "***") if self._token else message) from None


def _without_password(text: str) -> str:
    """Return a text without the user and the password that an address in it may carry."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def _explain(error: BaseException, name: str, endpoint: str) -> str | None:
    """Say what a client's exception means to the user; None for one that is a fault of ours."""
    if isinstance(error, HFValidationError):
        return f"{name!r} is not a repository's name (expected: namespace/name)"
    if isinstance(error, RuntimeError):  # what the client makes of a failure while it sends a file
        cause = error.__cause__
        why = (_explain(cause, name, endpoint) or " ".join(str(cause).split())) if cause else "No word why."
        return f"{' '.join(str(error).split())} {why}; run the same command again"
    if isinstance(error, HfHubHTTPError):
        status, said = error.response.status_code, " ".join((error.server_message or "").split())
        meaning = {
            400: f"{endpoint} does not take this",
            401: f"the token is not valid at {endpoint}",
            403: f"the token has no right to do this to {name}",
            404: f"{endpoint} does not know {name}, or this token may not see it",
            409: f"{name} is in another state than expected",
            412: "someone else committed meanwhile; run the same command again",
            429: "too many requests; wait some minutes and run the same command again",
        }.get(status, f"{endpoint} failed to answer as it should; run the same command again")
        return f"{meaning} (HTTP {status}{': ' + said if said else ''})"
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set: unset it"
    # Whatever HTTP library the client stands on, what does not come from the server comes from the way to it.
    if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3"):
        return (
            f"{endpoint} cannot be reached ({type(error).__name__}: {' '.join(str(error).split())}); check the network"
        )
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return None
