"""Figures of ratings: scipy's and scikit-learn's, the same for every resample, against raters and among them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

from tests.use.evaluate.drawn import resamples, same
from tools.make.ratings.statistics import mean_kappa, quadratic_kappa
from tools.use.evaluate.comparison import Comparison, whole
from tools.use.evaluate.ratings import ALL, EACH, MEAN, PAIRS, RATERS, REST, Rated, Ratings
from tools.use.evaluate.result import Estimate

VALUES = st.one_of(st.integers(0, 7).map(float), st.floats(0, 7).map(lambda value: round(value, 2)))
TWO = st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=25)


def library(a: np.ndarray, b: np.ndarray, cut: tuple[bool, bool]) -> list[float]:
    """Return MAE, Spearman and QWK by the libraries, NaN where one is not defined."""
    x, y = whole(a, cut[0]).astype(int), whole(b, cut[1]).astype(int)
    rank = spearmanr(a, b).statistic if np.ptp(a) and np.ptp(b) else np.nan
    one = np.ptp(x) == 0 and np.ptp(y) == 0 and x[0] == y[0]
    kappa = np.nan if one else cohen_kappa_score(x, y, labels=range(8), weights="quadratic")
    return [mean_absolute_error(a, b), rank, kappa]


@given(TWO, st.booleans(), st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_resamples_are_the_libraries(pairs: list[tuple[float, float]], first: bool, second: bool) -> None:
    """Sums of weights and of ranks give what the libraries give for the rows that are drawn, and for all rows."""
    a, b = np.array(pairs).T
    compared = Comparison(a, b, (first, second))
    weights, drawn = resamples(len(a), 8)
    same(compared.resampled(weights), [library(a[rows], b[rows], (first, second)) for rows in drawn])
    same(compared.figures(by_library=True), library(a, b, (first, second)))
    same(compared.figures(by_library=False), compared.figures(by_library=True))


def test_a_case_worked_by_hand() -> None:
    """Ratings 0, 2, 4 and predictions 1, 2, 6: off by 1, 0, 2; in the same order; kappa by Cohen's table."""
    found = Comparison([0, 2, 4], [1, 2, 6], (True, False)).figures(by_library=True)
    # Observed: (1 + 0 + 4) / 3. Expected, over all nine pairs: (1+4+36 + 1+0+16 + 9+4+4) / 9.
    same(found, [1, 1, 1 - (5 / 3) / (75 / 9)])


def test_whole_numbers() -> None:
    """Raters' are cut; a half is rounded up, also an even one's; nothing leaves the scale."""
    same(whole(np.array([0.5, 2.9, 7.0]), True), [0, 2, 7])
    same(whole(np.array([0.5, 1.5, 2.49, 2.5, 6.9]), False), [1, 2, 2, 3, 7])


def truth_of(table: np.ndarray, emotion: str = "Fear") -> Ratings:
    """Return ratings of one emotion (pictures, raters), NaN where there is none."""
    picture, rater = np.nonzero(~np.isnan(table))
    names = [f"expert-{number}" for number in range(table.shape[1])]
    return Ratings(names, rater.astype(np.int64), picture.astype(np.int64), {emotion: table[picture, rater]})


def by_key(part: Rated) -> dict[tuple[str, str, str], float | None]:
    """Return the figures by their keys."""
    return dict(zip(part.keys, part.values(), strict=True))


def test_each_rater_their_mean_and_the_ceilings() -> None:
    """Three raters of five pictures, not all of each: every table holds the mean over its comparisons."""
    nan = np.nan
    table = np.array([[0, 1, nan], [2, 2, 3], [5, nan, 4], [7, 6, 6], [1, 1, 0]])
    prediction = np.array([0.4, 2.6, 4.0, 6.5, 2.0])
    found = by_key(Rated(truth_of(table), {"Fear": prediction}))

    def mean(figures: list[list[float]], column: int) -> float:
        return float(np.mean([row[column] for row in figures]))

    each, pairs, rest = [], [], []
    for rater in range(3):
        known = ~np.isnan(table[:, rater])
        each.append(library(table[known, rater], prediction[known], (True, False)))
        others = np.delete(table, rater, axis=1)
        middle = np.nanmean(others[known], axis=1)
        rest.append(library(middle, table[known, rater], (False, True)))
    for one, other in itertools.combinations(range(3), 2):
        both = ~np.isnan(table[:, one]) & ~np.isnan(table[:, other])
        pairs.append(library(table[both, one], table[both, other], (True, True)))
    middle = library(np.nanmean(table, axis=1), prediction, (False, False))
    for place, column in enumerate(("MAE", "Spearman", "QWK")):
        for row in ("Fear", ALL):
            wanted = mean(each, place), middle[place], mean(pairs, place), mean(rest, place)
            same([found[name, row, column] for name in (EACH, MEAN, PAIRS, REST)], wanted)
        same([found[RATERS, f"expert-{rater}", column] for rater in range(3)], [row[place] for row in each])


def test_the_ceiling_is_the_kappa_of_annotate() -> None:
    """The kappa of raters in pairs is that which `annotate agreement` reports."""
    table = np.random.default_rng(0).integers(0, 8, (30, 4)).astype(float)
    table[::3, 1] = np.nan
    found = by_key(Rated(truth_of(table), {"Fear": np.linspace(0, 7, 30)}))
    same(found[PAIRS, "Fear", "QWK"] or 0, mean_kappa(table) or 0)
    a, b = table[:, 0], table[:, 2]
    same(Comparison(a, b, (True, True)).figures(by_library=True)[2], quadratic_kappa(a, b) or 0)


def test_resamples_take_all_raters_of_a_picture() -> None:
    """A part's resample is the part of the rows that are drawn."""
    generator = np.random.default_rng(1)
    table = generator.integers(0, 8, (40, 3)).astype(float)
    table[generator.random((40, 3)) < 0.3] = np.nan
    table[0] = [1, 2, 3]
    predictions = {"Fear": generator.uniform(0, 7, 40)}
    weights, drawn = resamples(40, 6)
    found = Rated(truth_of(table), predictions).resampled(weights)
    for row, places in zip(found, drawn, strict=True):
        wanted = Rated(truth_of(table[places]), {"Fear": predictions["Fear"][places]}).values()
        same(row, [np.nan if value is None else value for value in wanted])


def test_one_rater_has_no_ceiling() -> None:
    """A single model's ratings are compared once, cut to whole numbers as a rater's are."""
    table, prediction = np.array([[1.5], [3.0], [6.9]]), np.array([1.0, 4.0, 6.0])
    part = Rated(truth_of(table), {"Fear": prediction})
    assert {key[0] for key in part.keys} == {MEAN}
    same([by_key(part)[MEAN, "Fear", column] for column in ("MAE", "Spearman", "QWK")],
         library(table[:, 0], prediction, (True, False)))  # fmt: skip
    [shown] = part.tables(lambda key: Estimate(0.0))
    assert shown.title == "Predictions against the only rater, expert-0"
    assert [(row.name, row.count) for row in shown.rows] == [(ALL, 1), ("Fear", 3)]


def test_nothing_to_correlate() -> None:
    """Constant ratings have an error, but neither a correlation nor, where all agree, a kappa."""
    found = by_key(Rated(truth_of(np.zeros((4, 2))), {"Fear": np.zeros(4)}))
    assert [found[MEAN, "Fear", column] for column in ("MAE", "Spearman", "QWK")] == [0.0, None, None]
