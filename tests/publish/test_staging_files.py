"""Files on the staging Hub: their hashes, their listings, their bytes, and the upload of large ones."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publish.staging_http import API, REPO, TOKENS, Client, file, large_file
from tools.publish.staging import StagingHub
from tools.publish.staging.objects import Pointer, object_id

TEXT = b"0123456789" * 10
LARGE = bytes(range(256)) * 40


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StagingHub]:
    """A Hub with small pages and small parts."""
    with StagingHub(tmp_path / "store", TOKENS, part_size=4000, page_size=3) as hub:
        yield hub


@pytest.fixture
def client(hub: StagingHub) -> Client:
    """A writer's client of a repository that has a regular and a large file."""
    client = Client.of(hub)
    client.create()
    assert client.send("PUT", client.announce(LARGE[:3000])["upload"]["href"], LARGE[:3000]).status == 200
    assert client.commit([file("text.txt", TEXT), large_file("large.bin", LARGE[:3000])]).status == 200
    return client


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_reads_the_store(hub: StagingHub, client: Client, tmp_path: Path) -> None:
    """git must find every object sound, name the files as the Hub does, and give their bytes."""
    files = {"a/b/c.txt": b"deep", "a.txt": b"", "a-b": b"x", "a/b.txt": b"y", "ä ö.txt": "ü".encode()}
    assert client.commit([file(path, data) for path, data in files.items()]).status == 200
    head = client.head()
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", bare], check=True)
    objects = hub.store.folder / "repositories" / REPO / "objects"
    environment = {**os.environ, "GIT_DIR": str(bare), "GIT_OBJECT_DIRECTORY": str(objects)}

    def git(*arguments: str, given: bytes | None = None) -> bytes:
        return subprocess.run(
            ["git", *arguments], env=environment, input=given, stdout=subprocess.PIPE, check=True
        ).stdout

    git("fsck", "--strict", "--full", head)
    listed = git("ls-tree", "-r", "-z", head).decode().split("\0")[:-1]
    by_git = {line.partition("\t")[2]: line.split()[2] for line in listed}
    by_hub: dict[str, str] = {}
    url = f"{API}/tree/main?recursive=true"
    while url:
        reply = client.send("GET", url)
        by_hub |= {item["path"]: item["oid"] for item in reply.json if item["type"] == "file"}
        url = reply.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert by_git == by_hub
    for path, data in {**files, "text.txt": TEXT}.items():
        assert git("hash-object", "--stdin", given=data).decode().strip() == by_hub[path] == object_id("blob", data)
        assert git("cat-file", "blob", by_hub[path]) == data
    pointer = git("cat-file", "blob", by_hub["large.bin"])
    assert pointer == Pointer(hashlib.sha256(LARGE[:3000]).hexdigest(), 3000).encode()
    assert git("log", "--format=%s", head).decode().split("\n")[:2] == ["A commit", "A commit"]


def test_headers_of_a_regular_file(client: Client) -> None:
    """A regular file is answered with the git id of its blob as ETag, its length and its commit; HEAD without bytes."""
    for method, body in (("GET", TEXT), ("HEAD", b"")):
        reply = client.send(method, f"/datasets/{REPO}/resolve/main/text.txt")
        assert (reply.status, reply.body) == (200, body)
        assert reply.headers["ETag"] == f'"{object_id("blob", TEXT)}"'
        assert reply.headers["Content-Length"] == "100"
        assert reply.headers["X-Repo-Commit"] == client.head()
        assert reply.headers["Accept-Ranges"] == "bytes"
        assert reply.headers["X-Request-Id"]


def test_headers_of_a_large_file(hub: StagingHub, client: Client) -> None:
    """A large file is a redirect away from the Hub that tells sha256 and size; there, it has its sha256 as ETag."""
    reply = client.send("HEAD", f"/datasets/{REPO}/resolve/main/large.bin")
    digest = hashlib.sha256(LARGE[:3000]).hexdigest()
    assert reply.status == 302
    assert reply.headers["X-Linked-ETag"] == f'"{digest}"'
    assert reply.headers["X-Linked-Size"] == "3000"
    assert reply.headers["X-Repo-Commit"] == client.head()
    assert reply.headers["Location"].startswith(f"{hub.cdn_endpoint}/cdn/")
    reply = client.download("large.bin")
    assert (reply.body, reply.headers["ETag"]) == (LARGE[:3000], f'"{digest}"')


@pytest.mark.parametrize("path", ["text.txt", "large.bin"])
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-0", 0, 0),
        ("10-19", 10, 19),
        ("90-", 90, None),
        ("-10", -10, None),
        ("-9999", 0, None),
        ("50-9999", 50, None),
    ],
)
def test_ranges(client: Client, path: str, asked: str, first: int, last: int | None) -> None:
    """A Range gives exactly the bytes asked for, counted from the start or from the end."""
    data = {"text.txt": TEXT, "large.bin": LARGE[:3000]}[path]
    expected = data[first:] if last is None else data[first : last + 1]
    start = first % len(data)
    reply = client.download(path, headers={"Range": f"bytes={asked}"})
    assert (reply.status, reply.body) == (206, expected)
    assert reply.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "lines=0-1", "bytes=a-b"])
