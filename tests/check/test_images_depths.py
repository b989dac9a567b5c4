"""The three depths of a check: what each reads and finds, on good trees, real files and the worst trees."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from DiffusionFER import Entry, RawFolder
from tests.check.material import BOTH, CROPS, EMONET, ORIGINALS, bomb_png
from tests.check.pictures import HAPPY, NEUTRAL, SAD, SIDE, checked, drawn, saved
from tests.environments import ROOT
from tests.trees import write_emonet, write_faces, zip_folder
from tools.check.configs import check_data, configs_with_data
from tools.check.images.source import Source
from tools.check.images.walk import BATCH, Depth
from tools.make.embedded import render_tree

DEPTHS: tuple[Depth, ...] = get_args(Depth)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("zipped", [False, True], ids=["folders", "zips"])
def test_good_trees_yield_nothing(depth: Depth, zipped: bool, tmp_path: Path) -> None:
    """A good tree has no finding at any depth, in folders as in zips, and each image is counted."""
    write_faces(tmp_path, 40, SIDE)
    if zipped:
        for name in (ORIGINALS, CROPS):
            zip_folder(tmp_path / name)
    counted: list[int] = []
    assert list(check_data(BOTH, str(tmp_path), depth=depth, workers=3, advance=counted.append)) == []
    assert sum(counted) == 80


@pytest.mark.parametrize("depth", DEPTHS)
def test_good_emonet_yields_nothing(depth: Depth, tmp_path: Path) -> None:
    """Folders in upstream's forms have no finding of an image at any depth."""
    write_emonet(tmp_path)
    assert [finding for finding in checked(tmp_path, depth, *EMONET) if finding.rule.startswith("IM")] == []


