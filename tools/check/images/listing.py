"""Rules for what a raw folder or zip lists, and for how its names and the rows of the sheet match; no file is opened.

In goes a config and the data directory, out come a Listing and findings; no finding repeats a path of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import (
    IMAGE_SUFFIXES,
    SUBSETS,
    Entries,
    Entry,
    RawFolder,
    find_raw,
    is_remote,
    names_there,
    open_raw,
    shown,
)
from tools.check.findings import Finding, quote
from tools.check.images.rules import (
    ENTRY_UNSAFE,
    FOLDER_EMPTY,
    FOLDER_MISSING,
    FOLDER_TWICE,
    FOLDER_UNREADABLE,
    NO_CROP,
    NO_IMAGE,
    NO_ORIGINAL,
    NO_ROW,
    ROWS_ONLY,
)
from tools.check.places import true_places
from tools.check.sheet.read import Sheet, original_folders, size_of
from tools.check.sheet.rows import safe_paths
from tools.check.sheet.rules import FILE_MISSING


@dataclass(frozen=True)
class Listing:
    """A raw folder or zip that could be opened, and its files, sorted by name."""

    folder: RawFolder
    entries: Entries

    @property
    def name(self) -> str:
        """The name of the folder or zip in the data directory."""
        return self.folder.name

    def names(self) -> pa.Array:
        """Return the names of all files, those that must not be read too: another rule speaks of them."""
        if self.entries.problems.null_count == len(self.entries):  # no object for each of a million names
            return self.entries.names.cast(pa.string()).combine_chunks()
        prefix = self.name.removesuffix(".zip") + "/"
        names = (entry.name.removeprefix(prefix if entry.problem else "") for entry in self.entries)
        return pa.array([name.encode(errors="replace").decode() for name in names], pa.string())

    def images(self) -> pa.Array:
        """Return the names of the images that may be read, see `is_image`, as text."""
        names = self.entries.names.filter(self.entries.problems.is_null()).cast(pa.string()).combine_chunks()
        lower = pc.ascii_lower(names)
        return names.filter(reduce(pc.or_, (pc.ends_with(lower, suffix) for suffix in IMAGE_SUFFIXES)))


def is_image(entry: Entry) -> bool:
    """Say whether a file may be read and has the ending of an image."""
    return not entry.problem and entry.name.lower().endswith(IMAGE_SUFFIXES)


def without_machine(text: object, data_dir: str) -> str:
    """Return a message of DiffusionFER with the path of the data directory taken out, for findings are published."""
    message = str(text)
    if is_remote(data_dir):
        return message.replace(shown(data_dir) + "/", "")
    forms = {os.path.realpath(data_dir), os.path.abspath(data_dir), os.path.normpath(data_dir)}  # noqa: PTH100
    for path in sorted(forms, key=len, reverse=True):  # a relative one is the end of another, which would lose it
        message = message.replace(path.rstrip(os.sep) + os.sep, "")
    return message


def read_listing(config: str, data_dir: str) -> tuple[Listing | None, list[Finding]]:
    """Open and list the data of a config; None where that is not possible."""
    candidates = [name + ending for name in SUBSETS[config].folders for ending in ("", ".zip")]
    try:
        above, found = find_raw(config, data_dir)
    except (OSError, ValueError) as error:
        return None, [_unlistable(config, candidates[0], error, data_dir)]
    if not found:
        message = f"config {config} has no data: the data directory holds none of {', '.join(candidates)}"
        return None, [FOLDER_MISSING.at(candidates[0], message, "put the folder or its zip there")]
    if len(found) > 1:
        message = f"config {config} has its data more than once, in {' and in '.join(found)}"
        return None, [FOLDER_TWICE.at(found[0], message, "keep one of them")]
    try:
        folder = open_raw(config, data_dir)
        listing = Listing(folder, _named(folder.entries()))
    except (OSError, ValueError) as error:
        return None, [_unlistable(config, found[0], error, above)]
    return listing, list(_entries(listing, config))


def _unlistable(config: str, name: str, error: OSError | ValueError, data_dir: str) -> Finding:
    reason = getattr(error, "strerror", None) or without_machine(error, data_dir)
    message = f"the data of config {config} cannot be listed: {reason}"
    return FOLDER_UNREADABLE.at(name, message, "put a folder of images or its zip there")


def _named(entries: Entries) -> Entries:
    """Refuse names that are not UTF-8: their bytes are kept as lone surrogates, which no row can hold."""
    try:
        entries.names.cast(pa.string())
    except pa.ArrowInvalid:
        return Entries(_refused(entry) for entry in entries)
    return entries


def _refused(entry: Entry) -> Entry:
    try:
        entry.name.encode()
    except UnicodeEncodeError:
        return replace(entry, problem="has a name that is not UTF-8")
    return entry


_UNLISTED = "cannot be listed"  # how DiffusionFER.RawFolder.entries says that a folder is closed to it


def _entries(listing: Listing, config: str) -> Iterator[Finding]:
    unlisted = False
    for place in true_places(listing.entries.problems.is_valid().combine_chunks()).to_pylist():
        entry = listing.entries[place]
        if (entry.problem or "").startswith(_UNLISTED):
            unlisted = True
            file = f"{listing.name}/{entry.name}" if entry.name else listing.name
            message = f"folder {quote(entry.name or listing.name)} {entry.problem}"
            yield ENTRY_UNSAFE.at(file, message, "give yourself the right to read it", value=entry.name or listing.name)
        else:
            message = f"entry {quote(entry.name)} {entry.problem}"
            hint = "put a plain file in its place, or remove it"
            yield ENTRY_UNSAFE.at(f"{listing.name}/{entry.name}", message, hint, value=entry.name)
    if not unlisted and not len(listing.images()):
        message = f"config {config} holds no image ({', '.join(IMAGE_SUFFIXES)})"
        yield FOLDER_EMPTY.at(listing.name, message, "put the images there")


def match_findings(rows: Sheet, listing: Listing) -> Iterator[Finding]:
    """Yield the rows of one size without a file in the listing, and the files without a row."""
    names = listing.names()
    rows = rows.where(safe_paths(rows))
    # As the builder does: a crop has the path of its original below the folder of the crops.
    files = pc.replace_substring_regex(rows.text("path"), "^[^/]+/", "")
    if any(is_image(entry) for entry in listing.entries):
        yield from _rows_without_file(rows, files, listing, names)
    if rows.table.num_rows:
        yield from _files_without_row(files, listing, names)


def _rows_without_file(rows: Sheet, files: pa.Array, listing: Listing, names: pa.Array) -> Iterator[Finding]:
    missing = true_places(pc.invert(pc.is_in(files, names))).to_pylist()
    if not missing:
        return
    elsewhere = {name.rpartition("/")[2]: name for name in names.to_pylist()}
    for index in missing:
        file = files[index].as_py()
        near = elsewhere.get(file.rpartition("/")[2])
        hint = (
            f"it may be {quote(near)}: mend the path or move the file" if near else "bring the file or remove the row"
        )
        message = f"file {quote(file)} is missing in {listing.name}"
        path = rows.table["path"][index].as_py()
        yield FILE_MISSING.at(rows.name, message, hint, row=rows.row(index), column="path", value=path)


def _files_without_row(files: pa.Array, listing: Listing, names: pa.Array) -> Iterator[Finding]:
    for index in true_places(pc.invert(pc.is_in(names, files))).to_pylist():
        entry = listing.entries[index]
        place = f"{listing.name}/{entry.name}"
        if is_image(entry):
            yield NO_ROW.at(place, "image has no row in the sheet", "write its row, or remove the file")
        elif not entry.problem:
            message = f"file is no image ({', '.join(IMAGE_SUFFIXES)}) and has no row"
            yield NO_IMAGE.at(place, message, "remove it, if it is not meant for the dataset")


def missing_folder_findings(sheet: Sheet, sizes: Sequence[str], data_dir: str) -> Iterator[Finding]:
    """Yield the sizes, besides those that are checked, of which the sheet has rows and the data directory no original.

    That a size which is checked has no folder is said by the rule for its configs.
    """
    others = {size_of(name) for name, subset in SUBSETS.items() if subset.kind == "faces"} - set(sizes)
    for size in sorted(others, reverse=True):
        folders = original_folders(size)
        if names_there(data_dir, (name + ending for name in folders for ending in ("", ".zip"))):
            continue
        if count := sheet.only("path").of_size(size).table.num_rows:
            message = (
                f"{count:,} row{'s are' if count > 1 else ' is'} of size {size}, but neither {' nor '.join(folders)} "
                "is here, as a folder or a zip"
            )
            yield ROWS_ONLY.at(sheet.name, message, column="path")


def pair_findings(originals: Listing, crops: Listing, files: pa.Array | None) -> Iterator[Finding]:
    """Yield the originals without a crop, and the crops without an original, by their names below the folders.

    `files` are the names that the sheet has: of these, the rule on rows without a file says it already.
    """
    for listing, other, rule, what in (
        (originals, crops, NO_CROP, "crop"),
        (crops, originals, NO_ORIGINAL, "original"),
    ):
        there, names = other.names(), listing.names()
        if not any(is_image(entry) for entry in other.entries):
            continue  # the other folder is empty, which is one finding and not one an image
        alone = pc.invert(pc.is_in(names, there))
        if files is not None:
            alone = pc.and_(alone, pc.invert(pc.is_in(names, files)))
        for index in true_places(alone).to_pylist():
            entry = listing.entries[index]
            if is_image(entry):
                message = f"{'crop' if what == 'original' else 'original'} has no {what} in {other.name}"
                yield rule.at(f"{listing.name}/{entry.name}", message)
