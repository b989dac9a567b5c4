"""The design of the embedded edition: which 1,500 pictures there are, before any is drawn.

In comes nothing but a fixed seed; out come sheet rows that are balanced over emotion, race, age and gender, split
1,200 / 150 / 150 evenly by emotion, and placed on the circumplex.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import TypeVar

from DiffusionFER import EMOTIONS
from tools.make.prompts import AGES, GENDERS, OTHERS, RACES, STYLES, render_prompt
from tools.make.sketch import MODEL

T = TypeVar("T")
Row = dict[str, str]

COLUMNS = (
    "path", "split", "emotion", "valence", "arousal", "prompt", "negative_prompt", "race", "age", "gender", "style",
    "others", "seed", "steps", "sampler", "cfg_scale", "model", "face_box", "clip_score", "sha256", "sha256_cropped",
)  # fmt: skip
FOLDER = "DifussionEmotion_S"  # the published spelling
COUNT = 1500
SPLITS = {"train": 1200, "validation": 150, "test": 150}
DESIGN_SEED = 20230314
STYLED, PLACED = 0.6, 0.5  # the share of rows with a style, and with a scene
ONLY_FOR = {"handsome": "man", "pretty": "woman"}

# Where each emotion lies on the circumplex of valence and arousal (Russell 1980, doi:10.1037/h0077714): the centre of
# a disc, read from the figure of AffectNet (Mollahosseini et al. 2017, doi:10.1109/TAFFC.2017.2740923, sample images
# over the circumplex) to the nearest 0.05. Chosen here, not published: the radii, and that sadness lies a little lower.
REGIONS = {
    "neutral": (0.0, 0.0, 0.12),
    "happy": (0.7, 0.25, 0.22),
    "sad": (-0.65, -0.35, 0.22),
    "surprise": (0.2, 0.75, 0.2),
    "fear": (-0.25, 0.75, 0.2),
    "disgust": (-0.7, 0.35, 0.2),
    "angry": (-0.5, 0.6, 0.2),
}


def shuffled(rng: Random, items: Sequence[T]) -> list[T]:
    """Return `items` in a random order that depends on `random()` alone, which Python guarantees not to change."""
    keyed = sorted((rng.random(), index) for index in range(len(items)))
    return [items[index] for _, index in keyed]


def cells() -> list[tuple[str, str, str, str]]:
    """Return the emotion, race, age and gender of every row: 126 cells, whose counts differ by at most one.

    The 114 rows that 126 x 11 leaves over go to cells spread as evenly as possible over the emotions.
    """
    rng = Random(DESIGN_SEED)
    people = list(product(RACES, AGES, GENDERS))
    every, rest = divmod(COUNT, len(EMOTIONS) * len(people))
    extra = [rest // len(EMOTIONS) + (k < rest % len(EMOTIONS)) for k in range(len(EMOTIONS))]
    out = []
    for emotion, more in zip(EMOTIONS, extra, strict=True):
        for k, person in enumerate(shuffled(rng, people)):
            out += [(emotion, *person)] * (every + (k < more))
    return out


def place(rng: Random, emotion: str) -> tuple[float, float]:
    """Return a valence and an arousal inside the region of `emotion`, at most 1 from the middle, to 3 decimals."""
    x, y, radius = REGIONS[emotion]
    while True:
        dx, dy = 2 * rng.random() - 1, 2 * rng.random() - 1
        valence, arousal = round(x + radius * dx, 3), round(y + radius * dy, 3)
        inside = (valence - x) ** 2 + (arousal - y) ** 2 <= radius**2
        if inside and valence**2 + arousal**2 <= 1:
            return valence + 0.0, arousal + 0.0  # no minus zero


def split_of(rows_of_emotion: dict[str, int]) -> dict[str, list[str]]:
    """Return for each emotion the splits of its rows, in a random order, so that each split has exactly its size.

    A split's share is rounded down for every emotion; the rows that are then missing go to one emotion each.
    """
    rng = Random(DESIGN_SEED + 1)
    out: dict[str, list[str]] = {emotion: [] for emotion in rows_of_emotion}
    turn = 0
    for split in ("validation", "test"):
        counts = {emotion: SPLITS[split] // len(EMOTIONS) for emotion in rows_of_emotion}
        for _ in range(SPLITS[split] - sum(counts.values())):
            counts[EMOTIONS[turn % len(EMOTIONS)]] += 1
            turn += 1
        for emotion, count in counts.items():
            out[emotion] += [split] * count
    for emotion, total in rows_of_emotion.items():
        out[emotion] = shuffled(rng, out[emotion] + ["train"] * (total - len(out[emotion])))
    return out


def fresh_name(rng: Random, taken: set[str]) -> str:
    """Return eight lower-case letters that are not in `taken`, and add them to it."""
    while True:
        name = "".join("abcdefghijklmnopqrstuvwxyz"[int(26 * rng.random())] for _ in range(8))
        if name not in taken:
            taken.add(name)
            return name


def design() -> list[Row]:
    """Return the sheet's rows, by path, with all columns; what only drawing can tell (face_box, sha256) is empty.

    The settings of a diffusion model (negative prompt, steps, sampler, CFG scale) are empty: the renderer has none.
    Every seed stands in one row alone, and so does every pair of prompt and seed.
    """
    rng, names, seeds = Random(DESIGN_SEED + 2), set[str](), set[int]()
    drawn = cells()
    splits = split_of({emotion: sum(cell[0] == emotion for cell in drawn) for emotion in EMOTIONS})
    rows = []
    for emotion, race, age, gender in drawn:
        styles = [style for style in STYLES if ONLY_FOR.get(style, gender) == gender]
        style = styles[int(rng.random() * len(styles))] if rng.random() < STYLED else ""
        others = OTHERS[int(rng.random() * len(OTHERS))] if rng.random() < PLACED else ""
        seed = int(rng.random() * 2**32)
        while seed in seeds:
            seed = int(rng.random() * 2**32)
        seeds.add(seed)
        valence, arousal = place(rng, emotion)
        row = dict.fromkeys(COLUMNS, "")
        row.update(
            path=f"{FOLDER}/{emotion}/{fresh_name(rng, names)}_{EMOTIONS.index(emotion)}.png",
            split=splits[emotion].pop(),
            emotion=emotion,
            valence=str(valence),
            arousal=str(arousal),
            prompt=render_prompt(emotion, race, age, gender, style, others),
            race=race,
            age=age,
            gender=gender,
            style=style,
            others=others,
            seed=str(seed),
            model=MODEL,
        )
        rows.append(row)
    return sorted(rows, key=lambda row: row["path"])
