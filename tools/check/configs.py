"""Checks whole configs: the sheet, the raw folders, the annotations and, as deep as is asked for, every image.

In goes the name of configs and a data directory, out come findings, all of them and as they are found. Three depths:
quick reads no more of an image than its header; the default proves each file whole by its container's own checksums
and decodes what has none; deep decodes every pixel and looks for pictures that are alike.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import REMOTE_AT_A_TIME, SUBSETS, Remote, is_remote, open_raw, shown
from tools.check.annotations.agreement import Agreement, agreement
from tools.check.annotations.demographics import side_findings
from tools.check.annotations.emonet import annotation_findings
from tools.check.findings import Finding
from tools.check.images.examine import perceptual_hash
from tools.check.images.listing import (
    Listing,
    match_findings,
    missing_folder_findings,
    pair_findings,
    read_listing,
)
from tools.check.images.proven import Proven
from tools.check.images.rules import NOT_COMPARED
from tools.check.images.source import Source
from tools.check.images.walk import Depth, Images, images_findings
from tools.check.sheet.check import sheet_findings
from tools.check.sheet.read import Sheet, read_sheet, rows_missing, size_of
from tools.engine import Engine


def configs_with_data(named: Sequence[str], data_dir: Path | str) -> list[str]:
    """Return the configs to check: those named, which must have data, or all that have.

    Raises ValueError with one line for the user where there is nothing to check, or a config is unknown.
    """
    _known(named)
    if is_remote(data_dir):
        try:
            Remote(str(data_dir)).names()
        except FileNotFoundError as error:
            raise ValueError(str(error)) from None
    elif not Path(data_dir).is_dir():
        raise ValueError(f"{data_dir} is not a folder")
    found = []
    for config in named or SUBSETS:
        try:
            open_raw(config, str(data_dir))
        except FileNotFoundError as error:
            if named:
                raise ValueError(str(error)) from None
            continue
        except (ValueError, OSError):
            pass  # it is there, but not as it should be: for the checks to say
        found.append(config)
    if not found:
        looked_for = ", ".join(subset.folders[0] for subset in SUBSETS.values())
        missing = f"none of {looked_for} is there, as a folder or a zip"
        raise ValueError(f"{shown(data_dir)} holds the data of no config: {missing}")
    return found


def check_config(config: str, data_dir: str) -> list[Finding]:
    """Return the findings for one config, see `check_configs`."""
    return check_configs([config], data_dir)


def check_configs(configs: Sequence[str], data_dir: str) -> list[Finding]:
    """Return all findings for the configs, sorted; each sheet and each folder is read once, and no image is opened.

    Rows of a size that is not among the configs are passed over; rows that name no known folder are not. Raises
    ValueError for an unknown config.
    """
    return sorted(_check_lists(_known(configs), data_dir, []))


def check_data(
    configs: Sequence[str],
    data_dir: str,
    *,
    depth: Depth = "default",
    proven: Proven | None = None,
    workers: int | None = None,
    advance: Callable[[int], object] = lambda images: None,
    engine: Engine | None = None,
) -> Iterator[Finding]:
    """Yield all findings for the configs and their images, as they are found, each image read once at most.

    What `proven` remembers is not read again, and what is proven is remembered there. `workers` is the number of
    threads (None: one a core, more for a remote tree), `advance` is told how many more images are done. An `engine`
    that is a cluster looks at the images in place of threads, with the same findings in the same order; its workers
    must see `data_dir`, too. Raises ValueError for a config that is unknown, EngineError where the cluster fails.
    """
    images: list[Images] = []  # filled as the lists are gone through
    yield from _check_lists(_known(configs), data_dir, images)
    yield from check_images(images, depth=depth, proven=proven, workers=workers, advance=advance, engine=engine)


def check_lists(configs: Sequence[str], data_dir: str) -> tuple[list[Finding], list[Images]]:
    """Return the findings that need no look into images, and the images of the configs, for `check_images`."""
    images: list[Images] = []
    return list(_check_lists(_known(configs), data_dir, images)), images


def check_images(
    images: list[Images],
    *,
    depth: Depth = "default",
    proven: Proven | None = None,
    workers: int | None = None,
    advance: Callable[[int], object] = lambda images: None,
    engine: Engine | None = None,
) -> Iterator[Finding]:
    """Yield what is wrong with the images that `check_lists` returned; see `check_data`. The list is emptied."""
    if depth == "deep" and images and perceptual_hash() is None:
        message = "near duplicates were not looked for: the library scipy is not installed"
        yield NOT_COMPARED.at(images[0].source.folder.name, message)
    if not workers:
        waits = bool(images) and is_remote(images[0].source.folder.data_dir)
        workers = REMOTE_AT_A_TIME if waits else os.cpu_count() or 1
    while images:  # of a config that is done nothing is kept
        yield from images_findings(
            images.pop(0), depth=depth, proven=proven, workers=workers, advance=advance, engine=engine
        )


def _known(configs: Sequence[str]) -> list[str]:
    if unknown := [config for config in configs if config not in SUBSETS]:
        raise ValueError(f"unknown config {', '.join(unknown)}: choose from {', '.join(SUBSETS)}")
    return list(dict.fromkeys(configs))


def _check_lists(configs: Sequence[str], data_dir: str, found: list[Images]) -> Iterator[Finding]:
    """Yield what is wrong with sheet, folders and annotations; append what is known of the images to `found`."""
    faces = [config for config in configs if SUBSETS[config].kind == "faces"]
    if faces:
        yield from _check_faces(faces, data_dir, found)
    for config in configs:
        if config not in faces:
            yield from _check_emonet(config, data_dir, found)


def _check_faces(configs: Sequence[str], data_dir: str, found: list[Images]) -> Iterator[Finding]:
    listings: dict[str, Listing] = {}
    for config in configs:
        listing, findings = read_listing(config, data_dir)
        yield from findings
        if listing:
            listings[config] = listing
    sheet, findings = read_sheet(data_dir)
    yield from findings
    sizes = list(dict.fromkeys(map(size_of, configs)))
    if sheet:
        yield from missing_folder_findings(sheet, sizes, data_dir)
        sheet = sheet.concerning(sizes)
        yield from sheet_findings(sheet, sizes)
    for size in sizes:
        yield from _check_size(size, sheet, {c: o for c, o in listings.items() if size_of(c) == size}, found)


def _check_size(size: str, sheet: Sheet | None, listings: dict[str, Listing], found: list[Images]) -> Iterator[Finding]:
    rows = sheet.of_size(size) if sheet else None
    if sheet and rows and not rows.table.num_rows:
        yield rows_missing(sheet, size)
    files = None
    if rows:
        # As the builder does: a crop has the path of its original below the folder of the crops.
        files = pc.replace_substring_regex(rows.text("path"), "^[^/]+/", "")
        for listing in listings.values():
            yield from match_findings(rows, listing)
    if len(listings) == 2:
        yield from pair_findings(listings[f"{size}_original"], listings[f"{size}_cropped"], files)
    for config, listing in listings.items():
        found.append(_images(config, listing, rows, files))


def _images(config: str, listing: Listing, rows: Sheet | None = None, files: pa.Array | None = None) -> Images:
    """Return the images of a listing in the compact form in which they are gone through."""
    names = listing.images()
    index = None if files is None else pc.index_in(names, files)
    return Images(config, Source(listing.folder, listing.entries), names, rows, index)


def _check_emonet(config: str, data_dir: str, found: list[Images]) -> Iterator[Finding]:
    listing, findings = read_listing(config, data_dir)
    yield from findings
    if listing:
        yield from annotation_findings(config, listing)
        yield from side_findings(listing)
        found.append(_images(config, listing))


def agreements(configs: Sequence[str], data_dir: Path | str) -> Iterator[Agreement]:
    """Yield how far the annotators agree, for each EmoNet config that several people annotated."""
    for config in _known(configs):
        if SUBSETS[config].kind != "faces":
            listing, _ = read_listing(config, str(data_dir))
            if listing and (found := agreement(config, listing)):
                yield found
