"""Building again must build what changed and nothing else, and leave what a build from scratch would give."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from DiffusionFER import Index, RawFolder, open_raw, read_index
from tests.environments import ROOT
from tests.publish.test_shards import CONFIG, build_index, index_of
from tests.trees import png, write_faces
from tools.check.images.content import image_findings
from tools.check.images.rules import IMAGE_BROKEN
from tools.publish.manifest import NAME, Manifest
from tools.publish.shard_plan import plan_shards
from tools.publish.shards import Shard, ShardError, build_shards, proven_shards, schema_of

SIZE = 100_000
LENGTHS = [3000 + 700 * (number % 9) for number in range(60)]


def build(index: Index, work: Path, **options: Any) -> list[Shard]:
    """Build as a push does, with the manifest of a work directory."""
    with Manifest(work) as manifest:
        return build_index(index, work / "shards", **{"max_shard_size": SIZE, "manifest": manifest, **options})[0]


def built(shards: list[Shard]) -> list[str]:
    """Return the paths of the shards that were built now."""
    return [shard.path for shard in shards if shard.built]


def tree(folder: Path) -> dict[str, str]:
    """Return the files below a folder, path to sha256."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@contextmanager
def nothing_read() -> Iterator[None]:
    """Make reading any image fail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(RawFolder, "read")
        yield


def test_nothing_changed(tmp_path: Path) -> None:
    """With nothing changed, no image may be read and no shard written, and the same shards be returned."""
    index, counted = index_of(tmp_path, LENGTHS), list[int]()
    first = build(index, tmp_path)
    states = [shard.file.stat() for shard in first]
    with nothing_read():
        second = build(index, tmp_path, advance=counted.append)
    assert len(first) > 4
    assert built(first) == [shard.path for shard in first]
    assert second == [replace(shard, built=False) for shard in first]
    assert [(s.st_ino, s.st_mtime_ns) for s in states] == [
        (s.st_ino, s.st_mtime_ns) for s in (shard.file.stat() for shard in second)
    ]
    assert sum(counted) == len(LENGTHS)


def test_without_a_manifest(tmp_path: Path) -> None:
    """Without a manifest everything must be built, whatever lies there."""
    index = index_of(tmp_path, LENGTHS)
    build(index, tmp_path)
    again, _ = build_index(index, tmp_path / "shards", max_shard_size=SIZE)
    assert built(again) == [shard.path for shard in again]


def remove(file: Path) -> None:
    """Remove it."""
    file.unlink()


def cut(file: Path) -> None:
    """Leave half of it, as a power cut does where nobody waited for the disk."""
    os.truncate(file, file.stat().st_size // 2)


def cut_in_no_time(file: Path) -> None:
    """Leave half of it, with the time that it had."""
    state = file.stat()
    cut(file)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def zeros(file: Path) -> None:
    """Leave its size, but nothing in it, as a power cut does, too."""
    file.write_bytes(b"\0" * file.stat().st_size)


def older(file: Path) -> None:
    """Put back what was there before: the same size, another time."""
    state = file.stat()
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns - 1))


def pipe(file: Path) -> None:
    """Put something else there."""
    file.unlink()
    os.mkfifo(file)


def half_done(file: Path) -> None:
    """Leave it half written under its other name."""
    file.rename(file.with_name(file.name + ".partial"))


@pytest.mark.parametrize("harm", [remove, cut, cut_in_no_time, zeros, older, pipe, half_done])
def test_harmed_shards(harm: Callable[[Path], None], tmp_path: Path) -> None:
    """A shard whose file is not the one that was recorded must be built anew, and the others be kept."""
    index = index_of(tmp_path, LENGTHS)
    first = build(index, tmp_path)
    expected = tree(tmp_path / "shards")
    harm(first[2].file)
    assert built(build(index, tmp_path)) == [first[2].path]
    assert tree(tmp_path / "shards") == expected
    with nothing_read():
        assert built(build(index, tmp_path)) == []


@pytest.mark.parametrize("harm", [remove, cut, zeros])
def test_harmed_manifest(harm: Callable[[Path], None], tmp_path: Path) -> None:
    """Without its manifest, everything must be built anew, to the same bytes."""
    index = index_of(tmp_path, LENGTHS)
    build(index, tmp_path)
    expected = tree(tmp_path / "shards")
    harm(tmp_path / NAME)
    assert len(built(build(index, tmp_path))) == len(expected)
    assert tree(tmp_path / "shards") == expected


def test_other_size_and_back(tmp_path: Path) -> None:
    """Shards of another size must replace those that were there, leave no file of them, and be replaced in turn."""
    index = index_of(tmp_path, LENGTHS)
    build(index, tmp_path)
    expected = tree(tmp_path / "shards")
    larger = build(index, tmp_path, max_shard_size=2 * SIZE)
    assert built(larger) == [shard.path for shard in larger]
    assert set(tree(tmp_path / "shards")) == {shard.path for shard in larger}
    build(index, tmp_path)
    assert tree(tmp_path / "shards") == expected


def test_an_interrupted_build_goes_on(tmp_path: Path) -> None:
    """A build that fails in its third shard must have the first two recorded, and the next run build the others."""
    index = index_of(tmp_path, LENGTHS)
    planned = plan_shards(CONFIG, index, max_shard_size=SIZE)
    last = index.table["file"][planned[2].start].as_py()

    def inspect(name: str, *_: object) -> list[Any]:
        if name.endswith(last):
            raise KeyboardInterrupt
        return []

    with pytest.raises(KeyboardInterrupt):
        build(index, tmp_path, inspect=inspect)
    with Manifest(tmp_path) as manifest:
        assert list(proven_shards(planned, tmp_path / "shards", manifest)) == [shard.path for shard in planned[:2]]
    assert built(build(index, tmp_path)) == [shard.path for shard in planned[2:]]


def test_a_shard_that_is_being_replaced(tmp_path: Path) -> None:
    """Stopped while a shard is built anew, and the change taken back: what lies there must not be taken for proven."""
    index = index_of(tmp_path, LENGTHS)
    first = build(index, tmp_path)
    column = index.table.column_names.index("emotion")
    labels = [1, *index.table["emotion"].to_pylist()[1:]]
    changed = Index(index.table.set_column(column, "emotion", pa.array(labels, pa.int64())), index.folder)

    def stop(*_: object) -> list[Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(changed, tmp_path, inspect=stop)
    assert built(build(index, tmp_path)) == [first[0].path]


def test_shards_with_errors_are_not_recorded(tmp_path: Path) -> None:
    """A shard with a broken or missing image must be built, and the image be named, each time until it is mended."""
    rows = write_faces(tmp_path, 20)
    (tmp_path / rows[0]["path"]).write_bytes(b"no picture")
    (tmp_path / rows[1]["path"]).unlink()
    for _ in range(2):
        with Manifest(tmp_path) as manifest:
            shards, findings = build_shards(
                CONFIG,
                read_index(CONFIG, str(tmp_path)),
                tmp_path / "shards",
                max_shard_size=60_000,
                workers=2,
                inspect=image_findings,
                manifest=manifest,
            )
        assert [finding.rule for finding in findings] == ["IM008", "IM009"]
    assert built(shards) == [shards[0].path]


def test_warnings_are_no_errors(tmp_path: Path) -> None:
    """A shard of whose images there are only warnings is recorded: the checks before the build repeat them."""
    index = index_of(tmp_path, LENGTHS)

    def inspect(name: str, *_: object) -> list[Any]:
        return [replace(IMAGE_BROKEN.at(name, "is plain", ""), severity="warning")]

    build(index, tmp_path, inspect=inspect)
    assert built(build(index, tmp_path)) == []


@pytest.mark.skipif(os.name == "nt", reason="folders are not opened there")
def test_on_the_disk_before_it_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard must be forgotten, written, synced and renamed, its folder synced, and it be recorded, in this order."""
    done: list[str] = []
    index = index_of(tmp_path, [5000, 6000])
    shard = build(index, tmp_path)[0]
    shard.file.unlink()

    def note(owner: Any, name: str, say: Callable[..., str]) -> None:
        original = getattr(owner, name)

        def noting(*args: Any) -> Any:
            result = original(*args)
            done.append(say(*args))
            return result

        monkeypatch.setattr(owner, name, noting)

    def synced(descriptor: int) -> str:
        state = os.fstat(descriptor)
        if threading.current_thread() is not threading.main_thread():
            return "helper"  # at some moment before
        return "folder" if stat.S_ISDIR(state.st_mode) else f"file of {state.st_size}"

    note(os, "fsync", synced)
    note(Path, "replace", lambda source, target: f"renamed to {target.name}")
    note(Manifest, "begin", lambda manifest, path: f"begun {path}")
    note(Manifest, "record", lambda manifest, path, record: f"recorded {record.size}")
    assert built(build(index, tmp_path)) == [shard.path]
    assert done[0] == f"begun {shard.path}"
    assert done[-4:] == [f"file of {shard.size}", f"renamed to {shard.file.name}", "folder", f"recorded {shard.size}"]


