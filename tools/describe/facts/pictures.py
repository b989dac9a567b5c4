"""What there is to say of the pictures of one config: how many, how large as files, and how large as pictures.

In go the rows of the sheet and the data directory; out comes a Pictures. Sizes are those that the folder or the zip
lists; formats, widths and heights are read from headers, and no pixel is decoded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from DiffusionFER import REMOTE_AT_A_TIME, is_remote
from tools.check.findings import Finding, quote
from tools.check.images.formats import header_of_head
from tools.check.images.listing import read_listing
from tools.check.images.rules import FOLDER_MISSING
from tools.check.images.source import Source
from tools.check.sheet.read import Sheet

# Of at most so many files the headers are read; of a config that has more, they are spread evenly over it.
LOOKED_AT = 5_000
VALIDATE = "run python tools/validate.py, which lists what is wrong"


@dataclass(frozen=True)
class Pictures:
    """The files of one config: how many, their sizes in bytes, and by width and height in pixels how many there are.

    Files that no row of the sheet names are not published and not counted. `shapes` and `formats` ("PNG") count the
    `looked_at` files whose headers were read, all of them in a small dataset, the most frequent first.
    """

    config: str
    folder: str
    files: int
    num_bytes: int
    median_bytes: int
    largest_bytes: int
    shapes: dict[tuple[int, int], int]
    formats: dict[str, int]
    looked_at: int


def words_of(finding: Finding) -> str:
    """Return a finding as the one line of an error: the file, what is wrong with it, the way out."""
    return f"{finding.file}: {finding.message}; {finding.hint[:1].lower()}{finding.hint[1:].rstrip('.')}"


def evenly(count: int, most: int) -> np.ndarray:
    """Return at most `most` of the indices below `count`, spread evenly, ascending."""
    return np.arange(count) if count <= most else np.arange(most) * count // most


def pictures_of(config: str, rows: Sheet, data_dir: Path | str) -> Pictures | None:
    """Return what there is to say of the pictures of `rows` in a config; None where the data directory has none of it.

    Raises ValueError for a folder or zip that cannot be listed, a row whose picture is missing, and a header that
    cannot be read.
    """
    listing, findings = read_listing(config, str(data_dir))
    if listing is None:
        if findings[0].rule == FOLDER_MISSING.id:
            return None
        raise ValueError(words_of(findings[0]))
    # As the builder does: a crop has the path of its original below the folder of the crops.
    files = pc.replace_substring_regex(rows.text("path"), "^[^/]+/", "")
    places = pc.index_in(files, listing.names())
    if (missing := pc.index(places.is_null(), True).as_py()) >= 0:
        where = f"{rows.name} row {rows.row(missing)}: file {quote(files[missing].as_py())} is missing"
        raise ValueError(f"{where} in {listing.name}; bring the file or remove the row")
    chosen = np.sort(places.to_numpy())
    sizes = listing.entries.sizes.to_numpy()[chosen]
    looked_at = chosen[evenly(len(chosen), LOOKED_AT)].tolist()
    source = Source(listing.folder)
    names = [listing.entries[place].name for place in looked_at]
    if is_remote(data_dir):
        with ThreadPoolExecutor(REMOTE_AT_A_TIME) as pool:
            headers = list(pool.map(partial(_look, source), names))
    else:
        headers = [_look(source, name) for name in names]
    return Pictures(
        config=config,
        folder=listing.name,
        files=len(sizes),
        num_bytes=int(sizes.sum()),
        median_bytes=int(np.median(sizes)),
        largest_bytes=int(sizes.max()),
        shapes=_counted((width, height) for width, height, _ in headers),
        formats=_counted(kind for _, _, kind in headers),
        looked_at=len(headers),
    )


def _look(source: Source, name: str) -> tuple[int, int, str]:
    """Return width, height and format of a picture by its header."""
    file = f"{source.folder.name}/{name}"
    try:
        header = header_of_head(source.head(name))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{quote(file)} cannot be read ({reason}): {VALIDATE}") from error
    if header is None:
        raise ValueError(f"{quote(file)} does not begin as a picture does: {VALIDATE}")
    return header.width, header.height, header.format


def _counted(values: Iterable[Any]) -> dict[Any, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
