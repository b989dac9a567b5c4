"""Who may do what on the staging Hub, and that no token is ever written anywhere."""

from __future__ import annotations

import http.client
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.publish.staging_http import API, READ, REPO, TOKENS, WRITE, Client, file
from tools.publish.staging import FolderInUseError, StagingHub

INVALID = "Invalid username or password."

# What a reader and a writer of a repository do: method, path, body.
READING = [
    ("GET", API, None),
    ("GET", f"{API}/tree/main", None),
    ("POST", f"{API}/paths-info/main", {"paths": ["README.md"]}),
    ("GET", f"{API}/refs", None),
    ("GET", f"{API}/commits/main", None),
    ("GET", f"{API}/discussions", None),
    ("HEAD", f"/datasets/{REPO}/resolve/main/.gitattributes", None),
]
WRITING = [
    ("POST", f"{API}/preupload/main", {"files": []}),
    ("POST", f"{API}/commit/main", {"key": "header", "value": {"summary": "x"}}),
    ("POST", f"/datasets/{REPO}.git/info/lfs/objects/batch", {"operation": "upload", "objects": []}),
    ("POST", f"{API}/branch/next", {}),
    ("DELETE", f"{API}/branch/next", None),
    ("POST", f"{API}/tag/main", {"tag": "v1"}),
    ("DELETE", f"{API}/tag/v1", None),
    ("POST", f"{API}/discussions", {"title": "A title", "description": "x"}),
    ("PUT", f"{API}/settings", {}),
    ("DELETE", "/api/repos/delete", {"type": "dataset", "organization": "FER-Universe", "name": "DiffusionFER"}),
]


@pytest.mark.parametrize(("method", "path", "body"), READING)
@pytest.mark.parametrize("token", [None, "hf_wrong", READ, WRITE])
@pytest.mark.parametrize("private", [False, True])
def test_reading(hub: StagingHub, private: bool, token: str | None, method: str, path: str, body: object) -> None:
    """A public repository is read by all but those with a wrong token, a private one by those with a right one."""
    Client.of(hub).create(private)
    reply = Client.of(hub, token).send(method, path, body)
    if token in TOKENS or (token is None and not private):
        assert reply.status == 200
    else:
        assert reply.status == 401
        assert reply.headers["X-Error-Message"] == INVALID
        assert reply.code == ("RepoNotFound" if private else None)


@pytest.mark.parametrize(("method", "path", "body"), WRITING)
def test_writing(hub: StagingHub, method: str, path: str, body: object) -> None:
    """A change is refused without a token or with a wrong one (401) and with a reader's (403), but not a writer's."""
    Client.of(hub).create()
    for token, status in ((None, 401), ("hf_wrong", 401), (READ, 403)):
        reply = Client.of(hub, token).send(method, path, body)
        assert reply.status == status
        assert reply.json["error"] == reply.headers["X-Error-Message"]
        assert hub.requests[-1] == (method, path, status)
    assert Client.of(hub).send(method, path, body).status not in (401, 403)


def test_creating_needs_a_writer(hub: StagingHub) -> None:
    """A repository is made by a writer only, in whatever namespace, and once."""
    body = {"type": "dataset", "organization": "FER-Universe", "name": "DiffusionFER", "visibility": "private"}
    for token, status in ((None, 401), (READ, 403), (WRITE, 200), (WRITE, 409)):
        assert Client.of(hub, token).send("POST", "/api/repos/create", body).status == status
    own = Client.of(hub).send("POST", "/api/repos/create", {"type": "dataset", "name": "mine"})
    assert own.json["name"] == "staging-writer/mine"


@pytest.mark.parametrize("path", [API, f"{API}/tree/main", f"/datasets/{REPO}/resolve/main/README.md"])
def test_what_does_not_exist(hub: StagingHub, path: str) -> None:
    """An unknown repository is RepoNotFound: 404 to those with a token, 401 to those without."""
    for token, status in ((None, 401), ("hf_wrong", 401), (READ, 404)):
        reply = Client.of(hub, token).send("GET", path)
        assert (reply.status, reply.code) == (status, "RepoNotFound")


def test_unknown_revision_and_entry(hub: StagingHub) -> None:
    """An unknown revision is RevisionNotFound, an unknown file EntryNotFound with the commit it was looked for in."""
    client = Client.of(hub)
    client.create()
    for path in (f"{API}/revision/nowhere", f"{API}/tree/nowhere", f"/datasets/{REPO}/resolve/nowhere/README.md"):
        reply = client.send("GET", path)
        assert (reply.status, reply.code) == (404, "RevisionNotFound")
    for path in (f"/datasets/{REPO}/resolve/main/nothing", f"{API}/tree/main/nothing"):
        reply = client.send("GET", path)
        assert (reply.status, reply.code) == (404, "EntryNotFound")
        assert reply.headers["X-Repo-Commit"] == client.head()


def test_who_am_i(hub: StagingHub) -> None:
    """The Hub tells a token's user, and nothing to those without one."""
    assert Client.of(hub, WRITE).send("GET", "/api/whoami-v2").json["name"] == "staging-writer"
    assert Client.of(hub, READ).send("GET", "/api/whoami-v2").json["auth"]["accessToken"]["role"] == "read"
    assert Client.of(hub, None).send("GET", "/api/whoami-v2").status == 401
    with StagingHub(hub.store.folder.parent / "named", {"hf_x": ("Gustav", "write")}) as named:
        assert Client.of(named, "hf_x").send("GET", "/api/whoami-v2").json["name"] == "Gustav"


