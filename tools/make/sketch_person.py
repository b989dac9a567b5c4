"""Who is in the picture: a row's race, age, gender, style and seed become the traits that the painters read.

In comes one sheet row; out comes a Person. The traits hang on the seed and the four words alone, never on the
emotion, so the same recipe with another emotion shows the same person with another face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from tools.make.prompts import check_choice
from tools.make.sketch_paint import Colour, mix, shade

T = TypeVar("T")

SKINS: dict[str, tuple[Colour, ...]] = {
    "white": ((250, 220, 202), (246, 207, 184), (238, 194, 166), (229, 181, 150), (252, 225, 212)),
    "latin": ((228, 176, 136), (214, 156, 114), (198, 140, 100), (237, 190, 152), (182, 124, 88)),
    "black": ((146, 98, 70), (122, 80, 58), (100, 66, 50), (168, 116, 84), (86, 57, 45)),
}
HAIRS: dict[str, tuple[Colour, ...]] = {
    "white": ((66, 44, 34), (112, 74, 46), (186, 138, 82), (222, 182, 116), (150, 70, 38), (40, 32, 32), (92, 62, 44)),
    "latin": ((38, 28, 28), (58, 38, 30), (84, 54, 38), (30, 26, 30), (104, 66, 42)),
    "black": ((30, 24, 26), (42, 30, 28), (58, 38, 32), (34, 30, 36), (74, 46, 34)),
}
GREYS: tuple[Colour, ...] = ((224, 222, 220), (190, 188, 188), (156, 152, 152), (236, 232, 224))
VIVID: tuple[Colour, ...] = (
    (236, 64, 122),
    (40, 178, 190),
    (130, 82, 214),
    (72, 176, 84),
    (238, 108, 50),
    (64, 110, 230),
)
IRISES: dict[str, tuple[Colour, ...]] = {
    "white": ((84, 132, 170), (96, 138, 104), (112, 82, 54), (122, 142, 150), (130, 104, 58)),
    "latin": ((84, 54, 34), (112, 76, 44), (66, 44, 32), (104, 106, 62)),
    "black": ((70, 44, 30), (88, 56, 36), (54, 36, 28), (104, 70, 42)),
}
CRYSTAL: tuple[Colour, ...] = ((84, 196, 236), (92, 214, 190), (150, 150, 250), (112, 190, 255))
CUTS = {
    "man": ("crop", "side", "quiff", "curls", "buzz", "long", "bun", "crop", "side"),
    "woman": ("long", "wavy", "bob", "bun", "ponytail", "curls", "pixie", "long", "wavy"),
}
COILED_CUTS = {
    "man": ("afro", "buzz", "fade", "locs", "curls", "fade"),
    "woman": ("afro", "locs", "puff", "curls", "bun", "bob", "wavy"),
}
PUNK_CUTS = ("mohawk", "spikes", "mohawk", "undercut")
GARMENTS = ("tee", "hoodie", "shirt", "blazer", "turtleneck", "vneck", "cardigan")
CLOTHES: tuple[Colour, ...] = (
    (214, 96, 76), (58, 104, 140), (236, 186, 92), (86, 128, 104), (122, 82, 120), (238, 226, 208), (60, 66, 92),
    (176, 72, 88), (116, 158, 176), (196, 132, 88), (44, 92, 92), (232, 150, 128),
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """The traits of one portrait; lengths are face units, shares run from 0 to 1, sides are -1 or 1."""

    race: str
    age: str
    gender: str
    style: str
    skin: Colour
    dark: Colour  # the skin in shadow
    light: Colour  # the skin in light
    line: Colour  # what the face's lines are drawn with
    blush: Colour
    lips: Colour
    hair: Colour
    whiskers: Colour  # a beard keeps its natural colour where the hair is dyed
    iris: Colour
    cut: str
    beard: str
    part: int  # the side on which the hair is parted
    lit: int  # the side from which the light comes
    cheek: float
    jaw: float
    chin: float
    length: float
    eye: float  # factor on the size of the eyes
    lashes: float
    spread: float  # distance from the middle to an eye's middle
    brow: float  # factor on the thickness of the brows
    nose: float  # factor on the width of the nose
    mouth: float
    lip: float  # factor on the thickness of the lips
    wrinkles: float
    freckles: float
    glasses: str
    earrings: bool
    build: float
    garment: str
    cloth: Colour
    cloth2: Colour
    tilt: float
    yaw: float
    pitch: float
    shift: tuple[float, float]
    zoom: float
    detail: int  # seeds the streams that hair, clothes and scene draw their small things from

    def stream(self, number: int) -> Random:
        """Return a random stream of this person's own; each painter uses another `number` (0 to 15)."""
        return Random(self.detail * 16 + number)


def pick(rng: Random, choices: Sequence[T]) -> T:
    """Return one of `choices`; `random()` alone is used, whose values Python guarantees not to change."""
    return choices[int(rng.random() * len(choices))]


def between(rng: Random, low: float, high: float) -> float:
    """Return a number between `low` and `high`."""
    return low + (high - low) * rng.random()


def text(row: Mapping[str, object], column: str) -> str:
    """Return a cell as text; a missing, null or NaN cell is the empty text."""
    value = row.get(column)
    return "" if value is None or value != value else str(value)


