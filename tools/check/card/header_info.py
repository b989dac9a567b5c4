"""The rules for `dataset_info`: its form, its numbers, and whether it agrees with `configs`, the files and the size.

They follow what `datasets` does with it: DatasetInfo, SplitDict and Features, and datasets.utils.info_utils, which
compares it with what was loaded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from tools.check.card.entries import line_of, texts
from tools.check.card.features import feature_problem
from tools.check.card.header_configs import data_files, place
from tools.check.card.read import Card
from tools.check.card.rules_header import (
    INFO,
    INFO_CONFIGS,
    INFO_COUNTS,
    INFO_SPLITS,
    SIZE_AND_COUNTS,
)
from tools.check.findings import Finding, quote

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_RANGE = re.compile(r"(?:(?P<low>\d+)(?P<low_unit>[KMBT]?)<)?n(?:<(?P<high>\d+)(?P<high_unit>[KMBT]?))?")


@dataclass(frozen=True)
class Info:
    """What dataset_info says of one config, and where in the header it does."""

    config: str
    path: tuple[str | int, ...]
    values: dict[Any, Any]

    @property
    def splits(self) -> list[dict[Any, Any]]:
        """Its splits, as far as they are mappings."""
        splits = self.values.get("splits")
        return [split for split in splits if isinstance(split, dict)] if isinstance(splits, list) else []

    @property
    def split_names(self) -> list[str]:
        """The names of its splits, as far as they are text."""
        return [split["name"] for split in self.splits if isinstance(split.get("name"), str)]

    @property
    def rows(self) -> int | None:
        """The rows of all its splits; None where it does not say."""
        counts = [split.get("num_examples") for split in self.splits]
        return sum(counts) if counts and all(type(count) is int for count in counts) else None  # type: ignore[arg-type]


def infos(card: Card) -> list[Info]:
    """Return what a header's dataset_info says, by config; the name of one without is "default"."""
    value = (card.header or {}).get("dataset_info")
    listed = list(enumerate(value)) if isinstance(value, list) else []
    items: list[tuple[tuple[str | int, ...], Any]] = [(("dataset_info", number), item) for number, item in listed]
    items += [(("dataset_info",), value)] if isinstance(value, dict) else []
    return [Info(str(item.get("config_name", "default")), path, item) for path, item in items if isinstance(item, dict)]


def info_findings(card: Card) -> Iterator[Finding]:
    """Yield what is wrong with the dataset_info of a header."""
    if (card.header or {}).get("dataset_info") is None:
        return
    rules: tuple[Callable[[Card], Iterator[Finding]], ...] = (
        info_form, info_configs, info_splits, info_counts, size_and_counts,
    )  # fmt: skip
    for rule in rules:
        yield from rule(card)


def info_form(card: Card) -> Iterator[Finding]:
    """CA031: no mapping, splits that are ignored, features that datasets cannot read back."""
    value = (card.header or {})["dataset_info"]
    if not isinstance(value, (dict, list)):
        message = f"dataset_info holds {quote(value)}, expected a mapping or a list of mappings"
        yield INFO.at(card.name, message, line=place(card, ("dataset_info",)), column="dataset_info")
    for number, item in enumerate(value if isinstance(value, list) else []):
        if not isinstance(item, dict):
            message = f"item {number + 1} of dataset_info is {quote(item)}, expected a mapping"
            yield INFO.at(card.name, message, line=place(card, ("dataset_info", number)), column="dataset_info")
    for info in infos(card):
        if problem := _splits_problem(info.values.get("splits")):
            message = f"the splits of {quote(info.config)} are ignored: {problem}"
            yield INFO.at(card.name, message, line=place(card, (*info.path, "splits")), column="splits")
        yield from _features(card, info)


def _features(card: Card, info: Info) -> Iterator[Finding]:
    features, path = info.values.get("features"), (*info.path, "features")
    if features is not None and not isinstance(features, list):
        message = f"datasets cannot read the features of {quote(info.config)}: they are {quote(features)}, "
        yield INFO.at(card.name, message + "expected a list", line=place(card, path), column="features")
    for number, feature in enumerate(features if isinstance(features, list) else []):
        if problem := feature_problem(feature):
            name = feature.get("name") if isinstance(feature, dict) else None
            what = quote(name) if isinstance(name, str) else f"{number + 1}"
            message = f"datasets cannot read the feature {what} of {quote(info.config)}: {problem}"
            yield INFO.at(card.name, message, line=place(card, (*path, number)), column="features")


def _splits_problem(splits: Any) -> str | None:
    if splits is None:
        return None
    if not isinstance(splits, list) or not all(isinstance(split, dict) for split in splits):
        return "they are no list of mappings"
    for key in ("name", "num_bytes", "num_examples"):
        if any(key not in split for split in splits):
            return f"one has no {key}"
    names = Counter(str(split["name"]) for split in splits)
    again = next((name for name, count in names.items() if count > 1), None)
    return f"{quote(again)} stands twice" if again else None


