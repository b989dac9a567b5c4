"""The files of a folder as it would be pushed, and rules for their names, kinds, sizes and numbers.

In goes a folder, out come its plain files and findings; no file is opened, no link is followed, and what git and the
Hub's client leave out (`.git`, `.cache/huggingface`) is passed over.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.check.findings import Finding, quote
from tools.check.repo.rules import (
    LITTER,
    NAME_NOT_PORTABLE,
    NAME_REFUSED,
    NOT_PLAIN,
    OVER_LIMIT,
    OVER_RECOMMENDATION,
    UNREADABLE,
)

# hub-docs, docs/hub/storage-limits.md: "The maximum number of files per folder cannot exceed 10k files per folder",
# "we recommend keeping the total number of files under 100k", "500GB is the hard limit for a single file size".
MOST_ENTRIES = 10_000
MOST_FILES = 100_000
LARGEST_FILE = 500 * 10**9
# huggingface_hub, constants.py: MAX_HTTP_DOWNLOAD_SIZE; a larger file needs hf_xet to be downloaded.
LARGEST_DOWNLOAD = 50 * 10**9

PASSED_OVER = (".git", ".cache/huggingface")
# huggingface_hub, utils/_paths.py: FORBIDDEN_FOLDERS.
FORBIDDEN = (".git", ".cache")
LITTER_NAMES = (".DS_Store", "Thumbs.db", "desktop.ini", ".directory", ".python_history", ".env", ".envrc")
LITTER_FOLDERS = ("__MACOSX", ".ipynb_checkpoints", "__pycache__", ".idea", ".vscode", ".Trashes", ".Spotlight-V100")
LITTER_ENDINGS = ("~", ".swp", ".pyc", ".partial", ".crdownload")
# Microsoft, "Naming Files, Paths, and Namespaces".
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
NOT_ON_WINDOWS = re.compile(r'[<>:"\\|?*]')
LONGEST_NAME = 255  # bytes: of most file systems


@dataclass
class Tree:
    """The plain files of a folder, by name below it, with their sizes in bytes; `linked` says whether it has links."""

    folder: Path
    files: dict[str, int] = field(default_factory=dict)
    linked: bool = False

    def path(self, name: str) -> Path:
        """Return where a file is."""
        return self.folder / name


def walk(tree: Tree) -> Iterator[Finding]:
    """Fill a tree with the plain files of its folder, sorted; yield what is wrong with names, kinds and numbers."""
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with os.scandir(tree.folder / below) as found:
                items = sorted(found, key=lambda item: item.name)
        except OSError as error:
            yield UNREADABLE.at(_shown(below or "."), f"folder cannot be listed ({error.strerror})")
            continue
        entries = [(f"{below}/{item.name}" if below else item.name, item) for item in items]
        entries = [(name, item) for name, item in entries if name not in PASSED_OVER]
        yield from _numbers(below, len(entries))
        yield from _collisions([name for name, _ in entries])
        for name, item in entries:
            yield from _name(name)
            try:
                status = item.stat(follow_symlinks=False)
            except OSError as error:
                yield UNREADABLE.at(_shown(name), f"entry cannot be looked at ({error.strerror})")
                continue
            if stat.S_ISDIR(status.st_mode):
                if not (_is_litter(name) or _is_forbidden(name)):
                    waiting.append(name)
            elif stat.S_ISREG(status.st_mode):
                tree.files[name] = status.st_size
                yield from _size(name, status.st_size)
            else:
                tree.linked |= stat.S_ISLNK(status.st_mode)
                what = "a link" if stat.S_ISLNK(status.st_mode) else "a pipe, a socket or a device"
                yield NOT_PLAIN.at(_shown(name), f"entry is {what}, expected a plain file")
    if len(tree.files) > MOST_FILES:
        message = f"the repository has {len(tree.files):,} files, expected at most {MOST_FILES:,}"
        yield OVER_RECOMMENDATION.at(".", message, value=str(len(tree.files)))


def _shown(name: str) -> str:
    """Return a name that any output can hold: its bytes that are no UTF-8 are spelled out."""
    return name.encode(errors="backslashreplace").decode()


def _numbers(folder: str, entries: int) -> Iterator[Finding]:
    if entries > MOST_ENTRIES:
        message = f"folder has {entries:,} entries, and the Hub takes {MOST_ENTRIES:,}"
        yield OVER_LIMIT.at(_shown(folder or "."), message, value=str(entries))


def _size(name: str, size: int) -> Iterator[Finding]:
    if size > LARGEST_FILE:
        message = f"file has {size:,} bytes, and the Hub takes {LARGEST_FILE:,}"
        yield OVER_LIMIT.at(_shown(name), message, value=str(size))
    elif size > LARGEST_DOWNLOAD:
        message = f"file has {size:,} bytes, and {LARGEST_DOWNLOAD:,} can be downloaded without hf_xet"
        yield OVER_RECOMMENDATION.at(_shown(name), message, value=str(size))


def _collisions(names: list[str]) -> Iterator[Finding]:
    """Yield the entries of a folder whose names another system takes for one: by case, or by form of Unicode."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if first != name:
            message = f"name {quote(name)} is that of {quote(first)}, but for its case or its accents"
            yield NAME_NOT_PORTABLE.at(_shown(name), message)


def _name(name: str) -> Iterator[Finding]:
    last = name.rpartition("/")[2]
    if _is_litter(name):
        yield LITTER.at(_shown(name), f"{quote(last)} was left behind by a system or a program")
    elif _is_forbidden(name):
        part = next(part for part in name.split("/") if part.casefold() in FORBIDDEN)
        message = f"path {quote(name)} holds {quote(part)}, which git and the Hub keep for themselves"
        yield NAME_REFUSED.at(_shown(name), message)
    elif problem := _not_text(last):
        yield NAME_REFUSED.at(_shown(name), f"name {quote(last)} {problem}")
    elif problem := _not_portable(last):
        yield NAME_NOT_PORTABLE.at(_shown(name), f"name {quote(last)} {problem}")


def _is_litter(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last in (*LITTER_NAMES, *LITTER_FOLDERS) or last.startswith("._") or last.endswith(LITTER_ENDINGS)


def _is_forbidden(name: str) -> bool:
    """Say whether the Hub refuses an entry; a folder .cache may be there, for the part that is passed over."""
    return name.startswith(".cache/") or (name.rpartition("/")[2].casefold() in FORBIDDEN and name != ".cache")


def _not_text(name: str) -> str | None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    return "holds a control character" if re.search(r"[\x00-\x1f\x7f]", name) else None


def _not_portable(name: str) -> str | None:
    if match := NOT_ON_WINDOWS.search(name):
        return f"holds {quote(match[0])}, which Windows refuses"
    if RESERVED.fullmatch(name):
        return "is one that Windows keeps for a device"
    if name.endswith((".", " ")):
        return "ends in a dot or a space, which Windows cuts off"
    if len(name.encode()) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} bytes"
    return None
