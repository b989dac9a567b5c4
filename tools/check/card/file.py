"""Reads a card from the disk and checks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.check.card.check import check_card
from tools.check.card.read import LARGEST_CARD
from tools.check.findings import Finding


def check_card_file(path: Path, name: str) -> Iterator[Finding]:
    """Yield what is wrong with a card, which findings call `name`, with the files beside it as those it speaks of.

    Raises ValueError, in one line, where there is no card that can be read.
    """
    yield from check_card(name, read_bytes(path), path.parent)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a card, one more than a card may have where it has too many.

    Raises ValueError, in one line, where there is none that can be read.
    """
    try:
        if not path.exists():
            raise ValueError(f"{path} is not there: give the card, or the folder that it is in")
        if not path.is_file():  # opening a pipe would wait for ever
            raise ValueError(f"{path} is not a regular file")
        with path.open("rb") as file:
            content = file.read(LARGEST_CARD + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    return content
