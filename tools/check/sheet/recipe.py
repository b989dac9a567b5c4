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
from tools.check.sheet.read import Sheet
from tools.check.sheet.rules import LEAK, PROMPT_DISAGREES, SAME_RECIPE, SEED_RANDOM
from tools.make.prompts import AGES, EMOTION_PHRASES, GENDERS, RACES


def _one_of(name: str, words: tuple[str, ...]) -> str:
    return f"(?P<{name}>{'|'.join(map(re.escape, words))})"


# A prompt of the published form. What follows the emotion's name in its phrase is left open, and so are style and
# others; a prompt of another form is the maintainer's, and nothing is said of it.
_PROMPT = re.compile(
    rf"\s*{_one_of('emotion', tuple(EMOTION_PHRASES))} emotion\b.*?"
    rf", {_one_of('race', RACES)} {_one_of('age', AGES)} style"
    rf", a realistic portrait of (?:[^,]* )?{_one_of('gender', GENDERS)}, upper body\b",
    re.IGNORECASE | re.DOTALL,
)
VOCABULARY = {"emotion": tuple(EMOTION_PHRASES), "race": RACES, "age": AGES, "gender": GENDERS}
# Other words for the grammar's own; a word that is not of its vocabulary cannot be told to be another.
SAME = {"male": "man", "female": "woman", "teenager": "teen", "middle aged": "middle-aged"}
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
    """Return emotion, race, age and gender that a prompt of the published form asks for; empty for any other."""
    match = _PROMPT.match(prompt or "")
    return {name: text.lower() for name, text in match.groupdict().items()} if match else {}


def _prompts(sheet: Sheet) -> Iterator[Finding]:
    prompts, of_row = sheet.distinct("prompt")
    published = pc.match_substring(prompts, "a realistic portrait of", ignore_case=True)
    if not pc.any(published).as_py():
        return
    asked = pa.array([_asked(text) for text in prompts.to_pylist()], pa.list_(pa.int32(), len(VOCABULARY)))
    for place, (column, words) in enumerate(VOCABULARY.items()):
        if not sheet.has(column):
            continue
        texts, codes = sheet.distinct(column)
        said = pc.index_in(pa.array(map(_plain, texts.to_pylist()), pa.string()), pa.array(words)).take(codes)
        wanted = pc.list_element(asked, place).take(of_row)
        for index in true_places(pc.not_equal(said, wanted)).to_pylist():  # null says nothing
            value, word = texts[codes[index].as_py()].as_py(), words[wanted[index].as_py()]
            message = f"{column} {quote(value)} disagrees with the prompt, which asks for '{word}'"
            yield sheet.found(PROMPT_DISAGREES, index, message, column=column, value=value)


@functools.lru_cache(maxsize=100_000)  # a prompt stands in many parts of a sheet
def _asked(prompt: str | None) -> tuple[int | None, ...]:
    """Return the places in `VOCABULARY` of what a prompt asks for; None for what it does not say."""
    parts = parse_prompt(prompt)
    return tuple(words.index(parts[column]) if parts else None for column, words in VOCABULARY.items())


def _plain(text: str | None) -> str:
    word = (text or "").strip().lower()
    return SAME.get(word, word)


def _seeds(sheet: Sheet) -> Iterator[Finding]:
    seeds = sheet.numbers("seed")
    for index in true_places(pc.less(seeds, 0)).to_pylist():
        seed = seeds[index].as_py()
        meaning = ": the Stable Diffusion web UI takes it for 'any seed'" if seed == -1 else ""
        message = f"seed is {seed}, expected the number that was drawn, from 0{meaning}"
        yield sheet.found(SEED_RANDOM, index, message, column="seed", value=str(seed))


def _twice(sheet: Sheet) -> Iterator[Finding]:
    columns = [column for column in ("path", "split", *SETTINGS) if sheet.has(column)]
    rows = _repeated(sheet)
    first: dict[tuple[Any, ...], tuple[int, str | None]] = {}
    recipes: dict[tuple[Any, ...], tuple[int, str]] = {}
    cells = sheet.table.select(columns).take(rows["row"]).to_pylist()
    keys = zip(*rows.to_pydict().values(), strict=True)
    for (row, *key), values in zip(keys, cells, strict=True):
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
