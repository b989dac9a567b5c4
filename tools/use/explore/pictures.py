"""The pictures of the page, each made small when it is asked for.

In go rows, a split and a row; out come the bytes of a WebP. What a picture file holds is never passed on as it is.
"""

from __future__ import annotations

import base64
import functools
import io
from collections.abc import Callable

from tools.describe.preview.pictures import thumbnail
from tools.use.rows import Rows

MEDIA = "image/webp"
AT_HAND = 2000  # thumbnails that are kept, some 10 KB each
GREY = (128, 128, 128)


def thumbnails(rows: Rows) -> Callable[[str, int], bytes]:
    """Return a function that gives the thumbnail of a row of a split; those asked for last stay in memory.

    It raises LookupError for a row that is not there, OSError or ValueError for a picture that cannot be read, HubError
    where the Hub does not give it.
    """

    @functools.lru_cache(AT_HAND)
    def thumbnail_of(split: str, row: int) -> bytes:
        if not 0 <= row < rows.splits.get(split, 0):
            raise LookupError(f"there is no row {row} in split {split}")
        return base64.b64decode(thumbnail(rows.picture(split, row)).partition(",")[2])

    return thumbnail_of


@functools.cache
def placeholder() -> bytes:
    """Return what stands for a picture that cannot be shown: a frame that is crossed out."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGBA", (96, 96), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    for shape in ((2, 2, 93, 2, 93, 93, 2, 93, 2, 2), (2, 2, 93, 93), (2, 93, 93, 2)):
        draw.line(shape, fill=GREY, width=3)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()
