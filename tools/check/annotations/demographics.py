"""Rules for the side file of an EmoNet folder: prompts and demographics by file name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from DiffusionFER import read_table, row_numbers
from tools.check.annotations.rules import DEMOGRAPHICS, SIDE_FILE
from tools.check.findings import Finding, quote
from tools.check.images.listing import Listing, without_machine

SIDE_NAMES = ("metadata.csv", "metadata.parquet")

# What upstream's prompts were made of, as its published notebooks print the columns Ethnicity, Gender and Age
# (LAION-AI/emonet-face, statistics/worldmap.ipynb and statistics/descriptive.ipynb): 14 ethnicities, three genders.
# The card of EmoNet-Face gives the numbers, and the ages: 20 to 80.
ETHNICITIES = (
    "American Indian or Alaska Native",
    "arabic",
    "Asian",
    "Black or African American",
    "Hispanic or Latino",
    "Indian",
    "Middle Eastern",
    "Native Hawaiian or Other Pacific Islander",
    "North African",
    "South Asian",
    "Southeast Asian",
    "White",
    "white caucasian european",
    "white caucasian north american",
)
GENDERS = ("man", "woman", "non-binary person")
YOUNGEST, OLDEST = 20, 80
PUBLISHED = {"ethnicity": ETHNICITIES, "gender": GENDERS}
AGE = re.compile(r"\d{1,3}(\.0)?")  # as the builder reads it


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
        numbers = row_numbers(entry.name, content, len(rows))
        for number, row in zip(numbers, rows, strict=True):
            yield from _unreadable(place, number, row)
        yield from _unpublished(place, list(zip(numbers, rows, strict=True)))


def _unreadable(place: str, row: int, cells: dict[str, Any]) -> Iterator[Finding]:
    if not cells.get("file_name"):
        hint = "write the name of the image, or remove the row"
        message = "file_name is empty, expected the name of an image"
        yield SIDE_FILE.at(place, message, hint, row=row, column="file_name")
    age = cells.get("age")
    if age is not None and not AGE.fullmatch(str(age)):
        hint = "write the age in years, or leave the cell empty"
        message = f"age {quote(age)} is not a whole number of years"
        yield SIDE_FILE.at(place, message, hint, row=row, column="age", value=str(age))


def _unpublished(place: str, rows: list[tuple[int, dict[str, Any]]]) -> Iterator[Finding]:
    """Yield a finding for each value that upstream does not publish, with how often it occurs and the first row."""
    seen: dict[tuple[str, str], list[int]] = {}
    for number, cells in rows:
        for column in (*PUBLISHED, "age"):
            value = cells.get(column)
            if value is not None and not _is_published(column, str(value)):
                seen.setdefault((column, str(value)), []).append(number)
    for (column, value), numbers in seen.items():
        times = f" ({len(numbers):,} rows)" if len(numbers) > 1 else ""
        message = f"{column} {quote(value)} is not {_expected(column)}{times}"
        hint = ""
        if column in PUBLISHED and (near := difflib.get_close_matches(value, PUBLISHED[column], 1, 0.7)):
            hint = f"write {quote(near[0])}, if that is meant"
        yield DEMOGRAPHICS.at(place, message, hint, row=numbers[0], column=column, value=value)


def _is_published(column: str, value: str) -> bool:
    if column == "age":
        return not AGE.fullmatch(value) or YOUNGEST <= float(value) <= OLDEST  # another rule has what is no age
    return value.strip().casefold() in (known.casefold() for known in PUBLISHED[column])


def _expected(column: str) -> str:
    if column == "age":
        return f"from {YOUNGEST} to {OLDEST}"
    if column == "gender":
        return f"one of {', '.join(GENDERS[:-1])} and {GENDERS[-1]}"
    return f"one of the {len(ETHNICITIES)} ethnicities that upstream publishes"
