"""Predictions of a model: in go decoded pixels or the rows of a config, out come valence and arousal, and their file.

The file is CSV with image_id, valence and arousal, which `diffusionfer evaluate` reads.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from tools.train.examples import AFFECT, Examples
from tools.train.loading import CROP, ROOM, Centre, loader, normalised
from tools.train.methods import Method
from tools.train.pixels import Mapped, Pixels, each_decoded
from tools.train.processes import Processes
from tools.train.scores import Affects, clipped
from tools.use.rows import Rows

DIGITS = 6  # of a prediction: more than a label has, and the same on the same machine


def predicted(method: Method, pixels: Mapped, rows: int, batch: int, workers: int, processes: Processes) -> Affects:
    """Return what a model says of every row (n, 2), in order; several processes share the work.

    The model is left in its mode of evaluation.
    """
    method.eval()
    found = torch.zeros(rows, 2, dtype=torch.float64)
    batches = loader(pixels, Centre(rows, batch, processes.rank, processes.size), workers)
    with torch.inference_mode():
        for places, crops in batches:
            found[places] = method(normalised(crops.to(processes.device))).double().cpu()
    if processes.size > 1:
        found = processes.total(found.to(processes.device)).cpu()
    return found.numpy()


def predicted_rows(
    method: Method,
    rows: Rows,
    examples: Examples,
    batch: int,
    workers: int,
    device: torch.device,
    advance: Callable[[int], object] = lambda done: None,
    digest: Callable[[bytes], object] = lambda of: None,
) -> Affects:
    """Return what a model says of the pictures of a split (n, 2), each decoded once. Raises what decoding raises.

    `digest` is told the sha256 of each file, in order.
    """
    method.eval()
    found: list[Affects] = []
    some: list[Pixels] = []
    edge = ROOM // 2

    def flush() -> None:
        with torch.inference_mode():
            crops = torch.from_numpy(np.stack(some)).to(device)
            found.append(method(normalised(crops)).double().cpu().numpy())
        advance(len(some))
        some.clear()

    for _, pixels in each_decoded(rows, examples, workers, digest):
        some.append(pixels[edge : edge + CROP, edge : edge + CROP])
        if len(some) == batch:
            flush()
    if some:
        flush()
    return np.concatenate(found)


def predictions_text(ids: Sequence[str], affect: Affects) -> str:
    """Return predictions as CSV: a row a picture, cut off to [-1, 1]. Raises ValueError where one is no number."""
    if not np.isfinite(affect).all():
        place = int(np.flatnonzero(~np.isfinite(affect).all(axis=1))[0])
        raise ValueError(f"the model predicts {affect[place].tolist()} for {ids[place]}: its weights are damaged")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["image_id", *AFFECT])
    writer.writerows([name, *_texts(pair)] for name, pair in zip(ids, clipped(affect), strict=True))
    return out.getvalue()


def _texts(pair: Affects) -> Iterator[str]:
    for value in pair:
        yield f"{value:.{DIGITS}f}"
