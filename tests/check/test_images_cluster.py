"""Images looked at by workers of a real Dask cluster: the findings of threads in their order, and few bytes sent."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from DiffusionFER import open_raw
from tests.check.material import BOTH, CROPS, EMONET, ORIGINALS, sheet
from tests.check.pictures import drawn, saved, with_chunk
from tests.cluster import Cluster, running_cluster
from tests.trees import write_emonet, write_faces, write_sheet, zip_folder
from tools import validate
from tools.check.configs import check_data
from tools.check.findings import Finding
from tools.check.images import cluster as module
from tools.check.images import proven as proven_module
from tools.check.images.cluster import Job, Place, look_at
from tools.check.images.proven import Proven
from tools.check.images.source import Source, Stamp
from tools.check.images.walk import Depth
from tools.engine import Engine, EngineError, cluster

IMAGES = 40
RECIPE = "a photo\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"
DEPTHS: list[Depth] = ["quick", "default", "deep"]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers."""
    pytest.importorskip("distributed")
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def engine(there: Cluster) -> Iterator[Engine]:
    """The engine of its workers."""
    with cluster(there.address) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a tree of the tests be several jobs."""
    monkeypatch.setattr(module, "BATCH", dict.fromkeys(DEPTHS, 7))


class Counting(Engine):
    """An engine that counts the jobs that it hands on, and keeps them."""

    is_cluster = True

    def __init__(self, engine: Engine) -> None:
        self._engine, self.jobs = engine, list[Any]()

    def slots(self) -> int:
        return self._engine.slots()

    def run(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Generator[tuple[Any, Any], None, None]:
        for job, result in self._engine.run(work, jobs):
            self.jobs.append(job)
            yield job, result

    _begin: Any = None


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree where every fifth file is damaged, two are the same, one is missing, one was drawn by another recipe."""
    data_dir = tmp_path_factory.mktemp("damaged") / "data"
    data_dir.mkdir()
    rows = write_faces(data_dir, IMAGES)
    rows[3]["sha256"], rows[4]["face_box"], rows[6]["steps"] = "0" * 64, "60 60 60 60", "30"
    write_sheet(sheet(data_dir), rows)
    chance = random.Random(5)
    for file in sorted(data_dir.rglob("*.png")):
        if chance.random() < 0.2:
            content = bytearray(file.read_bytes())
            content[chance.randrange(len(content))] ^= 255
            file.write_bytes(content)
    original = data_dir / rows[6]["path"]
    original.write_bytes(with_chunk(saved(drawn(6)), b"tEXt", b"parameters\0" + RECIPE.encode()))
    files = [data_dir / row["path"] for row in rows]
    shutil.copy(files[8], files[30])
    files[9].unlink()
    files[11].write_bytes(saved(drawn(11), "JPEG"))
    files[12].write_bytes(b"")
    return data_dir


def found(data_dir: Path | str, depth: Depth, engine: Engine | None, *configs: str) -> list[Finding]:
    """Check, and return the findings in the order in which they came."""
    return list(check_data(configs or BOTH, str(data_dir), depth=depth, engine=engine, workers=2))


@pytest.mark.parametrize("depth", DEPTHS)
def test_findings_are_those_of_threads_in_their_order(damaged: Path, engine: Engine, depth: Depth) -> None:
    """Whatever the depth, a damaged tree gives the same list."""
    wanted = found(damaged, depth, None)
    assert len({finding.rule for finding in wanted}) >= (4 if depth == "quick" else 7)
    assert found(damaged, depth, engine) == wanted


