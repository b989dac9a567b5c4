"""Compares what a published card and its Croissant file say with the files that are there and with their footers.

In go the mirror of a commit, the two texts and the footers by config and split; out come differences.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from datasets import Features

from DiffusionFER import SPLITS
from tools.check.card.check import check_card
from tools.check.card.rules_body import FILE_UNKNOWN
from tools.check.card.rules_header import NO_MATCH
from tools.check.findings import quote
from tools.check.repo.coverage import files_by_config, is_data
from tools.check.repo.footers import Footer
from tools.check.repo.tree import Tree
from tools.describe.header import Facts, HeaderError, read_header, render_header
from tools.describe.stamp import CARD, CROISSANT
from tools.publish.verify.reads import Mirror
from tools.publish.verify.result import Difference

# By config and split, the footers of the shards; None for a config of which a shard cannot be read.
Footers = Mapping[str, Mapping[str, list[Footer]] | None]
EMPTY_CARD = "---\nconfigs: []\n---\n"


def card_differences(mirror: Mirror, card: bytes | None, croissant: bytes | None, footers: Footers) -> list[Difference]:
    """Return where card, Croissant, files and footers do not agree; a text is None where there is none to read."""
    facts = {config: facts_of(splits) for config, splits in footers.items() if splits}
    known = {config: of for config, of in facts.items() if of}
    header: dict[str, Any] = {}
    found: list[Difference] = []
    if card is not None:
        try:
            header = read_header(card.decode("utf-8", "surrogateescape"))
        except HeaderError as error:
            found.append(Difference(CARD, "unreadable", f"its header is none: {error}"))
        else:
            found += _files(mirror, card, header)
            if known:
                found += _header(header, known, whole=known.keys() == footers.keys())
            found += _configs_without_shards(header, footers)
    if croissant is not None:
        found += _croissant(mirror, croissant, known, footers)
    return found


def facts_of(splits: Mapping[str, list[Footer]]) -> Facts | None:
    """Return what the footers of a config say together; None where datasets cannot read the features in them."""
    every = [footer for footers in splits.values() for footer in footers]
    try:
        features = Features.from_dict(dict(every[-1].features or {}))._to_yaml_list()
    except Exception:  # it raises what its parts raise; what is wrong with the features is said shard by shard
        return None
    rows = {split: sum(footer.rows for footer in footers) for split, footers in splits.items()}
    num_bytes = {split: sum(footer.num_bytes for footer in footers) for split, footers in splits.items()}
    return Facts(features, rows, num_bytes, sum(footer.size for footer in every))


def _files(mirror: Mirror, card: bytes, header: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what the card names and is not there, and the data that no config of it names."""
    for finding in check_card(CARD, card, mirror.folder):
        if finding.rule in (NO_MATCH.id, FILE_UNKNOWN.id):
            yield Difference(CARD, "different", f"{finding.message} (line {finding.line})")
    covered = files_by_config(Tree(mirror.folder, dict(mirror.sizes)), header)
    if covered is None:
        yield Difference(CARD, "unreadable", "its configs cannot be resolved to files")
        return
    named = {name for names in covered.values() for name in names}
    words = set(re.split(r"[\s()<>\[\]\"'`]+", card.decode("utf-8", "replace")))
    for name in sorted(mirror.sizes):
        if is_data(name) and name not in named and name not in words:
            yield Difference(name, "extra", "no config of the card names this file")


def _configs_without_shards(header: Mapping[str, Any], footers: Footers) -> Iterator[Difference]:
    for name in _by_config(header, "configs"):
        if name not in footers:
            yield Difference(CARD, "different", f"config {quote(name)} is in the header, and has no shard")


def _by_config(header: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
    entries = header.get(key)
    entries = entries if isinstance(entries, list) else [entries]
    return {
        entry["config_name"]: entry
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("config_name"), str)
    }


def _header(header: Mapping[str, Any], facts: Mapping[str, Facts], *, whole: bool) -> Iterator[Difference]:
    """Yield where the header is not the one that the footers give; `whole` says that all shards could be read."""
    wanted = read_header(render_header(EMPTY_CARD, facts))
    for key in ("configs", "dataset_info"):
        here, there = _by_config(header, key), _by_config(wanted, key)
        for name, entry in there.items():
            if name not in here:
                yield _different(f"{key} has no entry for config {quote(name)}, which has shards")
                continue
            for field, value in entry.items():
                if field == "default" and not whole:
                    continue
                yield from _value(f"{key}, config {quote(name)}", field, here[name].get(field), value)
            if whole and "default" in here[name].keys() - entry.keys():
                yield from _value(f"{key}, config {quote(name)}", "default", here[name]["default"], None)
    if whole:
        yield from _value("the header", "size_categories", header.get("size_categories"), wanted["size_categories"])


