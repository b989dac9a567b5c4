"""The Hub's vocabulary of dataset cards: keys and values it knows, what it renamed, and the known word that was meant.

The facts and their sources are in `tools/schemas/hub_vocabulary.json`.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

LONGEST_WORD = 100  # characters; comparing takes the square of them
FILE = Path(__file__).parents[2] / "schemas" / "hub_vocabulary.json"


@dataclass(frozen=True)
class Vocabulary:
    """Known words by what they name; `tasks` maps a category to its task ids, the `renamed_` maps give new names."""

    keys: frozenset[str]
    renamed_keys: dict[str, str]
    tasks: dict[str, tuple[str, ...]]
    renamed_tasks: dict[str, tuple[str, ...]]
    licenses: tuple[str, ...]
    size_categories: tuple[str, ...]
    annotations_creators: tuple[str, ...]
    language_creators: tuple[str, ...]
    multilinguality: tuple[str, ...]
    languages: frozenset[str]

    @functools.cached_property
    def categories_of(self) -> dict[str, tuple[str, ...]]:
        """The categories that have a task id."""
        owners: dict[str, tuple[str, ...]] = {}
        for category, ids in self.tasks.items():
            for task_id in ids:
                owners[task_id] = (*owners.get(task_id, ()), category)
        return owners

    def categories_meant(self, word: str) -> tuple[str, ...]:
        """Return the categories that a value of `task_categories` stands for: itself, its new names, or its owners."""
        if word in self.tasks:
            return (word,)
        return self.renamed_tasks.get(word) or self.categories_of.get(word, ())


@functools.cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary, read once."""
    facts = json.loads(FILE.read_text("utf-8"))
    words = {name: tuple(value.split()) for name, value in facts.items() if isinstance(value, str)}
    return Vocabulary(
        keys=frozenset(words["keys"]),
        renamed_keys=facts["renamed_keys"],
        tasks={category: tuple(ids.split()) for category, ids in facts["task_categories"].items()},
        renamed_tasks={old: tuple(new.split()) for old, new in facts["renamed_tasks"].items()},
        licenses=words["licenses"],
        # The client's own documentation lists `other`, which the list of the library has not.
        size_categories=(*words["size_categories"], "other"),
        annotations_creators=words["annotations_creators"],
        language_creators=words["language_creators"],
        multilinguality=words["multilinguality"],
        languages=frozenset((*words["languages"], *words["special_languages"], *facts["iso_639_2"])),
    )


def same_word(word: str, known: Collection[str]) -> str | None:
    """Return the one known word from which `word` differs by case, blanks, `_` and `-` alone, else None."""
    if len(word) > LONGEST_WORD:
        return None
    plain = _plain(word)
    found = [candidate for candidate in known if _plain(candidate) == plain]
    return found[0] if len(found) == 1 and found[0] != word else None


@functools.lru_cache(1000)
def _plain(word: str) -> str:
    return re.sub(r"[\s_-]", "", word).lower()


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that `word` is a misspelling of, None where none comes near."""
    if len(word) > LONGEST_WORD:
        return None
    found = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.8)
    return found[0] if found else None
