"""The losses of ELIM: Sinkhorn against cases worked by hand and against linear programming, and its laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from torch import Tensor

import tests.train  # noqa: F401  (one thread)
from tools.train.losses.transport import identity_shift, matching_cost, node_weights, sinkhorn, without_shift


def drawn(rows: int, columns: int, seed: int) -> Tensor:
    """Return noise in [0, 1] as float64."""
    return torch.rand(rows, columns, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def masses(count: int, seed: int) -> Tensor:
    """Return masses of sum one."""
    return drawn(1, count, seed)[0].add(0.1) / drawn(1, count, seed)[0].add(0.1).sum()


def cheapest(cost: Tensor, source: Tensor, sink: Tensor) -> float:
    """Return the least cost of all plans, by linear programming."""
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    found = linprog(cost.flatten(), A_eq=np.vstack([rows, columns]), b_eq=torch.cat([source, sink]))
    return float(found.fun)


def test_cost_worked_by_hand() -> None:
    """Parallel: 0; at right angles: 1; (3, 4) and (4, 3): 1 - 24/25; a row of zeros has the cosine 0."""
    rows = torch.tensor([[3, 4], [0, 0]], dtype=torch.float64)
    found = matching_cost(rows, torch.tensor([[6, 8], [4, -3], [4, 3]], dtype=torch.float64))
    assert found.flatten().tolist() == pytest.approx([0, 1, 0.04, 1, 1, 1], abs=1e-9)


def test_weights_worked_by_hand() -> None:
    """The others' mean is (1, 0); the rows' products with it are 3, 1 and -1, of which the last counts as nothing."""
    rows, others = torch.tensor([[3.0, 5], [1, 0], [-1, 2]]), torch.tensor([[0.0, 1], [2, -1]])
    assert node_weights(rows, others).tolist() == pytest.approx([0.75, 0.25, 0], abs=1e-6)
    assert node_weights(rows, torch.zeros(2, 2)).tolist() == pytest.approx([1 / 3] * 3)


def test_sinkhorn_worked_by_hand() -> None:
    """Two rows each, masses 1/2, costs 0 and 1: by symmetry the plan is 1/2 (p, 1 - p) with p / (1 - p) = exp(1/e)."""
    cost, half = torch.tensor([[0, 1], [1, 0]], dtype=torch.float64), torch.full((2,), 0.5, dtype=torch.float64)
    stay = 0.5 / (1 + math.exp(-5))
    plan = sinkhorn(cost, half, half, 0.2, 5)
    assert plan.flatten().tolist() == pytest.approx([stay, 0.5 - stay, 0.5 - stay, stay], rel=1e-12)


def scaled(cost: Tensor, source: Tensor, sink: Tensor, epsilon: float, iterations: int) -> Tensor:
    """Return Sinkhorn's plan as he wrote it: exp(-cost / epsilon), rows and columns scaled in turns to their masses."""
    plan = (-cost / epsilon).exp()
    for _ in range(iterations):
        plan = plan * (source / plan.sum(1))[:, None]
        plan = plan * (sink / plan.sum(0))
    return plan


@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_each_iteration_scales_rows_then_columns(iterations: int) -> None:
    """After so many, and no more, the plan is what scaling gives, where masses are uneven and it has not settled."""
    cost, source, sink = drawn(4, 3, 0), masses(4, 1), masses(3, 2)
    assert torch.allclose(sinkhorn(cost, source, sink, 0.2, iterations), scaled(cost, source, sink, 0.2, iterations))
    more = scaled(cost, source, sink, 0.2, iterations + 1)
    assert not torch.allclose(sinkhorn(cost, source, sink, 0.2, iterations), more, rtol=1e-7)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 4), (3, 3), (6, 2), (20, 25)])
def test_marginals(n: int, m: int) -> None:
    """Columns have their masses exactly; rows nearly after five iterations, and the nearer after more."""
    cost, source, sink = drawn(n, m, 0), masses(n, 1), masses(m, 2)
    few, many = sinkhorn(cost, source, sink, 0.2, 5), sinkhorn(cost, source, sink, 0.2, 200)
    for plan in (few, many):
        assert (plan > 0).all()
        assert plan.sum(0).tolist() == pytest.approx(sink.tolist(), rel=1e-12)
    assert few.sum(1).tolist() == pytest.approx(source.tolist(), rel=0.01)
    assert many.sum(1).tolist() == pytest.approx(source.tolist(), rel=1e-9)


def test_little_entropy_gives_the_cheapest_plan() -> None:
    """The cost comes down to that of linear programming as entropy goes, and is never below it."""
    cost, source, sink = drawn(6, 5, 3), masses(6, 4), masses(5, 5)
    least = cheapest(cost, source, sink)
    costs = [(sinkhorn(cost, source, sink, e, 2000) * cost).sum().item() for e in (1.0, 0.2, 0.05, 0.01)]
    assert costs == sorted(costs, reverse=True)
    assert least - 1e-9 <= costs[-1] == pytest.approx(least, rel=0.01)


def test_swapping_sides_turns_the_plan() -> None:
    """From here to there is the way back the other way round."""
    cost, source, sink = drawn(4, 3, 0), masses(4, 1), masses(3, 2)
    there, back = sinkhorn(cost, source, sink, 0.2, 500), sinkhorn(cost.T, sink, source, 0.2, 500)
    assert torch.allclose(there, back.T, rtol=1e-9)