def test_zips_and_sets_of_upstream_are_looked_at_as_well(tmp_path: Path, engine: Engine) -> None:
    """A worker reads a zip in place, anew when it has changed, and the folders of EmoNet."""
    write_emonet(tmp_path)
    write_faces(tmp_path, 9)
    (tmp_path / CROPS / "happy" / "aaaaaaab_1.png").write_bytes(b"no image")
    zip_folder(tmp_path / CROPS)
    for _ in range(2):
        wanted = found(tmp_path, "default", None, *BOTH, *EMONET)
        assert wanted
        assert found(tmp_path, "default", engine, *BOTH, *EMONET) == wanted
        (tmp_path / f"{CROPS}.zip").unlink()
        write_faces(tmp_path, 9)
        (tmp_path / CROPS / "sad" / "aaaaaaac_2.png").write_bytes(b"none either")
        zip_folder(tmp_path / CROPS)


def test_what_is_proven_is_shared_and_saves_jobs(
    damaged: Path, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What threads proved no worker looks at, and the reverse; what is damaged is looked at again."""
    # Only files that are old enough are remembered; the clock of the memory goes before.
    clock = SimpleNamespace(time_ns=lambda: time.time_ns() + 60 * 10**9)
    monkeypatch.setattr(proven_module, "time", clock)
    read = list[str]()
    monkeypatch.setattr(Source, "read", counting(Source.read, read))

    def check(memory: str, engine: Engine | None) -> list[Finding]:
        with Proven.open(tmp_path / memory) as proven:
            return list(check_data(BOTH, str(damaged), proven=proven, engine=engine, workers=2))

    by_cluster = Counting(engine)
    wanted = check("a.sqlite", None)
    whole = len(read)
    read.clear()
    check("a.sqlite", None)
    broken = len(read)
    assert 0 < broken < whole / 2
    assert check("a.sqlite", by_cluster) == wanted
    assert sum(len(job.files) for job in by_cluster.jobs) == broken

    by_cluster = Counting(engine)
    assert check("b.sqlite", by_cluster) == wanted
    assert sum(len(job.files) for job in by_cluster.jobs) == whole
    read.clear()
    assert check("b.sqlite", None) == wanted
    assert len(read) == broken


def counting(read: Callable[..., bytes], names: list[str]) -> Callable[..., bytes]:
    """Return a way to read a file that notes its name."""

    def counted(source: Source, name: str, stamp: Stamp | None) -> bytes:
        names.append(name)
        return read(source, name, stamp)

    return counted


def test_a_clean_tree_that_is_proven_needs_no_worker(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent where everything is remembered, every image is counted, and duplicates are found all the same."""
    monkeypatch.setattr(proven_module, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 60 * 10**9))
    rows = write_faces(tmp_path, IMAGES)
    shutil.copy(tmp_path / rows[0]["path"], tmp_path / rows[35]["path"])
    counted, results = list[int](), []
    for _ in range(2):
        by_cluster = Counting(engine)
        with Proven.open(tmp_path / "memory.sqlite") as proven:
            checked = check_data(BOTH, str(tmp_path), proven=proven, engine=by_cluster, advance=counted.append)
            results.append([finding.rule for finding in checked])
        assert sum(counted) == 2 * IMAGES
        counted.clear()
    assert by_cluster.jobs == []
    assert results[0] == results[1]
    assert len(results[0]) == 1


