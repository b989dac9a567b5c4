"""Shards must hold the images as they were, in an order and under names that only the rows decide."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from DiffusionFER import DiffusionFER, Index, open_raw, read_index
from tests.builder_runs import expected_faces, write_sizes
from tests.trees import write_emonet, write_faces, zip_folder
from tools.check.findings import Finding
from tools.check.images.content import image_findings
from tools.publish.shard_plan import ROW_OVERHEAD_BYTES
from tools.publish.shards import Shard, build_shards, schema_of

CONFIG = "small_original"
EMONET = ("emonet_hq", "emonet_binary", "emonet_big")


def build(data_dir: Path, target: Path, config: str = CONFIG, **options: Any) -> tuple[list[Shard], list[Finding]]:
    """Build the shards of a config as the push does."""
    return build_index(read_index(config, str(data_dir)), target, config, inspect=image_findings, **options)


def build_index(index: Index, target: Path, config: str = CONFIG, **options: Any) -> tuple[list[Shard], list[Finding]]:
    """Build the shards of an index, in which any bytes pass for an image."""
    return build_shards(
        config, index, target, **{"max_shard_size": 10**8, "workers": 2, "inspect": lambda *_: [], **options}
    )


def index_of(data_dir: Path, lengths: list[int]) -> Index:
    """Write files of random bytes of the given lengths; return an index of all of them as the train split."""
    rows = []
    folder = data_dir / "DifussionEmotion_S"
    folder.mkdir(parents=True, exist_ok=True)
    for number, length in enumerate(lengths):
        name = f"{number:08d}_0.png"
        (folder / name).write_bytes(hashlib.shake_128(f"{number} {length}".encode()).digest(length))
        row = {"split": "train", "file": name, "origin": f"row {number + 2}", "claimed_sha256": None}
        rows.append({**row, "image_id": name, "emotion": 0, "valence": 0.0, "arousal": 0.0})
    names = ("split", "file", "origin", "claimed_sha256")
    fields = [field for field in schema_of(CONFIG) if field.name not in ("image", "sha256")]
    schema = pa.schema([*((name, pa.string()) for name in names), *fields])
    return Index(pa.Table.from_pylist(rows, schema), open_raw(CONFIG, str(data_dir)))


def images_of(built: list[Shard]) -> dict[str, bytes]:
    """Return the images of shards, path to bytes."""
    return {
        image["path"]: image["bytes"] for shard in built for image in pq.read_table(shard.file)["image"].to_pylist()
    }


def names_and_hashes(built: list[Shard]) -> list[tuple[str, str]]:
    """Return the name of each shard and the sha256 of its file."""
    return [(shard.path, hashlib.sha256(shard.file.read_bytes()).hexdigest()) for shard in built]


@pytest.mark.parametrize("config", ["small_original", "small_cropped"])
def test_images_are_untouched(config: str, tmp_path: Path) -> None:
    """Each image must have the bytes of its file, its base name alone as path, and its sha256 beside it."""
    write_faces(tmp_path, 20)
    built, problems = build(tmp_path, tmp_path / "out", config)
    folder = open_raw(config, str(tmp_path))
    files = {entry.name.split("/")[-1]: folder.read(entry.name) for entry in folder.entries()}
    assert problems == []
    assert images_of(built) == files
    for shard in built:
        for row in pq.read_table(shard.file).to_pylist():
            assert row["sha256"] == hashlib.sha256(files[row["image"]["path"]]).hexdigest()


def test_what_is_returned_is_what_was_written(tmp_path: Path) -> None:
    """A shard's path, rows, size and sha256 must be those of its file, and every image must have been counted once."""
    write_faces(tmp_path, 30)
    counted: list[int] = []
    built, _ = build(tmp_path, tmp_path / "out", advance=counted.append, max_shard_size=150_000)
    assert len(built) > 3
    assert sum(counted) == sum(shard.rows for shard in built) == 30
    for shard in built:
        assert shard.config == CONFIG
        assert shard.file == tmp_path / "out" / shard.path
        assert shard.path.startswith(f"{CONFIG}/{shard.split}-")
        assert shard.rows == pq.read_metadata(shard.file).num_rows
        assert shard.size == shard.file.stat().st_size <= 150_000
        assert shard.sha256 == hashlib.sha256(shard.file.read_bytes()).hexdigest()
    assert sorted(file for file in (tmp_path / "out").rglob("*") if file.is_file()) == sorted(s.file for s in built)


