"""Faults of what is stored: commits by somebody else, and files that are truncated or corrupted on their way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publish.staging_http import API, REPO, TOKENS, Client, file, large_file
from tests.publish.staging_steps import LARGE, PART_SIZE, PARTS, README, prepare, send_in_parts, world
from tools.publish.staging import StagingHub
from tools.publish.staging.faults import ANY, KINDS, LINK_STEPS

OF_A_REPOSITORY = sorted((KINDS["overtaken"].steps or frozenset()) - {ANY})
NOTE = "somebody-else-1.txt"
LINE = b"A line by somebody-else.\n"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StagingHub]:
    """A Hub that takes large files in parts of 1,000 bytes."""
    with StagingHub(tmp_path / "store", TOKENS, part_size=PART_SIZE) as hub:
        yield hub


def authors(client: Client, revision: str = "main") -> list[str]:
    """Return who made the commits, newest first."""
    commits = client.send("GET", f"{API}/commits/{revision}").json
    return [commit["authors"][0]["user"] for commit in commits]


@pytest.mark.parametrize("step", OF_A_REPOSITORY)
def test_overtaken(hub: StagingHub, step: str) -> None:
    """Somebody else's commit is there, just before; a commit on the old head is then refused, and all else goes on."""
    send = prepare(hub, step)
    client = Client.of(hub)
    hub.faults.add(f"overtaken@{step}")
    status = send().status
    assert status == 412 if step == "commit" else status < 300
    assert client.files()[NOTE] == LINE
    assert authors(client).count("somebody-else") == 1
    if step == "commit":
        assert "README.md" not in client.files()
    if step == "merge":
        assert client.files()["README.md"] == README


@pytest.mark.parametrize("step", OF_A_REPOSITORY)
def test_conflict(hub: StagingHub, step: str) -> None:
    """Somebody else has changed the card just before: a merge that changes it, too, is refused."""
    send = prepare(hub, step)
    client = Client.of(hub)
    before = README if step == "resolve" else b""
    hub.faults.add(f"conflict@{step}")
    status = send().status
    assert status == {"commit": 412, "merge": 409}.get(step, status)
    assert client.files()["README.md"] == before + LINE


def test_overtaken_on_a_branch(hub: StagingHub) -> None:
    """Somebody else commits to the branch of the request; for a pull request, to the branch that it is for."""
    client = Client.of(hub)
    client.create()
    client.send("POST", f"{API}/branch/next", {})
    client.commit([file("a", b"a")], "?create_pr=1")
    hub.faults.add("overtaken@commit:1-3")
    for _ in range(2):
        assert client.commit([file("b", b"b")], revision="next").status == 200
    assert client.commit([file("b", b"b")], revision="refs%2Fpr%2F1").status == 200
    assert {NOTE, "somebody-else-2.txt", "b"} <= client.files("next").keys()
    assert NOTE not in client.files("refs%2Fpr%2F1")
    assert NOTE in client.files("main")


def test_truncated_upload(hub: StagingHub) -> None:
    """A file of which less was kept than was said is found by the verification, and may be sent again."""
    send = prepare(hub, "upload")
    client = Client.of(hub)
    hub.faults.add("truncated=9@upload")
    assert send().status == 200
    oid = hashlib.sha256(LARGE).hexdigest()
    verification = {"oid": oid, "size": len(LARGE)}
    assert client.send("POST", f"/datasets/{REPO}.git/info/lfs/objects/verify", verification).status == 404
    assert client.commit([large_file("large.bin", LARGE)]).status == 400
    actions = client.announce(LARGE)
    assert client.send("PUT", actions["upload"]["href"], LARGE).status == 200
    assert client.commit([large_file("large.bin", LARGE)]).status == 200
    assert client.download("large.bin").body == LARGE


