"""The figures of emotions that are there or not (EmoNet-Face Binary): average precision and F1 of each emotion.

In go scores of some of the 40 emotions and what annotators said of a picture and an emotion; out come scikit-learn's
figures. Only the pictures that were judged for an emotion count for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from tools.use.evaluate.bootstrap import Floats
from tools.use.evaluate.comparison import means
from tools.use.evaluate.result import Estimate, Headline, Key, Row, Table

NAME, ALL = "each_emotion", "mean of the emotions"
PRESENT = "present"  # the share of pictures that have it: the average precision of scores that say nothing
COLUMNS = ("average precision", "F1")
THRESHOLD = 0.5  # of a score from 0 to 1


class Scored:
    """Scores (n,) of the pictures that were judged for an emotion, and what was said (n,) bool.

    `pictures` (n,) has the place of each among all pictures. An emotion is predicted where its score is `threshold` or
    more.
    """

    def __init__(
        self, present: npt.NDArray[np.bool_], scores: Floats, pictures: npt.NDArray[np.int64], threshold: float
    ) -> None:
        self.count, self.yes = len(present), int(present.sum())
        self._present, self._scores, self._pictures = present, scores, pictures
        self._said = scores >= threshold
        self._order = np.argsort(-scores, kind="stable")
        changes = np.flatnonzero(np.diff(scores[self._order])) + 1
        self._starts = np.concatenate([[0], changes]).astype(np.int64)
        both = (present & self._said, present, self._said)
        self._sums = np.stack(both, axis=1).astype(np.float64)

    def figures(self) -> list[float]:
        """Return average precision and F1, by scikit-learn; NaN where no picture has the emotion."""
        from sklearn.metrics import average_precision_score, f1_score

        if not self.yes:
            return [float("nan")] * 2
        precision = average_precision_score(self._present, self._scores)
        return [float(precision), float(f1_score(self._present, self._said, zero_division=0))]

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures (k, 2) for weights (k, pictures)."""
        if not self.yes:
            return np.full((len(weights), 2), np.nan)
        weights = weights[:, self._pictures]
        with np.errstate(divide="ignore", invalid="ignore"):
            hits, true, said = (weights @ self._sums).T
            f1 = np.where(true > 0, 2 * hits / (true + said), np.nan)
            # From the highest score down, at each that is another: the share of hits so far, weighed by the new ones.
            new = np.add.reduceat((weights * self._present)[:, self._order], self._starts, axis=1)
            shown = np.add.reduceat(weights[:, self._order], self._starts, axis=1).cumsum(axis=1)
            precision = np.where(shown > 0, new.cumsum(axis=1) / shown, 0)
            average = np.where(true > 0, (new * precision).sum(axis=1) / true, np.nan)
        return np.stack([average, f1], axis=1)


class Binary:
    """Emotions, each with its scores and judgements. `tied` judgements had no majority and were left out before."""

    def __init__(self, emotions: Mapping[str, Scored], threshold: float, tied: int) -> None:
        self._emotions, self._threshold, self._tied = emotions, threshold, tied
        self.keys: list[Key] = [(NAME, row, column) for row in (ALL, *emotions) for column in COLUMNS]
        types = ("average_precision", "f1")
        self.headlines = [
            Headline(metric, f"{column}, mean of the emotions", (NAME, ALL, column))
            for metric, column in zip(types, COLUMNS, strict=True)
        ]

    def values(self) -> list[float | None]:
        """Return the figures."""
        each = np.array([scored.figures() for scored in self._emotions.values()])
        return [None if np.isnan(value) else float(value) for value in [*means(each), *each.ravel()]]

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures for weights (k, pictures)."""
        each = np.stack([scored.resampled(weights) for scored in self._emotions.values()])
        return np.concatenate([means(each), *each], axis=1)

    def tables(self, at: Callable[[Key], Estimate]) -> list[Table]:
        """Return the table."""
        counts = {ALL: len(self._emotions)} | {name: scored.count for name, scored in self._emotions.items()}
        shares = {name: scored.yes / scored.count for name, scored in self._emotions.items()}
        shares[ALL] = float(np.mean(list(shares.values())))
        rows = [
            Row(row, count, {PRESENT: Estimate(shares[row]), **{c: at((NAME, row, c)) for c in COLUMNS}})
            for row, count in counts.items()
        ]
        notes = [
            f"truth: what the majority of those who judged a picture for an emotion says; {self._tied:,} without a "
            "majority left out",
            f"F1: an emotion is predicted where its score is {self._threshold:g} or more",
            "present: the share of pictures that have it, which is the average precision of scores by chance",
            "an emotion that no picture has, has no figure and does not count for the mean",
        ]
        yes = sum(scored.yes for scored in self._emotions.values())
        title = f"Emotions that are present or not ({yes:,} present)"
        return [Table(NAME, title, (PRESENT, *COLUMNS), rows, notes)]
