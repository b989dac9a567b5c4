"""Pictures that are drawn elsewhere, by processes or by the workers of a real Dask cluster: the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cluster import Cluster, running_cluster
from tests.environments import ROOT
from tools.generate import main
from tools.make import embedded
from tools.make.embedded import SHEET, read_sheet, render_tree, sheet_text


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers."""
    pytest.importorskip("distributed")
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """Six rows as a sheet file."""
    path = tmp_path / "sheet.csv"
    path.write_text(sheet_text(read_sheet(ROOT / SHEET)[::250]), encoding="utf-8", newline="")
    return path


def digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {f"{file.relative_to(folder)}": hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_processes_draw_the_same(sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are many rows, processes draw them, with the bytes that this one draws."""
    render_tree(sheet, tmp_path / "here")
    monkeypatch.setattr(embedded, "FEW", 1)
    assert render_tree(sheet, tmp_path / "there", workers=2).drawn == 6
    assert digests(tmp_path / "there") == digests(tmp_path / "here")


def test_workers_draw_the_same(sheet: Path, tmp_path: Path, there: Cluster) -> None:
    """`generate.py render --engine dask` makes the tree of the local one, and then finds nothing to draw."""
    on = ["--engine", "dask", "--scheduler", there.address]
    for folder, more in (("here", []), ("there", on)):
        done = CliRunner().invoke(main, ["render", "--sheet", str(sheet), "--out", str(tmp_path / folder), *more])
        assert done.exit_code == 0, done.output
        assert "6 rows, 6 drawn, 0 stale" in done.output
    assert digests(tmp_path / "there") == digests(tmp_path / "here")
    done = CliRunner().invoke(main, ["render", "--sheet", str(sheet), "--out", str(tmp_path / "there"), *on])
    assert "6 rows, 0 drawn" in done.output


def test_workers_make_the_same_sheet(tmp_path: Path, there: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """`generate.py sheet --engine dask` writes the sheet of the local one, its rows in their order."""
    few = embedded.design()[::250]
    monkeypatch.setattr(embedded, "design", lambda: few)
    on = ["--engine", "dask", "--scheduler", there.address]
    for name, more in (("here.csv", []), ("there.csv", on)):
        done = CliRunner().invoke(main, ["sheet", "--out", str(tmp_path / name), *more])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
