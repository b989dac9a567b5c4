"""The server of the preview: who is answered, what is there, and how the command ends."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.environments import ROOT
from tools.describe.loopback import HOST
from tools.describe.preview.serve import PreviewServer
from tools.preview import main


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PreviewServer]:
    """A server whose page is a file."""

    def render() -> str:
        try:
            return (tmp_path / "page").read_text()
        except OSError:
            raise ValueError("no <page>") from None

    with PreviewServer(render) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(server: PreviewServer, path: str = "/", host: str | None = None, method: str = "GET") -> tuple[int, str]:
    """Return the status and the body of a response."""
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=30)
    connection.request(method, path, headers={"Host": host or f"{HOST}:{server.server_port}"})
    response = connection.getresponse()
    found = response.status, response.read().decode()
    connection.close()
    return found


def test_the_page_is_made_anew_each_time(server: PreviewServer, tmp_path: Path) -> None:
    """What changed is shown, and what cannot be shown is said, as text, until it can."""
    assert ask(server) == (500, "error: no <page>\n")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(server.address, timeout=30)
    assert caught.value.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert caught.value.headers["X-Content-Type-Options"] == "nosniff"
    for text in ("one", "two"):
        (tmp_path / "page").write_text(text)
        assert ask(server) == (200, text)
        assert ask(server, "/?x") == (200, text)
        assert ask(server, method="HEAD") == (200, "")


def test_only_the_page_is_there(server: PreviewServer) -> None:
    """No other path is answered, nor another method."""
    for path in ("/README.md", "/../etc/passwd", "/favicon.ico", "http://a.org/"):
        assert ask(server, path)[0] == 404
    assert ask(server, method="POST")[0] == 501


def test_only_its_own_address_is_answered(server: PreviewServer, tmp_path: Path) -> None:
    """A request that names another host, as after DNS rebinding, gets nothing; localhost is the same address."""
    (tmp_path / "page").write_text("page")
    port = server.server_port
    assert server.server_address[0] == "127.0.0.1"
    assert ask(server, host=f"localhost:{port}") == (200, "page")
    for host in ("evil.org", f"evil.org:{port}", HOST, f"{HOST}:1", f"{HOST}:{port}.evil.org"):
        status, body = ask(server, host=host)
        assert status == 403
        assert "page</p>" not in body


def test_a_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    """One line, status 2."""
    (tmp_path / "README.md").write_text("# Card\n")
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["--card", str(tmp_path), "--serve", "--port", str(port)])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: port {port} cannot be used: ")
    assert result.stderr.count("\n") == 1


def test_a_card_that_cannot_be_shown_is_not_served(tmp_path: Path) -> None:
    """The command says so at once instead of showing the error to a browser."""
    result = CliRunner().invoke(main, ["--card", str(tmp_path / "gone"), "--serve"])
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")
def test_ctrl_c_ends_the_server(tmp_path: Path) -> None:
    """The command prints the address, answers there, and ends with status 0 and no traceback."""
    (tmp_path / "README.md").write_text("# Card\n")
    command = [sys.executable, str(ROOT / "tools" / "preview.py"), "--serve"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout
        line = child.stdout.readline()
        assert line.startswith("http://127.0.0.1:")
        assert line.endswith("/ (until Ctrl-C)\n")
        connection = http.client.HTTPConnection(HOST, int(line.split(":")[2].split("/")[0]), timeout=60)
        connection.request("GET", "/")
        assert b'<h1 id="card">Card</h1>' in connection.getresponse().read()
        connection.close()
        child.send_signal(signal.SIGINT)
        out, error = child.communicate(timeout=60)
    assert (child.returncode, out, error) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
