"""The bootstrap: in go figures that can be computed for a resample of the pictures; out come percentile intervals.

A resample draws as many pictures as there are, with replacement, each as likely as any other (B. Efron and R.
Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 6 and 13). It is given by weights: how often it has each
picture. All figures see the same resamples, so truth, prediction and every rater of a picture come together, and two
models that are evaluated on one split with one seed are compared on the same pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEVEL = 0.95  # of the intervals
SAMPLES = 1000
BLOCK_BYTES = 64 * 2**20  # of weights that are in memory at a time


def weights(pictures: int, samples: int, seed: int) -> Iterator[Floats]:
    """Yield blocks (k, pictures) of weights, `samples` rows in all: each row is one draw of the multinomial law.

    The rows do not depend on the size of a block. Each row sums up to `pictures`.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    rows = max(1, BLOCK_BYTES // (8 * pictures))
    for start in range(0, samples, rows):
        block = np.empty((min(rows, samples - start), pictures))
        for row in block:
            row[:] = np.bincount(generator.integers(0, pictures, pictures), minlength=pictures)
        yield block


def resample(
    pictures: int,
    samples: int,
    seed: int,
    statistics: Sequence[Callable[[Floats], Floats]],
    advance: Callable[[int], object] = lambda done: None,
) -> list[Floats]:
    """Return, for each statistic, its values (samples, m) over the same resamples.

    A statistic takes weights (k, pictures) and returns values (k, m), NaN where a resample has none. `advance` is told
    of every few resamples that are done.
    """
    found: list[list[Floats]] = [[] for _ in statistics]
    for block in weights(pictures, samples, seed):
        for values, statistic in zip(found, statistics, strict=True):
            values.append(statistic(block))
        advance(len(block))
    return [np.concatenate(values) for values in found]


def intervals(values: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Return the low and the high ends (m,) of the percentile intervals, and of how many resamples they are made.

    Resamples for which a figure is not defined (NaN) do not count for it; where there is no other the ends are NaN.
    """
    known = (~np.isnan(values)).sum(axis=0)
    tails = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    ends = np.full((2, values.shape[1]), np.nan)
    if (some := known > 0).any():
        ends[:, some] = np.nanquantile(values[:, some], tails, axis=0)
    return ends[0], ends[1], known
