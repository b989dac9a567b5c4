"""The blocks of the card that are rendered from the data: tables of subsets, classes, columns, affect, balance, files.

In goes a Description; out comes Markdown, or None where the data at hand has not what a block is made from. Numbers
have commas at the thousands and a fixed count of decimals, sizes are decimal (1 MB is 1,000,000 bytes), and where
several sizes of the dataset are at hand, each table says of which it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from DiffusionFER import DEFAULT_CONFIG, EMOTIONS, SPLITS, SUBSETS, Subset
from tools.check.findings import visible
from tools.describe.blocks.balance import balance
from tools.describe.blocks.emonet import PUBLISHED_IMAGES
from tools.describe.blocks.markdown import code, escaped, table
from tools.describe.blocks.prompts import prompts, settings
from tools.describe.blocks.text import NO_BREAK, by_size, decimal, human_size, percent
from tools.describe.facts.description import Column, Description, Faces, Pictures, Spread
from tools.make.embedded import FAMILY

# At the width of the Hub's page, six columns leave an example so many characters, and so many to what cannot be broken.
EXAMPLE, WORD = 40, 16


def subsets(description: Description) -> str:
    """Return the table of all configs: images, size of their files, raw folder, and whether they are published."""
    rows = [_subset(subset, description) for subset in SUBSETS.values()]
    columns = ("config", "images", "size", "directory", "status")
    note = (
        "Sizes are those of the image files; 1 MB is 1,000,000 bytes. The directory is where they lie before the build."
    )
    return f"{table(columns, rows, numbers=('images', 'size'))}\n{note}\n"


def _subset(subset: Subset, description: Description) -> tuple[str, ...]:
    config, facts = subset.name, description.shards.get(subset.name)
    default = DEFAULT_CONFIG if DEFAULT_CONFIG in description.shards else next(iter(description.shards), "")
    name = f"`{config}` (default)" if config == default else f"`{config}`"
    images, size, folder = PUBLISHED_IMAGES.get(config), "", f"{subset.folders[0]}/"
    status = "read from upstream's files, not published here" if config in PUBLISHED_IMAGES else "not made yet"
    if facts:
        images, status = sum(facts.rows.values()), "published"
        faces = description.faces.get(config.rpartition("_")[0])
        if faces and subset.kind == "faces":
            status += _edition(faces)
            pictures = faces.pictures.get(config.rpartition("_")[2])
            if pictures:
                size = human_size(pictures.num_bytes)
                folder = pictures.folder if pictures.folder.endswith(".zip") else f"{pictures.folder}/"
    return name, "" if images is None else f"{images:,}", size, code(folder), status


def _edition(faces: Faces) -> str:
    drawn = sum(rows for model, rows in faces.models.items() if model.startswith(FAMILY))
    if drawn == faces.rows:
        return ": rendered edition"
    return f": {drawn:,} of {faces.rows:,} rendered" if drawn else ""


def classes(description: Description) -> str | None:
    """Return the table of images by emotion and split, with a total."""
    return by_size(description, _classes)


def _classes(faces: Faces) -> str:
    empty = dict.fromkeys(EMOTIONS, 0)
    splits = [faces.splits.get(split, empty) for split in SPLITS]
    rows = []
    for index, emotion in enumerate(EMOTIONS):
        counts = [split[emotion] for split in splits]
        rows.append((f"{index}", emotion, *(f"{count:,}" for count in (*counts, sum(counts)))))
    totals = [sum(split.values()) for split in splits]
    rows.append(("", "**total**", *(f"**{count:,}**" for count in (*totals, sum(totals)))))
    columns = ("label", "emotion", *SPLITS, "all")
    return table(columns, rows, numbers=("label", *SPLITS, "all"))


def columns(description: Description) -> str | None:
    """Return the table of the published columns: type, unit, share of nulls, an example, and what they mean."""
    return by_size(description, _columns)


def _columns(faces: Faces) -> str:
    rows = [
        (
            f"`{column.name}`",
            column.type,
            column.unit,
            percent(column.nulls, column.rows),
            code(_example(column)),
            _first_sentence(column.meaning),
        )
        for column in faces.columns
    ]
    note = "The unit 1 is that of a number without a unit; the example is of the first row, by path, that has one."
    return f"{table(('column', 'type', 'unit', 'null', 'example', 'meaning'), rows, numbers=('null',))}\n{note}\n"


def _example(column: Column) -> str:
    text = visible(column.example or "")
    text = " ".join(word if len(word) <= 2 * WORD else word[:WORD].rstrip("…") + "…" for word in text.split())
    return text if len(text) <= EXAMPLE else text[: EXAMPLE - 1].rstrip(" …") + "…"


def _first_sentence(text: str) -> str:
    return escaped(re.split(r"(?<=\.)\s+(?=[A-Z])", text)[0].removesuffix("."))


def affect(description: Description) -> str | None:
    """Return the table of ranges, means and standard deviations of valence and arousal by emotion."""
    return by_size(description, _affect)


def _affect(faces: Faces) -> str:
    columns = [f"{name} {of}" for name in ("valence", "arousal") for of in ("range", "mean", "SD")]
    scales = (faces.valence, faces.arousal)
    rows = [(emotion, *(text for scale in scales for text in _spread(scale.get(emotion)))) for emotion in EMOTIONS]
    note = "SD is the standard deviation of all images of the emotion. Both scales reach from -1 to 1."
    return f"{table(('emotion', *columns), rows, numbers=columns)}\n{note}\n"


def _spread(spread: Spread | None) -> tuple[str, str, str]:
    if spread is None:
        return "", "", ""
    low, high = decimal(spread.low), decimal(spread.high)
    return f"{low}{NO_BREAK}to{NO_BREAK}{high}", decimal(spread.mean), decimal(spread.deviation)


def files(description: Description) -> str | None:
    """Return the table of file sizes, formats and picture sizes by config, and how they were looked at."""
    found = [pictures for faces in description.faces.values() for pictures in faces.pictures.values()]
    if not found:
        return None
    rows = [
        (
            f"`{of.config}`",
            f"{of.files:,}",
            *(human_size(size) for size in (of.num_bytes, of.median_bytes, of.largest_bytes)),
            _formats(of),
            _shapes(of),
        )
        for of in found
    ]
    columns = ("config", "files", "total", "median", "largest", "format", "width x height")
    some = [f"of `{of.config}`, {of.looked_at:,}, spread evenly" for of in found if of.looked_at < of.files]
    looked_at = f"the headers of some files ({'; '.join(some)})" if some else "the header of every file"
    note = f"Formats and pixels are read from {looked_at}; 1 kB is 1,000 bytes."
    return f"{table(columns, rows, numbers=columns[1:5])}\n{note}\n"


def _formats(pictures: Pictures) -> str:
    if len(pictures.formats) == 1:
        return next(iter(pictures.formats))
    return ", ".join(f"{name} {percent(count, pictures.looked_at)}" for name, count in pictures.formats.items())


def _shapes(pictures: Pictures) -> str:
    widths, heights = zip(*pictures.shapes, strict=True)
    (width, height), count = next(iter(pictures.shapes.items()))
    most = f"{width:,} x {height:,}"
    if len(pictures.shapes) == 1:
        return most
    spans = " x ".join(f"{min(of):,}" + (f" to {max(of):,}" if max(of) > min(of) else "") for of in (widths, heights))
    return f"{spans}; most often {most} ({percent(count, pictures.looked_at)})"


BLOCKS: dict[str, Callable[[Description], str | None]] = {
    "subsets": subsets,
    "classes": classes,
    "columns": columns,
    "affect": affect,
    "balance": balance,
    "files": files,
    "prompts": prompts,
    "settings": settings,
}