def cast(row: Mapping[str, object]) -> Person:
    """Return the person of a sheet row (race, age, gender, style, seed).

    Raises ValueError where a cell holds a word that the prompt tables do not have, or a seed that is no whole number.
    """
    race, age, gender, style = (check_choice(c, text(row, c)) for c in ("race", "age", "gender", "style"))
    try:
        rng = Random(int(text(row, "seed")))
    except ValueError:
        raise ValueError(f"seed: expected a whole number (got {text(row, 'seed')!r})") from None
    man, years = gender == "man", {"teen": 0, "middle-aged": 1, "old": 2}[age]
    skin = mix(pick(rng, SKINS[race]), pick(rng, SKINS[race]), 0.5 * rng.random())
    deep = race == "black"
    grey = rng.random() < (0.0, 0.16, 0.92)[years]
    hair = mix(pick(rng, HAIRS[race]), pick(rng, GREYS), between(rng, 0.75, 1.0) if years == 2 else 0.45)
    natural = pick(rng, HAIRS[race])
    hair = hair if grey else natural
    vivid = pick(rng, VIVID)
    cuts = PUNK_CUTS if style == "punky" else COILED_CUTS[gender] if deep and rng.random() < 0.85 else CUTS[gender]
    cut = pick(rng, cuts)
    bald = rng.random()
    if man and style != "punky" and bald < (0.0, 0.12, 0.42)[years]:
        cut = pick(rng, ("bald", "receding", "receding"))
    beards = ("", "", "stubble", "full", "moustache", "goatee", "full") if years else ("",) * 6 + ("stubble",)
    beard = pick(rng, beards) if man else ""
    wrinkles = (0.0, 0.3, 1.0)[years] * between(rng, 0.7, 1.05)
    iris = pick(rng, CRYSTAL) if style == "beautiful crystal eyes" else pick(rng, IRISES[race])
    blush = mix(skin, (150, 50, 40) if deep else (232, 92, 84), 0.42)
    lip_tone = (124, 54, 52) if deep else (186, 74, 74) if man else (202, 62, 76)
    lips = mix(skin, lip_tone, between(rng, 0.32, 0.46) if man else between(rng, 0.55, 0.9))
    young = (1.0, 0.0, -0.15)[years]
    eye = between(rng, 0.95, 1.07) * (1.0 if man else 1.07) * (1 + 0.05 * young)
    return Person(
        race=race,
        age=age,
        gender=gender,
        style=style,
        skin=skin,
        dark=shade(skin, 0.74, 0.62, 0.62) if not deep else shade(skin, 0.66, 0.58, 0.6),
        light=mix(skin, (255, 236, 206) if not deep else (255, 196, 142), 0.4 if not deep else 0.34),
        line=shade(skin, 0.46, 0.34, 0.33) if not deep else shade(skin, 0.4, 0.34, 0.36),
        blush=blush,
        lips=lips,
        whiskers=hair,
        hair=vivid if style == "punky" else hair,
        iris=iris,
        cut=cut,
        beard=beard,
        part=-1 if rng.random() < 0.5 else 1,
        lit=-1 if rng.random() < 0.5 else 1,
        cheek=between(rng, 77, 83) - (0 if man else 2) + (2 if style == "cute" else 0),
        jaw=between(rng, 60, 66.5)
        + (3 if man else -4)
        + {"handsome": 2, "gentle": -3, "mature": 1}.get(style, 0)
        - 2 * young,
        chin=between(rng, 24, 31) + (3 if man else -4),
        length=between(rng, 114, 122) + (1 if man else -3) - 4 * young - (4 if style == "cute" else 0),
        eye=eye * (1.26 if style == "big eyes" else 1.12 if style in ("cute", "beautiful crystal eyes") else 1.0),
        lashes=0.0 if man else between(rng, 0.6, 1.0) * (1.2 if style == "pretty" else 1.0),
        spread=between(rng, 34.5, 37.5),
        brow=(between(rng, 0.95, 1.3) if man else between(rng, 0.62, 0.85)) * (0.85 if style == "gentle" else 1.0),
        nose=between(rng, 0.92, 1.12)
        * (1.14 if deep else 1.0)
        * (1.04 if man else 0.92)
        * (0.66 if style == "small nose" else 1.0),
        mouth=between(rng, 0.94, 1.06),
        lip=between(rng, 0.85, 1.1) * (1.25 if deep else 1.0) * (0.85 if man else 1.12) * (0.8 if years == 2 else 1.0),
        wrinkles=(wrinkles + 0.15) * 1.1
        if style == "mature"
        else wrinkles * (0.75 if style in ("pretty", "cute") else 1.0),
        freckles=1.0 if style == "freckles" else 0.35 if race == "white" and rng.random() < 0.1 else 0.0,
        glasses=pick(rng, ("round", "square")) if rng.random() < (0.08, 0.16, 0.3)[years] else "",
        earrings=rng.random() < (0.1 if man else 0.55) or style == "punky",
        build=between(rng, 0.93, 1.06) * (1.08 if man else 0.9) * (0.94 if years == 0 else 1.0),
        garment="leather" if style == "punky" and rng.random() < 0.7 else pick(rng, GARMENTS),
        cloth=pick(rng, CLOTHES),
        cloth2=pick(rng, CLOTHES),
        tilt=between(rng, -0.085, 0.085),
        yaw=between(rng, -11, 11),
        pitch=between(rng, -3, 3),
        shift=(between(rng, -10, 10), between(rng, -6, 6)),
        zoom=between(rng, 1.18, 1.28),
        detail=int(rng.random() * 2**40),
    )
