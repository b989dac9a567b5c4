"""Ratings of EmoNet-Face HQ as upstream ships them: rows of its CSV, which the builder reads.

In go ratings of people; out comes the CSV of `emonet-face-hq`, with a row for each image and annotator. Rows of others,
and columns of upstream's own, stay as they are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from pathlib import Path

from DiffusionFER import ImageNames, RawZip, open_raw
from tools.make.ratings.exports import Rating
from tools.make.ratings.labels import Outcome
from tools.make.ratings.pictures import find_pictures

COLUMNS = ["image", "annotator", "annotations", "human"]
NAME = "hq.csv"  # where the folder has no CSV of annotations yet


UPSTREAM = re.compile(r"(human|expert)-[0-9]+")  # as upstream calls its annotators


def annotator_name(rater: str) -> str:
    """Return the name that is published for a rater: upstream's stay, for any other there is always the same word.

    The word does not tell the name, but who has a name in mind can see whether it is of this word.
    """
    return rater if UPSTREAM.fullmatch(rater) else f"rater-{hashlib.sha256(rater.encode()).hexdigest()[:8]}"


def plan_annotations(
    config: str, data_dir: Path, ratings: Mapping[str, list[Rating]]
) -> tuple[Outcome, Path, bytes | None]:
    """Return what becomes of ratings, by the name of the picture, and the CSV of the config's folder with them.

    A row that an annotator already has for an image is replaced. The content is None where nothing changes. Raises
    ValueError, with what to do, where the folder is a zip or its CSV cannot be read.
    """
    folder = open_raw(config, str(data_dir))
    if isinstance(folder, RawZip):
        raise ValueError(f"{folder.name} is a zip, into which no annotations are written: unpack it")
    entries = folder.entries()
    files = {picture.name: picture.file.split("/", 1)[1] for picture in find_pictures(config, data_dir).found}
    named = [entry.name for entry in entries if "/" not in entry.name and entry.name.endswith(".csv")]
    named = [name for name in named if not name.startswith("metadata.")]  # as the builder does
    if len(named) > 1:
        raise ValueError(f"{folder.name} holds {' and '.join(named)}: keep one CSV of annotations")
    path = Path(folder.path) / (named[0] if named else NAME)
    columns, rows = _read(path) if named else (COLUMNS, [])
    images, places = ImageNames(entries), dict[tuple[str, str], int]()
    for place, row in enumerate(rows):
        try:
            places[images.find(row["image"] or ""), row["annotator"] or ""] = place
        except ValueError:  # for the checks to say
            continue
    outcome = Outcome()
    for name, said in sorted(ratings.items()):
        if name not in files:
            outcome.unknown.append(name)
            continue
        outcome.labelled += 1
        for rating in said:
            who = annotator_name(rating.rater)
            given = {emotion: value for emotion, value in rating.says.items() if value}
            fresh = {"image": files[name], "annotator": who, "annotations": repr(given), "human": "True"}
            fresh = {column: text for column, text in fresh.items() if column in columns}
            place = places.setdefault((files[name], who), len(rows))
            if place == len(rows):
                rows.append(dict.fromkeys(columns, ""))
            elif rows[place]["annotations"] == fresh["annotations"]:
                continue
            rows[place] = {**rows[place], **fresh, "image": rows[place]["image"] or fresh["image"]}
            outcome.written += 1
    if not outcome.written:
        return outcome, path, None
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return outcome, path, text.getvalue().encode()


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.DictReader(file, strict=True)
            rows, columns = list(reader), list(reader.fieldnames or ())
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path} cannot be read as CSV ({error}): mend it, nothing was changed") from None
    if missing := [column for column in COLUMNS[:3] if column not in columns]:
        raise ValueError(f"{path} has no column {', '.join(missing)}: nothing was changed")
    if any(None in row for row in rows):
        raise ValueError(f"{path} has a row with more cells than its header: mend it, nothing was changed")
    return columns, rows
