"""The blocks of the card on prompts and settings, from the code that makes prompts, so that they cannot differ.

In goes a Description, of which they need nothing; out comes Markdown.
"""

from __future__ import annotations

import json

from tools.describe.blocks.markdown import code, table
from tools.describe.facts.description import Description
from tools.make.prompts import (
    AGES,
    CFG_SCALE,
    EMOTION_PHRASES,
    GENDERS,
    HEIGHT,
    NEGATIVE_PROMPT,
    OTHERS,
    RACES,
    SAMPLER,
    SEED,
    STEPS,
    STYLES,
    WIDTH,
    render_prompt,
)

_MAY_BE_LEFT_OUT = {"Style": STYLES, "Others": OTHERS}


def prompts(description: Description) -> str:
    """Return the tables of the prompt: what is said for each emotion, and the values of the other parts."""
    phrases = ((emotion, code(said)) for emotion, said in EMOTION_PHRASES.items())
    emotions = table(("`Emotion`", "in the prompt"), phrases)
    parts = {"Race": RACES, "Age": AGES, "Gender": GENDERS, **_MAY_BE_LEFT_OUT}
    rows = [
        (code(part), ", ".join(map(code, values)) + (", or nothing" if part in _MAY_BE_LEFT_OUT else ""))
        for part, values in parts.items()
    ]
    example = render_prompt("happy", RACES[0], AGES[0], GENDERS[1], STYLES[-1], OTHERS[1])
    others = f"The other parts of the prompt:\n\n{table(('part', 'values'), rows)}"
    return f"{emotions}\n{others}\nFor example: {code(example)}.\n"


def settings(description: Description) -> str:
    """Return the published settings of generation as a code block of JSON, and the negative prompt, which is long."""
    values = {
        "steps": STEPS,
        "sampler": SAMPLER,
        "width": WIDTH,
        "height": HEIGHT,
        "cfg_scale": CFG_SCALE,
        "seed": SEED,
    }
    block = f"```json\n{json.dumps(values, indent=2)}\n```\n"
    return f"{block}\nA seed of {SEED} is a new one for each picture. The negative prompt is {code(NEGATIVE_PROMPT)}.\n"
