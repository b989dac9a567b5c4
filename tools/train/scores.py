"""How well a model predicts: in go its predictions and the truth, out come the field's figures, with intervals.

Figures and resamples are those of `diffusionfer evaluate`, so that both say the same of the same predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.train.examples import AFFECT
from tools.use.evaluate.affect import METRICS, affect_metrics
from tools.use.evaluate.bootstrap import LEVEL, SAMPLES, resample
from tools.use.evaluate.evaluation import Affect
from tools.use.evaluate.result import estimates

Affects = npt.NDArray[np.float64]  # (n, 2): valence and arousal
RESAMPLES = {"samples": SAMPLES, "seed": 0, "level": LEVEL}


def clipped(predicted: Affects) -> Affects:
    """Return predictions cut off to the scale, [-1, 1], as a file of predictions has them."""
    return np.clip(predicted, -1, 1)


def figures(truth: Affects, predicted: Affects) -> dict[str, dict[str, float | None]]:
    """Return the figures of valence and of arousal. Raises ValueError for predictions that are not finite."""
    return {name: affect_metrics(truth[:, at], predicted[:, at]) for at, name in enumerate(AFFECT)}


def mean_ccc(found: Mapping[str, Mapping[str, float | None]]) -> float:
    """Return the mean CCC of valence and arousal, by which a model is chosen; one that is not defined counts as 0."""
    return sum(found[name]["ccc"] or 0.0 for name in AFFECT) / len(AFFECT)


def with_intervals(truth: Affects, predicted: Affects) -> dict[str, dict[str, Any]]:
    """Return the figures of valence and of arousal, each as [value, low, high] with the 95% interval of the bootstrap.

    Null stands for what is not defined.
    """
    part = Affect({name: (truth[:, at], predicted[:, at]) for at, name in enumerate(AFFECT)})
    values = resample(len(truth), int(RESAMPLES["samples"]), int(RESAMPLES["seed"]), [part.resampled])[0]
    found = estimates(part, values)
    rounded = {
        key: [None if of is None else round(of, 6) for of in (estimate.value, estimate.low, estimate.high)]
        for key, estimate in found.items()
    }
    return {
        name: {metric: rounded[table, row, column] for table, row, column in part.keys
               for metric in METRICS if row == name and column == metric.upper()}
        for name in AFFECT
    }  # fmt: skip