def _value(place: str, field: str, found: Any, wanted: Any) -> Iterator[Difference]:
    if found == wanted or (field == "features" and _same_features(found, wanted)):
        return
    if field == "splits" and isinstance(found, list):
        yield from _splits(place, found, wanted)
        return
    yield _different(f"{place}: {field} is {_said(found)}, expected {_said(wanted)}")


def _splits(place: str, found: list[Any], wanted: list[dict[str, Any]]) -> Iterator[Difference]:
    here = {
        entry.get("name"): entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    }
    for entry in wanted:
        for field in ("num_examples", "num_bytes"):
            is_there = here.get(entry["name"], {}).get(field)
            if is_there != entry[field]:
                said = f"{_said(is_there)}, expected the {entry[field]:,} of the footers"
                yield _different(f"{place}: {field} of split {quote(entry['name'])} is {said}")
    for name in here.keys() - {entry["name"] for entry in wanted}:
        yield _different(f"{place}: split {quote(name)} has no shard")


def _same_features(found: Any, wanted: Any) -> bool:
    """Say whether two lists of features mean the same: versions of datasets write them differently."""
    try:
        return bool(Features._from_yaml_list(found) == Features._from_yaml_list(wanted))
    except Exception:  # the card may have anything there
        return False


def _said(value: Any) -> str:
    if value is None:
        return "missing"
    return f"{value:,}" if type(value) is int else quote(value)


def _different(detail: str, path: str = CARD) -> Difference:
    return Difference(path, "different", detail)


def _croissant(mirror: Mirror, content: bytes, facts: Mapping[str, Facts], footers: Footers) -> Iterator[Difference]:
    try:
        document = json.loads(content)
        sets = {entry["@id"]: entry for entry in document["recordSet"]}
        patterns = {entry["@id"]: entry["includes"] for entry in document["distribution"] if "includes" in entry}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        yield Difference(CROISSANT, "unreadable", f"it is no Croissant file ({type(error).__name__})")
        return
    for name, pattern in patterns.items():
        if not (isinstance(pattern, str) and fnmatch.filter(mirror.sizes, pattern)):
            yield _different(f"file set {quote(name)} includes {quote(pattern)}, and no file is so named", CROISSANT)
    for config, of in facts.items():
        if config not in sets:
            yield _different(f"there is no record set of config {quote(config)}, which has shards", CROISSANT)
            continue
        yield from _record_set(config, sets[config], of)
    for config in sets.keys() & set(_configs_of(patterns)) - footers.keys():
        yield _different(f"record set {quote(config)} is of a config that has no shard", CROISSANT)


def _configs_of(patterns: Mapping[str, Any]) -> list[str]:
    return [str(pattern).partition("/")[0] for pattern in patterns.values()]


def _record_set(config: str, entry: Mapping[str, Any], facts: Facts) -> Iterator[Difference]:
    rows = sum(facts.rows.values())
    try:
        names = [field["name"] for field in entry["field"]]
        counts = [item["value"] for item in entry.get("annotation", []) if item.get("name") == "records"]
    except (TypeError, KeyError, AttributeError):
        yield Difference(CROISSANT, "unreadable", f"its record set of config {quote(config)} is none")
        return
    if counts != [rows]:
        said = _said(counts[0]) if counts else "missing"
        yield _different(
            f"records of config {quote(config)} is {said}, expected the {rows:,} of the footers", CROISSANT
        )
    by_split = ", ".join(f"{facts.rows[split]:,} in {split}" for split in SPLITS if split in facts.rows)
    if by_split not in str(entry.get("description")):
        yield _different(f"the description of config {quote(config)} does not say {quote(by_split)}", CROISSANT)
    wanted = ["split", *(feature["name"] for feature in facts.features)]
    if names != wanted:
        odd = sorted(set(map(str, names)) ^ set(wanted)) or ["their order"]
        yield _different(f"fields of config {quote(config)} differ from the features: {', '.join(odd)}", CROISSANT)
