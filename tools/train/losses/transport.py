"""The losses of ELIM: how far the expressions of one identity lie from those of another, by optimal transport.

In go features (n, d) of two identities; out come the cost of moving the one to the other, the weights of the rows, the
plan that Sinkhorn's iteration finds, and features with the shift between identities taken off. docs/methods.md names
the sources.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from tools.train.losses.precision import full_precision

TINY = 1e-6  # added to weights and roots that may be zero (ELIM, archs/fer.py: epsilon)


@full_precision
def matching_cost(reference: Tensor, target: Tensor) -> Tensor:
    """Return 1 - cosine of each pair of rows, (n, d) and (m, d) to (n, m)."""
    return 1 - functional.normalize(reference, dim=1, eps=TINY) @ functional.normalize(target, dim=1, eps=TINY).T


@full_precision
def node_weights(rows: Tensor, others: Tensor) -> Tensor:
    """Return the mass (n,) of each of the rows, of sum 1: the more, the more it is like the mean of the others.

    In proportion to max(0, row . mean) + 1e-6; so it is equal masses where no row is like it.
    """
    alike = functional.relu(rows @ others.mean(0)) + TINY
    return alike / alike.sum()


@full_precision
def sinkhorn(cost: Tensor, source: Tensor, sink: Tensor, epsilon: float, iterations: int) -> Tensor:
    """Return the plan (n, m) that moves masses `source` (n,) to `sink` (m,) at little cost (n, m), entropy added.

    It minimises <plan, cost> - epsilon * entropy (Cuturi, NeurIPS 2013) by Sinkhorn's iteration in logarithms, which
    neither over- nor underflows. The sums of its columns are `sink` exactly, those of its rows nearly `source`: the
    more iterations, the nearer. Masses must be above 0 and of the same sum. Raises ValueError where epsilon is not
    above 0 or there is no iteration.
    """
    if epsilon <= 0 or iterations < 1:
        raise ValueError(
            f"Sinkhorn needs epsilon > 0 and an iteration (got epsilon {epsilon}, {iterations} iterations)"
        )
    kernel, log_source, log_sink = -cost / epsilon, source.log(), sink.log()
    columns = torch.zeros_like(log_sink)
    for _ in range(iterations):
        rows = log_source - torch.logsumexp(kernel + columns, 1)
        columns = log_sink - torch.logsumexp(kernel + rows[:, None], 0)
    return (rows[:, None] + kernel + columns).exp()


@torch.no_grad()
def identity_shift(reference: Tensor, target: Tensor, epsilon: float, iterations: int) -> Tensor:
    """Return for each row of the target (m,) what it costs to reach it from the reference, at a mass of one on average.

    No gradient flows through it: the shift is taken off as a number.
    """
    cost = matching_cost(reference, target)
    plan = sinkhorn(cost, node_weights(reference, target), node_weights(target, reference), epsilon, iterations)
    return len(target) * (plan * cost).sum(0)


@full_precision
def without_shift(features: Tensor, shift: Tensor) -> Tensor:
    """Return features (n, d) less the shift (n,) of their rows, each row then divided by its root mean square."""
    less = features - shift[:, None]
    square = less.square().mean(1, keepdim=True)
    return less / (square + TINY**2).sqrt()
