"""The header of a card as the Hub shows it above the text: groups of tags, and the name of the dataset.

In goes a header as YAML gives it, which may hold anything; out comes escaped HTML.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from tools.check.card.vocabulary import vocabulary

# As the Hub orders and names them.
GROUPS = {
    "task_categories": "Tasks",
    "task_ids": "Sub-tasks",
    "language": "Languages",
    "size_categories": "Size",
    "configs": "Subsets",
    "source_datasets": "Source",
    "annotations_creators": "Annotations",
    "language_creators": "Language creators",
    "multilinguality": "Multilinguality",
    "tags": "Tags",
    "license": "License",
}
MOST_CHIPS = 40  # of a group
LONGEST_CHIP = 80  # characters


def render_chips(header: Mapping[Any, Any]) -> str:
    """Return the tags of a header, a row for each group that has some."""
    rows = []
    for key, title in GROUPS.items():
        words = list(itertools.islice(_configs(header) if key == "configs" else _words(header, key), MOST_CHIPS + 1))
        chips = [f'<span class="chip">{escape(_shown(key, word))}</span>' for word in words[:MOST_CHIPS]]
        if len(words) > MOST_CHIPS:
            chips.append('<span class="chip">and more</span>')
        if chips:
            rows.append(f'<div class="group"><dt>{title}:</dt> <dd>{" ".join(chips)}</dd></div>')
    return f'<dl class="chips">{"".join(rows)}</dl>' if rows else ""


def name_of(header: Mapping[Any, Any]) -> str:
    """Return the name that a header gives the dataset, or what any card is called."""
    name = header.get("pretty_name")
    return name.strip()[:LONGEST_CHIP] if isinstance(name, str) and name.strip() else "Dataset card"


def _words(header: Mapping[Any, Any], key: str) -> Iterator[str]:
    """Yield the words of a key under its name and its old names: one, a list of them, or lists by config."""
    old = [name for name, new in vocabulary().renamed_keys.items() if new == key]
    for name in (key, *old):
        value = header.get(name)
        for part in value.values() if isinstance(value, dict) else [value]:
            for word in part if isinstance(part, list) else [part]:
                if isinstance(word, (str, int, float)) and not isinstance(word, bool) and str(word).strip():
                    yield str(word).strip()


def _configs(header: Mapping[Any, Any]) -> Iterator[str]:
    """Yield the names of the configs."""
    configs = header.get("configs")
    for config in configs if isinstance(configs, list) else []:
        if isinstance(config, dict) and isinstance(name := config.get("config_name"), str):
            yield name


def _shown(key: str, word: str) -> str:
    if key == "task_categories":  # "text-to-image" is "Text-to-Image" there, "image-classification" two words
        word = "-to-".join(part.replace("-", " ").title() for part in word.split("-to-"))
    elif key == "size_categories":
        word = word.replace("<n<", " - ").replace("n<", "< ").replace("n>", "> ")
    return word if len(word) <= LONGEST_CHIP else f"{word[:LONGEST_CHIP]}..."
