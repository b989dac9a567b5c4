"""What a fault does: to the Hub before a request is handled, to what was stored, and to the answer on its way.

In come requests and the answers to them; out go the answers that a Hub on a bad day would give. Which fault hits which
request is decided in `faults.py`; without faults nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from tools.publish.staging.faults import LINK_STEPS, STORING_STEPS, Fault, Stage
from tools.publish.staging.messages import (
    Broken,
    HubError,
    Request,
    Response,
    Stretch,
    error_response,
    read_part,
    stretch_of,
)
from tools.publish.staging.objects import Blob
from tools.publish.staging.repository import BRANCHES, Repository

# Who commits in between.
SOMEBODY = "somebody-else"

# What the Hub, its storage or a gateway before it say.
SAID: Mapping[int, str] = {
    400: "Bad request",
    401: "Invalid username or password.",
    403: "Forbidden: you are not allowed to do this",
    404: "Repository not found",
    408: "The request took too long",
    409: "Conflict: another change is being made, try again",
    412: "A commit has happened since. Please refresh and try again.",
    429: "Too Many Requests: you have reached your rate limit",
    500: "Internal Error - We're working hard to fix this as soon as possible!",
}

Segments = Mapping[str, str]


def before(request: Request, step: str, segments: Segments) -> Response | None:
    """Let happen what happens before `request` is handled; return the answer where it is not to be handled at all."""

    def possible(fault: Fault) -> bool:
        if fault.what == "expired":
            return step in LINK_STEPS or request.hub.tokens.user(request.headers.get("Authorization", "")) is not None
        return fault.kind.answers or _repository(request, segments) is not None

    answer = None
    for fault in _strike(request, step, "before", possible):
        if fault.what in _HAPPENINGS:
            _HAPPENINGS[fault.what](request, step, segments, fault)
        else:
            answer = _instead(request, fault, segments)
    return answer


def after(request: Request, step: str, segments: Segments, response: Response) -> Response:
    """Return what becomes of the answer to a request that was handled, and spoil what it has stored."""
    size = 0 if request.method == "HEAD" else response.size

    def possible(fault: Fault) -> bool:
        if fault.what == "lost":
            return True
        if fault.what in ("truncated", "corrupted"):
            return response.status in (200, 206) and (size > 0 or step in STORING_STEPS)
        return size > 0

    for fault in _strike(request, step, "after", possible):
        if fault.what == "lost":
            return _lost(fault)
        if fault.what in ("cut", "ended"):
            return replace(response, broken=Broken(_share(fault, size), "reset" if fault.what == "cut" else "close"))
        if step in STORING_STEPS:
            _spoil(_stored(request, step, segments, response), fault)
            return response
        if fault.what == "truncated":
            return replace(response, body=stretch_of(response.parts, 0, _share(fault, size)))
        return replace(response, body=_with_a_flipped_bit(response, _share(fault, size)))
    return response


def _strike(request: Request, step: str, stage: Stage, possible: Callable[[Fault], bool]) -> list[Fault]:
    path = request.hub.tokens.redact(request.path)
    return request.hub.faults.strike(step, stage, possible, request.method, path)


def _repository(request: Request, segments: Segments) -> Repository | None:
    return request.hub.store.find(segments["repo"]) if "repo" in segments else None


# What changes the Hub; the request is then handled as any other.


def _expire(request: Request, step: str, segments: Segments, fault: Fault) -> None:
    if step in LINK_STEPS:
        request.hub.links.expire(request.option("signature"))
    else:
        request.hub.tokens.expire(request.headers.get("Authorization", ""))


def _remove(request: Request, step: str, segments: Segments, fault: Fault) -> None:
    repository = _repository(request, segments)
    if repository is not None:
        request.hub.store.delete(repository.id)


def _rename(request: Request, step: str, segments: Segments, fault: Fault) -> None:
    repository = _repository(request, segments)
    if repository is not None:
        request.hub.store.rename(repository.id, f"{repository.id}-renamed", int(fault.argument or 307))


def _commit_in_between(request: Request, step: str, segments: Segments, fault: Fault) -> None:
    """Commit to the branch that the request names, or to the main branch where it names none."""
    repository = _repository(request, segments)
    if repository is None:
        return
    branch = segments.get("revision", "")
    branch = branch if BRANCHES + branch in repository.state.refs else "main"

    def edit(files: dict[str, Blob]) -> None:
        readme = files.get("README.md")
        if fault.what == "conflict":
            path, content = "README.md", repository.content(readme) if readme else b""
        else:
            number = 1 + sum(name.startswith(f"{SOMEBODY}-") for name in files)
            path, content = f"{SOMEBODY}-{number}.txt", b""
        content += f"A line by {SOMEBODY}.\n".encode()
        files[path] = repository.objects.describe(repository.objects.write("blob", content))

    repository.commit(branch, edit, SOMEBODY, "A commit by somebody else")


_HAPPENINGS: Mapping[str, Callable[[Request, str, Segments, Fault], None]] = {
    "expired": _expire,
    "gone": _remove,
    "renamed": _rename,
    "overtaken": _commit_in_between,
    "conflict": _commit_in_between,
}


# What is answered instead.


def _instead(request: Request, fault: Fault, segments: Segments) -> Response:
    if fault.what == "hang":
        return Response(broken=Broken(None, "hang"))
    if fault.what == "reset":
        if fault.argument:
            request.body.skip(int(fault.argument))
            request.body.broken = True  # what is left of it is not read
        return Response(broken=Broken(None, "reset"))
    status = int(fault.what)
    headers = {"Retry-After": fault.argument} if fault.argument else {}
    if status not in SAID:
        return _of_a_gateway(status, headers)
    code = "RepoNotFound" if status == 404 and "repo" in segments else None
    return error_response(HubError(status, SAID[status], code, headers))


def _of_a_gateway(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return what a load balancer says: a page of HTML, with nothing of the Hub's own."""
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    return Response(status, page.encode(), {"Content-Type": "text/html", **(headers or {})})


# What becomes of an answer, and of what was stored.


def _lost(fault: Fault) -> Response:
    if fault.argument.isdecimal():
        status = int(fault.argument)
        return error_response(HubError(status, SAID[status])) if status in SAID else _of_a_gateway(status)
    return Response(broken=Broken(None, "hang" if fault.argument == "hang" else "reset"))


def _share(fault: Fault, size: int) -> int:
    """Return where `size` bytes (at least one) end or are spoilt: always before the last of them is through."""
    return min(int(fault.argument), size - 1) if fault.argument else size // 2


def _stored(request: Request, step: str, segments: Segments, response: Response) -> Path:
    repository = request.hub.store.find(segments["repo"])
    if repository is None:
        raise RuntimeError(f"{segments['repo']}, which has just taken a file, is gone")
    if step == "part":
        etag = response.headers["ETag"].strip('"')
        return repository.large.part(segments["sha256"], int(request.option("part")), etag)
    return repository.large.path(segments["sha256"])


def _spoil(path: Path, fault: Fault) -> None:
    """Shorten a stored file, or flip a bit of it: its name, and so its sha256, stay as they are."""
    with path.open("r+b") as file:
        if not (size := path.stat().st_size):
            return
        at = _share(fault, size)
        if fault.what == "truncated":
            file.truncate(at)
            return
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def _with_a_flipped_bit(response: Response, at: int) -> tuple[bytes | Stretch, ...]:
    parts, size = response.parts, response.size
    byte = b"".join(read_part(part) for part in stretch_of(parts, at, at + 1))
    return (*stretch_of(parts, 0, at), bytes([byte[0] ^ 1]), *stretch_of(parts, at + 1, size))
