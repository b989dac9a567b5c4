"""Every fault at every step of the staging Hub: it does what its spec says, once, and touches nothing else."""

from __future__ import annotations

import hashlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.publish.staging_http import API, READ, REPO, TOKENS, WRITE, Client
from tests.publish.staging_steps import BODILESS, PART_SIZE, READING, prepare, world
from tools.publish.staging import StagingHub
from tools.publish.staging.faults import ANY, KINDS, LINK_STEPS, STEPS

STATUSES = [what for what in KINDS if what.isdigit()]
OF_A_REPOSITORY = sorted((KINDS["gone"].steps or frozenset()) - {ANY})
NEW_NAME = f"{REPO}-renamed"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StagingHub]:
    """A Hub that takes large files in parts of 1,000 bytes."""
    with StagingHub(tmp_path / "store", TOKENS, part_size=PART_SIZE) as hub:
        yield hub


def fired(hub: StagingHub) -> list[str]:
    """Return what happened, as specs."""
    return [str(one.fault) for one in hub.faults.fired]


def wait_for(condition: Callable[[], Any]) -> None:
    """Return when `condition` holds, which another thread brings about."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.005)


@pytest.mark.parametrize("step", STEPS)
def test_statuses(hub: StagingHub, step: str) -> None:
    """A status is answered in place of what was asked, in the Hub's own shape or a gateway's, and nothing is done."""
    send = prepare(hub, step)
    before = world(hub)
    for what in STATUSES:
        hub.faults.add(f"{what}@{step}")
        reply = send()
        assert (reply.status, fired(hub)[-1]) == (int(what), f"{what}@{step}")
        assert "Retry-After" not in reply.headers
        if what in ("502", "503", "504"):
            assert reply.headers["Content-Type"] == "text/html"
        else:
            assert reply.json["error"] == reply.headers["X-Error-Message"]
        assert reply.code == ("RepoNotFound" if what == "404" and step in OF_A_REPOSITORY else None)
    for what in ("429=7", "503=0"):
        hub.faults.add(f"{what}@{step}")
        assert send().headers["Retry-After"] == what[4:]
    assert world(hub) == before
    assert send().status < 300
    assert (world(hub) == before) == (step in READING)


@pytest.mark.parametrize("step", STEPS)
def test_reset_before_anything(hub: StagingHub, step: str) -> None:
    """A connection that is reset before the answer leaves all as it was, and the next request finds it so."""
    send = prepare(hub, step)
    before = world(hub)
    hub.faults.add(f"reset@{step}")
    with pytest.raises(ConnectionResetError):
        send()
    assert (world(hub), fired(hub), hub.requests[-1][2]) == (before, [f"reset@{step}"], 0)
    assert send().status < 300


@pytest.mark.parametrize("step", STEPS)
def test_lost_answers(hub: StagingHub, step: str) -> None:
    """A request whose answer is lost has been done: what was to be stored is stored."""
    send = prepare(hub, step)
    before = world(hub)
    hub.faults.add(f"lost@{step}")
    with pytest.raises(ConnectionResetError):
        send()
    assert (world(hub) == before) == (step in READING)
    assert (fired(hub), hub.requests[-1][2]) == ([f"lost@{step}"], 0)


@pytest.mark.parametrize("status", ["500", "502", "503", "504"])
@pytest.mark.parametrize("step", ["commit", "merge", "tag", "upload", "create"])
def test_lost_behind_a_gateway(hub: StagingHub, step: str, status: str) -> None:
    """A gateway may give up on a request that is done all the same."""
    send = prepare(hub, step)
    before = world(hub)
    hub.faults.add(f"lost={status}@{step}")
    assert send().status == int(status)
    assert world(hub) != before


@pytest.mark.parametrize(("what", "error"), [("ended=1", http.client.IncompleteRead), ("cut", ConnectionResetError)])
@pytest.mark.parametrize("step", STEPS)
def test_broken_answers(hub: StagingHub, step: str, what: str, error: type[Exception]) -> None:
    """An answer breaks off in its body, by a reset or in good order; one without a body cannot."""
    send = prepare(hub, step)
    before = world(hub)
    hub.faults.add(f"{what}@{step}")
    if step in BODILESS:
        assert (send().status, fired(hub)) == (200, [])
        return
    with pytest.raises(error) as caught:
        send()
    assert (fired(hub), hub.requests[-1][2] > 0) == ([f"{what}@{step}"], True)
    if isinstance(caught.value, http.client.IncompleteRead):
        assert len(caught.value.partial) == 1
    assert (world(hub) == before) == (step in READING)


@pytest.mark.parametrize("what", ["hang", "lost=hang"])
@pytest.mark.parametrize("step", STEPS)
def test_hanging_until_the_server_stops(hub: StagingHub, step: str, what: str) -> None:
    """A request that is never answered hangs, done or not done, until the server stops, and leaves no thread."""
    send = prepare(hub, step)
    before = world(hub)
    errors: list[type[Exception]] = []

    def ask() -> None:
        try:
            send()
        except OSError as error:
            errors.append(type(error))

    hub.faults.add(f"{what}@{step}")
    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: hub.requests[-1][2] == 0)
    assert (fired(hub), errors) == ([f"{what}@{step}"], [])
    assert (world(hub) == before) == (what == "hang" or step in READING)
    assert Client.of(hub).send("GET", "/").status == 200
    servers = list(hub._servers)
    hub.stop()
    thread.join(30)
    assert errors == [http.client.RemoteDisconnected]
    assert not any(server._connections for server in servers)


def test_hanging_until_the_client_goes(hub: StagingHub) -> None:
    """A client that gives up is waited for no longer."""
    prepare(hub, "info")
    hub.faults.add("hang@info:1-")
    server = hub._servers[0]
    connection = http.client.HTTPConnection(urlsplit(hub.endpoint).netloc)
    connection.request("GET", API)
    wait_for(lambda: fired(hub))
    assert len(server._connections) > 0
    connection.close()
    wait_for(lambda: not server._connections)


@pytest.mark.parametrize("step", ["upload", "part", "commit"])
def test_reset_while_sending(hub: StagingHub, step: str) -> None:
    """A connection that breaks after so many bytes of a request leaves all as it was."""
    send = prepare(hub, step)
    before = world(hub)
    hub.faults.add(f"reset=100@{step}", f"reset=999999@{step}:2")
    for _ in range(2):
        with pytest.raises(ConnectionError):
            send()
    assert world(hub) == before
    assert send().status == 200


def test_reset_before_all_was_sent(hub: StagingHub) -> None:
    """The connection breaks when the bytes that the fault names have come: the others need not."""
    Client.of(hub).create()
    hub.faults.add("reset=100@commit")
    host, port = urlsplit(hub.endpoint).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"POST {API}/commit/main HTTP/1.1\r\nContent-Length: 1000\r\n\r\n".encode() + b"x" * 100)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


@pytest.mark.parametrize("step", sorted((KINDS["expired"].steps or frozenset()) - {ANY}))
def test_expired(hub: StagingHub, step: str) -> None:
    """From the request on, its token or its link is not valid; others are."""
    send = prepare(hub, step)
    before = world(hub)
    hub.faults.add(f"expired@{step}")
    for _ in range(2):
        assert send().status == (403 if step in LINK_STEPS else 401)
    assert (world(hub), fired(hub)) == (before, [f"expired@{step}"])
    assert Client.of(hub).send("GET", "/api/whoami-v2").status == (200 if step in LINK_STEPS else 401)
    assert Client.of(hub, READ).send("GET", API).status == 200
    assert WRITE not in hub.tokens.redact(WRITE)


def test_without_a_token_nothing_expires(hub: StagingHub) -> None:
    """A visitor's request is not the one at which a token expires."""
    send = prepare(hub, "info")
    hub.faults.add("expired@info")
    assert Client.of(hub, None).send("GET", API).status == 200
    assert fired(hub) == []
    assert send().status == 401


