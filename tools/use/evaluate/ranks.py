"""Spearman's correlation of any resample without sorting it: in go two arrays and weights, out come correlations.

Values are sorted once. In a resample, the rank of a value follows from how many smaller ones there are and how many are
equal, which are sums of weights; so the figure is scipy's on the pictures drawn, tied ranks shared.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tools.use.evaluate.bootstrap import Floats


class Ranks:
    """Values (n,) sorted, with their ties: what the ranks of every resample need."""

    def __init__(self, values: npt.ArrayLike) -> None:
        _, tie, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
        self._tie = tie
        self._order = np.argsort(tie, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self._tied = len(counts) < len(tie)

    def of(self, weights: Floats) -> Floats:
        """Return the mean ranks (k, n), from 1, for weights (k, n); what a resample lacks has a rank of no meaning."""
        sums = np.take(weights, self._order, axis=1)
        if self._tied:
            sums = np.add.reduceat(sums, self._starts, axis=1)
        ranks = np.cumsum(sums, axis=1)
        sums -= 1
        sums /= 2
        ranks -= sums  # the last rank of a tie, less half of the steps to its first
        return np.take(ranks, self._tie, axis=1)


def spearman(weights: Floats, first: Ranks, second: Ranks) -> Floats:
    """Return Spearman's correlation (k,) for weights (k, n); NaN where one of both has a single value."""
    middle = (weights.sum(axis=1, keepdims=True) + 1) / 2
    a, b = first.of(weights) - middle, second.of(weights) - middle
    weighted = weights * a
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = np.einsum("kn,kn->k", weighted, b)
        spread = np.einsum("kn,kn->k", weighted, a) * np.einsum("kn,kn->k", weights * b, b)
        return np.where(spread > 0, covariance / np.sqrt(spread), np.nan)
