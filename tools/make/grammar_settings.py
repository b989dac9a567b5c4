"""The settings of a diffusion model in a grammar's file: which there are, and which values generation takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tools.make.generation.samplers import SAMPLERS

SETTINGS = ("negative_prompt", "steps", "sampler", "width", "height", "cfg_scale", "seed")
# What generation takes (tools/make/generation/base.py, which is made of a grammar and so cannot be asked here).
BOUNDS = {"steps": (1, 1000), "width": (8, 4096), "height": (8, 4096), "cfg_scale": (0, 100), "seed": (-1, -1)}
FORMULA = ("=", "+", "-", "@")  # a spreadsheet takes a cell that begins so for a formula


def settings_problem(settings: Mapping[str, Any]) -> str | None:
    """Say which setting is none, or has a value that generation would not take; None where all are good."""
    for key, value in settings.items():
        if key not in SETTINGS:
            return f"{key!r} is none of {', '.join(SETTINGS)}"
        if problem := _number(key, value) if key in BOUNDS else _text(key, value):
            return f"{key!r} is {problem}"
    return None


def _text(key: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return f"{kind(value)}, expected text"
    if not value.strip() or not value.isprintable() or value.strip().startswith(FORMULA):
        return f"{value!r}, expected text on one line that does not begin as a formula does"
    if key == "sampler" and value not in SAMPLERS:
        return f"{value!r}, expected one of {', '.join(SAMPLERS)}"
    return None


def _number(key: str, value: Any) -> str | None:
    whole, (low, high) = key != "cfg_scale", BOUNDS[key]
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return f"{kind(value)}, expected {'a whole number' if whole else 'a number'}"
    if key == "seed" and value != -1:
        return f"{str(value)[:20]}, expected -1: a design gives each row a seed of its own"
    if not low <= value <= high:
        return f"{str(value)[:20]}, expected {low} to {high}"
    if key in ("width", "height") and value % 8:
        return f"{value}, expected a multiple of 8 pixels"
    return None


def kind(value: Any) -> str:
    """Return what a value of JSON is, for a message."""
    if isinstance(value, float) and not math.isfinite(value):
        return "no finite number"
    kinds = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "null")
