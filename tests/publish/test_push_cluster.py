"""Whole pushes on a real Dask cluster: the same shards as here, whatever becomes of the workers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster import Cluster, running_cluster
from tests.environments import ROOT
from tests.publish.pushing import TOKENS, WRITER, Pusher
from tests.s3 import SECRET, put_tree, s3
from tests.trees import write_faces
from tools.publish.staging import StagingHub

SIZE = ("--max-shard-size", "100KB")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw tree of 60 faces, original and cropped, which makes some twenty shards."""
    folder = tmp_path_factory.mktemp("raw")
    write_faces(folder, 60)
    return folder


@pytest.fixture(scope="module")
def local(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """What a push by the local engine publishes, path to size and hash."""
    folder = tmp_path_factory.mktemp("local")
    with StagingHub(folder / "hub", tokens=TOKENS) as hub:
        pusher = Pusher(hub, folder)
        pusher.summary("--data-dir", str(data_dir), "--public", *SIZE)
        return shards(pusher)


@contextmanager
def pushing(folder: Path, **environment: str) -> Iterator[tuple[Pusher, Cluster]]:
    """Yield a pusher with an empty Hub, and a cluster of two workers that speak to it."""
    with StagingHub(folder / "hub", tokens=TOKENS) as hub:
        given = hub.environment(WRITER, folder / "workers-home") | environment
        with running_cluster(folder / "dask", 2, **given) as cluster:
            yield Pusher(hub, folder), cluster


def shards(pusher: Pusher) -> dict[str, list[object]]:
    """Return the published shards, path to size and hash."""
    return {path: of for path, of in pusher.state()["files"].items() if path.endswith(".parquet")}


def on_cluster(cluster: Cluster) -> tuple[str, ...]:
    """Return the options of a push on a cluster."""
    return ("--engine", "dask", "--scheduler", cluster.address, *SIZE)


def test_a_cluster_publishes_what_this_machine_does(
    data_dir: Path, local: dict[str, list[object]], tmp_path: Path
) -> None:
    """Shards are bit for bit those of the local engine, none lies on this machine, and a second push does nothing."""
    with pushing(tmp_path) as (pusher, cluster):
        first = pusher.summary("--data-dir", str(data_dir), "--public", *on_cluster(cluster))
        assert shards(pusher) == local
        assert len(local) > 15
        assert first["sent_bytes"] == first["upload_bytes"]
        assert list((tmp_path / "work" / "shards").rglob("*.parquet")) == []
        again = pusher.summary("--data-dir", str(data_dir), *on_cluster(cluster))
        assert (again["commit"], again["sent_bytes"]) == (None, 0)
        # What the cluster recorded holds for the local engine, too.
        assert pusher.summary("--data-dir", str(data_dir), *SIZE)["commit"] is None
        logs = "".join(cluster.log(number).read_text() for number in (0, 1))
        assert list((tmp_path / "dask").rglob("*.parquet*")) == []  # workers clean up behind them
    assert "secret" not in logs


def test_a_worker_that_is_killed_in_the_middle(data_dir: Path, local: dict[str, list[object]], tmp_path: Path) -> None:
    """The shards of a worker that dies are built by the other one; the result is the same to the bit."""
    with pushing(tmp_path) as (pusher, cluster):
        killed = threading.Event()

        def kill_after_the_first_shard() -> None:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                if any(file.stat().st_size > 50_000 for file in (tmp_path / "hub").rglob("*") if file.is_file()):
                    cluster.kill(0)
                    killed.set()
                    return
                time.sleep(0.01)

        killer = threading.Thread(target=kill_after_the_first_shard)
        killer.start()
        done = pusher.push("--data-dir", str(data_dir), "--public", *on_cluster(cluster))
        killer.join()
        assert done.returncode == 0, done.stderr
        assert killed.is_set()
        assert cluster.workers[0].poll() is not None
        assert shards(pusher) == local


def test_a_raw_tree_on_s3(data_dir: Path, local: dict[str, list[object]], tmp_path: Path) -> None:
    """Workers read from S3 and send to the Hub; nothing of the tree passes through this machine's disk."""
    direct = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}  # to S3, past the Hub that stands for all the world
    with s3():
        put_tree(data_dir, "s3://raw-of-cluster/tree")
        with pushing(tmp_path, **direct) as (pusher, cluster):
            url = "s3://raw-of-cluster/tree"
            done = pusher.push("--data-dir", url, "--public", *on_cluster(cluster), **direct)
            assert done.returncode == 0, done.stderr
            assert shards(pusher) == local
            logs = "".join(cluster.log(number).read_text() for number in (0, 1))
    assert SECRET not in logs + done.stdout + done.stderr


