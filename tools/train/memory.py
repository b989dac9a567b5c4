"""Which errors say that memory ran out, on the CPU or on a GPU, and what a user is told then."""

from __future__ import annotations

OUT_OF_MEMORY = "out of memory: take a smaller --batch-size"
WORKER_LOST = "a process that reads pictures was lost, most likely for want of memory: take --workers 0"
SAID = ("out of memory", "can't allocate memory", "cannot allocate memory")  # by the allocators of PyTorch
LOST = "dataloader worker (pid"  # begins what its loader says of a worker that was killed


def said_of_memory(error: BaseException) -> str | None:
    """Return what to tell a user of an error of memory that ran out, None for any other one.

    PyTorch has several, some of them plain RuntimeErrors.
    """
    said = str(error).lower()
    if LOST in said:
        return WORKER_LOST
    return OUT_OF_MEMORY if isinstance(error, MemoryError) or any(words in said for words in SAID) else None
