"""The bootstrap draws as it says, the same for all, and its intervals are percentiles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, bootstrap

from tests.use.evaluate.drawn import same
from tools.use.evaluate import bootstrap as ours
from tools.use.evaluate.bootstrap import intervals, resample, weights


def test_a_resample_draws_as_many_as_there_are() -> None:
    """Weights are whole numbers that sum up to the number of pictures."""
    rows = np.concatenate(list(weights(17, 200, 0)))
    assert rows.shape == (200, 17)
    assert (rows == rows.astype(int)).all()
    same(rows.sum(axis=1), np.full(200, 17))


def test_the_law_is_the_multinomial() -> None:
    """How often a resample has a picture is binomial, and two pictures are as dependent as draws make them."""
    pictures, samples = 5, 40_000
    rows = np.concatenate(list(weights(pictures, samples, 3)))
    counts = np.bincount(rows[:, 0].astype(int), minlength=pictures + 1) / samples
    assert np.abs(counts - binom.pmf(range(pictures + 1), pictures, 1 / pictures)).max() < 0.01
    assert np.cov(rows[:, 0], rows[:, 1], bias=True)[0, 1] == pytest.approx(-1 / pictures, abs=0.02)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same resamples come in one block or in many, and another seed gives others."""
    whole = np.concatenate(list(weights(100, 50, 7)))
    monkeypatch.setattr(ours, "BLOCK_BYTES", 100 * 8 * 7)
    parts = list(weights(100, 50, 7))
    assert len(parts) == 8
    same(np.concatenate(parts), whole)
    assert (np.concatenate(list(weights(100, 50, 8))) != whole).any()


def test_all_figures_see_the_same_resamples() -> None:
    """Statistics are paired, and progress is told to the end."""
    told: list[int] = []
    first, second = resample(30, 20, 0, [lambda w: w[:, :1], lambda w: 2 * w[:, :1]], told.append)
    same(2 * first, second)
    assert sum(told) == 20


def test_intervals_are_percentiles() -> None:
    """Of 0 to 1000 the middle 95 % are 25 to 975; what is not defined does not count, or leaves no interval."""
    values = np.stack([np.arange(1001.0), np.full(1001, np.nan), np.arange(1001.0)], axis=1)
    values[501:, 2] = np.nan
    low, high, known = intervals(values)
    same(low, [25, np.nan, 12.5])
    same(high, [975, np.nan, 487.5])
    assert known.tolist() == [1001, 0, 501]


def test_scipy_finds_much_the_same_interval() -> None:
    """scipy's percentile bootstrap of a mean, with draws of its own, differs by no more than chance."""
    values = np.random.default_rng(0).normal(0, 1, 200)
    [means] = resample(200, 4000, 0, [lambda w: w @ values[:, None] / 200])
    low, high, _ = intervals(means)
    wanted = bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=0).confidence_interval
    assert (low[0], high[0]) == (pytest.approx(wanted.low, abs=0.01), pytest.approx(wanted.high, abs=0.01))
