"""An export is there as a whole or not at all, and nothing that this command did not make is ever written over."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.use.export.exporting import FOLDER, SCRIPT, files, made, picture, refused, run, write_tree
from tools.use.export import job
from tools.use.export.made import MARKER

FORMATS = ["fer-zoo", "imagefolder", "webdataset", "zip", "coco"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small tree."""
    write_tree(tmp_path / "data")
    return tmp_path / "data"


def target_of(form: str, folder: Path) -> Path:
    """Return where a format goes."""
    return folder / ("out.zip" if form == "zip" else "out")


def content(target: Path) -> Any:
    """Return all bytes of an export."""
    return target.read_bytes() if target.is_file() else files(target)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_input_gives_the_same_bytes(tmp_path: Path, data: Path, form: str) -> None:
    """Also the list of what was made: it holds no time and no path of this machine; and nothing is left beside it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = target_of(form, tmp_path / "a"), target_of(form, tmp_path / "b")
    made(form, first, "--data-dir", data)
    time.sleep(1.1)
    shutil.copytree(data, tmp_path / "other")
    made(form, second, "--data-dir", tmp_path / "other")
    assert content(first) == content(second)
    assert str(tmp_path).encode() not in (first if first.is_file() else first / MARKER).read_bytes()
    assert [file.name for file in (tmp_path / "a").iterdir()] == [first.name]


@pytest.mark.parametrize("form", ["zip", "imagefolder"])
def test_the_order_of_splits_is_the_usual(tmp_path: Path, data: Path, form: str) -> None:
    """In whatever order, and however often, splits are asked for, the bytes are the same."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = target_of(form, tmp_path / "a"), target_of(form, tmp_path / "b")
    made(form, first, "--data-dir", data, "--split", "train", "--split", "test")
    made(form, second, "--data-dir", data, "--split", "test", "--split", "train", "--split", "test")
    assert content(first) == content(second)


@pytest.mark.parametrize("form", ["fer-zoo", "imagefolder", "coco"])
def test_pictures_are_linked(tmp_path: Path, data: Path, form: str) -> None:
    """A picture is the original itself, and --copy makes it another file; the originals never change."""
    before = files(data)
    assert "linked, 0 copied" in made(form, tmp_path / "out", "--data-dir", data).output
    made(form, tmp_path / "copies", "--data-dir", data, "--copy")
    name = next(iter((tmp_path / "out").rglob("aaaaaaab_1.png"))).relative_to(tmp_path / "out")
    original = data / FOLDER / "happy" / "aaaaaaab_1.png"
    assert (tmp_path / "out" / name).samefile(original)
    assert not (tmp_path / "copies" / name).samefile(original)
    assert files(tmp_path / "out") == files(tmp_path / "copies")
    made(form, tmp_path / "out", "--data-dir", data)
    assert files(data) == before


