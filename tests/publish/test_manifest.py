"""The manifest must keep what it was told, whatever happens to the process, and say in a line what it cannot do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.environments import ROOT
from tools.publish import manifest as module
from tools.publish.manifest import NAME, Manifest, ManifestError, Record

RECORD = Record("f" * 64, 10, 12_345, "a" * 64, 1_700_000_000_123_456_789, 23_456)
PATH = "small_original/train-00000.parquet"


def run(code: str, *arguments: object, root: bool = True) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, which knows Manifest, Path and sys; if not as root, as nobody."""
    begin = "import os, resource, sys\nfrom pathlib import Path\nfrom tools.publish.manifest import *\n"
    if not root and hasattr(os, "getuid") and os.getuid() == 0:
        begin += "os.setuid(65534)\n"
    command = [sys.executable, "-c", begin + code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def fill(folder: Path) -> None:
    """Write a little of everything."""
    with Manifest(folder) as manifest:
        manifest.record(PATH, RECORD)
        manifest.set("staging", "refs/pr/1")


def test_what_was_recorded(tmp_path: Path) -> None:
    """Records and facts must be there after the manifest was closed and opened."""
    fill(tmp_path / "deep" / "work")
    with Manifest(tmp_path / "deep" / "work") as manifest:
        assert manifest.set_aside is None
        assert manifest.shards("small_original") == {PATH: RECORD}
        assert manifest.get("staging") == "refs/pr/1"


def test_shards_of_a_config(tmp_path: Path) -> None:
    """Shards must be listed by config, those of one whose name begins alike left out, and only these be forgotten."""
    paths = [PATH, "small_original/train-00001.parquet", "small_original_2/train-00000.parquet", "small/x.parquet"]
    with Manifest(tmp_path) as manifest:
        for path in paths:
            manifest.record(path, RECORD)
        assert list(manifest.shards("small_original")) == paths[:2]
        manifest.keep_only("small_original", [paths[1], "small_original/never.parquet"])
        assert list(manifest.shards("small_original")) == [paths[1]]
        assert [list(manifest.shards(config)) for config in ("small_original_2", "small")] == [[paths[2]], [paths[3]]]


def test_begun_is_not_built(tmp_path: Path) -> None:
    """A shard that was begun anew must not be taken for built until it is recorded again; others stay."""
    with Manifest(tmp_path) as manifest:
        manifest.record(PATH, RECORD)
        manifest.begin(PATH)
        manifest.begin("small_original/never.parquet")
        assert manifest.shards("small_original") == {}
        manifest.record(PATH, RECORD)
        assert manifest.shards("small_original") == {PATH: RECORD}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.none() | st.text(max_size=3)), max_size=12))
def test_facts(changes: list[tuple[str, str | None]]) -> None:
    """Facts must be as they were set last, after each change, in this process and in one that opens them later."""
    known: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, Manifest(Path(folder)) as manifest:
        for key, value in changes:
            if value is None:
                manifest.forget(key)
                known.pop(key, None)
            else:
                manifest.set(key, value)
                known[key] = value
        with Manifest(Path(folder)) as other:
            for of in (manifest, other):
                assert {key: of.get(key) for key in ("a", "b", "")} == {key: known.get(key) for key in ("a", "b", "")}


def test_it_is_durable(tmp_path: Path) -> None:
    """Each change must be on the disk before its method returns: SQLite must synchronise, and not write ahead."""
    with Manifest(tmp_path) as manifest:
        assert manifest._database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert manifest._database.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def damaged(path: Path) -> None:
    """Overwrite a page in the middle."""
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)


def of_version(number: int, application: int = module.APPLICATION) -> Callable[[Path], None]:
    """Return what gives a manifest another version or application."""

    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"PRAGMA user_version = {number}")
            database.execute(f"PRAGMA application_id = {application}")

    return change


