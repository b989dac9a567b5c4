"""A staging Hub and a pusher for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publish.pushing import TOKENS, Pusher
from tools.publish.staging import StagingHub


@pytest.fixture
def pusher(tmp_path: Path) -> Iterator[Pusher]:
    """A pusher with an empty staging Hub of its own."""
    with StagingHub(tmp_path / "hub", tokens=TOKENS) as hub:
        yield Pusher(hub, tmp_path)
