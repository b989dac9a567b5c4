"""Names of the files of an export: they come from data that nobody vouches for, and must hold on every system.

In go names as published, or the ids and labels of rows; out come names, or what is wrong with them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import pyarrow as pa

from DiffusionFER import EMOTIONS, IMAGE_SUFFIXES, path_problem
from tools.check.findings import quote
from tools.check.repo.tree import LONGEST_NAME, NOT_ON_WINDOWS, RESERVED


def name_problem(name: str) -> str | None:
    """Say why a relative path must not, or not everywhere, be the name of a file; None for a good one."""
    if problem := path_problem(name):
        return problem
    try:
        name.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    for part in name.split("/"):
        if match := NOT_ON_WINDOWS.search(part):
            return f"holds {quote(match[0])}, which Windows refuses"
        if RESERVED.fullmatch(part):
            return f"holds {quote(part)}, which Windows keeps for a device"
        if part.endswith((".", " ")):
            return "has a part that ends in a dot or a space, which Windows cuts off"
        if part.startswith("."):
            return "is hidden, and readers pass over it"
        if len(part.encode()) > LONGEST_NAME - len(".jpeg"):
            return f"has a part of more than {LONGEST_NAME - len('.jpeg')} bytes"
    return None


def problems(names: Iterable[str], *, suffix: bool) -> Iterator[str]:
    """Yield, in words, each name that cannot be used, and each that a system takes for another one of them.

    `suffix` says whether the names have their endings, which then must be those of pictures.
    """
    seen: dict[str, str] = {}
    for name in names:
        if problem := name_problem(name):
            yield f"{quote(name)} {problem}"
        elif suffix and not name.lower().endswith(IMAGE_SUFFIXES):
            yield f"{quote(name)} does not end as a picture does ({', '.join(IMAGE_SUFFIXES)})"
        elif first := seen.get(key := unicodedata.normalize("NFC", name).casefold()):
            alike = f"and {quote(first)} differ in case or accents only, which some systems take for one name"
            yield f"{quote(name)} {'is there twice' if first == name else alike}"
        else:
            seen[key] = name


def ids(table: pa.Table) -> list[str]:
    """Return the names without ending of pictures that have no file: the folder of the class, where there is one."""
    images = [image or "" for image in table["image_id"].to_pylist()]
    if "emotion" not in table.column_names:
        return images
    labels = table["emotion"].to_pylist()
    return [f"{EMOTIONS[label]}/{image}" for label, image in zip(labels, images, strict=True)]


def by_class(names: list[str], table: pa.Table) -> list[str]:
    """Return names with the class of the row as their only folder."""
    labels = table["emotion"].to_pylist()
    return [f"{EMOTIONS[label]}/{name.rpartition('/')[2]}" for label, name in zip(labels, names, strict=True)]


def stem(name: str) -> str:
    """Return a name without its ending."""
    return str(PurePosixPath(name).with_suffix(""))
