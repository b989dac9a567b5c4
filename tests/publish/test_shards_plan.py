"""A plan must say what is built, and a fingerprint change with the bytes of its shard and with nothing else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from DiffusionFER import Index, RawFolder, read_index
from tests.publish.test_shards import CONFIG, EMONET, build_index, index_of
from tests.trees import png, write_emonet, write_faces, write_sheet, zip_folder
from tools.publish import shard_plan, shard_write
from tools.publish.shard_plan import PlannedShard, ShardError, plan_shards
from tools.publish.shards import build_shards

LENGTHS = [3000 + 700 * (number % 9) for number in range(60)]


def plan(index: Index, max_shard_size: int = 100_000, config: str = CONFIG) -> list[PlannedShard]:
    """Plan the shards of an index."""
    return plan_shards(config, index, max_shard_size=max_shard_size)


def fingerprints(index: Index, max_shard_size: int = 100_000) -> list[str]:
    """Return the fingerprint of each shard, in order."""
    return [shard.fingerprint for shard in plan(index, max_shard_size)]


def with_value(index: Index, column: str, row: int, value: Any) -> Index:
    """Return an index with another value in one cell."""
    values = index.table[column].to_pylist()
    values[row] = value
    place, field = index.table.column_names.index(column), index.table.schema.field(column)
    return Index(index.table.set_column(place, field, pa.array(values, field.type)), index.folder)


def by_loop(costs: list[int], room: int, group_cost: int) -> list[list[tuple[int, int]]]:
    """Divide rows as the plan does, one after the other: the definition."""
    shards: list[list[tuple[int, int]]] = [[]]
    start, in_group, in_shard = 0, 0, group_cost
    for row, cost in enumerate(costs):
        group_full = row > start and in_group + cost > shard_plan.ROW_GROUP_BYTES
        if in_shard + cost + group_cost * group_full > room:
            shards[-1].append((start, row))
            shards.append([])
            start, in_group, in_shard = row, 0, group_cost
        elif group_full:
            shards[-1].append((start, row))
            start, in_group, in_shard = row, 0, in_shard + group_cost
        in_group, in_shard = in_group + cost, in_shard + cost
    shards[-1].append((start, len(costs)))
    return shards


@settings(max_examples=400, deadline=None)
@given(
    costs=st.lists(st.integers(0, 40) | st.sampled_from([60, 100]), min_size=1, max_size=60),
    room=st.integers(110, 500),
    group_cost=st.integers(0, 10),
    group_bytes=st.integers(1, 300),
)
def test_division(costs: list[int], room: int, group_cost: int, group_bytes: int) -> None:
    """Rows divided by sums and searches must be those that filling one shard after the other gives."""
    ends = np.concatenate(([0], np.cumsum(costs)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_plan, "ROW_GROUP_BYTES", group_bytes)
        assert list(shard_plan._divide(ends, room, group_cost)) == by_loop(costs, room, group_cost)


@pytest.mark.parametrize("config", [CONFIG, *EMONET])
def test_plan_is_what_is_built(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Path, rows, row groups and the bound of bytes must hold for the file that is built afterwards."""
    monkeypatch.setattr(shard_plan, "ROW_GROUP_BYTES", 60_000)
    write_faces(tmp_path, 30)
    write_emonet(tmp_path)
    index = read_index(config, str(tmp_path))
    planned = plan(index, 200_000, config)
    built, _ = build_shards(config, index, tmp_path / "out", max_shard_size=200_000, workers=2)
    assert [(shard.path, shard.split, shard.rows) for shard in planned] == [(s.path, s.split, s.rows) for s in built]
    for shard, done in zip(planned, built, strict=True):
        metadata = pq.read_metadata(done.file)
        groups = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
        assert groups == [stop - start for start, stop in shard.groups]
        assert done.size <= shard.most_bytes <= 200_000
        assert shard.sizes.sum() < done.size
        assert sum(groups) == shard.rows == len(shard.sizes)


