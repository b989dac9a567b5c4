"""mlcroissant finds nothing to complain about in croissant.json, and reads the published Parquet back through it.

It fetches the repository by git; the tests give it a folder in its place, with shards as they were built. So is
read the croissant.json of this project, of which small shards have the same files, columns and labels.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS
from tests.describe.described import EMONET, FACES, HEADER, Published, publish
from tests.environments import ROOT
from tools.describe.croissant.document import croissant
from tools.make.sketch import MODEL

mlc = pytest.importorskip("mlcroissant", reason="needs mlcroissant, which the extra dev brings")
# What mlcroissant asks of rdflib and pandas in ways that these will give up.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Thirty faces in two variants, one of them with several shards a split, and three EmoNet configs."""
    return publish(tmp_path_factory.mktemp("croissant"), {"small_cropped": 40_000})


@pytest.fixture
def no_complaints(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Fail where mlcroissant, or absl for it, has logged a warning."""
    with caplog.at_level(logging.WARNING):
        yield
    logged = caplog.get_records("call")
    assert not [record.getMessage() for record in logged if record.levelno >= logging.WARNING]
    assert "WARNING" not in capfd.readouterr().err


def opened(published: Published, text: bytes | None = None) -> Any:
    """Return the dataset as mlcroissant reads it, the repository in a folder."""
    text = text or croissant(published.description, HEADER)
    return mlc.Dataset(json.loads(text), mapping={"repository": published.repository})


def rows_of(published: Published, config: str) -> dict[str, dict[str, Any]]:
    """Return the rows of the shards by image_id, with the split, and of the image its bytes."""
    rows = {}
    for shard in published.shards:
        if shard.config == config:
            for row in pq.read_table(shard.file).to_pylist():
                assert row["image_id"] not in rows
                rows[row["image_id"]] = {**row, "split": shard.split, "image": row["image"]["bytes"]}
    return rows


def plain(value: Any) -> Any:
    """Return a value as plain Python: mlcroissant gives texts as bytes, numbers as NumPy's, images as Pillow's."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "fp"):
        return value.fp.getvalue()  # as it came: Pillow decodes an image when its pixels are asked for
    return value.item() if hasattr(value, "item") else value


def records_of(dataset: Any, config: str, **filters: Any) -> dict[str, dict[str, Any]]:
    """Return the records of a config by image_id, the config's name taken out of those of the fields."""
    found = {}
    for record in dataset.records(config, **filters):
        row = {key.removeprefix(f"{config}/"): plain(value) for key, value in record.items()}
        assert row["image_id"] not in found
        found[row["image_id"]] = row
    return found


# --- validation -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("configs", [FACES, EMONET, (*FACES, *EMONET), ("small_original",), ("emonet_binary",)])
def test_validates_without_errors_and_warnings(published: Published, configs: tuple[str, ...]) -> None:
    """Whatever is published, mlcroissant has neither an error nor a warning."""
    issues = opened(published, croissant(published.of(*configs), HEADER)).metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())


@pytest.mark.usefixtures("no_complaints")
def test_a_file_validates_as_well_as_its_content(published: Published, tmp_path: Path) -> None:
    """The file on disk is read, as `mlcroissant validate --jsonld` does."""
    file = tmp_path / "croissant.json"
    file.write_bytes(croissant(published.description, HEADER))
    assert mlc.Dataset(file).metadata.name == "DiffusionFER"


def test_responsible_use_is_understood(published: Published) -> None:
    """Each property arrives in the attribute that mlcroissant has for it, as one text or as several."""
    description = published.of(*FACES, *EMONET, models={MODEL: 20, "stable-diffusion-1.5": 10})
    text = croissant(description, HEADER)
    metadata = opened(published, text).metadata
    said = {name.removeprefix("rai:"): value for name, value in json.loads(text).items() if name.startswith("rai:")}
    del said["dataManipulationProtocol"]  # mlcroissant 1.1 looks for rai:dataDataManipulationProtocol
    assert len(said) > 15
    for name, value in said.items():
        arrived = getattr(metadata, re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name))
        texts, wanted = ([of] if isinstance(of, str) else of for of in (arrived, value))
        assert sorted(texts) == sorted(wanted), name


def test_mlcroissant_writes_what_it_read(published: Published) -> None:
    """What mlcroissant makes of the file, it can read again, with the same files and records."""
    dataset = opened(published)
    again = mlc.Dataset(dataset.metadata.to_json())
    for kind in ("distribution", "record_sets"):
        first, second = ({node.uuid for node in getattr(of.metadata, kind)} for of in (dataset, again))
        assert first == second


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("config", FACES)
def test_reads_every_face_as_the_shards_have_it(published: Published, config: str) -> None:
    """All columns of all rows come back, nulls and boxes among them, each with the split of its shard."""
    records, rows = records_of(opened(published), config), rows_of(published, config)
    assert len(records) == 30
    assert records == rows
    assert sum(row["face_box"] is None for row in records.values()) == 15


