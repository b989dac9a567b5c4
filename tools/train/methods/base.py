"""What the four methods have in common: the rows of a batch, their settings, and what a training loop asks of them.

A method holds an encoder and its own layers. A loop takes one optimiser step for each of its phases with each batch;
`losses` says what is minimised, `parameters_of` what that step changes, and calling the method predicts.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn
from torch.nn import Parameter, functional
from torch.optim import Adam, Optimizer

from tools.train.encoders import Encoder


@dataclass(frozen=True)
class Batch:
    """Rows of a split as tensors, all on one device: pictures, normalised, and what is true of them."""

    images: Tensor  # (n, 3, 224, 224)
    affect: Tensor  # (n, 2): valence and arousal in [-1, 1]
    emotion: Tensor  # (n,) int64: the class, 0 to 6
    identity: Tensor  # (n,) int64: who it is, 0 to k - 1


class Optimisation(NamedTuple):
    """Adam as published for a phase: at each milestone, in steps, its rate becomes `decay` times what it was."""

    rate: float
    betas: tuple[float, float]
    milestones: tuple[int, ...]
    decay: float = 0.8


@dataclass(frozen=True)
class Settings:
    """What every method can be told; each adds its own. The values are the published ones."""

    dropout: float = 0.5  # in the layers behind the encoder


class Method(nn.Module, ABC):
    """An encoder with what one method puts behind it.

    While it trains, a method may count its steps: `losses` is called once for each step. The counts are buffers, so
    that a state dict holds all that a run needs to go on.
    """

    phases: ClassVar[tuple[str, ...]] = ("regression",)  # the optimiser steps of one batch, in order
    uses_identity: ClassVar[bool] = False  # whether it learns from several pictures of the same identity in a batch
    settings_type: ClassVar[type[Settings]] = Settings
    optimisation: ClassVar[Mapping[str, Optimisation]]  # by phase
    slower: ClassVar[Mapping[str, float]] = {}  # layers that learn at this share of their phase's rate

    def __init__(self, encoder: Encoder, **settings: Any) -> None:
        """Raise ValueError for a setting that the method does not have, and for a value that it cannot have."""
        super().__init__()
        known = {field.name: field.default for field in fields(self.settings_type)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no setting {name!r}; it has {', '.join(known)}")
            whole = isinstance(known[name], int)
            if type(value) not in ((int,) if whole else (int, float)) or not 0 <= value < math.inf:
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"{type(self).__name__}: {name}: expected {kind} from 0 (got {value!r})")
        self.settings = self.settings_type(**settings)
        self.encoder = encoder

    def parameters_of(self, phase: str) -> Iterator[Parameter]:
        """Yield what the optimiser of a phase changes. Raises ValueError for a phase that the method does not have."""
        self._known(phase)
        yield from self._parameters_of(phase)

    def optimiser(self, phase: str, rate: float | None = None) -> Adam:
        """Return the published optimiser of a phase, at a rate or at the published one.

        Raises ValueError for a phase that the method does not have.
        """
        self._known(phase)
        published = self.optimisation[phase]
        shares = {of: share for name, share in self.slower.items() for of in self.get_submodule(name).parameters()}
        groups: dict[float, list[Parameter]] = {}
        for parameter in self.parameters_of(phase):
            groups.setdefault(shares.get(parameter, 1.0), []).append(parameter)
        given = [{"params": parameters, "share": share} for share, parameters in groups.items()]
        made = Adam(given, betas=published.betas, fused=True)
        set_rate(made, published.rate if rate is None else rate)
        return made

    def losses(self, phase: str, batch: Batch) -> dict[str, Tensor]:
        """Return numbers as tensors of no dimension: `loss` is to be minimised, the others are for the log.

        Raises ValueError for a phase that the method does not have.
        """
        self._known(phase)
        return self._losses(phase, batch)

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Return valence and arousal (n, 2) of pictures (n, 3, 224, 224), not cut off to [-1, 1]."""

    @abstractmethod
    def _losses(self, phase: str, batch: Batch) -> dict[str, Tensor]: ...

    def _parameters_of(self, phase: str) -> Iterator[Parameter]:
        yield from self.parameters()

    def _known(self, phase: str) -> None:
        if phase not in self.phases:
            raise ValueError(f"{type(self).__name__} has no phase {phase!r}; it has {', '.join(self.phases)}")


def set_rate(optimiser: Optimizer, rate: float) -> None:
    """Set the rate of a method's optimiser; layers that learn more slowly get their share of it."""
    for group in optimiser.param_groups:
        group["lr"] = group["share"] * rate


class RowNorm(nn.BatchNorm1d):
    """Batch norm that takes a single row, too: by the running statistics, since one row has no variance."""

    def forward(self, rows: Tensor) -> Tensor:
        if self.training and len(rows) == 1:
            mean, variance = self.running_mean, self.running_var
            return functional.batch_norm(rows, mean, variance, self.weight, self.bias, eps=self.eps)
        return super().forward(rows)
