"""Rules for the EmoNet configs: the annotations as upstream ships them, and their images.

What one annotation says is judged by `DiffusionFER.read_annotations`, so that a check and the builder cannot disagree.
A file of annotations may be checked without its images, for upstream ships it so.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import (
    EMONET_ALIASES,
    EMONET_EMOTIONS,
    SUBSETS,
    Annotation,
    Entry,
    ImageNames,
    RawFolder,
    read_annotations,
)
from tools.check.annotations.protocol import Place, Protocol
from tools.check.annotations.rules import (
    ANNOTATED_IMAGE,
    ANNOTATION_WRONG,
    ANNOTATIONS_UNREADABLE,
    CATEGORY_ALIAS,
    CATEGORY_UNKNOWN,
    NO_ANNOTATIONS,
    NOT_ANNOTATED,
    OFF_SCALE,
    SAME_ID,
)
from tools.check.annotations.tables import LoneFile, annotation_table
from tools.check.findings import Finding, quote
from tools.check.images.listing import Listing, is_image, without_machine

# How the builder says that a category or a rating is wrong; what else is wrong with an annotation has one rule.
_UNKNOWN = re.compile(r"emotion '(.*)' is none of the 40 categories", re.DOTALL)
_OFF_SCALE = re.compile(r"rating (.*) of (.*) is not a number from 0 to 7", re.DOTALL)


def annotation_findings(config: str, listing: Listing) -> Iterator[Finding]:
    """Yield what is wrong with the annotations of a config and with their images, which are not opened."""
    images = _Images(listing.entries)
    if not (yield from _findings(SUBSETS[config].kind, listing.folder, listing.name, images)):
        return
    for entry in listing.entries:
        if is_image(entry) and entry.name not in images.used:
            message = "image has no annotation and is not published"
            hint = "bring its annotation, or remove the image"
            yield NOT_ANNOTATED.at(f"{listing.name}/{entry.name}", message, hint)


def check_annotation_file(path: Path, kind: str) -> Iterator[Finding]:
    """Yield what is wrong with a file of annotations by itself, whose images are not looked for.

    `kind` is that of its config: binary or hq (a CSV), or big (a JSON file). The file is named without its folder.
    """
    ending = ".json" if kind == "big" else ".csv"
    if path.suffix != ending or path.name.startswith("metadata."):
        message = f"the file is not named as annotations of kind {kind} are, expected a name that ends in {ending}"
        yield ANNOTATIONS_UNREADABLE.at(path.name, message, f"name it {kind}{ending}")
        return
    yield from _findings(kind, LoneFile(path), "", None)


def _findings(kind: str, folder: RawFolder, name: str, images: _Images | None) -> Generator[Finding, None, bool]:
    """Yield what is wrong with the annotations in a folder; return whether there were any that could be read."""
    protocol, unknown, count = Protocol(kind), _Unknown(), 0
    prefix = f"{name}/" if name else ""
    where = name or folder.entries()[0].name
    try:
        table = None if kind == "big" else annotation_table(folder)
        for annotation in read_annotations(kind, folder):
            count += 1
            place = _place(prefix, annotation.origin)
            if annotation.problem:
                yield from _wrong(annotation, place, unknown)
            else:
                yield from protocol.add(annotation, place)
            if images and (annotation.image or not annotation.problem):
                yield from images.findings(annotation.image, place)
        if table:
            yield from _aliases(kind, table[1], prefix + table[0])
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        message = f"annotations: {without_machine(reason, folder.data_dir)}"
        yield ANNOTATIONS_UNREADABLE.at(where, message, "put the annotations there as upstream ships them")
        return False
    if not count:
        what = f"config emonet_{kind}" if name else "the file"
        yield NO_ANNOTATIONS.at(where, f"{what} holds no annotation", "put the annotations there")
        return False
    yield from unknown.findings()
    yield from protocol.findings()
    return True


def _place(prefix: str, origin: str) -> Place:
    """Return the file and the row of an Annotation's origin: 'binary.csv row 5', or the name of a JSON file."""
    match = re.fullmatch(r"(.*\.csv) row (\d+)", origin, re.DOTALL)
    return (prefix + match[1], int(match[2])) if match else (prefix + origin, None)


