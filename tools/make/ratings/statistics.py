"""How far people agree who judged the same things: Krippendorff's alpha, weighted kappa, and shares of full agreement.

In come judgements as arrays, one place a judgement; out come numbers. It stands below what makes and what checks, for
both report on agreement, with the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Level = Literal["nominal", "interval"]
# The library holds a number for each thing and each pair of values: what it is given stays below 256 MiB.
MOST_CELLS = 2**25


@dataclass(frozen=True)
class Shares:
    """Of the things that several people judged, the shares on which all, most, and no majority of them agree."""

    things: int
    full: float
    partial: float
    none: float


def alpha(thing: npt.ArrayLike, value: npt.ArrayLike, level: Level) -> float | None:
    """Return Krippendorff's alpha of judgements: `value` is what somebody said of `thing`, at the same place of both.

    alpha = 1 - observed / expected disagreement (K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011),
    where two values disagree wholly ("nominal") or by the square of their difference ("interval", numbers). Things that
    one person judged do not count. None where nothing is left, or where all values are the same, so that chance alone
    agrees. The library `krippendorff` computes it where it is installed and its arrays have room; elsewhere it comes
    from sums over each thing, to the same figure.
    """
    _, things = np.unique(np.asarray(thing), return_inverse=True)
    domain, codes = np.unique(np.asarray(value), return_inverse=True)
    again = np.bincount(things)[things] > 1 if len(things) else np.zeros(0, bool)
    if len(np.unique(codes[again])) < 2:
        return None
    _, things = np.unique(things[again], return_inverse=True)
    kept, codes = np.unique(codes[again], return_inverse=True)
    domain, size = domain[kept], (int(things.max()) + 1, len(kept))
    library = _library()
    if library and size[0] * size[1] ** 2 <= MOST_CELLS:
        counts = np.zeros(size, np.int64)
        np.add.at(counts, (things, codes), 1)
        values = domain if level == "interval" else np.arange(len(domain))
        return float(library.alpha(value_counts=counts, value_domain=values, level_of_measurement=level))
    # As nominal data, a value is a vector of 0 and one 1: two of them differ by 2, when squared and summed up.
    columns = [domain[codes]] if level == "interval" else [(codes == code).astype(float) for code in range(size[1])]
    return _alpha_by_sums(things, [np.asarray(column, float) for column in columns])


def _alpha_by_sums(things: npt.NDArray[np.intp], columns: list[Floats]) -> float:
    """Return alpha of judgements that are numbers, or vectors of them, each thing judged twice or more.

    Over all pairs of m values, the squared difference sums up to m times the sum of the squares minus the square of the
    sum, so that no pair is looked at.
    """
    count = np.bincount(things).astype(float)
    judgements, observed, expected = float(len(things)), 0.0, 0.0
    for values in columns:
        values = values - values.mean()  # the same for differences, and squares lose no digits
        total, squares = np.bincount(things, values), np.bincount(things, values**2)
        observed += float(((count * squares - total**2) / (count - 1)).sum())
        expected += float(judgements * squares.sum() - total.sum() ** 2)
    return 1 - observed * (judgements - 1) / expected


def _library() -> Any:
    """Return the module `krippendorff`, or None: it comes with the extra `annotate`."""
    try:
        import krippendorff
    except ImportError:
        return None
    return krippendorff


def quadratic_kappa(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Return Cohen's kappa with quadratic weights of two people's ratings of the same things, in the same order.

    kappa = 1 - sum(w * observed) / sum(w * expected), w the squared difference (J. Cohen, "Weighted kappa", 1968,
    doi:10.1037/h0026256). Observed, that is the mean squared difference; expected, it is the sum of both variances and
    of the squared difference of the means. None where both always give one and the same rating.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    expected = float(a.var() + b.var() + (a.mean() - b.mean()) ** 2) if len(a) else 0.0
    return 1 - float(((a - b) ** 2).mean()) / expected if expected > 0 else None


def mean_kappa(ratings: Floats) -> float | None:
    """Return the mean of `quadratic_kappa` over all pairs of people who rated two things or more in common.

    `ratings` has a row for each thing and a column for each person, NaN where a person did not rate. Ratings from 0 to
    7 are cut to whole numbers first, as the published analysis of EmoNet-Face HQ does (LAION-AI/emonet-face,
    statistics/analysis-hq.ipynb). Pairs without a kappa do not count; None where there is no other.
    """
    found = []
    for one, other in combinations(range(ratings.shape[1]), 2):
        both = ~np.isnan(ratings[:, one]) & ~np.isnan(ratings[:, other])
        if both.sum() > 1:
            found.append(quadratic_kappa(np.trunc(ratings[both, one]), np.trunc(ratings[both, other])))
    known = [kappa for kappa in found if kappa is not None]
    return float(np.mean(known)) if known else None


def shares(yes: npt.ArrayLike, count: npt.ArrayLike) -> Shares | None:
    """Return how far people agree on things that `count` of them judged, `yes` of them with a yes.

    Full: all say the same. None: as many say yes as no. Partial: the rest, where a majority stands against others. With
    two and three people that is what the published analysis of EmoNet-Face Binary counts as agreement (2:0, 3:0),
    disagreement (1:1) and partial agreement (2:1); see LAION-AI/emonet-face, statistics/analysis-binary.ipynb, for
    arXiv 2505.20033. What one person judged does not count, as there; None where nothing is left.
    """
    said, people = np.asarray(yes, np.int64), np.asarray(count, np.int64)
    said, people = said[people > 1], people[people > 1]
    if not len(people):
        return None
    full, none = (said == 0) | (said == people), 2 * said == people
    partial = ~(full | none)
    return Shares(len(people), float(full.mean()), float(partial.mean()), float(none.mean()))