@pytest.mark.parametrize("config", FACES)
def test_images_are_the_bytes_of_the_files(published: Published, config: str) -> None:
    """The picture that comes out has the very bytes of the file that the maintainer has, and can be decoded."""
    folder = published.data_dir
    name = "DiffusionEmotion_S_cropped" if config == "small_cropped" else "DifussionEmotion_S"
    files = {file.stem: file.read_bytes() for file in (folder / name).rglob("*.png")}
    records = records_of(opened(published), config)
    assert {name: record["image"] for name, record in records.items()} == files
    assert all(hashlib.sha256(files[name]).hexdigest() == record["sha256"] for name, record in records.items())
    first = next(iter(opened(published).records(config)))
    assert first[f"{config}/image"].convert("RGB").size == (24, 24)


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_reads_one_split(published: Published, split: str) -> None:
    """Asked for one split, mlcroissant reads its shards alone."""
    dataset = opened(published)
    filters = {"small_cropped/split": split}
    wanted = {name: row for name, row in rows_of(published, "small_cropped").items() if row["split"] == split}
    assert records_of(dataset, "small_cropped", filters=filters) == wanted
    (files,) = [node for node in dataset.metadata.distribution if node.uuid == "small_cropped-files"]
    assert f"small_cropped/{split}-*.parquet" in files.includes
    assert "small_cropped/*.parquet" not in files.includes


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("config", EMONET)
def test_reads_emonet(published: Published, config: str) -> None:
    """Pictures, prompts, demographics and every annotation of EmoNet-Face come back."""
    records, rows = records_of(opened(published), config), rows_of(published, config)
    assert records.keys() == rows.keys()
    for name, record in records.items():
        row, flat = rows[name], []
        for annotation in row["annotations"]:
            says = {"annotator": annotation["annotator"]}
            if "ratings" in annotation:
                says |= {f"ratings/{emotion}": rating for emotion, rating in annotation["ratings"].items()}
            else:
                says |= {"emotion": annotation["emotion"], "present": annotation["present"]}
            flat.append(says)
        got = [list(annotation.values()) for annotation in record["annotations"]]
        assert got == [list(says.values()) for says in flat]
        assert record["image"] == row["image"]
        assert record["prompt"] == row["prompt"]
        demographics = {key.rsplit("/", 1)[1]: value for key, value in record["demographics"].items()}
        nothing = dict.fromkeys(("ethnicity", "gender", "age"))
        assert {key: None if value is None or value != value else value for key, value in demographics.items()} == (
            row["demographics"] or nothing
        )


def test_ratings_have_their_emotions(published: Published) -> None:
    """A rating of 7 for elation is not one for its neighbour."""
    (record, *_) = records_of(opened(published), "emonet_hq").values()
    first = {key.removeprefix("emonet_hq/annotations/"): value for key, value in record["annotations"][0].items()}
    assert first["ratings/Elation"] == 7.0
    assert math.isclose(first["ratings/Anger"], 0.5)
    assert sum(value for key, value in first.items() if key.startswith("ratings/")) == 7.5
    assert len(first) == 1 + len(EMONET_EMOTIONS)


def test_reads_splits_and_labels(published: Published) -> None:
    """The splits and the names of the labels are records, too."""
    dataset = opened(published)
    assert [row["splits/name"] for row in dataset.records("splits")] == ["train", "validation", "test"]
    assert [row["emotions/name"] for row in dataset.records("emotions")][5] == "disgust"
    assert [row["emonet_emotions/name"] for row in dataset.records("emonet_emotions")] == list(EMONET_EMOTIONS)


# --- the file of this project ---------------------------------------------------------------------------------------

SHIPPED = (ROOT / "croissant.json").read_bytes()


def sizeless(node: Any) -> Any:
    """Return a part of croissant.json without what follows from how many rows there are: counts and shares of nulls."""
    if isinstance(node, list):
        return [sizeless(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: sizeless(value) for key, value in node.items() if node.get("name") != "records" or key != "value"}
    if isinstance(kept.get("description"), str):
        kept["description"] = re.sub(r" Null in .* rows\.$|: one record a picture, .*", "", kept["description"])
    return kept


@pytest.mark.usefixtures("no_complaints")
def test_the_shipped_file_validates() -> None:
    """What lies beside the card has neither an error nor a warning."""
    issues = mlc.Dataset(ROOT / "croissant.json").metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())


def test_the_shipped_file_is_what_small_shards_give(published: Published) -> None:
    """Files, record sets, columns and labels are those of a fresh tree; only counts of rows differ."""
    shipped, fresh = json.loads(SHIPPED), json.loads(croissant(published.of(*FACES), HEADER))
    for key in ("@context", "conformsTo", "distribution", "recordSet", "version", "url"):
        assert sizeless(shipped[key]) == sizeless(fresh[key]), key
    counts = {node["@id"]: node["annotation"][0]["value"] for node in shipped["recordSet"] if node["@id"] in FACES}
    assert counts == dict.fromkeys(FACES, 1_500)


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("config", FACES)
def test_the_shipped_file_reads_shards(published: Published, config: str) -> None:
    """Through the very file beside the card every row comes back, its picture with the sha256 that the row states."""
    dataset = opened(published, SHIPPED)
    records = records_of(dataset, config)
    assert records == rows_of(published, config)
    assert all(hashlib.sha256(record["image"]).hexdigest() == record["sha256"] for record in records.values())
    assert [row["emotions/name"] for row in dataset.records("emotions")] == list(EMOTIONS)
