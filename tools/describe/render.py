"""The whole card made anew: header, marked blocks, figures and Croissant, and how that differs from what lies there.

In go the folder of the card and a Description of its data; out come the files as they should be, by their paths below
that folder. Everything is rendered before anything is written, so that a card is changed as a whole or not at all.
"""

from __future__ import annotations

import difflib
import functools
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tools.describe import figures
from tools.describe.blocks import baselines, emonet, tables
from tools.describe.blocks.markers import MarkerError, marked, replace_blocks
from tools.describe.croissant.document import croissant
from tools.describe.facts.description import Description
from tools.describe.header import HeaderError, read_header, render_header
from tools.describe.stamp import CARD, CROISSANT, DATASHEET

Made = TypeVar("Made")
BLOCKS = {**tables.BLOCKS, **figures.BLOCKS, **emonet.BLOCKS}
KNOWN = (*BLOCKS, baselines.NAME)  # the last one is made from a file beside the card, not from the data


# What stands in the place of a block that the data at hand has nothing for, so that no words on other data stay there.
NOTHING = "*The data has nothing of this.*\n"


class RenderError(ValueError):
    """The card cannot be rendered; the message names the file, what is wrong, and the way out."""


def render(folder: Path, description: Description, published: str | None = None) -> dict[str, bytes]:
    """Return every file that is rendered, by its path below `folder`, as the data would have it.

    `published` is the card of the repository, whose configs that are not described here keep their entries. Then the
    header alone is rendered, since tables, figures and Croissant speak of all configs: the blocks stay as published,
    and what belongs beside the card is returned as it lies in `folder`. Raises RenderError for a card that cannot be
    read or taken apart, and where a figure cannot be drawn.
    """
    card = _text(folder, CARD)
    try:
        card = render_header(card, description.shards, published)
        header = read_header(card)
    except HeaderError as error:
        raise RenderError(f"{CARD}: {error}") from None
    if not is_whole(header, description):
        blocks_there: dict[str, str | None] = {**dict.fromkeys(KNOWN), **_blocks_of(published or "")}
        beside = [DATASHEET, CROISSANT, *(figure.path for figure in figures.FIGURES.values())]
        rest = {path: _bytes(folder, path) for path in beside if os.path.lexists(folder / path)}
        return {CARD: _with_blocks(CARD, card, blocks_there), **rest}
    made = {name: _made(f"block {name!r}", block, description) or NOTHING for name, block in BLOCKS.items()}
    results = os.fspath(baselines.FILE)
    there = _bytes(folder, results) if os.path.lexists(folder / results) else None
    made[baselines.NAME] = _made(results, lambda _: baselines.baselines(there), description)
    files = {CARD: _with_blocks(CARD, card, made)}
    if os.path.lexists(folder / DATASHEET):  # it may have marked blocks, too, and need not be there
        files[DATASHEET] = _with_blocks(DATASHEET, _text(folder, DATASHEET), made)
    for figure in figures.FIGURES.values():
        content = _made(figure.path, figure.draw, description)
        if content is not None:
            files[figure.path] = content
    files[CROISSANT] = _made(CROISSANT, functools.partial(croissant, header=header), description)
    return files


def is_whole(header: Mapping[str, Any], description: Description) -> bool:
    """Say whether a description has all configs of a rendered header."""
    return {config["config_name"] for config in header["configs"]} == description.shards.keys()


def differences(folder: Path, files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield, line by line, how the files in `folder` differ from `files`; nothing where they are the same."""
    for path, content in files.items():
        there = _bytes(folder, path) if os.path.lexists(folder / path) else None
        if there == content:
            continue
        if there is None:
            yield f"{path}: missing"
        elif path.endswith(".md"):
            old, new = (text.decode("utf-8", "replace").splitlines() for text in (there, content))
            yield from difflib.unified_diff(old, new, path, f"{path}, rendered", lineterm="", n=1)
        else:
            yield f"{path}: {len(there):,} bytes that differ from the {len(content):,} rendered"


def write(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write the files that differ, and return their paths; all are on the disk before the first takes its place.

    The card comes last, as it names the others. Raises RenderError for a place that is a link, no file, or outside the
    folder, and where the disk does not take a file; then no file has changed.
    """
    changed = sorted((path for path, content in files.items() if not _same(folder, path, content)), key=CARD.__eq__)
    parts: dict[str, Path] = {}
    try:
        for path in changed:
            place = _place(folder, path)
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                number, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent)
                parts[path] = Path(name)
                with os.fdopen(number, "wb") as part:
                    part.write(files[path])
                    part.flush()
                    os.fsync(part.fileno())
                parts[path].chmod(place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask())
            except OSError as error:
                raise RenderError(f"{path} cannot be written ({error.strerror}): nothing was changed") from None
        for path in changed:
            parts.pop(path).replace(folder / path)
    finally:
        for part_left in parts.values():
            part_left.unlink(missing_ok=True)
    return changed


def _place(folder: Path, path: str) -> Path:
    """Return where a file of the card lies. Raises RenderError where that is a link, no file, or outside the folder."""
    place = folder / path
    if place.is_symlink() or not place.parent.resolve().is_relative_to(folder.resolve()):
        raise RenderError(f"{path} is a link, or in a folder that is one: put the file itself in its place")
    if os.path.lexists(place) and not place.is_file():
        raise RenderError(f"{path} is not a regular file: move it away")
    return place


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _blocks_of(card: str) -> dict[str, str]:
    """Return the blocks of a card by name; none where its markers do not belong together, as by another version."""
    try:
        return {name: card[slice(*place)].replace("\r\n", "\n") for name, place in marked(card, KNOWN).items()}
    except MarkerError:
        return {}


def _same(folder: Path, path: str, content: bytes) -> bool:
    return (folder / path).exists() and _bytes(folder, path) == content


def _bytes(folder: Path, path: str) -> bytes:
    try:
        return _place(folder, path).read_bytes()
    except FileNotFoundError:
        raise RenderError(f"there is no {path} in {folder}: write the card first") from None
    except OSError as error:
        raise RenderError(f"{path} cannot be read ({error.strerror}): give yourself the right to") from None


def _text(folder: Path, path: str) -> str:
    try:
        return _bytes(folder, path).decode("utf-8")  # as it is: no line end is changed
    except UnicodeDecodeError as error:
        raise RenderError(f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8") from None


def _made(what: str, make: Callable[[Description], Made], description: Description) -> Made:
    try:
        return make(description)
    except ValueError as error:
        raise RenderError(f"{what} cannot be made: {error}") from None


def _with_blocks(name: str, text: str, made: Mapping[str, str | None]) -> bytes:
    try:
        return replace_blocks(text, made).encode()
    except MarkerError as error:
        raise RenderError(f"{name}: {error}") from None
