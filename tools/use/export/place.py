"""Where an export goes: it is built in a folder beside its target and put there at once, or it leaves no trace.

In goes a target, a folder or a file; whoever builds gets a new folder to fill. A list of what was made travels with an
export, so that a later one replaces what this command made, unchanged, and nothing else. Nothing waits for the disk:
after a power cut an export is made again from its source, as a copy would be.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.use.export.made import MADE_BY, MARKER, listing, marker_of, refuse_foreign

try:
    import fcntl
except ImportError:  # Windows, where a folder with an open file is not removed anyway
    fcntl = None  # type: ignore[assignment]


def check_target(target: Path, data_dir: Path | None, *, is_file: bool) -> Path:
    """Return the target with its parent resolved. Raises ValueError where nothing of ours can be put there.

    `data_dir` is the folder that is read, where it is one of this machine.
    """
    if target.is_symlink():
        raise ValueError(f"{target} is a link: give the place that it leads to")
    parent = target.absolute().parent.resolve()
    if target.name in ("", ".."):
        target = target.resolve()
        parent = target.parent
    if not parent.is_dir():
        raise ValueError(f"{target} cannot be made: its folder is not there")
    place = parent / target.name
    if place.is_mount():  # whose name cannot be taken by what is built beside it
        raise ValueError(f"{target} is a disk of its own: export to a folder on it, such as {target / 'export'}")
    if data_dir is not None:
        data = data_dir.resolve()
        if place.is_relative_to(data) or data.is_relative_to(place):
            raise ValueError(f"{target} and the data, {data_dir}, lie in each other: export to another place")
    _recover(place)
    refuse_foreign(place, is_file)
    return place


@contextmanager
def building(target: Path, facts: dict[str, Any], *, is_file: bool) -> Iterator[Path]:
    """Give a new folder; what it holds when the block ends becomes the target, or, for a file, what has its name there.

    `facts` go into the list of what was made. Where the block raises, or the target cannot be put into its place, the
    folder is removed and the target is as it was. Raises ValueError where the disk does not take it.
    """
    token = secrets.token_hex(4)
    work = target.with_name(f".{target.name}.partial-{token}")
    try:
        with contextlib.ExitStack() as stack:
            work.mkdir()
            stack.callback(shutil.rmtree, work, ignore_errors=True)
            marker = stack.enter_context((work / MARKER).open("w", encoding="utf-8"))
            if fcntl:
                fcntl.flock(marker, fcntl.LOCK_EX)
            json.dump({"made_by": MADE_BY, "unfinished": True}, marker)
            marker.flush()
            yield work
            if is_file:
                refuse_foreign(target, is_file)
                (work / target.name).replace(target)
            else:
                marker.seek(0)
                marker.truncate()
                json.dump({"made_by": MADE_BY, **facts, **listing(work)}, marker, indent=0)
                marker.close()
                refuse_foreign(target, is_file)
                _swap(work, target, target.with_name(f".{target.name}.replaced-{token}"))
    except OSError as error:
        left = "as it was" if target.exists() else "not made"
        raise ValueError(f"{target} cannot be written ({error.strerror or error}): it is {left}") from None


def _swap(work: Path, target: Path, old: Path) -> None:
    """Put a folder into its place; what was there comes back where that fails."""
    try:
        if target.exists():
            target.rename(old)
        work.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


# --- leftovers of runs that were killed -----------------------------------------------------------------------------


def _recover(target: Path) -> None:
    """Remove what a killed run left beside the target, and put back an export that it had set aside.

    Raises ValueError where another run is at work.
    """
    for left in sorted(target.parent.glob(f".{_literal(target.name)}.partial-????????")):
        if _is_left(left):
            if _in_use(left):
                raise ValueError(f"another export to {target} is at work: wait for it")
            shutil.rmtree(left, ignore_errors=True)
    for left in sorted(target.parent.glob(f".{_literal(target.name)}.replaced-????????")):
        if _is_left(left):
            if os.path.lexists(target):
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.rename(target)


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _is_left(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    return marker_of(folder) is not None or not any(folder.iterdir())


def _in_use(folder: Path) -> bool:
    if fcntl is None or not (folder / MARKER).exists():
        return False
    with (folder / MARKER).open("rb") as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
