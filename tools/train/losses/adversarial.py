"""The losses of CAF: strong and weak expressions told apart by a discriminator, against which the encoder learns.

In go truths (n, 2) and the discriminator's embeddings (n, d); out come the two groups of rows and the losses of both
sides. docs/methods.md says what is the paper's, what the authors' code settles and what was decided here.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from tools.train.losses.precision import full_precision

VARIANCE = 0.2  # of the noise in the bound on the mutual information (CAF, src/utils.py)
MOST = 2.5  # nats: the information is cut off there (CAF, src/main.py)


def strong_and_weak(affect: Tensor) -> tuple[Tensor, Tensor]:
    """Return which rows (n,) are strong and which weak: intensity sqrt(v^2 + a^2) above and below the batch's median.

    The median is the mean of the two in the middle where n is even. Rows that lie on it are neither.
    """
    intensity = torch.linalg.vector_norm(affect.float(), dim=1)
    middle = intensity.quantile(0.5)
    return intensity > middle, intensity < middle


@full_precision
def information(strong: Tensor, weak: Tensor) -> Tensor:
    """Return for each pair (s, w) how much the one tells of the other, in nats, cut off to [0, 2.5].

    The mean over the d outputs of ln p(w|s) - ln (p(w|-1) + p(w|1)) / 2, where p(w|m) is normal around m with variance
    0.2: the information that passes a channel of two signals under Gaussian noise.
    """
    here, there = strong[:, None], weak[None]
    conditional = -(there - here).square() / (2 * VARIANCE)
    signals = torch.stack([-(weak + 1).square(), -(weak - 1).square()]) / (2 * VARIANCE)
    marginal = torch.logsumexp(signals, 0) - math.log(2)
    return (conditional - marginal[None]).mean(-1).clamp(0, MOST)


@torch.no_grad()
def confidences(strong: Tensor, weak: Tensor, scale: float) -> Tensor:
    """Return for each strong row the bound scale / sqrt(k) at the number k of its neighbours that decide.

    k is the least number of nearest rows of both groups among which one group has more than 1/2 + scale / sqrt(k)
    (Balsubramani et al., "An adaptive nearest neighbor rule for classification", NeurIPS 2019); all neighbours where
    there is no such number.
    """
    rows = torch.cat([strong, weak])
    apart = torch.cdist(strong, rows, compute_mode="donot_use_mm_for_euclid_dist")
    apart[:, : len(strong)].fill_diagonal_(math.inf)  # nobody is a neighbour of his own
    nearest = apart.argsort(dim=1)[:, :-1]
    number = torch.arange(1, nearest.shape[1] + 1, device=rows.device, dtype=rows.dtype)
    share = (nearest < len(strong)).cumsum(1) / number
    bound = scale / number.sqrt()
    decided = (share - 0.5).abs() > bound
    decided[:, -1] = True
    return bound[decided.int().argmax(1)]


@full_precision
def discriminator_loss(
    strong: Tensor, weak: Tensor, scale: float, multiplier: Tensor, penalty: float
) -> tuple[Tensor, Tensor]:
    """Return the discriminator's loss for embeddings of strong (s, d) and weak rows (w, d), and its constraint.

    Strong pairs shall be near, strong and weak ones apart by the margin information + confidence: the means over all
    pairs of |a - b|^2 and max(0, margin - |a - b|^2). Their second moments are held at one, as in Fisher GAN (Mroueh
    and Sercu, NeurIPS 2017), by an augmented Lagrangian: + multiplier * c + penalty / 2 * c^2, where c is 1 less half
    the sum of both moments. The caller moves the multiplier by penalty * c. Needs a row of each group.
    """
    within = (strong[:, None] - strong[None]).square().sum(-1)
    others = ~torch.eye(len(strong), dtype=torch.bool, device=strong.device)
    near = within[others] if len(strong) > 1 else within.flatten()
    across = (strong[:, None] - weak[None]).square().sum(-1)
    margin = information(strong, weak) + confidences(strong.detach(), weak.detach(), scale)[:, None]
    far = functional.relu(margin - across)
    constraint = 1 - (near.square().mean() + far.square().mean()) / 2
    loss = near.mean() + far.mean() + multiplier * constraint + penalty / 2 * constraint.square()
    return loss, constraint.detach()


@full_precision
def encoder_loss(strong: Tensor, weak: Tensor) -> Tensor:
    """Return how far the mean embedding of weak rows is from that of strong ones, |difference| averaged over outputs.

    Only the weak rows learn: the strong ones are what they shall look like.
    """
    return (strong.detach().mean(0) - weak.mean(0)).abs().mean()
