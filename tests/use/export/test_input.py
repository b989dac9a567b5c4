"""What cannot be exported is refused in one line, as a whole; names of data are never trusted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.environments import ROOT
from tests.publish.published import Publication, publication
from tests.publish.pushing import REPO
from tests.trees import write_emonet
from tests.use.export.exporting import FOLDER, files, made, refused, run, write_tree
from tools import export
from tools.use.export import names, webdataset
from tools.use.export import run as running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small tree."""
    write_tree(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """One real push, several shards a split."""
    with publication(tmp_path_factory.mktemp("published")) as pushed:
        yield pushed


def test_shards_and_the_hub_give_the_same_export(published: Publication, tmp_path: Path) -> None:
    """A raw tree, its shards and the Hub give the same files; names are the published ones."""
    shards = published.pusher.folder / "work" / "shards"
    made("fer-zoo", tmp_path / "raw", "--data-dir", published.data_dir)
    assert "(0 linked, " in made("fer-zoo", tmp_path / "shards", "--data-dir", shards).output
    made("fer-zoo", tmp_path / "hub", "--repo-id", REPO)
    marker = ".diffusionfer-export.json"
    found = [{name: c for name, c in files(tmp_path / place).items() if name != marker} for place in
             ("raw", "shards", "hub")]  # fmt: skip
    assert found[0] == found[1] == found[2]
    revision = published.api.repo_info(REPO, repo_type="dataset").sha
    assert f'"revision": "{revision}"' in (tmp_path / "hub" / marker).read_text()
    assert "has no dataset other/name" in refused("fer-zoo", tmp_path / "out", "--repo-id", "other/name")


def shard(published: Publication, folder: Path, column: str, value: object) -> Path:
    """Return a folder with one shard, in whose first row a column has another value."""
    source = published.pusher.folder / "work" / "shards" / "small_original" / "train-00000.parquet"
    table = pq.read_table(source)
    place = table.schema.get_field_index(column)
    cells = table[column].to_pylist()
    cells[0] = value
    table = table.set_column(place, table.schema.field(place), pa.array(cells, table.schema.field(place).type))
    (folder / "small_original").mkdir(parents=True)
    pq.write_table(table, folder / "small_original" / "train-00000.parquet")
    return folder


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("image_id", "../../x", "1 name of pictures cannot be used: "),
        ("image_id", "a?b", "holds '?', which Windows refuses"),
        ("image_id", None, "leaves its folder or is not in plain form"),
        ("emotion", None, "row 0 of train (from 0): emotion None is not a number from 0 to 6"),
        ("emotion", 7, "row 0 of train (from 0): emotion 7 is not a number from 0 to 6"),
        ("valence", float("nan"), "row 0 of train (from 0): valence nan is not a number from -1 to 1"),
        ("image", None, "train-00000.parquet has no picture in row 0"),
        ("image", {"bytes": b"text", "path": "a.png"}, "cannot be read (it does not begin as a picture does)"),
    ],
)
def test_shards_that_nobody_checked(
    published: Publication, tmp_path: Path, column: str, value: object, said: str
) -> None:
    """Whatever a shard says, nothing is written outside of the target, and one line tells what is wrong."""
    folder = shard(published, tmp_path / "shards", column, value)
    assert said in refused("imagefolder", tmp_path / "out", "--data-dir", folder)
    assert [file.name for file in tmp_path.iterdir()] == ["shards"]


def test_pictures_that_are_missing_or_none(tmp_path: Path, data: Path) -> None:
    """All are counted, the first few are named, nothing is exported."""
    happy = sorted((data / FOLDER / "happy").iterdir())
    happy[0].unlink()
    happy[1].write_bytes(b"")
    happy[2].write_bytes(b"no picture")
    happy[3].unlink()
    happy[3].mkdir()
    for form in ("imagefolder", "zip", "webdataset", "coco"):
        said = refused(form, tmp_path / "out.zip", "--data-dir", data)
        assert "4 of 30 pictures of small_original cannot be exported: 'happy/aaaaaaab_1.png' cannot be read (" in said
        assert "'happy/aaaaaaap_1.png' cannot be read (it does not begin as a picture does); 'happy/aaaaaa" in said
        assert said.endswith("; and 1 more")
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


