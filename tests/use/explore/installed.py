"""The viewer of Embedding Atlas, as users install it, in a folder of its own below `.cache/environments/`.

It is installed once, by the very command that the messages name, so that no environment needs it for the tests.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from tests.environments import CACHE
from tools.use.explore.viewer import INSTALL, VERSION


def viewer_site() -> Path:
    """Return a folder for `sys.path` with the viewer; it is made if need be."""
    folder = CACHE / f"embedding-atlas-{VERSION}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "embedding-atlas.lock"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "pip", *INSTALL, "--quiet", "--target", folder], check=True)
            (folder / "complete").touch()
    return folder
