"""Crops that the workers of a real Dask cluster make: the same bytes as those of this machine, recorded here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from tests.cluster import Cluster, running_cluster
from tests.make.test_crop import crop, crops, rows, write_tree
from tools.crop import main

data = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers."""
    pytest.importorskip("distributed")
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def test_workers_crop_the_same(tmp_path: Path, there: Cluster) -> None:
    """With the same findings and the same sheet; a second run finds nothing to do."""
    image = Image.fromarray(data.astronaut())
    pictures = {f"{number:08d}": image.crop((number, 0, 400 + number, 400)) for number in range(0, 100, 10)}
    pictures["none"] = Image.fromarray(data.coffee())
    here, elsewhere = (write_tree(tmp_path / name, pictures) for name in ("here", "there"))
    local = crop(here)
    given = ["--data-dir", str(elsewhere), "--config", "medium_original"]
    given += ["--engine", "dask", "--scheduler", there.address]
    for summary in (
        local.stderr,
        "medium_original: 11 pictures: 0 cropped, 10 had their crop, 1 left without a crop\n",
    ):
        done = CliRunner().invoke(main, given, catch_exceptions=False)
        assert (done.exit_code, done.stderr) == (0, summary)
        assert done.stdout.replace(str(elsewhere), "") == local.stdout.replace(str(here), "")
        assert crops(elsewhere) == crops(here)
        assert rows(elsewhere) == rows(here)
