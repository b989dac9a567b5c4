"""A balanced design over the crossings of a grammar, for any number of rows, which can be made from any row on.

In come a grammar and a seed; out comes for each row the place of its value in each table. The rows go in blocks: a
block has each cell of the crossing once, in a random order in which the values of the first column take turns. So in
the first N rows, for every N, two cells differ by one row at most, and so do two values of the first column.

The columns that are not crossed (style, others) are dealt from decks: a deck has each value that may stand in the cell
once, and so many times "nothing" as the share of empty rows asks for. A lap is as many blocks as the deck has cards.
Within a lap each cell gets each card once, and within a block the cells get different cards as far as they go.

All random numbers are raw words of numpy's Philox, a generator whose stream is fixed (NEP 19) and can be entered at any
place: what a row gets hangs on the seed and on its number alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.make.grammar import Grammar

Integers = NDArray[np.int64]
MOST_CELLS = 1_000_000
ROWS = 16_384  # that are made at a time, or one block where that is more


class Words:
    """Endless rows of random 64-bit words, one for each name; equal on every machine and in every version of numpy."""

    def __init__(self, seed: int, salt: str) -> None:
        self._seed, self._salt = seed, salt

    def get(self, name: str, start: int, count: int) -> NDArray[np.uint64]:
        """Return the words number `start` to `start + count` of the row `name`."""
        digest = hashlib.blake2b(f"{self._seed}/{self._salt}/{name}".encode(), digest_size=16).digest()
        key = np.frombuffer(digest, dtype="<u8").astype(np.uint64)
        skip = start % 4  # a step of Philox gives four words
        words: NDArray[np.uint64] = np.random.Philox(key=key, counter=start // 4).random_raw(skip + count)
        return words[skip:]


@dataclass(frozen=True)
class Picks:
    """What some rows in turn get: `first` is the number of the first, from 0; `places` hold the place of each row's
    value in its table, by column, -1 for none; `turns` are how many rows before it have its value of the first column.
    """

    first: int
    places: dict[str, Integers]
    turns: Integers


@dataclass(frozen=True)
class _Deck:
    """The cards of one column for some cells: places in the table, -1 for nothing."""

    column: str
    cells: Integers
    cards: Integers


class Crossings:
    """The design of one grammar and seed; `salt` keeps designs of one seed apart.

    Raises ValueError where the grammar cannot be balanced.
    """

    def __init__(self, grammar: Grammar, seed: int, salt: str = "") -> None:
        self.grammar, self.words = grammar, Words(seed, salt)
        if not grammar.crossed:
            raise ValueError(f"the grammar {grammar.name!r} crosses no column: a design has nothing to balance")
        sizes = [len(grammar.tables[column]) for column in grammar.crossed]
        if np.prod(sizes, dtype=float) > MOST_CELLS:
            raise ValueError(
                f"the crossing of {', '.join(grammar.crossed)} has {np.prod(sizes, dtype=float):,.0f} cells, more than "
                f"the {MOST_CELLS:,} that a design can balance: leave a column out of 'crossed' in the grammar"
            )
        self._refuse_what_cannot_be_dealt()
        self.cells = self._cells()
        starts = np.flatnonzero(np.diff(self.cells[:, 0], prepend=-1))
        self._groups = np.split(np.arange(len(self.cells)), starts[1:])  # of cells with one value of the first column
        self._group_sizes = np.array([len(group) for group in self._groups])
        self._decks = [
            deck for column in grammar.tables if column not in grammar.crossed for deck in self._dealt(column)
        ]

    def picks(self, start: int, stop: int) -> Iterator[Picks]:
        """Yield what the rows number `start` to `stop` get, some at a time."""
        size = len(self.cells)
        step = max(1, ROWS // size)
        for block in range(start // size, -(-stop // size), step):
            last = min(block + step, -(-stop // size))
            cells, rounds = self._blocks(block, last - block)
            places = {column: self.cells[cells, k] for k, column in enumerate(self.grammar.crossed)}
            places |= {column: self._cards(column, block, cells) for column in self._dealt_columns()}
            numbers = np.arange(block, last)[:, None]
            turns = numbers * self._group_sizes[self.cells[cells, 0]] + rounds
            low, high = max(start - block * size, 0), min(stop, last * size) - block * size
            for at in range(low, high, ROWS):
                rows = slice(at, min(at + ROWS, high))
                some = {column: place.ravel()[rows] for column, place in places.items()}
                yield Picks(block * size + at, some, turns.ravel()[rows])

    def _dealt_columns(self) -> list[str]:
        return list(dict.fromkeys(deck.column for deck in self._decks))

    def _refuse_what_cannot_be_dealt(self) -> None:
        """A card is dealt by the cell alone: what a value goes only with has to be crossed."""
        crossed = self.grammar.crossed
        for column, values in self.grammar.only_with.items():
            for value, partners in values.items():
                for other in partners:
                    if other not in crossed:
                        raise ValueError(
                            f"{column} {value!r} goes only with some {other}: add {other!r} to 'crossed' in the grammar"
                        )

    def _cells(self) -> Integers:
        """Return the places of the values of each cell that the rules allow (cells x columns), by the first column."""
        crossed, tables = self.grammar.crossed, self.grammar.tables
        sizes = [len(tables[column]) for column in crossed]
        grid: Integers = np.indices(sizes, dtype=np.int64).reshape(len(sizes), -1).T
        if any(column in self.grammar.only_with for column in crossed):
            names = [list(tables[column]) for column in crossed]
            texts = ([table[place] for table, place in zip(names, row, strict=True)] for row in grid.tolist())
            good = [self.grammar.breach(dict(zip(crossed, row, strict=True))) is None for row in texts]
            grid = grid[np.array(good)]
        for k, column in enumerate(crossed):
            if missing := set(range(len(tables[column]))) - set(np.unique(grid[:, k]).tolist()):
                value = list(tables[column])[min(missing)]
                raise ValueError(f"the rules of the grammar {self.grammar.name!r} leave no cell for {column} {value!r}")
        return grid

    def _dealt(self, column: str) -> list[_Deck]:
        """Return the decks of a column: one for each set of values that the rules allow in a cell."""
        grammar = self.grammar
        rules = grammar.only_with.get(column, {})
        allowed = np.ones((len(self.cells), len(grammar.tables[column])), dtype=bool)
        for place, value in enumerate(grammar.tables[column]):
            for other, partners in rules.get(value, {}).items():
                names = list(grammar.tables[other])
                good = [names.index(partner) for partner in partners]
                allowed[:, place] &= np.isin(self.cells[:, grammar.crossed.index(other)], good)
        kinds, of_cell = np.unique(allowed, axis=0, return_inverse=True)
        decks = []
        for number, kind in enumerate(kinds):
            cards = np.flatnonzero(kind)
            if column in grammar.optional:
                share = grammar.shares[column]
                empty = round(len(cards) * (1 - share) / share) if len(cards) else 1
                cards = np.concatenate([cards, np.full(empty, -1, dtype=cards.dtype)])
            if not len(cards):
                raise ValueError(f"the rules of the grammar {grammar.name!r} leave some cells without any {column}")
            decks.append(_Deck(column, np.flatnonzero(of_cell.ravel() == number), cards.astype(np.int64)))
        return decks

    def _blocks(self, first: int, count: int) -> tuple[Integers, Integers]:
        """Return the cells of `count` blocks in their order, and the round of each (blocks x cells both)."""
        size = len(self.cells)
        keys = self.words.get("cells", first * size, count * size).reshape(count, size)
        rounds = np.empty((count, size), dtype=np.int64)  # by cell: its place among those of its group
        for group in self._groups:
            order = np.argsort(keys[:, group], axis=1, kind="stable")
            rounds[:, group] = np.argsort(order, axis=1, kind="stable")
        turns = self.words.get("turns", first * size, count * size).reshape(count, size)
        sorting = (rounds.astype(np.uint64) << np.uint64(40)) | (turns >> np.uint64(24))
        cells: Integers = np.argsort(sorting, axis=1, kind="stable")
        return cells, np.take_along_axis(rounds, cells, axis=1)

    def _cards(self, column: str, first: int, cells: Integers) -> Integers:
        """Return the cards of the blocks from number `first` on, in the order of `cells` (blocks x cells)."""
        by_cell = np.empty(cells.shape, dtype=np.int64)
        blocks = np.arange(first, first + len(cells))
        for number, deck in enumerate(deck for deck in self._decks if deck.column == column):
            name, many, held = f"{column}/{number}", len(deck.cards), len(deck.cells)
            laps = blocks // many
            lowest, count = int(laps[0]), int(laps[-1] - laps[0] + 1)
            # In each lap the cards are shuffled, and the cells are set in a random circle around them.
            cards = _shuffles(self.words.get(f"{name}/cards", lowest * many, count * many).reshape(count, many))
            seats = _shuffles(self.words.get(f"{name}/seats", lowest * held, count * held).reshape(count, held))
            lap = laps - lowest
            turn = (seats[lap] + (blocks % many)[:, None]) % many
            by_cell[:, deck.cells] = deck.cards[np.take_along_axis(cards[lap], turn, axis=1)]
        return np.take_along_axis(by_cell, cells, axis=1)


def _shuffles(words: NDArray[np.uint64]) -> Integers:
    """Return a random order of each row's places."""
    order: Integers = np.argsort(words, axis=1, kind="stable")
    return order


class Scatter:
    """A bijection of the numbers below `half` squared: row numbers in, numbers that look random out, none twice.

    A Feistel network of four rounds over two halves, whose round functions are tables of random words; the halves are
    added modulo `half`, which needs no power of two.
    """

    def __init__(self, words: Words, name: str, half: int) -> None:
        self.half = half
        self._tables = [(words.get(f"{name}/{turn}", 0, half) % np.uint64(half)).astype(np.int64) for turn in range(4)]

    def of(self, numbers: Integers) -> tuple[Integers, Integers]:
        """Return the two halves (high, low) of what the numbers become; each is from 0 to `half`, not included."""
        left, right = np.divmod(numbers, self.half)
        for table in self._tables:
            left, right = right, (left + table[right]) % self.half
        return left, right
