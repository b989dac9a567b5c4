"""The letters of the gallery, as strokes: those of the class names and of two headings.

A font would be drawn by FreeType, whose versions differ in their pixels (those of Pillow 11 and 12 do); polygons are
drawn alike by every Pillow from 11.2 on. In goes a word; out comes a mask of its strokes, smooth at the edges.
"""

from __future__ import annotations

import math
from itertools import pairwise

from PIL import Image, ImageDraw

Point = tuple[float, float]
Stroke = list[Point]

# In heights of an x, from the left of the letter and from the baseline up.
ASCENDER, DESCENDER = 1.5, 0.5
WEIGHT, GAP = 0.21, 0.36  # the width of a stroke, and between the strokes of two letters
FINE = 4  # how much larger strokes are drawn than they are shown


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Return points of an ellipse around (x, y) from one angle to another, in degrees, against the clock."""
    steps = [math.radians(start + (end - start) * step / 24) for step in range(25)]
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in steps]


_BOWL = _arc(0.45, 0.5, 0.45, 0.5, 0, 360)
_ARCH = [(0.0, 0.0), (0.0, 0.58), *_arc(0.4, 0.58, 0.4, 0.42, 180, 0), (0.8, 0.0)]
LETTERS: dict[str, list[Stroke]] = {
    "a": [_BOWL, [(0.9, 1.0), (0.9, 0.0)]],
    "c": [_arc(0.45, 0.5, 0.45, 0.5, 48, 312)],
    "d": [_BOWL, [(0.9, ASCENDER), (0.9, 0.0)]],
    "e": [[(0.02, 0.52), (0.9, 0.52), *_arc(0.45, 0.5, 0.45, 0.5, 0, 312)]],
    "f": [[*_arc(0.52, 1.22, 0.3, 0.28, 70, 180), (0.22, 0.0)], [(0.0, 0.95), (0.52, 0.95)]],
    "g": [_BOWL, [(0.9, 1.0), *_arc(0.46, -0.06, 0.44, 0.42, 0, -145)]],
    "h": [[(0.0, ASCENDER), (0.0, 0.0)], _ARCH],
    "i": [[(0.0, 1.0), (0.0, 0.0)], [(0.0, 1.42), (0.0, 1.44)]],
    "l": [[(0.0, ASCENDER), (0.0, 0.0)]],
    "n": [[(0.0, 1.0), (0.0, 0.0)], _ARCH],
    "o": [_BOWL],
    "p": [_BOWL, [(0.0, 1.0), (0.0, -DESCENDER)]],
    "r": [[(0.0, 1.0), (0.0, 0.0)], [(0.0, 0.58), *_arc(0.4, 0.58, 0.4, 0.42, 180, 65)]],
    "s": [[*_arc(0.38, 0.755, 0.34, 0.245, 40, 270), *_arc(0.38, 0.255, 0.36, 0.255, 90, -145)]],
    "t": [[(0.22, 1.35), *_arc(0.52, 0.3, 0.3, 0.3, 180, 290)], [(0.0, 0.95), (0.52, 0.95)]],
    "u": [[(0.0, 1.0), (0.0, 0.42), *_arc(0.4, 0.42, 0.4, 0.42, 180, 360)], [(0.8, 1.0), (0.8, 0.0)]],
    "y": [[(0.0, 1.0), (0.42, 0.0)], [(0.84, 1.0), (0.36, -0.2), (0.22, -0.42), (0.02, -DESCENDER)]],
}


def word_mask(word: str, height: int) -> Image.Image:
    """Return a mask ("L") of a word of LETTERS whose small letters are `height` pixels high, cut to its width.

    It reaches from the top of the highest letters to the bottom of the lowest, whatever the word, so that the baseline
    is at the same place in all.
    """
    scale = height * FINE
    x, strokes = WEIGHT / 2, []
    for letter in word:
        strokes += [[(x + px, py) for px, py in stroke] for stroke in LETTERS[letter]]
        x += max(px for stroke in LETTERS[letter] for px, _ in stroke) + GAP
    wide = math.ceil((x - GAP + WEIGHT / 2) * height)
    high = math.ceil((ASCENDER + DESCENDER + WEIGHT) * height)
    mask = Image.new("L", (wide * FINE, high * FINE))
    pen = ImageDraw.Draw(mask)
    for stroke in strokes:
        places = [(px * scale, (ASCENDER + WEIGHT / 2 - py) * scale) for px, py in stroke]
        _draw_stroke(pen, places, WEIGHT * scale / 2)
    return mask.reduce(FINE)


def _draw_stroke(pen: ImageDraw.ImageDraw, places: list[Point], radius: float) -> None:
    """Draw a stroke with round ends as polygons with whole coordinates, which every Pillow fills alike."""
    for x, y in places:
        pen.polygon([(round(x + dx), round(y + dy)) for dx, dy in _arc(0, 0, radius, radius, 0, 345)], fill=255)
    for (ax, ay), (bx, by) in pairwise(places):
        length = math.hypot(bx - ax, by - ay)
        if length:
            nx, ny = radius * (ay - by) / length, radius * (bx - ax) / length
            box = [(ax + nx, ay + ny), (bx + nx, by + ny), (bx - nx, by - ny), (ax - nx, ay - ny)]
            pen.polygon([(round(x), round(y)) for x, y in box], fill=255)
