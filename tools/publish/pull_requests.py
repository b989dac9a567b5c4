"""Pull requests of a dataset repository: found again by a mark, looked at, merged once, closed.

In goes a number or a mark; out comes the state of a pull request, or the commit that its merge made.
"""

from __future__ import annotations

from dataclasses import dataclass

from huggingface_hub.errors import HfHubHTTPError

from tools.publish.calls import Calls, Commit, Moved
from tools.publish.explain import AGAIN
from tools.publish.retry import Trouble


@dataclass(frozen=True)
class PullRequest:
    """A pull request: number, whether it is open, the commit that merged it, the paths that keep it from merging."""

    number: int
    is_open: bool
    merged: str | None
    conflicts: list[str]


class PullRequests(Calls):
    """The pull requests of a repository."""

    def marked_pull_request(self, title: str, mark: str) -> Commit | None:
        """Return the newest commit of the open pull request with this title whose commits carry the mark, or None."""
        return self._do("list the pull requests", lambda: self._marked_pull_request(title, mark))

    def merge(self, number: int) -> str:
        """Merge a pull request, once, and return the commit that its branch then has; "" where that is not told.

        Raises HubError; Moved where its branch has changed so that both sides changed the same files.
        """

        def merge() -> str:
            try:
                self._api.merge_pull_request(self.name, number, repo_type="dataset")
            except HfHubHTTPError as error:
                status = error.response.status_code
                if status not in (400, 409, 412):
                    raise
                if oid := landed():  # by an earlier try, whose answer was lost
                    return oid
                if status == 400:
                    raise
                line = f"cannot merge pull request {number}: its branch has changed (HTTP {status}); {AGAIN}"
                raise Moved(line, "") from None
            try:
                return self._pull_request(number).merged or ""
            except Trouble:  # it is merged all the same
                return ""

        def landed() -> str | None:
            request = self._pull_request(number)
            if request.conflicts:
                line = f"cannot merge pull request {number}: someone else changed {request.conflicts[0]}; {AGAIN}"
                raise Moved(line, "")
            return request.merged

        return self._do(f"merge pull request {number}", merge, landed)

    def close(self, number: int, comment: str) -> None:
        """Close a pull request that is not to be merged."""
        self._do(
            f"close pull request {number}",
            lambda: self._api.change_discussion_status(
                self.name, number, "closed", comment=comment, repo_type="dataset"
            ),
            landed=lambda: None if self._pull_request(number).is_open else True,
        )

    def _marked_pull_request(self, title: str, mark: str) -> Commit | None:
        listed = self._api.get_repo_discussions(
            self.name, discussion_type="pull_request", discussion_status="open", repo_type="dataset"
        )
        for request in listed:
            if request.title.split() != title.split():
                continue
            commits = self._commits(ref := f"refs/pr/{request.num}")
            if any(mark in description for _, description in commits):
                return Commit(commits[0][0], f"{self.page}/discussions/{request.num}", ref)
        return None

    def _pull_request(self, number: int) -> PullRequest:
        details = self._api.get_discussion_details(self.name, number, repo_type="dataset")
        conflicts = details.conflicting_files
        named = conflicts if isinstance(conflicts, list) else ["a file of this push"] * bool(conflicts)
        return PullRequest(number, details.status in ("open", "draft"), details.merge_commit_oid, named)
