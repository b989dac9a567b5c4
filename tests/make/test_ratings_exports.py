"""Exports of Label Studio are read as they are, real ones among them; what is none is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS
from tests.make.rated import REAL, annotation, task, write_export
from tools.make.ratings.exports import ExportError, read_export
from tools.make.ratings.scales import RATED, labelling_config

ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["id", "data", "annotations", "result", "value", "completed_by", "updated_at", "drafts"])


def test_a_real_export() -> None:
    """What somebody rated in a browser is read: a class and a point, a class alone; a skipped task is counted."""
    export = read_export(REAL / "faces.json")
    assert {rating.picture: rating.says for rating in export.ratings} == {
        "aaaaaaae": {"emotion": "fear", "valence": -0.215, "arousal": 0.715},
        "aaaaaaaj": {"emotion": "sad", "valence": -0.705, "arousal": -0.215},
        "aaaaaaah": {"emotion": "neutral"},
        "aaaaaaam": {"emotion": "happy", "valence": 0.66, "arousal": 0.335},
    }
    assert {(rating.config, rating.rater) for rating in export.ratings} == {("small_original", "1")}
    assert export.left_out == {"cancelled": 1, "drafts": 0}


@pytest.mark.parametrize("name", ["faces", "hq"])
def test_both_forms_say_the_same(name: str) -> None:
    """JSON and JSON-MIN of one project hold the same ratings, with the same times and numbers."""
    assert read_export(REAL / f"{name}_min.json").ratings == read_export(REAL / f"{name}.json").ratings


def test_real_sliders() -> None:
    """Of 40 sliders, those that were not moved say 0."""
    (rating,) = read_export(REAL / "hq.json").ratings
    assert (rating.config, rating.picture) == ("emonet_hq", "00001")
    assert rating.says == {**dict.fromkeys(EMONET_EMOTIONS, 0.0), "Amusement": 6.0}


def test_all_controls_are_known() -> None:
    """Each of the 40 emotions has a control of its own, and the configuration is XML with their names."""
    import xml.etree.ElementTree as ElementTree

    assert list(RATED.values()) == list(EMONET_EMOTIONS)
    sliders = ElementTree.fromstring(labelling_config("hq")).iter("Number")
    assert [slider.attrib["name"] for slider in sliders] == list(RATED)
    faces = ElementTree.fromstring(labelling_config("faces"))
    assert [choice.attrib["value"] for choice in faces.iter("Choice")] == list(EMOTIONS)


@pytest.mark.parametrize(("who", "name"), [(3, "3"), ("anna", "anna"), ({"id": 3, "email": "a@b.c"}, "a@b.c")])
def test_annotators(tmp_path: Path, who: Any, name: str) -> None:
    """An annotator is known by e-mail, name or number, in this order; --rater overrides them all."""
    path = write_export(tmp_path / "a.json", task("a", annotation(who)))
    assert read_export(path).ratings[0].rater == name
    assert read_export(path, "ben").ratings[0].rater == "ben"


def test_what_is_counted(tmp_path: Path) -> None:
    """Cancelled annotations, drafts, empty ones, and a point beside the circle are no ratings, and are counted."""
    answers = [annotation(was_cancelled=True), annotation(emotion=None), annotation(2, "sad", (0.9, 0.9))]
    path = write_export(tmp_path / "a.json", task("a", *answers, drafts=[{"id": 1}]))
    export = read_export(path)
    assert [rating.says for rating in export.ratings] == [{"emotion": "sad"}]
    assert export.left_out == {"cancelled": 1, "empty": 1, "outside": 1, "drafts": 1}


def result(name: str, value: Any) -> dict[str, Any]:
    """Return a task with one result."""
    return task("a", annotation(emotion=None, result=[{"from_name": name, "value": value}]))


BAD: list[tuple[Any, str]] = [
    ({"a": 1}, " is no export of Label Studio: expected a list of tasks (got {'a': 1})"),
    ([1], ": task number 1: expected a task (got 1)"),
    ([{"id": 5, "data": {"text": "x"}, "annotations": []}], ": task 5: no picture and config in its data ('text'): the "
     "tasks that `annotate export` writes have both"),
    ([{**task("a"), "annotations": None}], ": task 7: annotations: expected a list (got None)"),
    ([task("a", config="coco")], ": task 7: config 'coco' is none of small_original, small_cropped, medium_original, "
     "medium_cropped, large_original, large_cropped, emonet_hq, emonet_binary, emonet_big"),
    ([task("a", config="emonet_big")], ": task 7: emonet_big has ratings of models, not of people: rate emonet_hq, "
     "whose 40 sliders are those of EmoNet-Face"),
    ([task("a", annotation(emotion="joy"))], ": task 7: emotion ['joy'] is not one of neutral, happy, sad, "
     "surprise, fear, disgust, angry"),
    ([result("sentiment", {"choices": ["x"]})], ": task 7: 'sentiment' is no question of a project of this config: "
     "another project's?"),
    ([result("affect", {"x": 101, "y": 0})], ": task 7: affect x 101 is not a number from 0 to 100"),
    ([result("affect", {"x": True, "y": 0})], ": task 7: affect x True is not a number from 0 to 100"),
    ([task("a", annotation(None))], ": task 7: annotator None is no name: give --rater NAME"),
    ([task("a", annotation(updated_at="today"))], ": task 7: time 'today' is not as 2026-01-31T12:00:00.000000Z"),
    ([task("\ud800", annotation())], ": task 7: picture '\\ud800' is no name of a picture"),
    ([task("a", annotation(result=[3]))], ": task 7: expected a result with a value (got 3)"),
    ([task("a", annotation(result=annotation()["result"] * 2))], ": task 7: emotion is answered twice"),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "message"), BAD)
def test_what_is_not_ours(tmp_path: Path, tasks: Any, message: str) -> None:
    """Each is told in one line, with the file, the task and the value."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps(tasks))
    with pytest.raises(ExportError) as error:
        read_export(path)
    assert str(error.value) == f"{path}{message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, "it is nested too deeply"),
        (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"[NaN]", "NaN is no number"),
        (b"nonsense" * 1_300_000, "Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_what_is_not_json(tmp_path: Path, content: bytes, message: str) -> None:
    """Ten megabytes of nonsense, deep nesting and other encodings are told in one line."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ExportError) as error:
        read_export(path)
    assert str(error.value) == f"{path} is not JSON as Label Studio exports it: {message}"


@ANY
@given(st.lists(JSON | st.dictionaries(KEYS, JSON), max_size=3), JSON)
@example([{"annotations": 3, "data": None}], None)
@example([{"id": "\x1f"}], None)
@example([], {"id": [1]})
def test_any_json_is_no_crash(tmp_path: Path, tasks: list[Any], inside: Any) -> None:
    """Whatever JSON is read, as a task or inside a good one, gives ratings or an ExportError of one line."""
    good = task("a", annotation())
    documents = [tasks, [{**good, "annotations": [inside]}], [task("a", annotation(result=inside))]]
    documents += [[task("a", annotation(result=[{"from_name": "affect", "value": inside}]))]]
    documents += [[{**good["data"], "annotation_id": 1, "annotator": inside, "emotion": inside, "affect": inside}]]
    for document in documents:
        (tmp_path / "a.json").write_text(json.dumps(document))
        said = "read"
        try:
            read_export(tmp_path / "a.json")
        except ExportError as error:
            said = str(error)
        assert said.isprintable()
