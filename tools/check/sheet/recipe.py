"""Rules for the recipe of a picture: its prompt against the columns, its seed, and recipes that stand in several rows.

Distinct prompts are taken apart in Python, each once; the rows are compared by the indices of their distinct texts.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.check.findings import Finding, quote
from tools.check.places import true_places
from tools.check.sheet.columns import meant_label
from tools.check.sheet.read import Sheet
from tools.check.sheet.rules import LEAK, PROMPT_DISAGREES, SAME_RECIPE, SEED_RANDOM
from tools.make.prompts import AGES, EMOTION_PHRASES, GENDERS, RACES


def _one_of(name: str, words: tuple[str, ...]) -> str:
    return f"(?P<{name}>{'|'.join(map(re.escape, words))})"


# The parts of a prompt of the published grammar, each between commas, and each read on its own. The words of style,
# which stand before the gender, are the maintainer's; a part of another form says nothing.
_FLAGS = re.IGNORECASE | re.ASCII  # without ASCII, "\u017f" would be an "s"
_PARTS = (
    re.compile(rf"(?:^|,)\s*{_one_of('emotion', tuple(EMOTION_PHRASES))} emotion\s*(?=,|$)", _FLAGS),
    re.compile(rf"(?:^|,)\s*{_one_of('race', RACES)} {_one_of('age', AGES)} style\s*(?=,|$)", _FLAGS),
    re.compile(
        rf"(?:^|,)\s*a realistic portrait of (?:(?!(?:{'|'.join(GENDERS)})\b)[^\s,]+ ){{0,3}}"
        rf"{_one_of('gender', GENDERS)}\s*(?=,|$)",
        _FLAGS,
    ),
)
_MARKS = (b" emotion", b" style", b"realistic portrait of ")  # each part of the grammar has one of these
VOCABULARY = {"emotion": tuple(EMOTION_PHRASES), "race": RACES, "age": AGES, "gender": GENDERS}
# Other words for the grammar's own.
SAME = {
    **dict.fromkeys(("male", "boy", "m"), "man"),
    **dict.fromkeys(("female", "girl", "f"), "woman"),
    **dict.fromkeys(("teenager", "teenage", "adolescent"), "teen"),
    **dict.fromkeys(("middle aged", "middle age", "middle-age"), "middle-aged"),
    **dict.fromkeys(("elderly", "senior"), "old"),
    **dict.fromkeys(("caucasian",), "white"),
    **dict.fromkeys(("african american", "african-american", "african"), "black"),
    **dict.fromkeys(("latino", "latina", "latinx", "hispanic"), "latin"),
}
# A cell that says that nothing is known; so does an empty one.
UNKNOWN = ("", "-", "?", "n/a", "na", "nan", "none", "null", "unknown")
OTHER = -1  # the place in `VOCABULARY` of a word that is not in it
# What else decides how the picture of a prompt and a seed looks.
SETTINGS = ("negative_prompt", "steps", "sampler", "cfg_scale", "model")


def recipe_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the rows whose prompt contradicts them, or whose seed is none."""
    if sheet.has("prompt"):
        yield from _prompts(sheet)
    if sheet.has("seed"):
        yield from _seeds(sheet)


