"""Small copies of pictures as `data:` addresses, no more than a section may have, so that the page stays small.

In go the pictures of a tree and names of files; out comes HTML. What cannot be decoded, is missing or would unpack to
too much is a box that says so.
"""

from __future__ import annotations

from tools.describe.preview.pictures import thumbnail
from tools.use.report.markup import attribute, text
from tools.use.report.tree import Pictures


class Thumbnails:
    """Makes the thumbnails of one section; together they have at most `most` characters in the page."""

    def __init__(self, most: int) -> None:
        self._left = most

    def of(self, pictures: Pictures, name: str) -> str:
        """Return the HTML of the picture with this name below the folder of a config."""
        if self._left <= 0:
            return _box("not shown: the page has enough pictures")
        try:
            content = pictures.images.source.read(name, None)
        except FileNotFoundError:
            return _box("no picture")
        except (OSError, ValueError, KeyError):
            return _box("picture cannot be read")
        return self.of_bytes(content, name)

    def of_bytes(self, content: bytes, name: str) -> str:
        """Return the HTML of a picture by its bytes."""
        try:
            address = thumbnail(content)
        except ValueError as error:
            return _box(f"picture {error}")
        except MemoryError:
            return _box("picture needs too much memory")
        if len(address) > self._left:
            self._left = 0
            return _box("not shown: the page has enough pictures")
        self._left -= len(address)
        return f'<img src="{address}" alt="{attribute(name, 120)}">'


def _box(words: str) -> str:
    return f'<span class="none">{text(words, 90)}</span>'