def test_ranges_that_mean_nothing(client: Client, asked: str) -> None:
    """What is no single range of bytes is not refused: the whole file comes."""
    reply = client.download("text.txt", headers={"Range": asked})
    assert (reply.status, reply.body) == (200, TEXT)


@pytest.mark.parametrize("path", ["text.txt", "large.bin"])
@pytest.mark.parametrize("asked", ["99999-", "3000-3001", "-0"])
def test_ranges_beyond_the_end(client: Client, path: str, asked: str) -> None:
    """A range without a byte in it is 416, with the size of the file."""
    size = {"text.txt": 100, "large.bin": 3000}[path]
    reply = client.download(path, headers={"Range": f"bytes={asked}"})
    assert (reply.status, reply.headers["Content-Range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("path", ["text.txt", "large.bin"])
def test_what_the_client_has_already(client: Client, path: str) -> None:
    """A file whose ETag the client names is not sent again; a range of a file that has changed since is sent whole."""
    etag = client.download(path).headers["ETag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        reply = client.download(path, headers={"If-None-Match": known})
        assert (reply.status, reply.body, reply.headers["ETag"]) == (304, b"", etag)
    assert client.download(path, headers={"If-None-Match": '"other"'}).status == 200
    assert client.download(path, headers={"Range": "bytes=0-1", "If-Range": etag}).status == 206
    assert client.download(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status == 200


@pytest.mark.parametrize("revision", ["refs%2Fpr%2F1", "refs/pr/1", "refs%2Fheads%2Fmain", "v%2F1"])
def test_spellings_of_a_revision(client: Client, revision: str) -> None:
    """A ref with slashes is found whether they are encoded or, for pull requests, plain."""
    assert client.commit([file("text.txt", TEXT)], "?create_pr=1").status == 200
    assert client.send("POST", f"{API}/tag/main", {"tag": "v/1"}).status == 201
    assert client.download("text.txt", revision).body == TEXT


def test_pages_of_one_commit(client: Client) -> None:
    """The pages of a listing belong to one commit, though another is made while they are read."""
    client.commit([file(f"many/{number}", b"x") for number in range(8)])
    reply = client.send("GET", f"{API}/tree/main?recursive=True&expand=False")
    client.commit([("deletedFolder", {"path": "many/"})])
    paths = [item["path"] for item in reply.json]
    while link := reply.headers.get("Link"):
        reply = client.send("GET", link.partition(">")[0].removeprefix("<"))
        assert len(reply.json) <= 3
        paths += [item["path"] for item in reply.json]
    assert paths == sorted([".gitattributes", "large.bin", "many", *(f"many/{n}" for n in range(8)), "text.txt"])


def test_form_of_paths(client: Client) -> None:
    """Paths are described whether asked for as JSON or as a form, up to 1,000 of them."""
    kinds = [{"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}]
    bodies = [json.dumps({"paths": ["text.txt", "nothing"]}).encode(), b"paths=text.txt&paths=nothing&expand=False"]
    for headers, body in zip(kinds, bodies, strict=True):
        reply = client.send("POST", f"{API}/paths-info/main", body, headers)
        assert [item["path"] for item in reply.json] == ["text.txt"]
    many = "&".join(f"paths={number}" for number in range(1001)).encode()
    assert client.send("POST", f"{API}/paths-info/main", many).status == 413


def test_upload_modes(client: Client) -> None:
    """Large are files that .gitattributes names, files above 10 MB and those that are no text; .gitignore is obeyed."""
    client.commit([file(".gitignore", b"*.tmp\nbuild/\n"), file(".gitattributes", b"*.csv filter=lfs\n")])
    asked = {
        "a.csv": (10, b"a,b", "lfs", False),
        "a.txt": (10, b"text", "regular", False),
        "b.txt": (10_000_001, b"text", "lfs", False),
        "c.txt": (4, b"\0abc", "lfs", False),
        "d.txt": (600, "ä".encode()[:1], "regular", False),
        "e.txt": (4, b"\xff\xfe\xfd\xfc", "lfs", False),
        "empty.csv": (0, b"", "regular", False),
        "x.tmp": (4, b"text", "regular", True),
        "build/x.txt": (4, b"text", "regular", True),
    }
    files = [
        {"path": path, "size": size, "sample": base64.b64encode(sample).decode()}
        for path, (size, sample, _, _) in asked.items()
    ]
    answer = client.send("POST", f"{API}/preupload/main", {"files": [*files, {**files[0], "path": "text.txt"}]}).json
    got = {item["path"]: (item["uploadMode"], item["shouldIgnore"]) for item in answer["files"][:-1]}
    assert got == {path: (mode, ignored) for path, (_, _, mode, ignored) in asked.items()}
    assert answer["files"][-1]["oid"] == object_id("blob", TEXT)
    given = client.send("POST", f"{API}/preupload/main", {"files": files[:1], "gitIgnore": "*.csv"}).json
    assert given["files"][0]["shouldIgnore"]


def test_wrong_content_is_refused(client: Client) -> None:
    """Bytes that are not those announced, in kind or in number, are refused, and cannot be committed."""
    data = b"\0" * 2000
    for sent in (b"\1" * 2000, b"\0" * 1999, b"\0" * 2001, b""):
        href = client.announce(data)["upload"]["href"]
        assert client.send("PUT", href, sent).status == 400
        stream = (block for block in [sent])
        assert client.send("PUT", href, stream, {"Transfer-Encoding": "chunked"}, chunked=True).status == 400
    reply = client.commit([large_file("data/wrong.bin", data)])
    assert reply.status == 400
    assert "data/wrong.bin" in reply.json["error"]
    verify = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
    assert client.send("POST", f"/datasets/{REPO}.git/info/lfs/objects/verify", verify).status == 404
    href = client.announce(data)["upload"]["href"]
    assert client.send("PUT", href, (b for b in [data]), {"Transfer-Encoding": "chunked"}, chunked=True).status == 200
    assert client.announce(data) is None
    assert client.send("POST", f"/datasets/{REPO}.git/info/lfs/objects/verify", verify).status == 200
    assert client.commit([large_file("wrong.bin", data)]).status == 200
    assert client.commit([("lfsFile", {**large_file("wrong.bin", data)[1], "size": 1})]).status == 400


def test_upload_in_parts(hub: StagingHub, client: Client) -> None:
    """A file in parts is accepted when every part is there and the whole is right, and not a moment before."""
    upload = client.announce(LARGE)["upload"]
    header, digest = upload["header"], hashlib.sha256(LARGE).hexdigest()
    assert (header.pop("chunk_size"), sorted(header)) == ("4000", ["1", "2", "3"])
    pieces = {"1": LARGE[:4000], "2": LARGE[4000:8000], "3": LARGE[8000:]}
    assert client.send("PUT", header["3"], LARGE[:4000]).status == 400
    etags = {}
    for number, piece in pieces.items():
        reply = client.send("PUT", header[number], piece)
        assert reply.status == 200
        etags[number] = reply.headers["ETag"]

    def complete(parts: list[tuple[int, str]]) -> int:
        body = {"oid": digest, "parts": [{"partNumber": number, "etag": etag} for number, etag in parts]}
        return client.send("POST", upload["href"], body).status

    assert complete([(1, etags["1"]), (2, etags["2"])]) == 400
    assert complete([(1, etags["1"]), (2, etags["2"]), (3, "../../x")]) == 400
    assert complete([(1, etags["1"]), (3, etags["3"])]) == 400
    wrong = client.send("PUT", header["2"], b"x" * 4000).headers["ETag"]
    assert complete([(1, etags["1"]), (2, wrong), (3, etags["3"])]) == 400
    assert not hub.store.find(REPO).large.has(digest)  # type: ignore[union-attr]
    assert complete([(1, etags["1"]), (2, etags["2"]), (3, etags["3"])]) == 200
    client.commit([large_file("parts.bin", LARGE)])
    assert client.download("parts.bin").body == LARGE


def test_description(client: Client) -> None:
    """The description of a dataset has its card, dates and all, and survives a card that cannot be read."""
    card = b"---\nlicense: mit\ntags: [faces]\nmade: 2026-01-31\n1: one\n---\n# Title\n"
    client.commit([file("README.md", card)])
    info = client.send("GET", f"{API}?blobs=true").json
    assert info["cardData"] == {"license": "mit", "tags": ["faces"], "made": "2026-01-31", "1": "one"}
    assert info["tags"] == ["license:mit", "faces", "region:us"]
    sizes = {sibling["rfilename"]: sibling["size"] for sibling in info["siblings"]}
    assert sizes["large.bin"] == 3000
    assert client.send("GET", f"{API}?expand=sha&expand=private").json.keys() == {"_id", "id", "sha", "private"}
    for broken in (b"---\na: [\n---\n", b"---\n- a\n---\n", b"---\nx: &x [*x]\n---\n", b"\xff\xfe"):
        client.commit([file("README.md", broken)])
        assert client.send("GET", API).json["cardData"] == {}


def test_validation_of_a_header(client: Client) -> None:
    """A header that is no mapping is an error, a missing one a warning."""

    def validate(content: str) -> tuple[int, int, int]:
        reply = client.send("POST", "/api/validate-yaml", {"content": content, "repoType": "dataset"})
        return reply.status, len(reply.json["errors"]), len(reply.json["warnings"])

    assert validate("---\nlicense: mit\n---\n") == (200, 0, 0)
    assert validate("# no header") == (200, 0, 1)
    assert validate("---\na: [\n---\n") == (400, 1, 0)
    assert validate("---\n- a\n---\n") == (400, 1, 0)
