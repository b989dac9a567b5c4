"""A plan is the difference of two listings, and so is the proof that it was carried out."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tools.publish.plan import Local, Remote, differences, git_blob_id, make_plan


def local(content: bytes) -> Local:
    """Return the facts of a local file."""
    return Local(len(content), git_blob_id(content), hashlib.sha256(content).hexdigest())


def remote(content: bytes, *, lfs: bool = True) -> Remote:
    """Return the facts of a published file, in LFS or as a plain blob."""
    of = local(content)
    return Remote(of.size, "pointer" if lfs else of.blob_id, of.sha256 if lfs else None)


def test_blob_id_is_gits(tmp_path: Path) -> None:
    """The id is the one that git itself gives."""
    (tmp_path / "file").write_bytes(b"some\ncontent")
    said = subprocess.run(["git", "hash-object", tmp_path / "file"], capture_output=True, text=True, check=True)
    assert git_blob_id(b"some\ncontent") == said.stdout.strip()


def test_plan_adds_replaces_keeps_and_deletes_only_what_it_owns() -> None:
    """Stale shards of the pushed configs go; other files and other configs stay."""
    listed = {
        "c/train-00000.parquet": remote(b"same"),
        "c/train-00001.parquet": remote(b"old"),
        "c/train-00002.parquet": remote(b"stale"),
        "c/notes.txt": remote(b"n", lfs=False),
        "cc/train-00000.parquet": remote(b"other config"),
        "README.md": remote(b"card", lfs=False),
    }
    files = {
        "c/train-00000.parquet": local(b"same"),
        "c/train-00001.parquet": local(b"new"),
        "c/test-00000.parquet": local(b"more"),
        "README.md": local(b"card"),
    }
    plan = make_plan(files, listed, ["c"])
    assert plan.add == ["c/test-00000.parquet"]
    assert plan.replace == ["c/train-00001.parquet"]
    assert plan.send == ["c/test-00000.parquet", "c/train-00001.parquet"]
    assert plan.delete == ["c/train-00002.parquet"]
    assert plan.keep == ["README.md", "c/train-00000.parquet"]


def test_differences_name_each_way_to_be_wrong() -> None:
    """Missing, changed, not deleted, and foreign files that were touched are each one line."""
    before = {"foreign": remote(b"f"), "gone": remote(b"g"), "stale": remote(b"s")}
    files = {"a": local(b"a"), "b": local(b"bb"), "c": local(b"ccc")}
    after = {"a": remote(b"a", lfs=False), "b": remote(b"xx"), "stale": remote(b"s"), "foreign": remote(b"F!")}
    found = differences(files, ["stale"], before, after)
    assert found == [
        f"b is 2 bytes with hash {local(b'xx').sha256}, not 2 with {local(b'bb').sha256}",
        "c is missing",
        "stale is still there",
        "foreign, which the push does not own, was changed",
        "gone, which the push does not own, was deleted",
    ]


CONTENT = st.dictionaries(
    st.sampled_from([f"c/{name}.parquet" for name in "abcdef"] + ["README.md", "x"]), st.binary(max_size=3)
)


@given(CONTENT, CONTENT)
def test_a_plan_that_is_carried_out_shows_no_differences(wanted: dict[str, bytes], there: dict[str, bytes]) -> None:
    """For any two states: adding and deleting as planned gives what was wanted, and a second plan is empty."""
    files = {path: local(content) for path, content in wanted.items()}
    listed = {path: remote(content) for path, content in there.items()}
    plan = make_plan(files, listed, ["c"])
    after = {path: value for path, value in listed.items() if path not in plan.delete}
    after |= {path: remote(wanted[path]) for path in plan.send}
    assert differences(files, plan.delete, listed, after) == []
    again = make_plan(files, after, ["c"])
    assert (again.add, again.replace, again.delete) == ([], [], [])
