"""Checkpoints: the state of a run, from which it goes on, and the best model, which people share.

The first is what torch.save writes, read as tensors and plain values alone; the second is safetensors with its
configuration as JSON in the header. Both are written beside their place and renamed, so that they are whole or not
there.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tools.train.encoders import ENCODERS, encoder
from tools.train.files import PART
from tools.train.methods import METHODS, Method

FORMAT = 1  # of both files; another one is not read
KEY = "diffusionfer"  # in the header of the best model


def model(
    method: str, encoder_name: str, weights: Path | None = None, settings: Mapping[str, Any] | None = None
) -> Method:
    """Return a method with its encoder, in the layout in memory that convolutions are fastest in.

    Raises ValueError for names, settings and weights that do not fit, OSError for weights that cannot be read.
    """
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; there are {', '.join(METHODS)}")
    made = METHODS[method](encoder(encoder_name, weights), **(settings or {}))
    return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def digest(path: Path) -> str:
    """Return the sha256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(file)


def _digest(file: Any) -> str:
    found = hashlib.sha256()  # Python 3.10
    while block := file.read(2**20):
        found.update(block)
    return found.hexdigest()


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write the state of a run. Raises ValueError where the disk does not take it; the former one is there then."""
    _write(path, lambda part: torch.save({"format": FORMAT, **state}, part))


def load_state(path: Path) -> dict[str, Any]:
    """Return the state of a run, on the CPU. Nothing of the file is run. Raises OSError or ValueError."""
    try:
        state = torch.load(path, "cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # a damaged file makes torch.load raise whatever comes
        raise ValueError(f"{path} is no state of a run ({_first_line(error)}): remove it to begin again") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        found = state.get("format") if isinstance(state, dict) else None
        raise ValueError(
            f"{path} has format {found!r}, but this version reads {FORMAT}: train with the version it is of"
        )
    return state


def save_model(path: Path, method: Method, configuration: Mapping[str, Any]) -> None:
    """Write a model as safetensors, with how it was made in the header. Raises ValueError as `save_state`."""
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in method.state_dict().items()}
    metadata = {KEY: json.dumps({"format": FORMAT, **configuration}, sort_keys=True)}
    _write(path, lambda part: part.write_bytes(save(tensors, metadata)))


def read_configuration(path: Path) -> dict[str, Any]:
    """Return how the model in a file was made. Raises OSError, and ValueError for a file of something else."""
    from safetensors import SafetensorError, safe_open

    path.stat()  # whose error names what is wrong
    try:
        with safe_open(path, "pt") as file:
            found = json.loads((file.metadata() or {})[KEY])
        if not isinstance(found, dict):
            raise ValueError("no object")
    except (SafetensorError, KeyError, ValueError, OSError, RecursionError) as error:
        raise ValueError(
            f"{path} is no model of this project ({_first_line(error)}): give the best.safetensors of a run"
        ) from None
    if found.get("format") != FORMAT:
        raise ValueError(
            f"{path} has format {found.get('format')!r}, but this version reads {FORMAT}: use the version it is of"
        )
    return found


def load_model(path: Path, method: str | None = None) -> tuple[Method, dict[str, Any]]:
    """Return the model in a file and how it was made.

    Raises OSError, and ValueError for a file of something else, of another version, or of another method than the one
    that was asked for.
    """
    from safetensors.torch import load_file

    made_by = read_configuration(path)
    if method is not None and made_by.get("method") != method:
        raise ValueError(f"{path} is a model of method {made_by.get('method')!r}, not of {method!r}")
    if str(made_by.get("method")) not in METHODS or str(made_by.get("encoder")) not in ENCODERS:
        raise ValueError(
            f"{path} is of method {made_by.get('method')!r} with encoder {made_by.get('encoder')!r}, "
            "which this version does not have"
        )
    made = model(made_by["method"], made_by["encoder"])
    try:
        made.load_state_dict(load_file(path))
    except RuntimeError as error:
        first = str(error).splitlines()[1:2]
        raise ValueError(
            f"{path} has other tensors than {made_by['method']} with {made_by['encoder']} has in this version "
            f"({(first or [str(error)])[0].strip()})"
        ) from None
    return made, made_by


def _write(path: Path, write: Any) -> None:
    part = path.with_name(f".{path.name}{PART}")
    try:
        write(part)
        part.replace(path)
    except (OSError, RuntimeError, MemoryError) as error:  # torch says RuntimeError for a disk that is full
        part.unlink(missing_ok=True)
        said = error.strerror if isinstance(error, OSError) and error.strerror else _first_line(error)
        room = " there is no room on the disk:" if _is_full(error, path) else ""
        raise ValueError(f"{path} cannot be written ({said}):{room} the run can go on with --resume") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _is_full(error: BaseException, path: Path) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return shutil.disk_usage(path.parent).free < 2**20


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).partition("\n")[0][:200]


def random_state(device: torch.device) -> list[Tensor]:
    """Return the states of the generators of random numbers that a method uses."""
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states


def set_random_state(states: list[Tensor], device: torch.device) -> None:
    """Go on with the random numbers of a state."""
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
