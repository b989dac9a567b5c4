"""What has changed against a published revision, config by config: rows that came, went, or say something else.

In go two tables of `local`; out come Changes. Rows are the same where their `image_id` is, and, as a picture whose
emotion changed may have another name, where one picture that came has the bytes of one that went.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.check.places import true_places

LABELS = ("emotion", "valence", "arousal", "split")  # what makes a row relabelled; other columns are told apart


@dataclass
class Change:
    """A row that is there and there: its place here, its place in what was published, and (column, old, new)."""

    here: int
    there: int
    cells: list[tuple[str, str | None, str | None]] = field(default_factory=list)


@dataclass
class Changes:
    """The changes of a config.

    `added` are places here, `removed` places in what was published. `columns` counts the rows by column in which they
    differ; of the rows with another label, with other cells alone, and with another picture, the first are listed, and
    `relabelled`, `others` and `pictures` count them. `renamed` have another name, and `unknown` rows no digest, so
    that of their pictures nothing is known.
    """

    here: pa.Table
    there: pa.Table
    added: list[int]
    removed: list[int]
    columns: Counter[str]
    relabelled: int
    others: int
    pictures: int
    renamed: int
    unknown: int
    first_relabelled: list[Change]
    first_others: list[Change]
    first_pictures: list[Change]

    @property
    def total(self) -> int:
        """How many rows came, went or changed; one that changed in several ways counts in each."""
        return len(self.added) + len(self.removed) + self.relabelled + self.others + self.pictures


def compare(here: pa.Table, there: pa.Table, columns: list[str], listed: int) -> Changes:
    """Return the changes of a config; of rows that changed, the first `listed` by their id are listed in each way."""
    match = pc.index_in(here["image_id"].combine_chunks(), there["image_id"].combine_chunks())
    match = pc.fill_null(match.cast(pa.int64()), -1).to_numpy(zero_copy_only=False).copy()
    gone = np.ones(there.num_rows, bool)
    gone[match[match >= 0]] = False
    renamed = _renamed(here, there, np.flatnonzero(match < 0), np.flatnonzero(gone))
    for place, old in renamed.items():
        match[place], gone[old] = old, False
    kept = np.flatnonzero(match >= 0)
    kept = kept[np.argsort(here["image_id"].combine_chunks().take(pa.array(kept)).to_numpy(zero_copy_only=False))]
    new, old = here.take(pa.array(kept)), there.take(pa.array(match[kept]))
    differ = {name: _differ(new[name], old[name]) for name in [*LABELS, *columns] if name in new.column_names}
    if renamed:
        differ["image_id"] = _differ(new["image_id"], old["image_id"])
    labels = np.logical_or.reduce([differ[name] for name in LABELS if name in differ])
    others = np.logical_or.reduce([differ[name] for name in differ if name not in LABELS]) & ~labels
    known = (pc.is_valid(new["sha256"]).to_numpy()) & (pc.is_valid(old["sha256"]).to_numpy())
    pictures = _differ(new["sha256"], old["sha256"]) & known

    def first(mask: np.ndarray) -> list[Change]:
        places = np.flatnonzero(mask)[:listed].tolist()
        return [
            Change(
                int(kept[place]),
                int(match[kept[place]]),
                [(name, old[name][place].as_py(), new[name][place].as_py()) for name in differ if differ[name][place]],
            )
            for place in places
        ]

    return Changes(
        here=here,
        there=there,
        added=_by_id(here, np.flatnonzero(match < 0)),
        removed=_by_id(there, np.flatnonzero(gone)),
        columns=Counter({name: int(mask.sum()) for name, mask in differ.items() if mask.any()}),
        relabelled=int(labels.sum()),
        others=int(others.sum()),
        pictures=int(pictures.sum()),
        renamed=len(renamed),
        unknown=int((~known).sum()),
        first_relabelled=first(labels),
        first_others=first(others),
        first_pictures=first(pictures),
    )


def _differ(new: pa.ChunkedArray, old: pa.ChunkedArray) -> np.ndarray:
    same = pc.fill_null(pc.equal(new, old), False)
    same = pc.or_(same, pc.and_(pc.is_null(new), pc.is_null(old)))
    return ~np.asarray(same.to_numpy())


def _by_id(table: pa.Table, places: np.ndarray) -> list[int]:
    ids = table["image_id"].combine_chunks().take(pa.array(places, pa.int64()))
    return [int(place) for place in places[pc.sort_indices(ids).to_numpy()]]


def _renamed(here: pa.Table, there: pa.Table, added: np.ndarray, gone: np.ndarray) -> dict[int, int]:
    """Return the places of rows that came by those that went, where just one has the same bytes as just one."""
    came, went = _single(here, added), _single(there, gone)
    return {place: went[digest] for digest, place in came.items() if digest in went}


def _single(table: pa.Table, places: np.ndarray) -> dict[str, int]:
    digests = table["sha256"].combine_chunks().take(pa.array(places, pa.int64()))
    there = true_places(pc.is_valid(digests)).to_pylist()
    counts = Counter(digests.to_pylist())
    return {digest: int(places[place]) for place in there if counts[digest := digests[place].as_py()] == 1}
