"""Figures of emotions that are there or not: scikit-learn's, the same for every resample."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from tests.use.evaluate.drawn import resamples, same
from tools.use.evaluate.binary import ALL, NAME, Binary, Scored
from tools.use.evaluate.result import Estimate

SCORES = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.floats(0, 1))
JUDGED = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=30)


def scored(present: list[bool], scores: list[float], threshold: float = 0.5) -> Scored:
    """Return judgements of the first pictures."""
    return Scored(np.array(present), np.array(scores), np.arange(len(present)), threshold)


def test_a_case_worked_by_hand() -> None:
    """Of four, the first and the third are right: precisions 1 and 2/3, each for half of the recall."""
    found = scored([True, False, True, False], [0.9, 0.8, 0.7, 0.1]).figures()
    same(found, [(1 + 2 / 3) / 2, 2 * (2 / 3) * 1 / (2 / 3 + 1)])


def test_the_threshold_itself_counts() -> None:
    """A score of just the threshold predicts the emotion."""
    assert scored([True], [0.5]).figures()[1] == 1
    assert scored([True], [0.5], 0.6).figures()[1] == 0


@given(JUDGED)
def test_resamples_are_scikit_learns(judged: list[tuple[bool, float]]) -> None:
    """Weights give what scikit-learn gives for the rows that are drawn."""
    present, scores = np.array([item[0] for item in judged]), np.array([item[1] for item in judged])
    weights, drawn = resamples(len(judged), 8)
    found = Scored(present, scores, np.arange(len(judged)), 0.5).resampled(weights)
    for row, rows in zip(found, drawn, strict=True):
        a, b = present[rows], scores[rows]
        wanted = [average_precision_score(a, b), f1_score(a, b >= 0.5, zero_division=0)] if a.any() else [np.nan] * 2
        same(row, wanted)


def test_only_judged_pictures_count() -> None:
    """An emotion's figures are of its own pictures, and a resample has these as often as it draws them."""
    present, scores, pictures = np.array([True, False, True]), np.array([0.9, 0.6, 0.4]), np.array([5, 0, 2])
    weights, drawn = resamples(6)
    found = Scored(present, scores, pictures, 0.5).resampled(weights)
    at = {5: 0, 0: 1, 2: 2}
    for row, rows in zip(found, drawn, strict=True):
        kept = np.array([at[int(place)] for place in rows if int(place) in at], int)
        if len(kept) and present[kept].any():
            same(row[0], average_precision_score(present[kept], scores[kept]))
        else:
            assert np.isnan(row).all()


def test_means_are_of_emotions_that_some_picture_has() -> None:
    """An emotion that is nowhere present has no figure; the table says how many have it by chance."""
    part = Binary({"Fear": scored([True, False], [0.9, 0.8]), "Awe": scored([False], [0.9])}, 0.5, tied=3)
    found = dict(zip(part.keys, part.values(), strict=True))
    assert found[NAME, "Awe", "F1"] is None
    assert found[NAME, "Awe", "average precision"] is None
    assert found[NAME, ALL, "average precision"] == found[NAME, "Fear", "average precision"] == 1
    same(found[NAME, ALL, "F1"] or 0, 2 / 3)
    [table] = part.tables(lambda key: Estimate(None))
    assert [row.figures["present"].value for row in table.rows] == [0.25, 0.5, 0.0]
    assert "3 without a majority left out" in table.notes[0]
