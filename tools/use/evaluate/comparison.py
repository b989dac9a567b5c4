"""Two sets of ratings of the same pictures: mean absolute error, Spearman's correlation, quadratic weighted kappa.

In go two arrays, NaN where a picture has no rating; out come the figures of all pictures by scikit-learn and scipy, or
of any resample by sums of weights, which are the same.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from tools.use.evaluate.bootstrap import Floats
from tools.use.evaluate.ranks import Ranks, spearman

COLUMNS = ("MAE", "Spearman", "QWK")
LARGEST = 7


def whole(values: Floats, cut: bool) -> Floats:
    """Return ratings as whole numbers from 0 to 7: cut, or rounded to the nearest, a half up."""
    return np.clip(np.trunc(values) if cut else np.floor(values + 0.5), 0, LARGEST)


class Comparison:
    """Ratings `first` and `second`, both (n,) and from 0 to 7; those of pictures that lack one of both do not count.

    `cut` says of each whether it is cut to whole numbers for the kappa, or rounded to the nearest.
    """

    def __init__(self, first: npt.ArrayLike, second: npt.ArrayLike, cut: tuple[bool, bool]) -> None:
        a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
        both = ~np.isnan(a) & ~np.isnan(b)
        self._places = None if both.all() else np.flatnonzero(both)
        self._a, self._b = a[both], b[both]
        self.count = len(self._a)
        self._x, self._y = whole(self._a, cut[0]), whole(self._b, cut[1])
        x, y = self._x, self._y
        ones = np.ones_like(x)
        self._sums = np.stack([ones, np.abs(self._a - self._b), (x - y) ** 2, x, y, x * x, y * y], axis=1)
        self._ranks = (Ranks(self._a), Ranks(self._b)) if self.count > 1 else None

    def figures(self, by_library: bool) -> list[float]:
        """Return MAE, Spearman and QWK, NaN where one is not defined: for want of pictures, or of any variation."""
        if self.count < 2:
            return [float("nan")] * 3
        if not by_library:
            everything = np.ones((1, self.count))
            return [float(value) for value in self._of(everything)[0]]
        from scipy.stats import spearmanr
        from sklearn.metrics import cohen_kappa_score, mean_absolute_error

        varied = np.ptp(self._a) > 0 and np.ptp(self._b) > 0
        same = np.ptp(self._x) == 0 and np.ptp(self._y) == 0 and self._x[0] == self._y[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class that nobody gave
            kappa = np.nan if same else cohen_kappa_score(
                self._x.astype(int), self._y.astype(int), labels=range(LARGEST + 1), weights="quadratic"
            )  # fmt: skip
        rank = spearmanr(self._a, self._b).statistic if varied else np.nan
        return [float(mean_absolute_error(self._a, self._b)), float(rank), float(kappa)]

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures (k, 3) for weights (k, n) of all pictures."""
        if self.count < 2:
            return np.full((len(weights), 3), np.nan)
        return self._of(weights if self._places is None else weights[:, self._places])

    def _of(self, weights: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            total, error, squared, x, y, xx, yy = (weights @ self._sums).T
            # Observed and expected disagreement, as tools/make/ratings/statistics.py has them. These are sums of whole
            # numbers: they are exact, and so is a zero.
            expected = total * xx + total * yy - 2 * x * y
            kappa = np.where(expected > 0, 1 - total * squared / expected, np.nan)
            error = error / total
        rank = spearman(weights, *self._ranks) if self._ranks else np.full(len(weights), np.nan)
        return np.stack([error, rank, kappa], axis=1)


def means(figures: Floats) -> Floats:
    """Return the means over the first axis of what is defined, NaN where nothing is."""
    known = ~np.isnan(figures)
    with np.errstate(invalid="ignore"):
        return np.where(known, figures, 0).sum(axis=0) / known.sum(axis=0)
