"""A pipeline of diffusers on the workers of a Dask cluster: each loads the models once, and the tree is the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cluster import running_cluster
from tests.make.generating import planned, tree, write_sheet
from tests.make.tiny_models import make_clip, make_pipeline
from tools.generate import main

torch = pytest.importorskip("torch")
for library in ("distributed", "diffusers", "transformers"):
    pytest.importorskip(library)


def test_workers_draw_what_one_process_draws(tmp_path: Path) -> None:
    """To the byte, where torch has one thread for each: how a sum is shared among threads decides its last bits."""
    model, clip = make_pipeline(tmp_path / "tiny"), make_clip(tmp_path / "clip")
    given = ["--backend", "diffusers", "--model", str(model), "--clip", str(clip), "--device", "cpu"]
    given += ["--steps", "2", "--width", "32", "--height", "32", "--batch", "2"]
    alone, together = (write_sheet(tmp_path / name, planned(8)) for name in ("alone", "together"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        with running_cluster(tmp_path / "cluster", 2) as cluster:
            where = ["--engine", "dask", "--scheduler", cluster.address]
            done = CliRunner().invoke(main, ["images", str(together), *given, *where])
    assert (done.exit_code, done.output) == (0, f"{together}: 8 rows, 0 had a picture, 8 made\n")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert CliRunner().invoke(main, ["images", str(alone), *given]).exit_code == 0
    finally:
        torch.set_num_threads(threads)
    assert tree(together) == tree(alone)
