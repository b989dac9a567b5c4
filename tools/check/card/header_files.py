"""The rule that compares `dataset_info` with the footers of the Parquet files that the card's configs match."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tools.check.card.features import cast_problem, declared
from tools.check.card.header_configs import DataFiles, data_files, matching, place
from tools.check.card.header_info import Info, infos
from tools.check.card.read import Card
from tools.check.card.rules_header import INFO_FILES
from tools.check.findings import Finding, quote

if TYPE_CHECKING:
    from tools.check.repo.footers import Footer


def info_files(card: Card) -> Iterator[Finding]:
    """CA035: rows, columns or types of the files at hand that are not those of dataset_info."""
    folder = card.folder
    if folder is None or not (card.header or {}).get("dataset_info"):
        return
    described = {info.config: info for info in infos(card)}
    for files in data_files(card):
        info = described.get(files.config)
        names = [name for pattern in files.patterns for name in _parquet(folder, files, pattern)]
        if info is None or not names:
            continue
        from tools.check.repo.footers import read_footer  # loads pyarrow

        rows = 0
        for number, name in enumerate(dict.fromkeys(names)):
            try:
                footer = read_footer(folder / name)
            except (OSError, ValueError):  # the rules for a repository say what is wrong with it
                break
            rows += footer.rows
            if number == 0:  # one shard speaks for the columns of all
                yield from _columns(card, info, name, footer.schema.names)
                yield from _types(card, info, name, footer)
        else:
            yield from _rows(card, info, files, rows)


def _parquet(folder: Path, files: DataFiles, pattern: str) -> list[str]:
    full = (PurePosixPath(files.folder) / pattern).as_posix()
    if ".." in PurePosixPath(full).parts or full.startswith("/") or "://" in pattern or pattern.count("**") > 1:
        return []
    return [name for name in matching(folder, full) if name.endswith(".parquet")]


def _rows(card: Card, info: Info, files: DataFiles, rows: int) -> Iterator[Finding]:
    splits = info.values.get("splits")
    for number, split in enumerate(splits if isinstance(splits, list) else []):
        if not isinstance(split, dict) or split.get("name") != files.split:
            continue
        told = split.get("num_examples")
        if type(told) is int and told != rows:
            message = f"num_examples of {quote(info.config)}, split {quote(files.split)}, is {told:,}, expected the"
            message += f" {rows:,} rows of its Parquet files"
            line = place(card, (*info.path, "splits", number, "num_examples"))
            yield INFO_FILES.at(card.name, message, line=line, column="num_examples", value=str(told))


def _columns(card: Card, info: Info, name: str, columns: list[str]) -> Iterator[Finding]:
    features = info.values.get("features")
    if not isinstance(features, list) or not all(isinstance(item, dict) and "name" in item for item in features):
        return
    told = [str(item["name"]) for item in features]
    line = place(card, (*info.path, "features"))
    for column in [column for column in columns if column not in told][:3]:
        message = f"the features of {quote(info.config)} have no {quote(column)}, expected the columns of {quote(name)}"
        yield INFO_FILES.at(card.name, message, line=line, column="features", value=column)
    for column in [column for column in told if column not in columns][:3]:
        message = f"the features of {quote(info.config)} have {quote(column)}, expected the columns of {quote(name)}"
        yield INFO_FILES.at(card.name, message, line=line, column="features", value=column)


def _types(card: Card, info: Info, name: str, footer: Footer) -> Iterator[Finding]:
    features = info.values.get("features")
    for number, feature in enumerate(features if isinstance(features, list) else []):
        column = feature.get("name") if isinstance(feature, dict) else None
        if not isinstance(column, str) or footer.schema.names.count(column) != 1:
            continue
        why = cast_problem(feature, footer)
        if why is not None:
            real = str(footer.schema.field(column).type)
            message = f"the feature {quote(column)} of {quote(info.config)} is declared as {quote(declared(feature))}, "
            message += f"expected what can hold the {quote(real)} of {quote(name)}"
            message += f": {why}" if why else ""
            line = place(card, (*info.path, "features", number))
            yield INFO_FILES.at(card.name, message, line=line, column="features", value=column)
