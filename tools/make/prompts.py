"""The prompt grammar of the published dataset: its tables, and the sentence that they make.

In come the choices of one row (emotion, race, age, gender, style, others); out comes the prompt. The tables, the
negative prompt and the settings are those of the published DiffusionFER card, sections "Prompt Format" and "Prompt
Engineering"; they are kept as data in grammars/diffusionfer.json.
"""

from __future__ import annotations

from tools.make.grammar_file import load

GRAMMAR = load("diffusionfer")
EMOTION_PHRASES = dict(GRAMMAR.tables["emotion"])
RACES, AGES, GENDERS, STYLES, OTHERS = (
    tuple(GRAMMAR.tables[column]) for column in ("race", "age", "gender", "style", "others")
)
# Style and others may be left out of a prompt; the rest may not.
CHOICES = {column: GRAMMAR.choices(column) for column in GRAMMAR.tables}

NEGATIVE_PROMPT: str = GRAMMAR.settings["negative_prompt"]
STEPS: int = GRAMMAR.settings["steps"]
SAMPLER: str = GRAMMAR.settings["sampler"]
WIDTH: int = GRAMMAR.settings["width"]  # pixels
HEIGHT: int = GRAMMAR.settings["height"]
CFG_SCALE: float = GRAMMAR.settings["cfg_scale"]
SEED: int = GRAMMAR.settings["seed"]  # of the web UI: a new one for each picture


def check_choice(column: str, value: str) -> str:
    """Return `value` if the tables allow it in `column`; raises ValueError naming the value and what is allowed."""
    return GRAMMAR.check(column, value)


def render_prompt(emotion: str, race: str, age: str, gender: str, style: str = "", others: str = "") -> str:
    """Return the prompt for one picture; `style` and `others` may be empty and then leave no trace.

    >>> render_prompt("neutral", "white", "middle-aged", "man")
    'neutral emotion, white middle-aged style, a realistic portrait of man, upper body'

    Raises ValueError on a value that is not in the tables. Which style goes with which gender is not asked here: the
    published grammar does not say, only the designs do.
    """
    given = {"emotion": emotion, "race": race, "age": age, "gender": gender, "style": style, "others": others}
    for column, value in given.items():
        check_choice(column, value)
    return GRAMMAR.text(given)
