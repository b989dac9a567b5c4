"""Which errors say that memory ran out, on the CPU or on a GPU, and what a user is told then."""

from __future__ import annotations

OUT_OF_MEMORY = "out of memory: take a smaller --batch-size, or --encoder resnet18, which has fewer weights"
SAID = ("out of memory", "can't allocate memory", "cannot allocate memory")  # by the allocators of PyTorch


def says_out_of_memory(error: BaseException) -> bool:
    """Say whether an error is one of memory that ran out; PyTorch has several, some of them plain RuntimeErrors."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in SAID)
