"""The way to the Hub: every request of `huggingface_hub` has a time limit, and a failure that may pass is a `Trouble`.

The client retries some of its requests itself (up to five times, by rules that differ from call to call, and for as
long as a Retry-After says), others, such as a commit, never. Inside `one_try` it retries nothing: each failure comes
out at once, so that one policy, `retry.Retries`, counts and waits. Outside it, the client is as it always was.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from huggingface_hub import set_client_factory
from huggingface_hub.utils import _http, disable_progress_bars

from tools.publish.retry import PASSING, Trouble, retry_after

# Seconds without a byte, after which an answer is taken for one that never comes. The client has no such limit. The
# slowest answer is that to a commit of many files; gateways give up after one or two minutes.
SILENCE = 180.0
CONNECT = 20.0

# How a repository is named in the addresses of the Hub's interface; a redirect from one name to another is a renaming.
REPOSITORY = re.compile(r"^(?:/api)?/datasets/([^/?]+/[^/?]+?)(?:\.git)?(?:[/?]|$)")
# What storage says of a file that arrived cut off or changed, or over a link that has expired: to ask for a new link
# and send it again mends that.
SPOILT_UPLOAD = frozenset((400, 403, 404, 412))
# Where a file that was sent in parts is put together: /api/complete_multipart on the Hub.
COMPLETION = re.compile(r"/complete(_multipart)?$")
# What is left of a window of requests, and the seconds until the next (draft-ietf-httpapi-ratelimit-headers-09), as the
# Hub says it: "api";r=0;t=55.
USED_UP = re.compile(r";\s*r=0\s*;\s*t=(\d{1,9})\b")

_trying: ContextVar[bool] = ContextVar("trying", default=False)
_installed = False


class Renamed(Exception):  # noqa: N818
    """The Hub says that the repository has another name now: `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def install() -> None:
    """Make the client of this process one with limits and without progress bars of its own, once."""
    global _installed
    if not _installed:
        disable_progress_bars()
        set_client_factory(_client)
        _installed = True


@contextmanager
def one_try() -> Iterator[None]:
    """Let every request in this block fail at once: raises Trouble for what may pass, Renamed, all else as it is."""
    token = _trying.set(True)
    try:
        yield
    except Trouble:
        raise
    except Exception as error:
        if trouble := _trouble_in(error):
            raise trouble from None
        raise
    finally:
        _trying.reset(token)


def _client() -> Any:
    client: Any = _http.default_client_factory()
    send = client.send

    def limited(request: Any, **options: Any) -> Any:
        limits = {"connect": CONNECT, "read": SILENCE, "write": SILENCE, "pool": SILENCE}
        given = request.extensions.get("timeout", {})
        request.extensions["timeout"] = {name: given.get(name) or limit for name, limit in limits.items()}
        return _send(send, request, options) if _trying.get() else send(request, **options)

    client.send = limited
    return client


def _send(send: Callable[..., Any], request: Any, options: dict[str, Any]) -> Any:
    try:
        response = send(request, **options | {"follow_redirects": False})
        old, new = (REPOSITORY.match(url) for url in (request.url.path, _target(response)))
        if old and new and old[1] != new[1]:
            response.close()
            raise Renamed(new[1])
        if response.next_request is not None and options.get("follow_redirects") is not False:
            response.close()
            response = send(response.next_request, **options)
    except Exception as error:
        if trouble := _trouble_in(error, _place(request)):
            raise trouble from None
        raise
    if response.status_code in PASSING or _is_spoilt_upload(request, response.status_code):
        after = retry_after(response.headers.get("Retry-After"), time.time())
        if after is None and response.status_code == 429:
            limit = USED_UP.search(response.headers.get("RateLimit", ""))
            after = float(limit[1]) if limit else None
        said = _said(response)
        response.close()
        status = f"HTTP {response.status_code}{': ' + said if said else ''}"
        raise Trouble(f"{_place(request)} answers {status}", status=response.status_code, after=after)
    return response


def _place(request: Any) -> str:
    """Return the server that a request is for, without the user and the password that an address may carry."""
    return f"{request.url.scheme}://{request.url.netloc.decode('ascii', 'replace').rpartition('@')[2]}"


def _target(response: Any) -> str:
    """Return the path that a response redirects to, or nothing."""
    if not response.has_redirect_location:
        return ""
    return str(response.request.url.join(response.headers["Location"]).path)


def _is_spoilt_upload(request: Any, status: int) -> bool:
    if request.method == "PUT" or (request.method == "POST" and COMPLETION.search(request.url.path)):
        return status in SPOILT_UPLOAD
    return status == 404 and request.url.path.endswith("/info/lfs/objects/verify")


def _said(response: Any) -> str:
    """Return what a refusal says of itself, in one line."""
    said = response.headers.get("X-Error-Message", "")
    if not said:
        try:
            answer = json.loads(response.read())
            said = answer.get("error", "") if isinstance(answer, dict) else ""
        except Exception:  # it is an error's text: where it cannot be had, the status is enough
            said = ""
    return " ".join(str(said).split())[:300]


def _trouble_in(error: BaseException, place: str = "the Hub") -> Trouble | None:
    """Return the failure of the network, or of the answer, that an exception is or was raised for."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, Trouble):
            return seen
        # Known by name: by version, the client stands on httpx or on httpx2.
        kinds = {kind.__name__ for kind in type(seen).__mro__}
        said = " ".join(str(seen).split())
        if "HfHubHTTPError" in kinds:
            return None
        if "TransportError" in kinds and not kinds & {"UnsupportedProtocol", "LocalProtocolError"}:
            what = "cannot be reached" if "ConnectError" in kinds else "does not answer"
            line = f"{place} {what} ({type(seen).__name__}{': ' + said if said else ''})"
            return Trouble(line, reached="ConnectError" not in kinds)
        # Another thread met with a failure, upon which the client closes the connections of all.
        if isinstance(seen, RuntimeError) and "client has been closed" in said:
            return Trouble(f"the connection was closed ({said})")
        if isinstance(seen, json.JSONDecodeError):
            return Trouble(f"an answer is cut off or is no JSON ({said})")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return None
