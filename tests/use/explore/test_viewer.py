"""The viewer is found where pip put it, and what is missing or other is said with the way out."""

from __future__ import annotations

import sys
from importlib import metadata, util
from pathlib import Path

import pytest

from tools.use.explore.viewer import INSTALL, PAGE, VERSION, viewer_files

HOW = f"pip {' '.join(INSTALL)}"


def refused() -> str:
    """Return what is said without the viewer."""
    with pytest.raises(ValueError, match=r".") as caught:
        viewer_files()
    return str(caught.value)


def test_the_viewer_is_there_and_is_not_imported(viewer: None) -> None:
    """Its page, its code and its DuckDB are files; its Python, which wants 120 packages, is left alone."""
    files = viewer_files()
    assert PAGE in files
    assert all(name.startswith("/") and file.is_file() for name, file in files.items())
    assert {".js", ".css", ".wasm"} <= {file.suffix for file in files.values()}
    assert any(name.endswith("parquet.duckdb_extension.wasm") for name in files)
    assert "embedding_atlas" not in sys.modules


def test_no_viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the command that installs it."""
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert refused() == f"explore needs the viewer of Embedding Atlas: {HOW}"


def test_another_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version, or a folder of that name, is not taken for it; nor is one without its page."""
    (tmp_path / "embedding_atlas").mkdir()
    (tmp_path / "embedding_atlas" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(metadata, "version", lambda name: "0.26.0")
    assert refused() == f"explore needs the viewer of Embedding Atlas {VERSION} (got 0.26.0): {HOW}"

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "version", missing)
    assert refused() == f"explore needs the viewer of Embedding Atlas {VERSION} (got none): {HOW}"
    monkeypatch.setattr(metadata, "version", lambda name: VERSION)
    assert refused() == f"the viewer of Embedding Atlas is not whole: {HOW} --force-reinstall"