def same_recipe_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the rows whose prompt and seed stand in an earlier row of their size: in another split, or all the same."""
    if sheet.has("prompt") and sheet.has("seed"):
        yield from _twice(sheet)


def parse_prompt(prompt: str | None) -> dict[str, str]:
    """Return what a prompt asks for of emotion, race, age and gender, in the words and the form of the grammar."""
    matches = (part.search(prompt or "") for part in _PARTS)
    return {name: text.lower() for match in matches if match for name, text in match.groupdict().items()}


def _prompts(sheet: Sheet) -> Iterator[Finding]:
    prompts, of_row = sheet.distinct("prompt")
    data = memoryview(prompts.buffers()[2] or b"").tobytes().lower()  # far quicker than to ask each prompt
    if not any(mark in data for mark in _MARKS):
        return
    asked = pa.array(map(_asked, prompts.to_pylist()), pa.list_(pa.int32(), len(VOCABULARY)))
    for place, (column, words) in enumerate(VOCABULARY.items()):
        if not sheet.has(column):
            continue
        texts, codes = sheet.distinct(column)
        said = pa.array((_said(column, text) for text in texts.to_pylist()), pa.int32()).take(codes)
        wanted = pc.list_element(asked, place).take(of_row)
        for index in true_places(pc.not_equal(said, wanted)).to_pylist():  # null says nothing
            value, word = texts[codes[index].as_py()].as_py(), words[wanted[index].as_py()]
            message = f"{column} {quote(value)} disagrees with the prompt, which asks for '{word}'"
            yield sheet.found(PROMPT_DISAGREES, index, message, column=column, value=value)


@functools.lru_cache(maxsize=100_000)  # a prompt stands in many parts of a sheet
def _asked(prompt: str | None) -> tuple[int | None, ...]:
    """Return the places in `VOCABULARY` of what a prompt asks for; None for what it does not say."""
    parts = parse_prompt(prompt)
    return tuple(words.index(parts[column]) if column in parts else None for column, words in VOCABULARY.items())


def _said(column: str, text: str | None) -> int | None:
    """Return the place in `VOCABULARY` of what a cell says, OTHER for another word; None where it says nothing."""
    word = (text or "").strip().lower()
    if word in UNKNOWN or (column == "age" and word[:1].isdigit()):  # nobody says which years are "old"
        return None
    if column == "emotion":  # a label that is none has a finding of its own
        label = meant_label(word)
        return VOCABULARY[column].index(label) if label else None
    word = SAME.get(word, word)
    return VOCABULARY[column].index(word) if word in VOCABULARY[column] else OTHER


def _seeds(sheet: Sheet) -> Iterator[Finding]:
    seeds = sheet.numbers("seed")
    for index in true_places(pc.less(seeds, 0)).to_pylist():
        seed = seeds[index].as_py()
        meaning = ": the Stable Diffusion web UI takes it for 'any seed'" if seed == -1 else ""
        message = f"seed is {seed}, expected the number that was drawn, from 0{meaning}"
        yield sheet.found(SEED_RANDOM, index, message, column="seed", value=str(seed))


def _twice(sheet: Sheet) -> Iterator[Finding]:
    columns = [column for column in ("path", "split", *SETTINGS) if sheet.has(column)]
    first: dict[tuple[Any, ...], tuple[int, str | None]] = {}
    recipes: dict[tuple[Any, ...], tuple[int, str]] = {}
    for (row, *key), values in _with_cells(_repeated(sheet), sheet.table.select(columns)):
        path, split, seed = values.pop("path"), values.pop("split", None), key[-1]
        earlier, before = first.setdefault(tuple(key), (row, split))
        if split != before:
            message = f"prompt and seed {seed} are those of row {sheet.row(earlier):,} in split {quote(before)}"
            yield sheet.found(LEAK, row, f"{message}, this row is in {quote(split)}", column="seed", value=str(seed))
            continue
        same, other_path = recipes.setdefault((*key, *values.values()), (row, path))
        if same != row and other_path != path:  # of one path twice, another rule speaks
            message = f"the recipe is that of row {sheet.row(same):,}: the same prompt, seed {seed} and settings"
            yield sheet.found(SAME_RECIPE, row, message, column="seed", value=str(seed))


def _with_cells(rows: pa.Table, table: pa.Table) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield each of the rows with its cells, which are read from the table a few at a time."""
    for some in rows.to_batches(max_chunksize=10_000):
        yield from zip(zip(*some.to_pydict().values(), strict=True), table.take(some["row"]).to_pylist(), strict=True)


def _repeated(sheet: Sheet) -> pa.Table:
    """Return row, size, prompt (its index) and seed of the rows that share the last three with another row.

    An empty prompt or seed is like no other, nor is a seed that stands for any. One picture may stand in several sizes.
    """
    seeds, (_, prompts) = sheet.numbers("seed"), sheet.distinct("prompt")
    usable = pc.and_(pc.is_valid(prompts), pc.greater_equal(seeds, 0))
    ordered = np.sort(seeds.filter(usable).to_numpy(zero_copy_only=False))  # far quicker than to count each seed
    often = pa.array(ordered[1:][ordered[1:] == ordered[:-1]], seeds.type)
    rows = true_places(pc.and_(usable, pc.is_in(seeds, often)))
    folders = pc.list_element(pc.split_pattern(sheet.text("path").take(rows), "/", max_splits=1), 0)
    sizes = pc.utf8_slice_codeunits(folders, -1)  # the last letter tells the sizes apart
    table = pa.table({"row": rows, "size": sizes, "prompt": prompts.take(rows), "seed": seeds.take(rows)})
    groups = table.group_by(["size", "prompt", "seed"], use_threads=False).aggregate(
        [("row", "list"), ("row", "count")]
    )
    several = pc.list_flatten(groups.filter(pc.greater(groups["row_count"], 1))["row_list"])
    return table.filter(pc.is_in(table["row"], several))
