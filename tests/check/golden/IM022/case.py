"""IM022: the recipe in an image disagrees with the sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL.PngImagePlugin import PngInfo

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, exif, saved
from tools.check.findings import Finding

SETTINGS = "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.0, Seed: 3, Size: 48x48"
RECIPE = f"a happy face,\nsmiling\nNegative prompt: blurry, (ugly)\n{SETTINGS}"


def with_recipe(seed: int, kind: str, recipe: str) -> bytes:
    """Return a picture with a recipe where the web UI writes it: a PNG's chunk, or the EXIF user comment."""
    if kind == "PNG":
        info = PngInfo()
        info.add_text("parameters", recipe)
        return saved(drawn(seed), kind, pnginfo=info)
    return saved(drawn(seed), kind, exif=exif(UserComment=b"UNICODE\0" + recipe.encode("utf-16-be")))


def check_recipe(data_dir: Path, **recorded: object) -> list[Finding]:
    """Check three pictures of one recipe against rows that all record the same."""
    cells: dict[str, Any] = {column: [value] * 3 for column, value in recorded.items()}
    files = {name: with_recipe(seed, kind, RECIPE) for seed, (name, kind) in enumerate(KINDS.items())}
    return check_with(data_dir, files, **cells)


KINDS = {NEUTRAL: "PNG", HAPPY: "JPEG", SAD: "WEBP"}


def bad(data_dir: Path) -> list[Finding]:
    return check_recipe(data_dir, prompt="a happy face, smiling", seed=4)


def bad_all(data_dir: Path) -> list[Finding]:
    recorded = {"prompt": "a sad face", "negative_prompt": "hands", "seed": "", "steps": 21, "cfg_scale": 7.5}
    cells: dict[str, Any] = {column: [value] for column, value in recorded.items()}
    return check_with(data_dir, {NEUTRAL: with_recipe(0, "PNG", RECIPE)}, **cells, sampler=["Euler a"])


def good(data_dir: Path) -> list[Finding]:
    same = {"prompt": "a happy face, smiling", "negative_prompt": "blurry, (ugly)", "steps": 20, "seed": 3}
    return check_recipe(data_dir, **same, sampler="DPM++ 2M Karras", cfg_scale="7")


def good_empty(data_dir: Path) -> list[Finding]:
    return check_recipe(data_dir, prompt="", seed="")


def good_other_text(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {NEUTRAL: with_recipe(0, "PNG", "a happy face\nSeed: unknown"), HAPPY: saved(drawn(1))})


def good_ways_to_write(data_dir: Path) -> list[Finding]:
    recipe = RECIPE.replace("smiling", "smiling, <lora:faces:0.8>,").replace("7.0,", "7, Hires steps: 9,")
    prompts: dict[str, Any] = {"prompt": ["a  happy face , smiling,"], "negative_prompt": ["blurry,\n(ugly)"]}
    settings: dict[str, Any] = {"steps": ["20.0"], "cfg_scale": ["7"], "seed": ["3"]}
    return check_with(data_dir, {NEUTRAL: with_recipe(0, "PNG", recipe)}, **prompts, **settings)