# --- whatever changes


@dataclass(frozen=True)
class Row:
    """A row of the model: its image's name and content, and a label and a prompt."""

    name: str
    content: bytes
    label: int = 0
    prompt: str | None = None
    split: str = "train"


def write(folder: Path, rows: list[Row]) -> Index:
    """Make the raw folder hold these images, touching only what differs, and return the index of the rows."""
    images = folder / "DifussionEmotion_S"
    images.mkdir(exist_ok=True)
    wanted = {row.name: row.content for row in rows}
    for file in images.iterdir():
        if file.name not in wanted:
            file.unlink()
    for name, content in wanted.items():
        if not (images / name).exists() or (images / name).read_bytes() != content:
            (images / name).write_bytes(content)
    table = []
    for number, row in enumerate(rows):
        facts = {"split": row.split, "file": row.name, "origin": f"row {number + 2}", "claimed_sha256": None}
        table.append({**facts, "image_id": row.name, "emotion": row.label, "valence": 0.5, "prompt": row.prompt})
    fields = [(name, pa.string()) for name in ("split", "file", "origin", "claimed_sha256")]
    fields += [(field.name, field.type) for field in schema_of(CONFIG) if field.name not in ("image", "sha256")]
    return Index(pa.Table.from_pylist(table, pa.schema(fields)), open_raw(CONFIG, str(folder)))


