"""How far a run is, as its state keeps it, and who is told of that while it goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Watcher:
    """Who is told how a run goes; this one says nothing."""

    def begins(self, epoch: int, step: int, steps: int) -> None:
        """An epoch begins, or goes on at a step."""

    def stepped(self, loss: float) -> None:
        """A step was taken."""

    def ends(self, line: Mapping[str, Any], best: bool) -> None:
        """An epoch ends; `line` is what the history has of it."""

    def leaves(self) -> None:
        """The run ends, or is stopped."""


@dataclass
class Progress:
    """How far a run is: the epoch and the step that come next, what was found so far, and the losses of the epoch."""

    epoch: int = 1
    step: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_ccc: float = -math.inf
    history: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
