"""Where the viewer is: the web page that the Python package of Apple's Embedding Atlas carries, ready built.

Out come the files of that page by their address. The package is looked up and never imported: its server and its models
are not used, so that none of the 120 packages that it asks for need be there.
"""

from __future__ import annotations

import sys
from importlib import metadata, util
from pathlib import Path

PACKAGE = "embedding-atlas"
# The last version whose view of the points falls back on WebGL. From 0.24 on it wants WebGPU with 16-bit floats, which
# many machines, and browsers in virtual ones, do not have.
VERSION = "0.22.0"
ANY_PYTHON = [] if sys.version_info >= (3, 11) else ["--ignore-requires-python"]  # of the package no Python is run
INSTALL = ["install", "--no-deps", *ANY_PYTHON, f"{PACKAGE}=={VERSION}"]  # for pip
PAGE = "/index.html"


def viewer_files() -> dict[str, Path]:
    """Return the files of the viewer by address, as `/assets/a.css`. Raises ValueError where it is not there."""
    how = f"pip {' '.join(INSTALL)}"
    spec = util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"explore needs the viewer of Embedding Atlas: {how}")
    try:
        found = metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:  # a folder of that name
        found = "none"
    if found != VERSION:
        raise ValueError(f"explore needs the viewer of Embedding Atlas {VERSION} (got {found}): {how}")
    folder = Path(spec.submodule_search_locations[0]) / "static"
    files = {f"/{file.relative_to(folder).as_posix()}": file for file in folder.rglob("*") if file.is_file()}
    if PAGE not in files:
        raise ValueError(f"the viewer of Embedding Atlas is not whole: {how} --force-reinstall")
    return files