def test_a_job_is_names_and_stamps(damaged: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent for an image takes about a hundred bytes, whatever its row says."""
    monkeypatch.setattr(module, "BATCH", dict.fromkeys(DEPTHS, IMAGES))
    by_cluster = Counting(engine)
    found(damaged, "default", by_cluster, "small_cropped")
    (job,) = by_cluster.jobs
    assert len(job.files) == IMAGES
    assert len(pickle.dumps(job)) < 110 * IMAGES


def test_a_reader_that_stops_leaves_no_job(damaged: Path, engine: Engine) -> None:
    """Whoever stops at the first finding of an image ends the run, and the workers are free for the next."""
    findings = check_data(BOTH, str(damaged), engine=engine)
    next(finding for finding in findings if finding.rule == "IM008")
    findings.close()  # type: ignore[attr-defined]
    assert found(damaged, "default", engine) == found(damaged, "default", None)


def test_a_worker_that_does_not_see_the_tree_says_so(tmp_path: Path) -> None:
    """A folder, or a zip, that is not there on a worker is an error of the run, not a finding for each image."""
    write_faces(tmp_path, 4)
    for folder in (ORIGINALS, CROPS):
        if folder == CROPS:
            zip_folder(tmp_path / CROPS)
        source = Source(open_raw(BOTH[folder == CROPS], str(tmp_path)))
        place = pickle.loads(pickle.dumps(Place(source, "default", False)))
        job = Job(0, [("happy/aaaaaaab_1.png", None)])
        assert look_at(place, job)[0].findings == []
        away = tmp_path / "away"
        os.rename(source.folder.path, away)  # noqa: PTH104
        place = pickle.loads(pickle.dumps(Place(source, "default", False)))
        line = r"^worker on \S+: .*: give a data directory that every worker sees at the same place$"
        with pytest.raises(EngineError, match=line):
            look_at(place, job)
        os.rename(away, source.folder.path)  # noqa: PTH104


def test_a_worker_without_scipy_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pictures that look alike are looked for here, a worker that cannot is told, not passed over."""
    write_faces(tmp_path, 4)
    monkeypatch.setattr(module, "perceptual_hash", lambda: None)
    source = Source(open_raw("small_original", str(tmp_path)))
    with pytest.raises(EngineError, match="the library scipy is not installed there"):
        look_at(Place(source, "deep", True), Job(0, [("happy/aaaaaaab_1.png", None)]))


@pytest.mark.parametrize("depth", [[], ["--quick"], ["--deep"]], ids=DEPTHS[1:2] + DEPTHS[:1] + DEPTHS[2:])
def test_validate_says_the_same_on_a_cluster(damaged: Path, there: Cluster, depth: list[str]) -> None:
    """`validate.py --engine dask` gives the output of the local one, byte for byte, and its status."""
    given = ["--data-dir", str(damaged), "--no-cache", "--format", "json", "--max-findings", "0", *depth]
    local = CliRunner().invoke(validate.main, given)
    dask = CliRunner().invoke(validate.main, [*given, "--engine", "dask", "--scheduler", there.address])
    assert dask.stdout_bytes == local.stdout_bytes
    assert dask.stderr_bytes == local.stderr_bytes
    assert dask.exit_code == local.exit_code == 1
    assert local.stderr.endswith(f"{2 * IMAGES - 1} images\n")


def test_a_tree_on_s3_is_read_by_the_workers(tmp_path: Path) -> None:
    """Of a tree that is given by its URL, threads and workers find the same, and `validate.py` says so for its URL."""
    pytest.importorskip("moto")
    from tests.s3 import put_tree, s3

    write_faces(tmp_path / "raw", 10, 48)
    (tmp_path / "raw" / ORIGINALS / "happy" / "aaaaaaab_1.png").write_bytes(b"no image")
    with s3(), running_cluster(tmp_path / "cluster", 1) as near:
        put_tree(tmp_path / "raw", "s3://faces/raw")
        given = ["--data-dir", "s3://faces/raw", "--no-cache", "--config", "small_original"]
        local = CliRunner().invoke(validate.main, given)
        dask = CliRunner().invoke(validate.main, [*given, "--engine", "dask", "--scheduler", near.address])
        assert dask.stdout == local.stdout
        assert f"s3://faces/raw/{ORIGINALS}/happy/aaaaaaab_1.png" in local.stdout
        assert dask.stderr == local.stderr == "checked small_original in s3://faces/raw: 10 images\n"
        assert dask.exit_code == local.exit_code == 1
        refused = CliRunner().invoke(validate.main, ["--data-dir", "s3://faces/raw", "--fix"])
        assert refused.exit_code == 2
        assert "--fix mends files of this machine" in " ".join(refused.output.split())
