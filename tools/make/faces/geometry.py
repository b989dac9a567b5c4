"""Where a face is, and which part of its picture becomes the crop. All in pixels of the picture as a viewer shows it.

The crop is that of facenet-pytorch 2.6.0 (`extract_face` in `models/utils/detect_face.py`), which made the published
set: the margin is given in pixels of the output, half of it on each side, and grows with the box; what then lies
outside the picture is cut off; the edges are rounded down; the rest is resized to a square, bilinearly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Edges = tuple[int, int, int, int]


@dataclass(frozen=True)
class Face:
    """A face: its box, how sure the detector is (0 to 1; None: not told), and its landmarks, where it tells them.

    The landmarks are the two eyes, the nose and the two corners of the mouth, (x, y) each, as a viewer sees them from
    left to right.
    """

    x: float
    y: float
    width: float
    height: float
    confidence: float | None = None
    landmarks: tuple[tuple[float, float], ...] = ()

    @property
    def area(self) -> float:
        """The pixels that the box covers."""
        return self.width * self.height

    def scaled(self, across: float, down: float) -> Face:
        """Return the same face in a picture that is so many times as wide and as high."""
        landmarks = tuple((x * across, y * down) for x, y in self.landmarks)
        box = self.x * across, self.y * down, self.width * across, self.height * down
        return Face(*box, self.confidence, landmarks)

    def within(self, size: tuple[int, int]) -> Face:
        """Return the face with the part of its box that lies in a picture of this size, to a hundredth of a pixel."""
        left, top = max(self.x, 0.0), max(self.y, 0.0)
        right, bottom = min(self.x + self.width, size[0]), min(self.y + self.height, size[1])
        left, top = round(left, 2), round(top, 2)
        width, height = max(0.0, round(right - left, 2)), max(0.0, round(bottom - top, 2))
        return Face(left, top, width, height, self.confidence, self.landmarks)

    def rounded(self) -> Face:
        """Return the face with its box to a hundredth of a pixel, as the sheet has it."""
        x, y, width, height = (round(edge, 2) for edge in (self.x, self.y, self.width, self.height))
        return Face(x, y, width, height, self.confidence, self.landmarks)

    def is_cut_off(self, size: tuple[int, int]) -> bool:
        """Say whether the box reaches the edge of a picture of this size, so that some of the face may be missing."""
        return self.x <= 0 or self.y <= 0 or self.x + self.width >= size[0] or self.y + self.height >= size[1]

    @property
    def cell(self) -> str:
        """The box as the sheet has it: "x y width height"."""
        return " ".join(_number(side) for side in (self.x, self.y, self.width, self.height))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def largest(faces: Iterable[Face]) -> Face:
    """Return the face whose box covers most, the first of several: what facenet-pytorch keeps unless told otherwise."""
    return max(faces, key=lambda face: face.area)


def region(face: Face, size: tuple[int, int], *, side: int, margin: int, keep_aspect: bool) -> Edges:
    """Return the part of a picture of `size` that becomes the crop of `side` x `side`: left, top, right, bottom.

    `margin` is in pixels of the crop, both sides together, and less than `side`. The part has the proportions of the
    box, so that a face that is higher than wide is squeezed, as in the published set. With `keep_aspect` it is a square
    around the middle of the box, moved into the picture where it reaches out, and at most as large as fits.
    """
    growth = margin / (side - margin)
    across, down = face.width * growth / 2, face.height * growth / 2
    if keep_aspect:
        whole = min(max(face.width, face.height) * (1 + growth), *size)
        edge = max(1, int(whole))
        starts = (face.x + face.width / 2 - whole / 2, face.y + face.height / 2 - whole / 2)
        left, top = (int(min(max(start, 0), most - edge)) for start, most in zip(starts, size, strict=True))
        return left, top, left + edge, top + edge
    left, top = int(max(face.x - across, 0)), int(max(face.y - down, 0))
    right, bottom = int(min(face.x + face.width + across, size[0])), int(min(face.y + face.height + down, size[1]))
    left, top = min(left, size[0] - 1), min(top, size[1] - 1)
    return left, top, max(right, left + 1), max(bottom, top + 1)  # a box of less than a pixel is one


def whole_picture(size: tuple[int, int]) -> Face:
    """Return the box of all of a picture, which stands in for a face where none was found."""
    return Face(0, 0, *size)
