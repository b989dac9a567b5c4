"""Checks a folder as it would be pushed to the Hub: its names and sizes, texts, Parquet files, and what configs cover.

In go a folder and, where it was read already, the header of its card; out come findings. What is in the folder is
untrusted: nothing outside is read, no link is followed, and no picture is loaded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.check.card.file import read_bytes
from tools.check.card.read import read_card
from tools.check.findings import Finding
from tools.check.repo.coverage import files_by_config, uncovered_findings
from tools.check.repo.footers import Footer, read_footer, refuse_giant_footer, size_of
from tools.check.repo.probe import fatal_files
from tools.check.repo.rules import DAMAGED, NO_FEATURES, NO_PAGE_INDEX
from tools.check.repo.shards import group_findings, shard_findings
from tools.check.repo.texts import text_findings
from tools.check.repo.tree import Tree, walk

# These are said once a folder, for whoever wrote one file without them wrote all so.
ONCE_A_FOLDER = {NO_PAGE_INDEX.id, NO_FEATURES.id}


def check_repo(folder: Path, card_header: Mapping[str, Any] | None = None) -> Iterator[Finding]:
    """Yield what is wrong with a folder as it would be pushed; files are named below it.

    `card_header` is the header of its README.md, as YAML gives it; without one, it is read here.
    """
    header = _header(folder) if card_header is None else card_header
    tree = Tree(folder)
    yield from walk(tree)
    yield from text_findings(tree)
    shards = sorted(name for name in tree.files if name.endswith(".parquet"))
    fatal = fatal_files([tree.path(name) for name in shards if _may_be_parquet(tree.path(name))])
    for name in shards:
        if reason := fatal.get(tree.path(name)):
            yield DAMAGED.at(name, f"Parquet file {reason}")
    readable = [name for name in shards if tree.path(name) not in fatal]
    yield from _once_a_folder(_shards(tree, readable, header))
    covered = None if tree.linked else files_by_config(tree, header)  # a glob would follow links
    if covered is not None:
        yield from uncovered_findings(tree, covered)
    for names in _together(covered, readable):
        yield from group_findings(_footers(tree, [name for name in names if tree.path(name) not in fatal]))


def _may_be_parquet(path: Path) -> bool:
    try:
        refuse_giant_footer(path, size_of(path))
    except (OSError, ValueError):  # which the rules for one file say
        return False
    return True


def _shards(tree: Tree, names: list[str], header: Mapping[str, Any]) -> Iterator[Finding]:
    described = bool(header.get("dataset_info"))
    for name in names:
        yield from shard_findings(tree.path(name), name, described)


def _once_a_folder(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Pass findings on, but those of some rules only for the first file of a folder, with the number of all."""
    held: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule in ONCE_A_FOLDER:
            held[finding.rule, finding.file.rpartition("/")[0]].append(finding)
        else:
            yield finding
    for (_, where), several in held.items():
        first = several[0]
        files = len({finding.file for finding in several})
        if files > 1:
            also = f"{first.message}, and so {files - 1:,} more in {where or 'the folder'}"
            first = Finding(**{**vars(first), "message": also})
        yield first


def _together(covered: Mapping[str, list[str]] | None, shards: list[str]) -> list[list[str]]:
    """Return the Parquet files that are read as one table: those of a config, or those of a folder."""
    if covered:
        return [[name for name in names if name.endswith(".parquet")] for names in covered.values()]
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in shards:
        by_folder[name.rpartition("/")[0]].append(name)
    return list(by_folder.values())


def _footers(tree: Tree, names: list[str]) -> Iterator[tuple[str, Footer]]:
    for name in names:
        try:
            yield name, read_footer(tree.path(name))
        except ValueError:  # which another rule has said
            continue


def _header(folder: Path) -> dict[str, Any]:
    """Return the header of the card in a folder; an empty one where there is none that can be read."""
    path = folder / "README.md"
    try:
        if path.is_symlink():
            return {}
        return read_card(path.name, read_bytes(path)).header or {}
    except ValueError:  # which who checks the card is told
        return {}
