"""A way to the staging Hub on which what a test scripts goes wrong; everything else is real HTTP.

In come what to do with the first requests that match a method and a path; what a script does gets the request and a
function that really sends it, and returns a response or raises.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants, set_client_factory
from huggingface_hub.utils import _http

from tests.publish.staging_http import WRITE
from tools.publish import wire
from tools.publish.staging import StagingHub

httpx: Any = sys.modules[type(_http.default_client_factory()).__module__.split(".")[0]]
Fault = Callable[[Callable[[Any], Any], Any], Any]

# The steps of a push, by the requests that they make.
COMMIT = ("POST", "/commit/")
PREUPLOAD = ("POST", "/preupload/")
BATCH = ("POST", "/info/lfs/objects/batch")
VERIFY = ("POST", "/info/lfs/objects/verify")
SEND = ("PUT", "/upload/")
TREE = ("GET", "/tree/")
INFO = ("GET", f"{re.escape('/api/datasets/')}[^/]+/[^/]+(/revision/.*)?$")
MERGE = ("POST", "/merge$")
PULL_REQUEST = ("GET", "/discussions/[0-9]+$")
WHOAMI = ("GET", "/whoami")


def answer(status: int, **headers: str) -> Fault:
    """Answer instead of the Hub."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda send, request: httpx.Response(status, headers=names, json={"error": "a bad day"}, request=request)


def lost(send: Callable[[Any], Any], request: Any) -> Any:
    """Let the Hub do it, and lose its answer."""
    send(request).read()
    raise httpx.ReadError("connection reset by peer", request=request)


def reset(send: Callable[[Any], Any], request: Any) -> Any:
    """Break the connection before the Hub sees anything."""
    raise httpx.WriteError("connection reset by peer", request=request)


def refused(send: Callable[[Any], Any], request: Any) -> Any:
    """Let nobody listen."""
    raise httpx.ConnectError("[Errno 111] Connection refused", request=request)


def silent(send: Callable[[Any], Any], request: Any) -> Any:
    """Let the answer never come."""
    raise httpx.ReadTimeout("timed out", request=request)


def cut(send: Callable[[Any], Any], request: Any) -> Any:
    """Cut the answer off in the middle."""
    response = send(request)
    half = response.read()
    return httpx.Response(response.status_code, content=half[: len(half) // 2], request=request)


def spoilt(send: Callable[[Any], Any], request: Any) -> Any:
    """Change what is sent on its way."""
    size = len(b"".join(request.stream))
    return send(httpx.Request(request.method, request.url, headers=request.headers, content=b"\xff" * size))


def after(event: Callable[[], object]) -> Fault:
    """Let something happen just before the request arrives."""

    def fault(send: Callable[[Any], Any], request: Any) -> Any:
        event()
        return send(request)

    return fault


@dataclass
class Way:
    """The client's way to the Hub; `requests` are those that were made, (method, path)."""

    script: list[tuple[str, str, list[Fault]]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, step: tuple[str, str], *faults: Fault) -> None:
        """Let these go wrong, one after another, with the requests of a step."""
        self.script.append((*step, list(faults)))

    def next(self, method: str, path: str) -> Fault | None:
        """Note a request, and return what is to go wrong with it."""
        with self._lock:
            self.requests.append((method, path))
            for for_method, for_path, faults in self.script:
                if faults and for_method == method and re.search(for_path, path):
                    return faults.pop(0)
        return None

    def count(self, step: tuple[str, str]) -> int:
        """Return how many requests of a step there were."""
        return sum(method == step[0] and bool(re.search(step[1], path)) for method, path in list(self.requests))

    @classmethod
    @contextmanager
    def to(cls, hub: StagingHub, folder: Path) -> Iterator[Way]:
        """Let the clients of this process go this way, to this Hub and with a cache in `folder`."""
        way = cls()
        wire.install()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(constants, "ENDPOINT", hub.endpoint)
            template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
            patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
            patch.setattr(constants, "HF_HUB_CACHE", str(folder / "cache"))
            patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
            patch.setenv("HF_TOKEN", WRITE)
            set_client_factory(way._client)
            yield way
        set_client_factory(wire._client)

    def _client(self) -> Any:
        client = wire._client()
        client._transport = _Transport(self, client._transport)
        client._mounts = {}
        return client


class _Transport(httpx.BaseTransport):
    def __init__(self, way: Way, real: Any) -> None:
        self._way, self._real = way, real

    def handle_request(self, request: Any) -> Any:
        fault = self._way.next(request.method, request.url.path)
        return fault(self._real.handle_request, request) if fault else self._real.handle_request(request)

    def close(self) -> None:
        self._real.close()
