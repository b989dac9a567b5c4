"""The ledger beside a sheet: what a batch gave outlives the process, and goes into the sheet whole or not at all."""

from __future__ import annotations

import csv
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.environments import ROOT
from tools.make.design import COLUMNS
from tools.make.ledger import BATCH, Ledger, LedgerError

HEADER = "path,emotion,note\n"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A sheet of two rows with a column of its owner's."""
    path = tmp_path / "dataset_sheet.csv"
    path.write_text(HEADER + "a.png,happy,mine\nb.png,sad,\n")
    return path


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a sheet."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_recorded_goes_into_the_sheet(sheet: Path) -> None:
    """Cells change, columns come last, the published first; rows that are new come last, by path."""
    with Ledger(sheet) as ledger:
        ledger.record({"b.png": {"versions": "torch 2", "seed": "7"}, "d.png": {"emotion": "fear"}})
        ledger.record({"c.png": {"emotion": "angry"}, "b.png": {"emotion": "angry"}})
        assert ledger.cells() == {
            "b.png": {"versions": "torch 2", "seed": "7", "emotion": "angry"},
            "c.png": {"emotion": "angry"},
            "d.png": {"emotion": "fear"},
        }
        rows = list(ledger.rows())
        assert sheet.read_text().startswith(HEADER)
        assert ledger.fold() == 3
        assert ledger.cells() == {}
        assert ledger.fold() == 0
    assert sheet.read_text() == (
        "path,emotion,note,seed,versions\na.png,happy,mine,,\nb.png,angry,,7,torch 2\nc.png,angry,,,\nd.png,fear,,,\n"
    )
    assert read(sheet) == rows
    assert [path.name for path in sheet.parent.iterdir() if not path.name.endswith(".lock")] == [sheet.name]


def test_rows_are_gone_through_while_more_is_recorded(sheet: Path) -> None:
    """A row of the sheet that is recorded meanwhile is yielded once; one that the sheet lacks comes the next time."""
    sheet.write_text(HEADER + "".join(f"{number}.png,,\n" for number in range(2 * BATCH)))
    with Ledger(sheet) as ledger:
        ledger.record({"0.png": {"note": "before"}})
        rows = ledger.rows()
        found = [next(rows)]
        ledger.record({f"{2 * BATCH - 1}.png": {"note": "meanwhile"}, "new.png": {"note": "meanwhile"}})
        found += rows
        assert [row["path"] for row in found] == [f"{number}.png" for number in range(2 * BATCH)]
        assert (found[0]["note"], found[-1]["note"]) == ("before", "meanwhile")
        assert [row["path"] for row in ledger.rows()][-1] == "new.png"


def test_a_sheet_of_which_nothing_is_recorded_stays_as_it_is(sheet: Path) -> None:
    """To the byte, whatever its form."""
    content = b"\xef\xbb\xbfpath,emotion\r\n\r\n'a.png',happy"
    sheet.write_bytes(content)
    with Ledger(sheet) as ledger:
        assert ledger.fold() == 0
    assert sheet.read_bytes() == content


def test_line_ends_are_kept(sheet: Path) -> None:
    """Those of the first line, for all."""
    sheet.write_bytes(sheet.read_bytes().replace(b"\n", b"\r\n"))
    with Ledger(sheet) as ledger:
        ledger.record({"a.png": {"emotion": "sad"}})
        ledger.fold()
    assert sheet.read_bytes() == b"path,emotion,note\r\na.png,sad,mine\r\nb.png,sad,\r\n"


def test_a_sheet_that_is_not_there_is_begun(tmp_path: Path) -> None:
    """With the published columns, or, by another key, with those that were recorded."""
    for key, wanted in (("path", [*COLUMNS, "raters"]), ("file_name", ["file_name", "raters"])):
        sheet = tmp_path / key / "sheet.csv"
        sheet.parent.mkdir()
        with Ledger(sheet, key) as ledger:
            ledger.record({"b.png": {"raters": "3"}, "a.png": {"raters": "2"}})
            ledger.fold()
        assert sheet.read_text().splitlines()[0].split(",") == wanted
        assert [(row[key], row["raters"]) for row in read(sheet)] == [("a.png", "2"), ("b.png", "3")]


TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6)
CELLS = st.dictionaries(st.sampled_from(["emotion", "note", "seed", "raters"]), TEXTS)
PATHS = st.integers(0, 2 * BATCH).map("{:04d}.png".format)


