"""The processes that train together, as torchrun starts them: who this one is, and sums and means over all of them.

Without torchrun there is one process, and nothing here costs anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from tools.publish.calls import HubError

T = TypeVar("T")
PATIENCE = timedelta(hours=12)  # while the first process decodes the pictures, the others wait


class Processes:
    """This process among `size`: its `rank`, and the device that is its own."""

    def __init__(self, rank: int, size: int, device: torch.device) -> None:
        self.rank, self.size, self.device = rank, size, device
        self.first = rank == 0

    def mean(self, tensors: Iterable[Tensor]) -> None:
        """Replace float tensors by their means over all processes; whole numbers by those of the first process."""
        if self.size == 1:
            return
        floats: list[Tensor] = []
        others: list[Tensor] = []
        for tensor in tensors:
            (floats if tensor.is_floating_point() else others).append(tensor)
        by_type: dict[torch.dtype, list[Tensor]] = {}
        for tensor in floats:
            by_type.setdefault(tensor.dtype, []).append(tensor)
        for some in by_type.values():  # all in one message
            flat = torch.cat([tensor.reshape(-1) for tensor in some])
            dist.all_reduce(flat)
            flat /= self.size
            for tensor, part in zip(some, flat.split([tensor.numel() for tensor in some]), strict=True):
                tensor.copy_(part.view(tensor.shape))
        for tensor in others:
            dist.broadcast(tensor, 0)

    def total(self, tensor: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def gathered(self, thing: T) -> list[T]:
        """Return what each process gives, by rank."""
        if self.size == 1:
            return [thing]
        found: list[T] = [thing] * self.size
        dist.all_gather_object(found, thing)
        return found

    def by_the_first(self, make: Callable[[], T]) -> T:
        """Return to all what the first process makes; where a user can mend what is wrong, all raise."""
        if self.size == 1:
            return make()
        result: list[tuple[T | None, str | None]] = [(None, None)]
        failure: Exception | None = None
        if self.first:
            try:
                result = [(make(), None)]
            except (OSError, ValueError, HubError) as error:
                failure = error
                result = [(None, str(error))]
        dist.broadcast_object_list(result, 0)
        if failure is not None:
            raise failure
        value, message = result[0]
        if message is not None:
            raise ValueError(message)
        return value  # type: ignore[return-value]


def device_of(name: str) -> torch.device:
    """Return the device that `auto`, `cpu` or `cuda` means here. Raises ValueError where there is no such GPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return torch.device("cpu")
    place, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if not there:
        raise ValueError("--device cuda: there is no GPU that PyTorch can use here: take --device cpu")
    if place >= there:
        raise ValueError(f"torchrun started more processes on this machine than it has GPUs ({there}): start {there}")
    return torch.device("cuda", place)


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the other processes that torchrun started, if it did; leave them at the end. Raises ValueError."""
    place = device_of(device)
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if place.type == "cuda":
        torch.cuda.set_device(place)
    if size == 1:
        yield Processes(0, 1, place)
        return
    dist.init_process_group("nccl" if place.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Processes(dist.get_rank(), size, place)
    finally:
        dist.destroy_process_group()
