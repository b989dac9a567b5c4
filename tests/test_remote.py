"""A raw tree on S3, on the Hub or anywhere that fsspec knows gives what the same tree on this machine gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest

from DiffusionFER import SUBSETS, DiffusionFER, read_index
from tests.builder_runs import summary
from tests.remote_trees import KINDS, Servers, servers
from tests.trees import write_emonet, write_faces, write_sheet, zip_folder
from tools.check.configs import agreements, check_data, configs_with_data
from tools.check.images.walk import Depth
from tools.describe.facts.description import describe
from tools.describe.figures import gallery
from tools.publish.shard_plan import plan_shards
from tools.publish.shards import build_shards

FACES, CROPS = "DifussionEmotion_S", "DiffusionEmotion_S_cropped"


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers for all tests of this module."""
    with servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good tree with two configs of faces and the three of EmoNet."""
    folder = tmp_path_factory.mktemp("tree")
    write_faces(folder, 12, size=24)
    write_emonet(folder)
    return folder


@pytest.fixture(scope="module")
def urls(remote: Servers, tree: Path) -> dict[str, str]:
    """The good tree on each kind of file system."""
    return {kind: remote.put(kind, tree) for kind in KINDS}


def findings(data_dir: str, depth: Depth = "default") -> list[str]:
    """Return everything that the checks find, as text."""
    return [str(finding) for finding in check_data(configs_with_data((), data_dir), data_dir, depth=depth)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_index_is_that_of_the_local_tree(kind: str, urls: dict[str, str], tree: Path) -> None:
    """Configs, rows, names and sizes of files, and their bytes are the same; stamps tell something of each file."""
    configs = configs_with_data((), urls[kind])
    assert configs == configs_with_data((), tree) == ["small_original", "small_cropped", *list(SUBSETS)[-3:]]
    for config in configs:
        there, here = read_index(config, urls[kind] + "/"), read_index(config, str(tree))
        assert there.table.equals(here.table)
        entries = there.folder.entries()
        assert [(e.name, e.size, e.problem) for e in entries] == [
            (e.name, e.size, e.problem) for e in here.folder.entries()
        ]
        assert all(entry.stamp for entry in entries)
        name = entries[0].name
        assert there.folder.read(name) == here.folder.read(name)


@pytest.mark.parametrize("depth", ["quick", "default", "deep"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_good_tree_has_the_same_findings(kind: str, depth: Depth, urls: dict[str, str], tree: Path) -> None:
    """At each depth the checks find in a good tree what they find locally."""
    assert findings(urls[kind], depth) == findings(str(tree), depth)
    assert [str(a) for a in agreements(["emonet_hq"], urls[kind])] == [str(a) for a in agreements(["emonet_hq"], tree)]


def _damage(folder: Path) -> None:
    """Leave hardly anything as it should be."""
    rows = write_faces(folder, 12, size=24)
    write_emonet(folder)
    names = [row["path"].partition("/")[2] for row in rows]
    (folder / FACES / names[0]).unlink()
    (folder / FACES / names[1]).write_bytes((folder / FACES / names[1]).read_bytes()[:300])
    (folder / FACES / names[2]).write_bytes(b"")
    (folder / FACES / "angry" / "zzzzzzzz_6.png").write_bytes((folder / FACES / names[3]).read_bytes())
    (folder / CROPS / names[4]).unlink()
    (folder / CROPS / names[5]).write_bytes(b"GIF89a, or not")
    (folder / CROPS / "notes.txt").write_text("no image")
    (folder / CROPS / ".DS_Store").write_text("litter")
    (folder / "emonet-face-hq" / "images" / "00001.png").unlink()
    (folder / "emonet-face-binary" / "binary.csv").write_text("path,annotator\n00000,human-1\n")
    (folder / "emonet-face-big" / "metadata.csv").write_bytes(b"file_name,prompt\n\xff\xfe,\n")
    (folder / "DifussionEmotion_M").mkdir()
    (folder / "DifussionEmotion_M" / "readme.txt").write_text("no image")
    rows[6] |= {"emotion": "furious", "sha256": "0" * 64}
    rows[7] |= {"path": f"{FACES}/../outside.png"}
    write_sheet(folder / "dataset_sheet.csv", rows)


def _no_sheet(folder: Path) -> None:
    write_faces(folder, 2, size=8)
    (folder / "dataset_sheet.csv").unlink()


def _two_sheets(folder: Path) -> None:
    write_faces(folder, 2, size=8)
    (folder / "dataset_sheet.parquet").write_bytes(b"PAR1")


def _twice(folder: Path) -> None:
    write_faces(folder, 2, size=8)
    shutil.copytree(folder / FACES, folder / "DiffusionEmotion_S")


def _rows_only(folder: Path) -> None:
    rows = write_faces(folder, 4, size=8)
    others = [{**row, "path": row["path"].replace("_S/", "_M/")} for row in rows]
    write_sheet(folder / "dataset_sheet.csv", rows + others)


def _no_zip(folder: Path) -> None:
    write_faces(folder, 2, size=8)
    zip_folder(folder / FACES).write_bytes(b"PK\3\4, or not")


@pytest.mark.parametrize("make", [_damage, _no_sheet, _two_sheets, _twice, _rows_only, _no_zip])
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_tree_has_the_same_findings(
    kind: str, make: Callable[[Path], Any], remote: Servers, tmp_path: Path
) -> None:
    """What is wrong with a tree is said in the same words, wherever the tree is."""
    folder = tmp_path / "tree"
    folder.mkdir()
    make(folder)
    assert (here := findings(str(folder)))
    assert findings(remote.put(kind, folder)) == here


@pytest.mark.parametrize("kind", KINDS)
def test_a_clone_of_upstream_may_be_given_itself(kind: str, urls: dict[str, str], tree: Path) -> None:
    """The folder of an EmoNet config is found when it is the data directory, without a look at what it lies in."""
    there, here = f"{urls[kind]}/emonet-face-hq", tree / "emonet-face-hq"
    assert configs_with_data((), there) == configs_with_data((), here) == ["emonet_hq"]
    assert read_index("emonet_hq", there).table.equals(read_index("emonet_hq", str(here)).table)
    assert findings(there) == findings(str(here))


@pytest.mark.parametrize("kind", KINDS)
def test_shards_are_the_same_bytes(kind: str, urls: dict[str, str], tree: Path, tmp_path: Path) -> None:
    """Shards of a remote tree are those of the local one bit for bit, and so is what the card says of them."""
    told = {}
    for place in (urls[kind], str(tree)):
        folder = tmp_path / ("there" if place == urls[kind] else "here")
        shards = []
        for config in configs_with_data((), place):
            built, wrong = build_shards(config, read_index(config, place), folder, max_shard_size=10**7, workers=4)
            assert not wrong
            shards += built
        by_config = {shard.config: [(s.split, s.file) for s in shards if s.config == shard.config] for shard in shards}
        description = describe(place, by_config)
        assert description.data_dir == place
        facts = replace(description, data_dir="")
        told[place] = [(s.path, s.rows, s.size, s.sha256) for s in shards], facts, gallery.make(description)
    assert told[urls[kind]] == told[str(tree)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_name", [True, False])
def test_a_zip_is_read_in_place(kind: str, with_name: bool, remote: Servers, tmp_path: Path) -> None:
    """Zips in place of folders give the same index, findings and shards as they do locally, and the same plan."""
    write_faces(tmp_path, 6, size=16)
    for folder in (FACES, CROPS):
        zip_folder(tmp_path / folder, with_name=with_name)
    url = remote.put(kind, tmp_path)
    for depth in ("quick", "default"):
        assert findings(url, depth) == findings(str(tmp_path), depth)
    there, here = read_index("small_cropped", url), read_index("small_cropped", str(tmp_path))
    assert list(there.folder.entries()) == list(here.folder.entries())
    plans = [plan_shards("small_cropped", index, max_shard_size=10**6) for index in (there, here)]
    assert plans[0] == plans[1]  # an entry of a zip is stamped by its checksum
    for entry in here.folder.entries():
        assert there.folder.read(entry.name) == here.folder.read(entry.name)


@pytest.mark.parametrize("kind", ["s3", "hf"])
@pytest.mark.parametrize("workers", [None, 2])
def test_datasets_builds_from_a_url(
    kind: str, workers: int | None, urls: dict[str, str], tree: Path, tmp_path: Path
) -> None:
    """The builder reads a URL as it reads a folder, in this process, in forked workers, and streaming."""

    def rows(data_dir: str) -> Any:
        builder = DiffusionFER(config_name="small_cropped", data_dir=data_dir, cache_dir=str(tmp_path / "cache"))
        if workers:
            builder.download_and_prepare(num_proc=workers)
        splits = builder.as_dataset() if workers else builder.as_streaming_dataset()
        decoded = datasets.Image(decode=False)
        return summary({name: list(split.cast_column("image", decoded)) for name, split in splits.items()})

    assert rows(urls[kind]) == rows(str(tree))
