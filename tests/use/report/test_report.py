"""The command: what its page says of a whole tree and of a small one, and what it refuses."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.environments import ROOT
from tests.trees import png, write_emonet, write_faces, write_sheet, zip_folder
from tools import report
from tools.use.report.page import MARK

SECTIONS = ["contents", "findings", "distributions", "gaps", "agreement", "duplicates", "clip", "changes"]


def run(data_dir: Path, out: Path, *options: str) -> Result:
    """Run the command without a Hub, unless an option names one."""
    if "--against" not in options:
        options = ("--no-published", *options)
    return CliRunner().invoke(report.main, ["--data-dir", str(data_dir), "-o", str(out), *options])


def made(data_dir: Path, out: Path, *options: str) -> str:
    """Return the page on a data directory."""
    done = run(data_dir, out, *options)
    assert done.exit_code == 0, done.output
    return out.read_text(encoding="utf-8")


def section(page: str, name: str) -> str:
    """Return the HTML of one section."""
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found, name
    return found[0]


class Words(HTMLParser):
    """The text of a page, and whether each element is closed where it must be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element that is to be closed."""
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Leave the elements of SVG alone that close themselves."""
        assert tag == "rect"

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.words.append(data)

    def __str__(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_a_good_tree(tmp_path: Path) -> None:
    """Every section is there, in order; what there is none of says so; the page names no path of the machine."""
    write_faces(tmp_path / "data", 30)
    done = run(tmp_path / "data", tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'out.html'}: {len(page.encode()):,} bytes\n")
    assert re.findall(r'<section id="(\w+)"', page) == SECTIONS
    assert re.findall(r'<a href="#(\w+)"', page) == SECTIONS
    assert page.splitlines()[:2] == ["<!DOCTYPE html>", MARK]
    assert str(tmp_path) not in page
    words = str(Words(page))
    assert "small_original 30 train 24, validation 3, test 3 30" in words
    assert "64 × 64" in words
    assert "Nobody rated or annotated these pictures here" in words
    assert "No two pictures of small_original and small_cropped were found to be the same." in words
    assert "No row has a CLIP score" in words
    assert "--no-published was given" in words
    assert "no row states" not in words


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    """Whether it was proven before, in whichever folder it lies and wherever the page is written."""
    write_faces(tmp_path / "one", 30)
    write_emonet(tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "two")
    pages = [
        made(tmp_path / "two", tmp_path / "a.html", "--no-cache"),
        made(tmp_path / "two", tmp_path / "b.html"),
        made(tmp_path / "two", tmp_path / "b.html"),
    ]
    (tmp_path / "two").rename(tmp_path / "three")
    pages.append(made(tmp_path / "three", tmp_path / "below" / "c.html"))
    assert len(set(pages)) == 1


@pytest.mark.parametrize("depth", ["quick", "default", "deep"])
def test_depths(tmp_path: Path, depth: str) -> None:
    """What was not looked for is said."""
    rows = write_faces(tmp_path / "data", 14)
    (tmp_path / "data" / rows[1]["path"]).write_bytes((tmp_path / "data" / rows[0]["path"]).read_bytes())
    found = section(made(tmp_path / "data", tmp_path / "out.html", "--depth", depth), "duplicates")
    assert ("same bytes" in found.replace("the same bytes", "")) == (depth != "quick")
    assert ("no more than their headers is read" in found) == (depth == "quick")
    assert ("finds those alike, too" in found) == (depth == "default")


def test_alike_without_scipy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library of the perceptual hash is missing, the page says what to install."""
    write_faces(tmp_path / "data", 7)
    monkeypatch.setitem(sys.modules, "scipy.fft", None)
    page = made(tmp_path / "data", tmp_path / "out.html", "--no-cache")
    assert 'pip install "diffusionfer[deep]"' in page
    assert "pictures that look alike were not looked for: see the duplicates" in section(page, "contents")
    assert "pictures that look alike were looked for" not in page
    assert '<li class="plain"><a href="#duplicates">' in page


def test_what_was_not_looked_at_is_not_fine(tmp_path: Path) -> None:
    """Gaps and duplicates are fine where all was counted and compared, and nowhere else."""
    write_faces(tmp_path / "data", 14)
    fine = '<li class="fine"><a href="#{}">'
    page = made(tmp_path / "data", tmp_path / "out.html")
    assert fine.format("gaps") in page
    assert fine.format("duplicates") in page
    assert fine.format("duplicates") not in made(tmp_path / "data", tmp_path / "out.html", "--depth", "default")
    shutil.rmtree(tmp_path / "data" / "DiffusionEmotion_S_cropped")
    (tmp_path / "data" / "DiffusionEmotion_S_cropped.zip").write_bytes(b"no zip")
    sheet = tmp_path / "data" / "dataset_sheet.csv"
    sheet.write_text("path\n" + "".join(f"{line.split(',')[0]}\n" for line in sheet.read_text().splitlines()[1:]))
    page = made(tmp_path / "data", tmp_path / "out.html")
    assert "– not counted" in str(Words(page))
    assert "The pictures of small_cropped cannot be listed, nor compared: see the findings." in str(Words(page))
    assert 'class="fine"' not in page
    shutil.rmtree(tmp_path / "data" / "DifussionEmotion_S")
    (tmp_path / "data" / "DifussionEmotion_S.zip").write_bytes(b"no zip")
    words = str(Words(made(tmp_path / "data", tmp_path / "out.html")))
    assert "Duplicates – not looked for" in words
    assert "Every pixel was decoded" not in words


def test_a_relative_folder_leaves_no_path_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what cannot be listed the way from the data directory is named, however that was given."""
    monkeypatch.chdir(tmp_path)
    for number in range(12):
        folder = Path("below") / f"data{number}"
        write_faces(folder, 7)
        (folder / "DifussionEmotion_M.zip").write_bytes(b"no zip")
        page = made(folder, tmp_path / "out.html", "--depth", "quick")
        assert "cannot be listed: DifussionEmotion_M.zip cannot be read" in str(Words(section(page, "findings")))
        assert str(tmp_path) not in page


def test_a_zip_is_read_in_place(tmp_path: Path) -> None:
    """Thumbnails come from a zip, too."""
    rows = write_faces(tmp_path / "data", 14)
    for row in rows:
        row["clip_score"] = "0.2"
    write_sheet(tmp_path / "data" / "dataset_sheet.csv", rows)
    zip_folder(tmp_path / "data" / "DifussionEmotion_S")
    found = section(made(tmp_path / "data", tmp_path / "out.html"), "clip")
    assert found.count('<img src="data:image/webp;base64,') == 14


def test_the_card_is_checked_too(tmp_path: Path) -> None:
    """With --card its findings are among the others."""
    write_faces(tmp_path / "data", 7)
    (tmp_path / "README.md").write_text("# Nothing\n")
    page = made(tmp_path / "data", tmp_path / "out.html", "--card", str(tmp_path / "README.md"))
    assert 'class="rule"><bdi>CA' in section(page, "findings")


def test_a_sheet_that_says_nothing(tmp_path: Path) -> None:
    """Without a sheet, and with one that lacks its columns, the report is made and says why it counts nothing."""
    write_faces(tmp_path / "data", 7)
    sheet = tmp_path / "data" / "dataset_sheet.csv"
    lines = sheet.read_text().splitlines()[1:]
    sheet.write_text("path,split\n" + "\n".join(",".join(line.split(",")[:2]) for line in lines) + "\n")
    words = str(Words(made(tmp_path / "data", tmp_path / "out.html")))
    assert "The rows of small could not be counted: the sheet has no column emotion, valence, arousal" in words
    sheet.unlink()
    words = str(Words(made(tmp_path / "data", tmp_path / "out.html")))
    assert "The rows of 2 configs cannot be read: see the findings." in words
    assert "cannot be read: see the findings" in words


def test_a_page_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """A report may go over a report; another file, a folder and a page that only speaks of one stay as they are."""
    write_faces(tmp_path / "data", 7)
    out = tmp_path / "out.html"
    first = made(tmp_path / "data", out)
    assert made(tmp_path / "data", out) == first
    for name, content in {"notes.html": b"<p>mine</p>", "far.html": b"x" * 300 + MARK.encode()}.items():
        (tmp_path / name).write_bytes(content)
        done = run(tmp_path / "data", tmp_path / name)
        assert (done.exit_code, (tmp_path / name).read_bytes()) == (2, content)
        assert done.stderr == (
            f"error: {tmp_path / name} is a file that is no report: give another name to --output, or move it away\n"
        )
    done = run(tmp_path / "data", tmp_path / "data")
    assert (done.exit_code, "is no file: give another name to --output" in done.stderr) == (2, True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data", "far.html", "notes.html", "out.html"]


def test_what_cannot_be_reported_on(tmp_path: Path) -> None:
    """One line says what is missing, and no page is left."""
    write_faces(tmp_path / "data", 7)
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out.html"
    cases: dict[tuple[Path | str, ...], str] = {
        (tmp_path / "none",): "none is not a folder",
        (tmp_path / "empty",): "empty holds the data of no config: none of DifussionEmotion_S, ",
        (tmp_path / "data", "--config", "large_original"): "config large_original",
        (tmp_path / "data", "--config", "big"): "'big' is none of small_original",
        (tmp_path / "data", "--card", str(tmp_path / "README.md")): "README.md is not there",
        (tmp_path / "data", "--against", "@v1"): "--against: expected REPO or REPO@REVISION (got '@v1')",
        (tmp_path / "data", "--against", "a b/c"): "--against: 'a b/c' is not a repository's name",
        (tmp_path / "data", "--against", "a/b", "--no-published"): "--no-published looks at no repository",
    }
    for (folder, *options), said in cases.items():
        done = run(Path(folder), out, *map(str, options))
        assert (done.exit_code, done.stdout) == (2, ""), options
        assert said in done.stderr
        assert "Traceback" not in done.output
        assert not out.exists()


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file, and comes before the look at the pictures."""
    write_faces(tmp_path / "data", 7)
    (tmp_path / "file").write_text("a file")
    monkeypatch.setattr("tools.use.report.make.make_report", None)
    done = run(tmp_path / "data", tmp_path / "file" / "below" / "out.html")
    assert done.exit_code == 2
    out = tmp_path / "file" / "below" / "out.html"
    assert done.stderr == f"error: {out} cannot be written: file is no folder that you may write to\n"


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """The error names the file, the page that was there stays, and nothing half-written is left."""
    write_faces(tmp_path / "data", 7)
    before = made(tmp_path / "data", tmp_path / "out.html")
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
    code += "from tools.report import main; main(sys.argv[1:])"
    options = ["--data-dir", str(tmp_path / "data"), "-o", str(tmp_path / "out.html"), "--no-published", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *options], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (2, f"error: {tmp_path / 'out.html'} cannot be written: File too large\n")
    assert (tmp_path / "out.html").read_text(encoding="utf-8") == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data", "out.html"]


def test_stopped_by_ctrl_c(tmp_path: Path) -> None:
    """It says so, with status 130, and leaves no page."""
    for number in range(400):
        folder = tmp_path / "data" / "DifussionEmotion_S" / "angry"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:08d}_6.png").write_bytes(png(number, 256) if number < 3 else png(0, 512))
    (tmp_path / "data" / "dataset_sheet.csv").write_text("path\n")
    command = [sys.executable, str(ROOT / "tools" / "report.py"), "--data-dir", str(tmp_path / "data")]
    command += ["-o", str(tmp_path / "out.html"), "--no-published", "--no-cache"]
    code = "import sys, tools.use.report.tree as t; w = t._walked\n"
    code += "def walked(*a):\n    print('walking', flush=True)\n    yield from w(*a)\n"
    code += "t._walked = walked; from tools.report import main; main(sys.argv[1:])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *command[2:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdout
    assert process.stdout.readline() == b"walking\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.decode().splitlines()[-1]) == (130, "stopped")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data"]


def test_the_page_of_the_documents_names_every_option() -> None:
    """The table has all options, and none that does not exist."""
    table = (ROOT / "docs" / "report.md").read_text(encoding="utf-8").split("| option |")[1].split("\n\n")[0]
    options = {option for param in report.main.params for option in param.opts}
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", table.replace("|---|", ""))) == options
