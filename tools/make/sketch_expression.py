"""What a face does: emotion, valence and arousal become the strengths of facial actions.

In come the label and its place on the circumplex; out comes an Expression whose numbers the face painters read. The
actions are those of the Facial Action Coding System (Ekman & Friesen 1978) that EMFACS lists for each emotion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Expression:
    """Strengths of facial actions, 0 (none) to about 1 (full); the comment names the action unit (AU)."""

    inner_brow: float = 0.0  # AU1, inner brow raised
    outer_brow: float = 0.0  # AU2, outer brow raised
    frown: float = 0.0  # AU4, brows lowered and drawn together
    wide: float = 0.0  # AU5, upper lids raised
    cheeks: float = 0.0  # AU6, cheeks raised
    tight: float = 0.0  # AU7, lids tightened
    wrinkle: float = 0.0  # AU9, nose wrinkled
    sneer: float = 0.0  # AU10, upper lip raised, more on one side
    smile: float = 0.0  # AU12, lip corners pulled up
    sink: float = 0.0  # AU15, lip corners pulled down
    stretch: float = 0.0  # AU20, lips stretched sideways
    square: float = 0.0  # AU22/23, lips tightened to a square
    jaw: float = 0.0  # AU26/27, jaw dropped
    tongue: float = 0.0  # AD19, tongue shown: the gape of disgust
    droop: float = 0.0  # AU43, upper lids droop
    tears: float = 0.0
    lowered: float = 0.0  # AU54, head down (negative: AU53, head back)
    gaze: float = 0.0  # AU64, eyes down (negative: up)
    pale: float = 0.0
    flush: float = 0.0
    pupil: float = 0.0  # widening, with arousal


FULL = {
    "neutral": Expression(),
    "happy": Expression(smile=1.0, cheeks=1.0, jaw=0.62, flush=0.5, outer_brow=0.18, inner_brow=0.18, tight=0.1),
    "sad": Expression(
        inner_brow=1.0, frown=0.28, sink=1.0, droop=0.75, tears=1.0, lowered=1.0, gaze=0.55, jaw=0.06, flush=0.25
    ),
    "surprise": Expression(inner_brow=1.0, outer_brow=1.0, wide=0.85, jaw=1.0, gaze=-0.1),
    "fear": Expression(
        inner_brow=1.0, outer_brow=0.22, frown=0.5, wide=1.0, stretch=1.0, jaw=0.38, sink=0.45, pale=1.0, tight=0.1
    ),
    "disgust": Expression(
        frown=0.45,
        wrinkle=1.0,
        sneer=1.0,
        tight=1.0,
        sink=0.75,
        jaw=0.5,
        cheeks=0.5,
        gaze=0.3,
        tongue=1.0,
        lowered=-0.5,
        inner_brow=0.12,
    ),
    "angry": Expression(frown=1.15, square=1.0, wide=0.35, tight=0.42, jaw=0.55, flush=0.85, sink=0.15, wrinkle=0.22),
}


def strength_of(valence: float, arousal: float) -> float:
    """Return how strong an emotion shows: 0.5 close to the middle of the circumplex, 1.1 on its rim."""
    radius = math.sqrt(valence * valence + arousal * arousal)
    return 0.5 + 0.6 * min(1.0, max(0.0, (radius - 0.4) / 0.6))


def express(emotion: str, valence: float, arousal: float) -> Expression:
    """Return the facial actions of `emotion` at (`valence`, `arousal`), both in [-1, 1].

    The distance from the middle sets the strength of all actions; arousal then opens eyes and mouth, and valence
    pulls the corners of the mouth. Raises ValueError on an unknown emotion and on numbers outside [-1, 1].
    """
    if emotion not in FULL:
        raise ValueError(f"emotion: expected one of {', '.join(FULL)} (got {emotion!r})")
    for name, value in (("valence", valence), ("arousal", arousal)):
        if not -1 <= value <= 1:
            raise ValueError(f"{name}: expected a number from -1 to 1 (got {value!r})")
    full = FULL[emotion]
    k = strength_of(valence, arousal)
    acts = {field.name: k * getattr(full, field.name) for field in fields(Expression)}
    open_more = 0.55 + 0.6 * max(0.0, arousal) if emotion != "happy" else 0.8 + 0.6 * arousal
    acts["jaw"] *= open_more
    acts["wide"] = acts["wide"] * (0.6 + 0.45 * max(0.0, arousal)) + 0.16 * arousal
    acts["droop"] -= 0.3 * min(0.0, arousal + 0.2)
    acts["smile"] += 0.18 * max(0.0, valence) + (0.1 if emotion == "neutral" else 0.0)
    acts["sink"] += 0.18 * max(0.0, -valence)
    acts["tears"] *= 1.2 * max(0.3, min(1.0, -valence + 0.1))
    acts["pupil"] = 0.5 + 0.4 * arousal
    return Expression(**acts)
