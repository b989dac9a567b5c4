"""Resamples for tests, as weights and as the rows that they draw: what is computed of both must be the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tools.use.evaluate.bootstrap import Floats, weights


def resamples(pictures: int, samples: int = 25, seed: int = 1) -> tuple[Floats, list[npt.NDArray[np.int64]]]:
    """Return weights (samples, pictures), and for each the places of the rows that it draws."""
    blocks = np.concatenate(list(weights(pictures, samples, seed)))
    return blocks, [np.repeat(np.arange(pictures), row.astype(int)) for row in blocks]


def same(found: Any, wanted: Any) -> None:
    """Assert that two arrays are the same but for rounding, NaN (or None) at the same places."""
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=1e-9, atol=1e-9)