def info_configs(card: Card) -> Iterator[Finding]:
    """CA032: a config that only configs or only dataset_info has."""
    configs = (card.header or {}).get("configs")
    listed = configs if isinstance(configs, list) else []
    names = [config.get("config_name") if isinstance(config, dict) else None for config in listed]
    named = {name: number for number, name in enumerate(names) if isinstance(name, str)}
    described = {info.config: info for info in infos(card)}
    if not named or not described:
        return
    for name, info in described.items():
        if name not in named:
            message = f"dataset_info describes the config {quote(name)}, expected one of configs"
            message += f", got {', '.join(map(quote, list(named)[:3]))}"
            line = place(card, (*info.path, "config_name"))
            yield INFO_CONFIGS.at(card.name, message, line=line, column="config_name", value=name)
    for name, number in named.items():
        if name not in described:
            message = f"the config {quote(name)} is not described, expected it in dataset_info as the others are"
            line = place(card, ("configs", number, "config_name"))
            yield INFO_CONFIGS.at(card.name, message, line=line, column="config_name", value=name)


def info_splits(card: Card) -> Iterator[Finding]:
    """CA033: a split that only configs or only dataset_info has."""
    described = {info.config: info for info in infos(card) if info.split_names}
    by_config: dict[str, list[str]] = {}
    for files in data_files(card):
        by_config.setdefault(files.config, []).append(files.split)
    for config, splits in by_config.items():
        info = described.get(config)
        if info and set(info.split_names) != set(splits):
            listed, told = ", ".join(map(quote, splits[:5])), ", ".join(map(quote, info.split_names[:5]))
            message = f"configs has the splits {listed} of {quote(config)}, expected those of dataset_info, {told}"
            yield INFO_SPLITS.at(card.name, message, line=place(card, (*info.path, "splits")), column="splits")


def info_counts(card: Card) -> Iterator[Finding]:
    """CA034: a number that is missing, negative or no number, or a size that is not the sum of its splits."""
    for info in infos(card):
        splits = info.values.get("splits")
        for number, split in enumerate(splits if isinstance(splits, list) else []):
            if not isinstance(split, dict):
                continue
            for key in ("num_examples", "num_bytes"):
                if key in split and not _is_count(split[key]):
                    message = f"{key} of split {quote(split.get('name'))} is {_shown(split[key])}, expected 0 or more"
                    line = place(card, (*info.path, "splits", number, key))
                    yield INFO_COUNTS.at(card.name, message, line=line, column=key, value=str(split[key]))
        for key in ("download_size", "dataset_size"):
            if key in info.values and not _is_count(info.values[key]):
                message = f"{key} of {quote(info.config)} is {_shown(info.values[key])}, expected 0 or more"
                line = place(card, (*info.path, key))
                yield INFO_COUNTS.at(card.name, message, line=line, column=key, value=str(info.values[key]))
        size = info.values.get("dataset_size")
        sizes = [split.get("num_bytes") for split in info.splits]
        total = sum(part for part in sizes if _is_count(part))
        if not sizes or not _is_count(size) or not all(map(_is_count, sizes)):
            continue
        # Splits that were cut from a whole have shares of its bytes, and those need not be whole numbers.
        if abs(size - total) > len(sizes):
            message = f"dataset_size of {quote(info.config)} is {size:,}, expected the sum of its splits, {total:,}"
            line = place(card, (*info.path, "dataset_size"))
            yield INFO_COUNTS.at(card.name, message, line=line, column="dataset_size", value=str(size))


def _is_count(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def _shown(value: Any) -> str:
    return "nothing" if value is None else quote(value)


def size_and_counts(card: Card) -> Iterator[Finding]:
    """CA036: a size category into which neither all rows nor those of a config fall."""
    described = infos(card)
    configs = (card.header or {}).get("configs")
    listed = len(configs) if isinstance(configs, list) else 0
    counts = [info.rows for info in described if info.rows is not None]
    if not counts or len(counts) < len(described) or listed > len(described):
        return  # the rows of some config are not known
    possible = {sum(counts), *counts}
    for entry in texts(card, "size_categories"):
        match = _RANGE.fullmatch(entry.text)
        if not match or entry.text == "n":
            beyond = re.fullmatch(r"n>1T", entry.text)
            low, high = (10**12, float("inf")) if beyond else (0, float("inf"))
        else:
            low = int(match["low"] or 0) * _UNITS[match["low_unit"] or ""]
            high = int(match["high"]) * _UNITS[match["high_unit"]] if match["high"] else float("inf")
        if not any(low <= count <= high for count in possible):
            message = f"the size category is {quote(entry.text)}, expected that of {sum(counts):,} rows"
            line = line_of(card, entry.node)
            yield SIZE_AND_COUNTS.at(card.name, message, line=line, column=entry.key, value=entry.text)
