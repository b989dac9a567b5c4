"""Where a mask is true: the one question that every vectorised rule asks."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def true_places(mask: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the indices, ascending, at which a mask is true; null is not."""
    # pyarrow before 26 crashes on a chunked array without chunks, which is what a sheet without rows gives.
    return pc.indices_nonzero(mask.combine_chunks() if isinstance(mask, pa.ChunkedArray) else mask)
