"""How far raters agree, for each emotion and, of faces, in valence and arousal: from ratings or upstream's files.

In go ratings, or the annotations of EmoNet-Face; out comes a Report, which is rendered as a table of 80 columns or as
JSON. What a figure means, and whose definition it is, stands in `statistics` and below the table.
"""

from __future__ import annotations

import stat
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, MAX_FILE_BYTES, Entries, Entry, RawFolder, read_annotations
from tools.make.ratings.exports import Rating
from tools.make.ratings.scales import AROUSAL, EMOTION, VALENCE
from tools.make.ratings.statistics import alpha, mean_kappa, shares

WIDTH = 80


@dataclass(frozen=True)
class EmotionRow:
    """What raters say of one emotion: `pictures` judged for it by several, the shares of these on which all, most and
    no majority agree, and alpha or weighted kappa. None is what this kind of judgement does not have."""

    emotion: str
    pictures: int
    full: float | None = None
    partial: float | None = None
    none: float | None = None
    alpha: float | None = None
    kappa: float | None = None


@dataclass(frozen=True)
class Report:
    """The agreement in one set of ratings: `kind` is faces, hq or binary; `alphas` are those over all emotions."""

    what: str
    kind: str
    raters: int
    pictures: int
    repeatedly: int
    alphas: dict[str, float | None]
    rows: tuple[EmotionRow, ...]
    left_out: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    def as_text(self) -> str:
        """Return the table for a person, in 80 columns."""
        told = ["", *_table(self), "", *_notes(self)] if self.repeatedly else ["nobody can agree yet"]
        return "\n".join([*_head(self), *told]) + "\n"


def faces_report(what: str, judgements: Iterable[tuple[str, Rating]]) -> Report:
    """Return the agreement of ratings of faces: of each person one of a picture, with the picture's name.

    An emotion was judged in a picture where somebody saw it: who named another has said no.
    """
    said = list(judgements)
    named = [(picture, str(rating.says[EMOTION])) for picture, rating in said if EMOTION in rating.says]
    alphas = {EMOTION: alpha(*_columns(named), "nominal")}
    for name in (VALENCE, AROUSAL):
        values = [(picture, float(rating.says[name])) for picture, rating in said if name in rating.says]
        alphas[name] = alpha(*_columns(values), "interval")
    people, votes = Counter(picture for picture, _ in named), Counter(named)
    rows = []
    for emotion in EMOTIONS:
        seen = {picture: count for (picture, of), count in votes.items() if of == emotion}
        rows.append(_shared(emotion, list(seen.values()), [people[picture] for picture in seen]))
    raters = {rating.rater for _, rating in said}
    each = Counter(picture for picture, _ in said)
    return Report(what, "faces", len(raters), len(each), sum(n > 1 for n in each.values()), alphas, tuple(rows))


def hq_report(what: str, judgements: Iterable[tuple[str, str, dict[str, float]]], left_out: int = 0) -> Report:
    """Return the agreement of ratings from 0 to 7: (picture, rater, all 40 ratings), the first two together once."""
    said = {(picture, rater): ratings for picture, rater, ratings in judgements}
    pictures = {name: place for place, name in enumerate(sorted({picture for picture, _ in said}))}
    raters = {name: place for place, name in enumerate(sorted({rater for _, rater in said}))}
    each = Counter(picture for picture, _ in said)
    again = sum(count > 1 for count in each.values())
    rows = []
    for emotion in EMONET_EMOTIONS:
        values = [(picture, ratings[emotion]) for (picture, _), ratings in said.items()]
        table = np.full((len(pictures), len(raters)), np.nan)
        for (picture, rater), ratings in said.items():
            table[pictures[picture], raters[rater]] = ratings[emotion]
        rows.append(EmotionRow(emotion, again, alpha=alpha(*_columns(values), "interval"), kappa=mean_kappa(table)))
    known = [row.kappa for row in rows if row.kappa is not None]
    alphas = {"kappa, mean of the emotions": float(np.mean(known)) if known else None}
    return Report(what, "hq", len(raters), len(pictures), again, alphas, tuple(rows), left_out)


def binary_report(what: str, judgements: Iterable[tuple[str, str, int, bool]], left_out: int = 0) -> Report:
    """Return the agreement of judgements (picture, rater, index of the emotion, present)."""
    by_emotion: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    raters, pictures = set[str](), set[str]()
    for picture, rater, emotion, present in judgements:
        by_emotion[emotion].append((picture, present))
        raters.add(rater)
        pictures.add(picture)
    rows = []
    for index, said in sorted(by_emotion.items()):
        count, yes = Counter(picture for picture, _ in said), Counter(picture for picture, present in said if present)
        agreed = alpha(*_columns(said), "nominal")
        rows.append(_shared(EMONET_EMOTIONS[index], [yes[picture] for picture in count], list(count.values()), agreed))
    again = sum(row.pictures for row in rows)
    return Report(what, "binary", len(raters), len(pictures), again, {}, tuple(rows), left_out)


