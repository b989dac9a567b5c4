"""Memory that is free in this process and is given back to the system between the steps of a push."""

from __future__ import annotations

import ctypes
import os

import pyarrow as pa


def give_back() -> None:
    """Let neither Arrow nor the C library keep what was used before: the next step uses other amounts of it.

    Of the C libraries only glibc has to be asked: elsewhere that is done by itself.
    """
    pa.default_memory_pool().release_unused()
    if os.name == "posix" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
