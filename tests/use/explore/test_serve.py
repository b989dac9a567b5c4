"""The server of the explorer: what is there, who is answered, and what stands for a picture that is not."""

from __future__ import annotations

import http.client
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.trees import write_faces
from tests.use.explore.conftest import Serve
from tests.use.explore.faces import shard
from tools.describe.loopback import HOST
from tools.publish.calls import HubError
from tools.use.explore.serve import ExploreServer

Reply = tuple[int, http.client.HTTPMessage, bytes]


def ask(server: ExploreServer, path: str, host: str | None = None, method: str = "GET") -> Reply:
    """Return status, headers and body of a response."""
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=30)
    connection.request(method, path, headers={"Host": host or f"{HOST}:{server.server_port}"})
    response = connection.getresponse()
    found = response.status, response.headers, response.read()
    connection.close()
    return found


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> ExploreServer:
    """A server of 30 faces."""
    write_faces(tmp_path, 30)
    return serve(tmp_path)


def test_the_page_and_its_parts(server: ExploreServer) -> None:
    """Each file comes with its type, is not kept, not guessed, not shown elsewhere, and may fetch only from here."""
    wanted = {
        "/": "text/html; charset=utf-8",
        "/?a=b": "text/html; charset=utf-8",
        "/data/metadata.json": "application/json",
        "/data/dataset.parquet": "application/octet-stream",
        "/pictures/train/0": "image/webp",
    }
    types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".wasm": "application/wasm"}
    wanted |= {name: types[file.suffix] for name, file in server.files.items() if file.suffix in types}
    for path, media in wanted.items():
        status, headers, body = ask(server, path)
        assert (status, headers["Content-Type"], len(body)) == (200, media, int(headers["Content-Length"]))
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["connect-src"] == "'self'"
        assert "unsafe-eval" not in policy["script-src"].replace("wasm-unsafe-eval", "")
    assert b"<title>small_original \xc2\xb7 a &lt; b</title>" in ask(server, "/")[2]
    assert json.loads(ask(server, "/data/metadata.json")[2])["database"] == {"type": "wasm", "load": True}
    assert ask(server, "/data/dataset.parquet", method="HEAD")[2] == b""


def test_only_the_page_is_there(server: ExploreServer) -> None:
    """No other path is answered, nor another method."""
    for path in (
        *("/index.html", "/favicon.ico", "/data/cache/x", "/data/query", "/data/archive.zip", "/assets/", "/assets"),
        *("/../server.py", "/assets/../../server.py", "/assets/%2e%2e/index.html", "//etc/passwd", "http://a.org/"),
        *("/pictures/", "/pictures/train/", "/pictures/train/1.png", "/pictures/../1", "/pictures/train/-1"),
    ):
        assert ask(server, path)[0] == 404, path
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(server, "/data/cache/x", method=method)[0] == 501


def test_only_its_own_address_is_answered(server: ExploreServer) -> None:
    """A request that names another host, as after DNS rebinding, gets nothing; localhost is the same address."""
    port = server.server_port
    assert server.server_address[0] == "127.0.0.1"
    for path in ("/", "/data/dataset.parquet", "/pictures/train/0"):
        assert ask(server, path, f"localhost:{port}")[0] == 200
        for host in ("evil.org", f"evil.org:{port}", HOST, f"{HOST}:1", f"{HOST}:{port}.evil.org"):
            assert ask(server, path, host)[::2] == (403, b"This page answers under its own address only.\n")


def test_a_picture_is_that_of_its_row(serve: Serve, tmp_path: Path) -> None:
    """Each is a thumbnail of its own file, in WebP, also when many are asked for at once."""
    rows = []
    for number in range(20):
        buffer = io.BytesIO()
        Image.new("RGB", (500, 300), (number * 12, 0, 255 - number * 12)).save(buffer, "PNG")
        rows.append({"image": {"bytes": buffer.getvalue(), "path": "a.png"}, "valence": 0.1, "arousal": 0.1})
    server = serve(shard(tmp_path, rows))
    found: dict[int, Reply] = {}
    threads = [
        threading.Thread(target=lambda n=number: found.update({n: ask(server, f"/pictures/train/{n}")}))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(20):
        status, headers, body = found[number]
        assert (status, headers["Content-Type"]) == (200, "image/webp")
        with Image.open(io.BytesIO(body)) as picture:
            assert (picture.format, picture.size) == ("WEBP", (192, 115))
            red, _, blue = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))
        assert abs(red - number * 12) < 8
        assert abs(blue - (255 - number * 12)) < 8


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def test_what_cannot_be_shown_has_a_placeholder(serve: Serve, tmp_path: Path, said: list[str]) -> None:
    """A damaged file, an SVG, none at all, a row that is not there: a crossed-out frame; the reason is said once."""
    contents: list[bytes | None] = [b"\x89PNG\r\n\x1a\nno", SVG, SVG, None]
    rows = [{"image": {"bytes": content, "path": "a.png"}, "valence": 0.1, "arousal": 0.1} for content in contents]
    server = serve(shard(tmp_path, rows))
    for path in ("train/0", "train/1", "train/2", "train/3", "train/4", "test/0", "train/999999999"):
        status, headers, body = ask(server, f"/pictures/{path}")
        assert (status, headers["Content-Type"]) == (404, "image/webp")
        with Image.open(io.BytesIO(body)) as picture:
            assert picture.convert("RGBA").getbbox() == (1, 1, 95, 95)
    assert said == [
        "train row 0: its picture cannot be shown (is a PNG that cannot be decoded)",
        "train row 1: its picture cannot be shown (is no picture)",
        "train row 3: its picture cannot be shown "
        f"({tmp_path}: small_original/train-00000.parquet has no picture in row 3 of row group 0)",
    ]


def test_a_file_that_is_gone(serve: Serve, tmp_path: Path, said: list[str]) -> None:
    """A file that was removed meanwhile is a placeholder; a picture that was shown stays at hand."""
    rows = write_faces(tmp_path, 30)
    server = serve(tmp_path)
    before = ask(server, "/pictures/train/0")
    for row in rows[:2]:
        (tmp_path / row["path"]).unlink()
    assert ask(server, "/pictures/train/0")[::2] == before[::2]
    assert ask(server, "/pictures/train/1")[0] == 404
    assert len(said) == 1
    assert said[0].startswith("train row 1: its picture cannot be shown (")
    assert str(tmp_path) not in said[0]


def test_a_hub_that_fails_is_asked_again(server: ExploreServer, said: list[str]) -> None:
    """What the Hub does not give now is no missing picture: another status, and the next request tries anew."""
    answers: Iterator[HubError | bytes] = iter([HubError("the Hub does not answer"), b"picture"])

    def thumbnail(split: str, row: int) -> bytes:
        answer = next(answers)
        if isinstance(answer, HubError):
            raise answer
        return answer

    server.thumbnail = thumbnail
    assert ask(server, "/pictures/train/0")[0] == 502
    assert ask(server, "/pictures/train/0")[::2] == (200, b"picture")
    assert said == ["train row 0: its picture cannot be shown (the Hub does not answer)"]
