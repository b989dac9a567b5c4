"""The truth of configs, from shards made for it: labels that are missing, judgements that tie, ids that stand twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from DiffusionFER import EMONET_EMOTIONS, FEATURES, SUBSETS
from tools.use.evaluate.evaluation import Data, Settings, columns_for, evaluate
from tools.use.evaluate.predictions import Predictions
from tools.use.evaluate.result import Evaluation
from tools.use.evaluate.truth import Faces, Judged, Rated40, Truth, read_truth
from tools.use.rows import open_rows


def shard(folder: Path, config: str, split: str, columns: dict[str, list[Any]]) -> None:
    """Write a shard with some of the columns of a config."""
    schema = FEATURES[SUBSETS[config].kind].arrow_schema
    (folder / config).mkdir(exist_ok=True)
    table = pa.table(columns, pa.schema([schema.field(name) for name in columns]))
    pq.write_table(table, folder / config / f"{split}-00000.parquet")


def truth(folder: Path, config: str, split: str, columns: list[str]) -> Truth:
    """Return the truth of a shard."""
    with open_rows(config, data_dir=folder) as rows:
        return read_truth(rows, split, columns)


FACES: dict[str, list[Any]] = {
    "image_id": ["a", "b", "c"], "emotion": [0, None, 2], "valence": [0.5, -0.5, None], "arousal": [None] * 3,
}  # fmt: skip


def test_labels_that_are_missing(tmp_path: Path) -> None:
    """A picture without a class or a valence is left out of that alone, and counted."""
    shard(tmp_path, "small_cropped", "test", FACES)
    found = truth(tmp_path, "small_cropped", "test", ["emotion", "valence", "arousal"])
    assert isinstance(found, Faces)
    assert found.emotion is not None
    assert found.emotion.tolist() == [0, -1, 2]
    zeros = {name: np.zeros(3) for name in ("valence", "arousal")}
    predictions = Predictions("p.csv", "0" * 64, found.ids, np.array([0, 0, 0]), zeros)
    evaluation = evaluated(predictions, found)
    counts = {table.name: [row.count for row in table.rows] for table in evaluation.tables}
    assert counts == {"classes": [2], "each_class": [1, 0, 1, 0, 0, 0, 0], "valence_and_arousal": [2]}
    assert evaluation.notes == [
        "1 picture without a class left out of the classes",
        "1 picture without valence left out of it",
        "3 pictures without arousal left out of it",
    ]


def evaluated(predictions: Predictions, found: Truth) -> Evaluation:
    """Return an evaluation with few resamples."""
    return evaluate(predictions, found, Data("local data", "small_cropped", "test"), Settings(samples=5))


def test_what_has_no_truth_is_named() -> None:
    """A truth without what was predicted, and one with what was not: both are said, and nothing is made up."""
    ids = pa.array(["a", "b"], pa.large_string())
    found = Faces(ids, ["x", "y"], np.array([0, 1]), {"arousal": np.array([0.5, -0.5])})
    affect = {"valence": np.zeros(2), "arousal": np.zeros(2)}
    evaluation = evaluated(Predictions("p.csv", "0" * 64, ids, None, affect), found)
    assert [table.name for table in evaluation.tables] == ["valence_and_arousal"]
    assert evaluation.notes == ["without a truth, so not scored: valence"]


def test_a_truth_that_has_nothing_of_it(tmp_path: Path) -> None:
    """Predictions of what no picture has a truth for are refused, not scored as nothing."""
    shard(tmp_path, "small_cropped", "test", FACES)
    found = truth(tmp_path, "small_cropped", "test", ["arousal"])
    predictions = Predictions("p.csv", "0" * 64, found.ids, None, {"arousal": np.zeros(3)})
    with pytest.raises(ValueError, match=r"^split test of small_cropped has no truth for what p\.csv predicts$"):
        evaluated(predictions, found)


def test_only_the_columns_of_what_was_predicted_are_read(tmp_path: Path) -> None:
    """A shard that has no other column is enough."""
    shard(tmp_path, "small_cropped", "test", {"image_id": ["a"], "valence": [0.5]})
    predictions = Predictions("p.csv", "0" * 64, pa.array(["a"]), None, {"valence": np.zeros(1)})
    assert columns_for(predictions, None) == ["valence"]
    found = truth(tmp_path, "small_cropped", "test", columns_for(predictions, None))
    assert isinstance(found, Faces)
    assert found.emotion is None
    assert found.affect["valence"].tolist() == [0.5]


@pytest.mark.parametrize("ids", [["a", "b", "a"], ["a", None, "b"]])
def test_ids_of_the_data_that_are_not_unique(tmp_path: Path, ids: list[str | None]) -> None:
    """Data whose ids do not name pictures cannot be joined."""
    shard(tmp_path, "small_cropped", "test", {**FACES, "image_id": ids})
    with pytest.raises(ValueError, match="an image_id stands twice in split test of small_cropped, or is missing"):
        truth(tmp_path, "small_cropped", "test", ["emotion"])


def judgement(annotator: str, emotion: str, present: bool | None) -> dict[str, Any]:
    """Return what somebody says of a picture."""
    return {"annotator": annotator, "emotion": EMONET_EMOTIONS.index(emotion), "present": present}


def test_the_majority_decides(tmp_path: Path) -> None:
    """Two of three are a majority, one of two is none; judgements that say nothing do not count."""
    said = [
        [judgement("x", "Fear", True), judgement("y", "Fear", True), judgement("z", "Fear", False)],
        [judgement("x", "Fear", True), judgement("y", "Fear", False), judgement("x", "Awe", False)],
        [judgement("x", "Anger", None)],
    ]
    shard(tmp_path, "emonet_binary", "train", {"image_id": ["a", "b", "c"], "annotations": said})
    found = truth(tmp_path, "emonet_binary", "train", [])
    assert isinstance(found, Judged)
    judged = zip(found.picture.tolist(), found.emotion.tolist(), found.present.tolist(), strict=True)
    assert sorted(judged) == sorted(
        [(0, EMONET_EMOTIONS.index("Fear"), True), (1, EMONET_EMOTIONS.index("Awe"), False)]
    )
    assert found.tied == 1


def rating(annotator: str, fear: float | None) -> dict[str, Any]:
    """Return the ratings of somebody."""
    return {"annotator": annotator, "ratings": {"Fear": fear, "Awe": 1.0}}


def test_ratings_of_experts(tmp_path: Path) -> None:
    """Raters are in the order of their names; what was not rated is NaN; the last of two ratings stands."""
    said = [[rating("expert-2", 3.0), rating("expert-1", 1.0)], [rating("expert-1", 5.0), rating("expert-1", 6.0)],
            [rating("expert-2", None)]]  # fmt: skip
    shard(tmp_path, "emonet_hq", "test", {"image_id": ["a", "b", "c"], "annotations": said})
    found = truth(tmp_path, "emonet_hq", "test", [])
    assert isinstance(found, Rated40)
    assert found.ratings.raters == ["expert-1", "expert-2"]
    np.testing.assert_array_equal(found.ratings.matrix("Fear", 3), [[1, 3], [6, np.nan], [np.nan, np.nan]])
    zeros = {"Fear": np.zeros(3), "Anger": np.zeros(3)}
    notes = evaluated(Predictions("p.csv", "0" * 64, found.ids, scores=zeros), found).notes
    assert "nobody rated, so not scored: Anger" in notes
    with pytest.raises(ValueError, match="has no truth for what"):
        evaluated(Predictions("p.csv", "0" * 64, found.ids, scores={"Anger": np.zeros(3)}), found)
