"""The losses of AVCE: a face's features seen twice, sparse and dense, and contrasted by what each predicts.

In go a bottleneck (n, d), predictions (n, 2) and embeddings; out come the sparse view, how similar two predictions are
as angle and length in the plane of valence and arousal, and the losses. docs/methods.md names the sources.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from tools.train.losses.precision import full_precision

TINY = 1e-8  # beside the length of a vector that is divided by, which may be zero


@full_precision
def sparsemax(scores: Tensor) -> Tensor:
    """Return the points of the simplex nearest to rows of scores (n, d): non-negative, of sum 1, often zero.

    Martins and Astudillo, "From softmax to sparsemax", ICML 2016, algorithm 1.
    """
    ranked = scores.sort(dim=1, descending=True).values
    number = torch.arange(1, scores.shape[1] + 1, device=scores.device, dtype=scores.dtype)
    excess = ranked.cumsum(1) - 1
    support = (
        (number * ranked > excess).sum(1, keepdim=True).clamp(min=1)
    )  # of what is no number: none, and it stays so
    return functional.relu(scores - excess.gather(1, support - 1) / support)


@full_precision
def similarity(view: Tensor, predicted: Tensor, balance: float, penalty: float) -> Tensor:
    """Return how similar two predictions (n, 2) are, for each row: the more, the closer their angles and their lengths.

    1 - t / (4 pi) + balance * (1 - | |view| - |predicted| |), less penalty / 2 where the signs of valence differ, with
    t = arccos(cosine / 2). Half the cosine stays clear of +-1, where the arc cosine has no slope, and keeps the order.
    """
    length, other = torch.linalg.vector_norm(view, dim=1), torch.linalg.vector_norm(predicted, dim=1)
    cosine = (view * predicted).sum(1) / ((length + TINY) * (other + TINY))
    angle = 1 - torch.arccos(cosine / 2) / (4 * math.pi)
    opposed = view[:, 0].sign() != predicted[:, 0].sign()
    return angle + balance * (1 - (length - other).abs()) - penalty / 2 * opposed


@full_precision
def relative_contrast(positive: Tensor, negative: Tensor, alpha: float, beta: float, gamma: float) -> Tensor:
    """Return the objective of relative predictive coding, which is maximised, of similarities of both kinds.

    E[p] - alpha E[q] - beta/2 E[p^2] - gamma/2 E[q^2] (Tsai et al., ICLR 2021, arXiv 2103.11275, equation 1).
    """
    gain = positive.mean() - alpha * negative.mean()
    return gain - beta / 2 * positive.square().mean() - gamma / 2 * negative.square().mean()


@full_precision
def metric_regularity(whole: Tensor, sparse: Tensor, dense: Tensor, hold: float) -> Tensor:
    """Return the loss that pushes the embeddings (n, d) of both views apart and holds either by that of the whole.

    The mean of max(0, 1 - |sparse - dense|^2), and hold times the mean distance of each view from the whole, all of
    length one.
    """
    apart = functional.relu(1 - (sparse - dense).square().sum(1)).mean()
    unit = functional.normalize(whole, dim=1, eps=1e-6)
    held = sum(
        torch.linalg.vector_norm(functional.normalize(view, dim=1, eps=1e-6) - unit, dim=1).mean()
        for view in (sparse, dense)
    )
    return apart + hold * held
