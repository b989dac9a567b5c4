"""The rules for `configs`: names, the default, splits, and the patterns of data files.

They follow what `datasets` does with them: MetadataConfigs in datasets/utils/metadata.py, sanitize_patterns and
resolve_pattern in datasets/data_files.py.
"""

from __future__ import annotations

import glob
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tools.check.card.read import Card
from tools.check.card.rules_header import CONFIG, DATA_PATH, DEFAULTS, NO_DEFAULT, NO_MATCH, SPLIT_NAME
from tools.check.findings import Finding, quote

SPLIT = re.compile(r"\w+(\.\w+)*")  # datasets.naming._split_re
NOT_IN_NAMES = r"<>:/\|?*"  # datasets.naming.INVALID_WINDOWS_CHARACTERS_IN_PATH
FIRST_SPLIT = "train"  # what datasets calls the one split of files that are given without one
MOST_PATHS = 100_000  # that a pattern may match
MOST_PATTERNS = 500  # that are looked for on the disk; a path without a wildcard is not counted
LONGEST_PATTERN = 1000  # characters
_REMOTE = re.compile(r"[a-z0-9+]+://|.*::")


@dataclass(frozen=True)
class DataFiles:
    """The data files of one split of a config: `path` leads to them in the header, `patterns` are as written."""

    config: str
    split: str
    path: tuple[str | int, ...]
    patterns: tuple[str, ...]
    folder: str = ""  # the config's data_dir


def place(card: Card, path: tuple[str | int, ...]) -> int | None:
    """Return the line of a path in the header, or of the nearest thing above it that has one."""
    lines = (card.line_of(*path[:end]) for end in range(len(path), 0, -1))
    return next((line for line in lines if line), None)


def config_findings(card: Card) -> Iterator[Finding]:
    """Yield what is wrong with the configs of a header."""
    configs = (card.header or {}).get("configs")
    if configs is None:
        return
    if not isinstance(configs, list):
        message = f"configs holds {_kind(configs)}, expected a list of configs"
        yield CONFIG.at(card.name, message, line=place(card, ("configs",)), column="configs")
        return
    for number, config in enumerate(configs):
        yield from config_form(card, number, config)
        yield from split_names(card, number, config)
    yield from names_once(card, configs)
    yield from defaults(card, configs)
    yield from paths(card)
    yield from no_match(card)


def _kind(value: Any) -> str:
    kinds = {dict: "a mapping", list: "a list", str: "text", bool: "a truth value", type(None): "nothing"}
    return kinds.get(type(value), "a number" if isinstance(value, (int, float)) else "another value")


def config_form(card: Card, number: int, config: Any) -> Iterator[Finding]:
    """CA025: a config that is no mapping, has no proper name, or data files of no form that datasets knows."""
    here = ("configs", number)
    if not isinstance(config, dict):
        message = f"config {number + 1} is {_kind(config)}, expected a mapping with config_name and data_files"
        yield CONFIG.at(card.name, message, line=place(card, here), column="configs")
        return
    name = config.get("config_name")
    line = place(card, (*here, "config_name"))
    if not isinstance(name, str) or not name.strip():
        got = "nothing" if name is None else quote(name)
        message = f"the config_name of config {number + 1} is {got}, expected text"
        yield CONFIG.at(card.name, message, line=line, column="config_name", value=None if name is None else str(name))
    elif bad := sorted(set(name) & set(NOT_IN_NAMES)):
        message = f"the config_name {quote(name)} holds {quote(bad[0])}, expected none of {NOT_IN_NAMES}"
        yield CONFIG.at(card.name, message, line=line, column="config_name", value=name)
    if config.get("data_files") is not None:
        yield from _files_form(card, (*here, "data_files"), config["data_files"])