def _columns(pairs: list[tuple[str, Any]]) -> tuple[list[str], list[Any]]:
    return [thing for thing, _ in pairs], [value for _, value in pairs]


def _shared(emotion: str, yes: list[int], count: list[int], agreed: float | None = None) -> EmotionRow:
    found = shares(yes, count)
    if not found:
        return EmotionRow(emotion, 0, alpha=agreed)
    return EmotionRow(emotion, found.things, found.full, found.partial, found.none, agreed)


class _LoneFile(RawFolder):
    """A CSV of annotations by itself, in the place of the folder that it usually lies in."""

    def __init__(self, path: Path) -> None:
        self.name, self.data_dir, self.path = path.name, str(path.parent), str(path.parent)
        self._file = path

    def entries(self) -> Entries:
        return Entries([Entry("annotations.csv", 0)])  # whatever it is called here

    def read(self, name: str) -> bytes:
        status = self._file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            raise ValueError(f"{self._file} is not a regular file of at most {MAX_FILE_BYTES:,} bytes")
        return self._file.read_bytes()


def file_report(path: Path, kind: str) -> Report:
    """Return the agreement in a CSV of EmoNet-Face, hq or binary, as upstream ships it; what is wrong is left out.

    Raises ValueError where the file is none, OSError where it cannot be read.
    """
    return folder_report(str(path), kind, _LoneFile(path))


def folder_report(what: str, kind: str, folder: RawFolder) -> Report:
    """Return the agreement in a folder of EmoNet-Face, hq or binary. Raises what `read_annotations` raises."""
    read = list(read_annotations(kind, folder))
    good = [annotation for annotation in read if not annotation.problem and annotation.image]
    left_out = len(read) - len(good)
    if kind == "binary":
        judged = ((a.image, a.says["annotator"], a.says["emotion"], a.says["present"]) for a in good)
        return binary_report(what, judged, left_out)
    return hq_report(what, ((a.image, a.says["annotator"], a.says["ratings"]) for a in good), left_out)


def _head(report: Report) -> Iterator[str]:
    yield from textwrap.wrap(report.what, WIDTH)
    again = "emotions of a picture judged again" if report.kind == "binary" else "pictures judged more than once"
    yield f"{report.pictures:,} pictures, {report.raters:,} raters, {report.repeatedly:,} {again}"
    for name, value in report.alphas.items():
        title = name if report.kind == "hq" else f"alpha of {name}"
        yield f"{title}: {_number(value)}"


def _table(report: Report) -> Iterator[str]:
    numbers = {"hq": ["alpha", "kappa"], "binary": ["full", "partial", "none", "alpha"]}.get(report.kind)
    numbers = ["pictures", *(numbers or ["full", "partial", "none"])]
    room = WIDTH - 10 * len(numbers)
    yield f"{'emotion':<{room}}" + "".join(f"{name:>10}" for name in numbers)
    for row in sorted(report.rows, key=_order):
        cells = asdict(row)
        texts = [f"{row.pictures:,}", *(_cell(name, cells[name]) for name in numbers[1:])]
        name = textwrap.shorten(row.emotion, room, placeholder=" ...")
        yield f"{name:<{room}}" + "".join(f"{text:>10}" for text in texts)


def _order(row: EmotionRow) -> tuple[bool, float, str]:
    """Order by what is disputed most; what has no figure comes last."""
    figure = row.full if row.full is not None else row.kappa
    return figure is None, figure or 0.0, row.emotion


def _notes(report: Report) -> Iterator[str]:
    if report.kind == "hq":
        said = (
            "kappa: weighted by squares, the mean over pairs of raters, of ratings cut to whole numbers, as in the "
            "published analysis of EmoNet-Face HQ; alpha: Krippendorff's, interval"
        )
    else:
        interval = "; of valence and arousal, interval" if report.kind == "faces" else ""
        said = (
            "pictures: judged for it by several; full: all agree (2:0, 3:0); partial: most do (2:1); none: as many say "
            "yes as no (1:1); as in the published analysis of EmoNet-Face Binary; alpha: Krippendorff's, nominal"
            + interval
        )
    yield from textwrap.wrap(said, WIDTH)
    if report.left_out:
        yield f"left out: {report.left_out:,} that cannot be read"


def _cell(name: str, value: float | None) -> str:
    return _number(value) if name in ("alpha", "kappa") or value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 3) + 0:.3f}"  # + 0: no minus before a zero
