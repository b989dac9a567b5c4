"""Which data files of a repository its configs cover, as `datasets` itself would resolve their patterns.

In go the header of the card and the files; out come the files of each config. Patterns that lead elsewhere, to the net
or out of the folder, are not followed.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from DiffusionFER import IMAGE_SUFFIXES
from tools.check.card.header_configs import takes_long
from tools.check.findings import Finding, quote
from tools.check.repo.rules import UNCOVERED
from tools.check.repo.tree import Tree

DATA_SUFFIXES = (".parquet", ".arrow", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".h5", ".hdf5", ".npz")
ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z")
# Of the card, of datasets and of other tools, which nobody loads as rows.
NO_DATA = re.compile(
    r"(?i)(.*/)?(readme|license|licence|copying|citation|changelog|contributing|notice|requirements)[^/]*"
    r"|(dataset_infos?|dataset_dict|config|croissant|package|package-lock)\.json|metadata\.(csv|jsonl|parquet)"
    r"|(assets|docs|figures|\.github|scripts|tools|tests|src)/.*|\..*|.*/\..*"
)
MOST_PATTERNS = 10_000
# Files looked at for all patterns, each some 30 microseconds: a pattern with ** looks at every file.
MOST_EFFORT = 10**6
LARGEST_CARD = 2**20


def files_by_config(tree: Tree, header: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    """Return the files of each config, sorted; None where it cannot be said, for the header is not as it should be."""
    configs = (header or {}).get("configs")
    if configs is None:
        return {"default": _default_files(tree)}
    if not isinstance(configs, list):
        return None
    found: dict[str, list[str]] = {}
    resolved: dict[str, set[str]] = {}
    effort = 0
    for number, config in enumerate(configs):
        if not isinstance(config, dict):
            return None
        covered: set[str] = set()
        for pattern in _patterns(config):
            if pattern not in resolved:
                effort += len(tree.files) if "**" in pattern else 1
                if effort > MOST_EFFORT:
                    return None
                resolved[pattern] = _resolved(tree, pattern)
            covered |= resolved[pattern]
        if isinstance(folder := config.get("data_dir"), str) and "data_files" not in config:
            covered |= {name for name in tree.files if name.startswith(folder.strip("./") + "/")}
        name = config.get("config_name", "default")
        # What is no text is not written out: with aliases of YAML, a few lines would fill the memory.
        found[name if isinstance(name, str) and name not in found else f"config {number}"] = sorted(covered)
    return found


def uncovered_findings(tree: Tree, covered: Mapping[str, list[str]]) -> Iterator[Finding]:
    """Yield the data files that no config covers, one finding a folder and ending, with their number."""
    known = {name for names in covered.values() for name in names}
    mentioned = _words_of_card(tree)
    missed: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(tree.files):
        if name not in known and is_data(name) and name not in mentioned:
            missed[name.rpartition("/")[0], Path(name).suffix.lower()].append(name)
    for (folder, suffix), names in missed.items():
        message = "data file belongs to no config"
        if len(names) > 1:
            where = f"in {quote(folder)}" if folder else "at the root"
            message = f"{len(names):,} {suffix} files {where} belong to no config, this one the first"
        yield UNCOVERED.at(names[0], message)


def is_data(name: str) -> bool:
    """Say whether a file holds data by its name."""
    suffixes = (*DATA_SUFFIXES, *ARCHIVE_SUFFIXES, *IMAGE_SUFFIXES)
    return name.lower().endswith(suffixes) and not NO_DATA.fullmatch(name)


def _words_of_card(tree: Tree) -> set[str]:
    """Return the words of the card, among them the names of its pictures and links, which need no config."""
    with contextlib.suppress(OSError):
        if tree.files.get("README.md", LARGEST_CARD) < LARGEST_CARD:
            text = tree.path("README.md").read_text(encoding="utf-8", errors="replace")
            return {word.removeprefix("./") for word in re.split(r"[\s()<>\[\]\"'`]+", text)}
    return set()


def _patterns(config: Mapping[str, Any]) -> list[str]:
    """Return the patterns of a config's data_files, which may be a text, a list, or a mapping by split."""
    waiting: list[Any] = [config.get("data_files")]
    found: list[str] = []
    for _ in range(MOST_PATTERNS):  # aliases of YAML can make a list without an end
        if not waiting:
            break
        item = waiting.pop(0)
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, list):
            waiting += item[:MOST_PATTERNS]
        elif isinstance(item, dict):
            waiting += [item["path"]] if "path" in item else list(item.values())
    return found


def _resolved(tree: Tree, pattern: str) -> set[str]:
    if "://" in pattern or "::" in pattern or pattern.startswith(("/", "~")) or ".." in pattern.split("/"):
        return set()
    if takes_long(pattern):
        return set()
    from datasets.data_files import resolve_pattern

    base = tree.folder.resolve()
    try:
        found = resolve_pattern(pattern, base.as_posix())
    except Exception:  # it raises FileNotFoundError where nothing matches, and what glob raises for what is no pattern
        return set()
    return {Path(name).relative_to(base).as_posix() for name in found}


def _default_files(tree: Tree) -> list[str]:
    """Return the files that `datasets` finds by itself where no config names any."""
    from datasets.data_files import get_data_patterns

    base = tree.folder.resolve()
    try:
        patterns = get_data_patterns(base.as_posix())
    except Exception:  # EmptyDatasetError where there is none, ValueError where names of splits are odd
        return []
    return sorted({name for several in patterns.values() for pattern in several for name in _resolved(tree, pattern)})
