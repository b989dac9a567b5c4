"""ELIM: identities matched by optimal transport (Kim and Song, NeurIPS 2022, arXiv 2209.12172).

Of the identities in a batch one is the reference. What it costs to move its expressions to those of another is what
sets the two apart; the head learns valence and arousal from features from which that shift has been taken off, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from tools.train.encoders import Encoder
from tools.train.losses.agreement import regression
from tools.train.losses.transport import identity_shift, without_shift
from tools.train.methods.base import Batch, Method, Optimisation, RowNorm, Settings

HIDDEN, LATENT = 256, 512  # ELIM, common/elim_networks.py
WIDE = 20 * LATENT


@dataclass(frozen=True)
class ELIMSettings(Settings):
    """The constants of ELIM, and no dropout: before batch norm it hinders a new encoder (docs/methods.md)."""

    dropout: float = 0.0
    matching: float = 2.5  # the weight of the mean over identities: 0.5 for the sum over five
    identities: int = 5  # matched in a batch at most, the reference among them
    epsilon: float = 0.2  # of the entropy in the transport: 1/5
    iterations: int = 5  # of Sinkhorn
    quiet: int = 10  # steps without matching
    warm: int = 200  # the step from which its weight is full


class ELIM(Method):
    """Features -> 256 -> 512, what is matched -> 10240 -> valence and arousal."""

    uses_identity = True
    settings_type = ELIMSettings
    settings: ELIMSettings
    optimisation: ClassVar = {"regression": Optimisation(1e-4, (0.5, 0.99), (500, 1000, 2000, 3000, 5000))}
    slower: ClassVar = {"head": 0.25}  # FER-Zoo, archs/elim.py: the sum over so many features moves fast enough
    steps: Tensor

    def __init__(self, encoder: Encoder, **settings: float) -> None:
        super().__init__(encoder, **settings)
        dropout = self.settings.dropout
        self.latent = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(encoder.width, HIDDEN),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(HIDDEN, LATENT),
            RowNorm(LATENT),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Linear(LATENT, WIDE), RowNorm(WIDE), nn.ReLU(), nn.Linear(WIDE, 2))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, images: Tensor) -> Tensor:
        predicted: Tensor = self.head(self.latent(self.encoder(images)))
        return predicted

    def _losses(self, phase: str, batch: Batch) -> dict[str, Tensor]:
        latent = self.latent(self.encoder(batch.images))
        losses = regression(self.head(latent), batch.affect)
        groups = self._groups(batch.identity)
        losses["identities"] = torch.full_like(losses["mse"], len(groups))
        if groups:
            matching = self._matching(latent, batch.affect, groups)
            losses["loss"] = losses["loss"] + self._warmth() * self.settings.matching * matching
            losses["matching"] = matching.detach()
        if self.training:
            self.steps += 1
        return losses

    def _groups(self, identity: Tensor) -> list[Tensor]:
        """Return the rows of some identities, the reference first; none where there are no two.

        An identity takes part with two rows in the batch at least: one picture says nothing of how a person differs.
        While training they are drawn, on the CPU, so that they are the same on every device; else the first are taken.
        """
        found, counts = identity.unique(return_counts=True)
        found = found[counts > 1]
        if len(found) < 2:
            return []
        order = torch.randperm(len(found), device="cpu").tolist() if self.training else range(len(found))
        return [(identity == found[number]).nonzero().flatten() for number in order[: self.settings.identities]]

    def _matching(self, latent: Tensor, affect: Tensor, groups: list[Tensor]) -> Tensor:
        """Return the mean over identities of the squared error that is left once the shift has been taken off."""
        reference = latent[groups[0]].float()
        features = [reference]
        for rows in groups[1:]:
            target = latent[rows].float()
            shift = identity_shift(reference, target, self.settings.epsilon, self.settings.iterations)
            features.append(without_shift(target, shift))
        # What is predicted from are features as they are, so the running statistics of batch norm stay those of them.
        statistics = {name: value.clone() for name, value in self.head.named_buffers()}
        predicted: Tensor = functional_call(self.head, statistics, (torch.cat(features),)).float()
        error = (predicted - affect[torch.cat(groups)]).square().mean(1)
        return torch.stack([part.mean() for part in error.split([len(rows) for rows in groups])]).mean()

    def _warmth(self) -> Tensor:
        """Return the weight of the matching in [0, 1] at this step: nothing at first, then steps / warm, then all."""
        ramp = (self.steps / max(self.settings.warm, 1)).clamp(max=1)
        return torch.where(self.steps < self.settings.quiet, torch.zeros_like(ramp), ramp)
