"""Answers about changes: how each file is to be uploaded, the commit itself, and the list of commits.

In come the files that a client means to upload and then, line by line, what a commit adds and removes; out goes the new
commit, or a refusal that leaves everything as it was.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from tools.publish.staging import patterns
from tools.publish.staging.api_discussions import note_commit, open_pull_request
from tools.publish.staging.api_repos import commit_named, iso_date
from tools.publish.staging.messages import (
    MAX_REGULAR_BYTES,
    HubError,
    Request,
    Response,
    json_response,
    parse_object,
    text_of,
)
from tools.publish.staging.objects import Blob, Pointer, parse_pointer
from tools.publish.staging.repository import ParentMovedError, Repository, State, UnknownRevisionError

# The Hub's clients ask for at most 256 files at a time.
MAX_PREUPLOAD_FILES = 1000

# What HfApi takes for a commit (constants.REGEX_COMMIT_OID), so a parent may be given by its first digits.
COMMIT_ID = re.compile(r"[A-Fa-f0-9]{5,40}")

COMMITS_ON_A_PAGE = 50

# One line of a commit, once read: what it does to the files by path.
Edit = Callable[[dict[str, Blob]], None]


def clean_path(value: Mapping[str, Any]) -> str:
    """Return the path of an operation.

    Raises HubError (400) for a path that git, or the disk of somebody who downloads the repository, would not bear.
    """
    path = text_of(value, "path")
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise HubError(400, f"{path!r} is not a path inside a repository")
    if "\\" in path or any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        raise HubError(400, f"{path!r} has a character that a path may not have")
    return path


def _text_at(repository: Repository, oid: str, path: str) -> str:
    blob = repository.listing(oid).files.get(path)
    return repository.content(blob).decode(errors="replace") if blob and not blob.pointer else ""


def _decode(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise HubError(400, f"{what} is not valid base64") from None


def _is_text(sample: bytes) -> bool:
    """Tell whether the first bytes of a file are text: UTF-8, perhaps cut in the middle of a letter, without a NUL."""
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return False
    return b"\0" not in sample


def preupload(request: Request, repository: Repository, revision: str) -> Response:
    """Say for each file whether it goes as a regular or as a large one, is ignored, and what is at its path now."""
    body = request.body.json()
    oid = commit_named(repository, revision)
    given = body.get("files")
    if not isinstance(given, list) or len(given) > MAX_PREUPLOAD_FILES:
        raise HubError(400, f"'files' must be a list of at most {MAX_PREUPLOAD_FILES} files")
    attributes = _text_at(repository, oid, ".gitattributes")
    ignore = text_of(body, "gitIgnore", "") or _text_at(repository, oid, ".gitignore")
    files = []
    for item in given:
        size = item.get("size") if isinstance(item, dict) else None
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise HubError(400, f"every file must have a path, a sample and a size in bytes (got size {size!r})")
        path = clean_path(item)
        sample = _decode(text_of(item, "sample", ""), f"the sample of {path}")
        large = patterns.is_large(attributes, path) or size > MAX_REGULAR_BYTES or not _is_text(sample)
        present = repository.listing(oid).files.get(path)
        files.append(
            {
                "path": path,
                "uploadMode": "lfs" if large and size else "regular",
                "shouldIgnore": patterns.is_ignored(ignore, path),
                "oid": present.etag if present else None,
            }
        )
    return json_response({"files": files, "commitOid": oid})


def _add_regular(repository: Repository, value: Mapping[str, Any]) -> Edit:
    path = clean_path(value)
    content = text_of(value, "content")
    if value.get("encoding") == "base64":
        data = _decode(content, f"the content of {path}")
    elif value.get("encoding", "utf-8") == "utf-8":
        data = content.encode()
    else:
        raise HubError(400, f"the encoding of {path} must be base64 or utf-8 (got {value['encoding']!r})")
    if len(data) > MAX_REGULAR_BYTES:
        raise HubError(413, f"{path} has more than 10 MB: it is to be uploaded as an LFS file")
    pointer = parse_pointer(data)
    if pointer:
        _check_uploaded(repository, path, pointer)
    blob = repository.objects.describe(repository.objects.write("blob", data))
    return lambda files: files.update({path: blob})


def _add_large(repository: Repository, value: Mapping[str, Any]) -> Edit:
    path = clean_path(value)
    sha256 = text_of(value, "oid")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or value.get("algo", "sha256") != "sha256":
        raise HubError(400, f"{path} must name a sha256 in lower-case hexadecimal (got {sha256!r})")
    size = value.get("size")
    if size is None and repository.large.has(sha256):
        size = repository.large.path(sha256).stat().st_size  # a copy: clients name the content only
    if not isinstance(size, int) or isinstance(size, bool):
        size = -1
    pointer = Pointer(sha256, size)
    _check_uploaded(repository, path, pointer)
    blob = repository.objects.describe(repository.objects.write("blob", pointer.encode()))
    return lambda files: files.update({path: blob})


def _check_uploaded(repository: Repository, path: str, pointer: Pointer) -> None:
    if not repository.large.has(pointer.sha256, pointer.size):
        raise HubError(
            400, f"{path}: its LFS object {pointer.sha256} was not uploaded with this size: upload it, then commit"
        )


def _delete_file(_: Repository, value: Mapping[str, Any]) -> Edit:
    path = clean_path(value)

    def edit(files: dict[str, Blob]) -> None:
        if files.pop(path, None) is None:
            raise HubError(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")

    return edit


def _delete_folder(_: Repository, value: Mapping[str, Any]) -> Edit:
    path = clean_path({**value, "path": text_of(value, "path").removesuffix("/")})

    def edit(files: dict[str, Blob]) -> None:
        inside = [name for name in files if name.startswith(f"{path}/")]
        if not inside:
            raise HubError(404, f"A folder with this name doesn't exist: {path}", "EntryNotFound")
        for name in inside:
            del files[name]

    return edit


OPERATIONS: Mapping[str, Callable[[Repository, Mapping[str, Any]], Edit]] = {
    "file": _add_regular,
    "lfsFile": _add_large,
    "deletedFile": _delete_file,
    "deletedFolder": _delete_folder,
}


def _parse(lines: Iterator[bytes]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield key and value of each line of a commit; the first is the header."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        item = parse_object(line, f"line {number} of the commit")
        key, value = item.get("key"), item.get("value")
        if not isinstance(key, str) or not isinstance(value, dict):
            raise HubError(400, f"line {number} of the commit must have a key and a value")
        yield key, value


def check_folders(files: Mapping[str, Blob]) -> None:
    """Raise HubError (400) where a path is both a file and a folder."""
    for path in files:
        end = path.rfind("/")
        while end > 0:
            if path[:end] in files:
                raise HubError(400, f"{path[:end]} cannot be a file and a folder, with {path} in it")
            end = path.rfind("/", 0, end)


def commit(request: Request, repository: Repository, revision: str) -> Response:
    """Make a commit of the lines in the body, on a branch or (create_pr) on a pull request opened for it."""
    parsed = _parse(request.body.lines())
    key, header = next(parsed, ("", {}))
    if key != "header":
        raise HubError(400, "a commit must begin with its header")
    title = " ".join(text_of(header, "summary").split())
    description = text_of(header, "description", "")
    parent = text_of(header, "parentCommit", "") or None
    if not title:
        raise HubError(400, "a commit must have a summary")
    if parent and not COMMIT_ID.fullmatch(parent):
        raise HubError(400, f"parentCommit must be the id of a commit (got {parent!r})")
    edits = []
    for key, value in parsed:
        if key not in OPERATIONS:
            raise HubError(400, f"{key!r} is not an operation of a commit: expected one of {', '.join(OPERATIONS)}")
        edits.append(OPERATIONS[key](repository, value))

    def edit(files: dict[str, Blob]) -> None:
        for step in edits:
            step(files)
        check_folders(files)

    opened: list[int] = []

    def place(state: State, branch: str, head: str, oid: str) -> str:
        if not request.flag("create_pr"):
            note_commit(state, branch, request.author, title, oid)
            return branch
        number = open_pull_request(state, branch, head, request.author, title, description, "open")
        opened.append(number)
        note_commit(state, f"refs/pr/{number}", request.author, title, oid)
        return f"refs/pr/{number}"

    try:
        oid = repository.commit(revision, edit, request.author, title, description, parent, place)
    except UnknownRevisionError:
        raise HubError(404, f"Invalid rev id: {revision} is not a branch", "RevisionNotFound") from None
    except ParentMovedError as error:
        message = f"A commit has happened since. Please refresh and try again: {error}"
        raise HubError(412, message) from None
    page = f"{request.hub.endpoint}/datasets/{repository.id}"
    answer = {"success": True, "commitOid": oid, "commitUrl": f"{page}/commit/{oid}", "hookOutput": ""}
    if opened:
        answer["pullRequestUrl"] = f"{page}/discussions/{opened[0]}"
    return json_response(answer)


def list_commits(request: Request, repository: Repository, revision: str) -> Response:
    """List the commits of a revision, newest first, a page at a time."""
    oid = commit_named(repository, revision)
    page = request.option("p", "0")
    if not re.fullmatch(r"\d{1,9}", page):
        raise HubError(400, f"'p' must be the number of a page (got {page!r})")
    size = min(request.hub.page_size, COMMITS_ON_A_PAGE)
    commits = list(repository.history(oid))
    start = int(page) * size
    items = [
        {
            "id": commit_id,
            "title": commit.title,
            "message": commit.message,
            "authors": [{"user": commit.author}],
            "date": iso_date(commit.seconds),
        }
        for commit_id, commit in commits[start : start + size]
    ]
    headers = {"X-Total-Count": str(len(commits)), "X-Repo-Commit": oid}
    if start + size < len(commits):
        base = f"{request.hub.endpoint}/api/datasets/{repository.id}/commits/{quote(oid, safe='')}"
        headers["Link"] = f'<{base}?{urlencode({"p": int(page) + 1})}>; rel="next"'
    return json_response(items, headers=headers)
