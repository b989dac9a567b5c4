"""Predictions and truth, joined by image_id: in go two lists of ids, out comes the place of each, or a refusal.

Each picture of the truth has exactly one prediction, and there is no other; what is short of that is never scored.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tools.check.findings import QUOTED, quote
from tools.use.evaluate.tables import FIRST


def places(name: str, predicted: pa.Array, true: pa.Array, where: str) -> npt.NDArray[np.int64]:
    """Return for each true id the place of its prediction. `true` holds no id twice; `name` and `where` are for errors.

    Raises ValueError with the number of missing, unknown and double ids, and the first of each.
    """
    at = pc.index_in(predicted, true)
    known = np.asarray(pc.is_valid(at))
    found = np.asarray(at.filter(pa.array(known)).to_numpy(), np.int64)
    times = np.bincount(found, minlength=len(true))
    strange = pc.unique(predicted.filter(pa.array(~known)))
    problems = [
        _problem(true.filter(pa.array(times == 0)), "missing"),
        _problem(strange, "unknown"),
        _problem(_twice(predicted, true, times, known), "there more than once"),
    ]
    if problems := [problem for problem in problems if problem]:
        raise ValueError(f"{name} does not fit {where}: {'; '.join(problems)}")
    order = np.empty(len(true), np.int64)
    order[found] = np.arange(len(found))
    return order


def _twice(predicted: pa.Array, true: pa.Array, times: npt.NDArray[np.int64], known: npt.NDArray[np.bool_]) -> pa.Array:
    """Return the ids that stand more than once: known ones in the order of the truth, then the others."""
    others = pc.value_counts(predicted.filter(pa.array(~known)))
    more = others.field("values").filter(pc.greater(others.field("counts"), 1))
    return pa.concat_arrays([true.filter(pa.array(times > 1)), more])


def _problem(ids: pa.Array, what: str) -> str:
    if not len(ids):
        return ""
    first = [name if len(name) <= QUOTED // 2 else f"{name[: QUOTED // 2]}..." for name in ids[:FIRST].to_pylist()]
    more = ", ..." if len(ids) > FIRST else ""
    return f"{len(ids):,} id{'s' * (len(ids) != 1)} {what} ({', '.join(map(quote, first))}{more})"
