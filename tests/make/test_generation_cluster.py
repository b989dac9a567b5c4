"""Pictures of a sheet that are drawn elsewhere, by processes or by the workers of a Dask cluster: the same tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cluster import running_cluster
from tests.make.generating import planned, tree, write_sheet
from tools.generate import main
from tools.make.generation import walk
from tools.make.generation.base import Settings
from tools.make.generation.walk import generate


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty rows that one process drew."""
    folder = write_sheet(tmp_path_factory.mktemp("alone"), planned(40))
    assert generate(folder, Settings("sketch"), workers=1).made == 40
    return folder


def test_processes_draw_the_same(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches come back in any order; files and sheet are the same."""
    monkeypatch.setattr(walk, "FEW", 1)
    folder = write_sheet(tmp_path, planned(40))
    assert generate(folder, Settings("sketch"), workers=2).made == 40
    assert tree(folder) == tree(alone)


def test_workers_of_a_cluster_draw_the_same(alone: Path, tmp_path: Path) -> None:
    """`generate images --engine dask` makes the tree of the local engine, and then finds nothing to make."""
    pytest.importorskip("distributed")
    folder = write_sheet(tmp_path / "data", planned(40))
    with running_cluster(tmp_path / "cluster") as cluster:
        arguments = ["images", str(folder), "--engine", "dask", "--scheduler", cluster.address]
        for had, made in ((0, 40), (40, 0)):
            done = CliRunner().invoke(main, arguments)
            assert (done.exit_code, done.output) == (0, f"{folder}: 40 rows, {had} had a picture, {made} made\n")
    assert tree(folder) == tree(alone)
