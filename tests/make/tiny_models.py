"""Tiny random models, made from their configuration classes: a Stable Diffusion with its safety checker, and a CLIP.

They are saved as the libraries save real ones, so that the real code of diffusers and transformers loads and runs them,
on a CPU, in seconds; the pictures are noise. Run as a script, it makes both in a folder:
`python tests/make/tiny_models.py FOLDER` writes FOLDER/pipeline and FOLDER/clip.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SIDE = 32  # pixels: the side that is drawn quickest; CLIP's pictures have it, too
WIDTH = 32  # of the hidden layers
LONGEST = 77  # tokens, as of every CLIP
START, END = "<|startoftext|>", "<|endoftext|>"
SEED = 20230314
WORDS = (
    *("emotion", "neutral", "happy", "sad", "angry", "with", "open", "mouth", "white", "old", "style"),
    *("a", "realistic", "portrait", "of", "man", "upper", "body"),
)


def make_tokenizer(folder: Path) -> Any:
    """Write a vocabulary of single characters and a few whole words to `folder`, and return its CLIPTokenizer.

    A word is put together of its letters, pair by pair, as by the merges of CLIP; every other word stays letters.
    """
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    tokens = letters + [f"{letter}</w>" for letter in letters]
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            pair = (parts[0], parts[1])
            if pair not in merges:
                merges.append(pair)
            parts[:2] = ["".join(pair)]
            if parts[0] not in tokens:
                tokens.append(parts[0])
    tokens += [START, END]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary, rules = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(tokens)}), encoding="utf-8")
    rules.write_text("\n".join(["#version: 0.2", *map(" ".join, merges), ""]), encoding="utf-8")
    tokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=LONGEST, pad_token=END)
    tokenizer.save_pretrained(folder)
    return tokenizer


def _text(tokenizer: Any) -> dict[str, Any]:
    return {
        **{"vocab_size": len(tokenizer), "hidden_size": WIDTH, "intermediate_size": 37, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "max_position_embeddings": LONGEST, "projection_dim": WIDTH},
        **{"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id},
        **{"pad_token_id": tokenizer.pad_token_id},
    }


def _vision() -> dict[str, Any]:
    return {
        **{"hidden_size": WIDTH, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4},
        **{"image_size": SIDE, "patch_size": 8, "projection_dim": WIDTH},
    }


def _pictures() -> Any:
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})


def make_pipeline(folder: Path, *, safety_checker: bool = True) -> Path:
    """Save a StableDiffusionPipeline with random weights to `folder`, which is returned.

    Its safety checker lets everything pass: the weight of each concept, from which a picture's nearness to it is
    measured, is far out of reach. `diffusers` reads it from the folder as it reads that of a real model.
    """
    import torch
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPTextConfig, CLIPTextModel

    tokenizer = make_tokenizer(folder / "tokenizer")
    torch.manual_seed(SEED)
    checker = StableDiffusionSafetyChecker(
        CLIPConfig(text_config=_text(tokenizer), vision_config=_vision(), projection_dim=WIDTH)
    )
    torch.nn.init.constant_(checker.concept_embeds_weights, 2.0)  # a cosine is at most 1
    torch.nn.init.constant_(checker.special_care_embeds_weights, 2.0)
    encoder: Any = CLIPTextModel(CLIPTextConfig(**_text(tokenizer)))
    for name, weights in encoder.named_parameters():
        if name.endswith("final_layer_norm.bias"):  # as in a real one: without it, the mean of all vectors is zero
            torch.nn.init.normal_(weights, 0.2, 0.5)
    pipeline: Any = StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=[16, 16],
            down_block_types=["DownEncoderBlock2D"] * 2,
            up_block_types=["UpDecoderBlock2D"] * 2,
            latent_channels=4,
            norm_num_groups=8,
            sample_size=SIDE,
        ),
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=SIDE // 2,
            block_out_channels=(16, 32),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=WIDTH,
            attention_head_dim=4,
            norm_num_groups=8,
        ),
        scheduler=PNDMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1),
        safety_checker=checker if safety_checker else None,
        feature_extractor=_pictures(),
        requires_safety_checker=safety_checker,
    )
    pipeline.save_pretrained(folder)
    return folder


def make_clip(folder: Path) -> Path:
    """Save a CLIPModel with random weights, and its CLIPProcessor, to `folder`, which is returned."""
    import torch
    from transformers import CLIPConfig, CLIPModel, CLIPProcessor

    tokenizer = make_tokenizer(folder)
    torch.manual_seed(SEED)
    config = CLIPConfig(text_config=_text(tokenizer), vision_config=_vision(), projection_dim=WIDTH)
    CLIPModel(config).save_pretrained(folder)
    CLIPProcessor(image_processor=_pictures(), tokenizer=tokenizer).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    make_pipeline(Path(sys.argv[1]) / "pipeline")
    make_clip(Path(sys.argv[1]) / "clip")
