"""Fixtures that the whole suite shares."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.environments import NAMES, ROOT, python_of

if TYPE_CHECKING:  # most tests need no browser
    from playwright.sync_api import Browser

SHARED = ROOT.parent / "shared" / "data"
# No test asserts a time: how long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(params=NAMES)
def any_python(request: pytest.FixtureRequest) -> Path:
    """The interpreter of each environment in turn: datasets 2.21, 3.6 and the installed one."""
    return python_of(request.param)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real material that other people made; a test that needs it is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real material in {SHARED}")
    return SHARED


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the Chrome that a machine has, without the sandbox that root cannot have."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs chromium: apt-get install chromium")
    quiet = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
    root = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=quiet + root)
        yield opened
        opened.close()


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what the tests, and the commands they run, prove out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFUSIONFER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="module")
def _own_hub() -> Iterator[None]:
    """See to it that no module leaves its token or the address of its Hub to the next one."""
    before = {name for name in os.environ if name.startswith("HF_")}
    yield
    assert not {name for name in os.environ if name.startswith("HF_")} - before