def _files_form(card: Card, here: tuple[str | int, ...], files: Any) -> Iterator[Finding]:
    wanted = "expected a pattern, a list of patterns, or a list of split with path"
    if not isinstance(files, (str, list)):
        message = f"data_files holds {_kind(files)}, {wanted}"
        yield CONFIG.at(card.name, message, line=place(card, here), column="data_files")
        return
    items = files if isinstance(files, list) else []
    for index, item in enumerate(items):
        problem = None
        if not isinstance(item, (str, dict)):
            problem = f"item {index + 1} of data_files is {_kind(item)}, {wanted}"
        elif isinstance(item, dict) and set(item) != {"split", "path"}:
            keys = ", ".join(quote(key) for key in list(item)[:4]) or "none"
            problem = f"item {index + 1} of data_files has the keys {keys}, expected split and path"
        elif isinstance(item, dict) and not _is_texts(item["path"]):
            problem = f"the path of item {index + 1} of data_files is {_kind(item['path'])}, expected text or texts"
        if problem:
            yield CONFIG.at(card.name, problem, line=place(card, (*here, index)), column="data_files")
    if len({type(item) for item in items}) > 1 and any(isinstance(item, dict) for item in items):
        message = "data_files mixes patterns with splits, expected the one or the other"
        yield CONFIG.at(card.name, message, line=place(card, here), column="data_files")


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def split_names(card: Card, number: int, config: Any) -> Iterator[Finding]:
    """CA028: a split name that datasets refuses, or one that stands twice in a config."""
    files = config.get("data_files") if isinstance(config, dict) else None
    seen: set[str] = set()
    for index, item in enumerate(files if isinstance(files, list) else []):
        if not isinstance(item, dict) or "split" not in item:
            continue
        split, line = item["split"], place(card, ("configs", number, "data_files", index, "split"))
        if not isinstance(split, str) or not SPLIT.fullmatch(split):
            message = f"the split name {quote(split)} does not reload, expected letters, digits and _"
            yield SPLIT_NAME.at(card.name, message, line=line, column="split", value=str(split))
        elif split in seen:
            message = f"the split {quote(split)} stands a second time in its config, expected it once"
            yield SPLIT_NAME.at(card.name, message, line=line, column="split", value=split)
        else:
            seen.add(split)


def names_once(card: Card, configs: list[Any]) -> Iterator[Finding]:
    """CA025: a config name that stands twice, of which datasets takes the last without a word."""
    seen: set[str] = set()
    for number, config in enumerate(configs):
        name = config.get("config_name") if isinstance(config, dict) else None
        if isinstance(name, str) and name in seen:
            message = f"the config_name {quote(name)} stands a second time, expected each once"
            hint = "Rename one of the two: the last hides the others."
            line = place(card, ("configs", number, "config_name"))
            yield CONFIG.at(card.name, message, hint, line=line, column="config_name", value=name)
        elif isinstance(name, str):
            seen.add(name)


def defaults(card: Card, configs: list[Any]) -> Iterator[Finding]:
    """CA026, CA027: more than one default, or none among several configs."""
    named = [(n, c) for n, c in enumerate(configs) if isinstance(c, dict) and isinstance(c.get("config_name"), str)]
    chosen = [(n, c) for n, c in named if c.get("default") or c["config_name"] == "default"]
    if len({config["config_name"] for _, config in named}) < 2:
        return
    for number, config in chosen[1:]:
        first, name = quote(chosen[0][1]["config_name"]), config["config_name"]
        message = f"the config {quote(name)} is a default, too, expected one default, got {first} before it"
        line = place(card, ("configs", number, "default" if config.get("default") else "config_name"))
        yield DEFAULTS.at(card.name, message, line=line, column="default", value=name)
    if not chosen:
        message = f"none of the {len(named)} configs is the default, expected `default: true` at one"
        yield NO_DEFAULT.at(card.name, message, line=place(card, ("configs",)), column="configs")


