"""The builder in separate processes: imported and as a script, cached and streaming, under each version of `datasets`.

One child process an environment runs every job of that environment (`builder_probe.py`); the tests read its answers.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.builder_runs import SCRIPT, expected_faces, run_jobs, write_many, write_sizes
from tests.environments import CURRENT, NAMES, python_of
from tests.trees import write_emonet, zip_folder

FACES = [f"{size}_{variant}" for size in ("small", "medium", "large") for variant in ("original", "cropped")]
EMONET = ["emonet_hq", "emonet_binary", "emonet_big"]

# The columns of the design's table, in its order, as Arrow types.
IMAGE = {"image": "struct<bytes: binary, path: string>", "image_id": "string"}
FACE_TYPES = {
    **IMAGE,
    **{"emotion": "int64", "valence": "float", "arousal": "float"},
    **dict.fromkeys(["prompt", "negative_prompt", "race", "age", "gender", "style", "others"], "string"),
    **{"seed": "int64", "steps": "int32", "sampler": "string", "cfg_scale": "float", "model": "string"},
    **{"face_box": "list<item: float>", "clip_score": "float", "sha256": "string"},
}
EMONET_TYPES = {**IMAGE, "prompt": "string", "demographics": "struct<ethnicity: string, gender: string, age: int32>"}
FACE_LABELS = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "angry"]


# The header of a card that speaks of an edition with other numbers of rows.
CARD = """---
dataset_info:
- config_name: small_original
  features:
  - name: image
    dtype: image
  splits:
  - name: train
    num_bytes: 700
    num_examples: 7
  download_size: 700
  dataset_size: 700
---
"""


def ways_of(environment: str) -> list[str]:
    """Name the ways that work in an environment: scripts ended with datasets 4."""
    return ["class"] if environment == CURRENT else ["class", "script"]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Data directories: all nine configs, a large split as a folder and as a zip, and one that lacks an image."""
    base = tmp_path_factory.mktemp("trees")
    folders = {name: base / name for name in ("nine", "many", "zipped", "holed", "empty")}
    for folder in folders.values():
        folder.mkdir()
    rows = write_sizes(folders["nine"])
    write_emonet(folders["nine"])
    for name in ("many", "zipped", "holed"):
        many = write_many(folders[name])
    zip_folder(folders["zipped"] / "DifussionEmotion_S")
    (folders["holed"] / many[300]["path"]).unlink()
    card = base / "card" / SCRIPT.name
    card.parent.mkdir()
    shutil.copy(SCRIPT, card)
    card.with_name("README.md").write_text(CARD)
    return {**folders, "rows": rows, "many_rows": many, "card": card}


