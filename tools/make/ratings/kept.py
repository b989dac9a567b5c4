"""Every single rating, in `ratings.csv` beside the sheet: nothing that anybody said is lost when it is merged.

In go ratings that were read from exports; each is kept once, however often it is imported. The file has a row a rating
and is not published. It is written as the sheet is, by a Ledger, which keeps a second import out meanwhile.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, SUBSETS
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


def keep(ledger: Ledger, ratings: Iterable[Rating]) -> int:
    """Keep ratings, each once, and return how many were not kept before; the ledger is open."""
    known = {row[KEY] for row in ledger.rows()}
    fresh = {_key(rating): _cells(rating) for rating in ratings}
    fresh = {key: cells for key, cells in fresh.items() if key not in known}
    ledger.record(fresh)
    ledger.fold()  # with what a run that was killed had recorded
    return len(fresh)


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
    try:
        return Rating(
            row["config"], row["picture"], row["rater"], row.get("rated_at", ""), row.get("annotation", ""), _says(row)
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{place} is no rating ({error}): restore or remove it") from None


def _says(row: dict[str, str]) -> dict[str, str | float]:
    if SUBSETS[row["config"]].kind == "hq":
        given = json.loads(row[RATED])
        return {name: float(given.get(name, 0)) for name in EMONET_EMOTIONS}
    says: dict[str, str | float] = {}
    if row.get(EMOTION):
        says[EMOTION] = EMOTIONS[EMOTIONS.index(row[EMOTION])]
    return says | {name: float(row[name]) for name in (VALENCE, AROUSAL) if row.get(name)}


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
