"""Virtual environments for the versions of `datasets` that users still have.

An environment is made once, by `venv` and pip, under `.cache/environments/` of the checkout, and used again until its
requirements change. A file lock lets several test processes ask for the same one.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "environments"

# The newest huggingface_hub that both old versions of datasets run with is the last of the 0.x line.
REQUIREMENTS = {
    "datasets-2.21": ["datasets==2.21.0", "huggingface_hub==0.36.2", "pillow"],
    "datasets-3.6": ["datasets==3.6.0", "huggingface_hub==0.36.2", "pillow"],
}
CURRENT = "datasets-current"
NAMES = [*REQUIREMENTS, CURRENT]


def python_of(name: str) -> Path:
    """Return the interpreter of the environment called `name`, one of NAMES; the environment is made if need be."""
    if name == CURRENT:
        return Path(sys.executable)
    requirements = REQUIREMENTS[name]
    digest = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{name}.lock"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
            (folder / "complete").touch()
    return python
