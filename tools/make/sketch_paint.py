"""The drawing tools under the renderer: curves, a frame that tilts and turns a head, a pen and a soft wash.

In come points in face units and colours; out come polygons on an enlarged picture (made smooth by `Image.reduce`) and
soft patches of colour. Every coordinate is rounded to an integer before it is drawn, so that a picture does not
depend on how a version of Pillow treats fractions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]
Colour = tuple[int, int, int]

GOLD = (226, 178, 84)
SIDE = 512  # pixels: the published settings ask for 512 x 512
WASH = 4  # a wash is painted at a quarter of the size: what is soft needs no more, and blurs cost a sixteenth


def mix(first: Colour, second: Colour, part: float) -> Colour:
    """Return the colour that lies `part` (0 to 1) of the way from `first` to `second`."""
    a = round(256 * min(1.0, max(0.0, part)))
    return tuple((x * (256 - a) + y * a + 128) >> 8 for x, y in zip(first, second, strict=True))  # type: ignore[return-value]


def shade(colour: Colour, red: float, green: float | None = None, blue: float | None = None) -> Colour:
    """Return `colour` with its channels multiplied (one factor for all, or one for each) and kept within 0 to 255."""
    factors = (red, red if green is None else green, red if blue is None else blue)
    return tuple(min(255, max(0, round(c * f))) for c, f in zip(colour, factors, strict=True))  # type: ignore[return-value]


@lru_cache(maxsize=16)
def _weights(steps: int) -> tuple[tuple[float, float, float, float], ...]:
    """The Catmull-Rom weights of `steps` places between two points."""
    out = []
    for i in range(steps):
        t = i / steps
        out.append(
            (
                0.5 * (-t + 2 * t * t - t**3),
                0.5 * (2 - 5 * t * t + 3 * t**3),
                0.5 * (t + 4 * t * t - 3 * t**3),
                0.5 * (t**3 - t * t),
            )
        )
    return tuple(out)


def curve(points: Sequence[Point], closed: bool = False, steps: int = 4) -> list[Point]:
    """Return a smooth line (Catmull-Rom) through `points`, `steps` places for each stretch between two of them."""
    n = len(points)
    ring = [points[-1], *points, points[0], points[1]] if closed else [points[0], *points, points[-1]]
    out = []
    weights = _weights(steps)
    for k in range(n if closed else n - 1):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = ring[k : k + 4]
        for wa, wb, wc, wd in weights:
            out.append((wa * ax + wb * bx + wc * cx + wd * dx, wa * ay + wb * by + wc * cy + wd * dy))
    if not closed:
        out.append(points[-1])
    return out


@lru_cache(maxsize=16)
def _circle(count: int) -> tuple[Point, ...]:
    return tuple((math.cos(2 * math.pi * i / count), math.sin(2 * math.pi * i / count)) for i in range(count))


def oval(x: float, y: float, rx: float, ry: float, count: int = 28) -> list[Point]:
    """Return `count` points of an ellipse around (x, y) with the half axes `rx` and `ry`."""
    return [(x + rx * c, y + ry * s) for c, s in _circle(count)]


def mirror(points: Iterable[Point]) -> list[Point]:
    """Return the points on the other side of the face, in the opposite order (so that two halves join)."""
    return [(-x, y) for x, y in points][::-1]


def ribbon(points: Sequence[Point], start: float, middle: float, end: float) -> list[Point]:
    """Return the outline of a stroke along `points` whose width goes from `start` over `middle` to `end`."""
    n = len(points)
    left, right = [], []
    for i, (x, y) in enumerate(points):
        (ax, ay), (bx, by) = points[max(0, i - 1)], points[min(n - 1, i + 1)]
        dx, dy = bx - ax, by - ay
        t = 2 * i / (n - 1)
        width = start + (middle - start) * t if t < 1 else middle + (end - middle) * (t - 1)
        scale = 0.5 * width / (math.sqrt(dx * dx + dy * dy) or 1.0)
        left.append((x - dy * scale, y + dx * scale))
        right.append((x + dy * scale, y - dx * scale))
    return left + right[::-1]


class Frame:
    """Where face units fall in the picture: a turn (yaw), a nod (pitch), a tilt (radians), a scale and a place.

    Face units: the origin lies between the eyes, x to the right, y down; the face is about 164 wide and 235 high.
    """

    def __init__(
        self, x: float, y: float, scale: float, tilt: float = 0.0, yaw: float = 0.0, pitch: float = 0.0
    ) -> None:
        self.x, self.y, self.scale, self.yaw, self.pitch = x, y, scale, yaw, pitch
        self.cos, self.sin = scale * math.cos(tilt), scale * math.sin(tilt)

    def pixels(self, points: Iterable[Point], zoom: float, left: float, top: float) -> list[tuple[int, int]]:
        """Return the places of `points` (face units) on a picture enlarged by `zoom` that begins at (`left`, `top`).

        What lies in front of the head's outline moves with the turn and the nod; the outline itself hardly does. The
        head tilts around the neck, 110 units below the eyes.
        """
        cos, sin, yaw, pitch = self.cos * zoom, self.sin * zoom, self.yaw, self.pitch
        ox, oy = self.x * zoom - left, (self.y + 110 * self.scale) * zoom - top
        if not yaw and not pitch and not sin:
            oy -= 110 * cos
            return [(round(ox + x * cos), round(oy + y * cos)) for x, y in points]
        out = []
        for x, y in points:
            xx, yy = x * x, y * y
            if xx < 8300:
                x += yaw * (1 - xx / 8300)
            if yy < 15600:
                y += pitch * (1 - yy / 15600)
            y -= 110
            out.append((round(ox + x * cos - y * sin), round(oy + x * sin + y * cos)))
        return out


class Pen:
    """Fills shapes given in face units on a picture that is `scale` times enlarged and begins at `origin` pixels."""

    def __init__(self, image: Image.Image, frame: Frame, scale: int, origin: tuple[float, float] = (0, 0)) -> None:
        self.image, self.frame, self.scale, self.origin = image, frame, scale, origin
        self.ink = ImageDraw.Draw(image)
        self.glaze = ImageDraw.Draw(image, "RGBA") if image.mode == "RGB" else self.ink

    def places(self, points: Iterable[Point]) -> list[tuple[int, int]]:
        """Return the pixels of this pen's picture on which `points` fall."""
        s = self.scale
        return self.frame.pixels(points, s, self.origin[0] * s, self.origin[1] * s)

    def fill(self, points: Iterable[Point], colour: Colour | int, alpha: float = 1.0) -> None:
        """Fill the polygon `points`; `alpha` below 1 lets what is under it shine through."""
        if alpha >= 1 or isinstance(colour, int):
            self.ink.polygon(self.places(points), fill=colour)
        else:
            self.glaze.polygon(self.places(points), fill=(*colour, round(255 * alpha)))

    def stroke(
        self,
        points: Sequence[Point],
        colour: Colour | int,
        start: float,
        middle: float,
        end: float,
        alpha: float = 1.0,
        steps: int = 4,
    ) -> None:
        """Draw a smooth stroke of changing width (face units) through `points`."""
        self.fill(ribbon(curve(points, steps=steps), start, middle, end), colour, alpha)

    def disc(self, x: float, y: float, rx: float, ry: float, colour: Colour | int, alpha: float = 1.0) -> None:
        """Fill an upright ellipse around (x, y); quicker than a polygon."""
        ((px, py),) = self.places([(x, y)])
        k = self.frame.scale * self.scale
        box = (px - round(rx * k), py - round(ry * k), px + round(rx * k), py + round(ry * k))
        if alpha >= 1 or isinstance(colour, int):
            self.ink.ellipse(box, fill=colour)
        else:
            self.glaze.ellipse(box, fill=(*colour, round(255 * alpha)))