@pytest.mark.parametrize("step", OF_A_REPOSITORY)
def test_gone(hub: StagingHub, step: str) -> None:
    """The repository is no longer there, for this request and for all."""
    send = prepare(hub, step)
    hub.faults.add(f"gone@{step}")
    for _ in range(2):
        assert send().status == 404
    reply = Client.of(hub).send("GET", API)
    assert (reply.status, reply.code, fired(hub)) == (404, "RepoNotFound", [f"gone@{step}"])
    assert not list(hub.store.folder.glob("repositories/*/*"))


@pytest.mark.parametrize("step", OF_A_REPOSITORY)
@pytest.mark.parametrize("status", [307, 301])
def test_renamed(hub: StagingHub, step: str, status: int) -> None:
    """The old name leads to the new one, under which all is there; links that were given out go on."""
    send = prepare(hub, step)
    before = world(hub)
    hub.faults.add(f"renamed@{step}" if status == 307 else f"renamed={status}@{step}")
    reply = send()
    if step in LINK_STEPS:
        assert reply.status == 200
    else:
        assert (reply.status, world(hub)) == (status, before)
        asked = hub.requests[-1][1]
        assert reply.headers["Location"].partition("?")[0] == asked.replace(REPO, NEW_NAME)
    client = Client.of(hub)
    location = client.send("GET", f"{API}/revision/main?expand=sha&expand=id").headers["Location"]
    assert client.send("GET", location).json.keys() == {"_id", "id", "sha"}
    assert client.send("GET", f"/api/datasets/{NEW_NAME}").json["id"] == NEW_NAME
    actions = client.send(
        "POST",
        f"/datasets/{NEW_NAME}.git/info/lfs/objects/batch",
        {"operation": "upload", "objects": [{"oid": hashlib.sha256(b"new").hexdigest(), "size": 3}]},
    ).json["objects"][0]["actions"]
    assert client.send("PUT", actions["upload"]["href"], b"new").status == 200


def test_renamed_and_then_gone(hub: StagingHub) -> None:
    """Names lead on over several changes, and to nothing when the repository is removed."""
    client = Client.of(hub)
    client.create()
    hub.faults.add("renamed@info", "renamed@info:3", "gone@info:5")
    client.send("GET", API)
    assert client.send("GET", f"/api/datasets/{NEW_NAME}").status == 200
    location = client.send("GET", API).headers["Location"]
    assert location == f"/api/datasets/{NEW_NAME}-renamed"
    assert client.send("GET", location).json["id"] == f"{NEW_NAME}-renamed"
    for path in (location, f"/api/datasets/{NEW_NAME}", API):
        assert client.send("GET", path).status == 404


def test_renamed_and_then_deleted(hub: StagingHub) -> None:
    """A repository that has another name is deleted by its former one, too, and wholly."""
    send = prepare(hub, "delete")
    hub.faults.add("renamed@info")
    Client.of(hub).send("GET", API)
    assert send().status == 200
    assert Client.of(hub).send("GET", f"/api/datasets/{NEW_NAME}").status == 404
