"""The figures of ratings from 0 to 7 (EmoNet-Face HQ and Big): how near predictions come to raters, and to their mean.

In go predictions of some of the 40 emotions and the ratings of several people; out come mean absolute error, Spearman's
correlation and quadratic weighted kappa, for each emotion and as means of the emotions, and the same figures of the
raters among themselves, which no model can be asked to exceed by much.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.use.evaluate.bootstrap import Floats
from tools.use.evaluate.comparison import COLUMNS, Comparison, means
from tools.use.evaluate.result import Estimate, Headline, Key, Row, Table

EACH, MEAN, PAIRS, REST, RATERS = "each_rater", "mean_rating", "raters_in_pairs", "raters_and_rest", "raters"
ALL = "mean of the emotions"
TITLES = {
    EACH: "Predictions against each rater",
    MEAN: "Predictions against the mean of the raters",
    PAIRS: "Ceiling of the first: raters against each other",
    REST: "Ceiling of the second: each rater against the mean of the others",
}
NOTES = {
    EACH: ["the mean over the raters of an emotion, each on the pictures that they rated"],
    MEAN: [],
    PAIRS: ["the mean over pairs of raters, each on the pictures that both rated"],
    REST: ["the mean over the raters, each on the pictures that others rated as well"],
}
KAPPA = (
    "QWK: Cohen's kappa with quadratic weights. Ratings are cut to whole numbers, as in the published analysis; "
    "predictions and means of ratings are rounded to the nearest (a half up)"
)


@dataclass(frozen=True)
class Ratings:
    """The truth: judgement i says that `rater[i]` (an index into `raters`) rated `picture[i]` as `values[emotion][i]`.

    Values are from 0 to 7, NaN where an emotion was not rated. A rater who judged a picture again stands by the last.
    """

    raters: Sequence[str]
    rater: npt.NDArray[np.int64]
    picture: npt.NDArray[np.int64]
    values: Mapping[str, Floats]

    def matrix(self, emotion: str, pictures: int) -> Floats:
        """Return the ratings of an emotion (pictures, raters), NaN where there is none."""
        table = np.full((pictures, len(self.raters)), np.nan)
        table[self.picture, self.rater] = self.values[emotion]
        return table


class Rated:
    """Predictions {emotion: (pictures,)}, from 0 to 7, against ratings."""

    def __init__(self, truth: Ratings, predictions: Mapping[str, Floats]) -> None:
        pictures = len(next(iter(predictions.values())))
        self._raters, self._emotions = list(truth.raters), list(predictions)
        self._several = len(self._raters) > 1
        self._names = [EACH, MEAN, PAIRS, REST] if self._several else [MEAN]
        self._sets = {e: self._compared(truth.matrix(e, pictures), predictions[e]) for e in self._emotions}
        self._rated = {e: self._sets[e][MEAN][0].count for e in self._emotions}
        judged = np.unique(truth.rater * pictures + truth.picture)
        self._judged = np.bincount(judged // pictures, minlength=len(self._raters))
        rows = [ALL, *self._emotions]
        self.keys: list[Key] = [(n, row, column) for n in self._names for row in rows for column in COLUMNS]
        if self._several:
            self.keys += [(RATERS, rater, column) for rater in self._raters for column in COLUMNS]
        whom = "mean of the raters" if self._several else "rater"
        types = ("mae", "spearmanr", "quadratic_weighted_kappa")
        self.headlines = [
            Headline(metric, f"{column} against the {whom}, mean of the emotions", (MEAN, ALL, column))
            for metric, column in zip(types, COLUMNS, strict=True)
        ]

    def _compared(self, ratings: Floats, prediction: Floats) -> dict[str, list[Comparison]]:
        """Return the comparisons of an emotion, by table."""
        count, total = (~np.isnan(ratings)).sum(axis=1), np.nansum(ratings, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = {MEAN: [Comparison(total / count, prediction, cut=(False, False))]}
        if not self._several:  # a mean of one: whole numbers are cut as that rater's are
            return {MEAN: [Comparison(ratings[:, 0], prediction, cut=(True, False))]}
        columns = list(ratings.T)
        found[EACH] = [Comparison(column, prediction, cut=(True, False)) for column in columns]
        found[PAIRS] = [Comparison(a, b, cut=(True, True)) for a, b in itertools.combinations(columns, 2)]
        found[REST] = []
        for column in columns:
            others = count - ~np.isnan(column)
            with np.errstate(divide="ignore", invalid="ignore"):
                rest = np.where(others > 0, (total - np.nan_to_num(column)) / others, np.nan)
            found[REST].append(Comparison(rest, column, cut=(False, True)))
        return found

    def values(self) -> list[float | None]:
        """Return the figures: those of predictions by scikit-learn and scipy, those of raters by the same sums."""
        found = {
            (name, emotion): np.array([c.figures(by_library=name in (EACH, MEAN)) for c in self._sets[emotion][name]])
            for name in self._names
            for emotion in self._emotions
        }
        flat = self._flat({key: values[:, None] for key, values in found.items()})[0]
        return [None if np.isnan(value) else float(value) for value in flat]

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures for weights (k, pictures)."""
        return self._flat(
            {
                (name, emotion): np.stack([compared.resampled(weights) for compared in self._sets[emotion][name]])
                for emotion in self._emotions
                for name in self._names
            }
        )

    def _flat(self, found: dict[tuple[str, str], Floats]) -> Floats:
        """Return figures (k, keys) of those of every comparison (comparisons, k, 3), by table and emotion."""
        flat = []
        for name in self._names:
            each = np.stack([means(found[name, emotion]) for emotion in self._emotions])
            flat += [means(each), *each]
        if self._several:
            flat += list(means(np.stack([found[EACH, emotion] for emotion in self._emotions])))
        return np.concatenate(flat, axis=1)

    def tables(self, at: Callable[[Key], Estimate]) -> list[Table]:
        """Return the tables: predictions, then raters."""
        tables = []
        for name in self._names:
            counts = {ALL: len(self._emotions), **self._rated}
            rows = [Row(row, count, {c: at((name, row, c)) for c in COLUMNS}) for row, count in counts.items()]
            notes = [*NOTES[name], KAPPA] if name == self._names[0] else NOTES[name]
            title = TITLES[name] if self._several else f"Predictions against the only rater, {self._raters[0]}"
            tables.append(Table(name, title, COLUMNS, rows, notes))
        if self._several:
            judged = zip(self._raters, self._judged, strict=True)
            rows = [Row(rater, int(n), {c: at((RATERS, rater, c)) for c in COLUMNS}) for rater, n in judged]
            tables.append(Table(RATERS, "Predictions against each rater, mean of the emotions", COLUMNS, rows))
        return tables
