"""The balanced design: even cells, even decks, rows that hang on their number alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.make import crossings as module
from tools.make.crossings import Crossings, Scatter, Words
from tools.make.grammar import Grammar
from tools.make.grammar_file import load, made

SEEDS = st.integers(0, 2**64)


def _raw(**change: Any) -> dict[str, Any]:
    tables = {"x": ["x1", "x2", "x3"], "y": ["y1", "y2"], "u": ["u1", "u2"], "v": ["v1", "v2", "v3"]}
    raw = {"name": "tiny", "template": "{x} {y}[ {u}][ {v}]", "tables": tables, "shares": {"u": 0.25, "v": 1}}
    return {**raw, **change}


TINY = made(_raw(), "tiny")
RULED = made(
    _raw(only_with={"x": {"x1": {"y": ["y2"]}}, "u": {"u2": {"y": ["y1"]}}, "v": {"v1": {"x": ["x2", "x3"]}}}), "ruled"
)


def _rows(grammar: Grammar, seed: int, start: int, stop: int) -> list[tuple[int, ...]]:
    """Return the places of each row in the tables, and its turn."""
    out: list[tuple[int, ...]] = []
    for picks in Crossings(grammar, seed).picks(start, stop):
        assert picks.first == start + len(out)
        columns = [picks.places[column] for column in grammar.tables]
        out += list(zip(*(column.tolist() for column in (*columns, picks.turns)), strict=True))
    return out


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 400), st.sampled_from([TINY, RULED]))
def test_cells_differ_by_one_row_at_most(seed: int, count: int, grammar: Grammar) -> None:
    """For every count, each cell that the rules allow is there and no other; the first column is even, too."""
    rows = _rows(grammar, seed, 0, count)
    allowed: set[tuple[int, ...]] = {(x, y) for x in range(3) for y in range(2) if grammar is TINY or (x, y) != (0, 0)}
    counts: Counter[tuple[int, ...]] = Counter(dict.fromkeys(allowed, 0))
    counts.update(row[:2] for row in rows)
    assert len(rows) == count
    assert set(counts) == allowed
    assert max(counts.values()) - min(counts.values()) <= 1
    if grammar is TINY:
        firsts = Counter(dict.fromkeys(range(3), 0))
        firsts.update(row[0] for row in rows)
        assert max(firsts.values()) - min(firsts.values()) <= 1


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 300), st.integers(0, 300), st.sampled_from([TINY, RULED]))
def test_rows_hang_on_their_number_alone(seed: int, start: int, more: int, grammar: Grammar) -> None:
    """Any stretch of a design is that stretch of a longer one: appending changes nothing."""
    longer = _rows(grammar, seed, 0, start + more + 50)
    assert _rows(grammar, seed, start, start + more) == longer[start : start + more]


@given(SEEDS)
def test_how_many_rows_are_made_at_a_time_does_not_matter(seed: int) -> None:
    """The stretches in which rows are made leave no trace."""
    whole = _rows(RULED, seed, 0, 200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROWS", 7)
        assert _rows(RULED, seed, 0, 200) == whole


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 400))
def test_what_is_dealt_is_even_within_each_cell(seed: int, count: int) -> None:
    """In a cell, each card comes as often as any other, but for one lap; only what the rules allow is dealt."""
    dealt: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    scenes: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for x, y, u, v, _ in _rows(RULED, seed, 0, count):
        dealt[x, y][u] += 1
        scenes[x, y][v] += 1
    for (_, y), counts in dealt.items():
        # A share of a quarter: two values and six times nothing, or where only one may stand, one and three.
        many, empty = (2, 6) if y == 0 else (1, 3)
        assert set(counts) <= {-1, *range(many)}
        laps, over = divmod(counts.total(), many + empty)
        assert all(laps <= counts[place] <= laps + (over > 0) for place in range(many))
        assert laps * empty <= counts[-1] <= laps * empty + min(over, empty)
    for (x, _), counts in scenes.items():
        places = (1, 2) if x == 0 else (0, 1, 2)
        assert set(counts) <= set(places)
        assert max(counts.values()) - min(counts[place] for place in places) <= 1


def test_styles_are_even_over_the_cells_of_a_block() -> None:
    """In the published grammar, one row of each cell has each style about as often: 126 cells, decks of 15."""
    (picks,) = Crossings(load("diffusionfer"), 3).picks(0, 126)
    counts = Counter(picks.places["style"].tolist())
    assert all(4 <= counts[place] <= 5 for place in (1, 2))  # of one gender each
    assert all(8 <= counts[place] <= 10 for place in (0, *range(3, 10)))
    scenes = Counter(picks.places["others"].tolist())
    assert all(15 <= scenes[place] <= 16 for place in range(4))


def test_turns_count_the_rows_of_a_value() -> None:
    """The k-th row of a value of the first column has the turn k, from 0, where all have as many cells."""
    seen: Counter[int] = Counter()
    for row in _rows(TINY, 1, 0, 100):
        assert row[-1] == seen[row[0]]
        seen[row[0]] += 1


def test_seeds_and_salts_make_other_designs() -> None:
    """Another seed or another salt, other rows."""
    first, other = _rows(TINY, 1, 0, 60), _rows(TINY, 2, 0, 60)
    assert first != other
    (salted,) = Crossings(TINY, 1, "large").picks(0, 60)
    assert salted.places["x"].tolist() != [row[0] for row in first]


def test_random_words_are_these_on_every_machine() -> None:
    """The stream is fixed: a design that was made years ago is made again."""
    words = Words(1, "medium").get("cells", 0, 6)
    assert words.tolist() == WORDS
    assert Words(1, "medium").get("cells", 3, 2).tolist() == WORDS[3:5]


WORDS = [
    10618102477816375585,
    5860761461150157899,
    7033817754444772650,
    4472840561865736689,
    4516923744657573903,
    5498247642962004631,
]


@given(SEEDS, st.integers(2, 40))
def test_scatter_gives_every_number_once(seed: int, half: int) -> None:
    """It is a bijection of the numbers below the square of the half."""
    left, right = Scatter(Words(seed, ""), "names", half).of(np.arange(half**2))
    assert sorted((left * half + right).tolist()) == list(range(half**2))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (_raw(crossed=[]), "the grammar 'tiny' crosses no column: a design has nothing to balance"),
        (_raw(only_with={"u": {"u1": {"v": ["v1"]}}}), "u 'u1' goes only with some v: add 'v' to 'crossed' in the "
         "grammar"),
        (_raw(only_with={"x": {"x1": {"y": ["y1"]}, "x2": {"y": ["y1"]}, "x3": {"y": ["y1"]}}}),
         "the rules of the grammar 'tiny' leave no cell for y 'y2'"),
        (_raw(template="{x} {y} {u}[ {v}]", crossed=["x", "y"], shares={"v": 1},
              only_with={"u": {"u1": {"y": ["y1"]}, "u2": {"y": ["y1"]}}}),
         "the rules of the grammar 'tiny' leave some cells without any u"),
        (_raw(tables={**_raw()["tables"], "x": [f"x{k}" for k in range(1001)], "y": [f"y{k}" for k in range(1001)]}),
         "the crossing of x, y has 1,002,001 cells, more than the 1,000,000 that a design can balance: leave a "
         "column out of 'crossed' in the grammar"),
    ],
)  # fmt: skip
def test_what_cannot_be_balanced_is_told(raw: dict[str, Any], message: str) -> None:
    """One line with the way out."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        Crossings(made(raw, "tiny"), 0)
    assert str(caught.value) == message
