"""Which address is answered by which function, and who may ask.

In comes a request whose path is still as it was sent (so that `refs%2Fpr%2F1` is one segment); out goes the response
of the handler, or a HubError in the Hub's own words. This is the one place where access is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlencode

from tools.publish.staging import api_commit, api_discussions, api_files, api_lfs, api_refs, api_repos, mishaps
from tools.publish.staging.messages import HubError, Request, Response
from tools.publish.staging.repository import Repository

# `link`: whoever holds the signed link, which the handler checks itself.
Need = Literal["nothing", "read", "write", "link"]

# A revision is one segment, but a browser writes refs/pr/1 with its slashes.
SEGMENTS = {
    "repo": r"[^/]+/[^/]+?",
    "revision": r"refs/(?:pr|convert)/[^/]+|[^/]+",
    "path": r".+",
}

UNKNOWN_USER = "Invalid username or password."


@dataclass(frozen=True)
class Route:
    """An address: a method, a pattern of paths, what is needed to ask, its step, and the function that answers.

    The step is what faults call it (faults.STEPS); without one it has no faults.
    """

    method: str
    path: re.Pattern[str]
    need: Need
    step: str
    handler: Callable[..., Response]


def _route(method: str, path: str, need: Need, step: str, handler: Callable[..., Response]) -> Route:
    pattern = re.sub(r"\{(\w+)\}", lambda name: f"(?P<{name[1]}>{SEGMENTS.get(name[1], '[^/]+')})", path)
    return Route(method, re.compile(pattern), need, step, handler)


API = "/api/datasets/{repo}"
LFS = r"/datasets/{repo}\.git/info/lfs/objects"

ROUTES = [
    _route("GET", "/", "nothing", "", api_repos.front_page),
    _route("GET", "/api/whoami-v2", "nothing", "whoami", api_repos.who_am_i),
    _route("POST", "/api/validate-yaml", "nothing", "card", api_repos.validate_yaml),
    _route("POST", "/api/repos/create", "write", "create", api_repos.create),
    _route("DELETE", "/api/repos/delete", "write", "delete", api_repos.delete),
    _route("GET", API, "read", "info", api_repos.describe),
    _route("GET", API + "/revision/{revision}", "read", "info", api_repos.describe),
    _route("PUT", API + "/settings", "write", "settings", api_repos.change_settings),
    _route("GET", API + "/tree/{revision}(?:/{path})?", "read", "tree", api_files.list_tree),
    _route("POST", API + "/paths-info/{revision}", "read", "paths", api_files.describe_paths),
    _route("GET", "/datasets/{repo}/resolve/{revision}/{path}", "read", "resolve", api_files.resolve),
    _route("GET", "/cdn/datasets/{repo}/{sha256}", "link", "download", api_files.download),
    _route("POST", API + "/preupload/{revision}", "write", "preupload", api_commit.preupload),
    _route("POST", API + "/commit/{revision}", "write", "commit", api_commit.commit),
    _route("GET", API + "/commits/{revision}", "read", "commits", api_commit.list_commits),
    _route("POST", LFS + "/batch", "write", "batch", api_lfs.batch),
    _route("POST", LFS + "/verify", "write", "verify", api_lfs.verify),
    _route("PUT", "/upload/datasets/{repo}/{sha256}", "link", "upload", api_lfs.upload),
    _route("PUT", "/upload/datasets/{repo}/{sha256}/part", "link", "part", api_lfs.upload_part),
    _route("POST", "/upload/datasets/{repo}/{sha256}/complete", "link", "complete", api_lfs.complete),
    _route("GET", API + "/refs", "read", "refs", api_refs.list_refs),
    _route("POST", API + "/branch/{branch}", "write", "branch", api_refs.create_branch),
    _route("DELETE", API + "/branch/{branch}", "write", "branch", api_refs.delete_branch),
    _route("POST", API + "/tag/{revision}", "write", "tag", api_refs.create_tag),
    _route("DELETE", API + "/tag/{tag}", "write", "tag", api_refs.delete_tag),
    _route("GET", API + "/discussions", "read", "discussions", api_discussions.list_discussions),
    _route("POST", API + "/discussions", "write", "propose", api_discussions.create_discussion),
    _route("GET", API + "/discussions/{number}", "read", "discussions", api_discussions.describe_discussion),
    _route("POST", API + "/discussions/{number}/comment", "write", "comment", api_discussions.comment),
    _route("POST", API + "/discussions/{number}/title", "write", "comment", api_discussions.rename),
    _route("POST", API + "/discussions/{number}/status", "write", "status", api_discussions.change_status),
    _route("POST", API + "/discussions/{number}/merge", "write", "merge", api_discussions.merge),
]


def dispatch(request: Request) -> Response:
    """Answer `request`. Raises HubError for every refusal."""
    # What answers GET answers HEAD; the server leaves the body out.
    method = "GET" if request.method == "HEAD" else request.method
    matches = [(route, match) for route in ROUTES if (match := route.path.fullmatch(request.path))]
    for route, match in matches:
        if route.method == method:
            segments = {name: _decode(text) for name, text in match.groupdict().items() if text is not None}
            if refused := mishaps.before(request, route.step, segments):
                return refused
            return mishaps.after(request, route.step, segments, _answer(request, route, dict(segments)))
    if matches:
        allowed = ", ".join(sorted({route.method for route, _ in matches}))
        raise HubError(405, f"{request.method} is not possible here, only {allowed}", headers={"Allow": allowed})
    if request.path.startswith(("/api/models/", "/api/spaces/")):
        raise HubError(404, "the staging Hub holds datasets only: give repo_type='dataset'", "RepoNotFound")
    raise HubError(404, "the staging Hub has nothing at this address")


def _decode(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise HubError(400, "the address is not valid UTF-8") from None


def _answer(request: Request, route: Route, segments: dict[str, str]) -> Response:
    if route.need == "link":
        return route.handler(request, **segments)
    authorization = request.headers.get("Authorization")
    request.user = request.hub.tokens.user(authorization) if authorization else None
    repo_id = segments.pop("repo", None)
    repository = request.hub.store.find(repo_id) if repo_id else None
    # To those it does not know, the Hub does not tell a private repository from one that does not exist.
    hidden = repo_id is not None and (repository is None or repository.state.private)
    if request.user is None and (authorization or hidden or route.need == "write"):
        raise HubError(401, UNKNOWN_USER, "RepoNotFound" if hidden else None)
    if repo_id is not None and repository is None:
        raise HubError(404, "Repository not found", "RepoNotFound")
    if repository is not None and repository.id != repo_id:
        status = request.hub.store.moved[str(repo_id)][1]
        query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
        location = request.path.replace(str(repo_id), repository.id, 1) + query
        return Response(status, b"This repository has another name now.\n", {"Location": location})
    if route.need == "write" and request.user and request.user.role != "write":
        raise HubError(403, "Forbidden: you must use a write token to upload to a repository.")
    subject: tuple[Repository, ...] = (repository,) if repository else ()
    return route.handler(request, *subject, **segments)