@settings(max_examples=30)
@given(records=st.lists(st.dictionaries(PATHS, CELLS, max_size=5), max_size=5), rows=st.integers(0, BATCH + 5))
def test_recording_is_as_writing_the_sheet_each_time(records: list[dict[str, dict[str, str]]], rows: int) -> None:
    """However it is divided, and however many rows the sheet has."""
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder, "dataset_sheet.csv")
        sheet.write_text(HEADER + "".join(f"{number:04d}.png,happy,{number}\n" for number in range(rows)))
        wanted = {row["path"]: row for row in read(sheet)}
        for cells in records:
            with Ledger(sheet) as ledger:
                ledger.record(cells)
            for path, of in cells.items():
                wanted.setdefault(path, {"path": path}).update(of)
        with Ledger(sheet) as ledger:
            ledger.fold()
        found = {row["path"]: {name: cell for name, cell in row.items() if cell} for row in read(sheet)}
        assert found == {path: {name: cell for name, cell in row.items() if cell} for path, row in wanted.items()}


KILLED = """
import sys
from pathlib import Path
from tools.make.ledger import Ledger
with Ledger(Path(sys.argv[1])) as ledger:
    for number in range(10**6):
        ledger.record({f"{number:06d}.png": {"seed": str(number)}})
        print(number, flush=True)
        if number % 7 == 0:
            ledger.fold()
"""


@pytest.mark.parametrize("after", [1, 6, 8, 20])
def test_a_kill_at_any_moment_loses_nothing_that_was_recorded(sheet: Path, after: int) -> None:
    """The next process finds each row once, in the sheet or beside it."""
    with subprocess.Popen([sys.executable, "-c", KILLED, sheet], cwd=ROOT, stdout=subprocess.PIPE, text=True) as made:
        assert made.stdout
        for line in made.stdout:
            if int(line) == after:
                made.send_signal(signal.SIGKILL)
                break
    with Ledger(sheet) as ledger:
        ledger.fold()
    paths = [row["path"] for row in read(sheet)]
    assert len(paths) == len(set(paths))
    assert paths[:2] == ["a.png", "b.png"]
    assert {f"{number:06d}.png" for number in range(after + 1)} <= set(paths)


def test_a_second_process_is_kept_out(sheet: Path) -> None:
    """With a line that says what to do."""
    with Ledger(sheet), pytest.raises(LedgerError) as error, Ledger(sheet):
        pass
    assert str(error.value) == f"another command writes to {sheet}: wait for it to end"
    with Ledger(sheet):  # and let in when the first has ended
        pass


def test_it_can_be_read_meanwhile(sheet: Path) -> None:
    """By who writes nothing: with what is recorded, and with what is written while it is read once."""
    with Ledger(sheet, reading=True) as reader:
        assert [row["path"] for row in reader.rows()] == ["a.png", "b.png"]
    assert list(sheet.parent.iterdir()) == [sheet]
    with Ledger(sheet) as ledger:
        ledger.record({"a.png": {"note": "theirs"}, "c.png": {"note": "new"}})
        with Ledger(sheet, reading=True) as reader:
            ledger.fold()
            assert reader.cells() == {"a.png": {"note": "theirs"}, "c.png": {"note": "new"}}
            assert [(row["path"], row["note"]) for row in reader.rows()] == [
                ("a.png", "theirs"), ("b.png", ""), ("c.png", "new"),
            ]  # fmt: skip
        assert ledger.cells() == {}


def refused(sheet: Path) -> str:
    """Return why a sheet is not opened."""
    with pytest.raises(LedgerError) as error, Ledger(sheet):
        pass
    return str(error.value)


def test_rows_are_renamed_with_their_files(sheet: Path) -> None:
    """The files first, then the row, at its place; who cannot rename files is kept out meanwhile."""
    asked = []

    def rename(before: str, after: str) -> None:
        assert sheet.read_text().startswith(HEADER + "a.png,happy,mine\n")
        asked.append((before, after))
        if len(asked) == 1:
            raise ValueError("something is in the way")

    with Ledger(sheet, rename=rename) as ledger:
        ledger.record({"a.png": {"path": "z.png", "emotion": "sad"}})
        with pytest.raises(ValueError, match="something is in the way"):
            ledger.fold()
    assert refused(sheet) == (
        f"{sheet}: an import that moves pictures was cut short: run that `diffusionfer annotate import` again, which "
        "finishes it"
    )
    with Ledger(sheet, rename=rename) as ledger:
        assert [row["path"] for row in ledger.rows()] == ["z.png", "b.png"]
        assert ledger.fold() == 1
        assert (ledger.fold(), asked) == (0, [("a.png", "z.png")] * 2)
    with Ledger(sheet):
        assert sheet.read_text() == HEADER + "z.png,sad,mine\nb.png,sad,\n"


