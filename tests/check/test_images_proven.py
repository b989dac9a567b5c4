"""The memory of what was proven: it saves reading a file again, never hides a change, and never stops a check."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from DiffusionFER import open_raw
from tests.check.material import BOTH, CROPS, ORIGINALS, sheet
from tests.check.pictures import HAPPY, NEUTRAL, SIDE, drawn, saved
from tests.environments import ROOT
from tests.trees import write_faces, write_sheet, zip_folder
from tools.check.configs import check_data
from tools.check.findings import Finding
from tools.check.images import proven as module
from tools.check.images.formats import Header
from tools.check.images.proven import Facts, Proven, default_location
from tools.check.images.source import Source, Stamp
from tools.check.images.walk import Depth

AHEAD_NS = 60 * 10**9
FACTS = Facts(b"s" * 32, True, Header("PNG", 5, 7, "RGB"), b"r" * 8, b"l" * 32)


class Tree:
    """A good tree whose files are old enough to be remembered, with a memory; counts what is read."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data_dir, self.memory, self.read = folder / "data", folder / "memory" / "proven.sqlite", list[str]()
        self.data_dir.mkdir()
        self.rows = write_faces(self.data_dir, 4, SIDE)
        self.settle()
        monkeypatch.setattr(Source, "read", self.counting(Source.read))
        # No program can set the time at which a file was changed back, so the clock of the memory goes before.
        monkeypatch.setattr(module, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + AHEAD_NS))

    def counting(self, read: Callable[..., bytes]) -> Callable[..., bytes]:
        """Return a way to read a file that says so."""

        def counted(source: Source, name: str, stamp: Stamp | None) -> bytes:
            self.read.append(name)
            return read(source, name, stamp)

        return counted

    def settle(self, seconds: float = 60) -> None:
        """Make all files look as if they had last changed a while ago."""
        then = time.time_ns() - int(seconds * 10**9)
        for file in self.data_dir.rglob("*"):
            os.utime(file, ns=(then, then))

    def check(self, depth: Depth = "default") -> tuple[int, list[Finding]]:
        """Check, and return how many files were read and what was found."""
        self.read.clear()
        with Proven.open(self.memory) as proven:
            found = sorted(check_data(BOTH, str(self.data_dir), depth=depth, proven=proven, workers=2))
        return len(self.read), found


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Return a good tree of eight images with an empty memory."""
    return Tree(tmp_path, monkeypatch)


def test_what_was_proven_is_not_read_again(tree: Tree) -> None:
    """A second run reads nothing; a deeper one reads all once, and what is deep is proven for the default, too."""
    assert tree.check() == (8, [])
    assert tree.check() == (0, [])
    assert tree.check("deep") == (8, [])
    assert tree.check("deep") == tree.check() == (0, [])


def test_a_change_is_seen(tree: Tree) -> None:
    """A file of another size or time is read again; a new time alone costs no new proof."""
    tree.check()
    file = tree.data_dir / ORIGINALS / NEUTRAL
    file.write_bytes(file.read_bytes()[:-1])
    (tree.data_dir / ORIGINALS / HAPPY).touch()
    read, found = tree.check()
    assert (read, [finding.rule for finding in found]) == (2, ["IM008"])
    assert tree.check()[1] == found


def test_what_changed_just_now_is_not_remembered(tree: Tree) -> None:
    """A file that may change again within the same tick of the clock is read in each run."""
    now = time.time_ns() + AHEAD_NS
    os.utime(tree.data_dir / ORIGINALS / NEUTRAL, ns=(now, now))
    assert [tree.check()[0], tree.check()[0]] == [8, 1]


def test_what_was_touched_just_now_is_not_remembered(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose time was set back, just now, is not remembered either: it may change again within the same tick."""
    monkeypatch.setattr(module, "time", time)
    tree.settle()
    assert [tree.check()[0], tree.check()[0]] == [8, 8]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no time of the last change that none can set")
