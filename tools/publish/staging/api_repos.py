"""Answers about users and repositories as wholes: who am I, create, delete, settings, description of a dataset.

In comes a request (and the repository that its path names); out goes a response in the Hub's shape.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import yaml

from tools.describe.header import read_header
from tools.publish.staging.messages import HubError, Request, Response, json_response, text_of
from tools.publish.staging.objects import Blob
from tools.publish.staging.repository import Repository, UnknownRevisionError
from tools.publish.staging.store import RepositoryExistsError, is_repo_id

FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)

# Keys of a card that the Hub turns into tags `key:value`.
TAGGED_KEYS = ("task_categories", "task_ids", "language", "license", "size_categories", "annotations_creators")

ABOUT = """This is a staging Hub: a dress rehearsal, on one machine, of publishing a dataset to the Hugging Face Hub.
It is not for hosting data: nothing here is backed up, secured or meant to last. See tools/publish/staging/.
"""


def iso_date(seconds: float) -> str:
    """Return a time as the Hub writes it, such as 2026-01-31T12:00:00.000Z."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def commit_named(repository: Repository, revision: str) -> str:
    """Return the commit that `revision` stands for. Raises HubError (404, RevisionNotFound)."""
    try:
        return repository.resolve(revision)
    except UnknownRevisionError:
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound") from None


def front_page(request: Request) -> Response:
    """Say what this is."""
    return Response(body=ABOUT.encode(), headers={"Content-Type": "text/plain; charset=utf-8"})


def who_am_i(request: Request) -> Response:
    """Describe the user of the token."""
    name, role = request.author, request.user.role if request.user else ""
    access = {"displayName": "staging", "role": role, "createdAt": iso_date(0)}
    auth = {"type": "access_token", "accessToken": access}
    user = {"type": "user", "id": name, "name": name, "fullname": name, "isPro": False, "orgs": [], "auth": auth}
    return json_response(user)


def _named_in_body(request: Request, body: dict[str, Any]) -> str:
    if body.get("type") != "dataset":
        raise HubError(400, f"the staging Hub holds repositories of type 'dataset' only (got {body.get('type')!r})")
    namespace = text_of(body, "organization", request.author)
    repo_id = f"{namespace}/{text_of(body, 'name')}"
    if not is_repo_id(repo_id):
        raise HubError(400, f"{repo_id!r} is not a valid name of a repository")
    return repo_id


def _wants_private(body: dict[str, Any]) -> bool | None:
    """Return what `body` says of visibility: the 2.x clients name it, the 0.x ones send a flag."""
    if "visibility" in body:
        if body["visibility"] not in ("public", "private"):
            raise HubError(400, f"visibility must be 'public' or 'private' (got {body['visibility']!r})")
        return bool(body["visibility"] == "private")
    if not isinstance(body.get("private"), (bool, type(None))):
        raise HubError(400, "'private' must be true or false")
    return body.get("private")


def create(request: Request) -> Response:
    """Make a repository with its first commit; 409, with the same URL, where it is there already."""
    body = request.body.json()
    repo_id = _named_in_body(request, body)
    answer = {"url": f"{request.hub.endpoint}/datasets/{repo_id}", "name": repo_id}
    try:
        repository = request.hub.store.create(repo_id, bool(_wants_private(body)), request.author)
    except RepositoryExistsError:
        return json_response({"error": "You already created this dataset repo", **answer}, 409)
    return json_response({**answer, "id": repository.id})


def delete(request: Request) -> Response:
    """Remove a repository and all it holds."""
    repo_id = _named_in_body(request, request.body.json())
    if request.hub.store.find(repo_id) is None:
        raise HubError(404, "Repository not found", "RepoNotFound")
    request.hub.store.delete(repo_id)
    return json_response({})


def change_settings(request: Request, repository: Repository) -> Response:
    """Make a repository private or public; other settings are accepted and have no effect here."""
    private = _wants_private(request.body.json())
    with repository.change() as state:
        state.private = state.private if private is None else private
    return json_response({"private": repository.state.private})


def validate_yaml(request: Request) -> Response:
    """Tell whether the header of a card can be read. What a card must say is not judged here."""
    text = text_of(request.body.json(), "content")
    match = FRONT_MATTER.match(text)
    if match is None:
        warning = {"message": "empty or missing yaml metadata in repo card"}
        return json_response({"errors": [], "warnings": [warning]})
    try:
        error = None if isinstance(yaml.safe_load(match[1]), (dict, type(None))) else "the header must be a mapping"
    except yaml.YAMLError as problem:
        error = str(problem)
    return json_response({"errors": [{"message": error}] if error else [], "warnings": []}, 400 if error else 200)


@lru_cache(maxsize=16)
def _card_data(readme: bytes) -> dict[str, Any]:
    """Return the header of a README, or {} where it has none that can be read."""
    match = FRONT_MATTER.match(readme.decode(errors="replace"))
    try:
        data = read_header(f"---\n{match[1]}---\n") if match else {}
        # YAML has values that JSON has not, such as dates: they travel as text.
        data = json.loads(json.dumps(data, default=str))
    except (TypeError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _tags(card: dict[str, Any]) -> list[str]:
    tags = []
    for key in TAGGED_KEYS:
        values = card.get(key) or []
        tags += [f"{key}:{value}" for value in (values if isinstance(values, list) else [values])]
    more = card.get("tags") or []
    return tags + [str(tag) for tag in (more if isinstance(more, list) else [more])] + ["region:us"]


def _sibling(path: str, blob: Blob, with_blobs: bool) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": path}
    if with_blobs:
        sibling |= {"blobId": blob.oid, "size": blob.size}
        if blob.pointer:
            sibling["lfs"] = {"sha256": blob.pointer.sha256, "size": blob.size, "pointerSize": blob.stored_size}
    return sibling


def describe(request: Request, repository: Repository, revision: str = "main") -> Response:
    """Describe a dataset at a revision: its files, its commit, its card; `expand` asks for some of that only."""
    oid = commit_named(repository, revision)
    files = repository.listing(oid).files
    readme = files.get("README.md")
    card = _card_data(repository.content(readme)) if readme and not readme.pointer else {}
    description = {
        "_id": repository.id,
        "id": repository.id,
        "author": repository.id.split("/")[0],
        "sha": oid,
        "lastModified": iso_date(repository.commit_of(oid).seconds),
        "createdAt": iso_date(repository.state.created),
        "private": repository.state.private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": _tags(card),
        "cardData": card,
        "usedStorage": sum(blob.size for blob in files.values()),
        "siblings": [_sibling(path, blob, request.flag("blobs")) for path, blob in files.items()],
    }
    wanted = [name for key in ("expand", "expand[]") for name in request.query.get(key, [])]
    if wanted:
        description = {key: value for key, value in description.items() if key in (*wanted, "id", "_id")}
    return json_response(description, headers={"X-Repo-Commit": oid})
