"""`python tests/benchmarks/train.py`: pictures a second of the loader, of an encoder, and of both together.

The encoder takes a batch that is in memory, forward and backward; the loader makes batches that nobody takes; both is
what training does, but for the optimiser. Each is timed in turns, in rounds, for a machine's speed drifts; ratios are
medians over the rounds. Where there is a GPU, the four methods are trained at batch 128, with and without mixed
precision, and the time that the GPU waits for pictures is what training takes longer than with a batch that is already
there. As in training, a step waits for the losses of the one before.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402
import torch  # noqa: E402

from tools.train.checkpoint import model  # noqa: E402
from tools.train.encoders import ENCODERS, encoder  # noqa: E402
from tools.train.examples import Examples  # noqa: E402
from tools.train.loading import CROP, Plan, loader, normalised  # noqa: E402
from tools.train.methods import METHODS, Batch, Method  # noqa: E402
from tools.train.pixels import PICTURE, Mapped, decoded  # noqa: E402

AIM = "Aim: the loader alone at 0.8 or more of the encoder alone."
BATCHES = (32, 128)
ON_GPU = 128  # pictures of a batch there
WARMING = 20  # steps on a GPU that are not counted: more than the batches that two workers have made beforehand


def examples(pictures: int) -> Examples:
    """Return truths of noise; every tenth picture is of the same identity."""
    drawn = torch.Generator().manual_seed(0)
    affect = torch.rand(pictures, 2, generator=drawn) * 2 - 1
    emotion = torch.randint(0, 7, (pictures,), generator=drawn)
    names = [f"{number}" for number in range(pictures)]
    return Examples("train", np.arange(pictures), names, affect, emotion, torch.arange(pictures) % 10, ("seed",), 0)


def forever(batches: object, plan: Plan) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the batches of epoch after epoch."""
    for epoch in itertools.count(1):
        plan.epoch = epoch
        yield from batches  # type: ignore[misc]


def rate(step: Callable[[], int], seconds: float, device: torch.device) -> float:
    """Return pictures a second of steps, the first of which, or on a GPU the first 20, are not counted."""
    on_gpu = device.type == "cuda"
    for _ in range(WARMING if on_gpu else 1):
        step()
    if on_gpu:
        torch.cuda.synchronize()
    began, pictures = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        pictures += step()
    if on_gpu:
        torch.cuda.synchronize()  # what is still to be done counts
    return pictures / (time.perf_counter() - began)


def measure(name: str, batch: int, pixels: Mapped, of: Examples, options: argparse.Namespace) -> tuple[float, ...]:
    """Return the rates of the loader, of an encoder and of both."""
    device = torch.device(options.device)
    network = encoder(name).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    plan = Plan(of, batch, 0, False)
    batches = forever(loader(pixels, plan, options.workers, device.type == "cuda"), plan)
    there = normalised(torch.randint(0, 256, (batch, CROP, CROP, 3), dtype=torch.uint8).to(device))

    def learn(images: torch.Tensor) -> int:
        network.zero_grad(set_to_none=True)
        network(images).sum().backward()
        return len(images)

    made = rate(lambda: len(next(batches)[1]), options.seconds, device)
    alone = rate(lambda: learn(there), options.seconds, device)
    both = rate(lambda: learn(normalised(next(batches)[1].to(device, non_blocking=True))), options.seconds, device)
    return made, alone, both


def train_on_gpu(
    name: str, amp: bool, pixels: Mapped, of: Examples, options: argparse.Namespace
) -> tuple[float, float]:
    """Return pictures a second of training by a method at batch 128, with the loader and with a batch that is there."""
    device, batch = torch.device(options.device), ON_GPU
    method: Method = model(name, options.encoder).to(device)
    optimisers = {phase: method.optimiser(phase, 1e-4) for phase in method.phases}
    plan = Plan(of, batch, 0, method.uses_identity)
    batches = forever(loader(pixels, plan, options.workers, device.type == "cuda"), plan)
    first = next(batches)
    before: list[torch.Tensor] = []  # losses of the last step

    def step(rows: torch.Tensor, crops: torch.Tensor) -> int:
        parts = (part[rows].to(device, non_blocking=True) for part in (of.affect, of.emotion, of.identity))
        taken = Batch(normalised(crops.to(device, non_blocking=True)), *parts)
        found: list[torch.Tensor] = []
        for phase, optimiser in optimisers.items():
            optimiser.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=amp):
                losses = method.losses(phase, taken)
            losses["loss"].backward()
            optimiser.step()
            found.append(losses["loss"].detach())
        for loss in before:
            loss.item()
        before[:] = found
        return len(rows)

    return rate(lambda: step(*next(batches)), options.seconds, device), rate(
        lambda: step(*first), options.seconds, device
    )


def decoding(pictures: list[bytes]) -> float:
    """Return how many pictures a second one process decodes."""
    began = time.perf_counter()
    for content in pictures:
        decoded(content)
    return len(pictures) / (time.perf_counter() - began)


def main() -> None:
    """Make the pixels, run the rounds, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--pictures", type=int, default=1200, help="in the file of pixels (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="of the loader (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement (default: %(default)s)")
    parser.add_argument("--encoder", choices=ENCODERS, default="alexnet", help="of the methods on a GPU")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    from tools.make.embedded import ROOT as CHECKOUT
    from tools.make.embedded import SHEET, read_sheet
    from tools.make.sketch import render

    rows = read_sheet(CHECKOUT / SHEET)[:8]
    print(
        f"decoding a crop: {decoding([render(row)[1] for row in rows] * 10):,.0f} pictures/s in one process, once a run"
    )
    of = examples(options.pictures)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pixels")
        path.write_bytes(np.random.default_rng(0).bytes(options.pictures * PICTURE))
        pixels = Mapped(path, options.pictures)
        print(
            f"{options.workers} workers, {os.cpu_count()} cores, {torch.get_num_threads()} threads, {options.device}\n"
        )
        columns = f"{'loader /s':>11}{'encoder /s':>12}{'both /s':>9}{'loader:encoder':>16}{'both:encoder':>14}"
        print(f"{'encoder':10}{'batch':>6}{columns}")
        for name, batch in itertools.product(ENCODERS, BATCHES):
            found = [measure(name, batch, pixels, of, options) for _ in range(options.rounds)]
            made, alone, both = (statistics.median(column) for column in zip(*found, strict=True))
            ratios = [statistics.median(one[at] / one[1] for one in found) for at in (0, 2)]
            print(
                f"{name:10}{batch:6}{made:11,.0f}{alone:12,.1f}{both:9,.1f}{ratios[0]:16.1f}{ratios[1]:14.2f}",
                flush=True,
            )
        if options.device == "cuda":
            print(f"\n{options.encoder}, batch {ON_GPU}, {torch.cuda.get_device_name()}")
            print(f"{'method':10}{'precision':>11}{'pictures /s':>13}{'GPU waits':>11}")
            for name, amp in itertools.product(METHODS, (False, True)):
                both, alone = train_on_gpu(name, amp, pixels, of, options)
                waits = max(0.0, 1 - both / alone)
                print(f"{name:10}{'bf16' if amp else 'float32':>11}{both:13,.0f}{waits:11.0%}", flush=True)
    print(f"\n{AIM}")


if __name__ == "__main__":
    main()
