"""Every single rating, in `ratings.csv` beside the sheet: nothing that anybody said is lost when it is merged.

In go ratings that were read from exports; each is kept once, however often it is imported. The file has a row a rating
and is not published. It is written as the sheet is, by a Ledger, which keeps a second import out meanwhile.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, MAX_RATING, SUBSETS
from tools.make.ledger import Ledger
from tools.make.ratings.exports import Rating
from tools.make.ratings.pictures import size_of
from tools.make.ratings.scales import AROUSAL, EMOTION, VALENCE

FILE = "ratings.csv"
KEY = "rating"
RATED = "ratings"  # the column with the 40 ratings, as JSON, without those that are 0


def ratings_ledger(data_dir: Path) -> Ledger:
    """Return the ledger of a data directory's ratings; entering it raises LedgerError where another import runs."""
    return Ledger(data_dir / FILE, key=KEY)


def not_kept(ledger: Ledger, ratings: Iterable[Rating]) -> dict[str, Rating]:
    """Return those ratings, each once, that are not kept yet, by the key that they will have; the ledger is open."""
    known = {row[KEY] for row in ledger.rows()}
    fresh = {_key(rating): rating for rating in ratings}
    return {key: rating for key, rating in fresh.items() if key not in known}


def keep(ledger: Ledger, fresh: Mapping[str, Rating]) -> None:
    """Keep ratings by their keys; the ledger is open."""
    ledger.record({key: _cells(rating) for key, rating in fresh.items()})
    ledger.fold()


def _key(rating: Rating) -> str:
    place = [rating.config, rating.picture, rating.rater, rating.rated_at, rating.annotation]
    said = [*place, sorted(rating.says.items())]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _cells(rating: Rating) -> dict[str, str]:
    cells = {
        "config": rating.config,
        "picture": rating.picture,
        "rater": rating.rater,
        "rated_at": rating.rated_at,
        "annotation": rating.annotation,
    }
    if SUBSETS[rating.config].kind == "hq":
        return {**cells, RATED: json.dumps({name: value for name, value in rating.says.items() if value})}
    return cells | {name: str(rating.says.get(name, "")) for name in (EMOTION, VALENCE, AROUSAL)}


def read_kept(path: Path) -> list[Rating]:
    """Return the ratings of a file as `keep` writes it. Raises ValueError with the row where somebody spoiled one."""
    ratings, number = list[Rating](), 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {KEY, "config", "picture", "rater"} <= set(reader.fieldnames or ()):
                raise ValueError(f"{path} has no column {KEY}, config, picture or rater: it holds no ratings of ours")
            for number, row in enumerate(reader, 2):
                ratings.append(_rating(row, f"{path} row {number}"))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as CSV UTF-8 after row {number} ({error}): restore it") from None
    return ratings


def _rating(row: dict[str, str], place: str) -> Rating:
    """Return the rating of a row. Raises ValueError with the column and the value that is none."""

    def wrong(column: str, wanted: str) -> ValueError:
        got = ascii(row.get(column))
        return ValueError(
            f"{place}: {column}: expected {wanted} (got {got[:64]}): restore the file, or remove the row and import "
            "its export again"
        )

    if None in row or None in row.values():
        count = sum(column is not None and cell is not None for column, cell in row.items())
        raise ValueError(f"{place} has not as many cells as the header ({count}): restore the file, or remove the row")
    if row["config"] not in SUBSETS or SUBSETS[row["config"]].kind not in ("faces", "hq"):
        raise wrong("config", "the name of one that people rate")
    for column in (KEY, "picture", "rater"):
        if not row[column].strip():
            raise wrong(column, "a name")
    when = row.get("rated_at", "")
    try:
        if when:
            datetime.strptime(when, "%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        raise wrong("rated_at", "a time as 2026-01-31T12:00:00.000000Z") from None
    says: dict[str, str | float] = {}
    if SUBSETS[row["config"]].kind == "hq":
        try:
            given = json.loads(row.get(RATED, ""))
            says = {name: _number(given.pop(name, 0), 0, MAX_RATING) for name in EMONET_EMOTIONS}
        except (ValueError, TypeError, AttributeError, RecursionError):
            given = {"": None}
        if given:  # what is left is no emotion
            raise wrong(RATED, f"JSON of emotions and numbers from 0 to {MAX_RATING:g}")
    else:
        if row.get(EMOTION, "") not in ("", *EMOTIONS):
            raise wrong(EMOTION, f"one of {', '.join(EMOTIONS)}")
        says |= {EMOTION: row[EMOTION]} if row.get(EMOTION) else {}
        affect = [column for column in (VALENCE, AROUSAL) if row.get(column)]
        for column in (VALENCE, AROUSAL) if affect else ():
            try:
                says[column] = _number(row.get(column, ""), -1, 1)
            except ValueError:
                raise wrong(column, "a number from -1 to 1") from None
        if not says:
            raise wrong(EMOTION, "an emotion or a point")
    return Rating(row["config"], row["picture"], row["rater"], when, row.get("annotation", ""), says)


def _number(given: str | float, least: float, most: float) -> float:
    value = float(given)
    if not least <= value <= most:  # nor is NaN
        raise ValueError
    return value


def latest(ratings: Iterable[Rating]) -> tuple[dict[tuple[str, str], list[Rating]], int]:
    """Return what counts, by size (of configs) and picture: of each person the last rating; and how many do not.

    Of two that were given at one time, that with the higher number in Label Studio is the later.
    """
    last: dict[tuple[str, str, str], Rating] = {}
    superseded = 0
    for rating in sorted(ratings, key=_when):
        place = (size_of(rating.config), rating.picture, rating.rater)
        superseded += place in last
        last[place] = rating
    counted: dict[tuple[str, str], list[Rating]] = {}
    for (size, picture, _), rating in sorted(last.items(), key=lambda item: item[0]):
        counted.setdefault((size, picture), []).append(rating)
    return counted, superseded


def _when(rating: Rating) -> tuple[str, int, str]:
    return rating.rated_at, int(rating.annotation) if rating.annotation.isdecimal() else 0, rating.annotation


def judgements(counted: dict[tuple[str, str], list[Rating]], size: str) -> Iterator[tuple[str, Rating]]:
    """Yield the pictures and ratings of one size."""
    for (of, picture), ratings in counted.items():
        if of == size:
            for rating in ratings:
                yield picture, rating
