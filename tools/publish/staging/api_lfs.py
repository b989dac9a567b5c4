"""The upload of large files: git LFS's batch question, and the addresses that its answer names.

In come announcements (sha256 and size) and then the bytes, whole or in parts, over signed links as with the Hub's
storage; out goes what is still to be sent. What arrives is compared with what was announced, and refused if it differs.
"""

from __future__ import annotations

import re
from typing import Any

from tools.publish.staging.lfs import WrongContentError
from tools.publish.staging.messages import HubError, Request, Response, json_response
from tools.publish.staging.repository import Repository

LFS_JSON = {"Content-Type": "application/vnd.git-lfs+json"}

SHA256 = re.compile(r"[0-9a-f]{64}")

# 50 GB: the Hub takes nothing larger over HTTP.
MAX_FILE_BYTES = 50_000_000_000

# S3 takes no more parts of one file than this.
MAX_PARTS = 10_000


def _announced(value: object) -> tuple[str, int]:
    """Return sha256 and size of an object in a batch or a verification. Raises HubError (422)."""
    oid, size = (value.get("oid"), value.get("size")) if isinstance(value, dict) else (None, None)
    if not isinstance(oid, str) or not SHA256.fullmatch(oid):
        raise HubError(422, f"oid must be a sha256 in lower-case hexadecimal (got {oid!r})")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_FILE_BYTES:
        raise HubError(422, f"size must be a number of bytes from 0 to {MAX_FILE_BYTES} (got {size!r})")
    return oid, size


def batch(request: Request, repository: Repository) -> Response:
    """Say how each announced file is to be uploaded; one that is there already needs nothing."""
    body = request.body.json()
    transfers = body.get("transfers", ["basic"])
    if body.get("operation") != "upload":
        raise HubError(422, "only uploads go through here: files are downloaded from /resolve/")
    if body.get("hash_algo", "sha256") != "sha256" or not isinstance(body.get("objects"), list):
        raise HubError(422, "'objects' must be a list, named by sha256")
    announced = [_announced(item) for item in body["objects"]]
    multipart = isinstance(transfers, list) and "multipart" in transfers
    objects = []
    for oid, size in announced:
        item: dict[str, Any] = {"oid": oid, "size": size, "authenticated": True}
        if not repository.large.has(oid, size):
            item["actions"] = _actions(request, repository, oid, size, multipart)
        objects.append(item)
    in_parts = any("header" in item.get("actions", {}).get("upload", {}) for item in objects)
    return json_response({"transfer": "multipart" if in_parts else "basic", "objects": objects}, headers=LFS_JSON)


def _actions(request: Request, repository: Repository, oid: str, size: int, multipart: bool) -> dict[str, Any]:
    links, part_size = request.hub.links, request.hub.part_size
    base = f"{request.hub.cdn_endpoint}/upload/datasets/{repository.id}/{oid}"
    known: dict[str, str | int] = {"repo": repository.id, "sha256": oid, "size": size}
    verify = {"href": f"{request.hub.endpoint}/datasets/{repository.id}.git/info/lfs/objects/verify"}
    if not multipart or size <= part_size:
        return {"upload": {"href": f"{base}?{links.sign('upload', known)}"}, "verify": verify}
    if size > part_size * MAX_PARTS:
        raise HubError(422, f"a file of {size} bytes would take more than {MAX_PARTS} parts of {part_size} bytes")
    header = {"chunk_size": str(part_size)}
    for number, start in enumerate(range(0, size, part_size), 1):
        part = {**known, "size": min(part_size, size - start), "part": number}
        header[str(number)] = f"{base}/part?{links.sign('part', part)}"
    done = f"{request.hub.endpoint}/upload/datasets/{repository.id}/{oid}/complete?{links.sign('complete', known)}"
    return {"upload": {"href": done, "header": header}, "verify": verify}


def _linked(request: Request, purpose: str, repo: str, sha256: str) -> tuple[Repository, dict[str, str]]:
    """Return the repository and the signed fields of a link. Raises HubError (403) for one not given out here."""
    query = {name: request.option(name) for name in request.query}
    if not request.hub.links.check(purpose, query) or (query["repo"], query["sha256"]) != (repo, sha256):
        raise HubError(403, "the link for this upload is wrong, or has expired: ask for another")
    repository = request.hub.store.find(repo)
    if repository is None:
        raise HubError(404, "Repository not found", "RepoNotFound")
    return repository, query


def _check_length(request: Request, size: int) -> None:
    if request.body.length not in (None, size):
        raise HubError(400, f"the body has {request.body.length} bytes, expected {size}")


def upload(request: Request, repo: str, sha256: str) -> Response:
    """Take a whole file."""
    repository, fields = _linked(request, "upload", repo, sha256)
    _check_length(request, int(fields["size"]))
    try:
        repository.large.receive(request.body, sha256, int(fields["size"]))
    except WrongContentError as error:
        raise HubError(400, f"upload of {sha256} refused: {error}") from None
    return Response(headers={"ETag": f'"{sha256}"'})


def upload_part(request: Request, repo: str, sha256: str) -> Response:
    """Take a part of a file; its ETag is to be handed in with the completion."""
    repository, fields = _linked(request, "part", repo, sha256)
    size = int(fields["size"])
    _check_length(request, size)
    try:
        etag = repository.large.receive_part(request.body, sha256, int(fields["part"]), size)
    except WrongContentError as error:
        raise HubError(400, f"part {fields['part']} of {sha256} refused: {error}") from None
    return Response(headers={"ETag": f'"{etag}"'})


def complete(request: Request, repo: str, sha256: str) -> Response:
    """Make one file of the parts that were uploaded."""
    repository, fields = _linked(request, "complete", repo, sha256)
    body = request.body.json()
    parts = body.get("parts")
    if body.get("oid") != sha256 or not isinstance(parts, list) or len(parts) > MAX_PARTS:
        raise HubError(400, "the completion must name the oid of its link and the list of its parts")
    numbered: list[tuple[int, str]] = []
    for expected, part in enumerate(parts, 1):
        number, etag = (part.get("partNumber"), part.get("etag")) if isinstance(part, dict) else (None, None)
        if number != expected or not isinstance(etag, str) or not etag.isascii():
            raise HubError(400, f"part {expected} must have a partNumber and an etag, in order")
        numbered.append((expected, etag.strip('"')))
    if not repository.large.has(sha256, int(fields["size"])):
        try:
            repository.large.join(sha256, int(fields["size"]), numbered)
        except WrongContentError as error:
            raise HubError(400, f"completion of {sha256} refused: {error}") from None
    return json_response({"success": True})


def verify(request: Request, repository: Repository) -> Response:
    """Tell whether a file has arrived as announced."""
    oid, size = _announced(request.body.json())
    if not repository.large.has(oid, size):
        raise HubError(404, f"the object {oid} with {size} bytes was not uploaded")
    return json_response({"message": "ok"}, headers=LFS_JSON)
