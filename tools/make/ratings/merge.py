"""Merges what several people said of a picture: of valence and arousal mean and spread, of the class the majority.

Where people are divided, no class is chosen.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tools.make.ratings.exports import Rating
from tools.make.ratings.scales import AROUSAL, EMOTION, VALENCE

DIGITS = 3


@dataclass(frozen=True)
class Merged:
    """What people together say of a picture: the votes for each emotion, and valence and arousal with their spread.

    `emotion` is None where nobody named one or several have the most votes: these are `tied`. A spread is the sample
    standard deviation, None for fewer than two ratings.
    """

    votes: dict[str, int]
    emotion: str | None
    tied: tuple[str, ...]
    valence: float | None
    arousal: float | None
    valence_spread: float | None
    arousal_spread: float | None
    raters: int


def merge(ratings: Iterable[Rating]) -> Merged:
    """Return what the ratings of one picture, one of each person, say together."""
    ratings = list(ratings)
    votes = Counter(str(rating.says[EMOTION]) for rating in ratings if EMOTION in rating.says)
    most = max(votes.values(), default=0)
    first = tuple(sorted(emotion for emotion, count in votes.items() if count == most))
    means, spreads = {}, {}
    for name in (VALENCE, AROUSAL):
        values = [float(rating.says[name]) for rating in ratings if name in rating.says]
        means[name] = round(statistics.fmean(values), DIGITS) + 0.0 if values else None
        spreads[name] = round(statistics.stdev(values), DIGITS) if len(values) > 1 else None
    return Merged(
        dict(sorted(votes.items())),
        first[0] if len(first) == 1 else None,
        first if len(first) > 1 else (),
        means[VALENCE],
        means[AROUSAL],
        spreads[VALENCE],
        spreads[AROUSAL],
        len(ratings),
    )
