"""The rows of a design: sheet rows for DiffusionFER, rows of a side file for EmoNet-Face, for any number of pictures.

In come a grammar, a size, a backend and a seed; out come rows of text, some thousands at a time, so that a design of a
million rows needs no more memory than one of ten thousand. What a row holds hangs on the seed and the row's number
alone: a longer design begins with all rows of a shorter one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, SPLITS, SUBSETS
from tools.make.crossings import Crossings, Integers, Picks, Scatter
from tools.make.design import COLUMNS, REGIONS
from tools.make.grammar import Grammar, listed
from tools.make.prompts import CHOICES, HEIGHT, WIDTH
from tools.make.sketch import MODEL
from tools.make.webui import is_imported

SIZES = ("small", "medium", "large")
MOST_ROWS = 2**32  # a seed is a number of 32 bits, and no two rows share one; there are more names than that
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Of ten rows of an emotion, one each goes to validation and test.
TENTH = 10
SCALE = 1000  # valence and arousal have three decimals


class Plan:
    """What a design gives rows for: the file, the column by which a row is known, and all columns.

    Raises ValueError where the grammar cannot be balanced over its emotions.
    """

    file: str
    key: str
    columns: tuple[str, ...]

    def __init__(self, grammar: Grammar, seed: int, salt: str) -> None:
        self.crossings = Crossings(grammar, seed, salt)
        if grammar.crossed[0] != "emotion":
            raise ValueError(
                f"the grammar {grammar.name!r} crosses {grammar.crossed[0]!r} first, expected 'emotion': the rows of a "
                "design are balanced and split by it"
            )
        self.grammar = grammar
        self._texts = [
            (part.column, pa.array(part.texts[value] for value in ("", *grammar.tables[part.column])))
            if part.column in grammar.optional
            else (part.column, pa.array(part.texts.values()))
            for part in grammar.parts
        ]
        self._values = {column: pa.array(["", *table]) for column, table in grammar.tables.items()}
        words = self.crossings.words
        self._names, self._seeds = Scatter(words, "names", 26**4), Scatter(words, "seeds", 2**16)
        self._fours = pa.array(a + b + c + d for a in LETTERS for b in LETTERS for c in LETTERS for d in LETTERS)

    def rows(self, start: int, stop: int) -> Iterator[list[tuple[str, ...]]]:
        """Yield the rows number `start` to `stop`, some thousands at a time, each with its cells by `columns`.

        Raises ValueError where there are no rows of such numbers.
        """
        for length, cells in self._chunks(start, stop):
            columns = (cells.get(column, "") for column in self.columns)
            lists = (repeat(cell, length) if isinstance(cell, str) else cell.to_pylist() for cell in columns)
            yield list(zip(*lists, strict=True))

    def lines(self, start: int, stop: int, columns: Sequence[str], end: str) -> Iterator[tuple[int, bytes]]:
        """Yield the same rows as CSV in UTF-8, with their number: cells by `columns`, lines that end in `end`.

        The text is that of Python's csv, but put together by Arrow a column at a time, which is faster.
        """
        for length, cells in self._chunks(start, stop):
            *first, last = [_quoted(cells.get(column, "")) for column in columns]
            ended = pc.binary_join_element_wise(last, end, pa.repeat("", length), "")
            joined = pc.binary_join_element_wise(*first, ended, ",").cast(pa.large_binary())
            offsets = np.frombuffer(joined.buffers()[1], dtype=np.int64)
            yield length, memoryview(joined.buffers()[2])[offsets[0] : offsets[length]].tobytes()

    def _chunks(self, start: int, stop: int) -> Iterator[tuple[int, dict[str, Any]]]:
        if stop > MOST_ROWS:
            raise ValueError(f"a design has at most {MOST_ROWS:,} rows (got {stop:,}): no two may share a seed")
        for picks in self.crossings.picks(start, stop):
            yield len(picks.turns), self._cells(picks, np.arange(picks.first, picks.first + len(picks.turns)))

    def _cells(self, picks: Picks, numbers: Integers) -> dict[str, Any]:
        """Return the cells of rows by column: arrays of text, or the one text that all have."""
        columns = {column: self._values[column].take(pa.array(place + 1)) for column, place in picks.places.items()}
        high, low = self._seeds.of(numbers)
        seeds = pa.array(high * self._seeds.half + low).cast(pa.string())
        return {**columns, "prompt": self._prompts(picks), "seed": seeds}

    def _prompts(self, picks: Picks) -> pa.Array:
        texts: list[Any] = []
        for column, table in self._texts:
            if not column:
                texts.append(table[0].as_py())
            else:
                empty = 1 if column in self.grammar.optional else 0
                texts.append(table.take(pa.array(picks.places[column] + empty)))
        return pc.binary_join_element_wise(*texts, "")

    def _letters(self, numbers: Integers) -> tuple[pa.Array, pa.Array]:
        """Return the first and the last four letters of the names of rows."""
        high, low = self._names.of(numbers)
        return self._fours.take(pa.array(high)), self._fours.take(pa.array(low))


class SheetPlan(Plan):
    """The rows of dataset_sheet.csv for one size."""

    file, key = "dataset_sheet.csv", "path"
    columns: tuple[str, ...] = (*COLUMNS, "label_source")
    SAYS = ("emotion", "race", "age", "gender", "style", "others")

    def __init__(self, grammar: Grammar, *, size: str, seed: int, backend: str) -> None:
        if unknown := [value for value in grammar.tables["emotion"] if value not in EMOTIONS]:
            raise ValueError(f"emotion {unknown[0]!r} is no label of the sheet: {', '.join(EMOTIONS)}")
        if backend == "sketch":
            _refuse_undrawable(grammar)
        super().__init__(grammar, seed, size)
        self.folders = SUBSETS[f"{size}_original"].folders
        self._emotions = list(grammar.tables["emotion"])
        labels = [EMOTIONS.index(emotion) for emotion in self._emotions]
        self._before = pa.array(f"{self.folders[0]}/{emotion}/" for emotion in self._emotions)
        self._after = pa.array(f"_{label}.png" for label in labels)
        regions = [_region(*REGIONS[emotion]) for emotion in self._emotions]
        self._regions, self._areas = np.concatenate(regions), np.array([len(region) for region in regions])
        self._decimals = pa.array(str(number / SCALE) for number in range(-SCALE, SCALE + 1))
        self._settings = {"label_source": "prompt", "model": MODEL}
        if backend == "diffusers":
            known = ("negative_prompt", "steps", "sampler", "cfg_scale")
            self._settings = {column: str(grammar.settings.get(column, "")) for column in known}
            self._settings["label_source"] = "prompt"
            # Not published, and so columns of their own, which a sheet of the published sides does not need.
            usual = {"width": WIDTH, "height": HEIGHT}
            sides = {side: grammar.settings.get(side, pixels) for side, pixels in usual.items()}
            if sides != usual:
                self._settings |= {side: str(pixels) for side, pixels in sides.items()}
                self.columns = (*self.columns, *sides)

    def is_of_this(self, row: Mapping[str, str]) -> bool:
        """Say whether a row is of the size that is designed, and not of a picture that was imported."""
        return row["path"].partition("/")[0] in self.folders and not is_imported(row)

    def _cells(self, picks: Picks, numbers: Integers) -> dict[str, Any]:
        cells = super()._cells(picks, numbers)
        emotions = pa.array(picks.places["emotion"])
        first, last = self._letters(numbers)
        before, after = self._before.take(emotions), self._after.take(emotions)
        cells["path"] = pc.binary_join_element_wise(before, first, last, after, "")
        cells["split"] = self._splits(picks)
        cells["valence"], cells["arousal"] = self._affect(picks)
        return {**cells, **self._settings}

    def _splits(self, picks: Picks) -> pa.Array:
        """Return the splits: of each ten rows of an emotion, one at random is in validation and another in test."""
        tens, place = np.divmod(picks.turns, TENTH)
        lowest, many = int(tens.min()), len(self._emotions)
        count = int(tens.max()) - lowest + 1
        words = self.crossings.words.get("splits", lowest * many, count * many).reshape(count, many)
        word = words[tens - lowest, picks.places["emotion"]]
        ten, nine = np.uint64(TENTH), np.uint64(TENTH - 1)
        validation = (word % ten).astype(np.int64)
        test = (validation + 1 + (word // ten % nine).astype(np.int64)) % TENTH
        return pa.array(SPLITS).take(pa.array(np.where(place == validation, 1, np.where(place == test, 2, 0))))

    def _affect(self, picks: Picks) -> tuple[pa.Array, pa.Array]:
        """Return valence and arousal: a place in the region of the emotion, each as likely as any other."""
        emotion = picks.places["emotion"]
        words = self.crossings.words.get("affect", picks.first, len(emotion))
        inside = (words % self._areas[emotion].astype(np.uint64)).astype(np.int64)
        starts = np.cumsum(self._areas) - self._areas
        valence, arousal = (self._regions[starts[emotion] + inside] + SCALE).T
        return self._decimals.take(pa.array(valence)), self._decimals.take(pa.array(arousal))


class SidePlan(Plan):
    """The rows of an EmoNet folder's metadata.csv: what each picture is to show, and of whom."""

    file, key = "metadata.csv", "file_name"
    columns: tuple[str, ...] = ("file_name", "prompt", "ethnicity", "age", "gender", "emotion", "seed")
    SAYS = ("emotion", "ethnicity", "age", "gender")

    def __init__(self, grammar: Grammar, *, seed: int) -> None:
        if unknown := [value for value in grammar.tables["emotion"] if value not in EMONET_EMOTIONS]:
            raise ValueError(f"emotion {unknown[0]!r} is none of the {len(EMONET_EMOTIONS)} of EmoNet-Face")
        super().__init__(grammar, seed, "emonet")
        # Nothing else says how these pictures are made: what the grammar says becomes columns, its seed (-1) does not.
        self._settings = {column: str(value) for column, value in grammar.settings.items() if column != "seed"}
        self.columns = (*self.columns, *self._settings)
        indices = (EMONET_EMOTIONS.index(emotion) for emotion in grammar.tables["emotion"])
        self._after = pa.array(f"_{index}.png" for index in indices)

    def is_of_this(self, row: Mapping[str, str]) -> bool:
        """Say whether a row is of this design: a side file has no others."""
        return True

    def _cells(self, picks: Picks, numbers: Integers) -> dict[str, Any]:
        first, last = self._letters(numbers)
        after = self._after.take(pa.array(picks.places["emotion"]))
        names = pc.binary_join_element_wise(first, last, after, "")
        return {**super()._cells(picks, numbers), "file_name": names, **self._settings}


