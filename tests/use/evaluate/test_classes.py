"""Figures of classes: scikit-learn's, the same for every resample, and a picture of the confusion matrix."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from tests.use.evaluate.drawn import resamples, same
from tools.use.evaluate.classes import Classes

NAMES = ["a", "b", "c", "d"]
INDICES = st.integers(0, 3)
PAIRS = st.lists(st.tuples(INDICES, INDICES), min_size=1, max_size=40)


def test_a_case_worked_by_hand() -> None:
    """Three a, of which two are found and one is called b, and one b, which is found; neither has c nor d."""
    part = Classes(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), NAMES)
    found = dict(zip(part.keys, part.values(), strict=True))
    said = {(row, column): value for (_, row, column), value in found.items()}
    assert said["all classes", "accuracy"] == 0.75
    assert said["a", "precision"] == 1
    assert said["a", "recall"] == 2 / 3
    same(said["a", "F1"] or 0, 0.8)
    assert said["b", "precision"] == 0.5
    same(said["all classes", "macro F1"] or 0, (0.8 + 2 / 3) / 2)  # c and d, which the truth lacks, do not count
    assert [said["c", column] for column in ("precision", "recall", "F1")] == [None, None, None]
    assert part.confusion().counts == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_a_class_that_is_never_predicted() -> None:
    """It has no precision, recall 0 and F1 0, which counts for the mean."""
    part = Classes(np.array([0, 1]), np.array([0, 0]), ["a", "b"])
    assert part.values() == [0.5, (2 / 3) / 2, 0.5, 1.0, 2 / 3, None, 0.0, 0.0]


@given(PAIRS)
def test_resamples_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    """Counts of the confusion matrix give what scikit-learn gives for the rows that are drawn."""
    truth, prediction = np.array(pairs).T
    weights, drawn = resamples(len(truth), 8)
    found = Classes(truth, prediction, NAMES).resampled(weights)
    for row, places in zip(found, drawn, strict=True):
        a, b = truth[places], prediction[places]
        macro = f1_score(a, b, labels=np.unique(a), average="macro", zero_division=0)
        each = precision_recall_fscore_support(a, b, labels=range(4), average=None, zero_division=np.nan)
        same(row, [accuracy_score(a, b), macro, *np.stack(each[:3], axis=1).ravel()])


def test_a_class_that_a_resample_lacks_is_no_mistake() -> None:
    """Perfect predictions are perfect in every resample, also in those that do not draw each class."""
    truth = np.array([0, 1, 2, 3])
    found = Classes(truth, truth, NAMES).resampled(resamples(4)[0])
    assert np.isnan(found).any()  # a class was not drawn
    same(found[:, :2], np.ones((len(found), 2)))


def test_pictures_without_a_label_are_left_out_of_resamples_too() -> None:
    """A resample is of all pictures; those that have no label weigh nothing."""
    truth, prediction = np.array([0, 1, 1]), np.array([0, 1, 0])
    weights, drawn = resamples(5)
    found = Classes(truth, prediction, ["a", "b"], np.array([0, 2, 4])).resampled(weights)
    labels = np.array([0, -1, 1, -1, 1])
    said = np.array([0, -1, 1, -1, 0])
    for row, places in zip(found, drawn, strict=True):
        kept = places[labels[places] >= 0]
        same(row[0], np.mean(labels[kept] == said[kept]) if len(kept) else np.nan)