@st.composite
def edits(draw: st.DrawFn) -> Callable[[list[Row], int], list[Row]]:
    """Draw a change to rows: one is added, deleted, moved, changed, or its image is changed or renamed."""
    kind = draw(st.sampled_from(["add", "delete", "move", "label", "prompt", "image", "rename", "split", "nothing"]))
    where, length = draw(st.integers(0, 60)), draw(st.integers(0, 9000))

    def edit(rows: list[Row], step: int) -> list[Row]:
        place = where % len(rows)
        row, rest = rows[place], rows[:place] + rows[place + 1 :]
        content = hashlib.shake_128(f"{step} {length}".encode()).digest(length)
        if kind == "add":
            return [*rows[:place], Row(f"new_{step}.png", content), *rows[place:]]
        if kind == "delete":
            return rest or rows
        if kind == "move":
            return [*rest, row]
        changes: dict[str, dict[str, Any]] = {
            "label": {"label": (row.label + 1) % 7},
            "prompt": {"prompt": None if row.prompt == "" else ""},
            "image": {"content": content},
            "rename": {"name": f"renamed_{step}.png"},
            "split": {"split": "test"},
            "nothing": {},
        }
        return [*rows[:place], replace(row, **changes[kind]), *rows[place + 1 :]]

    return edit


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.lists(edits(), max_size=2), min_size=1, max_size=4), count=st.integers(1, 25))
def test_exactly_what_changed_is_built(steps: list[list[Callable[..., list[Row]]]], count: int) -> None:
    """After any change, the shards whose bytes are others must be built, no other, and all be as from scratch."""
    rows = [Row(f"{n:04d}.png", bytes([n]) * (3000 + 1000 * (n % 5))) for n in range(count)]
    with tempfile.TemporaryDirectory() as name:
        folder, before = Path(name), dict[str, str]()
        for step, changes in enumerate([[], *steps]):
            for number, change in enumerate(changes):
                rows = change(rows, 10 * step + number)
            index = write(folder, rows)
            shards = build(index, folder / "work", max_shard_size=60_000)
            after = tree(folder / "work" / "shards")
            scratch, _ = build_index(index, folder / f"scratch {step}", max_shard_size=60_000)
            assert after == {shard.path: shard.sha256 for shard in scratch}
            assert [shard.sha256 for shard in shards] == [shard.sha256 for shard in scratch]
            assert built(shards) == [shard.path for shard in shards if shard.sha256 != before.get(shard.path)]
            before = after


