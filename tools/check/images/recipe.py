"""The recipe that Stable Diffusion web UI writes into its images, and whether the sheet records the same one.

In goes the recipe, as `tools.make.webui` reads it, and a row of the sheet; out come the disagreements.
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
from tools.make.webui import NUMBERS, parse_parameters, plain

__all__ = ["COLUMNS", "parse_parameters", "recipe_digest", "recipe_findings"]

_NETWORK = re.compile(r"<(?:lora|lyco|hypernet):[^<>]{0,300}>")
COLUMNS = ("prompt", "negative_prompt", "sampler", *NUMBERS)


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
    if column in NUMBERS:
        with contextlib.suppress(ValueError):
            return _number(recorded) == _number(actual)
    if column == "sampler":
        return plain(recorded).lower() in (actual.lower(), f"{actual} {recipe['schedule']}".strip().lower())
    return _same_prompt(recorded) == _same_prompt(actual)


def _same_prompt(text: str) -> list[str]:
    """Return the phrases of a prompt, which commas part; a network that is called in it is no word of it."""
    return [phrase for part in _NETWORK.sub("", text).split(",") if (phrase := plain(part))]


def _number(text: str) -> int | float:
    return int(text) if text.strip().isdecimal() else float(text)  # a seed may have more digits than a float
