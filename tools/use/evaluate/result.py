"""What an evaluation is: estimates with intervals in tables, a confusion matrix, and what was evaluated on what.

The parts of an evaluation make tables of it, and `report` and `hub` write it; nothing here knows a metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tools.use.evaluate.bootstrap import Floats, intervals

Key = tuple[str, str, str]  # the table, the row and the column of a figure


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; `resamples` is of how many the interval is made. None is what is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None
    resamples: int = 0


@dataclass(frozen=True)
class Row:
    """A row of a table: its name, the number of pictures (or of judgements) it is made of, and its estimates."""

    name: str
    count: int
    figures: Mapping[str, Estimate]


@dataclass(frozen=True)
class Table:
    """Rows with the same columns. `percent` says that shares are shown as such, with two decimals."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    percent: bool = False


@dataclass(frozen=True)
class Confusion:
    """How often pictures of a class (a row) were predicted as a class (a column)."""

    classes: Sequence[str]
    counts: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Headline:
    """A figure that stands for the whole: the identifier and the name of its metric, and where it is in the tables."""

    metric: str
    name: str
    key: Key


class Part(Protocol):
    """One kind of truth against its predictions; `keys` name its figures."""

    keys: list[Key]
    headlines: list[Headline]

    def values(self) -> list[float | None]:
        """Return the figures in the order of `keys`; None for one that is not defined."""

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures for weights (k, pictures) as an array (k, figures), NaN for what is not defined."""

    def tables(self, at: Callable[[Key], Estimate]) -> list[Table]:
        """Return the tables for a person, of what `at` gives for each figure."""


@dataclass(frozen=True)
class Evaluation:
    """All that was found. `about` says, in what JSON can hold, which predictions, data and resamples it is made of."""

    about: Mapping[str, object]
    tables: Sequence[Table]
    headlines: Sequence[tuple[Headline, Estimate]]
    confusion: Confusion | None = None
    notes: Sequence[str] = field(default_factory=tuple)


def estimates(part: Part, resampled: Floats) -> dict[Key, Estimate]:
    """Return the estimates of a part from its values over resamples (samples, figures)."""
    low, high, known = intervals(resampled)
    found = {}
    for place, (key, value) in enumerate(zip(part.keys, part.values(), strict=True)):
        if value is None or np.isnan(low[place]):
            found[key] = Estimate(value)
        else:
            found[key] = Estimate(value, float(low[place]), float(high[place]), int(known[place]))
    return found
