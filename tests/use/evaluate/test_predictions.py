"""Which columns predictions may have for which truth, and how they are joined with it by image_id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS
from tools.use.evaluate.matching import places
from tools.use.evaluate.predictions import read_predictions


def csv(folder: Path, text: str) -> Path:
    """Write predictions."""
    path = folder / "p.csv"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str, kind: str = "faces", mapped: bool = False) -> str:
    """Return what is said of predictions."""
    with pytest.raises(ValueError, match=r".") as caught:
        read_predictions(csv(folder, text), kind, mapped)
    return str(caught.value)


def test_scores_are_matched_by_name(tmp_path: Path) -> None:
    """The order of columns means nothing: the highest score's name is what is predicted."""
    columns = ["angry", "image_id", "fear", "disgust", "neutral", "surprise", "happy", "sad", "arousal"]
    rows = [["9", "a", *"000000", "0.5"], ["1", "b", "2", "0", "0", "0", "0", "0", "-1"]]
    text = "\n".join(",".join(row) for row in [columns, *rows]) + "\n"
    found = read_predictions(csv(tmp_path, text), "faces")
    assert found.classes is not None
    assert [EMOTIONS[index] for index in found.classes] == ["angry", "fear"]
    assert {name: values.tolist() for name, values in found.affect.items()} == {"arousal": [0.5, -1]}
    assert found.scores == {}


def test_names_of_classes(tmp_path: Path) -> None:
    """A column emotion holds the names of the classes."""
    found = read_predictions(csv(tmp_path, "image_id,emotion\na,sad\nb,neutral\n"), "faces")
    assert found.classes is not None
    assert found.classes.tolist() == [2, 0]


def test_emotions_of_emonet(tmp_path: Path) -> None:
    """Spellings of upstream are known, some of the 40 are enough, and their scores are kept by their names."""
    text = "image_id,Hopelessness,jealousy_envy,model_fear_best\na,1,2,3\n"
    for kind, mapped in (("hq", False), ("big", False), ("binary", False), ("faces", True)):
        found = read_predictions(csv(tmp_path, text), kind, mapped)
        assert {name: of.tolist() for name, of in found.scores.items()} == {
            "Helplessness": [1], "Jealousy & Envy": [2], "Fear": [3],
        }  # fmt: skip
        assert set(found.scores) < set(EMONET_EMOTIONS)


SEVEN = ",".join(EMOTIONS)
KNOWN = f"emotion, or a score for each of {', '.join(EMOTIONS)}; valence, arousal"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,emotion\na,sad\n", "p.csv has no column image_id; it has 'id', 'emotion'"),
        ("image_id\na\n", f"p.csv predicts nothing: beside image_id it may have {KNOWN}"),
        ("image_id,emotion,happiness\na,sad,1\n",
         f"p.csv has 1 column ('happiness') that nothing is known of: {KNOWN}"),
        ("image_id,0,1,2,3,4,5,6\na,1,0,0,0,0,0,0\n",
         f"p.csv has 7 columns ('0', '1', '2', ...) that nothing is known of: {KNOWN}"),
        (",image_id,emotion\n0,a,sad\n", f"p.csv has 1 column ('') that nothing is known of: {KNOWN}"),
        ("image_id,Valence\na,0\n", f"p.csv has 1 column ('Valence') that nothing is known of: {KNOWN}"),
        ("image_id,happy,sad\na,1,0\n",
         "p.csv has scores of 2 classes, but none of neutral, surprise, fear, disgust, angry"),
        (f"image_id,emotion,{SEVEN}\na,sad,0,0,1,0,0,0,0\n",
         "p.csv has a column emotion and scores of classes: give one of both"),
        (f"image_id,{SEVEN}\na,1,0,1,0,0,0,0\nb,0,0,0,0,0,0,0\nc,0,0,0,0,0,0,1\n",
         "p.csv: in 2 rows several classes have the highest score (row 1, row 2): say which in a column emotion "
         "instead"),
        ("image_id,emotion\na,joy\nb,sad\nc,Happy\nd,joy\n",
         f"p.csv: emotion is none of {', '.join(EMOTIONS)} in 3 rows ('joy', 'Happy')"),
        ("image_id,emotion\na,1\nb,3\n", f"p.csv: emotion is none of {', '.join(EMOTIONS)} in 2 rows ('1', '3'); "
                                         "an index would not say in which order"),
        ("image_id,emotion\na,\n", "p.csv: emotion is empty in 1 row (row 1)"),
        ("image_id,valence\na,2\n",
         "p.csv: valence is not from -1 to 1 (clip it yourself, if that is meant) in 1 row (row 1: '2')"),
    ],
)  # fmt: skip
def test_faces_that_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """Unknown columns, unnamed classes, others' spellings, indices, ties, values out of range."""
    assert refused(tmp_path, text) == said


