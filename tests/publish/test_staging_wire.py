"""What comes over the wire that is no proper request: answered with JSON and a 4xx, never with a traceback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.publish.staging_http import API, TOKENS, WRITE, Client, file
from tools.publish.staging import StagingHub
from tools.publish.staging.patterns import DEFAULT_GITATTRIBUTES, is_ignored, is_large


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StagingHub]:
    """A Hub with a repository."""
    with StagingHub(tmp_path / "store", TOKENS) as hub:
        Client.of(hub).create()
        yield hub


def talk(hub: StagingHub, sent: bytes) -> tuple[int, bytes]:
    """Send bytes as they are, and return the status and the body of the answer."""
    host, port = urlsplit(hub.endpoint).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(1 << 16):
            answer += block
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split()[1]), body) if head else (0, b"")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400),
        (b"POST /api/validate-yaml HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n{}", 400),
        (b"POST /api/validate-yaml HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", 400),
        (b"POST /api/validate-yaml HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n", 400),
        (b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: 8\r\n\r\nnot json", 400),
        (b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", 400),
        (b"BREW /tea HTTP/1.1\r\n\r\n", 405),
        (b"PATCH / HTTP/1.1\r\n\r\n", 405),
        (b"GET /%ff HTTP/1.1\r\n\r\n", 404),
        (b"GET /api/datasets/a%ff/b HTTP/1.1\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://huggingface.co/api/whoami-v2 HTTP/1.1\r\n\r\n", 404),
        (b"CONNECT huggingface.co:443 HTTP/1.1\r\n\r\n", 403),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /a b c HTTP/1.1\r\n\r\n", 400),
        (b"\x00\xff\xfe\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /api/models/gpt2 HTTP/1.1\r\n\r\n", 404),
        (b"GET /?" + b"&".join(b"a=1" for _ in range(2000)) + b" HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_malformed_requests(hub: StagingHub, sent: bytes, status: int) -> None:
    """A request that cannot be understood is refused in words, as JSON, and the Hub goes on."""
    got, body = talk(hub, sent)
    assert (got, list(json.loads(body))) == (status, ["error"])
    assert b"Traceback" not in body
    assert Client.of(hub).send("GET", API).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: 100\r\n\r\n{",
        b"POST /api/validate-yaml HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"POST /api/validate-yaml HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"",
    ],
)
def test_clients_that_go_away(hub: StagingHub, sent: bytes) -> None:
    """A request that ends before its body does is no request: nothing is answered, and nothing done."""
    assert talk(hub, sent) == (0, b"")
    assert Client.of(hub).send("GET", API).status == 200


def test_half_a_commit_is_none(hub: StagingHub) -> None:
    """A commit whose last line never came is not made, though every line that came is complete."""
    line = json.dumps({"key": "header", "value": {"summary": "x"}}) + "\n"
    lines = (line + json.dumps(dict(zip(("key", "value"), file("a", b"a"), strict=True))) + "\n").encode()
    head = f"POST {API}/commit/main HTTP/1.1\r\nAuthorization: Bearer {WRITE}\r\n"
    assert talk(hub, f"{head}Content-Length: {len(lines) + 50}\r\n\r\n".encode() + lines) == (0, b"")
    chunk = b"%x\r\n%s\r\n" % (len(lines), lines)
    assert talk(hub, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk) == (0, b"")
    assert list(Client.of(hub).files()) == [".gitattributes"]
    assert talk(hub, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk + b"0\r\nT: x\r\n\r\n")[0] == 200


def test_one_connection_for_many_requests(hub: StagingHub) -> None:
    """A connection is used again after every answer, refusals of bodies that nobody read included."""
    connection = HTTPConnection(urlsplit(hub.endpoint).netloc, timeout=10)
    large = b"x" * 3_000_000
    for method, path, body, status in [
        ("GET", "/", None, 200),
        ("POST", f"{API}/commit/main", large, 401),
        ("PUT", "/upload/datasets/a/b/c", large, 403),
        ("HEAD", "/", None, 200),
        ("POST", "/nothing", large, 404),
        ("GET", "/", None, 200),
    ]:
        connection.request(method, path, body)
        own = connection.sock.getsockname()
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert connection.sock is not None
        assert connection.sock.getsockname() == own
    connection.close()


def test_default_attributes() -> None:
    """What the Hub keeps as large files in a new dataset repository: tables, images and archives, not text."""
    for path in (
        "a.parquet",
        "x/y/b.png",
        "c.JPG".lower(),
        "d.tar.gz",
        "saved_model/x/y",
        "e.zip",
        "events.tfevents.1",
    ):
        assert is_large(DEFAULT_GITATTRIBUTES, path), path
    for path in ("README.md", "sheet.csv", "parquet", "a.parquet.txt", "x/saved_model"):
        assert not is_large(DEFAULT_GITATTRIBUTES, path), path


def test_patterns() -> None:
    """Patterns mean what gitignore(5) says: names, paths from the root, folders, classes, and exceptions."""
    attributes = "# a comment\n\n*.bin filter=lfs -text\nkeep/*.bin -filter\n/top.txt filter=lfs\n[ab]?.x filter=lfs\n"
    for path, expected in {
        "a.bin": True,
        "x/a.bin": True,
        "keep/a.bin": False,
        "keep/x/a.bin": True,
        "top.txt": True,
        "x/top.txt": False,
        "a1.x": True,
        "c1.x": False,
    }.items():
        assert is_large(attributes, path) == expected, path
    ignore = "*.tmp\n!keep.tmp\nbuild/\n/top\na/**/z\n[!a]x\n[\n"
    for path, expected in {
        "x.tmp": True,
        "keep.tmp": False,
        "build": False,
        "build/x": True,
        "src/build/x": True,
        "top": True,
        "x/top": False,
        "a/z": True,
        "a/b/c/z": True,
        "bx": True,
        "ax": False,
        "[": True,
    }.items():
        assert is_ignored(ignore, path) == expected, path
