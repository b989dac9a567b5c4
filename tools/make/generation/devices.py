"""Which device a process draws on: a process a GPU.

A process claims its device by a lock on a file, which the system gives back when the process ends, however it ends.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from tools.make.generation.base import GenerationError

INSTALL = "--backend diffusers needs more libraries: pip install 'diffusionfer[generate]'"
_held: list[FileLock] = []  # to the end of the process


def resolve(devices: Sequence[str]) -> tuple[str, ...]:
    """Return the devices; for "auto" all GPUs, or the CPU. Raises GenerationError for one that is not there."""
    try:
        import torch
    except ImportError as error:
        raise GenerationError(f"{INSTALL} ({error})") from None

    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    found = list[str]()
    for device in devices:
        named = (gpus or ["cpu"]) if device == "auto" else gpus[:1] if device == "cuda" else [device]
        if not named or (named[0] != "cpu" and named[0] not in gpus):
            there = ", ".join(["cpu", *gpus])
            raise GenerationError(f"--device: expected some of {there}, which torch finds here (got {device!r})")
        found += named
    return tuple(dict.fromkeys(found))


def claim(devices: Sequence[str]) -> str:
    """Return the device of this process: of several the first that no other process of this machine has claimed."""
    found = resolve(devices)
    if len(found) == 1:
        return found[0]
    for device in found:
        name = f"diffusionfer-{os.getuid() if hasattr(os, 'getuid') else ''}-{device.replace(':', '-')}.lock"
        lock = FileLock(Path(tempfile.gettempdir()) / name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        _held.append(lock)
        return device
    raise GenerationError(f"other processes draw on {', '.join(found)}: wait for them, or give --device one of them")
