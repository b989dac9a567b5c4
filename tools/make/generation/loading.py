"""Models from a folder or from the Hub: a pipeline of diffusers, and a CLIP model.

The Hub is asked once, without retries, and where it cannot be reached what is on the disk is taken. In comes the name
that the user gave; out comes the model, or a GenerationError of one line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.make.generation.base import GenerationError
from tools.make.generation.devices import INSTALL
from tools.make.generation.memory import is_out_of_memory
from tools.make.generation.reranking import Reranker

TEXTS = ("*.json", "*.txt")  # a CLIP's configuration and vocabulary
WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")  # the first kind that a model has is taken


def load_pipeline(model: str, revision: str | None) -> tuple[Any, str]:
    """Return a pipeline, on the CPU, and its revision: the commit of one of the Hub, else what was given."""
    with _available(model, "pipeline", "--model"):
        diffusers = _quiet()
        folder, found = Path(model), revision or ""
        if not folder.is_dir():
            folder = Path(diffusers.DiffusionPipeline.download(model, revision=revision))
            found = folder.name  # of a snapshot in the cache: the commit
        pipeline = diffusers.DiffusionPipeline.from_pretrained(folder, local_files_only=True)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline, found


def load_clip(model: str, device: str) -> Reranker:
    """Return a CLIP model on a device."""
    with _available(model, "CLIP model", "--clip"):
        _quiet()
        folder, revision = Path(model), ""
        if not folder.is_dir():
            folder = _downloaded(model)
            revision = folder.name
        return Reranker(folder, device, revision)


def _downloaded(model: str) -> Path:
    """Return the folder of a CLIP model of the Hub, in the cache."""
    from huggingface_hub import snapshot_download

    for weights in WEIGHTS:
        folder = Path(snapshot_download(model, allow_patterns=[*TEXTS, weights]))
        if any(folder.glob(weights)):
            break
    return folder


def _quiet() -> Any:
    """Let the libraries print no warnings and no bars of their own; return diffusers."""
    import diffusers
    import huggingface_hub
    import transformers

    huggingface_hub.utils.logging.set_verbosity_error()
    for library in (diffusers.utils, transformers.utils):
        library.logging.set_verbosity_error()
        library.logging.disable_progress_bar()
    return diffusers


@contextmanager
def _available(model: str, what: str, option: str) -> Iterator[None]:
    """Turn what goes wrong in loading a model into one line with the way out; memory is told of elsewhere."""
    try:
        yield
    except Exception as error:  # of another kind for each thing that may be missing
        if is_out_of_memory(error):
            raise
        if isinstance(error, ImportError):
            raise GenerationError(f"{INSTALL} ({error})") from error
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 300, placeholder=" ...")
        hint = f"give {option} a folder that has one, or download it once where there is a network"
        raise GenerationError(f"{model!r} cannot be loaded as a {what}: {hint} ({reason})") from error