def test_a_row_that_is_renamed_already(sheet: Path) -> None:
    """Killed after the sheet was written, a rename is recorded still, and is done: no row comes of it."""
    with Ledger(sheet, rename=lambda before, after: None) as ledger:
        ledger.record({"a.png": {"path": "z.png"}})
        sheet.write_text(content := HEADER + "z.png,happy,mine\nb.png,sad,\n")
    assert refused(sheet)
    with Ledger(sheet, rename=lambda before, after: None) as ledger:
        assert [row["path"] for row in ledger.rows()] == ["z.png", "b.png"]
        ledger.fold()
    assert sheet.read_text() == content
    with Ledger(sheet) as ledger:
        assert ledger.cells() == {}


WRONG = {
    "seed,emotion\n1,happy\n": "{sheet} has no column path: mend its first line",
    "path,path\n": "{sheet} has a column twice: mend its first line",
    HEADER + "a.png,happy,,,\n": "{sheet} row 2 has 5 cells, where the header has 3: mend it, nothing was changed",
}


@pytest.mark.parametrize("content", WRONG)
def test_a_sheet_that_is_wrong(sheet: Path, content: str) -> None:
    """It is said in a line, the sheet stays as it is, and so does what was recorded."""
    sheet.write_text(content)
    with Ledger(sheet) as ledger:
        ledger.record({"a.png": {"seed": "1"}})
        with pytest.raises(LedgerError) as error:
            ledger.fold()
        assert ledger.cells() == {"a.png": {"seed": "1"}}
    assert str(error.value) == WRONG[content].format(sheet=sheet)
    assert sheet.read_text() == content
    assert not list(sheet.parent.glob("*.part")) + list(sheet.parent.glob(".*.part"))


def test_a_cell_that_no_csv_holds(sheet: Path) -> None:
    """Is refused with all that comes with it."""
    with Ledger(sheet) as ledger:
        with pytest.raises(LedgerError) as error:
            ledger.record({"a.png": {"note": "good"}, "b.png": {"note": "a\0b"}})
        assert str(error.value) == "'b.png': note holds a NUL, which a CSV cannot"
        assert ledger.cells() == {}


def test_what_is_no_sheet(sheet: Path) -> None:
    """A Parquet file, a link, text that is not UTF-8, a ledger of somebody else."""
    with pytest.raises(LedgerError, match=r"sheet.parquet is no CSV, which alone is written to: convert it to dataset"):
        Ledger(sheet.with_suffix(".parquet")).__enter__()
    link = sheet.with_name("link.csv")
    link.symlink_to(sheet)
    with pytest.raises(LedgerError, match=r"link.csv is a link: give the folder that the sheet itself lies in"):
        Ledger(link).__enter__()
    sheet.write_bytes(b"path\n\xff.png\n")
    with Ledger(sheet) as ledger, pytest.raises(LedgerError, match=r"cannot be read \(.*\): save it as CSV UTF-8"):
        list(ledger.rows())
    (sheet.parent / ".other.csv.ledger").write_bytes(b"something else, and more than a header" * 99)
    with pytest.raises(LedgerError, match=r"cannot be used \(file is not a database\): look at the disk, or move it"):
        Ledger(sheet.with_name("other.csv")).__enter__()
    with sqlite3.connect(sheet.parent / ".third.csv.ledger") as database:
        database.execute("PRAGMA application_id = 7")
    with pytest.raises(LedgerError, match=r"third.csv.ledger is not a ledger of this project: move it away"):
        Ledger(sheet.with_name("third.csv")).__enter__()


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may become larger than 100 KB, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_is_full(sheet: Path, small_disk: None) -> None:
    """The sheet stays as it was, what was recorded is kept, and both are said."""
    before = sheet.read_text() + "c.png,happy,\n" * 6000
    sheet.write_text(before)
    with Ledger(sheet) as ledger:
        ledger.record({"a.png": {"note": "x" * 30_000}})
        with pytest.raises(LedgerError, match=r"cannot be written \(File too large\): what was made is kept"):
            ledger.fold()
        with pytest.raises(LedgerError, match=r"ledger cannot be used \(.*\): .*; what was recorded before is kept"):
            ledger.record({f"{number}.png": {"note": "x" * 1000} for number in range(200)})
        assert list(ledger.cells()) == ["a.png"]
    assert sheet.read_text() == before
