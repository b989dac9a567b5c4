"""One request for each step of the staging Hub, made ready so that it is the next of its step and succeeds.

In comes a Hub; out go functions that send the request. What it takes to get there is done before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from tests.publish.staging_http import API, REPO, Client, Reply, file, large_file
from tools.publish.staging import StagingHub

PARTS = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(80))  # 2,560 bytes, in three parts
LARGE = b"\0 a large file of one piece" * 10
README = b"# A card\n"
PART_SIZE = 1000

# These change nothing, so that a lost answer loses nothing.
READING = frozenset(
    {"whoami", "info", "tree", "paths", "card", "preupload", "batch", "verify"}
    | {"commits", "refs", "discussions", "resolve", "download"}
)
# These answer without a body.
BODILESS = frozenset({"upload", "part"})

Send = Callable[[], Reply]


def prepare(hub: StagingHub, step: str) -> Send:
    """Return what sends a request of `step`, of which none was sent before but those that made the repository."""
    client = Client.of(hub)
    client.create()
    return _MAKE[step](client)


def world(hub: StagingHub) -> dict[str, str]:
    """Return all that the Hub has stored: the files of its folder, each with the sha256 of its bytes."""
    files = [path for path in hub.store.folder.rglob("*") if path.is_file() and "discarded" not in path.parts]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _simply(method: str, path: str, body: Any = None) -> Callable[[Client], Send]:
    return lambda client: lambda: client.send(method, path, body)


def _announced(client: Client, data: bytes) -> dict[str, Any]:
    actions: dict[str, Any] = client.announce(data)
    return actions


def _upload(client: Client) -> Send:
    actions = _announced(client, LARGE)
    return lambda: Client(client.endpoint, None).send("PUT", actions["upload"]["href"], LARGE)


def _part(client: Client) -> Send:
    header = _announced(client, PARTS)["upload"]["header"]
    return lambda: Client(client.endpoint, None).send("PUT", header["2"], PARTS[PART_SIZE : 2 * PART_SIZE])


def send_in_parts(client: Client) -> Send:
    """Send a large file in its three parts, and return what completes it."""
    upload = _announced(client, PARTS)["upload"]
    parts = []
    for number in range(1, 4):
        piece = PARTS[(number - 1) * PART_SIZE : number * PART_SIZE]
        etag = client.send("PUT", upload["header"][str(number)], piece).headers["ETag"]
        parts.append({"partNumber": number, "etag": etag})
    body = {"oid": hashlib.sha256(PARTS).hexdigest(), "parts": parts}
    return lambda: Client(client.endpoint, None).send("POST", upload["href"], body)


def _verify(client: Client) -> Send:
    client.upload(LARGE)
    body = {"oid": hashlib.sha256(LARGE).hexdigest(), "size": len(LARGE)}
    return lambda: client.send("POST", f"/datasets/{REPO}.git/info/lfs/objects/verify", body)


def _commit(client: Client) -> Send:
    parent = client.head()
    lines = [{"key": "header", "value": {"summary": "A commit", "description": "", "parentCommit": parent}}]
    lines += [{"key": key, "value": value} for key, value in [file("README.md", README)]]
    return lambda: client.send("POST", f"{API}/commit/main", "\n".join(map(json.dumps, lines)).encode())


def _resolve(client: Client) -> Send:
    client.commit([file("README.md", README)])
    return lambda: client.send("GET", f"/datasets/{REPO}/resolve/main/README.md")


def _download(client: Client) -> Send:
    client.upload(LARGE)
    client.commit([large_file("large.bin", LARGE)])
    link = client.send("GET", f"/datasets/{REPO}/resolve/main/large.bin").headers["Location"]
    return lambda: Client(client.endpoint, None).send("GET", link)


def _of_a_pull_request(path: str, body: dict[str, str]) -> Callable[[Client], Send]:
    def make(client: Client) -> Send:
        client.commit([file("README.md", README)], "?create_pr=1")
        return lambda: client.send("POST", f"{API}/discussions/1{path}", body)

    return make


_MAKE: dict[str, Callable[[Client], Send]] = {
    "whoami": _simply("GET", "/api/whoami-v2"),
    "create": _simply("POST", "/api/repos/create", {"type": "dataset", "organization": "other", "name": "one"}),
    "delete": _simply(
        "DELETE", "/api/repos/delete", {"type": "dataset", "organization": "FER-Universe", "name": "DiffusionFER"}
    ),
    "settings": _simply("PUT", f"{API}/settings", {"private": True}),
    "info": _simply("GET", f"{API}/revision/main?blobs=true&expand=sha&expand=id"),
    "tree": _simply("GET", f"{API}/tree/main?recursive=true"),
    "paths": _simply("POST", f"{API}/paths-info/main", {"paths": [".gitattributes"]}),
    "card": _simply("POST", "/api/validate-yaml", {"content": "---\nlicense: mit\n---\n"}),
    "preupload": _simply("POST", f"{API}/preupload/main", {"files": [{"path": "a.txt", "size": 1, "sample": "YQ=="}]}),
    "batch": _simply("POST", f"/datasets/{REPO}.git/info/lfs/objects/batch", {"operation": "upload", "objects": []}),
    "upload": _upload,
    "part": _part,
    "complete": send_in_parts,
    "verify": _verify,
    "commit": _commit,
    "commits": _simply("GET", f"{API}/commits/main"),
    "refs": _simply("GET", f"{API}/refs"),
    "branch": _simply("POST", f"{API}/branch/next", {}),
    "tag": _simply("POST", f"{API}/tag/main", {"tag": "v1"}),
    "discussions": _simply("GET", f"{API}/discussions"),
    "propose": _simply("POST", f"{API}/discussions", {"title": "A title", "pullRequest": True}),
    "status": _of_a_pull_request("/status", {"status": "closed"}),
    "comment": _of_a_pull_request("/comment", {"comment": "Good."}),
    "merge": _of_a_pull_request("/merge", {"comment": ""}),
    "resolve": _resolve,
    "download": _download,
}
