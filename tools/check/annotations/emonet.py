"""Rules for the EmoNet configs: the annotations as upstream ships them, their images, and the side file.

What one annotation says is judged by `DiffusionFER.read_annotations`, so that a check and the builder cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from DiffusionFER import SUBSETS, ImageNames, read_annotations, read_table, row_numbers
from tools.check.annotations.rules import (
    ANNOTATED_IMAGE,
    ANNOTATION_WRONG,
    ANNOTATIONS_UNREADABLE,
    NO_ANNOTATIONS,
    NOT_ANNOTATED,
    SAME_ID,
    SIDE_FILE,
)
from tools.check.findings import Finding, quote
from tools.check.images.listing import Listing, is_image, without_machine

SIDE_NAMES = ("metadata.csv", "metadata.parquet")


def annotation_findings(config: str, listing: Listing) -> Iterator[Finding]:
    """Yield what is wrong with the annotations of a config and with their images, which are not opened."""
    used: set[str] = set()
    file_of: dict[str, str] = {}  # by image id
    count, name = 0, listing.name
    images = ImageNames(listing.entries)
    try:
        for annotation in read_annotations(SUBSETS[config].kind, listing.folder):
            count += 1
            file, row = _place(annotation.origin)
            if annotation.problem:
                hint = "mend the annotation, or remove it"
                yield ANNOTATION_WRONG.at(f"{name}/{file}", f"annotation: {annotation.problem}", hint, row=row)
                if not annotation.image:
                    continue
            try:
                found = images.find(annotation.image)
                used.add(found)
                if (first := file_of.setdefault(PurePosixPath(found).stem, found)) != found:
                    message = f"{quote(found)} has the id of {quote(first)}"
                    hint = "rename one of the images: the id is the name without folder and ending"
                    yield SAME_ID.at(f"{name}/{file}", message, hint, row=row, value=annotation.image)
            except ValueError as error:
                message, hint = str(error) if annotation.image else "image is empty", "mend the name or bring the image"
                yield ANNOTATED_IMAGE.at(f"{name}/{file}", message, hint, row=row, value=annotation.image)
    except (OSError, ValueError) as error:
        reason = without_machine(error, listing.folder.data_dir)
        hint = "put the annotations there as upstream ships them"
        yield ANNOTATIONS_UNREADABLE.at(name, f"annotations: {reason}", hint)
        return
    if not count:
        yield NO_ANNOTATIONS.at(name, f"config {config} holds no annotation", "put the annotations there")
        return
    for entry in listing.entries:
        if is_image(entry) and entry.name not in used:
            message = "image has no annotation and is not published"
            yield NOT_ANNOTATED.at(f"{name}/{entry.name}", message, "bring its annotation, or remove the image")


def _place(origin: str) -> tuple[str, int | None]:
    """Return the file and the row of an Annotation's origin: 'binary.csv row 5', or the name of a JSON file."""
    match = re.fullmatch(r"(.*\.csv) row (\d+)", origin, re.DOTALL)
    return (match[1], int(match[2])) if match else (origin, None)


def side_findings(listing: Listing) -> Iterator[Finding]:
    """Yield what is wrong with the side file of prompts and demographics; without one there is nothing to say."""
    for entry in listing.entries:
        if entry.name not in SIDE_NAMES or entry.problem:
            continue
        place = f"{listing.name}/{entry.name}"
        try:
            content = listing.folder.read(entry.name)
            rows = read_table(entry.name, content).to_pylist()
        except (OSError, ValueError) as error:
            reason = without_machine(error, listing.folder.data_dir)
            yield SIDE_FILE.at(place, f"side file: {reason}", "save it as CSV UTF-8 or as Parquet")
            continue
        for number, row in zip(row_numbers(entry.name, content, len(rows)), rows, strict=True):
            yield from _side_row(place, number, row)


def _side_row(place: str, row: int, cells: dict[str, object]) -> Iterator[Finding]:
    if not cells.get("file_name"):
        hint = "write the name of the image, or remove the row"
        yield SIDE_FILE.at(
            place, "file_name is empty, expected the name of an image", hint, row=row, column="file_name"
        )
    age = cells.get("age")
    if age is not None and not re.fullmatch(r"\d{1,3}(\.0)?", str(age)):
        hint = "write the age in years, or leave the cell empty"
        message = f"age {quote(age)} is not a whole number of years"
        yield SIDE_FILE.at(place, message, hint, row=row, column="age", value=str(age))