def test_emonet_that_is_refused(tmp_path: Path) -> None:
    """Columns of faces, an emotion twice, and ratings that leave the scale where there is one."""
    assert refused(tmp_path, "image_id,Fear,valence\na,1,0\n", "hq") == (
        "p.csv has 1 column ('valence') that nothing is known of: the names of the 40 emotions"
    )
    assert refused(tmp_path, "image_id,neutral\na,1\n", "faces", mapped=True) == (
        "p.csv has 1 column ('neutral') that nothing is known of: valence, arousal, the 40 emotions"
    )
    assert refused(tmp_path, "image_id,Helplessness,Hopelessness\na,1,2\n", "binary") == (
        "p.csv has several columns for one emotion: 'Helplessness', 'Hopelessness'"
    )
    for kind in ("hq", "big"):
        assert refused(tmp_path, "image_id,Fear\na,7.1\nb,-0.1\n", kind) == (
            "p.csv: Fear is not from 0 to 7 (clip it yourself, if that is meant) in 2 rows "
            "(row 1: '7.1', row 2: '-0.1')"
        )
    assert read_predictions(csv(tmp_path, "image_id,Fear\na,-3.5\n"), "binary").scores["Fear"].tolist() == [-3.5]


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (
            '{"joy": {"mean_subtracted": 1}}',
            "results has 'joy', which is none of the 40 emotions",
        ),
        ('{"model_fear_best": {"raw": 1}}', "results has no mean_subtracted of 'model_fear_best'"),
        ('{"model_fear_best": 1}', "results has no mean_subtracted of 'model_fear_best'"),
        ("3", "results holds values of type int64, not objects"),
        ('{"model_fear_best": {"mean_subtracted": null}}', "model_fear_best holds values of type null, not numbers"),
    ],
)
def test_upstreams_form_that_is_refused(tmp_path: Path, results: str, said: str) -> None:
    """Heads that are none of the 40 emotions, and scores that are missing."""
    path = tmp_path / "p.jsonl"
    path.write_text(f'{{"image_path": "a_Sad.jpg", "results": {results}}}\n')
    with pytest.raises(ValueError, match=r".") as caught:
        read_predictions(path, "faces", mapped=True)
    assert str(caught.value) == f"p.jsonl: {said}"


def ids(*names: str) -> pa.Array:
    """Return ids."""
    return pa.array(names, pa.large_string())


@given(st.permutations(range(30)))
def test_any_order_is_put_in_that_of_the_truth(order: list[int]) -> None:
    """Each true id gets the place of its prediction."""
    true = ids(*(f"picture-{number}" for number in range(30)))
    found = places("p.csv", true.take(pa.array(order)), true, "split test")
    assert np.array(order)[found].tolist() == list(range(30))


@pytest.mark.parametrize(
    ("predicted", "said"),
    [
        (["a", "b"], "1 id missing ('c')"),
        ([], "3 ids missing ('a', 'b', 'c')"),
        (["a", "b", "c", "d", "e", "f", "g"], "4 ids unknown ('d', 'e', 'f', ...)"),
        (["a", "a", "a", "b", "c"], "1 id there more than once ('a')"),
        (["a", "b", "c", "z", "z"], "1 id unknown ('z'); 1 id there more than once ('z')"),
        (["a", "a", "x"], "2 ids missing ('b', 'c'); 1 id unknown ('x'); 1 id there more than once ('a')"),
        (["A", "b", "c"], "1 id missing ('a'); 1 id unknown ('A')"),
        (["x" * 1000, "a", "b", "c"], "1 id unknown ('" + "x" * 32 + "...')"),
    ],
)
def test_ids_that_do_not_fit(predicted: list[str], said: str) -> None:
    """All that is wrong is said at once, with the number of each kind and the first three."""
    with pytest.raises(ValueError, match=r".") as caught:
        places("p.csv", ids(*predicted), ids("a", "b", "c"), "split test of small_cropped")
    assert str(caught.value) == f"p.csv does not fit split test of small_cropped: {said}"
