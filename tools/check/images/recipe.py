"""The recipe that Stable Diffusion web UI writes into its images, and whether the sheet records the same one.

In goes its text (a PNG's chunk `parameters`, or the EXIF user comment of a JPEG or WebP), and a row of the sheet; out
come the disagreements. The form is that of the web UI: the prompt, "Negative prompt: ...", and a last line
"Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, ...".
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.check.findings import Finding, quote
from tools.check.images.rules import RECIPE
from tools.check.sheet.read import Sheet

NEGATIVE = "Negative prompt:"
LONGEST = 2**16  # characters of a recipe that are looked at: a prompt is a few hundred
# A setting: its name, and a value that ends at a comma unless it is in quotes. Bounded, for the text is untrusted.
_SETTING = re.compile(r'([A-Z][\w /-]{0,40}):\s?("(?:\\.|[^"\\]){0,2000}"|[^,]{0,2000})(?:,\s*|\s*$)')
_NETWORK = re.compile(r"<(?:lora|lyco|hypernet):[^<>]{0,300}>")
_NUMBERS = {"steps": "Steps", "seed": "Seed", "cfg_scale": "CFG scale"}
COLUMNS = ("prompt", "negative_prompt", "sampler", *_NUMBERS)


def parse_parameters(text: str) -> dict[str, str]:
    """Return what a recipe says, by the columns of the sheet; empty where the text is no recipe of the web UI."""
    if not text:
        return {}
    *lines, last = text[:LONGEST].strip().splitlines() or [""]
    settings = dict(_SETTING.findall(last[-LONGEST // 4 :]))
    if "Steps" not in settings or "Seed" not in settings:
        return {}
    start = next((number for number, line in enumerate(lines) if line.startswith(NEGATIVE)), len(lines))
    recipe = {"prompt": _plain("\n".join(lines[:start]))}
    recipe["negative_prompt"] = _plain("\n".join(lines[start:]).removeprefix(NEGATIVE))
    recipe |= {column: settings[name].strip() for column, name in _NUMBERS.items() if name in settings}
    if "Sampler" in settings:
        # Newer versions write apart what older ones wrote as one: "DPM++ 2M" and "Karras".
        schedule = settings.get("Schedule type", "").strip()
        recipe["sampler"] = settings["Sampler"].strip()
        recipe["schedule"] = "" if schedule == "Automatic" else schedule
    return recipe


def _plain(text: str) -> str:
    return " ".join(text.split())


def recipe_digest(row: Mapping[str, Any] | None) -> bytes:
    """Return eight bytes for the recipe in a row: by them it is remembered with what an image agreed."""
    recipe = [None if row is None or row.get(column) is None else str(row[column]) for column in COLUMNS]
    return hashlib.blake2b(json.dumps(recipe).encode(), digest_size=8).digest()


def recipe_findings(
    file: str, recipe: Mapping[str, str], row: Mapping[str, Any], sheet: Sheet, index: int
) -> Iterator[Finding]:
    """Yield the columns in which the row at `index` of the sheet disagrees with an image's recipe.

    An empty cell says nothing and agrees with anything; white space, empty phrases between commas and
    called networks (LoRA) do not count, nor do the ways to write a number.
    """
    for column in COLUMNS:
        recorded, actual = row.get(column), recipe.get(column)
        if recorded is not None and actual is not None and not _agree(column, str(recorded), recipe):
            message = f"{column} is {quote(str(recorded))}, but {quote(file)} was made with {quote(actual)}"
            yield sheet.found(RECIPE, index, message, column=column, value=str(recorded))


def _agree(column: str, recorded: str, recipe: Mapping[str, str]) -> bool:
    actual = recipe[column]
    if column in _NUMBERS:
        with contextlib.suppress(ValueError):
            return _number(recorded) == _number(actual)
    if column == "sampler":
        return _plain(recorded).lower() in (actual.lower(), f"{actual} {recipe['schedule']}".strip().lower())
    return _same_prompt(recorded) == _same_prompt(actual)


def _same_prompt(text: str) -> list[str]:
    """Return the phrases of a prompt, which commas part; a network that is called in it is no word of it."""
    return [phrase for part in _NETWORK.sub("", text).split(",") if (phrase := _plain(part))]


def _number(text: str) -> int | float:
    return int(text) if text.strip().isdecimal() else float(text)  # a seed may have more digits than a float