def test_equal_sets_cost_nothing() -> None:
    """The same rows in another order are matched to themselves as entropy goes."""
    rows = torch.eye(4, dtype=torch.float64) + 0.1 * drawn(4, 4, 0)
    cost, even = matching_cost(rows, rows[[2, 0, 3, 1]]), torch.full((4,), 0.25, dtype=torch.float64)
    plan = sinkhorn(cost, even, even, 0.005, 200)
    assert (plan * cost).sum().item() == pytest.approx(0, abs=1e-9)
    assert (plan.argmax(0)).tolist() == [2, 0, 3, 1]


def test_what_sinkhorn_needs() -> None:
    """Entropy and an iteration: without them it is said what was given."""
    even = torch.tensor([0.5, 0.5])
    for epsilon, iterations in ((0.0, 5), (0.2, 0)):
        with pytest.raises(ValueError, match=rf"got epsilon {epsilon}, {iterations} iterations"):
            sinkhorn(torch.ones(2, 2), even, even, epsilon, iterations)


def test_no_overflow() -> None:
    """Costs of a thousand times the entropy are no matter in logarithms, where exp(-1000) is 0 in 64 bits."""
    plan = sinkhorn(torch.tensor([[0.0, 1], [1, 1]]), torch.tensor([0.5, 0.5]), torch.tensor([0.5, 0.5]), 1e-3, 50)
    assert plan.isfinite().all()
    assert plan.sum(0).tolist() == pytest.approx([0.5, 0.5])


def test_shift_worked_by_hand() -> None:
    """One reference row (1, 0), two targets (1, 0) and (0.6, 0.8), costs 0 and 0.4.

    Each column of the plan holds the weight of its target, in proportion to its product with the reference's mean, 1
    and 0.6: 5/8 and 3/8. For a mass of one on average it is twice that: shifts 0 and 2 * 3/8 * 0.4 = 0.3.
    """
    targets = torch.tensor([[1, 0], [0.6, 0.8]], dtype=torch.float64)
    found = identity_shift(torch.tensor([[1, 0]], dtype=torch.float64), targets, 0.2, 5)
    assert found.tolist() == pytest.approx([0, 0.3], abs=1e-6)


def test_shift_of_several_rows() -> None:
    """References (1, 0) and (0, 1), targets (4, 0), (3, 4) and (0, 2).

    Cosines 1 and 0, 0.6 and 0.8, 0 and 1. The mean of the targets is (7/3, 2): the references weigh 7/13 and 6/13; that
    of the references (1/2, 1/2): the targets weigh 4, 7 and 2 of 13. The shift is three times what moves to each.
    """
    references, targets = torch.eye(2).double(), torch.tensor([[4, 0], [3, 4], [0, 2]]).double()
    cost = torch.tensor([[0, 0.4, 1], [1, 0.2, 0]]).double()
    plan = scaled(cost, torch.tensor([7, 6]).double() / 13, torch.tensor([4, 7, 2]).double() / 13, 0.2, 5)
    found = identity_shift(references, targets, 0.2, 5)
    assert found.tolist() == pytest.approx((3 * plan * cost).sum(0).tolist(), abs=1e-5)


def test_features_without_shift_worked_by_hand() -> None:
    """(3, 5) less 1 is (2, 4), whose mean square is 10; what is nothing stays nothing."""
    found = without_shift(torch.tensor([[3.0, 5], [2, 2]], dtype=torch.float64), torch.tensor([1.0, 2]).double())
    assert found.flatten().tolist() == pytest.approx([2 / math.sqrt(10), 4 / math.sqrt(10), 0, 0], abs=1e-9)


def test_small_features_are_divided_by_their_size() -> None:
    """What keeps zero from dividing by zero does not count beside features of a thousandth."""
    found = without_shift(torch.tensor([[3e-3, -4e-3]]).double(), torch.zeros(1).double())
    assert found.flatten().tolist() == pytest.approx([3 / math.sqrt(12.5), -4 / math.sqrt(12.5)], rel=1e-6)


def test_gradients() -> None:
    """What autograd gives is what finite differences give, through the iteration, too."""
    rows, others = drawn(4, 3, 0).requires_grad_(), drawn(3, 3, 1).requires_grad_()
    source, sink = masses(4, 1), masses(3, 2)
    assert torch.autograd.gradcheck(matching_cost, (rows, others))
    assert torch.autograd.gradcheck(node_weights, (rows, others))
    assert torch.autograd.gradcheck(lambda a, b: sinkhorn(matching_cost(a, b), source, sink, 0.2, 5), (rows, others))
    assert torch.autograd.gradcheck(without_shift, (rows, masses(4, 3).requires_grad_()))
    assert not identity_shift(rows, others, 0.2, 5).requires_grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_sixteen_bits_are_widened(dtype: torch.dtype) -> None:
    """Under autocasting, where products of matrices are taken in 16 bits, costs and shifts are those of 32."""
    rows, others = drawn(4, 8, 0).to(dtype), drawn(3, 8, 1).to(dtype)
    exact = identity_shift(rows.float(), others.float(), 0.2, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = identity_shift(rows, others, 0.2, 5)
    assert found.dtype == torch.float32
    assert torch.equal(found, exact)