def foreign(path: Path) -> None:
    """Put another program's database there."""
    path.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE theirs (a)")


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "no SQLite": lambda path: path.write_bytes(b"this is no database, but long enough to be one" * 100),
    "a page overwritten": damaged,
    "cut": lambda path: os.truncate(path, 4096 * 2),
    "cut in the header": lambda path: os.truncate(path, 50),
    "an earlier version": of_version(0),
    "a later version": of_version(module.VERSION + 1),
    "another application": of_version(module.VERSION, 0x1234),
    "another program's": foreign,
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_is_set_aside(kind: str, tmp_path: Path) -> None:
    """A manifest that cannot be used must be kept under another name, and one begun that knows nothing and works."""
    for number in (1, 2):
        fill(tmp_path)
        UNUSABLE[kind](tmp_path / NAME)
        content = (tmp_path / NAME).read_bytes()
        with Manifest(tmp_path) as manifest:
            assert manifest.set_aside == tmp_path / f"{NAME}.{number}"
            assert manifest.set_aside.read_bytes() == content
            assert (manifest.shards("small_original"), manifest.get("staging")) == ({}, None)
        fill(tmp_path)
        with Manifest(tmp_path) as manifest:
            assert (manifest.set_aside, manifest.get("staging")) == (None, "refs/pr/1")


def test_the_journal_goes_along(tmp_path: Path) -> None:
    """What SQLite keeps beside an unusable manifest must go with it, and not be played back into the new one."""
    endings = ("", "-journal", "-wal")
    for ending in endings:
        (tmp_path / f"{NAME}{ending}").write_text(ending)
    assert module._set_aside(tmp_path / NAME) == tmp_path / f"{NAME}.1"
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {f"{NAME}.1{e}": e for e in endings}


def test_cut_at_any_length(tmp_path: Path) -> None:
    """A manifest cut anywhere must open: what it says then is what it said before, or nothing."""
    fill(tmp_path)
    whole = (tmp_path / NAME).read_bytes()
    for length in (0, 1, 15, 16, 99, 100, 512, 4095, *range(4096, len(whole), 3000), len(whole)):
        (folder := tmp_path / str(length)).mkdir()
        (folder / NAME).write_bytes(whole[:length])
        with Manifest(folder) as manifest:
            assert manifest.shards("small_original") in ({}, {PATH: RECORD})
            assert (manifest.shards("small_original") == {}) == (length < len(whole))
            manifest.set("a", "b")


def test_killed_in_a_transaction(tmp_path: Path) -> None:
    """A process killed within a change, its journal left behind, must leave the manifest as it was before."""
    fill(tmp_path)
    code = """
with Manifest(Path(sys.argv[1])) as manifest:
    database = manifest._database
    database.execute("PRAGMA cache_size = 1")  # so that what is not committed is written, too
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM fact")
    database.executemany("INSERT INTO fact VALUES (?, 'y')", [(f"{n:064d}",) for n in range(20_000)])
    os.kill(os.getpid(), 9)
"""
    size = (tmp_path / NAME).stat().st_size
    assert run(code, tmp_path).returncode == -9
    assert (tmp_path / f"{NAME}-journal").exists()
    assert (tmp_path / NAME).stat().st_size > size
    with Manifest(tmp_path) as manifest:
        assert (manifest.set_aside, manifest.get("staging")) == (None, "refs/pr/1")
        assert manifest.shards("small_original") == {PATH: RECORD}
        assert manifest.get(f"{7:064d}") is None


def test_two_processes(tmp_path: Path) -> None:
    """Two processes that begin and use the same manifest at once must lose nothing of what either wrote."""
    code = """
with Manifest(Path(sys.argv[1])) as manifest:
    for number in range(15):
        manifest.set(f"{sys.argv[2]} {number}", "x")
print(manifest.set_aside)
"""
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda name: run(code, tmp_path / "work", name), "ab"))
    assert [(of.stdout, of.stderr) for of in done] == [("None\n", "")] * 2
    with Manifest(tmp_path / "work") as manifest:
        assert {manifest.get(f"{name} {number}") for name in "ab" for number in range(15)} == {"x"}


def test_threads(tmp_path: Path) -> None:
    """Threads may share a manifest: each change must be one of its own."""
    with Manifest(tmp_path) as manifest, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: manifest.set(f"{number}", f"{number}'"), range(20)))
        assert all(manifest.get(f"{number}") == f"{number}'" for number in range(20))


def test_another_process_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest that another process does not let go of must be waited for, then named, and be left where it is."""
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    fill(tmp_path)
    path = tmp_path / NAME
    with Manifest(tmp_path) as manifest, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        message = f"{path} cannot be used (database is locked): another process works in this folder: wait for it, or "
        for use in (lambda: Manifest(tmp_path), lambda: manifest.get("staging"), lambda: manifest.set("a", "b")):
            with pytest.raises(ManifestError) as raised:
                use()
            assert str(raised.value) == f"{message}give another --work-dir"
        other.rollback()
        assert manifest.get("staging") == "refs/pr/1"
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_a_full_disk(tmp_path: Path) -> None:
    """A disk that takes no more must be said in one line, at the beginning or later, and nothing known be lost."""
    fill(tmp_path)
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
    code = f"""
