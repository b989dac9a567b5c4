"""The figures of classes: accuracy, macro F1, and precision, recall and F1 of each class, with the confusion matrix.

In go indices of classes, true and predicted; out come scikit-learn's figures. Those of a resample are made of the
counts in the confusion matrix, which are all that any of them depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tools.use.evaluate.bootstrap import Floats
from tools.use.evaluate.result import Confusion, Estimate, Headline, Key, Row, Table

Indices = npt.NDArray[np.int64]
OVERALL, EACH = "classes", "each_class"
COLUMNS = ("precision", "recall", "F1")
NOTE = (
    "macro F1: the mean over the classes that the truth has; a class that is never predicted has no precision, and its "
    "F1 is 0"
)


class Classes:
    """Predicted classes against true ones: arrays (m,) of indices into `names`.

    `pictures` (m,) has the place of each among all pictures of the split, where they are not all (a picture may have
    no label).
    """

    def __init__(
        self, truth: Indices, prediction: Indices, names: Sequence[str], pictures: Indices | None = None
    ) -> None:
        self._truth, self._prediction, self._names, self._pictures = truth, prediction, list(names), pictures
        self._cells = truth * len(names) + prediction
        self._occurring = sorted({int(index) for index in np.unique(truth)})
        self.keys: list[Key] = [(OVERALL, "all classes", "accuracy"), (OVERALL, "all classes", "macro F1")]
        self.keys += [(EACH, name, column) for name in names for column in COLUMNS]
        self.headlines = [Headline("accuracy", "Accuracy", self.keys[0]), Headline("f1", "Macro F1", self.keys[1])]

    def values(self) -> list[float | None]:
        """Return the figures, by scikit-learn."""
        from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

        truth, prediction = self._truth, self._prediction
        macro = f1_score(truth, prediction, labels=self._occurring, average="macro", zero_division=0)
        each = precision_recall_fscore_support(
            truth, prediction, labels=range(len(self._names)), average=None, zero_division=np.nan
        )
        found = [float(accuracy_score(truth, prediction)), float(macro), *np.stack(each[:3], axis=1).ravel()]
        return [None if np.isnan(value) else float(value) for value in found]

    def confusion(self) -> Confusion:
        """Return the confusion matrix, by scikit-learn."""
        from sklearn.metrics import confusion_matrix

        counts = confusion_matrix(self._truth, self._prediction, labels=range(len(self._names)))
        return Confusion(self._names, [[int(count) for count in row] for row in counts])

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures for weights (k, pictures)."""
        if self._pictures is not None:
            weights = weights[:, self._pictures]
        size = len(self._names)
        counts: Floats = np.stack([np.bincount(self._cells, row, size * size) for row in weights]).astype(np.float64)
        return figures_of(counts.reshape(-1, size, size))

    def tables(self, at: Callable[[Key], Estimate]) -> list[Table]:
        """Return the tables: all classes, and each."""
        both = {column: at((OVERALL, "all classes", column)) for column in ("accuracy", "macro F1")}
        overall = Row("all classes", len(self._truth), both)
        counts = np.bincount(self._truth, minlength=len(self._names))
        rows = [
            Row(name, int(count), {column: at((EACH, name, column)) for column in COLUMNS})
            for name, count in zip(self._names, counts, strict=True)
        ]
        return [
            Table(OVERALL, "Classes", tuple(both), [overall], [NOTE]),
            Table(EACH, "Each class", COLUMNS, rows),
        ]


def figures_of(counts: Floats) -> Floats:
    """Return accuracy, macro F1, and precision, recall and F1 of each class, of confusion matrices (k, C, C).

    Rows are truths. The macro F1 is over the classes that the truth of each matrix has, as everywhere: with a 0 for one
    that a resample happens to lack, the interval of perfect predictions would reach below 1.
    """
    hits, true, said = np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2), counts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall, f1 = hits / said, hits / true, 2 * hits / (true + said)
        accuracy = hits.sum(axis=1) / counts.sum(axis=(1, 2))
        macro = np.where(true > 0, f1, 0).sum(axis=1) / (true > 0).sum(axis=1)
    each = np.stack([precision, recall, f1], axis=2).reshape(len(counts), -1)
    return np.concatenate([accuracy[:, None], macro[:, None], each], axis=1)