def plan(grammar: Grammar, *, size: str = "medium", seed: int = 0, backend: str = "sketch") -> SheetPlan | SidePlan:
    """Return the plan of a grammar: its columns say of what. `size` and `backend` are for the sheet alone.

    Raises ValueError where a grammar has other columns than the sheet or a side file, or cannot be balanced.
    """
    columns = set(grammar.tables)
    if columns == set(SheetPlan.SAYS):
        return SheetPlan(grammar, size=size, seed=seed, backend=backend)
    if columns == set(SidePlan.SAYS):
        return SidePlan(grammar, seed=seed)
    raise ValueError(
        f"the grammar {grammar.name!r} has the columns {', '.join(grammar.tables)}: a design needs those of the sheet "
        f"({', '.join(SheetPlan.SAYS)}) or of EmoNet-Face ({', '.join(SidePlan.SAYS)})"
    )


def _refuse_undrawable(grammar: Grammar) -> None:
    for column, table in grammar.tables.items():
        if unknown := [value for value in table if value not in CHOICES[column]]:
            raise ValueError(
                f"{column} {unknown[0]!r} is not in the published tables, and the sketch renderer draws no other: "
                f"expected {listed(list(filter(None, CHOICES[column])))}, or the backend diffusers"
            )


def _region(x: float, y: float, radius: float) -> NDArray[np.int64]:
    """Return all places of a region that lie in the unit disc, in thousandths, so that none is rounded (places x 2)."""
    middle, reach = np.array([round(x * SCALE), round(y * SCALE)]), round(radius * SCALE)
    places = np.indices((2 * reach + 1, 2 * reach + 1)).reshape(2, -1).T - reach + middle
    inside = ((places - middle) ** 2).sum(axis=1) < reach**2
    found: NDArray[np.int64] = places[inside & ((places**2).sum(axis=1) <= SCALE**2)]
    return found


def _quoted(cells: Any) -> Any:
    """Return cells as a CSV has them: in quotes where they hold a comma, a quote or a line end."""
    if isinstance(cells, str):
        return f'"{cells.replace(chr(34), chr(34) * 2)}"' if re.search('[",\r\n]', cells) else cells
    special = pc.match_substring_regex(cells, '[",\r\n]')
    if not pc.any(special).as_py():
        return cells
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(cells, '"', '""'), '"', "")
    return pc.if_else(special, quoted, cells)
