"""Rules for valence and arousal together and with the label: places on the circumplex that cannot be meant.

Arrow looks for the suspects among all rows at once; a number that is none, or out of range, is another rule's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tools.check.findings import Finding
from tools.check.places import true_places
from tools.check.sheet.read import Sheet
from tools.check.sheet.rules import AFFECT_LABEL, AFFECT_RADIUS, NOT_RATED

UNRATED = -2.0  # in AffectNet's lists of images, valence and arousal of a face that got no rating

# On which side of the circumplex each label lies. Russell (1980, "A circumplex model of affect", doi:10.1037/h0077714)
# orders affect on a circle: pleasure 0 degrees, excitement 45, arousal 90, distress 135, displeasure 180, depression
# 225, sleepiness 270, relaxation 315. So happy lies on the side of pleasure; fear and anger, both distress, disgust,
# and sadness, near depression, lie on the side of displeasure; surprise, fear and anger lie on that of arousal. Nothing
# is said here of the valence of surprise, or of the arousal of happy, sad and disgust, which may lie on either side.
# That a label bounds valence and arousal is AffectNet's practice, too: its annotators were warned outside of a region,
# for happy a valence in (0, 1] and an arousal in [-0.2, 0.5] (Mollahosseini, Hasani and Mahoor 2017, AffectNet,
# doi:10.1109/TAFFC.2017.2740923, on the annotation of dimensions).
SIDES = {
    "happy": {"valence": 1},
    "sad": {"valence": -1},
    "disgust": {"valence": -1},
    "fear": {"valence": -1, "arousal": 1},
    "angry": {"valence": -1, "arousal": 1},
    "surprise": {"arousal": 1},
}
# Two annotators of AffectNet differ by 0.34 in valence and 0.36 in arousal (root mean square, same article): what lies
# less far on the wrong side may be a matter of opinion. Neutral is the middle: both differences together make 0.5.
CLEARLY = 0.36
NEUTRAL_RADIUS = 0.5
# Two numbers rounded to two decimals move a point of the circle by up to 0.0071.
ROUNDING = 0.01


def affect_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the rows whose valence and arousal contradict their label, leave the disc, or stand for 'not rated'."""
    if sheet.has("valence") and sheet.has("arousal"):
        numbers = {column: sheet.numbers(column) for column in ("valence", "arousal")}
        yield from _not_rated(sheet, numbers)
        yield from _radius(sheet, numbers)
        if sheet.has("emotion"):
            yield from _sides(sheet, numbers)


def _not_rated(sheet: Sheet, numbers: dict[str, pa.Array]) -> Iterator[Finding]:
    for column, values in numbers.items():
        for index in true_places(pc.equal(values, UNRATED)).to_pylist():
            message = f"{column} is -2, expected a number from -1 to 1: AffectNet writes -2 for 'not rated'"
            yield sheet.found(NOT_RATED, index, message, column=column, value="-2")


def _radius(sheet: Sheet, numbers: dict[str, pa.Array]) -> Iterator[Finding]:
    valence, arousal = numbers.values()
    outside = pc.greater(_squared(valence, arousal), (1 + ROUNDING) ** 2)
    for index in _rated(numbers, outside):
        x, y = valence[index].as_py(), arousal[index].as_py()
        message = f"valence {x:g} and arousal {y:g} have a radius of {math.hypot(x, y):.3f}, expected at most 1"
        yield sheet.found(AFFECT_RADIUS, index, message, column="valence", value=f"{x:g}")


def _sides(sheet: Sheet, numbers: dict[str, pa.Array]) -> Iterator[Finding]:
    labels, codes = sheet.distinct("emotion")
    for column, values in numbers.items():
        # For each distinct label the sign of its side, by which a number on that side is above 0.
        signs = pa.array([SIDES.get(label, {}).get(column, 0) for label in labels.to_pylist()], values.type)
        # As float32 on both sides, so that what is exactly as far is not beyond.
        wrong = pc.less(pc.multiply(values, signs.take(codes)), pa.scalar(-CLEARLY, values.type))
        for index in _rated(numbers, wrong):
            label, value = labels[codes[index].as_py()].as_py(), values[index].as_py()
            side = "positive" if SIDES[label][column] > 0 else "negative"
            message = f"{column} of '{label}' is {value:g}, expected {side}, as on Russell's circumplex of affect"
            yield sheet.found(AFFECT_LABEL, index, message, column=column, value=f"{value:g}")
    valence, arousal = numbers.values()
    neutral = pa.array([label == "neutral" for label in labels.to_pylist()], pa.bool_()).take(codes)
    far = pc.greater(_squared(valence, arousal), (NEUTRAL_RADIUS + ROUNDING) ** 2)
    for index in _rated(numbers, pc.and_(neutral, far)):
        x, y = valence[index].as_py(), arousal[index].as_py()
        message = f"valence {x:g} and arousal {y:g} of 'neutral' have a radius of {math.hypot(x, y):.2f}"
        message += f", expected at most {NEUTRAL_RADIUS:g}: neutral is the middle of the circumplex"
        yield sheet.found(AFFECT_LABEL, index, message, column="valence", value=f"{x:g}")


def _squared(valence: pa.Array, arousal: pa.Array) -> pa.Array:
    return pc.add(pc.multiply(valence, valence), pc.multiply(arousal, arousal))


def _rated(numbers: dict[str, pa.Array], wrong: pa.Array) -> list[int]:
    """Return the rows where `wrong` is true and both numbers are from -1 to 1: the schema speaks of the others."""
    if not pc.any(wrong).as_py():
        return []
    within = (pc.less_equal(pc.abs(values), 1.0) for values in numbers.values())
    return true_places(functools.reduce(pc.and_, within, wrong)).to_pylist()