def test_a_given_plan_is_built(tmp_path: Path) -> None:
    """Building by a plan that was made before must give what building without one gives."""
    index = index_of(tmp_path, LENGTHS)
    expected, _ = build_index(index, tmp_path / "1", max_shard_size=100_000)
    built, _ = build_index(index, tmp_path / "2", max_shard_size=100_000, plan=plan(index))
    assert [shard.sha256 for shard in built] == [shard.sha256 for shard in expected]


CHANGES: dict[str, Any] = {
    "emotion": 3,
    "valence": 0.25,
    "prompt": "",
    "seed": 0,
    "face_box": [],
    "image_id": "another",
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_cell(column: str, tmp_path: Path) -> None:
    """A changed cell must change the fingerprint of its shard, and of no other; empty is not the same as none."""
    index = index_of(tmp_path, LENGTHS)
    before, planned = fingerprints(index), plan(index)
    assert len(set(before)) == len(before) > 5
    for row in (0, 31, 59):
        after = fingerprints(with_value(index, column, row, CHANGES[column]))
        touched = [number for number, shard in enumerate(planned) if shard.start <= row < shard.start + shard.rows]
        assert [number for number in range(len(before)) if before[number] != after[number]] == touched


def test_a_changed_image(tmp_path: Path) -> None:
    """An image written anew, with the same size and even its old time, or under another name, must change its shard."""
    index = index_of(tmp_path, LENGTHS)
    before, name = fingerprints(index), index.table["file"][0].as_py()
    file = Path(index.folder.path, name)
    state = file.stat()
    content = bytearray(file.read_bytes())
    content[5] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    after = fingerprints(index)
    assert (after[0] != before[0], after[1:]) == (True, before[1:])
    file.rename(file.with_name("renamed_0.png"))
    renamed = fingerprints(with_value(index, "file", 0, "renamed_0.png"))
    assert (renamed[0] not in (before[0], after[0]), renamed[1:]) == (True, before[1:])


def test_order_and_what_is_gone(tmp_path: Path) -> None:
    """Two rows that change places, a row less, and an image less must each change what they touch."""
    index = index_of(tmp_path, [5000] * 40)
    before = fingerprints(index)
    order = [1, 0, *range(2, 40)]
    swapped = fingerprints(Index(index.table.take(order), index.folder))
    assert (swapped[0] != before[0], swapped[1:]) == (True, before[1:])
    shorter = fingerprints(Index(index.table.slice(0, 39), index.folder))
    assert (shorter[:-1], shorter[-1] != before[-1]) == (before[:-1], True)
    assert not set(fingerprints(Index(index.table.slice(1), index.folder))) & set(before)
    Path(index.folder.path, index.table["file"][39].as_py()).unlink()
    gone = fingerprints(index)
    assert (gone[:-1], gone[-1] != before[-1]) == (before[:-1], True)


def test_what_changes_every_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another format, another pyarrow or other features must leave no fingerprint as it was."""
    index = index_of(tmp_path, LENGTHS)
    before = fingerprints(index)
    schema = shard_plan.schema_of(CONFIG)
    for target, name, value in (
        (shard_plan, "FORMAT", shard_write.FORMAT + 1),
        (pa, "__version__", "99.0.0"),
        (shard_plan, "schema_of", lambda config: schema.with_metadata({"huggingface": "{}"})),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, value)
            after = fingerprints(index)
        assert len(set(before + after)) == len(before) + len(after), name


def test_other_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other sizes of shards or row groups, a fingerprint must stay where all its boundaries do, and only there."""
    index = index_of(tmp_path, LENGTHS)
    seen: dict[str, tuple[tuple[int, int], ...]] = {}
    for max_shard_size, row_group in ((100_000, 10**9), (140_000, 10**9), (140_000, 30_000), (101_000, 25_000)):
        monkeypatch.setattr(shard_plan, "ROW_GROUP_BYTES", row_group)
        for shard in plan(index, max_shard_size):
            assert seen.setdefault(shard.fingerprint, shard.groups) == shard.groups
    assert len(set(seen.values())) == len(seen) > 20


def test_row_groups_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows in other row groups must have another fingerprint."""
    index = index_of(tmp_path, LENGTHS)
    seen = set()
    for row_group in (10**9, 60_000, 50_000):
        monkeypatch.setattr(shard_plan, "ROW_GROUP_BYTES", row_group)
        seen |= set(fingerprints(index, 10**8))
    assert len(seen) == 3


def test_the_name_alone(tmp_path: Path) -> None:
    """An image under another name must have another fingerprint, even where the file is one and the same."""
    index = index_of(tmp_path, [5000])
    os.link(Path(index.folder.path, index.table["file"][0].as_py()), Path(index.folder.path, "linked_0.png"))
    assert fingerprints(index) != fingerprints(with_value(index, "file", 0, "linked_0.png"))


def test_what_is_not_published_changes_nothing(tmp_path: Path) -> None:
    """Where a row stands in the sheet, what it claims, and how Arrow holds the table must not change a fingerprint."""
    index = index_of(tmp_path, LENGTHS)
    index = with_value(with_value(index, "prompt", 7, "a face"), "face_box", 9, [1.0, 2, 3, 4])
    before, planned = fingerprints(index), plan(index)
    for column, value in (("origin", "row 99999"), ("claimed_sha256", "0" * 64)):
        assert fingerprints(with_value(index, column, 3, value)) == before
    chunked = pa.concat_tables([index.table.slice(0, 7), index.table.slice(7, 20), index.table.slice(27)])
    assert chunked["file"].num_chunks == 3
    assert fingerprints(Index(chunked, index.folder)) == before
    assert fingerprints(Index(pa.concat_tables([index.table.slice(50), index.table]).slice(10), index.folder)) == before
    # Nor where it stands among the others: without its first shard, a split has the rest as it was.
    assert fingerprints(Index(index.table.slice(planned[0].rows), index.folder)) == before[1:]


def test_bytes_do_not_depend_on_chunks(tmp_path: Path) -> None:
    """As the fingerprint does not tell the chunks of a table, the bytes of a shard must not follow from them."""
    index = index_of(tmp_path, LENGTHS)
    index = with_value(with_value(index, "prompt", 7, "a face"), "face_box", 9, [1.0, 2, 3, 4])
    table = pa.concat_tables([index.table.slice(0, 7), index.table.slice(7, 20), index.table.slice(27)])
    one, _ = build_index(index, tmp_path / "1", max_shard_size=300_000)
    three, _ = build_index(Index(table, index.folder), tmp_path / "2", max_shard_size=300_000)
    assert [shard.sha256 for shard in one] == [shard.sha256 for shard in three]


TEXTS = st.none() | st.text(max_size=4)
NUMBERS = st.none() | st.integers(0, 3)
KINDS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.string(), TEXTS),
    (pa.int64(), NUMBERS),
    (pa.float32(), st.none() | st.floats(width=32, allow_nan=False)),
    (pa.bool_(), st.none() | st.booleans()),
    (pa.list_(pa.float32()), st.none() | st.lists(st.none() | st.sampled_from([0.0, 1.0]), max_size=3)),
    (pa.struct({"a": pa.string(), "b": pa.int32()}), st.none() | st.fixed_dictionaries({"a": TEXTS, "b": NUMBERS})),
    (
        pa.list_(pa.struct({"who": pa.string(), "yes": pa.bool_()})),
        st.none()
        | st.lists(st.fixed_dictionaries({"who": TEXTS, "yes": st.none() | st.booleans()}) | st.none(), max_size=2),
    ),
]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_digest_of_values(data: st.DataObject) -> None:
    """The digest of two columns must be the same if, and only if, the values are, in whatever slices they come."""
    kind, values = data.draw(st.sampled_from(KINDS))
    one, two = (data.draw(st.lists(values, min_size=3, max_size=3)) for _ in range(2))

    def digest(arrays: list[pa.Array]) -> str:
        found = hashlib.sha256()
        shard_plan._feed(found, arrays)
        return found.hexdigest()

    def plain(values: list[Any]) -> str:
        return repr(pa.array(values, kind).to_pylist())  # -0.0 equals 0.0, but has other bytes

    first, second = digest([pa.array(one, kind)]), digest([pa.array(two, kind)])
    assert (first == second) == (plain(one) == plain(two))
    cut = data.draw(st.integers(0, 3))
    longer = pa.array([*two, *one, *two], kind)
    assert digest([longer.slice(3, cut), longer.slice(3 + cut, 3 - cut)]) == first


def test_a_zip(tmp_path: Path) -> None:
    """Of a zip, the entry counts: packed anew with one more image, only what that touches changes."""
    rows = write_faces(tmp_path, 20)
    folder = tmp_path / "DifussionEmotion_S"
    unpacked = {path: (tmp_path / path).read_bytes() for path in (row["path"] for row in rows)}
    archive = zip_folder(folder)

    def pack(files: dict[str, bytes]) -> list[str]:
        for path, content in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
        archive.unlink()
        zip_folder(folder)
        return fingerprints(read_index(CONFIG, str(tmp_path)), 60_000)

    before = fingerprints(read_index(CONFIG, str(tmp_path)), 60_000)
    assert pack(unpacked) == before
    assert pack({**unpacked, "DifussionEmotion_S/happy/zzzzzzzz_1.png": png(9)}) == before
    changed = bytearray(unpacked[rows[0]["path"]])
    changed[100] ^= 1
    after = pack({**unpacked, rows[0]["path"]: bytes(changed)})
    assert (after[0] != before[0], after[1:]) == (True, before[1:])


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A file whose name is not UTF-8 must not stop the plan, which has no row for it."""
    index = index_of(tmp_path, [5000])
    before = fingerprints(index)
    Path(os.fsdecode(os.fsencode(index.folder.path) + b"/\xff\xfe_0.png")).write_bytes(b"x")
    assert len(index.folder.entries()) == 2
    assert fingerprints(index) == before


def test_an_empty_folder(tmp_path: Path) -> None:
    """Rows without any file must be planned as empty images: that they are missing is found when they are read."""
    index = index_of(tmp_path, [5000, 100])
    for entry in index.folder.entries():
        Path(index.folder.path, entry.name).unlink()
    assert [list(shard.sizes) for shard in plan(index)] == [[0, 0]]


def test_one_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan must list the folder once and read no file, whatever the number of splits and shards."""
    write_faces(tmp_path, 30)
    index = read_index(CONFIG, str(tmp_path))
    listed, entries = list[str](), RawFolder.entries

    def note(folder: RawFolder) -> Any:
        listed.append(folder.name)
        return entries(folder)

    monkeypatch.setattr(RawFolder, "entries", note)
    monkeypatch.delattr(RawFolder, "read")
    assert len(plan(index, 60_000)) > 5
    assert listed == ["DifussionEmotion_S"]


def test_image_that_fits_no_shard_of_any_split(tmp_path: Path) -> None:
    """An image that is too large must be named before anything is built, in whatever split it is."""
    rows = write_faces(tmp_path, 30)
    (tmp_path / rows[29]["path"]).write_bytes(b"x" * 90_000)
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    name = rows[29]["path"].split("/", 1)[1]
    with pytest.raises(ShardError, match=rf"^{name} has 90,000 bytes and does not fit into a shard"):
        build_index(read_index(CONFIG, str(tmp_path)), tmp_path / "out", max_shard_size=80_000)
    assert not (tmp_path / "out").exists()


# The sha256 of the shard below, as FORMAT 1 has it with this version of pyarrow.
WRITTEN = ("26.0.1", 1, "e9346cc5379ad192385c1db3d31065c66463ef8fde3c82383846a4fbbd346647")


def test_format_is_raised_with_the_writer(tmp_path: Path) -> None:
    """A change to the writer that changes the bytes must come with another FORMAT; then write the hash here anew."""
    if pa.__version__ != WRITTEN[0]:
        pytest.skip(f"the bytes that are known are those of pyarrow {WRITTEN[0]}")
    index = with_value(index_of(tmp_path, LENGTHS), "prompt", 3, "a face")
    (shard,), _ = build_index(index, tmp_path / "out")
    assert (pa.__version__, shard_write.FORMAT, shard.sha256) == WRITTEN
