"""What a split says of its pictures, as tensors: valence and arousal, emotion, and who it is.

In go the rows of a config; out come Examples, a place a row that has both valence and arousal. No picture is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from DiffusionFER import FEATURES, SUBSETS
from tools.use.rows import Rows

AFFECT = ("valence", "arousal")
SEED = ("seed",)
APPEARANCE = ("race", "age", "gender")  # who it is, as far as words say, where no two pictures have the same seed


@dataclass(frozen=True)
class Examples:
    """Rows of a split: `rows` are their places in it, `lacking` counts those that were left out for want of a truth."""

    split: str
    rows: npt.NDArray[np.int64]
    ids: Sequence[str]
    affect: Tensor  # (n, 2) float32
    emotion: Tensor  # (n,) int64
    identity: Tensor  # (n,) int64, 0 to k - 1
    identity_columns: tuple[str, ...]
    lacking: int

    def __len__(self) -> int:
        return len(self.ids)


def check_config(config: str) -> None:
    """Raise ValueError for a config that has no valence and arousal."""
    columns = FEATURES[SUBSETS[config].kind]
    if missing := [name for name in AFFECT if name not in columns]:
        known = ", ".join(name for name, subset in SUBSETS.items() if AFFECT[0] in FEATURES[subset.kind])
        raise ValueError(f"config {config} has no {' and no '.join(missing)} to learn; those that have: {known}")


def read_examples(
    rows: Rows, split: str, identity: tuple[str, ...] | None = None, *, all_rows: bool = False
) -> Examples:
    """Return the examples of a split: the rows that have a truth, or all rows, with NaN for what is not known.

    `identity` names the columns that say together who it is; by default it is the seed, or, where no two rows have the
    same one, race, age and gender. A row without any of them is an identity of its own. Raises ValueError for a split
    or a column that is not there and for a split in which no row has valence and arousal, and what Rows raise.
    """
    check_config(rows.config)
    named = identity or (*SEED, *APPEARANCE)
    table = rows.table(split, list(dict.fromkeys(["image_id", "emotion", *AFFECT, *named])))
    known = np.ones(table.num_rows, bool)
    if not all_rows:
        for name in ("emotion", *AFFECT):
            known &= pc.is_valid(table[name]).to_numpy()
        for name in AFFECT:
            known &= np.isfinite(pc.fill_null(table[name], 0).to_numpy())  # NaN is no truth either
    places = np.flatnonzero(known)
    if not len(places):
        raise ValueError(f"{rows.name}: no row of split {split} of {rows.config} has valence, arousal and emotion")
    taken = table.take(pa.array(places))
    affect = np.stack([pc.fill_null(taken[name], np.nan).to_numpy() for name in AFFECT], axis=1).astype(np.float32)
    if identity is None:
        identity = SEED
        numbers = _identities(taken, SEED)
        if len(np.unique(numbers)) == len(taken):
            identity, numbers = APPEARANCE, _identities(taken, APPEARANCE)
    else:
        numbers = _identities(taken, identity)
    return Examples(
        split,
        places,
        [str(name) for name in taken["image_id"].to_pylist()],
        torch.from_numpy(affect),
        torch.from_numpy(pc.fill_null(taken["emotion"], -1).to_numpy().astype(np.int64)),
        torch.from_numpy(numbers),
        identity,
        table.num_rows - len(places),
    )


def _identities(table: pa.Table, columns: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return a number (n,) for each row: the same where all columns are the same."""
    there = np.zeros(len(table), bool)
    keys = np.zeros((len(table), len(columns)), np.int64)
    for place, name in enumerate(columns):
        column = pc.cast(table[name], pa.string()) if not pa.types.is_nested(table[name].type) else None
        if column is None:
            raise ValueError(f"column {name} holds no single values: it cannot say who it is")
        codes = pc.fill_null(column.combine_chunks().dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
        keys[:, place] = codes
        there |= codes >= 0
    found = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    alone = np.flatnonzero(~there)
    found[alone] = found.max(initial=0) + 1 + np.arange(len(alone))  # nothing is known of them, so nobody is the same
    return np.asarray(np.unique(found, return_inverse=True)[1].reshape(-1), np.int64)
