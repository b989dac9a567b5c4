"""PCC, CCC and the loss of regression: worked by hand, their laws, and what has no spread."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.train import noise
from tools.train.losses.agreement import ccc, pcc, regression


def column(*values: float) -> Tensor:
    """Return one column of float64."""
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_correlations_worked_by_hand() -> None:
    """x = 1 2 3 with mean 2 and variance 2/3; y = 1 2 4 with mean 7/3 and variance 14/9; covariance 1.

    PCC = 1 / sqrt(2/3 * 14/9) = sqrt(27/28); CCC = 2 / (2/3 + 14/9 + 1/9) = 6/7.
    """
    x, y = column(1, 2, 3), column(1, 2, 4)
    assert pcc(x, y).item() == pytest.approx((27 / 28) ** 0.5, rel=1e-12)
    assert ccc(x, y).item() == pytest.approx(6 / 7, rel=1e-12)


def test_regression_worked_by_hand() -> None:
    """Valence as above, over ten: MSE 0.01/3; PCC, CCC as above. Arousal is right: MSE 0, PCC = CCC = 1.

    loss = 0.01/3 + 0.5 (1 - (sqrt(27/28) + 1) / 2 + 1 - (6/7 + 1) / 2).
    """
    predicted = torch.cat([column(0.1, 0.2, 0.3), column(-0.5, 0.1, 0.7)], 1)
    true = torch.cat([column(0.1, 0.2, 0.4), column(-0.5, 0.1, 0.7)], 1)
    parts = regression(predicted, true)
    assert parts["mse"].item() == pytest.approx(0.01 / 3, rel=1e-12)
    assert parts["pcc"].item() == pytest.approx(((27 / 28) ** 0.5 + 1) / 2, rel=1e-12)
    assert parts["ccc"].item() == pytest.approx((6 / 7 + 1) / 2, rel=1e-12)
    expected = 0.01 / 3 + 0.5 * (2 - parts["pcc"].item() - parts["ccc"].item())
    assert parts["loss"].item() == pytest.approx(expected, rel=1e-12)


def test_pearson_is_that_of_numpy() -> None:
    """On values of noise it is the correlation that NumPy finds."""
    truths, others = noise(50).affect.double(), noise(50, seed=1).affect.double()
    found = pcc(truths, others)
    for k in (0, 1):
        assert found[k].item() == pytest.approx(np.corrcoef(truths[:, k], others[:, k])[0, 1], abs=1e-12)


VALUES = st.lists(st.integers(-100, 100), min_size=3, max_size=20, unique=True).map(
    lambda whole: torch.tensor(whole, dtype=torch.float64)[:, None] / 100
)


@given(VALUES)
def test_a_series_agrees_with_itself(y: Tensor) -> None:
    """PCC and CCC of y with itself are 1; of centred y with -y they are -1."""
    centred = y - y.mean(0)
    for measure in (pcc, ccc):
        assert measure(y, y).item() == pytest.approx(1, abs=1e-9)
        assert measure(centred, -centred).item() == pytest.approx(-1, abs=1e-9)


@given(VALUES, st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_shift(y: Tensor, scale: float, shift: float) -> None:
    """PCC does not feel a positive scale and a shift, CCC does not exceed PCC, and both are symmetric."""
    x = y.flip(0) + y.abs()
    moved = scale * x + shift
    if x.var(0, correction=0).item() * min(1, scale**2) < 1e-5:
        return  # below the floor of variances it is no correlation any more
    assert pcc(moved, y).item() == pytest.approx(pcc(x, y).item(), abs=1e-9)
    assert pcc(-moved, y).item() == pytest.approx(-pcc(x, y).item(), abs=1e-9)
    assert abs(ccc(moved, y).item()) <= abs(pcc(moved, y).item()) + 1e-9
    assert ccc(moved, y).item() == pytest.approx(ccc(y, moved).item(), abs=1e-12)


def test_order_of_rows_does_not_matter() -> None:
    """The loss is that of a set of rows."""
    truths, others = noise(12).affect.double(), noise(12, seed=1).affect.double()
    order = torch.randperm(12, generator=torch.Generator().manual_seed(2))
    one, other = regression(truths, others), regression(truths[order], others[order])
    assert one["loss"].item() == pytest.approx(other["loss"].item(), rel=1e-12)


def test_gradients() -> None:
    """What autograd gives is what finite differences give."""
    predicted, true = noise(5).affect.double().requires_grad_(), noise(5, seed=1).affect.double()
    assert torch.autograd.gradcheck(lambda rows: regression(rows, true)["loss"], (predicted,))
    assert torch.autograd.gradcheck(lambda rows: torch.stack([pcc(rows, true), ccc(rows, true)]), (predicted,))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 2, 8])
def test_no_spread_gives_a_finite_loss_and_gradient(rows: int, dtype: torch.dtype) -> None:
    """A batch of one, equal predictions, equal truths: nothing divides by zero, and PCC = CCC = 0."""
    varied, level = noise(rows).affect.to(dtype), torch.full((rows, 2), 0.25, dtype=dtype)
    for predicted, true in [(level, varied), (level, level), (varied, level)]:
        asked = predicted.clone().requires_grad_()
        parts = regression(asked, true)
        parts["loss"].backward()
        assert parts["loss"].isfinite()
        assert asked.grad is not None
        assert asked.grad.isfinite().all()
        assert parts["pcc"].item() == pytest.approx(0, abs=1e-6)
        assert parts["ccc"].item() == pytest.approx(0, abs=1e-6)


def test_equal_predictions_are_told_to_spread() -> None:
    """Where all predictions are equal, the gradient leads them apart as the truths are, no steeper than 1,000 allows.

    Truths -0.5 and 0.5: deviation 0.5. By PCC a row's slope is deviation / (n * 0.5 * 0.001) = 1000/2 = 500, weighted
    0.5 and halved between valence and arousal: 125; by CCC it is 2 (d/n) / 0.25 = 2 for d = 0.5, n = 2, so weighted
    0.5; by MSE 2 * 0.5 / 2 = 0.5.
    """
    predicted = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    true = torch.tensor([[-0.5, -0.5], [0.5, 0.5]], dtype=torch.float64)
    regression(predicted, true)["loss"].backward()
    assert predicted.grad is not None
    assert predicted.grad[0].tolist() == pytest.approx([125 + 0.5 + 0.5] * 2, rel=1e-9)
    assert predicted.grad[1].tolist() == pytest.approx([-126] * 2, rel=1e-9)


def test_half_precision_is_widened() -> None:
    """Sums of squares are not taken in 16 bits, nor under autocasting."""
    predicted, true = noise(2000).affect.half(), noise(2000, seed=1).affect.half()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        halves = regression(predicted, true)["loss"]
    assert halves.dtype == torch.float32
    assert halves.item() == pytest.approx(regression(predicted.double(), true.double())["loss"].item(), rel=1e-5)


def test_what_is_named_is_widened_too() -> None:
    """A tensor that is given by name is widened as one by place is; the first one must be a tensor."""
    rows, others = noise(20).affect.half(), noise(20, seed=1).affect.half()
    assert torch.equal(ccc(rows, true=others), ccc(rows.float(), others.float()))
    with pytest.raises(TypeError, match=r"^ccc: the first argument must be a tensor \(got float\)$"):
        ccc(0.5, others)  # type: ignore[arg-type]
