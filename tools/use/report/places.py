"""Which picture a finding speaks of: by its file, by its row of the sheet, or by its annotation.

In go a tree and the findings that are listed; out comes for each the picture's config and name, where it has one.
"""

from __future__ import annotations

import bisect
import contextlib
import json
from collections.abc import Iterable

import pyarrow.compute as pc

from DiffusionFER import SUBSETS, ImageNames, RawFolder, read_annotations
from tools.check.findings import Finding
from tools.check.sheet.read import Sheet
from tools.use.report.tree import Pictures, Tree


class Places:
    """Finds the pictures of findings; the annotations of a config are gone through once at most."""

    def __init__(self, tree: Tree, findings: Iterable[Finding]) -> None:
        self._tree = tree
        self._annotated: dict[str, dict[str, str]] = {}  # by config, then by where an annotation stands
        for finding in findings:
            if found := self._origin(finding):
                self._annotated.setdefault(found[0].config, {})[found[1]] = ""
        for config, wanted in self._annotated.items():
            _look_up(tree.pictures[config], wanted)

    def picture(self, finding: Finding) -> tuple[Pictures, str] | None:
        """Return the config and the name of the picture that a finding speaks of; None where there is none."""
        if origin := self._origin(finding):
            pictures, where = origin
            name = self._annotated[pictures.config].get(where)
            return (pictures, name) if name else None
        for pictures in self._tree.pictures.values():
            name = finding.file.removeprefix(f"{pictures.folder}/")
            if name != finding.file:
                return (pictures, name) if _is_listed(pictures, name) else None
        return self._of_row(finding)

    def _origin(self, finding: Finding) -> tuple[Pictures, str] | None:
        """Return the config of EmoNet whose annotation a finding speaks of, and where in its folder that stands."""
        for config, pictures in self._tree.pictures.items():
            name = finding.file.removeprefix(f"{pictures.folder}/")
            if SUBSETS[config].kind != "faces" and name != finding.file:
                if name.endswith(".json"):
                    return pictures, name
                if finding.row and name.endswith(".csv"):
                    return pictures, f"{name} row {finding.row}"
        return None

    def _of_row(self, finding: Finding) -> tuple[Pictures, str] | None:
        for pictures in self._tree.of_sizes().values():
            rows = pictures.rows
            if finding.row and rows and rows.name == finding.file:
                place = _index(rows, finding.row)
                name = None if place is None else pictures.files[place].as_py()
                if name:
                    return pictures, name
        return None


def _is_listed(pictures: Pictures, name: str) -> bool:
    try:
        return bool(pc.index(pictures.images.names, name).as_py() >= 0)
    except UnicodeEncodeError:  # a name that is not UTF-8 is in no list
        return False


def _index(rows: Sheet, row: int) -> int | None:
    """Return the place among `rows` of the row that a spreadsheet shows under a number; they ascend."""
    count = rows.table.num_rows
    place = bisect.bisect_left(range(count), row, key=rows.row)
    return place if place < count and rows.row(place) == row else None


def _look_up(pictures: Pictures, wanted: dict[str, str]) -> None:
    """Set the name of the picture of each annotation that is wanted, by where it stands, as far as it has one."""
    folder, kind = pictures.images.source.folder, SUBSETS[pictures.config].kind
    with contextlib.suppress(OSError, ValueError, KeyError):  # which another finding says
        names = ImageNames(folder.entries())
        for origin, image in _images(folder, kind, wanted):
            with contextlib.suppress(ValueError):  # which is what the finding says
                wanted[origin] = names.find(image)


def _images(folder: RawFolder, kind: str, wanted: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield where an annotation stands, and the image that it names."""
    if kind != "big":
        yield from ((one.origin, one.image) for one in read_annotations(kind, folder) if one.origin in set(wanted))
        return
    for origin in list(wanted):  # a file each
        try:
            yield origin, str(json.loads(folder.read(origin))["key"][-1])
        except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
            continue
