"""Scores of the 40 emotions as 8 or 7 classes, in the form that EmoNet-Face published, with top-1 beside it.

In go scores and a mapping from emotions to classes; out comes for each class the share of its pictures that count as
right by either rule. The published rule lets several classes be right at once, so it is kinder than top-1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.check.findings import quote
from tools.use.evaluate.bootstrap import Floats
from tools.use.evaluate.names import class_named, emotion_named
from tools.use.evaluate.result import Estimate, Headline, Key, Row, Table

NAME, AVERAGE, EVERY = "mapped_classes", "mean of the classes", "all pictures"
RULE, TOP = "published rule", "top-1"
COLUMNS = (RULE, TOP)
FACTOR = 1.5  # of an even share of all mapped emotions: what an emotion needs to count as seen
SHIPPED = Path(__file__).with_name("mappings.json")
MOST_BYTES = 2**20
AT_A_TIME = 2**16  # pictures whose shares are in memory


@dataclass(frozen=True)
class Mapping40:
    """A mapping of some of the 40 emotions, each to a class: `of` holds emotion: class."""

    name: str
    of: Mapping[str, str]

    def within(self, classes: Sequence[str]) -> tuple[Mapping40, list[str]]:
        """Return the mapping to some classes, as these spell themselves, and the emotions of others, which it lacks.

        Raises ValueError where a class has no emotion.
        """
        spelled = {emotion: class_named(name, classes) for emotion, name in self.of.items()}
        kept = {emotion: name for emotion, name in spelled.items() if name is not None}
        if missing := [name for name in classes if name not in kept.values()]:
            raise ValueError(f"mapping {quote(self.name)} maps no emotion to {', '.join(missing)}")
        return Mapping40(self.name, kept), [emotion for emotion in self.of if emotion not in kept]


def read_mapping(file: Path | None, name: str | None) -> Mapping40:
    """Return a mapping of a JSON file {mapping: {emotion: class}}; without a file, of those of this project.

    `name` says which; where there is only one, it need not be given. Raises ValueError or OSError.
    """
    path = SHIPPED if file is None else file
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError(f"has more than {MOST_BYTES:,} bytes")
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
        if not isinstance(document, dict) or not all(isinstance(item, dict) for item in document.values()):
            raise ValueError('is not of the form {"mapping": {"emotion": "class", ...}}')
        if name is None and len(document) != 1:
            raise ValueError(f"holds {len(document)} mappings: choose by --mapping-name one of {_list(document)}")
        if name is not None and name not in document:
            raise ValueError(f"has no mapping {quote(name)}; it has {_list(document)}")
        chosen = next(iter(document)) if name is None else name
        return Mapping40(chosen, _emotions(document[chosen]))
    except (ValueError, RecursionError) as error:
        said = "is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ValueError(f"{path.name}: {said}") from None


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(quote(name) for name in list(names)[:10]) or "none"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("names something twice")
    return found


def _emotions(given: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in given.items():
        emotion = emotion_named(key)
        if emotion is None:
            raise ValueError(f"{quote(key)} is none of the 40 emotions")
        if emotion in found:
            raise ValueError(f"names {quote(emotion)} twice")
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{quote(key)} is mapped to {quote(value)}, which is no class")
        found[emotion] = value
    if len(set(found.values())) < 2:
        raise ValueError("maps to fewer than two classes")
    return found


def softmax(scores: Floats) -> Floats:
    """Return the shares (n, m) of scores (n, m): their exponentials, divided by the sum of each row's."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


class Mapped:
    """Scores {emotion: (n,)}, which hold all emotions of a mapping, against true classes (n,), indices of `classes`.

    `pictures` (n,) has the place of each among all pictures of the split, where they are not all.
    """

    def __init__(
        self,
        mapping: Mapping40,
        classes: Sequence[str],
        truth: npt.NDArray[np.int64],
        scores: Mapping[str, Floats],
        pictures: npt.NDArray[np.int64] | None = None,
    ) -> None:
        of = np.array([classes.index(name) for name in mapping.of.values()])
        self.top, right = np.zeros(len(truth), np.int64), np.zeros(len(truth), bool)
        for start in range(0, len(truth), AT_A_TIME):
            some = slice(start, start + AT_A_TIME)
            shares = softmax(np.stack([scores[emotion][some] for emotion in mapping.of], axis=1))
            self.top[some] = of[shares.argmax(axis=1)]
            right[some] = ((shares > FACTOR / len(of)) & (of == truth[some, None])).any(axis=1)
        self._classes, self._truth, self._pictures, self._size = list(classes), truth, pictures, len(of)
        self._mapping = mapping
        self._occurring = [index for index in range(len(classes)) if (truth == index).any()]
        hits = [right, self.top == truth]
        kinds = [truth == index for index in self._occurring]
        self._sums = np.stack([*kinds, *(kind & hit for kind in kinds for hit in hits)], axis=1).astype(np.float64)
        rows = [AVERAGE, EVERY, *(self._classes[index] for index in self._occurring)]
        self.keys: list[Key] = [(NAME, row, column) for row in rows for column in COLUMNS]
        # Its top-1 is the accuracy of the classes, which are another part.
        self.headlines = [Headline("accuracy_published_rule", "Accuracy by the published rule", (NAME, EVERY, RULE))]

    def values(self) -> list[float | None]:
        """Return the figures, which are shares of pictures."""
        return [float(value) for value in self._of(self._sums.sum(axis=0)[None])[0]]

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures for weights (k, pictures)."""
        return self._of((weights if self._pictures is None else weights[:, self._pictures]) @ self._sums)

    def _of(self, sums: Floats) -> Floats:
        kinds = len(self._occurring)
        counts, hits = sums[:, :kinds, None], sums[:, kinds:].reshape(len(sums), kinds, 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = hits / counts
            every = hits.sum(axis=1) / counts.sum(axis=1)
            mean = np.nanmean(each, axis=1) if len(each) else each.sum(axis=1)
        return np.concatenate([mean, every, each.reshape(len(sums), -1)], axis=1)

    def tables(self, at: Callable[[Key], Estimate]) -> list[Table]:
        """Return the table."""
        counts = {AVERAGE: len(self._occurring), EVERY: len(self._truth)}
        counts |= {self._classes[index]: int((self._truth == index).sum()) for index in self._occurring}
        rows = [Row(row, count, {c: at((NAME, row, c)) for c in COLUMNS}) for row, count in counts.items()]
        notes = [
            f"{RULE}: a picture is right where any emotion that maps to its class has a softmax share above "
            f"{FACTOR:g}/{self._size}; several classes can be right at once, so it is kinder than top-1",
            f"{TOP}: the class of the emotion with the highest score, and no other",
        ]
        title = f"{self._size} emotions as {len(self._classes)} classes, by mapping {self._mapping.name}, in percent"
        return [Table(NAME, title, COLUMNS, rows, notes, percent=True)]
