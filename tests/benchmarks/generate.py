"""`python tests/benchmarks/generate.py sketch|model`: how fast pictures are generated.

`sketch` draws rows of the embedded edition into a folder by the command's own code, with a process for each of two
cores, PNG, sheet and record included; and, to see where the time goes, draws and encodes some in one process.

`model` times the code path of the diffusers backend at full size, with random weights: Stable Diffusion 1.5's
configuration and CLIP ViT-B/32's, 50 steps, 512 x 512, half precision, batches of 1, 4 and 16, with the published
negative prompt. Printed are pictures a second, the peak of the GPU's memory, and what 1,000,000 rows with 3 candidates
would cost in GPU hours. It needs a GPU (or patience: --device cpu --steps 1 --batches 1); nothing is downloaded.
"""

from __future__ import annotations

import argparse
import csv
import io
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS, CANDIDATES = 1_000_000, 3
AIM = "Aim: 40 pictures a second or more on 2 cores."


def sketch(count: int, workers: int) -> None:
    """Measure the sketch backend, by the command and by its parts."""
    from tools.make.embedded import SHEET, read_sheet
    from tools.make.sketch import draw, encode

    rows = read_sheet(ROOT / SHEET)
    rows = [rows[number * 997 % len(rows)] for number in range(count)]  # 997 is prime: all kinds, none twice
    for row in rows:
        row.update(sha256="", sha256_cropped="", face_box="")
    with tempfile.TemporaryDirectory() as folder:
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (Path(folder) / SHEET).write_text(out.getvalue(), encoding="utf-8")
        command = [sys.executable, str(ROOT / "tools" / "generate.py"), "images", folder, "--num-proc", str(workers)]
        start = time.perf_counter()
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"command: {count} pictures in {seconds:.1f} s, start included: {count / seconds:.1f} a second")
    cores = (used.ru_utime + used.ru_stime) / seconds
    print(f"it had {cores:.2f} cores: {count / seconds / cores * 2:.1f} a second if it had two to itself")
    drawn = [0.0, 0.0]
    for row in rows[:100]:
        begin = time.process_time()
        image, _ = draw(row)
        middle = time.process_time()
        encode(image)
        drawn = [drawn[0] + middle - begin, drawn[1] + time.process_time() - middle]
    print(f"one process: drawing {10 * drawn[0]:.1f} ms, PNG {10 * drawn[1]:.1f} ms a picture of processor time")
    print(AIM)


def make_models(folder: Path) -> tuple[Path, Path]:
    """Save a pipeline with Stable Diffusion 1.5's configuration and a CLIP ViT-B/32, both with random weights.

    The figures of the configurations are those of the model's own files (unet/config.json, vae/config.json,
    text_encoder/config.json); those of CLIP ViT-B/32 are the defaults of transformers.
    """
    import torch
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTextConfig, CLIPTextModel

    from tests.make.tiny_models import make_tokenizer

    torch.manual_seed(0)
    model, clip = folder / "pipeline", folder / "clip"
    tokenizer = make_tokenizer(model / "tokenizer")
    special = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    blocks = [128, 256, 512, 512]
    text = CLIPTextConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        projection_dim=768,
        **special,
    )
    pipeline: Any = StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=blocks,
            down_block_types=["DownEncoderBlock2D"] * 4,
            up_block_types=["UpDecoderBlock2D"] * 4,
            layers_per_block=2,
            latent_channels=4,
            sample_size=512,
        ),
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8),
        scheduler=PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, skip_prk_steps=True
        ),
        safety_checker=None,
        feature_extractor=CLIPImageProcessor(),
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(model)
    config = CLIPConfig(text_config=special)
    CLIPModel(config).save_pretrained(clip)
    CLIPProcessor(image_processor=CLIPImageProcessor(), tokenizer=make_tokenizer(clip)).save_pretrained(clip)
    return model, clip


def model(device: str, batches: list[int], steps: int, side: int) -> None:
    """Measure the diffusers backend for each size of a batch."""
    import torch

    from tools.make.generation.base import Settings, task_of
    from tools.make.generation.diffusion import DiffusersBackend
    from tools.make.prompts import render_prompt

    folder = Path(tempfile.mkdtemp())
    try:
        pipeline, clip = make_models(folder)
        gpu = device.startswith("cuda")
        print(f"{torch.cuda.get_device_name(device) if gpu else 'CPU'}, {steps} steps, {side} x {side} pixels")
        print(f"{'batch':>5}{'pictures/s':>12}{'peak GB':>9}{'GPU hours for ' + format(ROWS, ',') + ' rows':>31}")
        row = {"path": "a/b.png", "prompt": render_prompt("happy", "white", "old", "man", "gentle", "camping")}
        for batch in batches:
            settings = Settings(
                "diffusers", CANDIDATES, batch, str(pipeline), clip=str(clip), steps=steps, width=side, height=side,
                devices=(device,), safety_checker=False,
            )  # fmt: skip
            backend = DiffusersBackend(settings)
            tasks = [task_of(number, row["path"], {**row, "seed": str(number)}, settings) for number in range(batch)]
            backend.draw(tasks[:1])  # loads the models, and what the first call of each kernel takes
            if gpu:
                torch.cuda.reset_peak_memory_stats(device)
            start = time.perf_counter()
            notes = backend.draw(tasks).notes
            rate = batch * CANDIDATES / (time.perf_counter() - start)
            peak = torch.cuda.max_memory_allocated(device) / 1e9 if gpu else float("nan")
            print(f"{batch:5}{rate:12.2f}{peak:9.2f}{ROWS * CANDIDATES / rate / 3600:31,.0f}", *notes, flush=True)
            del backend
            torch.cuda.empty_cache()
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("what", choices=["sketch", "model"])
    parser.add_argument("--count", type=int, default=600, help="sketches (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes for sketches (default: %(default)s)")
    parser.add_argument("--device", default="cuda:0", help="for the model (default: %(default)s)")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--side", type=int, default=512, help="pixels (default: %(default)s)")
    given = parser.parse_args()
    if given.what == "sketch":
        sketch(given.count, given.workers)
    else:
        model(given.device, given.batches, given.steps, given.side)


if __name__ == "__main__":
    main()
