"""Commits on the staging Hub: whole or not at all, whoever else commits, and nothing that should not be in one."""

from __future__ import annotations

import base64
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.publish.staging_http import API, TOKENS, Client, file, large_file
from tools.publish.staging import StagingHub


def test_two_commits_on_one_parent(client: Client) -> None:
    """Of many commits at once on the same parent exactly one is made; the others are told that it moved."""
    parent = client.head()

    def commit(number: int) -> int:
        return client.commit([file(f"{number}.txt", b"x")], parentCommit=parent).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(commit, range(8)))
    assert sorted(statuses) == [200] + [412] * 7
    assert len(client.files()) == 2
    assert client.commit([file("later.txt", b"x")], parentCommit=client.head()[:8]).status == 200


def test_commits_at_once_without_a_parent(client: Client) -> None:
    """Commits at once that name no parent are all made, one after the other, and none loses another's files."""
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda number: client.commit([file(f"{number}.txt", b"x")]), range(16)))
    assert {reply.status for reply in replies} == {200}
    assert set(client.files()) == {".gitattributes", *(f"{number}.txt" for number in range(16))}
    assert client.send("GET", f"{API}/commits/main").headers["X-Total-Count"] == "17"


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (("deletedFile", {"path": "nothing"}), 404),
        (("deletedFolder", {"path": "nothing/"}), 404),
        (("deletedFolder", {"path": "a.txt"}), 404),
        (("file", {"path": "b.txt", "content": "***", "encoding": "base64"}), 400),
        (("file", {"path": "b.txt", "content": "YQ", "encoding": "base64"}), 400),
        (("file", {"path": "b.txt", "content": "a", "encoding": "rot13"}), 400),
        (("file", {"path": "b.txt"}), 400),
        (("file", {"path": 7, "content": ""}), 400),
        (("file", {"path": "\ud800", "content": ""}), 400),
        (("file", {"path": "b.txt", "content": "\ud800"}), 400),
        (("file", {"path": "a.txt/b.txt", "content": ""}), 400),
        (("lfsFile", {"path": "b.bin", "algo": "sha256", "oid": "0" * 64, "size": 3}), 400),
        (("lfsFile", {"path": "b.bin", "algo": "sha256", "oid": "../../etc/passwd", "size": 3}), 400),
        (("lfsFile", {"path": "b.bin", "algo": "md5", "oid": "0" * 64, "size": 3}), 400),
        (("moved", {"path": "b.txt"}), 400),
        (("header", {"summary": "again"}), 400),
    ],
)
def test_a_refused_operation_refuses_the_commit(
    client: Client, operation: tuple[str, dict[str, object]], status: int
) -> None:
    """A commit with one operation that cannot be done changes nothing, neither files nor history."""
    client.commit([file("a.txt", b"a")])
    before = client.head()
    assert client.commit([file("c.txt", b"c"), ("deletedFile", {"path": "a.txt"}), file("a.txt", b"b")]).status == 200
    after = client.head()
    reply = client.commit([file("d.txt", b"d"), operation])
    assert reply.status == status
    assert reply.json["error"]
    assert client.head() == after != before
    assert "d.txt" not in client.files()


