"""The part of the card's YAML header that follows from the data: `configs`, `dataset_info`, `size_categories`.

In go the Parquet footers of the shards and a card; out comes the card with those three keys made anew. Every other
byte, and the order of the keys, stays as it was.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from datasets import Features

from DiffusionFER import DEFAULT_CONFIG, SPLITS, SUBSETS
from tools.check.card.read import Card, read_card

OWNED = ("size_categories", "configs", "dataset_info")
# The Hub's size categories, by the number of rows that each is below: ../shared/data/hub/vocabulary.json has the list.
SIZE_CATEGORIES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
    (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)


class _Dumper(yaml.SafeDumper):
    """Writes YAML without aliases, so that each entry can be read by itself."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class HeaderError(ValueError):
    """A card whose header cannot be taken apart; the message says why."""


@dataclass(frozen=True)
class Facts:
    """What the footers of one config say: `features` as YAML has them, rows and bytes by split, bytes to download."""

    features: list[dict[str, Any]]
    rows: dict[str, int]
    num_bytes: dict[str, int]
    download_size: int


def facts_of(shards: Iterable[tuple[str, Path]]) -> Facts:
    """Read the footers of a config's shards, given as (split, file); there must be at least one."""
    rows: dict[str, int] = {}
    num_bytes: dict[str, int] = {}
    download_size, schema = 0, None
    for split, file in shards:
        parquet = pq.ParquetFile(file)
        groups = range(parquet.metadata.num_row_groups)
        rows[split] = rows.get(split, 0) + parquet.metadata.num_rows
        size = sum(parquet.metadata.row_group(group).total_byte_size for group in groups)
        num_bytes[split] = num_bytes.get(split, 0) + size
        download_size += file.stat().st_size
        if schema is not None and not parquet.schema_arrow.equals(schema, check_metadata=True):
            raise ValueError(f"{file.name} has other columns than the shards before it")
        schema = parquet.schema_arrow
    if schema is None:
        raise ValueError("a config without a shard has no facts")
    described = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    return Facts(Features.from_dict(described)._to_yaml_list(), rows, num_bytes, download_size)


def render_header(card: str, facts: Mapping[str, Facts], published: str | None = None) -> str:
    """Return the card with its owned keys made from `facts`, by config.

    Configs that only the card as `published` knows keep their entries, so that a push of one config leaves the others.
    Raises HeaderError where either card has no header that can be read.
    """
    kept = _entries_by_config(published) if published else {}
    entries = {**kept, **{name: (_config(name, of), _info(name, of)) for name, of in facts.items()}}
    order = [name for name in SUBSETS if name in entries] + [name for name in entries if name not in SUBSETS]
    default = DEFAULT_CONFIG if DEFAULT_CONFIG in entries else order[0]
    configs, infos = [], []
    for name in order:
        config, info = entries[name]
        config = {key: value for key, value in config.items() if key != "default"}
        configs.append({**config, "default": True} if name == default else config)
        infos += [info] if info else []
    rows = sum(_rows(info) for info in infos)
    category = next((name for bound, name in SIZE_CATEGORIES if rows < bound), "n>1T")
    return replace_keys(card, {"size_categories": [category], "configs": configs, "dataset_info": infos})


def _rows(info: dict[str, Any]) -> int:
    """Return the rows of a config, as far as its entry says; one that somebody wrote by hand may say anything."""
    splits = info.get("splits")
    if not isinstance(splits, list):
        return 0
    counts = (split.get("num_examples") for split in splits if isinstance(split, dict))
    return sum(count for count in counts if isinstance(count, int))


def _config(name: str, facts: Facts) -> dict[str, Any]:
    splits = [split for split in SPLITS if split in facts.rows]
    files = [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in splits]
    return {"config_name": name, "data_files": files}


def _info(name: str, facts: Facts) -> dict[str, Any]:
    splits = [
        {"name": split, "num_bytes": facts.num_bytes[split], "num_examples": facts.rows[split]}
        for split in SPLITS
        if split in facts.rows
    ]
    total = sum(facts.num_bytes.values())
    sizes = {"download_size": facts.download_size, "dataset_size": total}
    return {"config_name": name, "features": facts.features, "splits": splits, **sizes}


def _entries_by_config(card: str) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    header = read_header(card)
    configs, infos = header.get("configs") or [], header.get("dataset_info") or []
    try:
        # A card that somebody wrote by hand may well have configs only, or one nameless dataset_info.
        by_name = {info.get("config_name"): info for info in (infos if isinstance(infos, list) else [infos])}
        return {config["config_name"]: (config, by_name.get(config["config_name"], {})) for config in configs}
    except (KeyError, TypeError, AttributeError) as error:
        raise HeaderError(f"the configs of the card are not as the Hub has them ({error!r})") from error


def read_header(card: str) -> dict[str, Any]:
    """Return the header of a card as a mapping, empty where there is none. Raises HeaderError where it is not YAML."""
    return (_read(card).header or {}) if card.strip() else {}


def _read(text: str) -> Card:
    card = read_card("README.md", text.encode("utf-8", "surrogateescape"))
    if card.problem or card.unreadable:
        raise HeaderError(card.problem.message if card.problem else card.unreadable)
    return card


def replace_keys(text: str, values: Mapping[str, Any]) -> str:
    """Return the card with the given top-level keys of its header replaced where they stand, or added at its end."""
    card = _read(text)
    if card.header is None or card.closing is None:
        raise HeaderError("the card does not begin with a header between two lines of ---")
    start, stop = card.header_start, card.closing.start
    line_end = "\r\n" if text[:start].endswith("\r\n") else "\n"
    keys = [key for key, _ in card.root.value] if card.root else []
    begins = [*(text.rfind("\n", 0, start + key.start_mark.index) + 1 for key in keys), stop]
    out, waiting = [text[: begins[0]]], dict(values)
    for key, (begin, end) in zip((key.value for key in keys), itertools.pairwise(begins), strict=True):
        if key not in values:
            out.append(text[begin:end])
            continue
        if key in waiting:
            out.append(_yaml({key: waiting.pop(key)}).replace("\n", line_end))
        # Remarks and blank lines stay, below what they stood in.
        lines = text[begin:end].splitlines(keepends=True)
        out += [line for line in lines if line.startswith(("#", "\n", "\r\n"))]
    out += [_yaml({key: value}).replace("\n", line_end) for key, value in waiting.items()]
    replaced = "".join([*out, text[stop:]])
    with contextlib.suppress(HeaderError):
        if read_header(replaced) == {**card.header, **values}:
            return replaced
    raise HeaderError(
        f"cannot replace {', '.join(values)} in the header of the card: write their values in block style"
    )


def _yaml(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
