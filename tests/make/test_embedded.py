"""The embedded edition on disk: the committed digests, and a raw tree that survives everything."""

import csv
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import PIL
import pytest
from click.testing import CliRunner
from PIL import Image

from tools.generate import main
from tools.make import embedded
from tools.make.design import Row
from tools.make.embedded import CROPPED, FOLDER, SHEET, cropped_path, read_sheet, render_tree, sheet_text

ROOT = Path(__file__).resolve().parents[2]
MADE_WITH = "13.0.0"  # the Pillow that made the committed sheet


def write_sheet(path: Path, rows: list[Row]) -> Path:
    """Write rows as a sheet file."""
    path.write_text(sheet_text(rows), encoding="utf-8", newline="")
    return path


@pytest.fixture(scope="module")
def small() -> list[Row]:
    """Seven rows, one of each emotion, with the digests of the Pillow at hand."""
    rows = read_sheet(ROOT / SHEET)
    return [embedded.describe(row) for row in rows[100 :: len(rows) // 7][:7]]


@pytest.fixture
def sheet(small: list[Row], tmp_path: Path) -> Path:
    """The seven rows as a sheet file."""
    return write_sheet(tmp_path / "sheet.csv", small)


def pictures(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file in the two picture folders, by path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for kind in (FOLDER, CROPPED)
        for path in (folder / kind).rglob("*")
        if path.is_file()
    }


def expected(rows: list[Row]) -> dict[str, str]:
    """Return the digests that the sheet promises, by path."""
    return {row["path"]: row["sha256"] for row in rows} | {
        cropped_path(row["path"]): row["sha256_cropped"] for row in rows
    }


def test_the_committed_digests_are_those_of_the_renderer() -> None:
    """Rows spread over the whole sheet render to the very bytes that it names."""
    rows = read_sheet(ROOT / SHEET)[::63]
    assert len(rows) == 24
    differing = [row["path"] for row in rows if embedded.describe(row) != row]
    if differing and PIL.__version__ != MADE_WITH:
        pytest.skip(f"Pillow {PIL.__version__} draws other bytes than {MADE_WITH}, which made the sheet")
    assert differing == []


def test_a_tree_holds_every_picture_and_the_sheet(
    sheet: Path, small: list[Row], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two workers write originals, crops and the sheet, say nothing, and a second run draws nothing."""
    done = render_tree(sheet, tmp_path / "tree", workers=2)
    assert (done.rows, done.drawn, done.removed, done.differing) == (7, 7, 0, 0)
    assert pictures(tmp_path / "tree") == expected(small)
    assert (tmp_path / "tree" / SHEET).read_bytes() == sheet.read_bytes()
    assert render_tree(sheet, tmp_path / "tree", workers=2).drawn == 0
    assert capfd.readouterr() == ("", "")


def test_only_what_is_missing_or_damaged_is_drawn_again(sheet: Path, small: list[Row], tmp_path: Path) -> None:
    """A lost crop and a damaged original cost two rows; untouched files are not written."""
    render_tree(sheet, tmp_path, workers=1)
    (tmp_path / cropped_path(small[3]["path"])).unlink()
    (tmp_path / small[5]["path"]).write_bytes(b"damaged")
    kept = tmp_path / small[6]["path"]
    before = kept.stat().st_mtime_ns
    assert render_tree(sheet, tmp_path, workers=1).drawn == 2
    assert pictures(tmp_path) == expected(small)
    assert kept.stat().st_mtime_ns == before


def test_a_later_edition_removes_the_former_one_and_nothing_else(sheet: Path, small: list[Row], tmp_path: Path) -> None:
    """Pictures of a former edition and unfinished files go; files that this tool did not make stay."""
    tree = tmp_path / "tree"
    render_tree(sheet, tree, workers=1)
    foreign = [
        tree / "notes.txt",
        tree / FOLDER / "happy" / "abcdefgh_1.png",
        tree / CROPPED / "mine.png",
        tree / "other" / "zzzzzzzz_6.png",
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"foreign")
    part = (tree / small[0]["path"]).with_name(".abcdefgh_6.png.part")
    part.write_bytes(b"half")
    later = write_sheet(tmp_path / "later.csv", small[2:])
    assert render_tree(later, tree, workers=1).removed == 4
    assert not part.exists()
    assert all(path.read_bytes() == b"foreign" for path in foreign)
    assert expected(small[2:]).items() <= pictures(tree).items()
    assert not pictures(tree).keys() & expected(small[:2]).keys()


def test_differing_digests_are_reported_and_the_tree_tells_the_truth(small: list[Row], tmp_path: Path) -> None:
    """Where other bytes come out than the sheet says, the sheet in the tree has the digests of the files."""
    wrong = [{**row, "sha256": "0" * 64} if k in (1, 4) else row for k, row in enumerate(small)]
    done = render_tree(write_sheet(tmp_path / "wrong.csv", wrong), tmp_path / "tree", workers=1)
    assert done.differing == 2
    assert read_sheet(tmp_path / "tree" / SHEET) == small
    assert pictures(tmp_path / "tree") == expected(small)


def test_a_foreign_dataset_is_not_touched(sheet: Path, small: list[Row], tmp_path: Path) -> None:
    """A folder whose sheet was not made by this renderer is refused before anything is written."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for rows, text in (([{**small[0], "model": "anything-v4"}], None), ([], "path,label\na,b\n")):
        (tree / SHEET).write_text(text or sheet_text(rows), encoding="utf-8", newline="")
        with pytest.raises(ValueError, match="is no sheet of diffusionfer-sketch; choose an empty folder"):
            render_tree(sheet, tree, workers=1)
        assert [path.name for path in tree.iterdir()] == [SHEET]


@pytest.mark.parametrize("path", ["../outside_6.png", "/tmp/aaaaaaaa_6.png", "DifussionEmotion_S/angry/aaaaaaaa_5.png"])
def test_a_path_outside_the_raw_tree_is_refused(path: str, small: list[Row], tmp_path: Path) -> None:
    """A sheet cannot make the renderer write anywhere but to its two folders."""
    sheet = write_sheet(tmp_path / "bad.csv", [small[0], {**small[1], "path": path}])
    with pytest.raises(ValueError, match=r"bad\.csv, line 3: path: expected .*\(got "):
        render_tree(sheet, tmp_path / "tree", workers=1)
    assert not (tmp_path / "tree").exists()


def test_a_sheet_for_another_renderer_is_refused(small: list[Row], tmp_path: Path) -> None:
    """A row names the renderer that it needs; this one draws no other's."""
    sheet = write_sheet(tmp_path / "next.csv", [{**small[0], "model": "diffusionfer-sketch-9"}])
    with pytest.raises(ValueError, match=r"model: expected 'diffusionfer-sketch-1' \(got 'diffusionfer-sketch-9'"):
        render_tree(sheet, tmp_path / "tree", workers=1)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_run_is_completed_by_the_next(sheet: Path, small: list[Row], tmp_path: Path) -> None:
    """After kill -9 of the whole group every picture is whole or absent, and a rerun completes the tree."""
    tree = tmp_path / "tree"
    code = "import sys, pathlib, tools.make.embedded as e; e.render_tree(*map(pathlib.Path, sys.argv[1:]), workers=2)"
    process = subprocess.Popen([sys.executable, "-c", code, str(sheet), str(tree)], cwd=ROOT, start_new_session=True)
    until = time.monotonic() + 60
    while len(list(tree.rglob("*.png"))) < 3 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    whole = {path: digest for path, digest in pictures(tree).items() if not path.endswith(".part")}
    assert len(whole) >= 3
    assert whole.items() <= expected(small).items()
    assert render_tree(sheet, tree, workers=2).differing == 0
    assert pictures(tree) == expected(small)


def test_a_sheet_is_made_again_to_the_byte(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`make_sheet` writes UTF-8 CSV with "\\n" line ends, the same however many workers draw."""
    few = embedded.design()[::300]
    monkeypatch.setattr(embedded, "design", lambda: few)
    one = embedded.make_sheet(tmp_path / "one.csv", workers=1)
    two = embedded.make_sheet(tmp_path / "two.csv", workers=2)
    assert one == two == read_sheet(tmp_path / "one.csv")
    content = (tmp_path / "one.csv").read_bytes()
    assert content == (tmp_path / "two.csv").read_bytes()
    assert b"\r" not in content
    for row in one:
        x, y, width, height = map(float, row["face_box"].split(" "))
        assert min(x, y) >= 0 < min(width, height)


def test_the_commands_say_what_they_did(sheet: Path, small: list[Row], tmp_path: Path) -> None:
    """`render` and `contact-sheet` write their files; an error is one line and exit status 1."""
    run = CliRunner().invoke
    done = run(main, ["render", "--sheet", str(sheet), "--out", str(tmp_path / "tree"), "--workers", "1"])
    assert done.exit_code == 0
    assert "7 rows, 7 drawn, 0 stale pictures removed" in done.output
    done = run(main, ["contact-sheet", str(tmp_path / "all.png"), "--sheet", str(sheet), "--columns", "2"])
    assert done.exit_code == 0
    with Image.open(tmp_path / "all.png") as image:
        assert image.size == (320, 1120)
    done = run(main, ["render", "--sheet", str(tmp_path / "none.csv"), "--out", str(tmp_path / "other")])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert done.output.count("\n") == 1


def test_the_sheet_is_plain_csv(sheet: Path, small: list[Row]) -> None:
    """Any CSV reader gets the same rows."""
    with sheet.open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == small