def test_another_file_system_gets_copies(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a link cannot be made, the bytes are written."""

    def no_link(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(job.os, "link", no_link)
    assert "(0 linked, 27 copied)" in made("fer-zoo", tmp_path / "out", "--data-dir", data).output
    assert (tmp_path / "out" / "train" / "happy" / "aaaaaaab_1.png").read_bytes() == picture(1)


def test_a_link_in_the_data_is_followed_within_it(tmp_path: Path, data: Path) -> None:
    """What is linked is the file that a link inside of the data leads to; one that leaves it is refused."""
    file = data / FOLDER / "happy" / "aaaaaaab_1.png"
    file.rename(data / "kept.png")
    file.symlink_to(data / "kept.png")
    made("fer-zoo", tmp_path / "out", "--data-dir", data)
    exported = tmp_path / "out" / "train" / "happy" / "aaaaaaab_1.png"
    assert not exported.is_symlink()
    assert exported.samefile(data / "kept.png")
    (data / "kept.png").rename(tmp_path / "secret.png")
    file.unlink()
    file.symlink_to(tmp_path / "secret.png")
    said = refused("fer-zoo", tmp_path / "out2", "--data-dir", data)
    assert "1 of 27 pictures of small_original cannot be exported: 'happy/aaaaaaab_1.png' cannot be read" in said
    assert "is a link that leaves the data directory" in said


@pytest.mark.parametrize("form", FORMATS)
def test_its_own_export_is_replaced(tmp_path: Path, data: Path, form: str) -> None:
    """A second export takes the place of the first, with the rows that there are now and no others."""
    target = target_of(form, tmp_path)
    made(form, target, "--data-dir", data)
    before = content(target)
    sheet = data / "dataset_sheet.csv"
    sheet.write_text("".join(sheet.read_text().splitlines(keepends=True)[:-10]))
    made(form, target, "--data-dir", data)
    assert content(target) != before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data", target.name]
    again = content(target)
    made(form, target, "--data-dir", data)
    assert content(target) == again


def test_what_others_made_is_refused(tmp_path: Path, data: Path) -> None:
    """A folder with other things, an export to which something was added, or that was edited, and a file."""
    out = tmp_path / "out"
    out.mkdir()
    for name in "abcde":
        (out / name).write_text("mine")
    before = files(tmp_path)
    said = refused("fer-zoo", out, "--data-dir", data)
    assert said == (
        f"{out} holds what this command did not make ('a', 'b', 'c' and 2 more): remove it, or export to another place"
    )
    assert "did not make ('a'" in refused("imagefolder", out, "--data-dir", data)
    assert files(tmp_path) == before
    shutil.rmtree(out)
    out.mkdir()  # an empty folder is as good as none
    made("fer-zoo", out, "--data-dir", data)
    (out / ".DS_Store").write_text("litter")
    made("fer-zoo", out, "--data-dir", data)
    (out / "train" / "mine.txt").write_text("mine")
    assert "did not make ('train/mine.txt')" in refused("fer-zoo", out, "--data-dir", data)
    (out / "train" / "mine.txt").unlink()
    table = (out / "training.csv").read_text()
    (out / "training.csv").write_text(table.replace("0.25", "0.52"))
    assert "was changed since it was made ('training.csv')" in refused("fer-zoo", out, "--data-dir", data)
    (out / "training.csv").write_text(table)
    (out / MARKER).write_text('{"made_by": "someone"}')
    assert "holds what this command did not make" in refused("fer-zoo", out, "--data-dir", data)
    shutil.rmtree(out)
    out.mkdir()
    (out / MARKER).write_text("[]")
    assert f"holds a {MARKER} that this command did not make" in refused("fer-zoo", out, "--data-dir", data)


def test_a_zip_of_others_is_refused(tmp_path: Path, data: Path) -> None:
    """Any other file, and a zip of ours to which something was added."""
    out = tmp_path / "out.zip"
    out.write_text("mine")
    said = f"{out} is there, and not as this command made it: remove it, or export to another place"
    assert refused("zip", out, "--data-dir", data) == said
    assert out.read_text() == "mine"
    out.unlink()
    made("zip", out, "--data-dir", data)
    made("zip", out, "--data-dir", data)
    import zipfile

    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("mine.txt", "mine")
    assert refused("zip", out, "--data-dir", data) == said
    out.unlink()
    out.mkdir()
    assert refused("zip", out, "--data-dir", data) == said
    assert refused("coco", tmp_path / "data" / ".." / "data" / "dataset_sheet.csv", "--data-dir", data).endswith(
        "lie in each other: export to another place"
    )


def test_places_that_cannot_be(tmp_path: Path, data: Path) -> None:
    """Inside of the data, around it, behind a link, without a folder, and a zip by another name."""
    for place in (data / "out", data, tmp_path, data / FOLDER):
        assert "lie in each other: export to another place" in refused("fer-zoo", place, "--data-dir", data)
    (tmp_path / "way").symlink_to(data)
    assert "lie in each other" in refused("fer-zoo", tmp_path / "way" / "out", "--data-dir", data)
    (tmp_path / "link").symlink_to(tmp_path / "out")
    said = refused("fer-zoo", tmp_path / "link", "--data-dir", data)
    assert said == f"{tmp_path / 'link'} is a link: give the place that it leads to"
    none = tmp_path / "none" / "out"
    assert refused("fer-zoo", none, "--data-dir", data) == f"{none} cannot be made: its folder is not there"
    assert refused("zip", tmp_path / "out", "--data-dir", data) == f"{tmp_path / 'out'} does not end in .zip"


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of its own with room for a few pictures."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_as_the_target(small_disk: Path, data: Path) -> None:
    """A target that is a disk of its own cannot be put there at once: that is said before any work."""
    said = refused("imagefolder", small_disk, "--data-dir", data)
    assert said == f"{small_disk} is a disk of its own: export to a folder on it, such as {small_disk / 'export'}"
    made("imagefolder", small_disk / "export", "--data-dir", data, "--split", "test")


@pytest.mark.parametrize("form", FORMATS)
def test_a_disk_that_fills(small_disk: Path, tmp_path: Path, form: str, capfd: pytest.CaptureFixture[str]) -> None:
    """One line, and nothing is left of it; an export that was there stays as it was."""
    rows = write_tree(tmp_path / "data")
    for row in rows:  # a PNG may be followed by anything
        with (tmp_path / "data" / row["path"]).open("ab") as file:
            file.write(bytes(8000))
    target = target_of(form, small_disk)
    said = refused(form, target, "--data-dir", tmp_path / "data")
    assert said == f"{target} cannot be written (No space left on device): it is not made"
    assert list(small_disk.iterdir()) == []
    sheet = tmp_path / "data" / "dataset_sheet.csv"
    whole = sheet.read_text()
    sheet.write_text("".join(whole.splitlines(keepends=True)[:6]))
    made(form, target, "--data-dir", tmp_path / "data")
    before = content(target)
    sheet.write_text(whole)
    assert "it is as it was" in refused(form, target, "--data-dir", tmp_path / "data")
    assert content(target) == before
    assert list(small_disk.iterdir()) == [target]
    assert "Exception ignored" not in capfd.readouterr().err


def test_a_swap_that_fails_brings_the_old_one_back(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new folder cannot take the place, the old one does again."""
    out = tmp_path / "out"
    made("fer-zoo", out, "--data-dir", data)
    before = files(out)
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if ".partial-" in self.name:
            raise PermissionError(errno.EACCES, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    assert refused("fer-zoo", out, "--data-dir", data).endswith("(Permission denied): it is as it was")
    assert files(out) == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data", "out"]


PAUSED = """if True:
    import sys, time
    sys.path.insert(0, sys.argv[1])
    from tools.use.export import job
    put = job.Job.put
    def slow(self, *arguments):
        put(self, *arguments)
        print("put", flush=True)
        time.sleep(0.2)
    job.Job.put = slow
    from tools.export import main
    main(sys.argv[2:])
"""


def begun(out: Path, data: Path) -> subprocess.Popen[str]:
    """Begin an export in a process of its own; return it when the first picture is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSED, str(SCRIPT.parent.parent), "fer-zoo", str(out), "--data-dir", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "put\n"
    return process


def test_ctrl_c_leaves_nothing(tmp_path: Path, data: Path) -> None:
    """Status 130, "stopped", and no folder."""
    process = begun(tmp_path / "out", data)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "stopped\n")
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


def test_a_killed_run_is_cleared_by_the_next(tmp_path: Path, data: Path) -> None:
    """Its leftover has a clear name; while it lives, another run waits its turn; folders of others stay."""
    out = tmp_path / "out"
    process = begun(out, data)
    assert refused("fer-zoo", out, "--data-dir", data) == f"another export to {out} is at work: wait for it"
    process.kill()
    process.communicate(timeout=60)
    [left] = [file for file in tmp_path.iterdir() if file != data]
    assert left.name.startswith(".out.partial-")
    mine = tmp_path / ".out.partial-abcdefgh"
    mine.mkdir()
    (mine / "file").write_text("mine")
    made("fer-zoo", out, "--data-dir", data)
    assert sorted(file.name for file in tmp_path.iterdir()) == [mine.name, "data", "out"]
    assert files(mine) == {"file": b"mine"}


def test_a_run_killed_in_the_swap(tmp_path: Path, data: Path) -> None:
    """The export that it had set aside is put back, also where the next run fails."""
    out = tmp_path / "out"
    made("fer-zoo", out, "--data-dir", data)
    before = files(out)
    out.rename(tmp_path / ".out.replaced-0123abcd")
    (data / FOLDER / "happy" / "aaaaaaab_1.png").unlink()
    assert "cannot be exported" in refused("fer-zoo", out, "--data-dir", data)
    assert files(out) == before
    shutil.copytree(out, tmp_path / ".out.replaced-0123abcd")
    assert run("fer-zoo", out, "--data-dir", data).exit_code == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data", "out"]


def test_the_list_of_what_was_made(tmp_path: Path, data: Path) -> None:
    """Format, config, splits, and every file with its size."""
    made("fer-zoo", tmp_path / "out", "--data-dir", data)
    listed = json.loads((tmp_path / "out" / MARKER).read_text())
    assert {name: listed[name] for name in ("made_by", "format", "config", "splits")} == {
        "made_by": "diffusionfer export",
        "format": "fer-zoo",
        "config": "small_original",
        "splits": {"train": 24, "validation": 3},
    }
    found = {name: len(content) for name, content in files(tmp_path / "out").items() if name != MARKER}
    assert listed["files"] == found
    assert list(listed["sha256"]) == ["training.csv", "validation.csv"]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
