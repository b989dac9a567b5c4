"""The real clients, each in a process of its own, must find nothing that tells the staging Hub from the Hub."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.publish.staging_client import README, content
from tests.publish.staging_http import READ, REPO, TOKENS, WRITE
from tools.publish.staging import StagingHub
from tools.publish.staging.objects import object_id

SCRIPT = Path(__file__).with_name("staging_client.py")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StagingHub]:
    """A Hub whose pages and parts are so small that clients have to turn pages and send parts."""
    with StagingHub(tmp_path / "store", TOKENS, part_size=1_000_000, page_size=5) as hub:
        yield hub


def run(python: Path, scenario: str, hub: StagingHub, token: str | None, home: Path) -> dict[str, Any]:
    """Run a scenario of staging_client.py and return what the client saw."""
    environment = hub.environment(token, home)
    done = subprocess.run([python, SCRIPT, scenario], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_every_operation_of_the_api(any_python: Path, hub: StagingHub, tmp_path: Path) -> None:
    """HfApi must create, upload, commit, list, tag, propose, merge and download as it does with the Hub."""
    seen = run(any_python, "operations", hub, WRITE, tmp_path / "home")
    url = f"{hub.endpoint}/datasets/{REPO}"
    files = {
        "README.md": README.encode(),
        "data/a.parquet": content("large", 40_000),
        "data/b.parquet": content("parts", 2_500_000),
        "data/c.parquet": content("large", 40_000),
        "empty.parquet": b"",
        "sample.png": content("small", 3000),
        "many/00.txt": b"other\n",
        **{f"many/{number:02}.txt": f"{number}\n".encode() for number in range(2, 12)},
    }
    large = {"data/a.parquet", "data/b.parquet", "data/c.parquet", "sample.png"}

    assert seen["user"] == "staging-writer"
    assert (seen["url"], seen["again"]) == (url, url)
    assert seen["conflict"] == ["HfHubHTTPError", 409]
    assert seen["missing"] == ["RepositoryNotFoundError", 404]
    head = seen["commit"][1]
    assert seen["commit"][0] == f"{url}/commit/{head}"
    assert seen["stale"] == ["HfHubHTTPError", 412]
    assert seen["delete_missing"][0] in ("EntryNotFoundError", "RemoteEntryNotFoundError")
    assert seen["unchanged"] in (head, f"{url}/commit/{head}")

    listed = {path: size for path, size in seen["tree"].items() if path != ".gitattributes"}
    assert listed == {"data": None, "many": None, **{path: len(data) for path, data in files.items()}}
    assert seen["lfs"] == {path: hashlib.sha256(files[path]).hexdigest() for path in large}
    for path in files.keys() - large:
        assert seen["blobs"][path] == object_id("blob", files[path])
    assert seen["folder"] == ["data/a.parquet", "data/b.parquet", "data/c.parquet"]
    assert seen["last"].pop("many/00.txt") == "Edit"
    assert set(seen["last"].values()) == {"Many"}
    assert seen["paths"] == ["many", "sample.png"]
    assert seen["exists"] == [True, False]
    assert seen["info"] == [head, False, "mit", len(files) + 1, "FER-Universe"]
    assert seen["sizes"]["data/b.parquet"] == 2_500_000

    assert seen["branch_again"] == seen["tag_again"] == ["HfHubHTTPError", 409]
    assert seen["tag_revision"]
    assert seen["no_revision"] == ["RevisionNotFoundError", 404]
    assert seen["pr"] == [1, "refs/pr/1", f"{url}/discussions/1"]
    assert seen["pr_only"] == [False, True]
    assert seen["refs"] == [
        ["refs/heads/main", "refs/heads/next"],
        ["refs/convert/parquet"],
        ["refs/tags/v1.0"],
        ["refs/pr/1"],
    ]
    assert seen["draft"] == [2, "draft", "refs/pr/2"]
    assert seen["merged"] == ["merged", True, "refs/heads/main"]
    assert seen["events"] == ["comment", "commit", "commit", "comment", "status-change"]
    assert seen["discussions"] == [[2, "draft", True, "A draft"], [1, "merged", True, "Proposal"]]
    titles = [title for title, _ in seen["commits"]]
    assert titles[:3] == ["Proposal (#1)", "Edit", "Many"]
    assert titles[-1] == "initial commit"
    assert ["Many", "Twelve files"] in seen["commits"]

    assert seen["download"]
    assert seen["download_pr"] == "more\n"
    assert seen["no_entry"][0] in ("EntryNotFoundError", "RemoteEntryNotFoundError")
    merged = {**files, "pr.txt": b"pr\n", "pr2.txt": b"more\n"}
    del seen["snapshot"][".gitattributes"]
    assert seen["snapshot"] == {path: hashlib.sha256(data).hexdigest() for path, data in merged.items()}
    assert seen["deleted"] == ["RepositoryNotFoundError", 404]
    assert seen["private"]

    parts = [status for method, path, status in hub.requests if method == "PUT" and path.endswith("/part")]
    assert parts == [200, 200, 200]
    assert all(status < 500 for _, _, status in hub.requests)


def test_loading_a_dataset(any_python: Path, hub: StagingHub, tmp_path: Path) -> None:
    """load_dataset must give the same images, cached and streaming, public and private, and nothing without a token."""
    seen = run(any_python, "dataset", hub, WRITE, tmp_path / "home")
    original = [[[16, 16], [shade * 60, len("small_original/train-0"), 7], shade % 2] for shade in range(4)]
    cropped = [[[16, 16], [shade * 60, len("small_cropped/train-0"), 7], shade % 2] for shade in range(4)]
    assert seen["splits"] == {"train": 4, "test": 4}
    assert seen["labels"] == ["neutral", "happy"]
    assert seen["image"] == "Image"
    assert seen["rows"] == original
    assert seen["configs"] == ["small_original", "small_cropped"]
    assert seen["cropped"] == seen["streamed"] == cropped
    assert seen["pushed"] == [1, 2, 3]
    assert seen["private"] == seen["private_streamed"] == 4

    reader = run(any_python, "anonymous", hub, None, tmp_path / "other home")
    assert reader == {"public": 4, "private": ["DatasetNotFoundError", None]}
    assert all(status < 500 for _, _, status in hub.requests)


def test_a_child_process_cannot_leave_the_rehearsal(hub: StagingHub, tmp_path: Path, any_python: Path) -> None:
    """In the environment for children, a request to any other host must end at the staging Hub, refused at once."""
    script = (
        "from huggingface_hub.utils import get_session\n"
        "print(get_session().get('http://datasets-server.example.invalid/info').status_code)\n"
        "try:\n    get_session().get('https://huggingface.co/api/whoami-v2')\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
    )
    environment = hub.environment(READ, tmp_path / "home")
    done = subprocess.run([any_python, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["404", "ProxyError"], done.stderr[-2000:]
    assert ("CONNECT", "huggingface.co:443", 403) in hub.requests
