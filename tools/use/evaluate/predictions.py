"""Predictions of strangers: in goes a file by image_id; out come classes and numbers, under the names they stand for.

What is not known, not whole or not in range is refused with its count and its first few rows. Which columns are known
depends on the kind of truth. Upstream's form, {"image_path": ..., "results": {head: {"mean_subtracted": ...}}}, is read
as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS
from tools.check.findings import quote
from tools.use.evaluate.bootstrap import Floats
from tools.use.evaluate.names import OTHER_HEADS, emotion_named
from tools.use.evaluate.tables import FIRST, IMAGE_ID, Given, read_given

AFFECT = ("valence", "arousal")
UPSTREAM_ID, UPSTREAM_RESULTS, UPSTREAM_SCORE = "image_path", "results", "mean_subtracted"


@dataclass(frozen=True)
class Predictions:
    """What a file predicts: `ids` (n,) as text; `classes` (n,) indices of EMOTIONS; `affect` and `scores` by name.

    `scores` are those of the 40 emotions, by the names of the taxonomy. What was not predicted is None, or not there.
    """

    name: str
    sha256: str
    ids: pa.Array
    classes: npt.NDArray[np.int64] | None = None
    affect: Mapping[str, Floats] = field(default_factory=dict)
    scores: Mapping[str, Floats] = field(default_factory=dict)

    def taken(self, places: npt.NDArray[np.int64]) -> Predictions:
        """Return the predictions in another order: those at `places`."""
        return Predictions(
            self.name,
            self.sha256,
            self.ids.take(pa.array(places)),
            None if self.classes is None else self.classes[places],
            {name: values[places] for name, values in self.affect.items()},
            {name: values[places] for name, values in self.scores.items()},
        )


def read_predictions(path: Path, kind: str, mapped: bool = False) -> Predictions:
    """Return the predictions of a file for a kind of truth: faces, hq, big or binary (a key of FEATURES).

    With `mapped`, faces are scored by the 40 emotions in place of classes. Raises OSError or ValueError.
    """
    given = _unfolded(read_given(path))
    if IMAGE_ID not in given.table.column_names:
        raise ValueError(f"{given.name} has no column image_id; it has {_list(given.table.column_names)}")
    columns = [name for name in given.table.column_names if name != IMAGE_ID]
    forty = kind != "faces" or mapped
    meaning = {name: _meaning(name, kind, forty) for name in columns}
    if unknown := [name for name, meant in meaning.items() if meant is None]:
        raise ValueError(f"{given.name} has {_columns(unknown)} that nothing is known of: {_known(kind, forty)}")
    if not columns:
        raise ValueError(f"{given.name} predicts nothing: beside image_id it may have {_known(kind, forty)}")
    spelled = list(meaning.values())
    if twice := [name for name in columns if spelled.count(meaning[name]) > 1]:
        raise ValueError(f"{given.name} has several columns for one emotion: {_list(twice)}")
    low, high = (0.0, 7.0) if kind in ("hq", "big") else (-np.inf, np.inf)
    return Predictions(
        given.name,
        given.sha256,
        given.texts(IMAGE_ID),
        None if forty else _classes(given, columns),
        {name: given.numbers(name, -1, 1) for name in columns if name in AFFECT and kind == "faces"},
        {meaning[name] or "": given.numbers(name, low, high) for name in columns if name not in AFFECT}
        if forty
        else {},
    )


def _meaning(column: str, kind: str, forty: bool) -> str | None:
    if kind == "faces" and column in AFFECT:
        return column
    if forty:
        return emotion_named(column)
    return column if column == "emotion" or column in EMOTIONS else None


def _known(kind: str, forty: bool) -> str:
    if forty:
        return "valence, arousal, the 40 emotions" if kind == "faces" else "the names of the 40 emotions"
    return f"emotion, or a score for each of {', '.join(EMOTIONS)}; valence, arousal"


def _columns(names: Sequence[str]) -> str:
    return f"{len(names)} column{'s' * (len(names) != 1)} ({_list(names)})"


def _list(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > FIRST else ""
    return ", ".join(quote(name) for name in names[:FIRST]) + more if names else "none"


def _classes(given: Given, columns: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """Return the predicted classes, from their names or from the highest of their scores."""
    scored = [name for name in EMOTIONS if name in columns]
    if scored and "emotion" in columns:
        raise ValueError(f"{given.name} has a column emotion and scores of classes: give one of both")
    if "emotion" in columns:
        return _named(given)
    if not scored:
        return None
    if missing := [name for name in EMOTIONS if name not in scored]:
        raise ValueError(f"{given.name} has scores of {len(scored)} classes, but none of {', '.join(missing)}")
    best = np.zeros(given.rows, np.int64)
    highest, tied = given.numbers(EMOTIONS[0]), np.zeros(given.rows, bool)
    for index, name in enumerate(EMOTIONS[1:], 1):
        scores = given.numbers(name)
        tied = np.where(scores > highest, False, tied | (scores == highest))
        best[scores > highest] = index
        highest = np.maximum(highest, scores)
    if count := int(tied.sum()):
        first = ", ".join(f"row {place + 1:,}" for place in np.flatnonzero(tied)[:FIRST])
        raise ValueError(f"{given.name}: in {count:,} row{'s' * (count != 1)} several classes have the highest score "
                         f"({first}{', ...' * (count > FIRST)}): say which in a column emotion instead")  # fmt: skip
    return best


def _named(given: Given) -> npt.NDArray[np.int64]:
    names = given.texts("emotion")
    places = pc.index_in(names, pa.array(EMOTIONS, pa.large_string()))
    if count := places.null_count:
        first = pc.unique(names.filter(pc.is_null(places))).to_pylist()
        hint = "; an index would not say in which order" if all(name.strip().isdigit() for name in first) else ""
        raise ValueError(f"{given.name}: emotion is none of {', '.join(EMOTIONS)} in {count:,} "
                         f"row{'s' * (count != 1)} ({_list(first)}){hint}")  # fmt: skip
    return np.asarray(places.to_numpy(), np.int64)


def _unfolded(given: Given) -> Given:
    """Return a table in upstream's form as one with a column an emotion; any other as it is."""
    table = given.table
    if set(table.column_names) != {UPSTREAM_ID, UPSTREAM_RESULTS}:
        return given
    kind = table[UPSTREAM_RESULTS].type
    if not pa.types.is_struct(kind):
        raise ValueError(f"{given.name}: results holds values of type {kind}, not objects"[:200])
    results = table[UPSTREAM_RESULTS].combine_chunks()
    columns = {IMAGE_ID: table[UPSTREAM_ID]}
    for head in (item.name for item in kind if item.name not in OTHER_HEADS):
        if emotion_named(head) is None:
            raise ValueError(f"{given.name}: results has {quote(head)}, which is none of the 40 emotions")
        inner = kind.field(head).type
        if not pa.types.is_struct(inner) or inner.get_field_index(UPSTREAM_SCORE) < 0:
            raise ValueError(f"{given.name}: results has no {UPSTREAM_SCORE} of {quote(head)}")
        columns[head] = pc.struct_field(results, [head, UPSTREAM_SCORE])
    return Given(given.name, given.sha256, pa.table(columns))