@pytest.mark.parametrize(("step", "data"), [("upload", LARGE), ("complete", PARTS)])
@pytest.mark.parametrize(("spec", "at"), [("corrupted", None), ("corrupted=3", 3), ("corrupted=99999", -1)])
def test_corrupted_upload(hub: StagingHub, step: str, data: bytes, spec: str, at: int | None) -> None:
    """A file with a flipped bit passes for the right one everywhere but where its bytes are read."""
    send = prepare(hub, step)
    client = Client.of(hub)
    hub.faults.add(f"{spec}@{step}")
    assert send().status == 200
    assert client.announce(data) is None
    verification = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
    assert client.send("POST", f"/datasets/{REPO}.git/info/lfs/objects/verify", verification).status == 200
    assert client.commit([large_file("large.bin", data)]).status == 200
    expected = bytearray(data)
    expected[len(data) // 2 if at is None else at] ^= 1
    assert client.download("large.bin").body == expected


@pytest.mark.parametrize("what", ["truncated", "corrupted"])
def test_spoilt_part(hub: StagingHub, what: str) -> None:
    """A part that is not what was sent is found when the file is made of its parts."""
    hub.faults.add(f"{what}@part:2")
    send = prepare(hub, "complete")
    assert send().status == 400
    assert send_in_parts(Client.of(hub))().status == 200


def test_truncated_completion(hub: StagingHub) -> None:
    """A file that is cut when it is put together is found by the verification."""
    send = prepare(hub, "complete")
    hub.faults.add("truncated@complete")
    assert send().status == 200
    assert Client.of(hub).announce(PARTS) is not None


@pytest.mark.parametrize(("step", "data"), [("resolve", README), ("download", LARGE)])
def test_spoilt_download(hub: StagingHub, step: str, data: bytes) -> None:
    """What is sent is shorter than the file, or has a flipped bit, and says nothing of it; what is stored is right."""
    send = prepare(hub, step)
    before = world(hub)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    for spec, expected in (("truncated", data[: len(data) // 2]), ("truncated=1", data[:1]), ("corrupted", flipped)):
        hub.faults.add(f"{spec}@{step}")
        reply = send()
        assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, expected, str(len(expected)))
    assert world(hub) == before
    assert send().body == data


def test_spoilt_range(hub: StagingHub) -> None:
    """A stretch of a file is spoilt in the middle of the stretch; what has no content is not spoilt."""
    client = Client.of(hub)
    client.create()
    client.upload(LARGE)
    client.commit([large_file("large.bin", LARGE)])
    hub.faults.add("corrupted@download", "truncated@resolve")
    path = f"/datasets/{REPO}/resolve/main/large.bin"
    assert client.send("HEAD", path).status == 302
    link = client.send("GET", path).headers["Location"]
    assert client.send("HEAD", link).status == 200
    assert hub.faults.fired == []
    reply = client.send("GET", link, headers={"Range": "bytes=10-13"})
    assert (reply.status, reply.body) == (206, bytes([*LARGE[10:12], LARGE[12] ^ 1, LARGE[13]]))
    assert [str(one.fault) for one in hub.faults.fired] == ["corrupted@download"]


@pytest.mark.parametrize("step", sorted(LINK_STEPS | {"info", "tree", "commit", "resolve"}))
def test_faults_elsewhere_change_nothing(tmp_path: Path, step: str) -> None:
    """What no fault hits is answered, byte for byte, as on a Hub without faults."""
    replies = []
    for faults in ([], ["503@settings", "lost@whoami:1-", "corrupted@download:9", "expired@any:99", "hang@comment"]):
        folder = tmp_path / str(len(faults))
        with StagingHub(folder, TOKENS, part_size=PART_SIZE, faults=faults) as hub:
            reply = prepare(hub, step)()
            changing = ("Date", "X-Request-Id", "ETag", "X-Repo-Commit", "Content-Length")
            headers = {name: value for name, value in reply.headers.items() if name not in changing}
            body = reply.body if step in ("resolve", "download", "tree", "upload", "part", "complete") else b""
            replies.append((reply.status, headers, body))
            assert hub.faults.fired == []
    assert replies[0] == replies[1]