@pytest.mark.parametrize("depth", DEPTHS)
def test_embedded_edition_yields_nothing(depth: Depth, tmp_path: Path) -> None:
    """Drawn pictures of the edition, siblings among them, have no finding at any depth."""
    lines = (ROOT / "dataset_sheet.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "sheet.csv").write_text("".join([lines[0], *lines[1::50]]), encoding="utf-8")
    render_tree(tmp_path / "sheet.csv", tmp_path / "tree", progress=False)
    found = [finding for finding in checked(tmp_path / "tree", depth) if finding.rule.startswith("IM")]
    assert found == []


def test_real_image(shared: Path, tmp_path: Path) -> None:
    """The real image of EmoNet-Face is whole at every depth, and its ending lies."""
    write_emonet(tmp_path)
    shutil.copy(shared / "emonet/images/mj_data_119_U1.png", tmp_path / "emonet-face-hq/images/00000.png")
    for depth in DEPTHS:
        found = [finding for finding in checked(tmp_path, depth, "emonet_hq") if finding.rule.startswith("IM")]
        assert [finding.rule for finding in found] == ["IM012"]
        assert found[0].message == "file is a WebP, expected the ending .webp, got '.png'"


def test_each_depth_finds_more(tmp_path: Path) -> None:
    """What a depth finds, the next one finds, too; a cut is seen by the default, looks only by deep."""
    write_faces(tmp_path, 4, SIDE)
    files = {NEUTRAL: saved(drawn(1)), HAPPY: saved(drawn(1), "JPEG"), SAD: saved(drawn(2, (9, 9)))[:-3]}
    for name, content in files.items():
        (tmp_path / ORIGINALS / name).write_bytes(content)
    rules = [[finding.rule for finding in sorted(checked(tmp_path, depth))] for depth in DEPTHS]
    assert rules == [["IM012", "IM016"], ["IM012", "IM008"], ["IM012", "IM029", "IM008"]] or rules == [
        ["IM012", "IM016"],
        ["IM012", "IM008"],
        ["IM012", "IM008", "IM029"],
    ]


def test_quick_reads_no_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick depth reads no file whole."""
    write_faces(tmp_path, 4, SIDE)

    def read(*_: object) -> bytes:
        raise AssertionError("a file was read whole")

    monkeypatch.setattr(Source, "read", read)
    assert checked(tmp_path, "quick") == []


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_worst_tree(depth: Depth, tmp_path: Path) -> None:
    """Pipes, sockets, links, circles, empty files, bombs and odd names are findings at every depth, never an error."""
    write_faces(tmp_path, 7, SIDE)
    folder = tmp_path / ORIGINALS
    os.mkfifo(folder / "happy/pipe.png")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:  # such a path must be short
        server.bind(f"{short}/s")
        shutil.move(f"{short}/s", folder / "happy/socket.png")
    (folder / "happy/loop.png").symlink_to("loop.png")
    (folder / "happy/circle").symlink_to("..")
    (folder / "happy/empty.png").write_bytes(b"")
    (folder / "happy/bomb.png").write_bytes(bomb_png())
    (folder / "happy/new\nline\x1b[31m.png").write_bytes(saved(drawn(5)))
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")).write_bytes(saved(drawn(6)))
    (folder / "happy/folder.png").mkdir()
    (folder / "happy/folder.png/inside.png").write_bytes(b"GIF89a")
    found = {(finding.rule, finding.file.rpartition("/")[2]) for finding in checked(tmp_path, depth)}
    expected = {("IM005", name) for name in ("pipe.png", "socket.png", "loop.png", "circle", "caf\udce9.png")}
    expected |= {("IM008", "empty.png"), ("IM010", "bomb.png"), ("IM006", "bomb.png"), ("IM006", "inside.png")}
    assert expected <= found
    assert any("line" in name for _, name in found)


@pytest.mark.parametrize("depth", DEPTHS)
def test_files_without_rights(depth: Depth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be opened, or is gone when its turn comes, is a finding, whoever runs the test."""
    write_faces(tmp_path, 4, SIDE)
    opened = os.open

    def refuse(path: object, *options: object, **more: object) -> int:
        if str(path).endswith(NEUTRAL):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        if str(path).endswith(HAPPY):
            raise FileNotFoundError(errno.ENOENT, "No such file", path)
        return opened(path, *options, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    found = sorted(checked(tmp_path, depth, "small_original"))
    assert [(finding.rule, finding.message) for finding in found] == [
        ("IM009", "file is missing"),
        ("IM009", "file cannot be read: Permission denied"),
    ]


# Drops the rights of root, as whom the tests may run; before that, all is imported that a check imports when needed.
AS_NOBODY = """
import os, sys
from tools.check.configs import check_data
for round in range(2):
    for depth in ("quick", "default", "deep"):
        found = list(check_data(["small_original", "small_cropped"], sys.argv[1], depth=depth, workers=2))
        if round:
            print(*sorted(f"{finding.rule} {finding.file}: {finding.message}" for finding in found), "", sep="\\n")
    if os.getuid() == 0:
        os.setuid(65534)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_rights(tmp_path: Path) -> None:
    """A file, a folder of one emotion and a raw folder without rights are findings of a user who is not root."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to other users
        tree = Path(name)
        write_faces(tree, 4, SIDE)
        tree.chmod(0o755)
        closed = (tree / ORIGINALS / NEUTRAL, tree / ORIGINALS / "happy", tree / CROPS)
        for path in closed:
            path.chmod(0)
        command = [sys.executable, "-c", AS_NOBODY, name]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        for path in closed:
            path.chmod(0o700)
    assert run.stderr == ""
    lines, *others = run.stdout.removesuffix("\n\n").split("\n\n")
    assert others == [lines, lines]
    assert f"IM009 {ORIGINALS}/{NEUTRAL}: file cannot be read: Permission denied" in lines
    assert f"IM005 {ORIGINALS}/happy: folder 'happy' cannot be listed (Permission denied)" in lines
    assert f"IM005 {CROPS}: folder '{CROPS}' cannot be listed (Permission denied)" in lines
    assert "IM004" not in lines


def test_hint_for_a_closed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A raw folder that may not be listed is named, and the hint asks for the right; that it is empty is not said."""
    write_faces(tmp_path, 4, SIDE)
    scanned = RawFolder._scan

    def refuse(folder: RawFolder, below: str = "") -> Iterator[Entry]:
        with monkeypatch.context() as patch:
            patch.setattr(folder, "path", str(tmp_path / "nowhere"))
            yield from scanned(folder, below)

    monkeypatch.setattr(RawFolder, "_scan", refuse)
    found = checked(tmp_path, "quick", "small_original")
    assert [(finding.rule, finding.file, finding.hint) for finding in found] == [
        ("IM005", ORIGINALS, "Give yourself the right to read it.")
    ]


@pytest.mark.parametrize("depth", ["quick", "default"])
def test_a_file_that_becomes_a_pipe(depth: Depth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was listed and has become a pipe since does not make the check wait."""
    write_faces(tmp_path, 4, SIDE)
    listed = RawFolder.entries

    def change(folder: RawFolder) -> object:
        entries = listed(folder)
        file = tmp_path / ORIGINALS / NEUTRAL
        if folder.name == ORIGINALS and file.is_file():
            file.unlink()
            os.mkfifo(file)
        return entries

    monkeypatch.setattr(RawFolder, "entries", change)
    found = checked(tmp_path, depth, "small_original")
    assert [(finding.rule, finding.message) for finding in found] == [("IM009", "file is not a regular file")]


def test_configs_with_data(tmp_path: Path) -> None:
    """Without a name all configs that have data are checked; a named one must have some; nothing is an error."""
    write_faces(tmp_path, 2, SIDE)
    assert configs_with_data((), tmp_path) == BOTH
    assert configs_with_data(("small_cropped",), tmp_path) == ["small_cropped"]
    for named, message in ((("tiny",), "unknown config"), (("emonet_hq",), "no data here")):
        with pytest.raises(ValueError, match=message):
            configs_with_data(named, tmp_path)
    with pytest.raises(ValueError, match="holds the data of no config"):
        configs_with_data((), tmp_path / ORIGINALS)
    with pytest.raises(ValueError, match="is not a folder"):
        configs_with_data((), tmp_path / "nothing")


def test_findings_come_as_they_are_found(tmp_path: Path) -> None:
    """The first finding is there before all images are read, and whoever has enough may stop."""
    write_faces(tmp_path, 700, 2)
    (tmp_path / ORIGINALS / NEUTRAL).write_bytes(b"")
    counted: list[int] = []
    findings = check_data(["small_original"], str(tmp_path), workers=1, advance=counted.append)
    assert next(finding for finding in findings if finding.rule == "IM008")
    findings.close()  # type: ignore[attr-defined]
    assert sum(counted) < 700


def test_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    """A check that is interrupted ends within the image that each thread is at, not within its batch."""
    write_faces(tmp_path, 2 * BATCH["default"], 2)
    code = (  # each image takes a second, so that a batch takes half a minute
        "import os, sys, time\n"
        "from tools.check.configs import check_data\n"
        "from tools.check.images.source import Source\n"
        "def read(*_):\n"
        "    os.write(1, b'begun\\n')\n"
        "    time.sleep(1)\n"
        "    return b''\n"
        "Source.read = read\n"
        "list(check_data(['small_original'], sys.argv[1], workers=2))\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert run.stdout is not None
    assert run.stdout.readline() == b"begun\n"
    run.send_signal(signal.SIGINT)
    assert run.wait(20) in (-signal.SIGINT, 1)
    run.stdout.close()
