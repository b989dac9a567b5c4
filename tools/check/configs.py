"""Checks whole configs before a push: the sheet, the raw folders and the annotations, without the bytes of any image.

The bytes are proven by `tools.check.images` in the pass that builds the shards. All problems are found, not the first.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from DiffusionFER import SUBSETS, open_raw
from tools.check.annotations.emonet import annotation_findings, side_findings
from tools.check.findings import Finding
from tools.check.images.content import folder_findings
from tools.check.images.listing import Listing, match_findings, read_listing
from tools.check.sheet.check import sheet_findings
from tools.check.sheet.read import Sheet, read_sheet, recorded_sha256, rows_missing, size_of


def check_config(config: str, data_dir: str) -> list[Finding]:
    """Return the findings for one config, see `check_configs`."""
    return check_configs([config], data_dir)


def check_configs(configs: Sequence[str], data_dir: str) -> list[Finding]:
    """Return all findings for the configs, sorted; each sheet and each folder is read once, and no image is opened.

    Rows of a size that is not among the configs are passed over; rows that name no known folder are not. Raises
    ValueError for an unknown config.
    """
    if unknown := [config for config in configs if config not in SUBSETS]:
        raise ValueError(f"unknown config {', '.join(unknown)}: choose from {', '.join(SUBSETS)}")
    configs = list(dict.fromkeys(configs))
    faces = [config for config in configs if SUBSETS[config].kind == "faces"]
    findings = list(_check_faces(faces, data_dir)) if faces else []
    for config in configs:
        if config not in faces:
            findings += _check_emonet(config, data_dir)
    return sorted(findings, key=lambda finding: finding.order)


def check_images(configs: Sequence[str], data_dir: str, workers: int) -> list[Finding]:
    """Return all findings for the bytes of the images of configs, read in `workers` threads.

    For data whose shards cannot be built: building them proves each image in the same pass.
    """
    findings: list[Finding] = []
    for config in configs:
        with contextlib.suppress(ValueError, FileNotFoundError):  # no folder, which `check_configs` says
            recorded = recorded_sha256(config, data_dir) if SUBSETS[config].kind == "faces" else {}
            findings += folder_findings(open_raw(config, data_dir), recorded, workers)
    return findings


def _check_faces(configs: Sequence[str], data_dir: str) -> Iterator[Finding]:
    listings: dict[str, Listing] = {}
    for config in configs:
        listing, findings = read_listing(config, data_dir)
        yield from findings
        if listing:
            listings[config] = listing
    sheet, findings = read_sheet(data_dir)
    yield from findings
    if sheet:
        yield from _check_sheet(sheet, list(dict.fromkeys(map(size_of, configs))), listings)


def _check_sheet(sheet: Sheet, sizes: Sequence[str], listings: dict[str, Listing]) -> Iterator[Finding]:
    concerning = sheet.concerning(sizes)
    yield from sheet_findings(concerning, sizes)
    for size in sizes:
        rows = concerning.of_size(size)
        if not rows.table.num_rows:
            yield rows_missing(sheet, size)
        for config, listing in listings.items():
            if size_of(config) == size:
                yield from match_findings(rows, listing)


def _check_emonet(config: str, data_dir: str) -> Iterator[Finding]:
    real = Path(os.path.realpath(data_dir))
    if real.name in SUBSETS[config].folders:  # as the builder: a clone of upstream was given itself
        data_dir = str(real.parent)
    listing, findings = read_listing(config, data_dir)
    yield from findings
    if listing:
        yield from annotation_findings(config, listing)
        yield from side_findings(listing)
