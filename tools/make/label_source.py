"""Where the labels of a row come from, as the sheet's columns say it or as its other columns tell.

`label_source` speaks of the emotion alone. `affect_source` speaks of valence and arousal, and is there where people set
them; elsewhere these come from where the row's emotion came from at first. The emotion of a prompt is a claim about the
picture that a diffusion model makes of it, until somebody has looked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tools.make.sketch import MODEL

COLUMN, AFFECT_COLUMN = "label_source", "affect_source"
CLAIM = "claim"  # the column: JSON of the path and the labels that a row had before people's went into it
# Claimed by the prompt, true by drawing, said by people, or said by a model.
SOURCES = ("prompt", "renderer", "person", "model")
RENDERER = MODEL.rsplit("-", 1)[0]  # with any number


def as_claimed(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row as it was before people's labels went into it, by its cell of `claim`, where that can be read."""
    try:
        claim = json.loads(row.get(CLAIM) or "{}")
    except (ValueError, RecursionError):
        claim = {}
    said = claim.items() if isinstance(claim, dict) else ()
    return {**row, **{column: text for column, text in said if isinstance(text, str)}}


def label_source(row: Mapping[str, str]) -> str:
    """Return where the emotion of a sheet's row comes from: one of SOURCES.

    A row that does not say has it from the renderer where the sketch renderer is its model, for it draws what
    the row says, and from the prompt elsewhere. Raises ValueError for a cell that is none of SOURCES.
    """
    given = row.get(COLUMN) or ("renderer" if (row.get("model") or "").startswith(RENDERER) else "prompt")
    if given not in SOURCES:
        raise ValueError(f"{row.get('path')}: {COLUMN}: expected one of {', '.join(SOURCES)} (got {given[:64]!r})")
    return given
