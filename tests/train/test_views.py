"""The losses of AVCE: worked by hand, their laws, and vectors without a direction."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import tests.train  # noqa: F401  (one thread)
from tools.train.losses.views import metric_regularity, relative_contrast, similarity, sparsemax


def drawn(rows: int, columns: int, seed: int) -> Tensor:
    """Return noise as float64."""
    return torch.randn(rows, columns, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_sparsemax_worked_by_hand() -> None:
    """1, 0.8, 0.1: two lie in the support (2 * 0.8 > 1.8 - 1, but 3 * 0.1 < 1.9 - 1), less (1.8 - 1)/2 = 0.4 each."""
    found = sparsemax(torch.tensor([[1, 0.8, 0.1], [0.1, 0.8, 1], [5, 0, 0], [2, 2, 2]], dtype=torch.float64))
    expected = [[0.6, 0.4, 0], [0, 0.4, 0.6], [1, 0, 0], [1 / 3] * 3]
    assert torch.allclose(found, torch.tensor(expected, dtype=torch.float64), atol=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_sparsemax_of_what_is_no_number(bad: float) -> None:
    """It is no number either, for a loop to find in the loss; the other rows are as they would be."""
    found = sparsemax(torch.tensor([[bad, 0, 1], [1, 0.8, 0.1]]))
    assert found[0].isnan().any()
    assert found[1].tolist() == pytest.approx([0.6, 0.4, 0])


SCORES = st.lists(st.floats(-3, 3), min_size=4, max_size=4).map(lambda v: torch.tensor([v], dtype=torch.float64))


@given(SCORES, SCORES, st.floats(-5, 5))
def test_sparsemax_is_the_nearest_point_of_the_simplex(scores: Tensor, other: Tensor, shift: float) -> None:
    """It lies in the simplex, no other point of it is nearer, and a shift of all scores changes nothing."""
    found = sparsemax(scores)
    assert (found >= 0).all()
    assert found.sum().item() == pytest.approx(1, abs=1e-9)
    assert (scores - found).norm().item() <= (scores - other.softmax(1)).norm().item() + 1e-9
    assert sparsemax(scores + shift).flatten().tolist() == pytest.approx(found.flatten().tolist(), abs=1e-9)


def test_similarity_worked_by_hand() -> None:
    """Lengths 0.5 and 1, so balance 0.8 gives 0.8 (1 - 0.5) = 0.4.

    (0.3, 0.4) and (0.8, 0.6): the cosine is 0.96, so 1 - arccos(0.48)/(4 pi) + 0.4. (0.3, 0.4) and (-0.8, 0.6): it is
    0, arccos(0) = pi/2, and the valences differ in sign: 1 - 1/8 + 0.4 - 0.1/2.
    """
    view = torch.tensor([[0.3, 0.4], [0.3, 0.4]], dtype=torch.float64)
    found = similarity(view, torch.tensor([[0.8, 0.6], [-0.8, 0.6]], dtype=torch.float64), 0.8, 0.1)
    assert found.tolist() == pytest.approx([1.4 - math.acos(0.48) / (4 * math.pi), 1.225], abs=1e-7)


def test_similarity_is_greatest_for_the_same_prediction() -> None:
    """Nothing is more like a vector than itself; the measure is symmetric, and turning both changes nothing."""
    view = drawn(6, 2, 0)
    others = drawn(6, 2, 1)
    turn = torch.tensor([[0.8, -0.6], [0.6, 0.8]], dtype=torch.float64)
    assert (similarity(view, others, 0.8, 0.1) < similarity(view, view, 0.8, 0.1)).all()
    assert torch.equal(similarity(view, others, 0.8, 0.1), similarity(others, view, 0.8, 0.1))
    assert torch.allclose(similarity(view @ turn, others @ turn, 0.8, 0), similarity(view, others, 0.8, 0))


def test_contrast_worked_by_hand() -> None:
    """p = 1, 2 and q = 0.5 with 0.5, 0.1, 0.2: 1.5 - 0.25 - 0.05 * 2.5 - 0.1 * 0.25 = 1.1."""
    positive, negative = torch.tensor([1.0, 2], dtype=torch.float64), torch.tensor([0.5], dtype=torch.float64)
    assert relative_contrast(positive, negative, 0.5, 0.1, 0.2).item() == pytest.approx(1.1, rel=1e-12)


def test_metric_worked_by_hand() -> None:
    """Row 1: |(0, 1) - (1, 0)|^2 = 2 is apart enough, and the sparse view is sqrt(2) from the whole, the dense one 0.

    Row 2: |(0.5, 0) - (1, 0)|^2 = 0.25 leaves 0.75, and both point as the whole does.
    """
    whole = torch.tensor([[1, 0], [3, 0]], dtype=torch.float64)
    sparse, dense = torch.tensor([[0, 1], [0.5, 0]], dtype=torch.float64), torch.tensor([[1, 0], [1, 0.0]]).double()
    assert metric_regularity(whole, sparse, dense, 0.01).item() == pytest.approx(0.75 / 2 + 0.01 * math.sqrt(2) / 2)


def test_gradients() -> None:
    """What autograd gives is what finite differences give."""
    view, predicted, third = (drawn(5, 4, seed).requires_grad_() for seed in range(3))
    assert torch.autograd.gradcheck(sparsemax, (view,))
    assert torch.autograd.gradcheck(lambda a, b: similarity(a[:, :2], b[:, :2], 0.8, 0.1), (view, predicted))
    assert torch.autograd.gradcheck(lambda a, b: relative_contrast(a, b, 0.5, 0.1, 0.2), (view, predicted))
    assert torch.autograd.gradcheck(lambda a, b, c: metric_regularity(a, b, c, 0.01), (view, predicted, third))


def test_order_of_rows_does_not_matter() -> None:
    """Contrast and regularity are those of a set of rows."""
    view, predicted, third = (drawn(5, 2, seed) for seed in range(3))
    order = torch.tensor([3, 1, 4, 0, 2])
    whole = similarity(view, predicted, 0.8, 0.1)
    one, other = relative_contrast(whole, whole, 0.5, 0.1, 0.2), relative_contrast(whole[order], whole, 0.5, 0.1, 0.2)
    assert one.item() == pytest.approx(other.item(), rel=1e-12)
    first, second = (metric_regularity(view[k], predicted[k], third[k], 0.01) for k in (torch.arange(5), order))
    assert first.item() == pytest.approx(second.item(), rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 3])
def test_zeros_are_finite(rows: int, dtype: torch.dtype) -> None:
    """Vectors without a direction, equal views and a batch of one give finite losses and gradients, in 32 bits."""
    zeros = torch.zeros(rows, 2, dtype=dtype, requires_grad=True)
    like = similarity(zeros, zeros, 0.8, 0.1)
    loss = relative_contrast(like, like, 0.5, 0.1, 0.2) + metric_regularity(zeros, zeros, zeros, 0.01)
    loss = loss + sparsemax(zeros).square().sum()
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.isfinite()
    assert zeros.grad is not None
    assert zeros.grad.isfinite().all()
