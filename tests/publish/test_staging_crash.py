"""A staging Hub that is killed or restarted: what it confirmed is there, and what is there is whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.publish.staging_http import API, REPO, TOKENS, Client, file, large_file
from tools.publish.staging import StagingHub

SERVER = Path(__file__).with_name("staging_server.py")


def _start(folder: Path) -> tuple[subprocess.Popen[str], Client]:
    """Start a Hub on `folder` in a process of its own and return it with a client."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, SERVER, folder], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout
    return process, Client(process.stdout.readline().strip())


def test_killed_in_the_middle_of_a_commit(tmp_path: Path) -> None:
    """A server killed when all of a commit but the last step is done leaves the old state, and a Hub that works."""
    process, client = _start(tmp_path)
    with process:
        client.create()
        client.commit([file("a.txt", b"old")])
        client.upload(b"\0" * 3000)
        before, files = client.head(), client.files()
        (tmp_path / "hang").touch()

        def commit() -> None:
            with suppress(OSError):
                client.commit([file("a.txt", b"new"), file("b.txt", b"new"), large_file("large.bin", b"\0" * 3000)])

        thread = threading.Thread(target=commit)
        thread.start()
        assert process.stdout
        assert process.stdout.readline() == "committing\n"
        process.send_signal(signal.SIGKILL)
        thread.join()
    (tmp_path / "hang").unlink()
    with StagingHub(tmp_path / "store", TOKENS) as hub:
        client = Client.of(hub)
        assert (client.head(), client.files()) == (before, files)
        reply = client.commit([file("a.txt", b"new"), large_file("large.bin", b"\0" * 3000)], parentCommit=before)
        assert reply.status == 200
        assert client.files()["large.bin"] == b"\0" * 3000


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Whenever the server is killed, every commit it confirmed is there, and every commit that is there is whole."""
    process, client = _start(tmp_path)
    confirmed: list[str] = []
    with process:
        client.create()
        enough = threading.Event()

        def commit(writer: int) -> None:
            with suppress(OSError):
                for number in range(1000):
                    name = f"{writer}-{number}"
                    data = (name * 3000).encode() + b"\0"
                    client.upload(data)
                    operations = [file(f"{name}/a", name.encode()), large_file(f"{name}/b", data)]
                    confirmed.append(client.commit(operations).json["commitOid"])
                    if len(confirmed) > 20:
                        enough.set()

        with ThreadPoolExecutor(3) as pool:
            for writer in range(3):
                pool.submit(commit, writer)
            assert enough.wait(30)
            process.kill()
    with StagingHub(tmp_path / "store", TOKENS) as hub:
        client = Client.of(hub)
        history = [oid for oid, _ in hub.store.find(REPO).history(client.head())]  # type: ignore[union-attr]
        assert set(confirmed) <= set(history)
        files = client.files()
        del files[".gitattributes"]
        assert len(files) == 2 * (len(history) - 1)
        for path, data in files.items():
            name, kind = path.split("/")
            assert data == (name.encode() if kind == "a" else (name * 3000).encode() + b"\0")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see what memory a process takes")
def test_memory_does_not_grow_with_files(tmp_path: Path) -> None:
    """A file of 100 MB is taken and given without the server holding it in memory."""

    def peak() -> int:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    process, client = _start(tmp_path)
    with process:
        client.create()
        client.upload(b"\0" * 1000)
        before, data = peak(), b"\0" * 100_000_000
        client.commit([client.upload(data)])
        assert client.download("large.bin").body == data
        assert peak() - before < 20_000  # kB: buffers of 1 MB, and what threads take
        process.kill()


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    """A Hub started again on the same folder has the same repositories, files, refs and pull requests."""
    asked = (API, f"{API}/refs?include_prs=1", f"{API}/commits/main", f"{API}/discussions", f"{API}/discussions/1")
    with StagingHub(tmp_path, TOKENS) as hub:
        client = Client.of(hub)
        client.create(private=True)
        client.commit([file("a.txt", b"a"), client.upload(b"\0large")])
        client.commit([file("b.txt", b"b")], "?create_pr=1", description="Why")
        client.send("POST", f"{API}/tag/main", {"tag": "v1"})
        before = [client.send("GET", path).json for path in asked], client.files()
    with StagingHub(tmp_path, TOKENS) as hub:
        client = Client.of(hub)
        assert ([client.send("GET", path).json for path in asked], client.files()) == before