def test_a_forged_time_is_seen(tree: Tree) -> None:
    """A file whose bytes were changed and whose time was set back, in the same size, is proven again."""
    assert tree.check() == (8, [])
    file = tree.data_dir / ORIGINALS / NEUTRAL
    before, content = file.stat(), bytearray(file.read_bytes())
    content[-20] ^= 0xFF
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    read, found = tree.check()
    assert (read, [finding.rule for finding in found]) == (1, ["IM008"])


@pytest.mark.parametrize("field", [field.name for field in fields(Stamp)])
def test_each_part_of_a_stamp_counts(field: str, tmp_path: Path) -> None:
    """A file is known only where all that its stamp holds is as it was: place, size and both times."""
    stamp = Stamp(b"p" * 16, 5, 6, 7)
    other = replace(stamp, **{field: b"q" * 16 if field == "place" else 1})  # type: ignore[arg-type]
    with Proven.open(tmp_path / "p.sqlite") as proven:
        proven.remember(stamp, FACTS)
        proven.flush()
        assert proven.of_file(stamp) == FACTS
        assert proven.of_file(other) is None


def test_a_stamp_tells_the_state_of_its_file(tmp_path: Path) -> None:
    """A stamp is that of a file as it was: not where its size, its time or only the time of its last change differ."""
    write_faces(tmp_path, 1, 2)
    source, file = Source(open_raw("small_original", str(tmp_path))), tmp_path / ORIGINALS / NEUTRAL
    stamp, state = source.stamp(NEUTRAL), file.stat()
    assert stamp is not None
    assert stamp.is_of(state)
    for other in (replace(stamp, size=1), replace(stamp, mtime_ns=1), replace(stamp, ctime_ns=1)):
        assert not other.is_of(state)


def test_a_memory_of_an_earlier_form(tree: Tree) -> None:
    """A memory that was written before stamps held the time of the last change is used on, without what it knew."""
    tree.memory.parent.mkdir()
    with sqlite3.connect(tree.memory) as database:
        database.execute("CREATE TABLE file (place BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, sha256 BLOB)")
    database.close()
    assert [tree.check()[0], tree.check()[0]] == [8, 0]


def test_faults_are_found_in_each_run(tree: Tree) -> None:
    """A file with a fault is not remembered, and faults of name, header and row are found from what is."""
    files = {NEUTRAL: saved(drawn(0)) + b"more", HAPPY: saved(drawn(1, mode="RGBA"))}
    for name, content in files.items():
        (tree.data_dir / ORIGINALS / name).write_bytes(content)
    tree.settle()
    (read, found), (again, same) = tree.check(), tree.check()
    assert [finding.rule for finding in found] == [finding.rule for finding in same] == ["IM015", "IM011"]
    assert (read, again) == (8, 1)


def test_rows_that_change_are_compared(tree: Tree) -> None:
    """What the sheet says is compared in each run: SHA-256, face box, and the recipe in an image."""
    from tests.check.golden.IM022.case import RECIPE, with_recipe

    (tree.data_dir / ORIGINALS / NEUTRAL).write_bytes(with_recipe(0, "PNG", RECIPE))
    tree.rows[0] |= {"prompt": "", "seed": "3"}
    write_sheet(sheet(tree.data_dir), tree.rows)
    tree.settle()
    assert tree.check() == (8, [])
    assert tree.check() == (0, [])
    tree.rows[0] |= {"seed": "4", "sha256": "0" * 64, "face_box": "0 0 99 99"}
    write_sheet(sheet(tree.data_dir), tree.rows)
    read, found = tree.check()
    assert read == 1
    assert [finding.rule for finding in found] == ["IM023", "IM022", "SH021"]


def test_duplicates_are_found_from_memory(tree: Tree) -> None:
    """Images that are alike are found again though none of them is read."""
    content = saved(drawn(1))
    for name in (NEUTRAL, HAPPY):
        (tree.data_dir / CROPS / name).write_bytes(content)
    tree.settle()
    found = tree.check("deep")[1]
    assert [finding.rule for finding in found] == ["IM027"]
    assert tree.check("deep") == (0, found)