def test_every_column_of_every_row(tmp_path: Path) -> None:
    """The rows of the shards must be those of the sheet, split by split and in its order, nulls as nulls."""
    rows = write_sizes(tmp_path)
    for config in ("small_original", "medium_cropped"):
        built, _ = build(tmp_path, tmp_path / "out", config)
        expected = expected_faces(tmp_path, rows, config)
        assert [shard.split for shard in built] == ["train", "validation", "test"]
        for shard in built:
            found = pq.read_table(shard.file).to_pylist()
            for row in found:
                content = row["image"]["bytes"]
                row["image"]["bytes"] = {"length": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            assert found == expected[shard.split]


def test_empty_text_and_boxes(tmp_path: Path) -> None:
    """An empty text must stay apart from no text, and a face box from no face box."""
    rows = write_faces(tmp_path, 4)
    (tmp_path / "dataset_sheet.csv").unlink()
    columns = {name: [row[name] for row in rows] for name in ("path", "emotion", "valence", "arousal")}
    columns |= {"prompt": ["", None, "a face", ""], "face_box": [[1.0, 2, 3, 4], None, None, [5.5, 0, 1, 1]]}
    pq.write_table(pa.table(columns), tmp_path / "dataset_sheet.parquet")
    built, _ = build(tmp_path, tmp_path / "out")
    table = pq.read_table(built[0].file)
    assert table["prompt"].to_pylist() == columns["prompt"]
    assert table["face_box"].to_pylist() == columns["face_box"]


@pytest.mark.parametrize("config", EMONET)
def test_emonet_equals_the_builder(config: str, tmp_path: Path) -> None:
    """The shards of an EmoNet config must give the rows that the builder gives."""
    write_emonet(tmp_path)
    built, problems = build(tmp_path, tmp_path / "out", config)
    builder = DiffusionFER(config_name=config, data_dir=str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert problems == []
    (split,) = {shard.split for shard in built}
    stream = builder.as_streaming_dataset(split=split).cast_column("image", datasets.Image(decode=False))
    assert [row for shard in built for row in pq.read_table(shard.file).to_pylist()] == list(stream)


def test_same_input_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of shards must not depend on workers, on where they are built or on whether a zip holds the images."""
    write_faces(tmp_path, 30)
    sizes: dict[str, Any] = {"max_shard_size": 150_000}
    expected = names_and_hashes(build(tmp_path, tmp_path / "out", **sizes)[0])
    for workers in (1, 7):
        target = tmp_path / f"elsewhere {workers}"
        assert names_and_hashes(build(tmp_path, target, workers=workers, **sizes)[0]) == expected
    (moved := tmp_path / "other tree").mkdir()
    for name in ("DifussionEmotion_S", "dataset_sheet.csv"):
        (tmp_path / name).rename(moved / name)
    zip_folder(moved / "DifussionEmotion_S")
    monkeypatch.chdir(moved)
    assert names_and_hashes(build(Path(), Path("out"), **sizes)[0]) == expected


def test_no_path_of_the_machine(tmp_path: Path) -> None:
    """No shard may name a folder of the machine that built it, nor the user."""
    write_faces(tmp_path, 10)
    write_emonet(tmp_path)
    for config in (CONFIG, *EMONET):
        for shard in build(tmp_path, tmp_path / "out", config)[0]:
            content = shard.file.read_bytes()
            for path in (tmp_path, tmp_path.name, Path.cwd(), Path.home() / "x", Path(tempfile.gettempdir()) / "x"):
                assert os.fsencode(str(path).removesuffix("x")) not in content
            assert b"DifussionEmotion_S" not in content


def test_leftovers_go(tmp_path: Path) -> None:
    """What an earlier run left in the folder of the config must go, and that of another config stay."""
    write_faces(tmp_path, 10)
    target = tmp_path / "out"
    first, _ = build(tmp_path, target, max_shard_size=60_000)
    other, _ = build(tmp_path, target, "small_cropped")
    (target / CONFIG / "train-00000.parquet.partial").write_bytes(b"half")
    second, _ = build(tmp_path, target)
    assert len(second) < len(first)
    assert {file for file in target.rglob("*") if file.is_file()} == {shard.file for shard in [*second, *other]}


LENGTHS = st.lists(st.integers(0, 9000) | st.sampled_from([4096, 20_000]), min_size=1, max_size=14)


@settings(max_examples=25, deadline=None)
@given(lengths=LENGTHS, more=LENGTHS, max_shard_size=st.integers(40_000, 90_000))
def test_appended_rows_leave_shards_alone(lengths: list[int], more: list[int], max_shard_size: int) -> None:
    """Rows appended to a split must change none of its shards but the last, and no shard may be above its size."""
    with tempfile.TemporaryDirectory() as folder:
        before, _ = build_index(index_of(Path(folder), lengths), Path(folder) / "1", max_shard_size=max_shard_size)
        after, _ = build_index(
            index_of(Path(folder), lengths + more), Path(folder) / "2", max_shard_size=max_shard_size
        )
        assert names_and_hashes(after)[: len(before) - 1] == names_and_hashes(before)[:-1]
        assert all(shard.size <= max_shard_size for shard in [*before, *after])
        assert [shard.path for shard in after] == [f"{CONFIG}/train-{n:05d}.parquet" for n in range(len(after))]
        assert [len(content) for content in images_of(after).values()] == lengths + more


def test_shards_are_filled(tmp_path: Path) -> None:
    """A shard must be filled before the next is begun: it and the first image of the next are too much for one."""
    lengths = [30_000 + 1000 * (number % 7) for number in range(30)]
    built, _ = build_index(index_of(tmp_path, lengths), tmp_path / "out", max_shard_size=300_000)
    assert len(built) > 3
    done = 0
    for shard in built[:-1]:
        done += shard.rows
        room = (ROW_OVERHEAD_BYTES + 100) * (shard.rows + 1) + 20_000  # the columns and the footer
        assert sum(lengths[done - shard.rows : done + 1]) + room > 300_000