# --- disks that take no more

LIMITED = """
import resource, sys
from pathlib import Path
from DiffusionFER import read_index
from tools.publish.manifest import Manifest, ManifestError
from tools.publish import shard_write
from tools.publish.shards import ShardError, build_shards

shard_write.BLOCK = 4096  # so that the disk is full within a row group
data_dir, limit = Path(sys.argv[1]), int(sys.argv[2])
with Manifest(data_dir) as manifest:
    index = read_index("small_original", str(data_dir))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        build_shards("small_original", index, data_dir / "shards", max_shard_size=200_000, workers=2, manifest=manifest)
    except (ShardError, ManifestError) as error:
        print(error)
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """A shard that the disk does not take must be said in a line and leave no rest; with room, the run goes on."""
    rows = write_faces(tmp_path, 40)
    for row in rows[:12]:
        (tmp_path / row["path"]).write_bytes(png(1, 32))  # the first shard has less than the second
    index = read_index(CONFIG, str(tmp_path))
    expected, _ = build_index(index, tmp_path / "scratch", max_shard_size=200_000)
    assert expected[0].size + 20_000 < expected[1].size
    limit = (expected[0].size + expected[1].size) // 2
    command = [sys.executable, "-c", LIMITED, str(tmp_path), str(limit)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    place = tmp_path / "shards" / expected[1].path
    assert done.stderr == ""
    assert done.stdout.startswith(f"{place} cannot be written (File too large): see to the disk")
    assert done.stdout.count("\n") == 1
    assert list(tree(tmp_path / "shards")) == [expected[0].path]
    assert built(build(index, tmp_path, max_shard_size=200_000)) == [shard.path for shard in expected[1:]]
    assert tree(tmp_path / "shards") == tree(tmp_path / "scratch")


@pytest.mark.parametrize("place", ["shards", f"shards/{CONFIG}", f"shards/{CONFIG}/train-00000.parquet"])
def test_a_place_that_is_taken(place: str, tmp_path: Path) -> None:
    """A file where a folder must be, or the other way round, must be said in one line."""
    index, taken = index_of(tmp_path, LENGTHS), tmp_path / place
    taken.parent.mkdir(parents=True, exist_ok=True)
    if place.endswith(".parquet"):
        (taken / "x").mkdir(parents=True)
    else:
        taken.write_text("")
    with pytest.raises(
        ShardError, match=r" cannot be written \([^\n]*\): see to the disk, or give another --work-dir$"
    ):
        build(index, tmp_path)