def test_a_picture_that_may_not_be_read(tmp_path: Path, data: Path) -> None:
    """A file without permission is one that cannot be exported, though it could be linked."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (data / FOLDER / "happy" / "aaaaaaab_1.png").chmod(0)
    assert "cannot be read (Permission denied)" in refused("fer-zoo", tmp_path / "out", "--data-dir", data)


def test_formats_and_configs_that_do_not_go_together(tmp_path: Path, data: Path) -> None:
    """EmoNet-Face has no seven emotions, crops have no boxes, FER-Zoo no test, a config not every split."""
    write_emonet(data)
    for form in ("fer-zoo", "coco", "zip"):
        said = refused(form, tmp_path / "out", "--data-dir", data, "--config", "emonet_hq")
        assert said == f"config emonet_hq cannot be exported as {form}: it has not the seven emotions"
    assert refused("coco", tmp_path / "out", "--data-dir", data, "--config", "small_cropped") == (
        "face boxes are those of the originals: export small_original as coco, not small_cropped"
    )
    assert refused("fer-zoo", tmp_path / "out", "--data-dir", data, "--split", "test") == (
        "fer-zoo has no place for split 'test': it has train and validation"
    )
    said = refused("webdataset", tmp_path / "out", "--data-dir", data, "--config", "emonet_hq", "--split", "train")
    assert "config emonet_hq has no split 'train'; it has test (2 rows)" in said
    assert "config medium_original has no data here" in refused(
        "zip", tmp_path / "out.zip", "--data-dir", data, "--config", "medium_original"
    )
    for form in ("zip", "webdataset"):
        assert "--copy goes with fer-zoo, imagefolder, coco" in run(form, tmp_path / "out", "--copy").output


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ("1 1 0 5", "has the face box [1.0, 1.0, 0.0, 5.0], which holds nothing of its 8 x 8 pixels"),
        ("8 0 5 5", "which holds nothing of its 8 x 8 pixels"),
        ("-5 0 5 5", "which holds nothing of its 8 x 8 pixels"),
        ("1 1 5", "face_box '1 1 5' is not four numbers"),
    ],
)
def test_boxes_that_are_none(tmp_path: Path, box: str, said: str) -> None:
    """A box without a pixel of its picture is refused; one that reaches beyond the edge is not."""
    write_tree(tmp_path / "data", face_box=lambda number: box if number == 5 else "-1 -1 20 20")
    assert said in refused("coco", tmp_path / "out", "--data-dir", tmp_path / "data")


def test_no_box_at_all(tmp_path: Path) -> None:
    """There is nothing to export, and it says what finds boxes."""
    write_tree(tmp_path / "data", face_box="")
    said = refused("coco", tmp_path / "out", "--data-dir", tmp_path / "data")
    assert said.endswith("no row has a face box: `diffusionfer crop` finds them")


def test_names_that_are_alike_elsewhere(tmp_path: Path, data: Path) -> None:
    """Two names that differ in case only would be one file on another system."""
    rows = (data / "dataset_sheet.csv").read_text()
    shutil.copy(data / FOLDER / "happy" / "aaaaaaab_1.png", data / FOLDER / "happy" / "AAAAAAAB_1.png")
    line = next(row for row in rows.splitlines() if "aaaaaaab_1" in row)
    (data / "dataset_sheet.csv").write_text(f"{rows}{line.replace('aaaaaaab', 'AAAAAAAB')}\n")
    said = refused("imagefolder", tmp_path / "out", "--data-dir", data)
    assert "'happy/AAAAAAAB_1.png' and 'happy/aaaaaaab_1.png' differ in case or accents only" in said
    (data / "dataset_sheet.csv").write_text(f"{rows}{line}\n")
    assert "'happy/aaaaaaab_1.png' is there twice" in refused("imagefolder", tmp_path / "out", "--data-dir", data)


def test_pictures_of_two_kinds_are_no_shard(tmp_path: Path, data: Path) -> None:
    """A reader takes the columns from the first samples, and would lose pictures with another ending."""
    from PIL import Image

    Image.new("RGB", (8, 8)).save(data / FOLDER / "happy" / "aaaaaaab_1.png", "JPEG")
    said = refused("webdataset", tmp_path / "out", "--data-dir", data)
    assert "'happy/aaaaaaab_1.png' is a jpg, others are png: a reader of shards wants one kind" in said


def test_without_the_library(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what to install."""
    monkeypatch.setitem(sys.modules, "webdataset", None)
    assert refused("webdataset", tmp_path / "out", "--data-dir", data) == webdataset.INSTALL
    assert "pip install 'diffusionfer[export]'" in webdataset.INSTALL


PARTS = st.sampled_from(
    ["a", "A", "ä", "..", ".", "", "con", "nul.png", "x.png", "y.jpg", "a:b", "~", ".h", "e ", "b\\c"]
)


@given(st.lists(st.lists(PARTS, min_size=1, max_size=3).map("/".join), max_size=5))
def test_names_that_pass_are_plain_and_all_different(given_names: list[str]) -> None:
    """What passes stays below its folder, and no two fall together where case does not count."""
    if list(names.problems(given_names, suffix=False)):
        return
    for name in given_names:
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert str(path) == name
        assert not {"..", "con", "nul.png", "~"} & {part.lower() for part in path.parts[:1]}
        assert ".." not in path.parts
    assert len({name.casefold() for name in given_names}) == len(given_names)


def test_the_command_knows_the_formats() -> None:
    """Those of the command are those of the library, and each is in its help."""
    assert set(export.FORMATS) == set(running.MODULES)
    shown = CliRunner().invoke(export.main, ["--help"]).output
    assert all(form in shown for form in export.FORMATS)


def test_a_pipe_gets_no_progress_bar(tmp_path: Path, data: Path) -> None:
    """Of a good run there are two lines, and stderr is empty."""
    script = [sys.executable, str(Path(export.__file__)), "imagefolder", str(tmp_path / "out"), "--data-dir", str(data)]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{tmp_path / 'out'}: 30 pictures (30 linked, 0 copied) of small_original as imagefolder",
        f"load it: load_dataset(\"imagefolder\", data_dir='{tmp_path / 'out'}')",
    ]


def test_the_page_names_every_option() -> None:
    """The table of docs/export.md has the options of the command, and none that does not exist."""
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    table = page.split("| option of `export` |")[1].split("\n\n")[0]
    assert set(re.findall(r"--[a-z][a-z-]+", table)) == {option for p in export.main.params for option in p.opts} - {
        "form",
        "target",
    }
