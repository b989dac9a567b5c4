"""What a device has memory for: how many pictures at a time, which is halved where that is too many.

In comes work on the device; out comes what it gives, or a GenerationError where not even one picture fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tools.make.generation.base import GenerationError

T = TypeVar("T")
R = TypeVar("R")
# What torch and the libraries below it say of it, beside torch's own OutOfMemoryError, which says the first.
SIGNS = ("out of memory", "alloc_failed", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error tells that memory is not enough, of a GPU or of the machine."""
    told = isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)
    return told or isinstance(error, MemoryError)


class Memory:
    """The memory of a device. `batch` pictures are tried at a time; `tell` gets a line when that is halved."""

    def __init__(self, device: str, batch: int, tell: Callable[[str], None]) -> None:
        self.device, self.batch, self.tell = device, batch, tell

    @contextmanager
    def holding(self, what: str) -> Iterator[None]:
        """Do in a `with` what cannot be divided. Raises GenerationError where the memory is not enough for `what`."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._too_much(what) from None

    def in_batches(self, items: Sequence[T], work: Callable[[Sequence[T]], list[R]], one: str, several: str) -> list[R]:
        """Return what `work` gives for `items`, which it gets in batches; a batch that is too large is tried in halves.

        `one` and `several` name an item and items, for messages. Raises GenerationError where a single one is too much.
        """
        import torch

        out, left = list[R](), list(items)
        while left:
            some = left[: self.batch]
            try:
                out += work(some)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(some) == 1:
                    raise self._too_much(one) from None
            else:
                left = left[len(some) :]
                continue
            torch.cuda.empty_cache()  # outside of the handler: what it holds, the failed call's tensors, is gone
            self.batch = len(some) // 2
            self.tell(
                f"the memory of {self.device} is not enough for {len(some)} {several} at a time: "
                f"from here on {self.batch}"
            )
        return out

    def _too_much(self, what: str) -> GenerationError:
        message = f"the memory of {self.device} is not enough for {what}"
        return GenerationError(f"{message}: end what else uses it, or take a smaller model")
