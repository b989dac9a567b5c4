"""How well predicted values agree with true ones: Pearson's and Lin's correlation, and the loss of regression.

In go predictions and truths (n, 2), valence and arousal, in the order of their rows; out come a number for each of the
two, or the loss that all four methods share.
"""

from __future__ import annotations

from torch import Tensor

from tools.train.losses.precision import full_precision

# A variance below this counts as this: a standard deviation of 0.001 on a scale from -1 to 1, less than labels with two
# decimals can tell. Without it a batch of equal predictions divides by zero, and its gradient has no bound.
FLOOR = 1e-6


@full_precision
def pcc(predicted: Tensor, true: Tensor) -> Tensor:
    """Return Pearson's correlation along the first dimension, in [-1, 1]; 0 where either side is constant."""
    centred, aim = predicted - predicted.mean(0), true - true.mean(0)
    variances = centred.square().mean(0).clamp(min=FLOOR) * aim.square().mean(0).clamp(min=FLOOR)
    return (centred * aim).mean(0) / variances.sqrt()


@full_precision
def ccc(predicted: Tensor, true: Tensor) -> Tensor:
    """Return Lin's concordance correlation along the first dimension, in [-1, 1]; 0 where either side is constant.

    Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45 (1989), with moments divided
    by n, so that a series agrees with itself by exactly 1.
    """
    mean, aim = predicted.mean(0), true.mean(0)
    covariance = ((predicted - mean) * (true - aim)).mean(0)
    variances = (predicted - mean).square().mean(0) + (true - aim).square().mean(0)
    return 2 * covariance / (variances + (mean - aim).square()).clamp(min=FLOOR)


@full_precision
def regression(predicted: Tensor, true: Tensor) -> dict[str, Tensor]:
    """Return the loss of regression of valence and arousal (n, 2), and its parts.

    `loss` = MSE of valence + MSE of arousal + 0.5 (1 - PCC + 1 - CCC), the last two as means of both (FER-Zoo,
    archs/baseline.py). For one row, PCC and CCC are 0.
    """
    square = (predicted - true).square().mean(0).sum()
    pearson, lin = pcc(predicted, true).mean(), ccc(predicted, true).mean()
    loss = square + 0.5 * (1 - pearson + 1 - lin)
    return {"loss": loss, "mse": square.detach(), "pcc": pearson.detach(), "ccc": lin.detach()}