try:
    limit = 1000
    if sys.argv[2] == "begin":
        {limit}
    manifest = Manifest(Path(sys.argv[1]))
    limit = manifest.path.stat().st_size
    {limit}
    manifest.set("x", "y" * 60_000)
except ManifestError as error:
    print(error)
"""
    for where, moment in (("new", "begin"), (".", "later")):
        done = run(code, tmp_path / where, moment)
        assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)
        assert str(tmp_path / where / NAME) in done.stdout
        assert "free" in done.stdout
        assert "run the same command again" in done.stdout
    with Manifest(tmp_path) as manifest:
        assert (manifest.set_aside, manifest.get("staging")) == (None, "refs/pr/1")


def test_what_sqlite_says_of_a_full_disk(tmp_path: Path) -> None:
    """SQLite's own limit on the size of a database gives the very error of a full disk."""
    with Manifest(tmp_path) as manifest:
        manifest._database.execute("PRAGMA max_page_count = 5")
        with pytest.raises(ManifestError) as raised:
            manifest.set("x", "y" * 60_000)
        assert str(raised.value) == (
            f"{manifest.path} cannot be used (database or disk is full): free disk space and run the same command again"
        )


@pytest.mark.skipif(os.name == "nt", reason="rights are not modes there")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """A work directory of somebody else must be said in one line, with what to do."""
    code = """
try:
    with Manifest(Path(sys.argv[1])) as manifest:
        manifest.set("a", "b")
except ManifestError as error:
    print(error)
"""
    with tempfile.TemporaryDirectory() as folder:  # that of pytest is closed to others
        work = Path(folder)
        fill(work)
        for mode in (0o555, 0o755):  # with and without a manifest
            for opened in (work, *work.iterdir()):
                opened.chmod(0o555 if opened.is_dir() else 0o444)
            done = run(code, work / "below" if mode == 0o755 else work, root=False)
            assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)
            assert "give another --work-dir" in done.stdout
        work.chmod(0o755)


@pytest.mark.parametrize("kind", ["folder", "pipe", "file"])
def test_no_file(kind: str, tmp_path: Path) -> None:
    """A folder or a pipe in place of the manifest, or a file in place of its folder, must be said and never hang."""
    work = tmp_path / "work"
    if kind == "file":
        work.write_text("")
    else:
        work.mkdir()
        (work / NAME).mkdir() if kind == "folder" else os.mkfifo(work / NAME)
    with pytest.raises(ManifestError) as raised:
        Manifest(work)
    expected = "cannot be kept there (File exists)" if kind == "file" else "is not a file: move it away, or"
    assert str(raised.value).startswith(f"{work / NAME} {expected}")
    assert str(raised.value).endswith("give another --work-dir")


def test_damage_while_it_is_used(tmp_path: Path) -> None:
    """Damage that comes while the manifest is open must be an error of one line."""
    fill(tmp_path)
    with Manifest(tmp_path) as manifest:
        (tmp_path / NAME).write_bytes(b"\xff" * 20_000)
        with pytest.raises(ManifestError, match=r"^.*manifest.sqlite cannot be used \(.*\): move it away and run"):
            manifest.set("a", "b")
    with pytest.raises(ManifestError, match="closed"):
        manifest.get("a")


def test_facts_are_a_mapping(tmp_path: Path) -> None:
    """`notes` is a mapping whose changes are facts of the manifest."""
    with Manifest(tmp_path) as manifest:
        manifest.notes["b"] = "1"
        manifest.notes["a"] = "2"
        assert dict(manifest.notes) == {"a": "2", "b": "1"}
        assert (len(manifest.notes), manifest.get("a"), manifest.notes.get("c")) == (2, "2", None)
        assert manifest.notes.pop("a", None) == "2"
        assert manifest.notes.pop("a", None) is None
        with pytest.raises(KeyError):
            manifest.notes["a"]
    with Manifest(tmp_path) as manifest:
        assert dict(manifest.notes) == {"b": "1"}


def test_whoever_only_reads_moves_nothing(tmp_path: Path) -> None:
    """A manifest that cannot be used is an error for whoever would not begin one, and stays where it is."""
    (tmp_path / NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(ManifestError, match="cannot be used"):
        Manifest(tmp_path, begins=False)
    assert [file.name for file in tmp_path.iterdir()] == [NAME]
