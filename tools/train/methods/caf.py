"""CAF: contrastive adversarial learning of facial expressions (Kim and Song, AAAI 2021).

A discriminator learns embeddings in which strong expressions lie together and weak ones apart from them; the encoder
learns valence and arousal, and to give weak expressions what the discriminator sees in strong ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import Parameter

from tools.train.encoders import Encoder
from tools.train.losses.adversarial import discriminator_loss, encoder_loss, strong_and_weak
from tools.train.losses.agreement import regression
from tools.train.methods.base import Batch, Method, Optimisation, Settings

ADAM = Optimisation(1e-4, (0.5, 0.9), (500, 1000, 2000, 3000, 5000))


@dataclass(frozen=True)
class CAFSettings(Settings):
    """The constants of CAF."""

    adversarial: float = 0.1  # the weight of what the encoder learns against the discriminator
    confidence: float = 0.7  # the scale of the adaptive bound in the margin
    penalty: float = 1e-6  # of the constraint on second moments, and the step of its multiplier


class CAF(Method):
    """Features -> 64 -> 8 -> valence and arousal; features -> 64 -> 32 -> 16 for the discriminator."""

    phases = ("discriminator", "encoder")
    settings_type = CAFSettings
    settings: CAFSettings
    optimisation: ClassVar = {"discriminator": ADAM, "encoder": ADAM}
    multiplier: Tensor

    def __init__(self, encoder: Encoder, **settings: float) -> None:
        super().__init__(encoder, **settings)
        dropout = self.settings.dropout
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(encoder.width, 64),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(64, 8),
            nn.ReLU(),
            nn.Linear(8, 2),
        )
        self.discriminator = nn.Sequential(
            nn.Linear(encoder.width, 64), nn.Linear(64, 32), nn.Dropout(0.2), nn.ReLU(), nn.Linear(32, 16)
        )
        self.register_buffer("multiplier", torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        predicted: Tensor = self.head(self.encoder(images))
        return predicted

    def _parameters_of(self, phase: str) -> Iterator[Parameter]:
        parts = (self.discriminator,) if phase == "discriminator" else (self.encoder, self.head)
        for part in parts:
            yield from part.parameters()

    def _losses(self, phase: str, batch: Batch) -> dict[str, Tensor]:
        strong, weak = strong_and_weak(batch.affect)
        return (self._apart if phase == "discriminator" else self._alike)(batch, strong, weak)

    def _apart(self, batch: Batch, strong: Tensor, weak: Tensor) -> dict[str, Tensor]:
        """Return what the discriminator minimises: nothing where no row is stronger than another."""
        with torch.no_grad():
            features = self.encoder(batch.images)
        seen = self.discriminator(features)
        if not strong.any():
            return {"loss": seen.float().sum() * 0}
        confidence, penalty = self.settings.confidence, self.settings.penalty
        loss, constraint = discriminator_loss(seen[strong], seen[weak], confidence, self.multiplier.clone(), penalty)
        if self.training:
            self.multiplier += penalty * constraint
        return {"loss": loss, "constraint": constraint, "multiplier": self.multiplier.clone()}

    def _alike(self, batch: Batch, strong: Tensor, weak: Tensor) -> dict[str, Tensor]:
        """Return what encoder and head minimise: regression, and the distance of weak rows from strong ones."""
        features = self.encoder(batch.images)
        losses = regression(self.head(features), batch.affect)
        if strong.any():
            fixed = {name: value.detach() for name, value in self.discriminator.named_parameters()}
            seen = functional_call(self.discriminator, fixed, (features,))
            adversarial = encoder_loss(seen[strong], seen[weak])
            losses["loss"] = losses["loss"] + self.settings.adversarial * adversarial
            losses["adversarial"] = adversarial.detach()
        return losses
