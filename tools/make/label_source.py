"""Where the labels of a row come from, as the sheet's columns say it or as its other columns tell.

`label_source` speaks of the emotion alone. `affect_source` speaks of valence and arousal, and is there where people set
them; elsewhere these come from where the row's emotion came from at first. The emotion of a prompt is a claim about the
picture that a diffusion model makes of it, until somebody has looked.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.make.sketch import MODEL

COLUMN, AFFECT_COLUMN = "label_source", "affect_source"
# Claimed by the prompt, true by drawing, said by people, or said by a model.
SOURCES = ("prompt", "renderer", "person", "model")
RENDERER = MODEL.rsplit("-", 1)[0]  # with any number


def label_source(row: Mapping[str, str]) -> str:
    """Return where the emotion of a sheet's row comes from: one of SOURCES.

    A row that does not say has it from the renderer where the sketch renderer is its model, for it draws what
    the row says, and from the prompt elsewhere. Raises ValueError for a cell that is none of SOURCES.
    """
    given = row.get(COLUMN) or ("renderer" if (row.get("model") or "").startswith(RENDERER) else "prompt")
    if given not in SOURCES:
        raise ValueError(f"{row.get('path')}: {COLUMN}: expected one of {', '.join(SOURCES)} (got {given[:64]!r})")
    return given