@pytest.mark.parametrize("tokens", [{"hf_x": "admin"}, {"": "read"}, {"hf x": "read"}, {"hf_x": ("a b", "read")}])
def test_bad_tokens(tmp_path: Path, tokens: dict[str, object]) -> None:
    """A Hub does not start with a token that no header can carry, or a role or a user that does not exist."""
    with pytest.raises(ValueError, match="must be"):
        StagingHub(tmp_path, tokens)  # type: ignore[arg-type]


def test_tokens_are_written_nowhere(
    hub: StagingHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No token may be in a file of the store, in the list of requests, in an error or in the log, whatever happens."""
    caplog.set_level(logging.DEBUG)
    client = Client.of(hub)
    client.create()
    client.commit([file("a.txt", b"a")])
    client.upload(b"\0" * 5000)
    for token in (WRITE, READ):
        reply = client.send("GET", f"/{token}?token={token}")
        assert token not in str(reply.headers) + reply.body.decode()
        reply = client.commit([(token, {})])
        assert reply.status == 400
        assert token not in str(reply.headers) + reply.body.decode()

    def fail(*_: object) -> None:
        raise RuntimeError(f"something went wrong with {WRITE}")

    monkeypatch.setattr("tools.publish.staging.repository.Repository.resolve", fail)
    reply = client.send("GET", API)
    assert (reply.status, reply.json) == (500, {"error": "the staging Hub has a fault: see its log"})
    assert "something went wrong with ***" in caplog.text

    written = b"".join(path.read_bytes() for path in hub.store.folder.rglob("*") if path.is_file())
    for token in (WRITE, READ):
        assert token.encode() not in written
        assert token not in str(hub.requests) + caplog.text


def test_environment_of_a_child(hub: StagingHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A child gets the Hub's address and its own home, and nothing of what the caller has set for another Hub."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_CACHE", "HUGGING_FACE_HUB_TOKEN", "ALL_PROXY"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_TOKEN", "the caller's own")
    environment = hub.environment(None, tmp_path)
    assert environment["HF_ENDPOINT"] == hub.endpoint
    assert environment["HF_HOME"] == str(tmp_path)
    assert environment["HF_HUB_DISABLE_XET"] == "1"
    assert environment["PATH"] == os.environ["PATH"]
    given = {"HF_TOKEN", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_CACHE", "HUGGING_FACE_HUB_TOKEN", "ALL_PROXY"}
    assert not given & environment.keys()
    assert hub.environment(READ, tmp_path)["HF_TOKEN"] == READ
    assert os.environ["HF_TOKEN"] == "the caller's own"


def test_links_cannot_be_forged(hub: StagingHub) -> None:
    """The address of a large file, and the one to upload it to, work for what they were signed for and nothing else."""
    client = Client.of(hub)
    client.create()
    client.commit([client.upload(b"\0large")])
    link = client.send("GET", f"/datasets/{REPO}/resolve/main/large.bin").headers["Location"]
    anyone = Client.of(hub, None)
    assert anyone.send("GET", link).body == b"\0large"
    assert anyone.send("GET", link.partition("?")[0]).status == 403
    assert anyone.send("GET", link.replace("expires=", "expires=9")).status == 403
    assert anyone.send("GET", link[:-1] + ("0" if link[-1] != "0" else "1")).status == 403
    upload = client.announce(b"another")["upload"]["href"]
    assert anyone.send("GET", link.partition("?")[0] + "?" + urlsplit(upload).query).status == 403
    assert anyone.send("PUT", upload.replace("size=7", "size=8"), b"8 bytes!").status == 403


def test_one_server_for_a_folder(hub: StagingHub) -> None:
    """A second Hub on the same folder is refused until the first has stopped."""
    other = StagingHub(hub.store.folder, TOKENS)
    with pytest.raises(FolderInUseError, match="another staging Hub"):
        other.start()
    hub.stop()
    with other:
        assert Client.of(other, None).send("GET", "/").status == 200


def test_stopping(tmp_path: Path) -> None:
    """Stopping ends idle connections and leaves no thread; the Hub is at home on 127.0.0.1 only and says what it is."""
    before = threading.active_count()
    hub = StagingHub(tmp_path, TOKENS).start()
    idle = http.client.HTTPConnection(urlsplit(hub.endpoint).netloc)
    idle.request("GET", "/")
    page = idle.getresponse()
    assert b"rehearsal" in page.read()
    assert "not for hosting data" in page.headers["Server"]
    assert {server.server_address[0] for server in hub._servers} == {"127.0.0.1"}
    hub.stop()
    hub.stop()
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="not running"):
        print(hub.endpoint)
    assert "not for hosting data" in (tmp_path / "README").read_text()


def test_a_forgotten_server_ends_with_its_process(tmp_path: Path) -> None:
    """A process that forgets to stop its Hub ends all the same."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\nfrom tools.publish.staging import StagingHub\n"
        "StagingHub(Path(sys.argv[2]), {'hf_x': 'read'}).start()\n"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", script, root, str(tmp_path)], check=True, timeout=60)
