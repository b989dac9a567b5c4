"""Answers about files: listings, descriptions of paths, and the contents themselves.

In comes a request and a repository; out goes a listing page by page, or the bytes of a file (or a stretch of them),
from here for regular files, by way of a signed link to the second address for large ones, as on the Hub.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from tools.publish.staging.api_repos import commit_named, iso_date
from tools.publish.staging.messages import HubError, Request, Response, Stretch, json_response
from tools.publish.staging.objects import Blob
from tools.publish.staging.repository import Listing, Repository

# The Hub's own limits: entries on a page, on a page with last commits, and paths in one question.
EXPANDED_PAGE_ENTRIES = 50
MAX_PATHS = 1000

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def _file_item(path: str, blob: Blob) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "file", "oid": blob.oid, "size": blob.size, "path": path}
    if blob.pointer:
        item["lfs"] = {"oid": blob.pointer.sha256, "size": blob.size, "pointerSize": blob.stored_size}
    return item


def _item(listing: Listing, path: str) -> dict[str, Any] | None:
    if path in listing.files:
        return _file_item(path, listing.files[path])
    if path in listing.folders:
        return {"type": "directory", "oid": listing.folders[path], "size": 0, "path": path}
    return None


def _oid_at(listing: Listing, path: str) -> str | None:
    blob = listing.files.get(path)
    return blob.oid if blob else listing.folders.get(path)


def _add_last_commits(repository: Repository, oid: str, items: list[dict[str, Any]]) -> None:
    """Put into every item the newest commit, from `oid` back, that changed what is at its path."""
    pending = items
    for commit_id, commit in repository.history(oid):
        here = repository.listing(commit_id)
        before = repository.listing(commit.parent) if commit.parent else Listing({}, {})
        waiting = []
        for item in pending:
            if _oid_at(here, item["path"]) == _oid_at(before, item["path"]):
                waiting.append(item)
            else:
                item["lastCommit"] = {"id": commit_id, "title": commit.title, "date": iso_date(commit.seconds)}
        pending = waiting
        if not pending:
            return


def _paths_below(listing: Listing, folder: str, recursive: bool) -> Iterator[str]:
    prefix = f"{folder}/" if folder else ""
    for path in sorted([*listing.files, *listing.folders]):
        if path.startswith(prefix) and (recursive or "/" not in path[len(prefix) :]):
            yield path


def list_tree(request: Request, repository: Repository, revision: str, path: str = "") -> Response:
    """List a folder, a page at a time; the Link header leads to the next page, of the same commit whatever happens."""
    oid = commit_named(repository, revision)
    listing = repository.listing(oid)
    if path in listing.files:
        paths = [path]
    elif path and path not in listing.folders:
        raise HubError(404, f"{path} does not exist on {revision!r}", "EntryNotFound", {"X-Repo-Commit": oid})
    else:
        paths = list(_paths_below(listing, path, request.flag("recursive")))
    expand = request.flag("expand")
    size = min(request.hub.page_size, EXPANDED_PAGE_ENTRIES) if expand else request.hub.page_size
    after = _decode_cursor(request.option("cursor"))
    paths = [name for name in paths if name > after]
    items = [item for name in paths[:size] if (item := _item(listing, name))]
    if expand:
        _add_last_commits(repository, oid, items)
    headers = {"X-Repo-Commit": oid}
    if len(paths) > size:
        options = {name: request.option(name) for name in ("recursive", "expand") if name in request.query}
        query = urlencode({**options, "cursor": base64.urlsafe_b64encode(paths[size - 1].encode()).decode()})
        folder = f"/{quote(path, safe='')}" if path else ""
        url = f"{request.hub.endpoint}/api/datasets/{repository.id}/tree/{oid}{folder}?{query}"
        headers["Link"] = f'<{url}>; rel="next"'
    return json_response(items, headers=headers)


def _decode_cursor(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, b"-_", validate=True).decode()
    except ValueError:
        raise HubError(400, "the cursor is not one of ours") from None


def describe_paths(request: Request, repository: Repository, revision: str) -> Response:
    """Describe the files and folders at the paths asked for; one that does not exist is left out."""
    if request.headers.get("Content-Type", "").startswith("application/json"):
        body: Mapping[str, Any] = request.body.json()
        paths, expand = body.get("paths"), str(body.get("expand", ""))
    else:
        try:
            form = parse_qs(request.body.all().decode(), strict_parsing=False)
        except ValueError:
            raise HubError(400, "the form is not valid UTF-8") from None
        paths, expand = form.get("paths", []), form.get("expand", [""])[0]
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise HubError(400, "'paths' must be a list of strings")
    if len(paths) > MAX_PATHS:
        raise HubError(413, f"too many paths: at most {MAX_PATHS} in one request")
    oid = commit_named(repository, revision)
    listing = repository.listing(oid)
    items = [item for path in paths if (item := _item(listing, path))]
    if expand.lower() in ("1", "true"):
        _add_last_commits(repository, oid, items)
    return json_response(items, headers={"X-Repo-Commit": oid})


def resolve(request: Request, repository: Repository, revision: str, path: str) -> Response:
    """Give the content of a file: itself where it is regular, a link to it where it is large."""
    oid = commit_named(repository, revision)
    blob = repository.listing(oid).files.get(path)
    if blob is None:
        raise HubError(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": oid})
    headers = {
        "X-Repo-Commit": oid,
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(path.rsplit('/', 1)[-1], safe='')}",
    }
    if blob.pointer is None:
        return _part_of(request, repository.content(blob), blob.etag, headers)
    query = request.hub.links.sign("download", {"repo": repository.id, "sha256": blob.pointer.sha256})
    headers |= {
        "Location": f"{request.hub.cdn_endpoint}/cdn/datasets/{repository.id}/{blob.pointer.sha256}?{query}",
        "X-Linked-Size": str(blob.size),
        "X-Linked-ETag": f'"{blob.etag}"',
        "ETag": f'"{blob.etag}"',
        "Accept-Ranges": "bytes",
    }
    return Response(302, b"Found. The content lies behind the link in Location.\n", headers)


def download(request: Request, repo: str, sha256: str) -> Response:
    """Give the content of a large file to whoever holds a signed link to it."""
    query = {name: request.option(name) for name in request.query}
    if not request.hub.links.check("download", query) or (query["repo"], query["sha256"]) != (repo, sha256):
        raise HubError(403, "the link to this file is wrong, or has expired")
    repository = request.hub.store.find(repo)
    if repository is None or not repository.large.has(sha256):
        raise HubError(404, "the file is gone")
    path = repository.large.path(sha256)
    return _part_of(request, Stretch(path, 0, path.stat().st_size), sha256, {})


def _part_of(request: Request, content: bytes | Stretch, etag: str, headers: dict[str, str]) -> Response:
    """Return the stretch of `content` that the request's headers ask for, or 304 where the client has it already."""
    headers = {"ETag": f'"{etag}"', "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream", **headers}
    known = [tag.strip().removeprefix("W/").strip('"') for tag in request.headers.get("If-None-Match", "").split(",")]
    if etag in known or "*" in known:
        return Response(304, b"", headers)
    size = content.count if isinstance(content, Stretch) else len(content)
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", f'"{etag}"').strip('"') != etag:
        wanted = ""
    stretch = _byte_range(wanted, size)
    if stretch is None:
        return Response(200, content, headers)
    start, end = stretch
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if isinstance(content, Stretch):
        return Response(206, Stretch(content.path, start, end - start), headers)
    return Response(206, content[start:end], headers)


def _byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last that a Range header asks for, or None for all (RFC 9110, 14.2).

    Several ranges at once, other units and nonsense count as all. Raises HubError (416) beyond the end of the file.
    """
    match = RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if first and last and int(last) < int(first):
        return None
    if start >= size:
        raise HubError(416, f"the file has {size} bytes", headers={"Content-Range": f"bytes */{size}"})
    return start, end
