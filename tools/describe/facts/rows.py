"""What there is to count in the rows of one size of DiffusionFER, column by column.

In go the rows of the sheet; out come plain dicts and lists, the same ones however the rows are sorted.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, FACE_FEATURES, SPLITS, parse_box
from tools.check.sheet.read import COLUMNS, Sheet
from tools.check.sheet.schema import PROPERTIES, one_array
from tools.describe.facts.pictures import evenly
from tools.make.prompts import AGES, GENDERS, RACES

# At most so many points of an emotion, about as many as a plot can show apart, and so many pictures of it in a gallery.
POINTS = 300
GALLERY = 6
EXAMPLE = 60  # characters of an example
# Combinations of race, age and gender, of which the published prompts have 18: more make no table, and take minutes.
MOST_GROUPS = 10_000

# The orders in which groups are named: those of the labels and of the prompt's tables; other words come after, sorted.
ORDERS: dict[str, Sequence[str]] = {"emotion": EMOTIONS, "race": RACES, "age": AGES, "gender": GENDERS}
DEMOGRAPHICS = ("race", "age", "gender")
# What the JSON Schema of the sheet does not say, or says of the sheet and not of the published column.
MEANINGS = {
    "image": "The image: the bytes of its file as they are, never encoded again, and the name of the file.",
    "image_id": "The name of the image's file without its ending.",
    "sha256": "The SHA-256 of the bytes of the image, as sha256sum prints it.",
}

Cell = tuple[str, str | None, str | None, str | None]
Group = tuple[str | None, str | None, str | None]


@dataclass(frozen=True)
class Spread:
    """How numbers are spread: how many there are, their mean, population standard deviation, least and greatest."""

    count: int
    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True)
class Column:
    """A published column: its type as `datasets` names it, its unit, how many of `rows` are null, and a value as text.

    `meaning` is the description in the JSON Schema of the sheet; `unit` is empty where there is none, `example` None
    where every value is null (of `sha256`, which is computed and never null, where the sheet records none).
    """

    name: str
    type: str
    unit: str
    meaning: str
    rows: int
    nulls: int
    example: str | None


def rank(column: str, value: str | None) -> tuple[int, str]:
    """Return the key that sorts the values of a column of groups: known words, other words, null."""
    known = ORDERS[column]
    if value in known:
        return known.index(value), ""
    return len(known) + (value is None), value or ""


def ranks(columns: Sequence[str], values: Sequence[str | None]) -> list[tuple[int, str]]:
    """Return the key that sorts values of several columns of groups, the first column before the second."""
    return [rank(column, value) for column, value in zip(columns, values, strict=True)]


class Counts:
    """The rows of one size as numpy arrays in the order of their paths, and what is counted of them.

    The values of the rows must be valid: their emotions, splits and numbers are taken as they are. Raises ValueError
    for more than MOST_GROUPS combinations of race, age and gender.
    """

    def __init__(self, rows: Sheet) -> None:
        self.rows, self.paths = rows, rows.text("path")
        self.order = pc.sort_indices(self.paths).to_numpy()
        labels, codes = self._codes("emotion")  # of other sizes, there may be labels that are none
        self.emotion = np.array([EMOTIONS.index(label) if label in EMOTIONS else -1 for label in labels])[codes]
        self.of_emotion = {name: np.flatnonzero(self.emotion == index) for index, name in enumerate(EMOTIONS)}
        self.affect = {column: self._floats(column) for column in ("valence", "arousal")}
        self.demographics = [self._codes(column) for column in DEMOGRAPHICS]
        self.group = np.zeros(len(self.order), np.int64)  # a code for each (race, age, gender) that there is
        for words, codes in self.demographics:
            self.group = np.unique(self.group * len(words) + codes, return_inverse=True)[1].reshape(-1)
        if (groups := int(self.group.max(initial=0)) + 1) > MOST_GROUPS:
            much = f"{groups:,} combinations of race, age and gender; more than {MOST_GROUPS:,} cannot be shown"
            raise ValueError(f"{rows.name}: the rows have {much}: write words there that repeat, or leave them empty")

    def _codes(self, column: str) -> tuple[list[str | None], np.ndarray]:
        """Return the distinct values of a column, null as the last of them, and for each row the index of its own."""
        if not self.rows.has(column):
            return [None], np.zeros(len(self.order), np.int64)
        values, indices = self.rows.distinct(column)
        codes = pc.fill_null(indices.cast(pa.int64()), len(values)).to_numpy(zero_copy_only=False)
        return [*values.to_pylist(), None], codes[self.order]

    def _floats(self, column: str) -> np.ndarray:
        return one_array(self.rows.cast(column, pa.float64())).to_numpy(zero_copy_only=False)[self.order]

    def splits(self) -> dict[str, dict[str, int]]:
        """Return rows by split, of those that have any, and emotion."""
        names, codes = self._codes("split") if self.rows.has("split") else (["train"], np.zeros_like(self.emotion))
        found: dict[str, dict[str, int]] = {}
        for split in (split for split in SPLITS if split in names):
            counts = np.bincount(self.emotion[codes == names.index(split)], minlength=len(EMOTIONS)).tolist()
            if any(counts):
                found[split] = dict(zip(EMOTIONS, counts, strict=True))
        return found

    def spreads(self, column: str) -> dict[str, Spread]:
        """Return how valence or arousal is spread in each emotion that has rows."""
        values = {emotion: self.affect[column][rows] for emotion, rows in self.of_emotion.items() if len(rows)}
        return {
            emotion: Spread(len(of), float(of.mean()), float(of.std()), float(of.min()), float(of.max()))
            for emotion, of in values.items()
        }

    def points(self) -> dict[str, list[tuple[float, float]]]:
        """Return (valence, arousal) of at most POINTS rows of each emotion, spread evenly over its rows."""
        found = {}
        for emotion, rows in self.of_emotion.items():
            chosen = rows[evenly(len(rows), POINTS)]
            valence, arousal = (self.affect[column][chosen].tolist() for column in ("valence", "arousal"))
            found[emotion] = list(zip(valence, arousal, strict=True))
        return found

    def cells(self) -> dict[Cell, int]:
        """Return rows by emotion, race, age and gender, of those that there are, sorted by `rank`."""
        codes = self.group * len(EMOTIONS) + self.emotion
        _, firsts, counts = np.unique(codes, return_index=True, return_counts=True)
        cells: Counter[Cell] = Counter()
        for first, count in zip(firsts.tolist(), counts.tolist(), strict=True):
            race, age, gender = self._group_of(first)
            cells[EMOTIONS[self.emotion[first]], race, age, gender] += count
        return dict(sorted(cells.items(), key=lambda cell: ranks(tuple(ORDERS), cell[0])))

    def _group_of(self, row: int) -> Group:
        race, age, gender = (words[int(codes[row])] for words, codes in self.demographics)
        return race, age, gender

    def gallery(self) -> dict[str, list[str]]:
        """Return the names of at most GALLERY pictures of each emotion, their race, age and gender far apart.

        So are those of all emotions together, and the first half of each alone, which is what a gallery of two variants
        shows. Of each combination it is the first row, and where there are few combinations, further rows follow.
        """
        groups: dict[str, dict[int, Group]] = {}
        for emotion, rows in self.of_emotion.items():
            firsts = rows[np.sort(np.unique(self.group[rows], return_index=True)[1])][:1_000].tolist()
            groups[emotion] = {row: self._group_of(row) for row in firsts}
        chosen = spread_apart(groups, (GALLERY // 2, GALLERY))
        for emotion, rows in self.of_emotion.items():
            others = [row for row in rows[: 2 * GALLERY].tolist() if row not in chosen[emotion]]
            chosen[emotion] += others[: GALLERY - len(chosen[emotion])]
        return {emotion: [self._file(row) for row in rows] for emotion, rows in chosen.items()}

    def _file(self, row: int) -> str:
        """Return the name of the picture of a row below the folder of either variant."""
        return str(self.paths[int(self.order[row])].as_py()).partition("/")[2]

    def models(self) -> dict[str, int]:
        """Return rows by model, sorted by name; rows without one are not among them."""
        names, codes = self._codes("model")
        counts = np.bincount(codes, minlength=len(names)).tolist()
        return dict(sorted((name, count) for name, count in zip(names, counts, strict=True) if name and count))

    def column(self, name: str) -> Column:
        """Return what there is to say of a published column."""
        part, rows, nulls, example = PROPERTIES.get(name, {}), len(self.order), 0, None
        if name in ("image", "image_id"):
            file = self._file(0).rpartition("/")[2]
            example = file if name == "image" else file.rpartition(".")[0] or file
        elif self.rows.has(name):
            there = self.rows.table[name].is_valid().to_numpy()
            nulls = rows - int(there.sum())
            if nulls < rows:
                example = self._example(name, int(self.order[there[self.order].argmax()]))
        else:
            nulls = rows
        nulls = 0 if name == "sha256" else nulls  # which is computed, and not taken from the sheet
        meaning = MEANINGS.get(name) or part["description"]
        return Column(name, type_of(name), part.get("unit", ""), meaning, rows, nulls, example)

    def _example(self, name: str, place: int) -> str:
        """Return a cell that is not null as text."""
        if name == "face_box":
            return f"[{', '.join(f'{number:.7g}' for number in parse_box(self.rows.table[name][place].as_py()) or [])}]"
        if COLUMNS[name] == pa.string():
            text = " ".join(str(self.rows.table[name][place].as_py()).split())
            if name == "emotion":
                return f"{EMOTIONS.index(text)} ({text})"
            return text if len(text) <= EXAMPLE else text[: EXAMPLE - 1].rstrip() + "…"
        number = self.rows.numbers(name)[place].as_py()
        return f"{number:.7g}" if isinstance(number, float) else str(number)


def type_of(name: str) -> str:
    """Return the type of a published column as `datasets` names it."""
    feature = FACE_FEATURES[name]
    if hasattr(feature, "feature"):
        return f"{type(feature).__name__}({feature.feature.dtype})"
    return str(feature.dtype) if type(feature).__name__ == "Value" else type(feature).__name__


Part = tuple[tuple[int, str | None], ...]  # of a group: some of its words, each with its place


def spread_apart(groups: Mapping[str, Mapping[int, Group]], numbers: Sequence[int]) -> dict[str, list[int]]:
    """Return, of each emotion, the keys of some groups, as unlike each other, and those of other emotions, as can be.

    There are as many as the last of `numbers`; they are as unlike, too, when only so many of each emotion are taken as
    an earlier one says. The next group of an emotion is the one whose words, and then whose pairs of words, it has
    least often; of equal ones, the one that all emotions together have least often, as a whole, by pairs and by words;
    of equal ones, the first by rank.
    """
    ranked = {
        emotion: [key for _, key in sorted((ranks(DEMOGRAPHICS, group), key) for key, group in of.items())]
        for emotion, of in groups.items()
    }
    chosen: dict[str, list[int]] = {emotion: [] for emotion in groups}
    own: dict[str, Counter[Part]] = {emotion: Counter() for emotion in groups}
    every: Counter[Part] = Counter()
    for number in numbers:
        for emotion, of in groups.items():
            while len(chosen[emotion]) < min(number, len(of)):
                left = [key for key in ranked[emotion] if key not in chosen[emotion]]
                nearness = {
                    key: [
                        *(_taken(own[emotion], of[key], size) for size in (1, 2)),
                        *(_taken(every, of[key], size) for size in (3, 2, 1)),
                    ]
                    for key in left
                }
                best = min(left, key=nearness.__getitem__)
                chosen[emotion].append(best)
                parts = [part for size in (1, 2, 3) for part in _parts(of[best], size)]
                own[emotion].update(parts)
                every.update(parts)
    return chosen


def _taken(taken: Mapping[Part, int], group: Group, size: int) -> int:
    return sum(taken[part] for part in _parts(group, size))


def _parts(group: Group, size: int) -> Iterator[Part]:
    """Yield the parts of a group that have `size` words."""
    return itertools.combinations(enumerate(group), size)
