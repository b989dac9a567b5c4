"""Baseline: regression of valence and arousal, as FER-Zoo calls it.

Behind the encoder lie two hidden layers; what is minimised is the loss that all four methods share.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from tools.train.encoders import Encoder
from tools.train.losses.agreement import regression
from tools.train.methods.base import Batch, Method, Optimisation

HIDDEN, LATENT = 64, 512  # FER-Zoo, common/networks.py and archs/fer.py


class Baseline(Method):
    """Features -> 64 -> 512 -> valence and arousal."""

    optimisation: ClassVar = {"regression": Optimisation(4e-5, (0.5, 0.99), (500, 1000, 2000, 5000, 10000))}

    def __init__(self, encoder: Encoder, **settings: float) -> None:
        super().__init__(encoder, **settings)
        dropout = self.settings.dropout
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(encoder.width, HIDDEN),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(HIDDEN, LATENT),
            nn.ReLU(),
            nn.Linear(LATENT, 2),
        )

    def forward(self, images: Tensor) -> Tensor:
        predicted: Tensor = self.head(self.encoder(images))
        return predicted

    def _losses(self, phase: str, batch: Batch) -> dict[str, Tensor]:
        return regression(self(batch.images), batch.affect)
