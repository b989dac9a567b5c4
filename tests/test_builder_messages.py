"""What is wrong with raw data is said exactly: which file, which row, which value, what was looked for and where."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from DiffusionFER import MAX_FILE_BYTES, RawFolder, open_raw, path_problem, read_index
from tests.trees import png, write_faces, write_sheet, zip_folder

S, CROPPED = "DifussionEmotion_S", "DiffusionEmotion_S_cropped"


@pytest.fixture
def faces(tmp_path: Path) -> tuple[Path, list[dict[str, Any]]]:
    """Write a small data directory; return it and the rows of its sheet."""
    return tmp_path, write_faces(tmp_path, 10, 4)


CELLS = [
    ("emotion", "Happy", "'Happy' is none of neutral, happy, sad, surprise, fear, disgust, angry"),
    ("emotion", "", "None is none of neutral, happy, sad, surprise, fear, disgust, angry"),
    ("split", "dev", "'dev' is none of train, validation, test"),
    ("split", "", "None is none of train, validation, test"),
    ("valence", "1.5", "1.5 is not a number from -1 to 1"),
    ("valence", "", "None is not a number from -1 to 1"),
    ("arousal", "nan", "nan is not a number from -1 to 1"),
    ("arousal", "high", "'high' is not of type float"),
    ("seed", "12.5", "'12.5' is not of type int64"),
    ("seed", "1e3", "'1e3' is not of type int64"),
    ("steps", "3000000000", "'3000000000' is not of type int32"),
    ("cfg_scale", "seven", "'seven' is not of type float"),
    ("clip_score", "0,3", "'0,3' is not of type float"),
    ("face_box", "1 2 3", "'1 2 3' is not four numbers 'x y width height'"),
    ("face_box", "1, 2, 3, 4", "'1, 2, 3, 4' is not four numbers 'x y width height'"),
    ("face_box", "1 2 3 nan", "'1 2 3 nan' is not four numbers 'x y width height'"),
    ("path", f"{S}/../secret.png", f"'{S}/../secret.png' leaves its folder or is not in plain form"),
    ("path", f"{S}//a.png", f"'{S}//a.png' leaves its folder or is not in plain form"),
    ("path", f"{S}/./a.png", f"'{S}/./a.png' leaves its folder or is not in plain form"),
    ("path", f"{S}/", f"'{S}/' leaves its folder or is not in plain form"),
    ("path", f"{S}/a\\..\\b.png", rf"'{S}/a\\..\\b.png' holds a backslash"),
    ("path", f"{S}/C:/b.png", f"'{S}/C:/b.png' is absolute"),
]


@pytest.mark.parametrize(("column", "value", "says"), CELLS, ids=[f"{cell[0]}={cell[1]}" for cell in CELLS])
def test_a_bad_cell_is_named_with_row_and_value(faces: Any, column: str, value: str, says: str) -> None:
    """A cell that cannot be published stops the load with sheet, row, column and value."""
    data_dir, rows = faces
    rows[4][column] = value
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    with pytest.raises(ValueError, match="row 6") as caught:
        read_index("small_original", str(data_dir))
    assert str(caught.value) == f"dataset_sheet.csv row 6: {column} {says}"


def test_the_first_bad_cell_is_named(faces: Any) -> None:
    """Of several bad numbers the first is named, and rows of other configs count in the number of the row."""
    data_dir, rows = faces
    rows[7]["seed"], rows[9]["seed"] = "later", "last"
    other = {**rows[0], "path": rows[0]["path"].replace("_S/", "_L/"), "seed": "not ours"}
    write_sheet(data_dir / "dataset_sheet.csv", [other, *rows])
    with pytest.raises(ValueError, match="later") as caught:
        read_index("small_original", str(data_dir))
    assert str(caught.value) == "dataset_sheet.csv row 10: seed 'later' is not of type int64"


def two_sheets(data_dir: Path) -> None:
    (data_dir / "dataset_sheet.parquet").write_bytes(b"")


def no_sheet(data_dir: Path) -> None:
    (data_dir / "dataset_sheet.csv").unlink()


def no_folder(data_dir: Path) -> None:
    (data_dir / S).rename(data_dir / "moved")


def both_spellings(data_dir: Path) -> None:
    (data_dir / "DiffusionEmotion_S").mkdir()


def folder_and_zip(data_dir: Path) -> None:
    with zipfile.ZipFile(data_dir / f"{S}.zip", "w"):
        pass


def broken_zip(data_dir: Path) -> None:
    no_folder(data_dir)
    (data_dir / f"{S}.zip").write_bytes(b"no zip")


def linked_folder(data_dir: Path) -> None:
    outside = data_dir.parent / f"{data_dir.name}-outside"
    (data_dir / S).rename(outside)
    (data_dir / S).symlink_to(outside)


def linked_zip(data_dir: Path) -> None:
    zip_folder(data_dir / S)
    outside = data_dir.parent / f"{data_dir.name}-outside.zip"
    (data_dir / f"{S}.zip").rename(outside)
    (data_dir / f"{S}.zip").symlink_to(outside)


def short_header(data_dir: Path) -> None:
    (data_dir / "dataset_sheet.csv").write_text("path,arousal\n")


def ragged(data_dir: Path) -> None:
    (data_dir / "dataset_sheet.csv").write_text("path,emotion\na,b,c\n")


def empty_sheet(data_dir: Path) -> None:
    (data_dir / "dataset_sheet.csv").write_bytes(b"")


def no_parquet(data_dir: Path) -> None:
    no_sheet(data_dir)
    (data_dir / "dataset_sheet.parquet").write_bytes(b"PAR1 but not really PAR1")


NAMES = f"{S}, {S}.zip, DiffusionEmotion_S, DiffusionEmotion_S.zip"
TREES: list[tuple[Callable[[Path], None], type[Exception], str]] = [
    (no_sheet, FileNotFoundError, "{0} holds neither dataset_sheet.csv nor dataset_sheet.parquet"),
    (two_sheets, ValueError, "{0} holds dataset_sheet.csv and dataset_sheet.parquet; keep one of them"),
    (no_folder, FileNotFoundError, f"config small_original has no data here: {{0}} holds none of {NAMES}"),
    (both_spellings, ValueError, f"config small_original: {{0}} holds {S} and DiffusionEmotion_S; keep one of them"),
    (folder_and_zip, ValueError, f"config small_original: {{0}} holds {S} and {S}.zip; keep one of them"),
    (broken_zip, ValueError, f"{{0}}/{S}.zip cannot be read as a zip (File is not a zip file): pack it again"),
    (linked_folder, ValueError, f"{{0}}/{S} is a link that leaves the data directory: move the files into it"),
    (linked_zip, ValueError, f"{{0}}/{S}.zip is a link that leaves the data directory: move the files into it"),
    (short_header, ValueError, "{0}/dataset_sheet.csv has no column emotion, valence"),
    (
        ragged,
        ValueError,
        "{0}/dataset_sheet.csv cannot be read as a table: CSV parse error: Row #2: Expected 2 columns, got 3",
    ),
    (empty_sheet, ValueError, "{0}/dataset_sheet.csv cannot be read as a table: Empty CSV file"),
    (no_parquet, ValueError, "{0}/dataset_sheet.parquet cannot be read as a table: "),
]


@pytest.mark.parametrize(("change", "kind", "says"), TREES, ids=[case[0].__name__ for case in TREES])
def test_a_wrong_tree_is_named(faces: Any, change: Callable[[Path], None], kind: type[Exception], says: str) -> None:
    """What is missing, doubled or unreadable in the data directory is named, with the place where it was looked for."""
    data_dir, _ = faces
    change(data_dir)
    with pytest.raises(kind) as caught:
        read_index("small_original", str(data_dir))
    message = str(caught.value)
    if says.endswith(("table: ", "got 3")):  # the rest is pyarrow's own
        message = message[: len(says.format(data_dir))]
    assert message == says.format(data_dir)


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ("large_cropped", "DiffusionEmotion_L_cropped, {}.zip, DifussionEmotion_L_cropped, {}.zip"),
        ("medium_original", "DifussionEmotion_M, {}.zip, DiffusionEmotion_M, {}.zip"),
        ("emonet_hq", "emonet-face-hq, {}.zip"),
        ("emonet_binary", "emonet-face-binary, {}.zip"),
        ("emonet_big", "emonet-face-big, {}.zip"),
    ],
)
def test_every_config_without_data_says_what_it_looks_for(tmp_path: Path, config: str, names: str) -> None:
    """A config whose data is not there yet names every folder and zip that would do, and the directory."""
    plain = [name for name in names.split(", ") if name != "{}.zip"]
    wanted = ", ".join(f"{name}, {name}.zip" for name in plain)
    for data_dir in (tmp_path, tmp_path / "not-there"):
        with pytest.raises(FileNotFoundError) as caught:
            read_index(config, str(data_dir))
        assert str(caught.value) == f"config {config} has no data here: {data_dir} holds none of {wanted}"


def test_a_folder_reads_nothing_outside_the_data_directory(faces: Any) -> None:
    """Links, pipes and paths that leave the data directory are refused before they are opened."""
    data_dir, _ = faces
    (data_dir.parent / "secret.png").write_bytes(b"secret")
    below = data_dir / S / "happy"
    (below / "link.png").symlink_to(data_dir.parent / "secret.png")
    (below / "away").symlink_to(data_dir.parent, target_is_directory=True)
    os.mkfifo(below / "pipe.png")
    folder = open_raw("small_original", str(data_dir))
    for name, says in {
        "happy/link.png": "is a link that leaves the data directory",
        "happy/away/secret.png": "is a link that leaves the data directory",
        "happy/pipe.png": "is not a regular file",
        "../../secret.png": "leaves its folder or is not in plain form",
        "/etc/passwd": "is absolute",
    }.items():
        with pytest.raises(ValueError, match="is ") as caught:
            folder.read(name)
        assert str(caught.value) == f"{S}/{name} {says}"
    problems = {entry.name: entry.problem for entry in folder.entries() if entry.problem}
    assert problems == {
        "happy/link.png": "is a link that leaves the data directory",
        "happy/away": "is a link that leaves the data directory",
        "happy/pipe.png": "is not a regular file",
    }


def hostile_zip(path: Path) -> None:
    """Write a zip with one good entry and every bad one that a zip can carry."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{S}/happy/good.png", png(1, 4))
        archive.writestr("../secret.png", b"x")
        archive.writestr("/etc/absolute.png", b"x")
        archive.writestr("other/outside.png", b"x")
        link = zipfile.ZipInfo(f"{S}/happy/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(f"{S}/happy/good.png", png(2, 4))


def test_a_zip_cannot_make_the_builder_read_elsewhere(tmp_path: Path) -> None:
    """Entries of a zip that climb, are absolute, are links, stand twice or outside its folder are named as problems."""
    hostile_zip(tmp_path / f"{S}.zip")
    folder = open_raw("small_original", str(tmp_path))
    assert {(entry.name, entry.problem) for entry in folder.entries()} == {
        ("happy/good.png", None),
        (f"{S}/happy/good.png", "is in the zip twice"),
        ("../secret.png", "leaves its folder or is not in plain form"),
        ("/etc/absolute.png", "is absolute"),
        ("other/outside.png", f"is outside {S}/ in the zip"),
        (f"{S}/happy/link.png", "is a link"),
    }
    with pytest.raises(ValueError, match=r"zip: happy/link\.png is a link"):
        folder.read("happy/link.png")
    with pytest.raises(ValueError, match=r"zip: \.\./secret\.png leaves"):
        folder.read("../secret.png")


def test_a_damaged_or_giant_entry_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip entry with wrong bytes, and one that claims to be huge, stop with the zip, the entry and the reason."""
    archive = tmp_path / f"{S}.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("happy/a.png", b"picture" * 10)
    archive.write_bytes(archive.read_bytes().replace(b"picturepicture", b"picturePICTURE"))
    with pytest.raises(ValueError, match="CRC") as caught:
        open_raw("small_original", str(tmp_path)).read("happy/a.png")
    wanted = "happy/a.png cannot be unpacked (Bad CRC-32 for file 'happy/a.png'): pack it again"
    assert str(caught.value) == f"{S}.zip: {wanted}"
    assert MAX_FILE_BYTES == 2**29
    monkeypatch.setattr("DiffusionFER.MAX_FILE_BYTES", 69)
    with pytest.raises(ValueError, match="69 are not read"):
        open_raw("small_original", str(tmp_path)).read("happy/a.png")


def test_a_giant_file_is_not_read(tmp_path: Path) -> None:
    """A file above the limit is refused by its size, without reading it."""
    (tmp_path / S).mkdir()
    with (tmp_path / S / "a.png").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # sparse
    with pytest.raises(ValueError, match="are not read") as caught:
        RawFolder(str(tmp_path), S).read("a.png")
    assert str(caught.value) == f"{S}/a.png has 536,870,913 bytes; more than 536,870,912 are not read"


@pytest.mark.parametrize("path", ["/a", "~/a", "C:/a", "c:a", "a/D:/b"])
def test_absolute_paths(path: str) -> None:
    """A path that starts at a root, a home or a drive, of any system, is absolute."""
    assert path_problem(path) == "is absolute"
