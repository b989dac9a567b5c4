"""The truth of a config and a split, or of a set of somebody else: in go rows, out come arrays, a place a picture.

Only the columns that predictions are compared with are read; no picture is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, SUBSETS
from tools.check.findings import quote
from tools.use.evaluate.names import class_named
from tools.use.evaluate.predictions import AFFECT
from tools.use.evaluate.ratings import Ratings
from tools.use.evaluate.tables import FIRST, IMAGE_ID, read_given
from tools.use.rows import Rows

FILE_NAMES = "file-names"
NO_CLASS = -1


@dataclass(frozen=True)
class Faces:
    """Pictures with a class (n,), an index of `classes` or -1 for none, and valence and arousal (n,), NaN for none."""

    ids: pa.Array
    classes: Sequence[str]
    emotion: npt.NDArray[np.int64] | None
    affect: dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Rated40:
    """Pictures with ratings of the 40 emotions by several people or models."""

    ids: pa.Array
    ratings: Ratings


@dataclass(frozen=True)
class Judged:
    """Pictures that were judged for some of the 40 emotions: judgement i is of `picture[i]` and `emotion[i]`, an index
    of EMONET_EMOTIONS; `present[i]` is what the majority says. `tied` had no majority and are not among them."""

    ids: pa.Array
    picture: npt.NDArray[np.int64]
    emotion: npt.NDArray[np.int64]
    present: npt.NDArray[np.bool_]
    tied: int


Truth = Faces | Rated40 | Judged


def read_truth(rows: Rows, split: str, columns: Sequence[str]) -> Truth:
    """Return the truth of a split; of faces, of `columns` alone (emotion, valence, arousal).

    Raises ValueError for a split that is not there or holds an image_id twice, and what Rows raise.
    """
    kind = SUBSETS[rows.config].kind
    wanted = [IMAGE_ID, *(columns if kind == "faces" else ["annotations"])]
    table = rows.table(split, wanted)
    ids = table[IMAGE_ID].cast(pa.large_string()).combine_chunks()
    ids = pa.concat_arrays(ids.chunks) if isinstance(ids, pa.ChunkedArray) else ids
    if ids.null_count or pc.count_distinct(ids).as_py() < len(ids):
        raise ValueError(f"{rows.name}: an image_id stands twice in split {split} of {rows.config}, or is missing")
    if kind == "faces":
        affect = {name: _floats(table[name]) for name in AFFECT if name in columns}
        emotion = None
        if "emotion" in columns:
            emotion = np.asarray(pc.fill_null(table["emotion"], NO_CLASS).to_numpy(), np.int64)
        return Faces(ids, EMOTIONS, emotion, affect)
    annotations = table["annotations"].combine_chunks()
    if isinstance(annotations, pa.ChunkedArray):
        annotations = pa.concat_arrays(annotations.chunks)
    said = pc.list_flatten(annotations)
    picture = np.asarray(pc.list_parent_indices(annotations).to_numpy(), np.int64)
    return _judged(ids, picture, said) if kind == "binary" else _rated(ids, picture, said)


def _floats(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.float64]:
    return np.asarray(column.cast(pa.float64()).to_pandas(), np.float64)  # which has NaN for null


def _rated(ids: pa.Array, picture: npt.NDArray[np.int64], said: pa.StructArray) -> Rated40:
    names = said.field("annotator").fill_null("unknown").dictionary_encode()
    order = np.argsort(np.array(names.dictionary.to_pylist(), dtype=object), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    raters = [names.dictionary[int(place)].as_py() for place in order]
    given = said.field("ratings")
    values = {name: _floats(given.field(name)) for name in EMONET_EMOTIONS}
    return Rated40(ids, Ratings(raters, rank[np.asarray(names.indices.to_numpy(), np.int64)], picture, values))


def _judged(ids: pa.Array, picture: npt.NDArray[np.int64], said: pa.StructArray) -> Judged:
    known = pc.and_(pc.is_valid(said.field("emotion")), pc.is_valid(said.field("present")))
    said, picture = said.filter(known), picture[np.asarray(known)]
    emotion = np.asarray(said.field("emotion").to_numpy(zero_copy_only=False), np.int64)
    yes = np.asarray(said.field("present").to_numpy(zero_copy_only=False), np.float64)
    cells, place = np.unique(picture * len(EMONET_EMOTIONS) + emotion, return_inverse=True)
    share = np.bincount(place, yes) / np.bincount(place) if len(cells) else np.zeros(0)
    decided = share != 0.5
    cells, present = cells[decided], share[decided] > 0.5
    picture, emotion = np.divmod(cells, len(EMONET_EMOTIONS))
    return Judged(ids, picture, emotion, present, int((~decided).sum()))


def read_set(truth: str, ids: pa.Array, classes: Sequence[str]) -> Faces:
    """Return the truth of a set of somebody else, whose classes are those that a mapping maps to.

    `truth` is the path of a table of image_id and emotion, or `file-names`: then the class stands between the last "_"
    of an id and its ending, as in `ferd_images/0003_Sad.jpg`. Raises OSError or ValueError.
    """
    if truth == FILE_NAMES:
        where, owner = "the names of files", pc.unique(ids)  # one that stands twice is said where ids are joined
        named = pc.replace_substring_regex(pc.replace_substring_regex(owner, r"^.*_", ""), r"\.[^.]*$", "")
    else:
        given = read_given(Path(truth))
        if missing := [name for name in (IMAGE_ID, "emotion") if name not in given.table.column_names]:
            raise ValueError(f"{given.name} has no column {missing[0]}: it needs image_id and emotion")
        where, owner, named = given.name, given.texts(IMAGE_ID), given.texts("emotion")
        if pc.count_distinct(owner).as_py() < len(owner):
            counts = pc.value_counts(owner)
            twice = next(item["values"].as_py() for item in counts if item["counts"].as_py() > 1)
            raise ValueError(f"{given.name} has image_id {quote(twice)} twice")
    words = pc.unique(named).to_pylist()
    meant = {word: class_named(word, classes) for word in words}
    if unknown := [word for word in words if meant[word] is None]:
        more = ", ..." if len(unknown) > FIRST else ""
        raise ValueError(
            f"{where}: {', '.join(quote(word) for word in unknown[:FIRST])}{more} "
            f"{'is' if len(unknown) == 1 else 'are'} none of {', '.join(classes)}"
        )
    places = np.array([classes.index(meant[word] or "") for word in words])
    index = np.asarray(pc.index_in(named, pa.array(words, named.type)).to_numpy(), np.int64)
    return Faces(owner, classes, places[index], {})
