"""How far annotators of EmoNet-Face agree, for each emotion: a summary beside the rules, for people do disagree.

In go the annotations of `emonet_binary` or `emonet_hq`; out comes an Agreement with a row for each emotion, which is
rendered as a table of 80 columns or as JSON. EmoNet-Face Big has one annotation an image, so nothing to compare.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMONET_ALIASES, EMONET_EMOTIONS, SUBSETS, RawFolder, read_annotations
from tools.check.annotations.tables import LoneFile, annotation_table
from tools.check.images.listing import Listing
from tools.make.ratings.statistics import alpha

Floats = npt.NDArray[np.float64]
WIDTH = 80


@dataclass(frozen=True)
class EmotionAgreement:
    """What annotators say of one emotion.

    `images` were judged for it, in `judgements` judgements; `mean` is the mean of these (the share of "present" in
    Binary, a rating from 0 to 7 in HQ). Over the images that were judged `repeatedly`, more than once, `unanimous` is
    the share on which all say the same, `difference` the mean difference between two annotators of an image, and
    `alpha` Krippendorff's alpha. What cannot be said, for want of such images or of any variation, is None.
    """

    emotion: str
    images: int
    judgements: int
    mean: float | None
    repeatedly: int
    unanimous: float | None
    difference: float | None
    alpha: float | None


@dataclass(frozen=True)
class Agreement:
    """The agreement for each emotion of a config, in the order of the taxonomy, and the annotations left out.

    `left_out` cannot be read. `never_denied` says that some images were judged again, and none of these was found by
    all to be without the emotion: upstream asks for another judgement only after "present".
    """

    kind: str  # binary or hq
    rows: tuple[EmotionAgreement, ...]
    left_out: int
    never_denied: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "kind": self.kind,
            "left_out": self.left_out,
            "never_denied": self.never_denied,
            "emotions": [asdict(row) for row in self.rows],
        }

    def as_text(self) -> str:
        """Return the table for a person, in 80 columns: the emotions that are most disputed first."""
        return render_agreement(self)


def agreement(config: str, listing: Listing) -> Agreement | None:
    """Return the agreement in a config; None for one without any to report, or whose annotations cannot be read."""
    return _agreement(SUBSETS[config].kind, listing.folder)


def agreement_of_file(path: Path, kind: str) -> Agreement | None:
    """Return the agreement in a file of annotations by itself, see `agreement`."""
    return _agreement(kind, LoneFile(path))


def _agreement(kind: str, folder: RawFolder) -> Agreement | None:
    if kind not in ("binary", "hq"):
        return None
    try:
        found = _confirmed(folder) if kind == "binary" else _rated(folder)
    except (OSError, ValueError, KeyError):  # which a finding says
        return None
    return found if found.rows else None


def _confirmed(folder: RawFolder) -> Agreement:
    """Compare judgements, one a row: whether an emotion is present in an image."""
    _, table = annotation_table(folder)
    emotions = pc.index_in(table["emotion"], pa.array(EMONET_EMOTIONS))
    for alias, known in EMONET_ALIASES.items():
        emotions = pc.if_else(pc.equal(table["emotion"], alias), EMONET_EMOTIONS.index(known), emotions)
    present = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(table["value"])), pa.array(["false", "true"]))
    said = pa.table({"emotion": emotions, "image": table["path"], "present": present}).drop_null()
    units = said.group_by(["emotion", "image"], use_threads=False).aggregate([("present", "sum"), ("present", "count")])
    emotion = units["emotion"].to_numpy()
    judged, image = said["emotion"].to_numpy(), said["image"].combine_chunks().dictionary_encode().indices.to_numpy()
    judgement = said["present"].to_numpy()
    total, count = (units[name].to_numpy().astype(float) for name in ("present_sum", "present_count"))
    rows = []
    for index in np.unique(emotion):
        here = emotion == index
        pairs = total[here] * (count[here] - total[here])  # of annotators who differ, by 1
        agreed = alpha(image[judged == index], judgement[judged == index], "nominal")
        rows.append(_row(EMONET_EMOTIONS[index], count[here], total[here], pairs, agreed))
    again = count > 1
    never_denied = bool(again.any() and (total[again] > 0).all())
    return Agreement("binary", tuple(rows), table.num_rows - said.num_rows, never_denied)


def _rated(folder: RawFolder) -> Agreement:
    """Compare ratings from 0 to 7, 40 an annotation."""
    read = list(read_annotations("hq", folder))
    given = sorted((annotation for annotation in read if not annotation.problem), key=lambda one: one.image)
    if not given:
        return Agreement("hq", (), len(read))
    ratings = np.array([list(annotation.says["ratings"].values()) for annotation in given])
    images = np.array([annotation.image for annotation in given])
    starts = np.flatnonzero(np.r_[True, images[1:] != images[:-1]])
    count = np.diff(np.r_[starts, len(images)]).astype(float)
    rows = []
    for index, emotion in enumerate(EMONET_EMOTIONS):
        values = ratings[:, index]
        agreed = alpha(images, values, "interval")
        total, differences = np.add.reduceat(values, starts), _differences(values, starts, count)
        rows.append(_row(emotion, count, total, differences, agreed))
    return Agreement("hq", tuple(rows), len(read) - len(given))


def _differences(values: Floats, starts: npt.NDArray[np.intp], count: Floats) -> Floats:
    """Return, for each image, the sum of the absolute differences between all pairs of its values.

    In order of size, the value at place k of m is the larger one in k pairs and the smaller one in m - 1 - k.
    """
    image = np.repeat(np.arange(len(starts)), count.astype(int))
    ordered = values[np.lexsort((values, image))]
    place = np.arange(len(values)) - starts[image]
    return np.add.reduceat(ordered * (2 * place - count[image] + 1), starts)


def _row(emotion: str, count: Floats, total: Floats, differences: Floats, agreed: float | None) -> EmotionAgreement:
    """Return a row of the table: for each image the number of its judgements, their sum, and how they differ."""
    again = count > 1
    pairs = count[again] * (count[again] - 1) / 2
    judgements = count.sum()
    return EmotionAgreement(
        emotion,
        images=len(count),
        judgements=int(judgements),
        mean=float(total.sum() / judgements) if judgements else None,
        repeatedly=int(again.sum()),
        unanimous=float((differences[again] == 0).mean()) if again.any() else None,
        difference=float((differences[again] / pairs).mean()) if again.any() else None,
        alpha=agreed,
    )


def render_agreement(found: Agreement) -> str:
    """Return the table for a person, in 80 columns: the emotions that are most disputed first."""
    what = "present" if found.kind == "binary" else "mean"
    numbers = ["images", "judged", what, "again", "agree", "differ", "alpha"]
    if found.kind == "binary":  # where the difference is what is left of the agreement
        numbers.remove("differ")
    room = WIDTH - sum(map(_width, numbers))
    lines = [f"{'emotion':<{room}}" + "".join(f"{name:>{_width(name)}}" for name in numbers)]
    for row in sorted(found.rows, key=lambda row: (row.unanimous is None, row.unanimous or 0, row.emotion)):
        cells = {
            "images": f"{row.images:,}",
            "judged": f"{row.judgements:,}",
            what: _share(row.mean) if found.kind == "binary" else _number(row.mean),
            "again": f"{row.repeatedly:,}",
            "agree": _share(row.unanimous),
            "differ": _number(row.difference),
            "alpha": _number(row.alpha),
        }
        name = textwrap.shorten(row.emotion, room, placeholder=" ...")
        lines.append(f"{name:<{room}}" + "".join(f"{cells[number]:>{_width(number)}}" for number in numbers))
    return "\n".join([*lines, "", *_notes(found)]) + "\n"


def _notes(found: Agreement) -> Iterator[str]:
    yield "judged: judgements; again: images that were judged more than once; agree: those"
    yield "of them on which all say the same; alpha: Krippendorff's alpha, over them"
    if found.kind == "hq":
        yield "mean: of the ratings, 0 to 7; differ: by how much two annotators do, on average"
    if found.never_denied:
        yield "Of the images judged again, none was found by all to be without the emotion:"
        yield "it takes a yes for another annotator to be asked. Alpha, which counts agreement"
        yield "on a no as well, cannot be high here: compare emotions by agree."
    if found.left_out:
        yield f"left out: {found.left_out:,} that cannot be read"


def _width(name: str) -> int:
    return max(7, len(name) + 2)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 2) + 0:.2f}"  # + 0: no minus before a zero
