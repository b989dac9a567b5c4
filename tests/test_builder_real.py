"""The real files of EmoNet-Face: its guide, all annotations of its binary part, an image with a model's annotation."""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import shutil
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path

import datasets
import pytest

from DiffusionFER import EMONET_ALIASES, EMONET_EMOTIONS, DiffusionFER
from tests.builder_runs import read_rows
from tests.trees import png


def test_the_taxonomy_is_that_of_the_guide(shared: Path) -> None:
    """The 40 categories are the labels of upstream's guide.json, in its order."""
    guide = json.loads((shared / "emonet" / "guide.json").read_text(encoding="utf-8"))
    assert list(guide["options"]["labels"]) == list(EMONET_EMOTIONS)
    assert len(EMONET_EMOTIONS) == 40


def test_the_alias_is_the_only_difference_to_the_real_csv(shared: Path) -> None:
    """The real binary.csv has 40 categories: Hopelessness in place of Helplessness, the others as in the taxonomy."""
    with (shared / "emonet" / "binary.csv").open(newline="", encoding="utf-8") as file:
        named = {row["emotion"] for row in csv.DictReader(file)}
    assert named - set(EMONET_EMOTIONS) == set(EMONET_ALIASES) == {"Hopelessness"}
    assert set(EMONET_EMOTIONS) - named == set(EMONET_ALIASES.values()) == {"Helplessness"}


def test_the_real_image_and_annotation_read_rows(shared: Path, tmp_path: Path) -> None:
    """The real image, WebP bytes under .png, comes through emonet_big untouched, decodes, and has its 25 ratings."""
    folder = tmp_path / "emonet-face-big"
    for name in ("images/mj_data_119_U1.png", "vlm/mj_data_119_U1.json"):
        (folder / name).parent.mkdir(parents=True)
        shutil.copyfile(shared / "emonet" / name, folder / name)
    builder = DiffusionFER(config_name="emonet_big", data_dir=str(tmp_path), cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare()
    split = builder.as_dataset()["train"]
    (row,) = split
    assert (row["image"].format, row["image"].size, row["image_id"]) == ("WEBP", (1024, 1024), "mj_data_119_U1")
    row["image"].load()
    (stored,) = split.cast_column("image", datasets.Image(decode=False))
    original = (shared / "emonet" / "images" / "mj_data_119_U1.png").read_bytes()
    assert hashlib.sha256(stored["image"]["bytes"]).digest() == hashlib.sha256(original).digest()
    document = json.loads((shared / "emonet" / "vlm" / "mj_data_119_U1.json").read_text())
    given = {key.split("|")[1]: float(value) for key, value in document["value"].items()}
    (said,) = row["annotations"]
    assert said["annotator"] == "gpt-4o"
    assert said["ratings"] == {name: given.get(name, 0.0) for name in EMONET_EMOTIONS}
    assert sum(value > 0 for value in said["ratings"].values()) == len(given) == 25


def test_the_other_real_annotation_loads(shared: Path, tmp_path: Path) -> None:
    """Both real model annotations are of the form that the builder reads; the image that is not shared is made here."""
    folder = tmp_path / "emonet-face-big"
    shutil.copytree(shared / "emonet" / "vlm", folder / "vlm", copy_function=shutil.copyfile)
    for name in ("mj_data_108_U2", "mj_data_119_U1"):
        (folder / f"{name}.png").write_bytes(png(1, 4))
    rows = read_rows("emonet_big", tmp_path)
    assert [row["image_id"] for row in rows] == ["mj_data_108_U2", "mj_data_119_U1"]
    assert all(row["annotations"][0]["annotator"] == "gpt-4o" for row in rows)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_text(picture: bytes, text: str) -> bytes:
    """Return a PNG with a tEXt chunk after its header, which makes it differ from others cheaply."""
    return picture[:33] + chunk(b"tEXt", b"id\0" + text.encode()) + picture[33:]


def test_the_real_binary_csv_loads_whole(shared: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The real binary.csv loads as 65,686 annotations on 19,999 image ids, with the alias counted in a warning."""
    with (shared / "emonet" / "binary.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    names = list(dict.fromkeys(line["path"] for line in lines))
    picture = png(5, 4)
    with zipfile.ZipFile(tmp_path / "emonet-face-binary.zip", "w") as archive:
        archive.write(shared / "emonet" / "binary.csv", "binary.csv")
        for name in names:
            archive.writestr(f"images/{name}.png", with_text(picture, name))
    with caplog.at_level(logging.WARNING, "DiffusionFER"):
        builder = DiffusionFER(config_name="emonet_binary", data_dir=str(tmp_path), cache_dir=str(tmp_path / "cache"))
        builder.download_and_prepare()
    split = builder.as_dataset()["train"]
    annotations = split["annotations"]
    said = [one for of_image in annotations for one in of_image]
    assert (len(said), len(split), len(set(split["image_id"]))) == (65_686, 19_999, 19_999)
    assert list(split["image_id"]) == names

    counts = Counter(EMONET_EMOTIONS[one["emotion"]] for one in said)
    raw = Counter(line["emotion"] for line in lines)
    assert counts["Helplessness"] == raw["Hopelessness"] > 0
    assert counts == Counter({EMONET_ALIASES.get(name, name): count for name, count in raw.items()})
    assert sum(one["present"] for one in said) == sum(line["value"] == "True" for line in lines)
    warning = f"binary.csv: {raw['Hopelessness']} annotations of 'Hopelessness' are read as 'Helplessness'"
    assert [record.getMessage() for record in caplog.records if record.name == "DiffusionFER"] == [warning]

    by_image: dict[str, list[tuple[str, bool, str]]] = {}
    for line in lines:
        emotion = EMONET_ALIASES.get(line["emotion"], line["emotion"])
        by_image.setdefault(line["path"], []).append((line["annotator"], line["value"] == "True", emotion))
    for name, ours in zip(names, annotations, strict=True):
        assert [(one["annotator"], one["present"], EMONET_EMOTIONS[one["emotion"]]) for one in ours] == by_image[name]
    stored = split.select([0, 9_999, 19_998]).cast_column("image", datasets.Image(decode=False))
    for row in stored:
        assert row["image"]["bytes"] == with_text(picture, row["image_id"])
