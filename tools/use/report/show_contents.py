"""The section on what is in the data directory: configs, rows, splits, files, formats, and which edition it is."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow.compute as pc

from DiffusionFER import SHEET_NAMES, SPLITS, SUBSETS, VERSION
from tools.check.images.walk import Depth
from tools.describe.blocks.text import human_size
from tools.use.report.markup import Section, note, paragraph, plural, table, text
from tools.use.report.published import Published
from tools.use.report.tree import Pictures, Tree

NAMED = 3  # formats and sizes of pictures that are named for a config
BLOCK = 2**20  # bytes that are digested at a time
DEPTHS: dict[Depth, str] = {
    "quick": "Of each picture the header alone was read, so that damage and duplicates were not looked for.",
    "default": "Each file was proven whole; pictures that look alike were not looked for.",
    "deep": "Every pixel was decoded, and pictures that look alike were looked for.",
}
WITHOUT_LOOKS = "Every pixel was decoded; pictures that look alike were not looked for: see the duplicates."


def show_contents(tree: Tree, published: Published | None) -> Section:
    """Return the section."""
    rows = [_row(tree, config) for config in tree.configs]
    head = ("config", "rows", "splits", "pictures", "bytes", "format", "pixels", "folder")
    body = table("Configs in this data directory", head, rows, numbers=(1, 3, 4))
    facts = [("version of the dataset", text(VERSION)), *_sheet(tree), *_models(tree)]
    if published:
        commit = f" at commit <code>{text(published.commit)}</code>" if published.commit else ", which was not read"
        facts.append(("compared with", text(published.against) + commit))
    body += table("Edition", ("what", "which"), facts)
    if tree.pictures:
        looks = tree.looks or tree.depth != "deep"
        body += paragraph(text(DEPTHS[tree.depth] if looks else WITHOUT_LOOKS))
    pictures = sum(len(pictures.images.names) for pictures in tree.pictures.values())
    return Section("contents", "What is in it", f"{pictures:,}", "pictures" if pictures != 1 else "picture", "", body)


def _row(tree: Tree, config: str) -> tuple[str, ...]:
    pictures = tree.pictures.get(config)
    if pictures is None:
        return text(config), "", "", "", "", "", "", "cannot be listed: see the findings"
    formats: Counter[str] = Counter()
    shapes: Counter[tuple[int, int]] = Counter()
    for (kind, width, height), count in pictures.headers.items():
        formats[kind] += count
        shapes[width, height] += count
    return (
        text(config),
        *_rows(tree, pictures),
        f"{len(pictures.images.names):,}",
        human_size(_bytes(tree, pictures)),
        _named(formats),
        _named({f"{width} × {height}": count for (width, height), count in shapes.items()}),
        text(pictures.folder),
    )


def _rows(tree: Tree, pictures: Pictures) -> tuple[str, str]:
    """Return how many rows a config has, and how many of each split."""
    rows = pictures.rows
    if SUBSETS[pictures.config].kind != "faces":
        raw = tree.raw(pictures.config)
        counts: dict[str | None, int] = {} if isinstance(raw, str) else dict(raw.splits.items())
    elif rows is None:
        counts = {}
    elif rows.has("split"):
        counts = {one["values"]: one["counts"] for one in pc.value_counts(rows.text("split")).to_pylist()}
    else:
        counts = {"train": rows.table.num_rows}
    if not counts:
        return "", "cannot be read: see the findings"
    known = [f"{split} {counts[split]:,}" for split in SPLITS if split in counts]
    total = sum(counts.values())
    if others := total - sum(counts.get(split, 0) for split in SPLITS):
        known.append(f"none of these {others:,}")
    return f"{total:,}", ", ".join(known)


def _bytes(tree: Tree, pictures: Pictures) -> int:
    listing = tree.listing(pictures.config)
    if listing is None:
        return 0
    places = pc.index_in(pictures.images.names, listing.names()).drop_null()
    return int(pc.sum(listing.entries.sizes.take(places)).as_py() or 0)


def _named(counts: Mapping[str, int]) -> str:
    """Return the most frequent words of a few, with their counts where there are several."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) == 1:
        return text(ordered[0][0])
    words = [f"{text(word)} ({count:,})" for word, count in ordered[:NAMED]]
    return ", ".join(words) + (f" and {len(ordered) - NAMED:,} others" if len(ordered) > NAMED else "")


def _sheet(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield the sheet's name, size and digest, as far as there is one that can be read."""
    for name in SHEET_NAMES:
        path = Path(tree.data_dir, name)
        if not path.is_file() or not any(SUBSETS[config].kind == "faces" for config in tree.configs):
            continue
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    digest.update(block)
            yield "sheet", f"{text(name)}, {human_size(path.stat().st_size)}"
            yield "SHA-256 of the sheet", f"<code>{digest.hexdigest()}</code>"
        except OSError:
            yield "sheet", f"{text(name)}, which cannot be read"


def _models(tree: Tree) -> Iterator[tuple[str, str]]:
    for size, pictures in tree.of_sizes().items():
        if pictures.rows and pictures.rows.has("model"):
            counts = {one["values"]: one["counts"] for one in pc.value_counts(pictures.rows.text("model")).to_pylist()}
            stated = {word: count for word, count in counts.items() if word}
            if stated:
                yield f"models of {size}", _named(stated)


def nothing(tree: Tree) -> str:
    """Return a note for what needs the rows of faces, where there are none."""
    faces = [config for config in tree.configs if SUBSETS[config].kind == "faces"]
    if not faces:
        return note("None of these configs has a sheet.")
    return note(f"The rows of {plural(len(faces), 'config')} cannot be read: see the findings.")
