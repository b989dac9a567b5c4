"""Mending files by the edits of findings: byte-exact wherever there is no edit, and all at once or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from tools.check.findings import Edit, Finding

ROUNDS = 10  # an edit that touches another waits for the next round


def edited(content: bytes, edits: Iterable[Edit]) -> tuple[bytes, int]:
    """Return the content with the edits made, and how many were made.

    An edit that touches an earlier one is left for another round. Raises ValueError where the content does not hold
    what an edit replaces.
    """
    parts, position, made = [], 0, 0
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.end, edit.new)):
        if edit.start < position or (made and edit.start == position and not edit.old):
            continue
        if content[edit.start : edit.end] != edit.old:
            raise ValueError(f"the file changed while it was checked, at byte {edit.start:,}: run the command again")
        parts += [content[position : edit.start], edit.new]
        position, made = edit.end, made + 1
    return b"".join([*parts, content[position:]]), made


def mend_file(path: Path, edits: Iterable[Edit]) -> int:
    """Make the edits in a file and return how many were made; a crash leaves the old file or the new one.

    The file keeps its rights; a link stays a link. Raises ValueError for a link that leaves its folder, for a file that
    may not be written, and as `edited` does; OSError where the disk is full or fails.
    """
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(Path(os.path.realpath(path.parent))):
        raise ValueError(f"{path} is a link that leaves its folder: mend the file itself")
    before = target.stat()
    if not os.access(target, os.W_OK) or not before.st_mode & 0o222:
        raise ValueError(f"{path} is not mended, for it may only be read: give yourself the right to write it")
    content = target.read_bytes()
    new, made = edited(content, edits)
    if new == content:
        return 0
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(before.st_mode & 0o7777)
        if hasattr(os, "chown"):
            os.chown(name, before.st_uid, before.st_gid)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return made


def mend(path: Path, check: Callable[[], Iterable[Finding]], rules: Collection[str]) -> int:
    """Check a file and make the edits of some rules, until none is left; return how many were made.

    `check` reads the file and yields its findings. Raises ValueError (see `edited`) and OSError.
    """
    total = 0
    for _ in range(ROUNDS):
        edits = [finding.edit for finding in check() if finding.rule in rules and finding.edit]
        made = mend_file(path, edits) if edits else 0
        total += made
        if not made:
            break
    return total
