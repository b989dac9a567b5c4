"""Each format is read back by the program that it is for: the same bytes of pictures, the same labels."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import webdataset
from PIL import Image
from pycocotools.coco import COCO

from DiffusionFER import EMOTIONS, SUBSETS, DiffusionFER
from tests.trees import write_emonet, zip_folder
from tests.use.export.exporting import COUNT, FOLDER, elsewhere, files, made, picture, write_tree
from tools.use.rows import open_rows

LOAD = """if True:
    import hashlib, json, sys
    from datasets import Image, load_dataset
    kind, place, cache = sys.argv[1:]
    found = {}
    for split, rows in load_dataset(kind, data_dir=place, cache_dir=cache).items():
        column = next(name for name, feature in rows.features.items() if isinstance(feature, Image))
        rows = rows.cast_column(column, Image(decode=False))
        found[split] = []
        for row in rows:
            content = row[column]["bytes"] or open(row[column]["path"], "rb").read()
            row[column] = hashlib.sha256(content).hexdigest()
            found[split].append(row)
    print(json.dumps(found))
"""


def loaded(kind: str, place: Path, cache: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what load_dataset gives in another process, pictures as digests."""
    found: dict[str, list[dict[str, Any]]] = json.loads(elsewhere(LOAD, kind, place, cache))
    return found


def digest(content: bytes) -> str:
    """Return the sha256 of a picture."""
    return hashlib.sha256(content).hexdigest()


class FaceDataset:
    """A dataset as FER-Zoo has one: pandas and PIL, columns by their place, paths below a root."""

    def __init__(self, csv_file: str, root_dir: str) -> None:
        self.sheet, self.root = pd.read_csv(csv_file), root_dir

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.sheet)

    def __getitem__(self, index: int) -> tuple[Image.Image, float, float, str]:
        """Return a picture, its valence and arousal, and its path."""
        path, valence, arousal = self.sheet.iloc[index, :3]
        return Image.open(self.root + path), valence, arousal, path


def test_fer_zoo(tmp_path: Path) -> None:
    """A dataset class like FER-Zoo's finds each picture with its valence and arousal, and no further column."""
    rows = write_tree(tmp_path / "data")
    result = made("fer-zoo", tmp_path / "out", "--data-dir", tmp_path / "data")
    assert "3 pictures of test are left out" in result.output
    data_path = f"{tmp_path / 'out'}/"
    assert repr(data_path) in result.output
    for split, table, folder in (("train", "training.csv", "train/"), ("validation", "validation.csv", "val/")):
        faces = FaceDataset(data_path + table, data_path + folder)
        wanted = [(number, row) for number, row in enumerate(rows) if row["split"] == split]
        assert len(faces) == len(wanted)
        assert list(faces.sheet.columns) == ["path", "valence", "arousal"]
        for index, (number, row) in enumerate(wanted):
            image, valence, arousal, path = faces[index]
            assert np.array_equal(np.asarray(image), np.asarray(Image.open(tmp_path / "data" / row["path"])))
            assert (valence, arousal) == (row["valence"], row["arousal"])
            assert f"{FOLDER}/{path}" == row["path"]
            assert Path(data_path + folder + path).read_bytes() == picture(number)


def test_fer_zoo_without_validation(tmp_path: Path) -> None:
    """A sheet without validation rows gives an empty table, and says what that means."""
    write_tree(tmp_path / "data", split="train")
    result = made("fer-zoo", tmp_path / "out", "--data-dir", tmp_path / "data")
    assert "there is no row of validation: validation.csv is empty" in result.output
    assert (tmp_path / "out" / "validation.csv").read_text() == "path,valence,arousal\n"
    assert (tmp_path / "out" / "val").is_dir()