def test_a_pointer_needs_its_content(client: Client) -> None:
    """A regular file that reads as an LFS pointer is refused as long as what it points to is not there."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 3\n"
    assert client.commit([file("a.bin", pointer)]).status == 400
    assert client.commit([file("a.bin", pointer + b"and more\n")]).status == 200


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "/etc/x", "a//b", "a/", "", ".", "./a", "a/.", ".git/config", "a/.GIT/x", "a\\..\\x", "a\0b"],
)
@pytest.mark.parametrize("key", ["file", "lfsFile", "deletedFile", "deletedFolder"])
def test_paths_that_lead_out(hub: StagingHub, client: Client, path: str, key: str) -> None:
    """No operation takes a path that leaves the repository or reaches into git; nothing is written beside the store."""
    beside = sorted(hub.store.folder.parent.iterdir())
    value = {"path": path, "content": "", "oid": "0" * 64, "size": 0}
    reply = client.commit([(key, value)])
    assert reply.status == (404 if (key, path) == ("deletedFolder", "a/") else 400)
    assert sorted(hub.store.folder.parent.iterdir()) == beside


@pytest.mark.parametrize(
    "name", ["..", "../x", "a/b", ".git", "x.git", "-a", "a..b", "a--b", "a%2Fb", "", "a" * 97, "ä", "a\n", 3, None]
)
def test_names_that_lead_out(hub: StagingHub, name: object) -> None:
    """No repository is made, or looked for, under a name that the Hub would not allow."""
    body = {"type": "dataset", "organization": "FER-Universe", "name": name}
    reply = Client.of(hub).send("POST", "/api/repos/create", body)
    assert reply.status == 400
    assert [path.name for path in (hub.store.folder / "repositories").iterdir()] == []
    for address in ("/api/datasets/..%2f../x", "/api/datasets/%2e%2e/%2e%2e", "/api/datasets/../../etc/passwd"):
        assert Client.of(hub).send("GET", address).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b"[1]", 400),
        (b'{"key": "file", "value": {"path": "a", "content": ""}}', 400),
        (b'{"key": "header", "value": {"summary": ""}}', 400),
        (b'{"key": "header", "value": {"summary": 3}}', 400),
        (b'{"key": "header", "value": {"summary": "x", "parentCommit": "main"}}', 400),
        (b'{"key": "header", "value": []}', 400),
        (b'{"key": "header", "value": {"summary": "x"}}\n{"key": 1}', 400),
        (b'{"key": "header", "value": {"summary": "x"}}\n' + b"[" * 100_000, 400),
        (b'{"key": "header", "value": {"summary": "x"}}\n' + b" " * 14_000_000, 413),
        (b"\xff\xfe", 400),
    ],
)
def test_malformed_commits(client: Client, body: bytes, status: int) -> None:
    """A commit that is not made as commits are is refused with a reason, as JSON."""
    reply = client.send("POST", f"{API}/commit/main", body)
    assert (reply.status, list(reply.json)) == (status, ["error"])
    assert len(client.files()) == 1


def test_a_regular_file_has_10_mb(client: Client) -> None:
    """A regular file of 10 MB is taken, a byte more is not."""
    assert client.commit([file("a.txt", b"a" * 10_000_000)]).status == 200
    assert client.commit([file("b.txt", b"a" * 10_000_001)]).status == 413
    assert len(client.download("a.txt").body) == 10_000_000


# Names as people give them, and a few that they should not: spaces, signs, letters of many kinds.
NAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1, max_size=12
).filter(lambda name: name not in (".", "..") and name.lower() != ".git")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def _is_tree(paths: list[str]) -> bool:
    return not any(other.startswith(f"{path}/") for path in paths for other in paths)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    before=st.dictionaries(PATHS, st.binary(max_size=200), max_size=6),
    after=st.dictionaries(PATHS, st.binary(max_size=200), max_size=6),
    data=st.data(),
)
def test_what_is_committed_comes_back(before: dict[str, bytes], after: dict[str, bytes], data: st.DataObject) -> None:
    """Whatever small files are committed, regular or large, exactly these are listed and come back byte for byte."""
    with tempfile.TemporaryDirectory() as name, StagingHub(Path(name), TOKENS, page_size=4) as hub:
        client = Client.of(hub)
        client.create()
        expected = {".gitattributes": client.files()[".gitattributes"]}
        for files in (before, after):
            wanted = {**expected, **files}
            operations = [("deletedFile", {"path": path}) for path in expected if path not in files]
            if not _is_tree(list(files)):
                assert client.commit(operations + [file(path, b"") for path in files]).status == 400
                continue
            for path, content in files.items():
                if content and data.draw(st.booleans()):
                    client.upload(content)
                    operations.append(large_file(path, content))
                else:
                    operations.append(file(path, content))
            assert client.commit(operations).status == 200
            expected = {path: content for path, content in wanted.items() if path in files}
            assert client.files() == expected


def test_text_content(client: Client) -> None:
    """A regular file may come as text, too; base64 is what clients send."""
    assert client.commit([("file", {"path": "a", "content": "ä", "encoding": "utf-8"})]).status == 200
    assert client.download("a").body == "ä".encode()
    assert base64.b64decode(file("a", b"a")[1]["content"]) == b"a"
