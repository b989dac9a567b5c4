"""The figures of valence and arousal, CCC, PCC, RMSE and SAGR: in go truths and predictions, out come numbers.

It needs numpy alone, so that a training loop can ask for them after every epoch. Means, variances and covariances are
those of a population (divided by n), as in the papers that define the figures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
METRICS = ("ccc", "pcc", "rmse", "sagr")
# Below this part of the largest squared deviation a variance is nothing but rounding.
NOTHING = 1e-12


def affect_metrics(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> dict[str, float | None]:
    """Return `ccc`, `pcc`, `rmse` and `sagr` of predictions of valence, or of arousal.

    Both arrays have shape (n,), one place a picture, values usually in [-1, 1]. With means m, population variances v
    and population covariance c (A. Mollahosseini et al., "AffectNet", arXiv 1708.03985, on metrics of the dimensional
    model; its CCC is that of L. Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989):

    - CCC = 2 c / (v_truth + v_prediction + (m_truth - m_prediction)**2),
    - PCC = c / sqrt(v_truth * v_prediction),
    - RMSE = sqrt(mean((truth - prediction)**2)),
    - SAGR = the share of pictures where both have the same sign. A zero has a sign of its own: it agrees with a zero
      only, as the Kronecker delta of the signs in that paper says.

    What is not defined is None: CCC and PCC where every truth is the same, PCC where every prediction is. Raises
    ValueError for arrays of other shapes, for none, and for what is not finite.
    """
    a, b = np.asarray(truth, np.float64), np.asarray(prediction, np.float64)
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise ValueError(f"expected two arrays of one and the same shape (n,), n at least 1 (got {a.shape}, {b.shape})")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("expected finite numbers (got NaN or infinity)")
    varies, moves = np.ptp(a) > 0, np.ptp(b) > 0
    da, db = a - a.mean(), b - b.mean()
    covariance = float((da * db).mean()) if varies and moves else 0.0
    spread = float(a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    pearson = covariance / float(np.sqrt(a.var() * b.var())) if varies and moves and a.var() * b.var() > 0 else None
    return {
        "ccc": 2 * covariance / spread if varies and spread > 0 else None,
        "pcc": None if pearson is None else min(1.0, max(-1.0, pearson)),
        "rmse": float(np.sqrt(((a - b) ** 2).mean())),
        "sagr": float((np.sign(a) == np.sign(b)).mean()),
    }


class AffectSums:
    """The sums of which the figures of any resample are made: a resample costs one matrix product.

    Weighted by how often a resample has each picture, the sums of truth, prediction, their squares and their product
    are the moments of that resample; so the figures are those of `affect_metrics` on it, but for rounding.
    """

    def __init__(self, truth: npt.ArrayLike, prediction: npt.ArrayLike) -> None:
        a, b = np.asarray(truth, np.float64), np.asarray(prediction, np.float64)
        centre = a.mean()  # moved by the same amount, both keep all figures, and squares lose no digits
        x, y = a - centre, b - centre
        same = (np.sign(a) == np.sign(b)).astype(np.float64)
        self._sums = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y, same], axis=1)
        self._least = NOTHING * float((x * x).max()), NOTHING * float((y * y).max())

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures (k, 4), in the order of METRICS, for weights (k, n); NaN where one is not defined."""
        with np.errstate(divide="ignore", invalid="ignore"):
            total, x, y, xx, yy, xy, same = (weights @ self._sums).T
            x, y, xx, yy, xy = x / total, y / total, xx / total, yy / total, xy / total
            vx, vy, c = np.maximum(xx - x * x, 0), np.maximum(yy - y * y, 0), xy - x * y
            varies, moves = vx > self._least[0], vy > self._least[1]
            ccc = np.where(varies, 2 * c / (vx + vy + (x - y) ** 2), np.nan)
            pcc = np.where(varies & moves, np.clip(c / np.sqrt(vx * vy), -1, 1), np.nan)
            rmse = np.sqrt(np.maximum(xx + yy - 2 * xy, 0))
            return np.stack([ccc, pcc, rmse, same / total], axis=1)