def test_imagefolder(tmp_path: Path) -> None:
    """load_dataset gives every split with its columns; what nobody knows is left out of the CSV."""
    rows = write_tree(tmp_path / "data", style=lambda number: "pretty" if number % 4 else "", prompt='a "b", c\nd')
    made("imagefolder", tmp_path / "out", "--data-dir", tmp_path / "data")
    assert {file.name for file in (tmp_path / "out").rglob("metadata.*")} == {"metadata.csv"}
    found = loaded("imagefolder", tmp_path / "out", tmp_path / "cache")
    assert list(found) == ["train", "validation", "test"]
    by_id = {row["image_id"]: row for split in found for row in found[split]}
    for number, row in enumerate(rows):
        read = by_id.pop(Path(row["path"]).stem)
        assert read.pop("image") == digest(picture(number))
        names = ["emotion", "valence", "arousal", "prompt", "race", "seed"]
        assert [read[name] for name in names] == [row[name] for name in names]
        assert read["style"] == (row["style"] or None)
        assert read["face_box"] == "1.0 1.0 5.5 6.0"
        assert "cfg_scale" not in read
    assert not by_id


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"prompt": '=HYPERLINK("x")'}, "column prompt has a cell that a spreadsheet would take for a formula"),
        ({"others": "None"}, "column others would be read as other values"),
        ({"age": "030"}, "column age would be read as other values"),
        ({"clip_score": "", "steps": lambda n: 20 if n % 10 < 8 else ""}, "column steps would have other types in val"),
        ({"style": lambda n: "pretty" if n % 10 < 8 else ""}, "column style would have other types in validation than"),
    ],
)
def test_imagefolder_where_a_csv_would_be_misread(tmp_path: Path, cells: dict[str, Any], why: str) -> None:
    """The table is Parquet then, says why, and load_dataset gives the published types and values."""
    write_tree(tmp_path / "data", **cells)
    result = made("imagefolder", tmp_path / "out", "--data-dir", tmp_path / "data")
    assert f"the table is metadata.parquet: of a metadata.csv, {why}" in result.output
    assert {file.name for file in (tmp_path / "out").rglob("metadata.*")} == {"metadata.parquet"}
    check_typed("small_original", tmp_path)


def check_typed(config: str, tmp_path: Path) -> None:
    """Compare what load_dataset gives with the rows themselves, all columns."""
    found = loaded("imagefolder", tmp_path / "out", tmp_path / "cache")
    with open_rows(config, data_dir=tmp_path / "data") as rows:
        for split in rows.splits:
            wanted = rows.table(split).to_pylist()
            for number, row in enumerate(wanted):
                row["image"] = digest(rows.picture(split, number))
            assert found.pop(split) == [{name: row[name] for name in found_row} for row, found_row in
                                        zip(wanted, loaded_rows(wanted), strict=True)]  # fmt: skip
    assert not found


