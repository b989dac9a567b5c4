"""Answers about discussions and pull requests: open, list, describe, comment, rename, close, merge.

In comes a request and a repository; out goes what HfApi makes its Discussion objects of. A merge is a three-way one by
path, and makes one commit on the target branch, as the Hub does.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from tools.publish.staging.api_repos import iso_date
from tools.publish.staging.messages import HubError, Request, Response, json_response, text_of
from tools.publish.staging.objects import Blob
from tools.publish.staging.repository import MAIN, Repository, State

# The Hub's own page of discussions.
DISCUSSIONS_ON_A_PAGE = 10

NUMBER = re.compile(r"[1-9]\d{0,8}")


def _event(kind: str, author: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex[:24],
        "type": kind,
        "createdAt": iso_date(time.time()),
        "author": {"name": author, "type": "user"},
        "data": dict(data),
    }


def _comment(author: str, text: str) -> dict[str, Any]:
    version = {"raw": text, "html": "", "updatedAt": iso_date(time.time()), "author": {"name": author, "type": "user"}}
    return _event("comment", author, {"edited": False, "hidden": False, "latest": version, "history": [version]})


def _open(state: State, author: str, title: str, description: str, **more: Any) -> int:
    number = len(state.discussions) + 1
    discussion = {
        "num": number,
        "title": title,
        "author": author,
        "createdAt": iso_date(time.time()),
        "status": "open",
        "events": [_comment(author, description)],
        "isPullRequest": False,
        **more,
    }
    state.discussions.append(discussion)
    return number


def open_pull_request(
    state: State, base: str, start: str, author: str, title: str, description: str, status: str
) -> int:
    """Add to `state` a pull request onto the ref `base`, which is at the commit `start`, and return its number.

    The ref of the pull request is left to the caller.
    """
    more = {"isPullRequest": True, "status": status, "base": base, "start": start, "merged": None}
    return _open(state, author, title, description, **more)


def note_commit(state: State, ref: str, author: str, title: str, oid: str) -> None:
    """Record in `state` that a commit was added to the pull request whose ref is `ref`, if it is one."""
    for discussion in state.discussions:
        if ref == f"refs/pr/{discussion['num']}":
            discussion["events"].append(_event("commit", author, {"subject": title, "oid": oid}))


def _find(state: State, number: str) -> dict[str, Any]:
    if not NUMBER.fullmatch(number) or int(number) > len(state.discussions):
        raise HubError(404, f"there is no discussion {number}")
    return state.discussions[int(number) - 1]


def _summary(repository: Repository, discussion: Mapping[str, Any]) -> dict[str, Any]:
    summary = {key: discussion[key] for key in ("num", "title", "createdAt", "status", "isPullRequest")}
    comments = sum(event["type"] == "comment" for event in discussion["events"])
    return {
        **summary,
        "author": {"name": discussion["author"], "type": "user"},
        "repo": {"name": repository.id, "type": "dataset"},
        "pinned": False,
        "numComments": comments,
    }


def create_discussion(request: Request, repository: Repository) -> Response:
    """Open a discussion, or a pull request without commits, which is a draft."""
    body = request.body.json()
    title, description = text_of(body, "title").strip(), text_of(body, "description", "")
    if not 3 <= len(title) <= 200:
        raise HubError(400, f"a title must have 3 to 200 characters (got {len(title)})")
    with repository.change() as state:
        if body.get("pullRequest"):
            start = state.refs[MAIN]
            number = open_pull_request(state, MAIN, start, request.author, title, description, "draft")
            state.refs[f"refs/pr/{number}"] = start
        else:
            number = _open(state, request.author, title, description)
    page = f"{request.hub.endpoint}/datasets/{repository.id}/discussions/{number}"
    return json_response({"num": number, "pullRequest": bool(body.get("pullRequest")), "url": page})


def list_discussions(request: Request, repository: Repository) -> Response:
    """List discussions and pull requests, newest first, a page at a time."""
    kind, status, author = request.option("type", "all"), request.option("status", "all"), request.option("author")
    page = request.option("p", "0")
    if not re.fullmatch(r"\d{1,9}", page):
        raise HubError(400, f"'p' must be the number of a page (got {page!r})")
    # A draft counts as open, a merged pull request as closed.
    statuses = {"open": ("open", "draft"), "closed": ("closed", "merged")}.get(status)
    found = [
        discussion
        for discussion in reversed(repository.state.discussions)
        if kind in ("all", "pull_request" if discussion["isPullRequest"] else "discussion")
        and (statuses is None or discussion["status"] in statuses)
        and author in ("", discussion["author"])
    ]
    start = int(page) * DISCUSSIONS_ON_A_PAGE
    listed = [_summary(repository, discussion) for discussion in found[start : start + DISCUSSIONS_ON_A_PAGE]]
    return json_response({"discussions": listed, "count": len(found), "start": start})


def describe_discussion(request: Request, repository: Repository, number: str) -> Response:
    """Describe a discussion with all that happened in it and, for a pull request, what keeps it from being merged."""
    state = repository.state
    discussion = _find(state, number)
    details = {**_summary(repository, discussion), "events": discussion["events"]}
    if discussion["isPullRequest"]:
        details["changes"] = {"base": discussion["base"]}
        if discussion["merged"]:
            details["changes"]["mergeCommitId"] = discussion["merged"]
        is_open = discussion["status"] in ("open", "draft") and discussion["base"] in state.refs
        details["filesWithConflicts"] = _merged_files(repository, state, discussion)[1] if is_open else []
    return json_response(details)


def comment(request: Request, repository: Repository, number: str) -> Response:
    """Add a comment."""
    event = _comment(request.author, text_of(request.body.json(), "comment"))
    with repository.change() as state:
        _find(state, number)["events"].append(event)
    return json_response({"newMessage": event})


def rename(request: Request, repository: Repository, number: str) -> Response:
    """Change the title."""
    title = text_of(request.body.json(), "title").strip()
    with repository.change() as state:
        discussion = _find(state, number)
        event = _event("title-change", request.author, {"from": discussion["title"], "to": title})
        discussion["title"] = title
        discussion["events"].append(event)
    return json_response({"newTitle": event})


def change_status(request: Request, repository: Repository, number: str) -> Response:
    """Open or close; a draft becomes a proper pull request by being opened."""
    body = request.body.json()
    status = text_of(body, "status")
    if status not in ("open", "closed"):
        raise HubError(400, f"status must be 'open' or 'closed' (got {status!r})")
    event = _event("status-change", request.author, {"status": status})
    with repository.change() as state:
        discussion = _find(state, number)
        if discussion["status"] in (status, "merged"):
            raise HubError(400, f"the discussion is {discussion['status']} already")
        discussion["status"] = status
        discussion["events"].append(event)
        if said := text_of(body, "comment", ""):
            discussion["events"].append(_comment(request.author, said))
    return json_response({"newStatus": event})


def _merged_files(
    repository: Repository, state: State, discussion: Mapping[str, Any]
) -> tuple[dict[str, Blob], list[str]]:
    """Return the files of the target branch with a pull request merged in, and the paths that both sides changed."""
    before = repository.listing(discussion["start"]).files
    theirs = repository.listing(state.refs[f"refs/pr/{discussion['num']}"]).files
    merged = dict(repository.listing(state.refs[discussion["base"]]).files)
    conflicts = []
    for path in sorted({*before, *theirs}):
        proposed, present = theirs.get(path), merged.get(path)
        if proposed == before.get(path) or proposed == present:
            continue
        if present != before.get(path):
            conflicts.append(path)
        elif proposed is None:
            merged.pop(path, None)
        else:
            merged[path] = proposed
    folders = {path[:end] for path in merged for end in range(len(path)) if path[end] == "/"}
    return merged, conflicts + sorted(folders & merged.keys())


def merge(request: Request, repository: Repository, number: str) -> Response:
    """Merge a pull request: one commit on its target branch that has what the pull request changed."""
    said = text_of(request.body.json(), "comment", "")
    with repository.change() as state:
        discussion = _find(state, number)
        if not discussion["isPullRequest"] or discussion["status"] != "open":
            what = f"a {discussion['status']} pull request" if discussion["isPullRequest"] else "a discussion"
            raise HubError(400, f"only an open pull request can be merged, and {number} is {what}")
        if discussion["base"] not in state.refs or f"refs/pr/{number}" not in state.refs:
            raise HubError(404, "the branch to merge, or the one to merge it into, is gone", "RevisionNotFound")
        files, conflicts = _merged_files(repository, state, discussion)
        if conflicts:
            raise HubError(409, f"both sides changed {', '.join(conflicts)}: resolve this first")
        base, title = discussion["base"], f"{discussion['title']} (#{number})"
        oid = repository.write_commit(files, state.refs[base], request.author, title, "")
        state.refs[base] = discussion["merged"] = oid
        discussion["status"] = "merged"
        if said:
            discussion["events"].append(_comment(request.author, said))
        discussion["events"].append(_event("status-change", request.author, {"status": "merged"}))
    return json_response({"success": True, "mergeCommitId": oid})