def jobs_of(environment: str, trees: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Name every job of an environment "way subject form"."""
    jobs: dict[str, dict[str, Any]] = {}
    for way in ways_of(environment):
        for form in ("cached", "stream"):
            same = {"way": way, "stream": form == "stream"}
            for config in FACES + EMONET:
                jobs[f"{way} {config} {form}"] = {**same, "config": config, "data_dir": str(trees["nine"])}
            small = {**same, "config": "small_original", "divide": True, "num_proc": 2, "rows": False}
            for name in ("many", "zipped", "holed"):
                jobs[f"{way} {name} {form}"] = {**small, "data_dir": str(trees[name])}
            jobs[f"{way} default {form}"] = {**same, "config": None, "data_dir": str(trees["nine"])}
            beside = {"config": "small_original", "data_dir": str(trees["nine"]), "script": str(trees["card"])}
            jobs[f"{way} card {form}"] = {**same, **beside}
            jobs[f"{way} nothing {form}"] = {**same, "config": "small_cropped", "data_dir": str(trees["empty"])}
            jobs[f"{way} nowhere {form}"] = {**same, "config": "small_cropped"}
    return jobs


@pytest.fixture(scope="module", params=NAMES)
def answers(request: pytest.FixtureRequest, trees: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run the jobs of one environment, with a fresh HF_HOME."""
    name = request.param
    found = run_jobs(python_of(name), jobs_of(name, trees), tmp_path_factory.mktemp("home"))
    return {**found, "ways": ways_of(name), "environment": name}


def forms(answers: dict[str, Any], subject: str) -> list[dict[str, Any]]:
    """Return the answers about a subject in every way, cached and streaming; fail where one is an error."""
    found = [answers[f"{way} {subject} {form}"] for way in answers["ways"] for form in ("cached", "stream")]
    assert [answer.get("error") for answer in found] == [None] * len(found)
    return found


def expected_emonet(data_dir: Path, config: str) -> dict[str, list[dict[str, Any]]]:
    """Return what an EmoNet config must give of the tree of `write_emonet`, written out by hand."""
    rows: list[dict[str, Any]] = []
    for index in range(2):
        content = (data_dir / config.replace("emonet_", "emonet-face-") / "images" / f"0000{index}.png").read_bytes()
        known = {"length": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        rows.append({"image": {"bytes": known, "path": f"0000{index}.png"}, "image_id": f"0000{index}"})
        rows[-1] |= {"prompt": None, "demographics": None}
    if config == "emonet_binary":
        rows[0]["annotations"] = [
            {"annotator": "human-1", "emotion": 31, "present": True},  # Anger
            {"annotator": "human-3", "emotion": 3, "present": False},  # Contentment
        ]
        rows[1]["annotations"] = [{"annotator": "human-1", "emotion": 35, "present": True}]  # Helplessness
        return {"train": rows}
    from DiffusionFER import EMONET_EMOTIONS  # its order is tested against guide.json

    zeros = dict.fromkeys(EMONET_EMOTIONS, 0.0)
    if config == "emonet_hq":
        ratings = {**zeros, "Elation": 7.0, "Anger": 0.5}
        for row in rows:
            row["annotations"] = [{"annotator": f"expert-{number}", "ratings": ratings} for number in (1, 2)]
        return {"test": rows}
    for index, row in enumerate(rows):
        row["annotations"] = [{"annotator": "gpt-4o", "ratings": {**zeros, "Fear": float(index), "Awe": 3.0}}]
    rows[0]["prompt"] = "a close-up"
    rows[0]["demographics"] = {"ethnicity": "Nordic", "gender": "Female", "age": 30}
    return {"train": rows}


def test_the_environment_is_the_one_meant(answers: dict[str, Any]) -> None:
    """Each environment runs the version of datasets that its name says."""
    wanted = {"datasets-2.21": "2.21.", "datasets-3.6": "3.6.", CURRENT: ("5.", "4.")}[answers["environment"]]
    assert answers["version"].startswith(wanted)


@pytest.mark.parametrize("config", FACES)
def test_a_face_config_gives_the_rows_of_the_sheet(answers: Any, trees: dict[str, Any], config: str) -> None:
    """Cached and streaming, every row comes in the sheet's order and split, with the file's very bytes and sha256."""
    wanted = expected_faces(trees["nine"], trees["rows"], config)
    assert list(wanted) == ["train", "validation", "test"]
    for answer in forms(answers, config):
        assert answer["splits"] == wanted
        assert list(answer["splits"]) == ["train", "validation", "test"]


@pytest.mark.parametrize("config", EMONET)
def test_an_emonet_config_gives_the_annotations(answers: Any, trees: dict[str, Any], config: str) -> None:
    """Cached and streaming, each image comes once, with all that people or models said of it, in upstream's order."""
    for answer in forms(answers, config):
        assert answer["splits"] == expected_emonet(trees["nine"], config)


@pytest.mark.parametrize("config", FACES + EMONET)
def test_the_types_are_those_of_the_design(answers: Any, config: str) -> None:
    """Features and the stored Arrow table have the columns, order and types of the design's table in every version."""
    from DiffusionFER import EMONET_EMOTIONS

    if config in FACES:
        types, labels = FACE_TYPES, FACE_LABELS
    elif config == "emonet_binary":
        said = "list<item: struct<annotator: string, emotion: int64, present: bool>>"
        types, labels = {**EMONET_TYPES, "annotations": said}, list(EMONET_EMOTIONS)
    else:
        ratings = ", ".join(f"{name}: float" for name in EMONET_EMOTIONS)
        said = f"list<item: struct<annotator: string, ratings: struct<{ratings}>>>"
        types, labels = {**EMONET_TYPES, "annotations": said}, None
    for answer in forms(answers, config):
        assert list(answer["types"].items()) == list(types.items())
        assert list(answer.get("stored", types).items()) == list(types.items())
        assert answer["labels"] == labels
        assert answer["image"] == "Image"
        assert answer["decoded"] == ([8, 8] if config in FACES else [64, 64])


def test_the_default_config_is_small_original(answers: Any, trees: dict[str, Any]) -> None:
    """Without a config name, small_original is loaded."""
    for answer in forms(answers, "default"):
        assert answer["splits"] == expected_faces(trees["nine"], trees["rows"], "small_original")


def test_the_card_beside_the_script_does_not_bind_raw_data(answers: Any, trees: dict[str, Any]) -> None:
    """A README.md that gives the published edition's numbers of rows stops nobody who loads a larger one."""
    for answer in forms(answers, "card"):
        assert answer["splits"] == expected_faces(trees["nine"], trees["rows"], "small_original")
        assert list(answer["types"].items()) == list(FACE_TYPES.items())


@pytest.mark.parametrize("name", ["many", "zipped"])
def test_two_processes_give_what_one_gives(answers: Any, trees: dict[str, Any], name: str) -> None:
    """With num_proc=2 on a split of several chunks, a folder or a zip, the rows and their order are those of one."""
    wanted: dict[str, list[str]] = {}
    for row in trees["many_rows"]:
        wanted.setdefault(row["split"], []).append(Path(row["path"]).stem)
    for answer in forms(answers, name):
        assert answer["splits"] == wanted


@pytest.mark.parametrize("name", ["many", "zipped"])
def test_a_stream_divides_into_chunks(answers: Any, trees: dict[str, Any], name: str) -> None:
    """A stream has a shard for every hundred rows, shards make up the whole, a shuffle or a pickle loses nothing."""
    for way in answers["ways"]:
        answer = answers[f"{way} {name} stream"]
        train, divided = answer["splits"]["train"], answer["divided"]["train"]
        assert (len(train), divided["shards"]) == (360, 4)
        if "parts" in divided:  # datasets 3 and later
            assert [len(part) for part in divided["parts"]] == [100, 100, 100, 60]
            assert [image_id for part in divided["parts"] for image_id in part] == train
        assert sorted(divided["shuffled"]) == sorted(train)
        assert divided["shuffled"][0] in train[100:400:100]  # a buffer of one row gets there by whole chunks alone
        assert divided["pickled"] == train
        assert answer["divided"]["test"]["shards"] == 1


def test_the_alias_is_said_aloud(answers: Any) -> None:
    """The child's log names the category that was read as another, with the number of annotations."""
    assert "binary.csv: 1 annotations of 'Hopelessness' are read as 'Helplessness'" in answers["log"]


def test_missing_data_is_named(answers: Any, trees: dict[str, Any]) -> None:
    """A config whose data is not there says which folders or zips were looked for, and where, in every way."""
    names = "DiffusionEmotion_S_cropped, DiffusionEmotion_S_cropped.zip, DifussionEmotion_S_cropped, "
    names += "DifussionEmotion_S_cropped.zip"
    wanted = f"FileNotFoundError: config small_cropped has no data here: {trees['empty']} holds none of {names}"
    for way in answers["ways"]:
        assert {answers[f"{way} nothing {form}"]["error"] for form in ("cached", "stream")} == {wanted}


def test_no_data_dir_is_said(answers: Any) -> None:
    """Without data_dir, the message says what to give, and how to load the published dataset instead."""
    wanted = (
        "ValueError: config small_cropped is read from raw files: give data_dir=, a folder that holds "
        "DiffusionEmotion_S_cropped or DifussionEmotion_S_cropped. The published dataset needs no raw files: "
        'load_dataset("FER-Universe/DiffusionFER", "small_cropped")'
    )
    for way in answers["ways"]:
        assert {answers[f"{way} nowhere {form}"]["error"] for form in ("cached", "stream")} == {wanted}


def test_a_missing_image_is_named(answers: Any, trees: dict[str, Any]) -> None:
    """An image that the sheet names and the folder lacks stops the load with the row, the file and the folder."""
    row = trees["many_rows"][300]
    file = row["path"].split("/", 1)[1]
    wanted = f"dataset_sheet.csv row 302: {file} is not in {trees['holed']}/DifussionEmotion_S"
    for way in answers["ways"]:
        assert answers[f"{way} holed stream"]["error"] == f"FileNotFoundError: {wanted}"
        cached = answers[f"{way} holed cached"]
        assert wanted in cached["error"] + cached["cause"]