def through(pen: Pen, opening: list[Point], base: Colour) -> tuple[Pen, Image.Image, tuple[int, int]]:
    """Return a pen on a small picture around `opening`, the opening as a mask, and where both belong."""
    places = pen.places(opening)
    left, top = min(x for x, _ in places) - 2, min(y for _, y in places) - 2
    size = (max(x for x, _ in places) + 3 - left, max(y for _, y in places) + 3 - top)
    origin = (pen.origin[0] + left / pen.scale, pen.origin[1] + top / pen.scale)
    mask = Image.new("L", size)
    small = Pen(Image.new("RGB", size, base), pen.frame, pen.scale, origin)
    Pen(mask, pen.frame, pen.scale, origin).fill(opening, 255)
    return small, mask, (left, top)


class Wash:
    """Soft paint over the whole picture, kept at a quarter of its size until it is spread."""

    def __init__(self, base: Colour, frame: Frame) -> None:
        self.image = Image.new("RGB", (SIDE // WASH, SIDE // WASH), base)
        self.frame = frame

    def soft(self, points: Iterable[Point], colour: Colour, alpha: float, blur: float) -> None:
        """Paint the polygon `points` with `colour`, its edge blurred over about `blur` pixels of the picture."""
        places = self.frame.pixels(points, 1 / WASH, 0, 0)
        reach, side = int(3 * blur / WASH) + 2, SIDE // WASH  # beyond three radii nothing is left to blur
        left, right = max(0, min(x for x, _ in places) - reach), min(side, max(x for x, _ in places) + reach)
        top, bottom = max(0, min(y for _, y in places) - reach), min(side, max(y for _, y in places) + reach)
        if left >= right or top >= bottom:
            return
        mask = Image.new("L", (right - left, bottom - top))
        strength = round(255 * min(1.0, max(0.0, alpha)))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in places], fill=strength)
        self.image.paste(colour, (left, top), mask.filter(ImageFilter.GaussianBlur(blur / WASH)))

    def spread(self, edges: tuple[int, int, int, int] = (0, 0, SIDE, SIDE)) -> Image.Image:
        """Return the part of the wash between `edges` (left, top, right, bottom, in pixels) at the picture's size."""
        left, top, right, bottom = edges
        part = (left / WASH, top / WASH, right / WASH, bottom / WASH)
        return self.image.resize((right - left, bottom - top), Image.Resampling.BILINEAR, part)
