"""The published rule for 40 emotions as 8 or 7 classes: EmoNet-Face's own table, mappings, and who is left out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS
from tests.use.evaluate.drawn import resamples, same
from tools.use.evaluate.mapping import EVERY, NAME, RULE, TOP, Mapped, Mapping40, read_mapping, softmax
from tools.use.evaluate.names import class_named, emotion_named
from tools.use.evaluate.predictions import read_predictions
from tools.use.evaluate.truth import FILE_NAMES, read_set

# The row of FERD in the card of EmoNet-Face's models, in percent; the top-1 beside it is ours.
FERD = {"anger": (73.68, 57.89), "contempt": (31.58, 0.0), "disgust": (78.95, 10.53), "fear": (100.0, 84.21)}
FERD |= {"happy": (100.0, 63.16), "neutral": (84.21, 15.79), "sad": (78.95, 10.53), "surprise": (78.95, 0.0)}
FERD |= {"mean of the classes": (78.29, 30.26), "all pictures": (78.29, 30.26)}


def test_the_published_row_of_ferd(shared: Path) -> None:
    """To the second decimal, from the published scores, mapping and file names."""
    mapping = read_mapping(shared / "emonet" / "label_mappings.json", "ferd")
    predictions = read_predictions(shared / "emonet" / "ferd.jsonl", "faces", mapped=True)
    truth = read_set(FILE_NAMES, predictions.ids, sorted(set(mapping.of.values())))
    assert truth.emotion is not None
    part = Mapped(mapping, truth.classes, truth.emotion, predictions.scores)
    found = {key[1:]: round(100 * (value or 0), 2) for key, value in zip(part.keys, part.values(), strict=True)}
    assert found == {(row, rule): of for row, pair in FERD.items() for rule, of in zip((RULE, TOP), pair, strict=True)}


def test_the_shipped_mapping_is_upstreams(shared: Path) -> None:
    """`seven` is upstream's mapping to AffectNet's classes in our spelling, without what maps to contempt."""
    theirs = read_mapping(shared / "emonet" / "label_mappings.json", "affectnet")
    ours = read_mapping(None, None)
    assert ours.name == "seven"
    within, left_out = theirs.within(EMOTIONS)
    assert within.of == ours.of
    assert left_out == [emotion for emotion, name in theirs.of.items() if name == "contempt"]
    assert sorted(left_out) == ["Contempt", "Teasing"]
    assert ours.within(EMOTIONS) == (ours, [])


def test_every_name_of_upstreams_models_is_known(shared: Path) -> None:
    """The heads of the models spell each of the 40 emotions once."""
    heads = json.loads((shared / "emonet" / "label_mappings.json").read_text())["ferd"]
    assert {emotion_named(head) for head in heads} == set(EMONET_EMOTIONS)
    assert len(heads) == 40


THREE = Mapping40("three", {"Fear": "bad", "Anger": "bad", "Relief": "good"})


def test_a_case_worked_by_hand() -> None:
    """Three emotions: a share above a half is needed, so top-1 at 0.4 is right by one rule and not by the other."""
    shares = np.array([[0.4, 0.3, 0.3], [0.1, 0.3, 0.6], [0.6, 0.2, 0.2], [0.3, 0.3, 0.4]])
    scores = dict(zip(THREE.of, np.log(shares).T, strict=True))
    part = Mapped(THREE, ["bad", "good"], np.array([0, 1, 1, 0]), scores)
    found = {key[1:]: value for key, value in zip(part.keys, part.values(), strict=True)}
    assert found["bad", RULE] == 0
    assert found["bad", TOP] == 0.5
    assert found["good", RULE] == 0.5
    assert found["good", TOP] == 0.5
    assert found[EVERY, RULE] == 0.25
    assert part.top.tolist() == [0, 1, 0, 1]


def test_several_classes_can_be_right_at_once() -> None:
    """With many emotions two classes pass; whichever is true, the picture counts."""
    names = EMONET_EMOTIONS[:6]
    mapping = Mapping40("m", dict(zip(names, ["x", "y", "z", "z", "z", "z"], strict=True)))
    scores = {name: np.full(3, value) for name, value in zip(names, [5.0, 5.0, 0, 0, 0, 0], strict=True)}
    part = Mapped(mapping, ["x", "y", "z"], np.array([0, 1, 2]), scores)
    found = {key[1:]: value for key, value in zip(part.keys, part.values(), strict=True)}
    assert [found[name, RULE] for name in "xyz"] == [1, 1, 0]
    assert [found[name, TOP] for name in "xyz"] == [1, 0, 0]


def test_resamples_are_what_is_drawn() -> None:
    """A part's resample is the part of the rows that are drawn; a class that none of them has has no figure."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, 9)
    scores = {name: generator.normal(size=9) for name in THREE.of}
    part = Mapped(THREE, ["bad", "good"], truth, scores)
    weights, drawn = resamples(9)
    for row, places in zip(part.resampled(weights), drawn, strict=True):
        taken = Mapped(THREE, ["bad", "good"], truth[places], {name: of[places] for name, of in scores.items()})
        wanted = dict(zip(taken.keys, taken.values(), strict=True))
        same(row, [wanted.get(key, np.nan) for key in part.keys])
    assert part.keys[0][0] == NAME


