"""A staging Hub, a pusher and a data directory for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publish import pushing, staging_http
from tests.publish.pushing import Pusher
from tests.publish.staging_http import Client
from tests.trees import write_emonet, write_faces
from tools.publish.staging import StagingHub


@pytest.fixture
def pusher(tmp_path: Path) -> Iterator[Pusher]:
    """A pusher with an empty staging Hub of its own."""
    with StagingHub(tmp_path / "hub", tokens=pushing.TOKENS) as hub:
        yield Pusher(hub, tmp_path)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with five configs: 30 faces, original and cropped, and two images of each EmoNet config."""
    folder = tmp_path / "data"
    folder.mkdir()
    write_faces(folder, 30)
    write_emonet(folder)
    return folder


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StagingHub]:
    """A Hub with the tokens of the raw client."""
    with StagingHub(tmp_path / "store", staging_http.TOKENS) as hub:
        yield hub


@pytest.fixture
def client(hub: StagingHub) -> Client:
    """A writer's raw client of an empty repository."""
    client = Client.of(hub)
    client.create()
    return client
