"""Batches for training and for prediction: in go decoded pixels, out come crops of 224 x 224, in worker processes.

Which rows make up a batch, where each is cropped and whether it is mirrored follow from the seed, the epoch and the row
alone, and are drawn beforehand: so a run is the same with any number of workers, and can go on from any step.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from tools.train.examples import Examples
from tools.train.pixels import SIDE, Mapped

CROP = 224
ROOM = SIDE - CROP  # a crop begins at one of ROOM + 1 places in each direction
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, in RGB (torchvision's models)
TOGETHER = 8  # rows of one identity that are kept in a batch together
LEAST = 2  # rows of a batch: correlations say nothing of one
AHEAD = 4  # batches that a worker makes before they are asked for

Places = npt.NDArray[np.int64]  # (b, 4): row, top, left, mirrored


def order(examples: Examples, seed: int, epoch: int, together: bool) -> npt.NDArray[np.int64]:
    """Return the rows (n,) in the order of an epoch: shuffled, or with up to 8 of one identity after each other."""
    rng = np.random.default_rng([seed, epoch, 0])
    rows = rng.permutation(len(examples))
    if not together:
        return rows
    identity = examples.identity.numpy()[rows]
    rows = rows[np.argsort(identity, kind="stable")]  # within an identity the order stays a random one
    identity = examples.identity.numpy()[rows]
    starts = np.flatnonzero(np.diff(identity, prepend=-1))
    within = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
    groups = np.split(rows, np.flatnonzero(within % TOGETHER == 0)[1:])
    return np.concatenate([groups[place] for place in rng.permutation(len(groups))])


class Plan(Sampler[Places]):
    """What is in each batch of an epoch, for one of several processes: the sampler of a loader.

    `epoch` and `start`, the step to begin with, can be set before each pass. A last batch in which a process would have
    fewer than two rows is left out.
    """

    def __init__(
        self, examples: Examples, batch: int, seed: int, together: bool, rank: int = 0, processes: int = 1
    ) -> None:
        self._examples, self._batch, self._seed, self._together = examples, batch, seed, together
        self._rank, self._processes = rank, processes
        self.epoch, self.start = 1, 0
        last = len(examples) % batch
        self.steps = len(examples) // batch + (last >= LEAST * processes)
        if batch < LEAST * processes or not self.steps:
            raise ValueError(
                f"a batch of {min(batch, len(examples)):,} pictures for {processes} process{'es' * (processes != 1)}: "
                f"each needs {LEAST} at least"
            )

    def __len__(self) -> int:
        return self.steps - self.start

    def __iter__(self) -> Iterator[Places]:
        rows = order(self._examples, self._seed, self.epoch, self._together)
        rng = np.random.default_rng([self._seed, self.epoch, 1])
        drawn = np.stack([rng.integers(0, ROOM + 1, len(rows)), rng.integers(0, ROOM + 1, len(rows))], axis=1)
        mirrored = rng.integers(0, 2, len(rows))
        for step in range(self.start, self.steps):
            some = rows[step * self._batch : (step + 1) * self._batch][self._rank :: self._processes]
            yield np.column_stack([some, drawn[some], mirrored[some]])


class Centre(Sampler[Places]):
    """Every row once, in order, cropped in the middle: for prediction, in one of several processes."""

    def __init__(self, rows: int, batch: int, rank: int = 0, processes: int = 1) -> None:
        self._rows, self._batch = np.arange(rank, rows, processes), batch

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch)

    def __iter__(self) -> Iterator[Places]:
        for start in range(0, len(self._rows), self._batch):
            some = self._rows[start : start + self._batch]
            middle = np.full(len(some), ROOM // 2)
            yield np.column_stack([some, middle, middle, np.zeros_like(some)])


class Crops(Dataset[tuple[Tensor, Tensor]]):
    """Rows (b,) and crops (b, 224, 224, 3) uint8 at the places that are asked for."""

    def __init__(self, pixels: Mapped) -> None:
        self._pixels = pixels

    def __getitem__(self, places: Places) -> tuple[Tensor, Tensor]:
        pixels = self._pixels.pixels
        crops = np.empty((len(places), CROP, CROP, 3), np.uint8)
        for crop, (row, top, left, mirrored) in zip(crops, places.tolist(), strict=True):
            whole = pixels[row, top : top + CROP, left : left + CROP]
            crop[:] = whole[:, ::-1] if mirrored else whole
        return torch.from_numpy(places[:, 0].copy()), torch.from_numpy(crops)


def loader(pixels: Mapped, places: Plan | Centre, workers: int, pin: bool = False) -> DataLoader[tuple[Tensor, Tensor]]:
    """Return a loader of rows and crops, made by so many worker processes (0: by this one)."""
    return DataLoader(
        Crops(pixels),
        batch_size=None,
        sampler=places,
        num_workers=workers,
        pin_memory=pin,
        persistent_workers=workers > 0,
        prefetch_factor=AHEAD if workers else None,
        generator=torch.Generator(),  # its own: the global one must not depend on how often a loader was started
    )


def normalised(crops: Tensor) -> Tensor:
    """Return crops (n, 224, 224, 3) uint8 as pictures (n, 3, 224, 224) float32 by the statistics of ImageNet."""
    scale = torch.tensor(DEVIATION, device=crops.device).mul(255).view(1, 3, 1, 1)
    shift = torch.tensor(MEAN, device=crops.device).mul(255).view(1, 3, 1, 1)
    return crops.permute(0, 3, 1, 2).float().sub_(shift).div_(scale)
