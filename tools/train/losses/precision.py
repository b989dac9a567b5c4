"""Full precision for what half precision would spoil: sums of squares, quotients of small numbers, exponentials.

A function that is marked `@full_precision` gets its tensors as float32 (float64 stays) with autocasting switched off.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def full_precision(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that works in float32 at least, whatever it is given; its first argument is a tensor."""

    @functools.wraps(function)
    def exact(*args: P.args, **named: P.kwargs) -> R:
        first = args[0]
        if not isinstance(first, Tensor):
            raise TypeError(f"{function.__name__}: the first argument must be a tensor (got {type(first).__name__})")
        with torch.autocast(first.device.type, enabled=False):
            wide = {name: _wide(value) for name, value in named.items()}
            return function(*map(_wide, args), **wide)  # type: ignore[arg-type]

    return exact


def _wide(value: object) -> object:
    """Return a tensor of 16-bit floats as one of 32 bits, anything else as it is."""
    return value.float() if isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16) else value
