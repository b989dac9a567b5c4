"""What people say of pictures, as cells of the sheet's rows.

What a row said before people rated its picture is kept in its column `claim`. So its labels are always those of all
ratings and of the claim, in whatever order ratings were imported: what a later rating puts in doubt goes back.
What is no clear gain is never decided here: where people are divided, or most see another emotion than the picture's
folder and name say, the policy decides, and each such picture is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from DiffusionFER import EMOTIONS
from tools.make.label_source import AFFECT_COLUMN, CLAIM, COLUMN
from tools.make.ratings.exports import Rating
from tools.make.ratings.merge import Merged, merge
from tools.make.ratings.moves import files_to_move, moved_path, refuse_zips
from tools.make.ratings.pictures import Row, names_of, rows_of
from tools.make.ratings.scales import AROUSAL, EMOTION, VALENCE

OnTie = Literal["skip", "keep", "fail"]
OnChange = Literal["keep", "write", "move"]
Cells = dict[str, dict[str, str]]
SPREADS = {VALENCE: "valence_spread", AROUSAL: "arousal_spread"}
SPOKEN_OF = {COLUMN: (EMOTION,), AFFECT_COLUMN: (VALENCE, AROUSAL, *SPREADS.values())}
LABELS = ("raters", *SPOKEN_OF, *SPOKEN_OF[COLUMN], *SPOKEN_OF[AFFECT_COLUMN])


@dataclass
class Outcome:
    """What became of the rows: how many have their labels from people, were written, and the cases a person decides."""

    labelled: int = 0
    written: int = 0
    ties: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    changes: list[tuple[str, str, str]] = field(default_factory=list)  # path, emotion before, emotion of the majority
    moves: list[tuple[str, str]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)  # of `changes`, those not moved: another has their name in ratings
    unknown: list[str] = field(default_factory=list)  # pictures that no row has


def label_rows(
    config: str,
    data_dir: Path,
    rows: Iterable[Mapping[str, str]],
    ratings: Mapping[str, list[Rating]],
    on_tie: OnTie = "skip",
    on_change: OnChange = "keep",
) -> tuple[Outcome, Cells]:
    """Return what becomes of a sheet's rows of a config, and their new cells by path; nothing is written.

    `ratings` are all there are, by the name of the picture. A tie: "skip" leaves the row with its claim, "keep" leaves
    emotion and `label_source` so and gives the rest, "fail" gives no row at all. An emotion that is not the one of the
    row's path: "keep" leaves the row with its claim, "write" gives it the emotion (and the checks then name the file),
    "move" a new path, too. Raises ValueError, with what to do, for a move that cannot be done.
    """
    if on_change == "move":
        refuse_zips(config, data_dir)
    outcome, cells = Outcome(), Cells()
    by_path = {row["path"]: row for row in rows_of(config, rows)}
    names = names_of(by_path)
    for name, said in sorted(ratings.items()):
        path = names.get(name)
        if path is None:
            outcome.unknown.append(name)
            continue
        row = by_path[path]
        fresh = _labels(row, merge(said), on_tie, on_change, outcome, movable=name != path)
        if "path" in fresh:
            files_to_move(data_dir, path, fresh["path"])  # raises for what is in the way
            outcome.moves.append((path, fresh["path"]))
        if fresh := {column: text for column, text in fresh.items() if row.get(column, "") != text}:
            cells[path] = fresh
    if on_tie == "fail" and outcome.ties:
        return Outcome(ties=outcome.ties, changes=outcome.changes, unknown=outcome.unknown), {}
    outcome.written = len(cells)
    return outcome, cells


def _labels(
    row: Row, merged: Merged, on_tie: OnTie, on_change: OnChange, outcome: Outcome, *, movable: bool
) -> dict[str, str]:
    """Return the cells of the row, with its path where that is another now; note the cases that a person decides."""
    path, claim = row["path"], _claim(row)
    people = {} if merged.tied and on_tie != "keep" else _affect(merged)
    if merged.tied:
        outcome.ties.append((path, merged.tied))
    if merged.emotion:
        people |= {EMOTION: merged.emotion, COLUMN: "person"}
    # Where nobody decides the emotion, a picture that an import moved goes back to where it was.
    wanted = moved_path(path, merged.emotion) if merged.emotion else claim["path"]
    known = merged.emotion in (row.get(EMOTION, ""), claim[EMOTION])  # written before, and not moved
    moved = {}
    if wanted != path and (on_change == "move" or not known):
        if merged.emotion:  # else nobody says another: it goes back
            outcome.changes.append((path, path.split("/")[1], merged.emotion))
        if on_change == "move" and movable:
            moved = {"path": wanted}
        elif on_change != "write":
            if not movable:
                outcome.shared.append(path)
            if claim["path"] != path:  # moved by an import before, and its claim is of another emotion
                return {}
            people = {}
    outcome.labelled += EMOTION in people
    kept = json.dumps({column: text for column, text in claim.items() if text}, ensure_ascii=False) if people else ""
    return {**{column: claim[column] for column in LABELS}, **people, CLAIM: kept, **moved}


def _claim(row: Row) -> dict[str, str]:
    """Return the path and the labels that the row had before people's went into it. Raises ValueError for nonsense."""
    now = {column: row.get(column, "") for column in ("path", *LABELS)}
    if not row.get(CLAIM):
        return now
    try:
        given = json.loads(row[CLAIM])
    except (ValueError, RecursionError):
        given = None
    texts = isinstance(given, dict) and all(isinstance(text, str) for text in given.values())
    if not texts or not {"path"} <= set(given) <= set(now):
        wanted = "expected what an import wrote there: restore it, or empty it and then the row's labels are its claim"
        raise ValueError(f"{row['path']}: {CLAIM}: {wanted} (got {row[CLAIM][:64]!r})")
    if moved_path(given["path"], EMOTIONS[0]) != moved_path(row["path"], EMOTIONS[0]):  # renamed by hand since
        given["path"] = row["path"]
    for source, columns in SPOKEN_OF.items():
        if now[source] != "person":  # not people's, and perhaps mended by hand since
            given |= {column: now[column] for column in (source, *columns)}
    return {**dict.fromkeys(now, ""), **given}


def _affect(merged: Merged) -> dict[str, str]:
    """Return the cells beside the emotion's: the number of raters, and what their points say, if there are any."""
    cells = {"raters": str(merged.raters)}
    if merged.valence is None:
        return cells
    values = {VALENCE: merged.valence, AROUSAL: merged.arousal}
    spreads = {VALENCE: merged.valence_spread, AROUSAL: merged.arousal_spread}
    for name, spread in SPREADS.items():
        cells |= {name: str(values[name]), spread: "" if spreads[name] is None else str(spreads[name])}
    return {**cells, AFFECT_COLUMN: "person"}
