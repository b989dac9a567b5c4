"""Operations on a Hub whose state is not what the caller thought, and commands that are interrupted."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import tools.publish.push
from tests.environments import ROOT
from tests.publish.pushing import REPO, WRITER, Pusher
from tests.trees import write_faces
from tools import push as command
from tools.publish.push import alone_in

STALE_PARENT = """
import json, sys
from tools.publish.hub import DatasetRepository, HubError
repository = DatasetRepository(sys.argv[1])
repository.create(private=False)
old = repository.head(None)
arguments = dict(message="m", parent=old.commit, revision=None, create_pr=False)
repository.commit({"a.txt": b"a"}, [], **arguments)
try:
    repository.commit({"b.txt": b"b"}, [], **arguments)
except HubError as error:
    said = str(error)
print(json.dumps([said, sorted(repository.head(None).files)]))
"""

VERIFY = """
import json, sys
from tools.publish.hub import DatasetRepository, HubError
from tools.publish.plan import Local, make_plan
from tools.publish.push import _verify
repository = DatasetRepository(sys.argv[1])
repository.create(private=False)
before = repository.head(None)
options = dict(parent=before.commit, revision=None, create_pr=False)
made = repository.commit({"c/a.parquet": b"x" * 10}, [], message="m", **options)
meant = {"c/a.parquet": Local(10, "", "0" * 64), "c/b.parquet": Local(1, "", "1" * 64)}
try:
    _verify(repository, made, meant, make_plan(meant, before.files, ["c"]), before)
except HubError as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_commit_that_someone_else_overtook_is_refused(pusher: Pusher) -> None:
    """A commit on a parent that is no longer the head changes nothing, and says what to do."""
    said, files = pusher.python(STALE_PARENT, REPO)
    assert "cannot commit: someone else committed meanwhile; run the same command again (HTTP 412" in said
    assert files == [".gitattributes", "a.txt"]


def test_a_commit_that_is_not_what_was_sent_is_reported(pusher: Pusher) -> None:
    """Verification names every file of a fresh listing that is missing or has another hash."""
    said = pusher.python(VERIFY, REPO)
    assert "was made, but is not what was sent: c/a.parquet is 10 bytes with hash" in said
    assert "c/b.parquet is missing" in said


@pytest.mark.parametrize(
    ("raised", "status", "line"),
    [
        (KeyboardInterrupt(), 130, "stopped; nothing but complete commits was published"),
        (OSError(errno.ENOSPC, "No space left on device", "x.parquet"), 2, "error: [Errno 28] No space left on device"),
    ],
)
def test_interruptions_end_in_one_line(
    monkeypatch: pytest.MonkeyPatch, raised: BaseException, status: int, line: str
) -> None:
    """Ctrl-C and a full disk end the command with a line and a status, without a traceback."""

    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(tools.publish.push, "push", fail)
    result = CliRunner().invoke(command.main, ["--public"])
    assert result.exit_code == status
    assert line in result.stderr
    assert "Traceback" not in result.output


def many_shards(tmp_path: Path) -> list[str]:
    """Return the options of a push of some 70 small shards."""
    data = ["--data-dir", str(tmp_path / "data"), "--config", "small_cropped"]
    return [*data, "--max-shard-size", "40KB", "--public"]


@contextmanager
def pushing_many_shards(pusher: Pusher, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A push of many small shards, of which the first is being sent."""
    (tmp_path / "data").mkdir()
    write_faces(tmp_path / "data", 200)
    script = [sys.executable, str(ROOT / "tools" / "push.py"), "--work-dir", str(tmp_path / "work")]
    with subprocess.Popen(
        [*script, *many_shards(tmp_path)],
        env=pusher.hub.environment(WRITER, tmp_path / "home"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as push:
        while push.poll() is None and not any(method == "PUT" for method, _, _ in list(pusher.hub.requests)):
            time.sleep(0.001)
        yield push


def test_a_push_that_is_killed_leaves_the_repository_as_it_was(pusher: Pusher, tmp_path: Path) -> None:
    """A push that is killed while it uploads has published nothing, and the next one publishes all."""
    with pushing_many_shards(pusher, tmp_path) as push:
        push.kill()
    assert push.returncode == -signal.SIGKILL
    assert set(pusher.state()["files"]) == {".gitattributes"}
    added = pusher.summary(*many_shards(tmp_path))["added"]
    assert len([path for path in added if path.endswith(".parquet")]) > 50
    assert set(pusher.state()["files"]) == {*added, ".gitattributes"}


def test_a_hub_that_stops_while_files_are_sent(pusher: Pusher, tmp_path: Path) -> None:
    """A Hub that goes away in the middle of an upload is one clear line and status 2."""
    with pushing_many_shards(pusher, tmp_path) as push:
        pusher.hub.stop()
        said = push.communicate(timeout=200)[1]
    assert push.returncode == 2, said
    assert re.match(r"error: cannot upload [\w./-]+: http", said.splitlines()[-1])
    assert "(tried 6 times); check the network, then run the same command again" in said
    assert "Traceback" not in said


def test_two_pushes_do_not_share_a_work_directory(pusher: Pusher, data_dir: Path) -> None:
    """A second push with the same work directory is kept out, and says so."""
    with alone_in(pusher.folder / "work", "push"):
        done = pusher.push("--data-dir", str(data_dir), "--public")
    assert done.returncode == 2
    assert "another push works in" in done.stderr
    assert pusher.push("--data-dir", str(data_dir), "--public").returncode == 0


def test_files_of_the_user_in_the_work_directory_stay(pusher: Pusher, data_dir: Path) -> None:
    """A push removes shards of an earlier one from its work directory, and nothing else."""
    folder = pusher.folder / "work" / "shards" / "small_cropped"
    folder.mkdir(parents=True)
    for name in ("mine.csv", "train-00007.parquet", "train-00008.parquet.partial"):
        (folder / name).write_text("x")
    assert pusher.push("--data-dir", str(data_dir), "--public", "--config", "small_cropped").returncode == 0
    assert sorted(file.name for file in folder.iterdir()) == [
        "mine.csv", "test-00000.parquet", "train-00000.parquet", "validation-00000.parquet"
    ]  # fmt: skip


def test_a_password_in_the_endpoint_is_not_shown(pusher: Pusher, data_dir: Path) -> None:
    """The user and the password that HF_ENDPOINT may carry stay out of what is printed."""
    done = pusher.push("--data-dir", str(data_dir), HF_ENDPOINT="http://me:passw0rd@127.0.0.1:9", NO_PROXY="127.0.0.1")
    assert done.returncode == 2
    assert "http://127.0.0.1:9 cannot be reached" in done.stderr
    assert "passw0rd" not in done.stdout + done.stderr
