"""Answers about branches and tags.

In comes a request and a repository; out goes the list of refs, or the change of one.
"""

from __future__ import annotations

from tools.publish.staging.api_repos import commit_named
from tools.publish.staging.messages import HubError, Request, Response, json_response, text_of
from tools.publish.staging.repository import (
    BRANCHES,
    CONVERTS,
    PULL_REQUESTS,
    TAGS,
    BadRefError,
    RefExistsError,
    Repository,
    UnknownRevisionError,
)


def list_refs(request: Request, repository: Repository) -> Response:
    """List branches, tags and converted branches, and pull requests where they are asked for."""
    groups = {"branches": BRANCHES, "converts": CONVERTS, "tags": TAGS}
    if request.flag("include_prs"):
        groups["pullRequests"] = PULL_REQUESTS
    refs = sorted(repository.state.refs.items())
    # A pull request is called by its number, as on the Hub: `refs/pr/1` has the name `1`.
    listed = {
        group: [
            {"name": name.removeprefix(prefix), "ref": name, "targetCommit": oid}
            for name, oid in refs
            if name.startswith(prefix)
        ]
        for group, prefix in groups.items()
    }
    return json_response(listed)


def _full_branch(branch: str) -> str:
    """Return the full name of a branch; converted ones are named in full, and pull requests are no branches."""
    if branch.startswith(CONVERTS):
        return branch
    if branch.startswith("refs/"):
        raise HubError(400, f"{branch!r} is not a valid name for a branch")
    return BRANCHES + branch


def _create(repository: Repository, name: str, oid: str) -> Response:
    try:
        repository.create_ref(name, oid)
    except RefExistsError:
        raise HubError(409, f"Reference already exists: {name}") from None
    except BadRefError as error:
        raise HubError(400, str(error)) from None
    return json_response({"ref": name, "targetCommit": oid}, 201)


def _delete(repository: Repository, name: str) -> Response:
    try:
        repository.delete_ref(name)
    except UnknownRevisionError:
        raise HubError(404, f"{name} does not exist", "RevisionNotFound") from None
    except BadRefError as error:
        raise HubError(403, str(error)) from None
    return Response(204)


def create_branch(request: Request, repository: Repository, branch: str) -> Response:
    """Make a branch, at the main branch or where the body says."""
    start = commit_named(repository, text_of(request.body.json(), "startingPoint", "main"))
    return _create(repository, _full_branch(branch), start)


def delete_branch(request: Request, repository: Repository, branch: str) -> Response:
    """Remove a branch; the main branch stays."""
    return _delete(repository, _full_branch(branch))


def create_tag(request: Request, repository: Repository, revision: str) -> Response:
    """Tag a commit. The tag's message is accepted and, as nothing reads it back, not kept."""
    body = request.body.json()
    return _create(repository, TAGS + text_of(body, "tag"), commit_named(repository, revision))


def delete_tag(request: Request, repository: Repository, tag: str) -> Response:
    """Remove a tag."""
    return _delete(repository, TAGS + tag)