def test_zips_are_remembered(tree: Tree) -> None:
    """The entries of a zip are remembered until the zip changes."""
    for name in (ORIGINALS, CROPS):
        zip_folder(tree.data_dir / name)
    tree.settle()
    assert [tree.check()[0], tree.check()[0]] == [8, 0]
    tree.settle(30)
    assert [tree.check()[0], tree.check()[0]] == [8, 0]


def test_new_checks_prove_anew(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version of the checks proved is not known to this one."""
    tree.check()
    monkeypatch.setattr(module, "CHECKS", module.CHECKS + 1)
    assert [tree.check()[0], tree.check()[0]] == [8, 0]


def test_known_by_bytes(tmp_path: Path) -> None:
    """Bytes are known by their SHA-256 once they are written, with all that was found."""
    with Proven.open(tmp_path / "p.sqlite") as proven:
        proven.remember(None, FACTS)
        proven.flush()
        assert proven.knows(FACTS.sha256.hex())
        assert not proven.knows("00" * 32)
    with Proven.open(tmp_path / "p.sqlite") as proven:
        assert proven.of_bytes(FACTS.sha256) == FACTS


def damaged(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def newer(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.executescript("DROP TABLE content; CREATE TABLE content (sha256 BLOB PRIMARY KEY, other TEXT)")
    database.close()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def unwritable(path: Path) -> None:
    path.chmod(0o400)
    path.parent.chmod(0o500)


def no_folder(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("a file where a folder should be")


@pytest.mark.parametrize("harm", [damaged, cut, newer, pipe, folder, unwritable, no_folder])
def test_a_memory_that_cannot_be_used(tree: Tree, harm: object) -> None:
    """A database that is damaged, newer, not to be written or none at all never fails a check."""
    tree.check()
    harm(tree.memory)  # type: ignore[operator]
    (tree.data_dir / ORIGINALS / NEUTRAL).write_bytes(b"")
    for _ in range(2):
        assert [finding.rule for finding in tree.check()[1]] == ["IM008"]
    if harm is damaged:  # it is made anew
        assert tree.check()[0] == 1


def test_a_memory_that_is_locked(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process writes for long, a check goes on without, and remembers nothing."""
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    tree.check()
    lock = sqlite3.connect(tree.memory, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    assert tree.check() == (8, [])
    lock.close()
    assert tree.check() == (0, [])


FORGED = [
    *("format='XYZ'", "format=7", "width=NULL", "width='abc'", "width=-1", "height=1.5", "height=1 << 40", "mode=NULL"),
    *("mode=zeroblob(9)", "mode=''", "mode=hex(zeroblob(99))", "mode=CAST(x'ff' AS TEXT)", "deep='yes'", "animated=2"),
    *("transparent=NULL", "look='abc'", "look=zeroblob(9999)", "recipe='abc'", "recipe=1", "sha256='text'"),
]


@pytest.mark.parametrize("change", FORGED)
def test_a_forged_row_is_not_known(tree: Tree, change: str) -> None:
    """A row with a value of another kind than is written counts as none: the file is proven anew, without an error."""
    with Proven.open(tree.memory) as proven:
        stamp = Stamp(b"p" * 16, 5, 6, 7)
        proven.remember(stamp, FACTS)
        proven.flush()
        assert proven.of_file(stamp) == FACTS
    with sqlite3.connect(tree.memory) as database:
        database.execute(f"UPDATE content SET {change}")
        database.execute("UPDATE stamp SET sha256=(SELECT sha256 FROM content)")
    database.close()
    with Proven.open(tree.memory) as proven:
        assert proven.of_file(stamp) is None
    with Proven.open(tree.memory) as proven:
        assert proven.of_bytes(FACTS.sha256) is None
    assert tree.check() == (8, [])


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
COLUMNS = "sha256, checks, deep, format, width, height, mode, transparent, animated, recipe, look"


@pytest.mark.parametrize(
    "script",
    [
        f"CREATE VIEW content AS SELECT {', '.join(f'i AS {name.strip()}' for name in COLUMNS.split(','))} "
        f"FROM ({ENDLESS}) WHERE i < 0",
        "CREATE VIEW stamp AS SELECT 1",
        f"CREATE TABLE content ({COLUMNS}); CREATE TRIGGER t BEFORE INSERT ON content BEGIN "
        f"SELECT max(i) FROM (SELECT 1 AS i); END",
    ],
)
def test_a_memory_of_another_kind(tmp_path: Path, script: str) -> None:
    """A database with views or triggers, which may never end, holds nothing, and opening it ends."""
    path = tmp_path / "p.sqlite"
    with sqlite3.connect(path) as database:
        database.executescript(script)
    database.close()
    code = (
        "import sys; from pathlib import Path; from tools.check.images import proven as module\n"
        "module.LONGEST = 1e9\n"
        "with module.Proven.open(Path(sys.argv[1])) as proven: print(proven._database, proven.of_bytes(b'0' * 32))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert run.stdout.split() == ["None", "None"], run.stderr


def test_a_statement_without_end(tmp_path: Path) -> None:
    """A statement that does not end is broken off, and the memory holds nothing from then on."""
    code = (
        "import sys; from pathlib import Path; from tools.check.images import proven as module\n"
        "module.LONGEST = 0.2\n"
        "with module.Proven.open(Path(sys.argv[1])) as proven:\n"
        "    print(proven._database is None, proven._facts(sys.argv[2], ()), proven._database)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "p.sqlite"), f"{ENDLESS} WHERE i < 0"]
    run = subprocess.run(command, cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert run.stdout.split() == ["False", "None", "None"], run.stderr


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no home has no memory: none is written below a folder called ~."""
    for name in ("DIFFUSIONFER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does without HOME and without an account
    assert default_location() is None
    monkeypatch.setenv("DIFFUSIONFER_CACHE", "/a")
    assert str(default_location()) == "/a/proven.sqlite"


def test_runs_at_the_same_time(tmp_path: Path) -> None:
    """Processes and threads that write one memory at a time leave it whole."""
    code = (
        "import sys; from pathlib import Path\n"
        "from tools.check.images.proven import *; from tests.check.test_images_proven import FACTS\n"
        "from dataclasses import replace\n"
        "with Proven.open(Path(sys.argv[1])) as proven:\n"
        "    for number in range(300):\n"
        "        proven.remember(None, replace(FACTS, sha256=number.to_bytes(2, 'big') + sys.argv[2].encode() * 15))\n"
        "        if number % 50 == 0: proven.flush()\n"
    )
    path = tmp_path / "p.sqlite"
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path), f"{n:02d}"], cwd=ROOT) for n in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    with Proven.open(path) as proven:
        threads = [threading.Thread(target=proven.of_bytes, args=(bytes(2) + b"00" * 15,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for run in ("00", "01"):
            assert proven.of_bytes((299).to_bytes(2, "big") + run.encode() * 15)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"DIFFUSIONFER_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a/proven.sqlite"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/diffusionfer/proven.sqlite"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/c"}, "/c/.cache/diffusionfer/proven.sqlite"),
        ({"HOME": "/c"}, "/c/.cache/diffusionfer/proven.sqlite"),
    ],
)
def test_where_the_memory_is(variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory is where the user says, or in the cache of the system; a relative XDG path is not obeyed."""
    for name in ("DIFFUSIONFER_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(default_location()) == expected


def test_no_path_is_kept(tree: Tree) -> None:
    """The memory holds digests of paths and no path, neither of the machine nor of the dataset."""
    tree.check()
    content = tree.memory.read_bytes()
    assert str(tree.data_dir).encode() not in content
    assert b"aaaaaaaa" not in content
