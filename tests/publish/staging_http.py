"""A client of the staging Hub that speaks plain HTTP, to send what no proper client would send and to see every header.

In come methods, paths and bodies; out go statuses, headers and bodies, exactly as they came.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from tools.publish.staging import StagingHub

REPO = "FER-Universe/DiffusionFER"
API = f"/api/datasets/{REPO}"

WRITE, READ = "hf_write_d41d8cd98f", "hf_read_b204e98009"
TOKENS: dict[str, Any] = {WRITE: "write", READ: "read"}


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The Hub's name of the error."""
        return self.headers.get("X-Error-Code")


@dataclass(frozen=True)
class Client:
    """Asks the Hub at `endpoint`, with `token` if it is given one."""

    endpoint: str
    token: str | None = WRITE

    @classmethod
    def of(cls, hub: StagingHub, token: str | None = WRITE) -> Client:
        """Return a client of `hub`."""
        return cls(hub.endpoint, token)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        chunked: bool = False,
    ) -> Reply:
        """Send a request to a path, or to a whole URL, and return the reply; redirects are not followed."""
        url = urlsplit(path if path.startswith("http") else self.endpoint + path)
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        connection = http.client.HTTPConnection(url.netloc, timeout=30)
        try:
            target = f"{url.path}?{url.query}" if url.query else url.path
            connection.request(method, target, body, sent, encode_chunked=chunked)
            response = connection.getresponse()
            return Reply(response.status, cast(Mapping[str, str], response.headers), response.read())
        finally:
            connection.close()

    def create(self, private: bool = False) -> None:
        """Make the repository REPO."""
        namespace, name = REPO.split("/")
        body = {"type": "dataset", "organization": namespace, "name": name, "private": private}
        assert self.send("POST", "/api/repos/create", body).status == 200

    def commit(
        self,
        operations: Iterable[tuple[str, Mapping[str, Any]]],
        query: str = "",
        revision: str = "main",
        **header: str,
    ) -> Reply:
        """Commit `operations`, pairs of key and value, with more fields for the header."""
        lines = [{"key": "header", "value": {"summary": "A commit", "description": "", **header}}]
        lines += [{"key": key, "value": dict(value)} for key, value in operations]
        body = "\n".join(json.dumps(line) for line in lines).encode()
        return self.send("POST", f"{API}/commit/{revision}{query}", body)

    def announce(self, data: bytes, size: int | None = None) -> Any:
        """Announce a large file and return what is to be done to upload it, None where nothing is."""
        announced = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data) if size is None else size}
        body = {"operation": "upload", "transfers": ["basic", "multipart"], "objects": [announced]}
        reply = self.send("POST", f"/datasets/{REPO}.git/info/lfs/objects/batch", body)
        assert reply.status == 200, reply.body
        return reply.json["objects"][0].get("actions")

    def upload(self, data: bytes) -> tuple[str, dict[str, Any]]:
        """Upload a large file in one piece and return the operation that commits it as `large.bin`."""
        actions = self.announce(data)
        if actions:
            assert self.send("PUT", actions["upload"]["href"], data).status == 200
        return large_file("large.bin", data)

    def head(self, revision: str = "main") -> str:
        """Return the commit that `revision` is at."""
        sha: str = self.send("GET", f"{API}/revision/{revision}").json["sha"]
        return sha

    def files(self, revision: str = "main") -> dict[str, bytes]:
        """Download everything, the way a user does: list, then ask for each file and follow where it leads."""
        found, url = {}, f"{API}/tree/{revision}?recursive=true"
        while url:
            reply = self.send("GET", url)
            for item in reply.json:
                if item["type"] == "file":
                    found[item["path"]] = self.download(item["path"], revision).body
            url = (reply.headers.get("Link") or "").partition(">")[0].removeprefix("<")
        return found

    def download(self, path: str, revision: str = "main", headers: Mapping[str, str] | None = None) -> Reply:
        """Download a file, following the link of a large one."""
        quoted = "/".join(quote_all(part) for part in path.split("/"))
        reply = self.send("GET", f"/datasets/{REPO}/resolve/{revision}/{quoted}", headers=headers)
        if reply.status == 302:
            return Client(self.endpoint, None).send("GET", reply.headers["Location"], headers=headers)
        return reply


def quote_all(text: str) -> str:
    """Percent-encode every byte, so that whatever a name has in it arrives."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def file(path: str, data: bytes) -> tuple[str, dict[str, Any]]:
    """Return the operation that commits a regular file."""
    return "file", {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"}


def large_file(path: str, data: bytes) -> tuple[str, dict[str, Any]]:
    """Return the operation that commits a large file, which must have been uploaded."""
    return "lfsFile", {"path": path, "algo": "sha256", "oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
