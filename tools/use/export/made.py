"""What an export made: the list that travels with it, by which a later export knows its own work again.

In goes a folder, or a zip; out come the list, or why the place must be left alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.check.findings import quote

MARKER = ".diffusionfer-export.json"
MADE_BY = "diffusionfer export"
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")  # what systems leave in folders that people looked at
TABLES = (".csv", ".json", ".parquet")  # what somebody may have edited: known again by its bytes, not by its size
SHOWN = 3


def marker_of(folder: Path) -> dict[str, Any] | None:
    """Return the list of a folder that this command made, or began; an unfinished one may be cut off."""
    try:
        text = (folder / MARKER).read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, ValueError):
        return {} if _is_cut_off(folder) else None
    return found if isinstance(found, dict) and found.get("made_by") == MADE_BY else None


def _is_cut_off(folder: Path) -> bool:
    """Say whether the marker is the beginning of one, as a killed run or a full disk leaves it."""
    try:
        with (folder / MARKER).open(encoding="utf-8") as marker:
            begins = marker.read(40)
    except (OSError, ValueError):
        return False
    wanted = f'{{"made_by": "{MADE_BY}"'
    return ".partial-" in folder.name and (begins.lstrip().startswith(wanted) or wanted.startswith(begins))


def listing(folder: Path) -> dict[str, Any]:
    """Return what is in a folder: the bytes of each file, and the digest of each table. Raises OSError."""
    files = {name: entry.stat().st_size for name, entry in _walk(folder)}
    tables = {name: _sha256(folder / name) for name in files if name.endswith(TABLES)}
    return {"files": dict(sorted(files.items())), "sha256": dict(sorted(tables.items()))}


def _walk(folder: Path, below: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield whatever is no folder below a folder, but for the marker; links are not followed."""
    with os.scandir(folder / below) as found:
        entries = list(found)
    for entry in entries:
        name = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder, f"{name}/")
        elif name != MARKER:
            yield name, entry


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def refuse_foreign(target: Path, is_file: bool) -> None:
    """Raise ValueError where there is something that this command did not make, or that was changed since."""
    if not os.path.lexists(target):
        return
    if is_file or not target.is_dir():
        if not (is_file and target.is_file() and _is_sealed(target)):
            raise ValueError(
                f"{target} is there, and not as this command made it: remove it, or export to another place"
            )
        return
    marker = marker_of(target)
    listed, digests = (_mapping(marker, name) for name in ("files", "sha256"))
    foreign: list[str] = []
    changed: list[str] = []
    for name, entry in _walk(target):
        if entry.name in LITTER:
            continue
        if entry.is_symlink() or name not in listed:
            foreign.append(name)
        elif entry.stat(follow_symlinks=False).st_size != listed[name] or (
            name in digests and _sha256(target / name) != digests[name]
        ):
            changed.append(name)
    if foreign or changed:
        found = ", ".join(map(quote, sorted(foreign or changed)[:SHOWN]))
        found += f" and {len(foreign or changed) - SHOWN:,} more" if len(foreign or changed) > SHOWN else ""
        why = "holds what this command did not make" if foreign else "was changed since it was made"
        raise ValueError(f"{target} {why} ({found}): remove it, or export to another place")
    if marker is None and (target / MARKER).exists():
        raise ValueError(f"{target} holds a {MARKER} that this command did not make: export to another place")


def _mapping(marker: dict[str, Any] | None, name: str) -> dict[str, Any]:
    found = (marker or {}).get(name)
    return found if isinstance(found, dict) else {}


def seal(archive: zipfile.ZipFile) -> bytes:
    """Return the comment of a zip by which it is known again: the digest of names, sizes and checksums in it."""
    digest = hashlib.sha256()
    for info in archive.infolist():
        digest.update(f"{info.filename}\n{info.file_size} {info.CRC:08x}\n".encode(errors="surrogatepass"))
    return f"{MADE_BY} {digest.hexdigest()}".encode()


def _is_sealed(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.comment == seal(archive)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