def loaded_rows(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return the names of the columns of rows, the picture first."""
    return [["image", *(name for name in row if name != "image")] for row in rows]


@pytest.mark.parametrize("config", [name for name in SUBSETS if name.startswith("emonet")])
def test_emonet(tmp_path: Path, config: str) -> None:
    """Nested annotations come back by imagefolder as they are, and by webdataset with names of emotions."""
    (tmp_path / "data").mkdir()
    write_emonet(tmp_path / "data")
    made("imagefolder", tmp_path / "out", "--data-dir", tmp_path / "data", "--config", config)
    check_typed(config, tmp_path)
    made("webdataset", tmp_path / "tars", "--data-dir", tmp_path / "data", "--config", config)
    [(split, found)] = loaded("webdataset", tmp_path / "tars", tmp_path / "cache").items()
    with open_rows(config, data_dir=tmp_path / "data") as rows:
        for number, row in enumerate(rows.table(split).to_pylist()):
            assert found[number]["png"] == digest(rows.picture(split, number))
            assert found[number]["json"]["image_id"] == row["image_id"]
            assert len(found[number]["json"]["annotations"]) == len(row["annotations"])
            if config == "emonet_hq":
                assert found[number]["json"]["annotations"] == row["annotations"]
    if config == "emonet_binary":
        assert found[1]["json"]["annotations"] == [{"annotator": "human-1", "emotion": "Helplessness", "present": True}]


def test_webdataset(tmp_path: Path) -> None:
    """The webdataset library and load_dataset give the pictures, the classes and the labels, in the order of rows."""
    late = {"clip_score": lambda number: 0.25 if number > 20 else "", "steps": lambda number: number % 3 or ""}
    rows = write_tree(tmp_path / "data", **late, sampler="Euler é")
    made("webdataset", tmp_path / "out", "--data-dir", tmp_path / "data")
    found = loaded("webdataset", tmp_path / "out", tmp_path / "cache")
    for split in ("train", "validation", "test"):
        samples = list(webdataset.WebDataset(str(tmp_path / "out" / f"{split}-00000.tar"), shardshuffle=False))
        wanted = [(number, row) for number, row in enumerate(rows) if row["split"] == split]
        for (number, row), sample, read in zip(wanted, samples, found[split], strict=True):
            assert sample["__key__"] == read["__key__"] == row["path"].removeprefix(f"{FOLDER}/").removesuffix(".png")
            assert sample["png"] == picture(number)
            assert read["png"] == digest(picture(number))
            assert int(sample["cls"]) == read["cls"] == EMOTIONS.index(row["emotion"])
            labels = json.loads(sample["json"])
            assert {name: read["json"][name] for name in labels} == labels
            names = ["emotion", "valence", "arousal", "prompt", "seed", "sampler"]
            assert [labels[name] for name in names] == [row[name] for name in names]
            assert labels["face_box"] == [1.0, 1.0, 5.5, 6.0]
            assert labels["clip_score"] == str(row["clip_score"])  # not known in the first samples: text
            assert labels["steps"] == (row["steps"] or None)
            assert "cfg_scale" not in labels


def test_a_shard_is_the_librarys_own(tmp_path: Path) -> None:
    """Its bytes are those of the library's TarWriter for the same samples, which takes longer over them."""
    write_tree(tmp_path / "data")
    made("webdataset", tmp_path / "out", "--data-dir", tmp_path / "data", "--split", "train")
    shard = tmp_path / "out" / "train-00000.tar"
    with (tmp_path / "plain.tar").open("wb") as file:
        writer = webdataset.TarWriter(file, user="", group="", mtime=0, format="PAX_FORMAT", compress=False)
        for sample in webdataset.WebDataset(str(shard), shardshuffle=False):
            writer.write({key: value for key, value in sample.items() if key in ("__key__", "png", "json", "cls")})
        writer.close()
    assert shard.read_bytes() == (tmp_path / "plain.tar").read_bytes()


def test_webdataset_in_several_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard is closed at a size; together they hold every sample once. A percent sign in the target is one."""
    monkeypatch.setattr("tools.use.export.webdataset.SHARD_BYTES", 1000)
    write_tree(tmp_path / "data")
    out = tmp_path / "100%d"
    made("webdataset", out, "--data-dir", tmp_path / "data", "--split", "train")
    shards = sorted(map(str, out.glob("*.tar")))
    assert len(shards) > 3
    keys = [sample["__key__"] for sample in webdataset.WebDataset(shards, shardshuffle=False)]
    assert len(set(keys)) == len(keys) == 24


def test_zip_is_the_raw_layout(tmp_path: Path) -> None:
    """A zip has a folder a class; beside the sheet, the builder reads it as the raw folder."""
    rows = write_tree(tmp_path / "data")
    (tmp_path / "again").mkdir()
    target = tmp_path / "again" / f"{FOLDER}.zip"
    made("zip", target, "--data-dir", tmp_path / "data")
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in archive.namelist()} == set(EMOTIONS)
        for number, row in enumerate(rows):
            assert archive.read(row["path"].removeprefix(f"{FOLDER}/")) == picture(number)
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    (tmp_path / "again" / "dataset_sheet.csv").write_bytes((tmp_path / "data" / "dataset_sheet.csv").read_bytes())
    builder = DiffusionFER(
        config_name="small_original", data_dir=str(tmp_path / "again"), cache_dir=str(tmp_path / "cache")
    )
    builder.download_and_prepare()
    assert {split: len(part) for split, part in builder.as_dataset().items()} == {
        "train": 24,
        "validation": 3,
        "test": 3,
    }
    with open_rows("small_original", data_dir=tmp_path / "again") as read:
        assert read.picture("train", 5) == picture(5)


def test_zip_unpacked_is_an_imagefolder(tmp_path: Path) -> None:
    """The line that the command prints works: unpacked, the folders are the labels."""
    write_tree(tmp_path / "data")
    made("zip", tmp_path / "faces.zip", "--data-dir", tmp_path / "data")
    with zipfile.ZipFile(tmp_path / "faces.zip") as archive:
        archive.extractall(tmp_path / "out")
    [rows] = loaded("imagefolder", tmp_path / "out", tmp_path / "cache").values()
    known = {digest(picture(number)): sorted(EMOTIONS).index(EMOTIONS[number % 7]) for number in range(COUNT)}
    assert {row["image"]: row["label"] for row in rows} == known


def test_coco(tmp_path: Path) -> None:
    """pycocotools gives boxes, categories and pictures; a row without a box is left out, and counted."""
    rows = write_tree(tmp_path / "data", face_box=lambda number: "" if number % 3 == 0 else "1 1 5.5 6")
    result = made("coco", tmp_path / "out", "--data-dir", tmp_path / "data")
    assert "10 of 30 pictures have no face box, and are left out" in result.output
    seen = 0
    for split in ("train", "validation", "test"):
        coco = COCO(str(tmp_path / "out" / "annotations" / f"instances_{split}.json"))
        assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == list(EMOTIONS)
        assert coco.getCatIds(supNms=["face"]) == list(range(1, 8))
        wanted = [(number, row) for number, row in enumerate(rows) if row["split"] == split and row["face_box"]]
        for (number, row), image in zip(wanted, coco.loadImgs(coco.getImgIds()), strict=True):
            assert (tmp_path / "out" / split / image["file_name"]).read_bytes() == picture(number)
            assert (image["width"], image["height"]) == (8, 8)
            [box] = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
            assert (box["bbox"], box["area"], box["iscrowd"]) == ([1.0, 1.0, 5.5, 6.0], 33.0, 0)
            assert EMOTIONS[box["category_id"] - 1] == row["emotion"]
            assert box["attributes"] == {"valence": row["valence"], "arousal": row["arousal"]}
            seen += 1
        assert len(files(tmp_path / "out" / split)) == len(wanted)
    assert seen == 20


def test_coco_has_the_size_of_each_picture(tmp_path: Path) -> None:
    """Pictures are put there folder by folder; their sizes stay with their rows."""
    rows = write_tree(tmp_path / "data")
    for number, row in enumerate(rows):
        Image.new("RGB", (20 + number, 50 - number)).save(tmp_path / "data" / row["path"])
    made("coco", tmp_path / "out", "--data-dir", tmp_path / "data")
    train = COCO(str(tmp_path / "out" / "annotations" / "instances_train.json"))
    sizes = {image["file_name"]: (image["width"], image["height"]) for image in train.loadImgs(train.getImgIds())}
    assert sizes == {
        row["path"].removeprefix(f"{FOLDER}/"): (20 + number, 50 - number)
        for number, row in enumerate(rows)
        if row["split"] == "train"
    }


def test_a_zip_of_originals_is_read_and_copied(tmp_path: Path) -> None:
    """From a zip the bytes are written: nothing can be linked."""
    write_tree(tmp_path / "data")
    made("fer-zoo", tmp_path / "from-folder", "--data-dir", tmp_path / "data")
    zip_folder(tmp_path / "data" / FOLDER)
    assert "(0 linked, 27 copied)" in made("fer-zoo", tmp_path / "out", "--data-dir", tmp_path / "data").output
    assert files(tmp_path / "out") == files(tmp_path / "from-folder")