class _Unknown:
    """Categories that are none of the 40, each with how often and where it was first met."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, str], tuple[int, Place]] = {}

    def add(self, category: str, place: Place) -> None:
        """Count one annotation with an unknown category."""
        count, first = self._met.get((place[0], category), (0, place))
        self._met[place[0], category] = (count + 1, first)

    def findings(self) -> Iterator[Finding]:
        """Yield one finding a category and file."""
        for (file, category), (count, (_, row)) in self._met.items():
            annotations = f"{count:,} annotation{'s' * (count > 1)}"
            message = f"category {quote(category)} is none of the 40 of the taxonomy ({annotations})"
            near = difflib.get_close_matches(category, EMONET_EMOTIONS, 1)
            hint = f"write {quote(near[0])}, if that is meant" if near else ""
            yield CATEGORY_UNKNOWN.at(file, message, hint, row=row, column="emotion" if row else None, value=category)


def _wrong(annotation: Annotation, place: Place, unknown: _Unknown) -> Iterator[Finding]:
    """Yield what the builder says of an annotation; unknown categories are only counted."""
    problem = annotation.problem or ""
    if match := _UNKNOWN.fullmatch(problem):
        unknown.add(match[1], place)
    elif match := _OFF_SCALE.fullmatch(problem):
        yield OFF_SCALE.at(place[0], problem, row=place[1], value=match[1])
    else:
        hint = "mend the annotation, or remove it"
        yield ANNOTATION_WRONG.at(place[0], f"annotation: {problem}", hint, row=place[1])


def _aliases(kind: str, table: pa.Table, place: str) -> Iterator[Finding]:
    """Yield a finding for each alias of a category, with the number of annotations that have it."""
    for alias, known in EMONET_ALIASES.items():
        if kind == "binary":
            has_alias = pc.equal(table["emotion"], alias)
        else:  # a key of a mapping, behind the name of its group
            has_alias = pc.match_substring_regex(table["annotations"], rf"""['"|]{re.escape(alias)}['"]\s*:""")
        rows = table["row"].filter(pc.fill_null(has_alias, False))
        if len(rows):
            annotations = f"{len(rows):,} annotation{'s' * (len(rows) > 1)}"
            message = (
                f"category {quote(alias)} is not in the taxonomy ({annotations}), expected {quote(known)}, "
                "as which it is read"
            )
            hint = f"write {quote(known)}, or leave it as upstream has it and say so in the card"
            yield CATEGORY_ALIAS.at(place, message, hint, row=rows[0].as_py(), column="emotion", value=alias)


class _Images:
    """The images of a listing: finds those that annotations name, and keeps which were found."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.used: set[str] = set()
        self._names = ImageNames(entries)
        self._file_of: dict[str, str] = {}  # by image id
        self._missing: set[str] = set()

    def findings(self, image: str, place: Place) -> Iterator[Finding]:
        """Yield what is wrong with the image of an annotation; an image that is missing is said once."""
        if image in self._missing:
            return
        try:
            found = self._names.find(image)
        except ValueError as error:
            self._missing.add(image)
            message, hint = str(error) if image else "image is empty", "mend the name or bring the image"
            yield ANNOTATED_IMAGE.at(place[0], message, hint, row=place[1], value=image)
            return
        self.used.add(found)
        if (first := self._file_of.setdefault(PurePosixPath(found).stem, found)) != found:
            message = f"{quote(found)} has the id of {quote(first)}"
            hint = "rename one of the images: the id is the name without folder and ending"
            yield SAME_ID.at(place[0], message, hint, row=place[1], value=image)
