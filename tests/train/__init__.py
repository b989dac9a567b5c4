"""What the tests of the baselines share: one thread, a small encoder, batches of noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tools.train.encoders import Encoder
from tools.train.methods import Batch

torch.set_num_threads(1)  # the same sums in the same order, and room for other tests


class Small(Encoder):
    """An encoder of 16 features that takes pictures of any size, in milliseconds."""

    width = 16

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.last = nn.Linear(128, self.width)

    def forward(self, images: Tensor) -> Tensor:
        return torch.relu(self.last(self.layers(images)))


def noise(rows: int, side: int = 16, identities: int = 3, seed: int = 0) -> Batch:
    """Return rows of noise with truths of noise; row i is of identity i modulo `identities`."""
    drawn = torch.Generator().manual_seed(seed)
    return Batch(
        torch.randn(rows, 3, side, side, generator=drawn),
        torch.rand(rows, 2, generator=drawn) * 2 - 1,
        torch.randint(0, 7, (rows,), generator=drawn),
        torch.arange(rows) % identities,
    )