def test_softmax_of_large_scores() -> None:
    """Shares sum up to 1 and do not overflow."""
    found = softmax(np.array([[1e4, 1e4, 0.0]]))
    same(found, [[0.5, 0.5, 0]])


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ('{"a": {"Fear": "x", "Anger": "y"}, "b": {}}', None,
         "m.json: holds 2 mappings: choose by --mapping-name one of 'a', 'b'"),
        ('{"a": {"Fear": "x", "Anger": "y"}}', "z", "m.json: has no mapping 'z'; it has 'a'"),
        ("[1]", None, 'm.json: is not of the form {"mapping": {"emotion": "class", ...}}'),
        ('{"a": 1}', None, 'm.json: is not of the form {"mapping": {"emotion": "class", ...}}'),
        ('{"a": {"Joy": "x"}}', None, "m.json: 'Joy' is none of the 40 emotions"),
        ('{"a": {"Fear": "x", "fear": "y"}}', None, "m.json: names 'Fear' twice"),
        ('{"a": {"Fear": "x", "Fear": "y"}}', None, "m.json: names something twice"),
        ('{"a": {"Fear": 3}}', None, "m.json: 'Fear' is mapped to '3', which is no class"),
        ('{"a": {"Fear": "x"}}', None, "m.json: maps to fewer than two classes"),
        ("{", None, "m.json: Expecting property name"),
        ("[" * 100_000, None, "m.json: is nested too deep"),
        ("\xff", None, "m.json: 'utf-8' codec can't decode"),
        (" " * (2**20 + 1), None, "m.json: has more than 1,048,576 bytes"),
    ],
)  # fmt: skip
def test_mappings_that_are_none(tmp_path: Path, content: str, name: str | None, said: str) -> None:
    """What is wrong with a mapping is said with the name of its file."""
    file = tmp_path / "m.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r".") as caught:
        read_mapping(file, name)
    assert str(caught.value).startswith(said)


def test_a_class_without_an_emotion() -> None:
    """A mapping that never gives one of the classes cannot score them."""
    with pytest.raises(ValueError, match="mapping 'three' maps no emotion to neutral, happy"):
        THREE.within(EMOTIONS)


@pytest.mark.parametrize(
    ("word", "found"),
    [("Surprised", "surprise"), ("anger", "angry"), ("ANGRY", "angry"), ("Happiness", "happy"), ("contempt", None),
     ("fear", "fear"), ("", None)],
)  # fmt: skip
def test_spellings_of_classes(word: str, found: str | None) -> None:
    """Other sets' words for the same classes are known, and nothing is guessed."""
    assert class_named(word, EMOTIONS) == found


@pytest.mark.parametrize(
    ("word", "found"),
    [("Hopelessness", "Helplessness"), ("jealousy & envy", "Jealousy & Envy"), ("Jealousy_Envy", "Jealousy & Envy"),
     ("model_pleasure_ecstasy_best", "Pleasure/Ecstasy"), ("Pleasure", None), ("model_valence_best", None), ("", None)],
)  # fmt: skip
def test_spellings_of_emotions(word: str, found: str | None) -> None:
    """Upstream's alias and heads are known; a part of a name is none."""
    assert emotion_named(word) == found