def test_a_raw_tree_on_the_hub(data_dir: Path, local: dict[str, list[object]], tmp_path: Path) -> None:
    """A tree in another repository of the Hub, by hf://, gives the same dataset on a cluster."""
    upload = """
import sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("maintainer/raw", repo_type="dataset", private=True)
api.upload_folder(repo_id="maintainer/raw", repo_type="dataset", folder_path=sys.argv[1], path_in_repo="tree")
print("null")
"""
    with pushing(tmp_path) as (pusher, cluster):
        pusher.python(upload, str(data_dir))
        url = "hf://datasets/maintainer/raw/tree"
        done = pusher.push("--data-dir", url, "--public", *on_cluster(cluster))
        assert done.returncode == 0, done.stderr
        assert shards(pusher) == local


def test_workers_that_cannot_send(data_dir: Path, tmp_path: Path) -> None:
    """A worker without a token, or with another Hub, is said in a line with the way out, and nothing is published."""
    with StagingHub(tmp_path / "hub", tokens=TOKENS) as hub:
        pusher = Pusher(hub, tmp_path)
        for number, (endpoint, token, words) in enumerate(
            (
                (
                    hub.endpoint,
                    None,
                    "error: a worker has no token: set HF_TOKEN for the workers, to one with write ac",
                ),
                (
                    "http://127.0.0.1:9",
                    WRITER,
                    f"a worker speaks to http://127.0.0.1:9, not to {hub.endpoint}: set HF_",
                ),
            )
        ):
            given = hub.environment(token, tmp_path / f"home-{number}") | {"HF_ENDPOINT": endpoint}
            with running_cluster(tmp_path / f"dask-{number}", 1, **given) as cluster:
                done = pusher.push("--data-dir", str(data_dir), "--public", *on_cluster(cluster))
            assert done.returncode == 2
            assert words in done.stderr
            assert "Traceback" not in done.stderr
            assert shards(pusher) == {}


def test_no_cluster(data_dir: Path, pusher: Pusher) -> None:
    """A scheduler that is not there, and options that lack the other, are said in a line."""
    for options, words in (
        (("--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"), "no Dask scheduler answers at tcp://127.0.0.1:9"),
        (("--engine", "dask"), "--engine dask needs the address of its scheduler"),
        (("--scheduler", "tcp://127.0.0.1:9"), "--scheduler goes with --engine dask"),
        (("--engine", "dask", "--scheduler", "tcp://127.0.0.1:9", "--rehearse"), "rehearse without --engine dask"),
    ):
        done = pusher.push("--data-dir", str(data_dir), "--public", *options)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert words in done.stderr


def test_local_needs_no_dask(data_dir: Path, pusher: Pusher) -> None:
    """The local engine works where Dask is not installed, and the other says how to install it."""
    script = str(ROOT / "tools" / "push.py")
    code = f"import runpy, sys; sys.modules['distributed'] = None; runpy.run_path({script!r}, run_name='__main__')"
    begin = [sys.executable, "-c", code, "--work-dir", str(pusher.folder / "work"), "--data-dir", str(data_dir)]

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return pusher.run([*begin, "--public", *options], WRITER)

    assert run(*SIZE).returncode == 0
    done = run("--engine", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 2
    assert done.stderr == "error: a cluster needs the library distributed: pip install 'diffusionfer[dask]'\n"
