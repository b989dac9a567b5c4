"""One picture: from the bytes of an original to the bytes of its crop, with what is to be said of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from DiffusionFER import parse_box
from tools.make.faces.detectors import DetectorError, SheetBox, detect_in, detector
from tools.make.faces.geometry import Face, largest, region, whole_picture
from tools.make.faces.pictures import PictureError, cut, encode, picture_size, read_picture
from tools.make.faces.sources import Task

Kind = Literal["unusable", "refused", "passed over", "whole", "several", "cut off", "otherwise"]
Missing = Literal["skip", "fail", "keep"]
COLUMNS = ("face_box", "face_confidence", "face_detector", "faces", "crop", "sha256", "sha256_cropped")


@dataclass(frozen=True)
class Settings:
    """How to crop: the detector, the form of the crop, which faces count, and what becomes of a picture without one.

    `side` and `margin` are in pixels of the crop, `min_face` (the shorter side of a box) in those of the original.
    `weights` is the file of YuNet's; `refuse` holds "several", "cut-off", or both; `opencv` is the version that
    all must have.
    """

    detector: str = "mtcnn"
    weights: Path | None = None
    side: int = 512
    margin: int = 0
    keep_aspect: bool = False
    min_confidence: float = 0.7
    min_face: int = 20
    on_missing: Missing = "skip"
    refuse: frozenset[str] = frozenset()
    again: bool = False
    opencv: str = ""

    @property
    def form(self) -> str:
        """What of the settings a crop shows, as the sheet's column `crop` has it."""
        aspect = " aspect=kept" if self.keep_aspect else ""
        return f"size={self.side} margin={self.margin}{aspect}"


@dataclass(frozen=True)
class Trouble:
    """Something to be said of a picture: of which kind, in words, and with which cell it has to do."""

    kind: Kind
    file: str
    row: int | None
    message: str
    column: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Cropped:
    """What became of one picture: the crop (None: there is none), the cells of its row, and what is to be said."""

    content: bytes | None
    cells: dict[str, str]
    troubles: tuple[tuple[Kind, str], ...] = ()


def crop_picture(content: bytes, box_cell: str, settings: Settings) -> Cropped:
    """Return the crop of an original, whose row has `box_cell` in its column face_box.

    `sha256` and `sha256_cropped` are not among the cells that are returned. What is wrong with the picture is said.
    """
    try:
        image = read_picture(content)
        found_by = SheetBox(box_cell) if settings.detector == "sheet" else detector(settings.detector, settings.weights)
        found = detect_in(found_by, image)
    except PictureError as error:
        return Cropped(None, {}, (("unusable", str(error)),))
    except DetectorError as error:
        return Cropped(None, {}, (("unusable", f"has no face that can be looked for: {error}"),))
    usable = [face for face in found if _is_usable(face.within(image.size), settings)]
    reason, troubles = _reason([face.within(image.size) for face in found], usable, settings), []
    if usable:
        face = largest(usable)
        seen = face.within(image.size)
        troubles = standing(len(usable), seen, image.size)
        refused = [text for kind, text in troubles if kind.replace(" ", "-") in settings.refuse]
        reason = refused[0] if refused else ""
    cells = {"faces": str(len(usable)), "face_detector": settings.detector, "crop": settings.form}
    if reason and settings.on_missing != "keep":
        kind: Kind = "refused" if settings.on_missing == "fail" else "passed over"
        return Cropped(None, {"faces": cells["faces"]}, ((kind, reason),))
    if reason:
        cells["faces"] = "0"  # by which a later run knows that the crop is no face
        crop = _cut(image, whole_picture(image.size), settings, margin=0)
        return Cropped(crop, cells, (("whole", reason),))
    crop = _cut(image, face.rounded(), settings, settings.margin)
    cells |= {"face_box": seen.cell}
    if face.confidence is not None:
        cells["face_confidence"] = f"{face.confidence:.6f}"
    return Cropped(crop, cells, tuple(troubles))


def _cut(image: Image.Image, face: Face, settings: Settings, margin: int) -> bytes:
    edges = region(face, image.size, side=settings.side, margin=margin, keep_aspect=settings.keep_aspect)
    return encode(cut(image, edges, settings.side))


def standing(faces: int, face: Face, size: tuple[int, int]) -> list[tuple[Kind, str]]:
    """Return what is to be said of a crop as long as it stands, whoever made it."""
    troubles: list[tuple[Kind, str]] = []
    if faces > 1:
        troubles.append(("several", f"has {faces} faces: the largest was taken, at {face.cell}"))
    if face.is_cut_off(size):
        edge = f"the edge of the picture of {size[0]} x {size[1]}"
        troubles.append(("cut off", f"has its face cut off: the box {face.cell} reaches {edge}"))
    return troubles


def said_again(content: bytes, task: Task, settings: Settings) -> tuple[tuple[Kind, str], ...]:
    """Return what is to be said of a crop that is there already, from the cells of its row and its original."""
    troubles: list[tuple[Kind, str]] = []
    if task.form not in ("", settings.form):
        troubles.append(("otherwise", f"has a crop of {task.form[:64]!r}, where now is asked for {settings.form!r}"))
    if task.faces == "0":
        troubles.append(("whole", "has no face that was taken"))
    elif task.faces.isdecimal():  # else it was not made here
        with suppress(ValueError):  # PictureError among them; the linter speaks of such a cell
            size = picture_size(content)
            x, y, width, height = parse_box(task.face_box or None) or []
            troubles += standing(int(task.faces), Face(x, y, width, height), size)
    return tuple(troubles)


def _is_usable(face: Face, settings: Settings) -> bool:
    sure = face.confidence is None or face.confidence >= settings.min_confidence
    return sure and min(face.width, face.height) >= settings.min_face


def _reason(found: list[Face], usable: list[Face], settings: Settings) -> str:
    """Say why none of the faces that were found can be used; the empty text where one can."""
    if usable:
        return ""
    if not found:
        return "has no box in the sheet" if settings.detector == "sheet" else "has no face that was found"
    count = f"of {len(found)} faces" if len(found) > 1 else "face"
    large = [face for face in found if min(face.width, face.height) >= settings.min_face]
    if not large:
        face = largest(found)
        size = f"{face.width:.0f} x {face.height:.0f} pixels"
        return f"has a largest {count} of {size}, where --min-face asks for {settings.min_face}"
    best = max(face.confidence or 0.0 for face in large)
    return f"has a surest {count} of confidence {best:.3f}, where --min-confidence asks for {settings.min_confidence:g}"
