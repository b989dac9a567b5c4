"""Rules for the splits of each size: all three are there, none lacks a label, and train is the largest.

Rows are counted by split and label; a sheet of few rows, in which chance alone leaves gaps, is passed over.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, SPLITS
from tools.check.findings import Finding
from tools.check.sheet.published import ORIGINALS
from tools.check.sheet.read import Sheet, original_folders
from tools.check.sheet.rules import SPLIT_LACKS_LABEL, SPLIT_MISSING, TRAIN_SMALLER

FEW = 100  # rows of a size below which nobody needs three splits
# Where so many rows of a label are due to a split by its share, chance leaves it none in 7 of 1,000 draws (e**-5).
DUE = 5


def split_findings(sheet: Sheet, sizes: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with the splits of each size that the sheet has rows of."""
    if not sheet.has("split") or not sheet.has("emotion"):
        return
    counts = _counts(sheet)
    for size in sizes:
        of_size = counts[[ORIGINALS.index(folder) for folder in original_folders(size)]].sum(axis=0)
        if of_size.sum() >= FEW:
            pairs = zip(itertools.product(SPLITS, EMOTIONS), of_size.ravel().tolist(), strict=True)
            yield from _size_findings(sheet.name, size, Counter({key: number for key, number in pairs if number}))


def _counts(sheet: Sheet) -> np.ndarray:
    """Return how many rows each folder has of each split and label (folders x splits x labels); others do not count."""
    place = sheet.folders()
    for column, words in (("split", SPLITS), ("emotion", EMOTIONS)):
        texts, codes = sheet.distinct(column)
        place = pc.add(pc.multiply(place, len(words)), pc.index_in(texts, pa.array(words)).take(codes))
    shape = len(ORIGINALS), len(SPLITS), len(EMOTIONS)
    return np.bincount(place.drop_null(), minlength=math.prod(shape)).reshape(shape)


def _size_findings(name: str, size: str, counts: Counter[tuple[str, str]]) -> Iterator[Finding]:
    rows, labels = Counter[str](), Counter[str]()
    for (split, label), number in counts.items():
        rows[split] += number
        labels[label] += number
    for split in SPLITS:
        if not rows[split]:
            if set(rows) == {"train"}:  # not divided, as a sheet without splits is not
                continue
            there = " and ".join(other for other in SPLITS if rows[other])
            message = f"size {size} has no row in split '{split}', expected some beside {there}"
            yield SPLIT_MISSING.at(name, f"{message}, of {rows.total():,} rows", column="split", value=split)
        elif rows[split] > rows["train"] > 0:
            message = f"split '{split}' of size {size} has {rows[split]:,} rows, expected fewer than the"
            yield TRAIN_SMALLER.at(name, f"{message} {rows['train']:,} of train", column="split", value=split)
    for split in SPLITS:
        for label in EMOTIONS:
            due = labels[label] * rows[split] / rows.total()
            if due >= DUE and not counts[split, label]:
                message = f"split '{split}' of size {size} has no row of '{label}', expected about {due:,.0f} of its"
                yield SPLIT_LACKS_LABEL.at(name, f"{message} {labels[label]:,}", column="split", value=split)
