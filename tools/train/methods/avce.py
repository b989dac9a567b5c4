"""AVCE: emotion-aware multi-view contrastive learning (Kim and Song, ECCV 2022).

The features of a face pass a bottleneck, of which two views are taken: a sparse one, what matters for the expression,
and a dense one. What the views predict is contrasted with what the whole predicts, as angle and length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from tools.train.encoders import Encoder
from tools.train.losses.agreement import regression
from tools.train.losses.views import metric_regularity, relative_contrast, similarity, sparsemax
from tools.train.methods.base import Batch, Method, Optimisation, Settings


@dataclass(frozen=True)
class AVCESettings(Settings):
    """The constants of AVCE."""

    contrast: float = 0.0256  # the weight of the contrast: 1e-4 for the sum over a batch of 256
    alpha: float = 0.5  # of dissimilar views in the contrast
    beta: float = 0.005  # of the squares of similar views
    gamma: float = 0.5  # of the squares of dissimilar views
    balance: float = 0.8  # of length beside angle
    penalty: float = 0.1  # for valences of unlike sign
    hold: float = 0.01  # of the distance from the whole in the regularity of the views


class AVCE(Method):
    """Features -> 32, the bottleneck -> 256 -> valence and arousal; each view -> 256 -> 2 and -> 64 -> 8."""

    settings_type = AVCESettings
    settings: AVCESettings
    optimisation: ClassVar = {"regression": Optimisation(5e-5, (0.5, 0.99), (500, 1000, 2000, 3000, 5000))}

    def __init__(self, encoder: Encoder, **settings: float) -> None:
        super().__init__(encoder, **settings)
        dropout = self.settings.dropout
        self.bottleneck = nn.Sequential(nn.Dropout(dropout), nn.Linear(encoder.width, 32), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(32, 256), nn.ReLU(), nn.Linear(256, 2))
        self.view_head = nn.Sequential(nn.Linear(32, 256), nn.ReLU(), nn.Linear(256, 2), nn.Tanh())
        self.metric_head = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 8), nn.ReLU())

    def forward(self, images: Tensor) -> Tensor:
        predicted: Tensor = self.head(self.bottleneck(self.encoder(images)))
        return predicted

    def _losses(self, phase: str, batch: Batch) -> dict[str, Tensor]:
        whole = self.bottleneck(self.encoder(batch.images))
        predicted = self.head(whole)
        sparse, dense = sparsemax(whole), torch.softmax(whole.float(), 1)
        contrast = self._contrast(predicted, sparse, dense)
        metric = metric_regularity(
            self.metric_head(whole), self.metric_head(sparse), self.metric_head(dense), self.settings.hold
        )
        losses = regression(predicted, batch.affect)
        losses["loss"] = losses["loss"] - self.settings.contrast * contrast + metric
        return losses | {"contrast": contrast.detach(), "metric": metric.detach()}

    def _contrast(self, predicted: Tensor, sparse: Tensor, dense: Tensor) -> Tensor:
        """Return how much more alike the prediction is to that of the sparse view than to that of the dense one."""
        its = self.settings
        positive, negative = (
            similarity(0.5 * self.view_head(view), predicted, its.balance, its.penalty) for view in (sparse, dense)
        )
        return relative_contrast(positive, negative, its.alpha, its.beta, its.gamma)
