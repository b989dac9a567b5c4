"""Shards built in other processes are those of this one, and what travels between them is small."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from DiffusionFER import read_index
from tests.publish.inside import Inside, inside
from tests.trees import write_faces
from tools.engine import processes
from tools.publish import making
from tools.publish.manifest import Manifest
from tools.publish.shard_build import Built, Job, build_alone
from tools.publish.shard_plan import plan_shards
from tools.publish.shards import build_shards, proven_shards

CONFIG, SIZE = "small_original", 100_000


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A raw tree of 60 faces."""
    folder = tmp_path / "raw"
    folder.mkdir()
    write_faces(folder, 60)
    return folder


@pytest.fixture
def pushes(tmp_path: Path, data_dir: Path) -> Iterator[Inside]:
    """Pushes inside this process."""
    with inside(tmp_path, data_dir) as pushes:
        yield pushes


def test_a_push_by_processes_is_that_by_threads(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a size, shards are built in processes of their own; their bytes are the same, and all are recorded."""
    by_threads = pushes.push(max_shard_size=SIZE, dry_run=True)
    monkeypatch.setattr(making, "PROCESSES_FROM", 0)
    work = pushes.folder / "other"
    by_processes = pushes.push(max_shard_size=SIZE, work_dir=work)
    assert [shard.sha256 for shard in by_processes.shards] == [shard.sha256 for shard in by_threads.shards]
    assert all(shard.built for shard in by_processes.shards)
    again = pushes.push(max_shard_size=SIZE, work_dir=work)
    assert (again.commit, [shard for shard in again.shards if shard.built]) == (None, [])


def test_what_is_wrong_is_found_in_processes_too(data_dir: Path, tmp_path: Path) -> None:
    """An image that is damaged is a finding of the process that reads it; its shard is not recorded, others are."""
    picture = sorted((data_dir / "DifussionEmotion_S" / "angry").iterdir())[0]
    content = bytearray(picture.read_bytes())
    content[len(content) // 2] ^= 1
    picture.write_bytes(content)
    index = read_index(CONFIG, str(data_dir))
    planned = plan_shards(CONFIG, index, max_shard_size=SIZE)
    with Manifest(tmp_path / "work") as manifest, processes(2) as engine:
        make = partial(engine.run, partial(build_alone, folder=tmp_path / "work"))
        options = {"max_shard_size": SIZE, "manifest": manifest, "plan": planned}
        shards, findings = build_shards(CONFIG, index, tmp_path / "work", make=make, **options)  # type: ignore[arg-type]
        assert [finding.severity for finding in findings] == ["error"]
        assert picture.name in findings[0].file
        proven = proven_shards(planned, tmp_path / "work", manifest)
        assert len(proven) == len(shards) - 1 > 4


def test_an_image_that_cannot_be_read_leaves_nothing(data_dir: Path, tmp_path: Path) -> None:
    """In the place of an image that is gone there are zeros, and nothing that memory held before."""
    index = read_index(CONFIG, str(data_dir))
    planned = plan_shards(CONFIG, index, max_shard_size=10**9)
    picture = sorted((data_dir / "DifussionEmotion_S" / "angry").iterdir())[0]
    picture.unlink()
    shards, findings = build_shards(CONFIG, index, tmp_path / "work", max_shard_size=10**9, plan=planned)
    assert [picture.name in finding.file for finding in findings] == [True]
    assert [shard.sound for shard in shards].count(False) == 1
    images = [row for shard in shards for row in pq.read_table(shard.file, columns=["image"])["image"].to_pylist()]
    assert [set(image["bytes"]) for image in images if image["path"] == picture.name] == [{0}]


def test_a_file_that_changes_after_the_plan(data_dir: Path, tmp_path: Path) -> None:
    """An image that is replaced by another of its size after the plan is a finding, and its shard is not recorded."""
    index = read_index(CONFIG, str(data_dir))
    planned = plan_shards(CONFIG, index, max_shard_size=10**9)
    picture = sorted((data_dir / "DifussionEmotion_S" / "angry").iterdir())[0]
    state, content = picture.stat(), picture.read_bytes()
    picture.write_bytes(content[::-1])
    os.utime(picture, ns=(state.st_atime_ns, state.st_mtime_ns))
    with Manifest(tmp_path / "work") as manifest:
        options: dict[str, Any] = {"max_shard_size": 10**9, "plan": planned, "manifest": manifest}
        _, findings = build_shards(CONFIG, index, tmp_path / "work", **options)
        assert [(picture.name in finding.file, "changed while" in finding.message) for finding in findings] == [
            (True, True)
        ]
        assert len(proven_shards(planned, tmp_path / "work", manifest)) == len(planned) - 1


def test_a_shard_that_was_sent_from_elsewhere_has_no_file_here(data_dir: Path, tmp_path: Path) -> None:
    """What an earlier run left under the name of a shard that a worker built and sent is not taken for it."""
    index, options = read_index(CONFIG, str(data_dir)), {"max_shard_size": 10**9}
    build_shards(CONFIG, index, tmp_path / "work", **options)  # type: ignore[arg-type]

    def sent(jobs: Iterator[Job]) -> Iterator[tuple[Job, Built]]:
        for job in jobs:
            yield job, Built(5, "0" * 64, 0, 7, [], sent=True)

    shards, _ = build_shards(CONFIG, index, tmp_path / "work", make=sent, **options)  # type: ignore[arg-type]
    assert [(shard.here, shard.file.exists()) for shard in shards] == [(False, False)] * 3


def test_a_job_holds_its_own_rows_alone(tmp_path: Path, data_dir: Path) -> None:
    """What is sent to a worker grows with the shard, and not with the dataset."""
    index = read_index(CONFIG, str(data_dir))
    sizes: list[int] = []

    def weigh(jobs: Iterator[Job]) -> Iterator[tuple[Job, Built]]:
        for job in jobs:
            again = pickle.loads(content := pickle.dumps(job))
            assert again.rows == job.rows
            assert again.rows.num_rows == job.shard.rows
            assert (again.shard, again.folder.path) == (job.shard, job.folder.path)
            sizes.append(len(content))
        yield from ()

    for most in (SIZE, 10**9):
        with pytest.raises(KeyError):  # nothing is built
            build_shards(CONFIG, index, tmp_path / "work", max_shard_size=most, make=weigh)
    assert max(sizes[:-3]) < max(sizes[-3:]) / 2  # of a shard of 100 kB, and of one that has the whole split
