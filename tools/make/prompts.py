"""The prompt grammar of the published dataset: its tables as data, and the sentence that they make.

In come the choices of one row (emotion, race, age, gender, style, others); out comes the prompt. The tables, the
negative prompt and the settings are those of the published DiffusionFER card, sections "Prompt Format" and "Prompt
Engineering".
"""

from __future__ import annotations

EMOTION_PHRASES = {
    "neutral": "neutral emotion",
    "happy": "happy emotion, with open mouth",
    "sad": "sad emotion, with tears, lowered head, droopy eyebrows",
    "surprise": "surprise emotion, with open mouth",
    "fear": "fear emotion, fear expression, haunted",
    "disgust": "disgust emotion, angry expression with open mouth",
    "angry": "angry emotion, with open mouth, frown eyebrow",
}
RACES = ("white", "black", "latin")
AGES = ("teen", "middle-aged", "old")
GENDERS = ("man", "woman")
STYLES = (
    "gentle",
    "handsome",
    "pretty",
    "cute",
    "mature",
    "punky",
    "freckles",
    "beautiful crystal eyes",
    "big eyes",
    "small nose",
)
OTHERS = ("cyberpunk", "camping", "ancient", "medieval Europe")

# Style and others may be left out of a prompt; the rest may not.
CHOICES = {
    "emotion": tuple(EMOTION_PHRASES),
    "race": RACES,
    "age": AGES,
    "gender": GENDERS,
    "style": ("", *STYLES),
    "others": ("", *OTHERS),
}

NEGATIVE_PROMPT = (
    "sketches, (worst quality:2), (low quality:2), (normal quality:2), lowres, normal quality, ((monochrome)), "
    "((grayscale)), skin spots, acnes, skin blemishes, age spot, (outdoor:1.6), manboobs, backlight, (ugly:1.331), "
    "(duplicate:1.331), (morbid:1.21), (mutilated:1.21), mutated hands, (poorly drawn hands:1.331), "
    "(bad anatomy:1.21), (bad proportions:1.331), extra limbs, (disfigured:1.331), (more than 2 nipples:1.331), "
    "(missing arms:1.331), (extra legs:1.331), (fused fingers:1.61051), (too many fingers:1.61051), "
    "(unclear eyes:1.331), bad hands, missing fingers, extra digit, (futa:1.1)"
)
STEPS = 50
SAMPLER = "DPM++ 2M Karras"
WIDTH = HEIGHT = 512  # pixels
CFG_SCALE = 12.0
SEED = -1  # of the web UI: a new one for each picture


def check_choice(column: str, value: str) -> str:
    """Return `value` if the tables allow it in `column`; raises ValueError naming the value and what is allowed."""
    if value not in CHOICES[column]:
        allowed = ", ".join(repr(choice) for choice in CHOICES[column])
        raise ValueError(f"{column}: expected one of {allowed} (got {value!r})")
    return value


def render_prompt(emotion: str, race: str, age: str, gender: str, style: str = "", others: str = "") -> str:
    """Return the prompt for one picture; `style` and `others` may be empty and then leave no trace.

    >>> render_prompt("neutral", "white", "middle-aged", "man")
    'neutral emotion, white middle-aged style, a realistic portrait of man, upper body'

    Raises ValueError on a value that is not in the tables.
    """
    given = {"emotion": emotion, "race": race, "age": age, "gender": gender, "style": style, "others": others}
    for column, value in given.items():
        check_choice(column, value)
    subject = f"{style} {gender}" if style else gender
    prompt = f"{EMOTION_PHRASES[emotion]}, {race} {age} style, a realistic portrait of {subject}, upper body"
    return f"{prompt}, {others}" if others else prompt
