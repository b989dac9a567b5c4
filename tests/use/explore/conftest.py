"""What the tests of the explorer share: the viewer, trees of faces, and a server of a folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.use.explore.installed import viewer_site
from tools.use.explore.pictures import thumbnails
from tools.use.explore.points import read_points
from tools.use.explore.serve import ExploreServer
from tools.use.explore.viewer import viewer_files
from tools.use.rows import open_rows

Serve = Callable[[Path], ExploreServer]


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder with the viewer."""
    return viewer_site()


@pytest.fixture
def viewer(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The viewer is installed."""
    monkeypatch.syspath_prepend(site)


@pytest.fixture
def said() -> list[str]:
    """What a server said."""
    return []


@pytest.fixture
def serve(viewer: None, said: list[str]) -> Iterator[Serve]:
    """A function that serves small_original of a folder until the test ends."""
    with ExitStack() as stack:

        def start(folder: Path) -> ExploreServer:
            rows = stack.enter_context(open_rows("small_original", data_dir=folder))
            points = read_points(rows, list(rows.splits))
            server = ExploreServer(rows.config, "a < b", viewer_files(), points, thumbnails(rows), said.append)
            stack.enter_context(server)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return server

        yield start
