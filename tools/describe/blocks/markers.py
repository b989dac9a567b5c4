"""The marked blocks of a card: text between two remarks, which is rendered and not written.

    <!-- rendered: classes -->
    ...
    <!-- end: classes -->

In go a text and blocks by name; out comes the text with these blocks in their places, and every other byte as it was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from tools.check.findings import quote

_MARKER = re.compile(r"^<!-- (rendered|end): (\S+) -->[ \t]*(\r\n|\n|\Z)", re.MULTILINE)
# What somebody meant as a marker, on a line of its own; a block that is missed would never be rendered again.
_MEANT = re.compile(r"^[ \t>]*<!-*\s*(?:rendered|end)\s*:.*$", re.MULTILINE | re.IGNORECASE)


class MarkerError(ValueError):
    """The markers of a text do not belong together; the message names the line and the way out."""


def marked(text: str, known: Collection[str]) -> dict[str, tuple[int, int]]:
    """Return where each block stands, by name: the indexes behind its first marker and before its last.

    Raises MarkerError for a marker without its end, an end without its marker, one block within another, a name that
    stands twice or is not `known`, and a line that is meant as a marker and is none.
    """
    for match in _MEANT.finditer(text):
        if not _MARKER.match(text, match.start()):
            line = text.count("\n", 0, match.start()) + 1
            raise MarkerError(
                f"line {line}: {quote(match[0])} is no marker: write <!-- rendered: NAME --> or <!-- end: NAME -->"
            )
    found: dict[str, tuple[int, int]] = {}
    name, opened = None, 0
    for match in _MARKER.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match[2] not in known:
            raise MarkerError(f"line {line}: no block is called {match[2]!r}; there are {', '.join(sorted(known))}")
        if match[1] == "rendered":
            if name is not None:
                raise MarkerError(f"line {line}: block {match[2]!r} begins within block {name!r}: end that one first")
            if match[2] in found:
                raise MarkerError(f"line {line}: block {match[2]!r} stands twice: keep one of them")
            name, opened = match[2], match.end()
        elif match[2] != name:
            raise MarkerError(
                f"line {line}: block {match[2]!r} ends without a line <!-- rendered: {match[2]} --> before it"
            )
        else:
            found[name], name = (opened, match.start()), None
    if name is not None:
        raise MarkerError(f"block {name!r} does not end: write <!-- end: {name} --> on a line of its own")
    return found


def replace_blocks(text: str, blocks: Mapping[str, str | None]) -> str:
    """Return the text with its blocks in place; None leaves a block as it stands. Raises what `marked` raises."""
    out, last = [], 0
    for name, (start, end) in marked(text, blocks.keys()).items():
        block = blocks[name]
        if block is None:
            continue
        line_end = "\r\n" if text[:start].endswith("\r\n") else "\n"
        out += [text[last:start], block.replace("\n", line_end)]
        last = end
    return "".join([*out, text[last:]])
