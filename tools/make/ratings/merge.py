"""Merges what several people said of a picture into the labels of its row, and writes these into the sheet.

Of valence and arousal the mean and the spread, of the class the majority. What is no clear gain is never decided here:
where people are divided, or most see another emotion than the picture's folder and name say, the policy decides, and
each such picture is told.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from DiffusionFER import sheet_path
from tools.make.label_source import COLUMN
from tools.make.ledger import Ledger
from tools.make.ratings.exports import Rating
from tools.make.ratings.moves import files_to_move, finish_moves, moved_path, refuse_zips
from tools.make.ratings.pictures import Row, names_of, rows_of
from tools.make.ratings.scales import AROUSAL, EMOTION, VALENCE

OnTie = Literal["skip", "keep", "fail"]
OnChange = Literal["keep", "write", "move"]
DIGITS = 3


@dataclass(frozen=True)
class Merged:
    """What people together say of a picture: the votes for each emotion, and valence and arousal with their spread.

    `emotion` is None where nobody named one or several have the most votes: these are `tied`. A spread is the sample
    standard deviation, None for fewer than two ratings.
    """

    votes: dict[str, int]
    emotion: str | None
    tied: tuple[str, ...]
    valence: float | None
    arousal: float | None
    valence_spread: float | None
    arousal_spread: float | None
    raters: int


@dataclass
class Outcome:
    """What became of the rows: how many have their labels from people, were written, and the cases a person decides."""

    labelled: int = 0
    written: int = 0
    ties: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    changes: list[tuple[str, str, str]] = field(default_factory=list)  # path, emotion before, emotion of the majority
    moves: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # pictures that no row has


def merge(ratings: Iterable[Rating]) -> Merged:
    """Return what the ratings of one picture, one of each person, say together."""
    ratings = list(ratings)
    votes = Counter(str(rating.says[EMOTION]) for rating in ratings if EMOTION in rating.says)
    most = max(votes.values(), default=0)
    first = tuple(sorted(emotion for emotion, count in votes.items() if count == most))
    means, spreads = {}, {}
    for name in (VALENCE, AROUSAL):
        values = [float(rating.says[name]) for rating in ratings if name in rating.says]
        means[name] = round(statistics.fmean(values), DIGITS) + 0.0 if values else None
        spreads[name] = round(statistics.stdev(values), DIGITS) if len(values) > 1 else None
    return Merged(
        dict(sorted(votes.items())),
        first[0] if len(first) == 1 else None,
        first if len(first) > 1 else (),
        means[VALENCE],
        means[AROUSAL],
        spreads[VALENCE],
        spreads[AROUSAL],
        len(ratings),
    )


def label_sheet(
    config: str,
    data_dir: Path,
    ratings: Mapping[str, list[Rating]],
    on_tie: OnTie = "skip",
    on_change: OnChange = "keep",
) -> Outcome:
    """Write what people say, by the name of the picture, into the sheet's rows of a config; return what became of them.

    A tie: "skip" leaves the row as it is, "keep" leaves its emotion and the source of its labels and writes the rest,
    "fail" writes no row at all. An emotion that is not the one of the row's path: "keep" leaves the row as it is,
    "write" writes it (and the checks then name the file), "move" renames picture and crop, too. A row whose cells are
    the same already is not written. Raises ValueError and OSError, with what was recorded kept.
    """
    if on_change == "move":
        refuse_zips(config, data_dir)
    outcome, cells = Outcome(), dict[str, dict[str, str]]()
    with Ledger(Path(sheet_path(str(data_dir)))) as ledger:
        finish_moves(data_dir, ledger)
        rows = {row["path"]: row for row in rows_of(config, ledger.rows())}
        names = names_of(rows)
        for name, said in sorted(ratings.items()):
            path = names.get(name)
            if path is None:
                outcome.unknown.append(name)
                continue
            fresh = _labels(rows[path], merge(said), on_tie, on_change, outcome)
            if "path" in fresh and (fresh["path"] in rows or fresh["path"] in dict(outcome.moves).values()):
                raise ValueError(f"{path} cannot become {fresh['path']}, which another row has: rename one by hand")
            if "path" in fresh:
                files_to_move(data_dir, path, fresh["path"])  # before anything is recorded
                outcome.moves.append((path, fresh["path"]))
            if any(rows[path].get(column, "") != text for column, text in fresh.items()):
                cells[path] = fresh
        if on_tie == "fail" and outcome.ties:
            return Outcome(ties=outcome.ties, changes=outcome.changes, unknown=outcome.unknown)
        ledger.record(cells)
        finish_moves(data_dir, ledger)
        ledger.fold()
    outcome.written = len(cells)
    return outcome


def _labels(row: Row, merged: Merged, on_tie: OnTie, on_change: OnChange, outcome: Outcome) -> dict[str, str]:
    """Return the cells that the row gets, none where it stays as it is; note the cases that a person decides."""
    fresh = {
        VALENCE: _text(merged.valence),
        AROUSAL: _text(merged.arousal),
        "valence_spread": _text(merged.valence_spread),
        "arousal_spread": _text(merged.arousal_spread),
    }
    fresh = {column: text for column, text in fresh.items() if text or column.endswith("spread")}
    fresh["raters"] = str(merged.raters)
    if merged.tied:
        outcome.ties.append((row["path"], merged.tied))
        return fresh if on_tie == "keep" else {}
    if merged.emotion is None:  # nobody named one: only valence and arousal are theirs
        return fresh
    wanted = moved_path(row["path"], merged.emotion)
    if wanted != row["path"] and (on_change == "move" or row.get(EMOTION) != merged.emotion):
        outcome.changes.append((row["path"], row.get(EMOTION, ""), merged.emotion))
        if on_change == "keep":
            return {}
        if on_change == "move":
            fresh["path"] = wanted
    outcome.labelled += 1
    return {**fresh, EMOTION: merged.emotion, COLUMN: "person"}


def _text(value: float | None) -> str:
    return "" if value is None else str(value)
