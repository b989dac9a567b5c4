"""The first rows of each config as the Hub's viewer shows them: a table for each split, with types and pictures.

In go a card, whose header says which files are of which config and split, and the folder of the shards; out comes HTML.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

from tools.check.card.header_configs import DataFiles, data_files, matching
from tools.check.card.read import Card

PROGRAM = Path(__file__).with_name("rows_program.py")
LONGEST_READING = 120  # seconds for all files; some 0.1 a file is usual
MOST_ENDS = 10  # of the program, each at a file that ends it
MOST_TABLES = 100
FATAL = "is damaged: it ends the program that reads it"
NOT_READ = "is not read: others before it are damaged, or took too long"
NO_SHARDS = "There are no shards in the folder of the preview: python tools/push.py --dry-run builds them."


def render_rows(card: Card, shards: Path, rows: int) -> str:
    """Return a section for each config of the card, with the first `rows` rows of each of its splits."""
    splits = data_files(card)[:MOST_TABLES]
    if not splits:
        return _notice("The header names no configs with data files, so there are no rows to show.")
    files = {number: _first_file(shards, split) for number, split in enumerate(splits)}
    there = [shards / name for name in files.values() if name]
    if not there:
        return _notice(NO_SHARDS)
    found = dict(zip((number for number, name in files.items() if name), read_first_rows(there, rows), strict=True))
    by_config: dict[str, list[int]] = defaultdict(list)
    for number, split in enumerate(splits):
        by_config[split.config].append(number)
    return "".join(
        _config(config, [(splits[number].split, files[number], found.get(number)) for number in numbers], first=not nth)
        for nth, (config, numbers) in enumerate(by_config.items())
    )


def read_first_rows(files: list[Path], rows: int) -> list[dict[str, Any]]:
    """Return what the program says of each file: its columns and rows, or its problem; never raises for it."""
    said: list[dict[str, Any]] = []
    for _ in range(MOST_ENDS):
        said += _run(files[len(said) :], rows)
        if len(said) == len(files):
            return said
        said.append({"problem": FATAL})
        if len(said) == len(files):
            return said
    return said + [{"problem": NOT_READ}] * (len(files) - len(said))


def _run(files: list[Path], rows: int) -> list[dict[str, Any]]:
    wanted = json.dumps({"rows": rows, "files": [os.fspath(file) for file in files]}).encode()
    try:
        # As a file and not with -c or -m: those import from the working folder, which may be the untrusted one.
        child = subprocess.run(
            [sys.executable, os.fspath(PROGRAM)],
            input=wanted,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_READING,
            check=False,
        )
        out = child.stdout
    except subprocess.TimeoutExpired as late:
        out = late.stdout or b""
    return [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith(b"\n")]


def _first_file(shards: Path, split: DataFiles) -> str | None:
    """Return the first Parquet file of a split by its name below the folder; patterns that lead elsewhere find none."""
    for pattern in split.patterns:
        full = (PurePosixPath(split.folder) / pattern).as_posix()
        if ".." in PurePosixPath(full).parts or full.startswith(("/", "~")) or "://" in pattern:
            continue
        names = [name for name in matching(shards, full) if name.endswith(".parquet")]
        inside = (name for name in names if (shards / name).resolve().is_relative_to(shards.resolve()))
        if (name := next(inside, None)) is not None:
            return name
    return None


def _config(config: str, splits: list[tuple[str, str | None, dict[str, Any] | None]], *, first: bool) -> str:
    """Return the section of a config; the first split of the first config is open."""
    inner = "".join(_split(split, file, said, is_open=not nth) for nth, (split, file, said) in enumerate(splits))
    return f'<details class="config"{" open" * first}><summary>{escape(config)}</summary>{inner}</details>'


def _split(split: str, file: str | None, said: dict[str, Any] | None, *, is_open: bool) -> str:
    name = f"<b>{escape(split)}</b>"
    if file is None or said is None:
        return f'<p class="notice">{name}: no shards; the card names files that are not in the folder.</p>'
    if "problem" in said:
        return f'<p class="notice">{name}: {escape(file)} {escape(said["problem"])}.</p>'
    shown, total = len(said["rows"]), said["total"]
    hidden = said["all_columns"] - len(said["columns"])
    more = f", {hidden:,} more columns are not shown" if hidden else ""
    count = f"first {shown:,} of {total:,} rows of {escape(PurePosixPath(file).name)}{more}"
    return (
        f'<details class="split"{" open" * is_open}><summary>{name} <small>{count}</small></summary>'
        f'<div class="viewer">{_table(said)}</div></details>'
    )


def _table(said: dict[str, Any]) -> str:
    head = "".join(f'<th scope="col">{_column(column)}</th>' for column in said["columns"])
    body = "".join(f"<tr>{''.join(_cell(kind, text) for kind, text in row)}</tr>" for row in said["rows"])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _column(column: dict[str, Any]) -> str:
    kind = escape(column["type"])
    if classes := column["classes"]:
        names = ", ".join(f"{number}&nbsp;{escape(name)}" for number, name in enumerate(classes[:200]))
        kind = f"<details><summary>{kind}, {len(classes):,} classes</summary>{names}</details>"
    return f"{escape(column['name'])}<div>{kind}</div>"


def _cell(kind: str, text: str) -> str:
    if kind == "picture":
        return f'<td><img src="{escape(text)}" alt="picture of this row"></td>'
    if kind == "null":
        return '<td class="null">null</td>'
    if kind == "label":
        return f'<td><span class="chip">{escape(text)}</span></td>'
    return f'<td class="{kind}"><div>{escape(text)}</div></td>'


def _notice(text: str) -> str:
    return f'<p class="notice">{escape(text)}</p>'
