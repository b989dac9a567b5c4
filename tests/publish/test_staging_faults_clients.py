"""The real client on a bad day: what it tries again by itself, what it leaves to us, and what it does not notice."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.publish.staging_faulty_client import LARGE
from tests.publish.staging_http import API, REPO, TOKENS, WRITE, Client
from tools.publish.staging import StagingHub

SCRIPT = Path(__file__).with_name("staging_faulty_client.py")
# The steps whose first request the client makes in a step of its own, or in that of an upload.
ASKED = (
    *("whoami", "create", "info", "tree", "paths", "preupload", "batch", "upload", "part", "complete", "verify"),
    *("commit", "commits", "refs", "tag", "branch", "propose", "status", "merge", "resolve", "download"),
)
RETRIED = {"tree", "upload", "part", "commits"}
UNTOUCHED = {"onto", "discussions", "large"}


def run(folder: Path, *faults: str, steps: tuple[str, ...] = ()) -> tuple[dict[str, list[Any]], StagingHub]:
    """Let the client go through `steps` (all) on a Hub with faults; return what it saw, and the Hub, stopped."""
    with StagingHub(folder / "store", TOKENS, part_size=1000, faults=faults) as hub:
        command = [sys.executable, str(SCRIPT), *steps]
        environment = hub.environment(WRITE, folder / "home")
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout), hub


def errors(tries: list[Any]) -> list[list[Any]]:
    """Return class and status of the errors of a step's two tries."""
    return [[name, status] for name, status, _ in tries if name != "ok"]


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("503", ["HfHubHTTPError", 503]),
        ("429", ["HfHubHTTPError", 429]),
        ("reset", ["ReadError", None]),
        ("lost", ["ReadError", None]),
        ("lost=504", ["HfHubHTTPError", 504]),
    ],
)
def test_what_the_client_tries_again(tmp_path: Path, what: str, error: list[Any]) -> None:
    """Listings and uploads are tried again by the client, one wait for each fault; all else fails at once."""
    seen, hub = run(tmp_path, *(f"{what}@{step}" for step in ASKED))
    assert hub.faults.unfired == []
    waited = {step for step, tries in seen.items() if tries[0][2]}
    assert RETRIED <= waited <= RETRIED | {"resolve", "download"}
    for step in RETRIED:
        assert errors(seen[step]) == []
    for step in seen.keys() - RETRIED - UNTOUCHED - {"resolve", "download", "propose"}:
        assert errors(seen[step][:1]) == [error], step
    done = {"status", "merge"} if what.startswith("lost") else set()
    for step in seen.keys() - done - {"propose", "status", "merge"}:
        assert errors(seen[step][1:]) == [], step
    for step in done:  # it is done already: what is tried once more is refused
        assert errors(seen[step][1:]) == [["BadRequestError", 400]]


def test_a_lost_commit_is_there(tmp_path: Path) -> None:
    """A commit whose answer is lost is an error to the client, though it is made, once."""
    seen, hub = run(tmp_path, "lost@commit", steps=("create", "commit"))
    assert [name for name, _, _ in seen["commit"]] == ["ReadError", "ok"]
    with StagingHub(hub.store.folder, TOKENS) as again:
        titles = [commit["title"] for commit in Client.of(again).send("GET", f"{API}/commits/main").json]
    assert titles == ["a.txt", "initial commit"]


def test_waiting_as_long_as_the_hub_says(tmp_path: Path) -> None:
    """Retry-After decides how long the client waits; without it, the client does."""
    seen, _ = run(tmp_path, "429=70@tree:1-2", "429@commits", steps=("create", "tree", "commits"))
    assert all(seconds >= 70 for seconds in seen["tree"][0][2])
    assert (len(seen["tree"][0][2]), len(seen["commits"][0][2])) == (2, 1)
    assert seen["commits"][0][2][0] < 70


@pytest.mark.parametrize(
    ("fault", "error", "afterwards"),
    [
        ("expired@commit", ["HfHubHTTPError", 401], ["HfHubHTTPError", 401]),
        ("gone@commit", ["RepositoryNotFoundError", 404], ["RepositoryNotFoundError", 404]),
        ("renamed@commit", None, None),
        ("renamed=301@commit", ["HfHubHTTPError", 405], None),
        ("overtaken@commit", ["HfHubHTTPError", 412], None),
        ("409@commit", ["HfHubHTTPError", 409], None),
        ("403@commit", ["HfHubHTTPError", 403], None),
        ("cut@commit", ["ReadError", None], None),
        ("ended@commit", ["RemoteProtocolError", None], None),
    ],
)
def test_a_commit_on_a_bad_day(tmp_path: Path, fault: str, error: list[Any], afterwards: list[Any]) -> None:
    """The client says of each fault what its kind says, and what lasts is there afterwards, too."""
    seen, hub = run(tmp_path, fault, steps=("create", "onto", "refs"))
    assert [str(one.fault) for one in hub.faults.fired] == [fault]
    assert errors(seen["onto"][:1]) == ([error] if error else [])
    assert errors(seen["refs"]) == ([afterwards] * 2 if afterwards else [])


def test_files_truncated_on_their_way(tmp_path: Path) -> None:
    """The client finds by its verification, or by the size, what is shorter than it should be."""
    faults = ("truncated@upload", "truncated@part", "truncated@download")
    seen, hub = run(tmp_path, *faults, steps=("create", "upload", "part", "large", "download"))
    assert hub.faults.unfired == []
    assert [name for name, _, _ in seen["upload"]] == ["RuntimeError", "ok"]
    assert [name for name, _, _ in seen["part"]] == ["RuntimeError", "ok"]
    assert [name for name, _, _ in seen["download"]] == ["OSError", "ok"]


@pytest.mark.parametrize("fault", ["corrupted@upload", "corrupted@download"])
def test_files_corrupted_on_their_way(tmp_path: Path, fault: str) -> None:
    """The client does not notice a flipped bit, neither where it uploads nor where it downloads."""
    seen, hub = run(tmp_path, fault, steps=("create", "upload", "large", "download"))
    assert hub.faults.unfired == []
    assert all(name == "ok" for tries in seen.values() for name, _, _ in tries)
    flipped = bytearray(LARGE)
    flipped[len(LARGE) // 2] ^= 1
    wrong, right = hashlib.sha256(flipped).hexdigest(), hashlib.sha256(LARGE).hexdigest()
    again = wrong if fault == "corrupted@upload" else right
    assert [content for _, content, _ in seen["download"]] == [wrong, again]


@pytest.mark.parametrize("fault", ["hang@commit", "lost=hang@commit"])
def test_the_client_waits_for_ever(tmp_path: Path, fault: str) -> None:
    """A commit that is never answered keeps the client until the Hub stops: it has no limit of its own."""
    hub = StagingHub(tmp_path / "store", TOKENS, faults=[fault]).start()
    command = [sys.executable, str(SCRIPT), "create", "commit"]
    environment = hub.environment(WRITE, tmp_path / "home")
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not hub.faults.fired:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert process.poll() is None
        commits = len(Client.of(hub).send("GET", f"/api/datasets/{REPO}/commits/main").json)
        assert commits == (1 if fault.startswith("hang") else 2)
        hub.stop()
        output, _ = process.communicate(timeout=60)
    assert errors(json.loads(output)["commit"]) == [["RemoteProtocolError", None], ["ConnectError", None]]
