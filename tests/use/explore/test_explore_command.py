"""The command of the explorer: what it prints, how it ends, and one line for each thing that cannot be."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.environments import ROOT
from tests.publish.published import publication
from tests.publish.pushing import REPO
from tests.trees import write_emonet, write_faces
from tests.use.explore.faces import shard
from tools.describe.loopback import HOST
from tools.explore import main
from tools.use.explore.serve import ExploreServer
from tools.use.explore.viewer import INSTALL


def run(*options: str | Path) -> Result:
    """Run the command with options."""
    return CliRunner().invoke(main, [str(option) for option in options])


def error(*options: str | Path) -> str:
    """Run the command, which cannot do what is asked; return its one line."""
    result = run(*options)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").rstrip()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")
def test_it_serves_until_ctrl_c(site: Path, tmp_path: Path) -> None:
    """It prints what is shown and where, answers there, says "stopped", and leaves nothing behind."""
    write_faces(tmp_path / "data", 30)
    command = [
        sys.executable,
        str(ROOT / "tools" / "explore.py"),
        "--data-dir",
        "data",
        "--split",
        "test",
        "--no-browser",
    ]
    folder = tmp_path / "tmp"
    folder.mkdir()
    environment = os.environ | {"PYTHONPATH": str(site), "TMPDIR": str(folder)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "data: 3 rows of small_original\n"
        line = child.stdout.readline()
        assert line.startswith("http://127.0.0.1:")
        assert line.endswith("/ (until Ctrl-C)\n")
        connection = http.client.HTTPConnection(HOST, int(line.split(":")[2].split("/")[0]), timeout=60)
        connection.request("GET", "/pictures/test/2")
        assert connection.getresponse().status == 200
        connection.close()
        child.send_signal(signal.SIGINT)
        out, said = child.communicate(timeout=60)
    assert (child.returncode, out, said) == (130, "", "stopped\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "tmp"]
    assert list(folder.iterdir()) == []


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever serves is stopped at once, as by Ctrl-C."""

    def serve_forever(self: ExploreServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ExploreServer, "serve_forever", serve_forever)


def test_it_opens_a_browser_unless_told_not_to(
    viewer: None, stopped: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that it prints is the one that the browser gets, once; with --no-browser there is none."""
    write_faces(tmp_path, 30)
    addresses: list[str] = []
    opened = threading.Event()

    def browse(address: str) -> bool:
        addresses.append(address)
        opened.set()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    result = run("--data-dir", tmp_path)
    assert opened.wait(60)
    assert result.exit_code == 130
    assert result.stdout.splitlines() == [f"{tmp_path}: 30 rows of small_original", f"{addresses[0]} (until Ctrl-C)"]
    assert run("--data-dir", tmp_path, "--no-browser").exit_code == 130
    assert len(addresses) == 1


def test_rows_without_a_place_are_counted(viewer: None, stopped: None, tmp_path: Path) -> None:
    """How many rows are left out is said."""
    shard(tmp_path, [{"valence": 0.5, "arousal": None}, {"valence": 0.5, "arousal": 0.5}])
    result = run("--data-dir", tmp_path, "--no-browser")
    assert result.stderr == "rows without valence or arousal, which are left out: 1\nstopped\n"
    assert result.stdout.startswith(f"{tmp_path}: 1 rows of small_original\n")


def test_the_hub(viewer: None, stopped: None, tmp_path: Path) -> None:
    """A repository is shown at its commit; one that is not there, or a revision, is one line."""
    with publication(tmp_path) as published:
        commit = published.api.repo_info(REPO, repo_type="dataset").sha
        result = run("--config", "small_cropped", "--no-browser")
        assert result.stdout.startswith(f"{REPO}@{str(commit)[:12]}: 40 rows of small_cropped\n")
        assert "has no dataset other/name" in error("--repo-id", "other/name", "--no-browser")
        assert "has no revision 'v9'" in error("--revision", "v9", "--no-browser")
        assert "has no shard of config medium_cropped" in error("--config", "medium_cropped", "--no-browser")


def test_a_port_that_is_taken(viewer: None, tmp_path: Path) -> None:
    """One line, status 2."""
    write_faces(tmp_path, 30)
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = error("--data-dir", tmp_path, "--port", str(port), "--no-browser")
    assert said == f"port {port} cannot be used: Address already in use"


def test_what_cannot_be_shown(viewer: None, tmp_path: Path) -> None:
    """No data, no split, no place for a picture: each is one line that says where and what there is."""
    write_faces(tmp_path, 30)
    write_emonet(tmp_path)
    at = ("--no-browser", "--data-dir")
    assert error(*at, tmp_path, "--config", "emonet_hq").startswith(
        "config emonet_hq has no valence and arousal to place its pictures by; small_original, "
    )
    assert error(*at, tmp_path, "--split", "dev") == (
        f"{tmp_path}: config small_original has no split 'dev'; "
        "it has train (24 rows), validation (3 rows), test (3 rows)"
    )
    for folder in (tmp_path, tmp_path / "none"):
        said = error(*at, folder, "--config", "medium_original")
        assert said.startswith("config medium_original has no data here: ")
        assert str(folder) in said
    folder = shard(tmp_path / "empty", [{"arousal": 0.5}])
    assert error(*at, folder) == f"{folder}: split train has nothing to show: no row has a valence and an arousal"
    result = run(*at, tmp_path, "--revision", "main")
    assert (result.exit_code, "--revision goes with the Hub" in result.stderr) == (2, True)


def test_without_the_viewer_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is said first, with the command that installs it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    said = error("--data-dir", tmp_path / "none", "--no-browser")
    assert said == f"explore needs the viewer of Embedding Atlas: pip {' '.join(INSTALL)}"