def data_files(card: Card) -> list[DataFiles]:
    """Return the data files of every config that datasets can read."""
    found: list[DataFiles] = []
    configs = (card.header or {}).get("configs")
    for number, config in enumerate(configs if isinstance(configs, list) else []):
        if not isinstance(config, dict) or not isinstance(config.get("config_name"), str):
            continue
        name, files, here = config["config_name"], config.get("data_files"), ("configs", number, "data_files")
        folder = config["data_dir"] if isinstance(config.get("data_dir"), str) else ""
        if isinstance(files, str) or (isinstance(files, list) and all(isinstance(item, str) for item in files)):
            patterns = (files,) if isinstance(files, str) else tuple(files)
            found.append(DataFiles(name, FIRST_SPLIT, here, patterns, folder))
            continue
        for index, item in enumerate(files if isinstance(files, list) else []):
            if isinstance(item, dict) and isinstance(item.get("split"), str) and _is_texts(item.get("path")):
                path = item["path"]
                patterns = (path,) if isinstance(path, str) else tuple(path)
                found.append(DataFiles(name, item["split"], (*here, index, "path"), patterns, folder))
    return found


def paths(card: Card) -> Iterator[Finding]:
    """CA029: an absolute path, one that goes up, or one with backslashes."""
    for files in data_files(card):
        for pattern in (files.folder, *files.patterns):
            problem = _leaves(pattern)
            if problem:
                message = f"the path {quote(pattern)} {problem}, expected one below the root of the repository"
                yield DATA_PATH.at(card.name, message, line=place(card, files.path), column="path", value=pattern)


def _leaves(pattern: str) -> str | None:
    if _REMOTE.match(pattern):
        return None
    if "\\" in pattern:
        return "has backslashes"
    if pattern.startswith(("/", "~")) or re.match("[A-Za-z]:/", pattern):
        return "is absolute"
    return "goes up" if ".." in PurePosixPath(pattern).parts else None


def no_match(card: Card) -> Iterator[Finding]:
    """CA030: a pattern that matches nothing, where files of the dataset are at hand.

    A card often lies apart from the data (in a checkout, in a collection of cards). The files are at hand where
    another pattern matches one, or where the folder that this pattern names has a file of its kind.
    """
    if card.folder is None:
        return
    missing, matched, wildcards = [], False, 0
    for files in data_files(card):
        for pattern in files.patterns:
            if _leaves(pattern) or _leaves(files.folder) or _REMOTE.match(pattern) or pattern.count("**") > 1:
                continue
            wildcards += glob.has_magic(pattern)
            if wildcards > MOST_PATTERNS:
                break
            full = (PurePosixPath(files.folder) / pattern).as_posix()
            if takes_long(full):
                continue
            if matching(card.folder, full):
                matched = True
            else:
                missing.append((files, pattern, full))
    for files, pattern, full in missing:
        if matched or _has_alike(card.folder, full):
            message = f"{quote(pattern)} of config {quote(files.config)}, split {quote(files.split)}, matches no file"
            yield NO_MATCH.at(card.name, message, line=place(card, files.path), column="path", value=pattern)


def takes_long(pattern: str) -> bool:
    """Return whether a pattern has so many wildcards that a name can be made that it is compared with for hours.

    A comparison tries each way to divide a name between the wildcards of one segment, and each with each of the others.
    """
    wildcards = [len(re.findall(r"\*+", segment)) for segment in pattern.split("/")]
    return pattern.count("**") > 2 or max(wildcards) > 3 or sum(number > 1 for number in wildcards) > 1


def matching(folder: Path, pattern: str) -> list[str]:
    """Return the files below a folder that a pattern matches, sorted; none where it is no pattern of this system."""
    if len(pattern) > LONGEST_PATTERN or takes_long(pattern):
        return []
    try:
        found = glob.iglob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob takes no `..` in names
        return sorted(name for name in itertools.islice(found, MOST_PATHS) if (folder / name).is_file())
    except (OSError, ValueError, re.error):
        return []


def _has_alike(folder: Path, pattern: str) -> bool:
    """Return whether the folder that a pattern names is there and has a file of the pattern's kind."""
    *parts, last = PurePosixPath(pattern).parts or ("",)
    fixed = list(itertools.takewhile(lambda part: not glob.has_magic(part), parts))
    suffix = PurePosixPath(last).suffix
    try:
        files = folder.joinpath(*fixed).iterdir() if fixed and suffix else ()
        return any(file.suffix == suffix for file in files)
    except (OSError, ValueError):
        return False
