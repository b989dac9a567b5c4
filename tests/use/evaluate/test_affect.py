"""CCC, PCC, RMSE and SAGR: by hand, against scipy and scikit-learn, and of resamples."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import root_mean_squared_error

from tests.environments import ROOT
from tests.use.evaluate.drawn import resamples, same
from tools.use.evaluate import affect_metrics
from tools.use.evaluate.affect import METRICS, AffectSums

VALUES = st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 3))
PAIRS = st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=30)


def test_a_case_worked_by_hand() -> None:
    """Truth -1, 0, 1 and prediction 0, 0.5, 1: means 0 and 0.5, variances 2/3 and 1/6, covariance 1/3."""
    found = affect_metrics([-1, 0, 1], [0, 0.5, 1])
    assert found["ccc"] == pytest.approx((2 / 3) / (2 / 3 + 1 / 6 + 1 / 4))  # 8/13
    assert found["pcc"] == pytest.approx(1)
    assert found["rmse"] == pytest.approx(math.sqrt((1 + 0.25 + 0) / 3))
    assert found["sagr"] == pytest.approx(1 / 3)  # a zero agrees neither with 0 and -1, nor with 0.5


def test_another_case_worked_by_hand() -> None:
    """Truth 1, -1, 1, -1 and prediction 0.5, 0.5, -0.5, -0.5: nothing in common but half of the signs."""
    assert affect_metrics([1, -1, 1, -1], [0.5, 0.5, -0.5, -0.5]) == {
        "ccc": 0.0,
        "pcc": 0.0,
        "rmse": pytest.approx(math.sqrt((0.25 + 2.25 + 2.25 + 0.25) / 4)),
        "sagr": 0.5,
    }


def test_zeros_agree_with_zeros() -> None:
    """Zero has a sign of its own, which a negative zero shares."""
    assert affect_metrics([0.0, 0.0, 0.0, 1.0], [0.0, -0.0, 1e-9, 1.0])["sagr"] == 0.75


def test_sample_statistics_would_give_another_ccc() -> None:
    """Variances are divided by n, not by n - 1."""
    truth, prediction = np.array([0.0, 1.0]), np.array([0.0, 0.5])
    assert affect_metrics(truth, prediction)["ccc"] == pytest.approx(2 * 0.125 / (0.25 + 0.0625 + 0.0625))
    sample = 2 * 0.25 / (0.5 + 0.125 + 0.0625)
    assert affect_metrics(truth, prediction)["ccc"] != pytest.approx(sample)


@given(PAIRS)
def test_libraries_say_the_same(pairs: list[tuple[float, float]]) -> None:
    """PCC is scipy's, RMSE scikit-learn's; CCC follows from PCC, deviations and means as L. Lin has it."""
    truth, prediction = np.array(pairs).T
    found = affect_metrics(truth, prediction)
    assert found["rmse"] == pytest.approx(root_mean_squared_error(truth, prediction))
    if np.ptp(truth) == 0:
        assert (found["ccc"], found["pcc"]) == (None, None)
    elif np.ptp(prediction) == 0:
        assert (found["ccc"], found["pcc"]) == (0.0, None)
    else:
        correlation = pearsonr(truth, prediction).statistic
        assert found["pcc"] == pytest.approx(correlation, abs=1e-6)
        bias = np.std(truth) / np.std(prediction) + np.std(prediction) / np.std(truth)
        shift = (truth.mean() - prediction.mean()) ** 2 / (np.std(truth) * np.std(prediction))
        assert found["ccc"] == pytest.approx(correlation * 2 / (bias + shift), abs=1e-6)


@given(PAIRS, st.floats(-5, 5))
def test_resamples_are_what_is_drawn(pairs: list[tuple[float, float]], far: float) -> None:
    """The sums give what the function gives for the rows that are drawn, for predictions far away as well."""
    truth, prediction = np.array(pairs).T
    prediction = prediction + far
    weights, drawn = resamples(len(truth), 10)
    wanted = [affect_metrics(truth[rows], prediction[rows]) for rows in drawn]
    values = [[np.nan if row[name] is None else row[name] for name in METRICS] for row in wanted]
    found = AffectSums(truth, prediction).resampled(weights)
    np.testing.assert_allclose(found, np.array(values, float), rtol=1e-6, atol=1e-6)


def test_single_precision_loses_nothing() -> None:
    """A million predictions as float32 give what they give as float64."""
    generator = np.random.default_rng(0)
    truth = generator.uniform(-1, 1, 100_000).astype(np.float32)
    prediction = (truth + generator.normal(0, 0.1, 100_000)).astype(np.float32)
    single, double = (affect_metrics(truth.astype(kind), prediction.astype(kind)) for kind in (np.float32, np.float64))
    assert single == double


@pytest.mark.parametrize(
    ("truth", "prediction", "said"),
    [
        ([], [], r"n at least 1 \(got \(0,\), \(0,\)\)"),
        ([1, 2], [1], r"\(got \(2,\), \(1,\)\)"),
        ([[1], [2]], [[1], [2]], r"shape \(n,\)"),
        ([1, float("nan")], [1, 2], "expected finite numbers"),
        ([1, 2], [1, float("inf")], "expected finite numbers"),
    ],
)
def test_what_cannot_be_scored(truth: list[float], prediction: list[float], said: str) -> None:
    """Other shapes, no picture, and numbers that are none."""
    with pytest.raises(ValueError, match=said):
        affect_metrics(truth, prediction)


def test_a_constant_that_rounding_would_move() -> None:
    """The mean of many 0.1 is not 0.1; their variance is nothing all the same."""
    assert affect_metrics([0.1] * 10, np.linspace(-1, 1, 10))["ccc"] is None
    weights, _ = resamples(10, 3)
    assert np.isnan(AffectSums([0.1] * 10, np.linspace(-1, 1, 10)).resampled(weights)[:, :2]).all()
    same(weights.sum(axis=1), [10, 10, 10])


def test_it_loads_numpy_alone() -> None:
    """A training loop that asks for the figures loads neither scipy nor scikit-learn, pandas or pyarrow for them."""
    code = """if True:
        import sys
        from tools.use.evaluate import affect_metrics
        affect_metrics([0.1, 0.2], [0.1, 0.3])
        print(sorted({"scipy", "sklearn", "pandas", "pyarrow", "datasets", "torch", "click"} & sys.modules.keys()))
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
