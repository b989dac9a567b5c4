"""The garments: what each piece of clothing adds to the plain body that `sketch_clothes` has filled.

In come a Pen in the body's frame, a Person, the rim of the neckline and two colours; out come filled shapes.
"""

from __future__ import annotations

from tools.make.sketch_paint import Colour, Pen, Point, curve, mix, ribbon, shade
from tools.make.sketch_person import Person


def tee(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A jersey with a ribbed neckline, striped or plain."""
    if p.stream(9).random() < 0.4:
        for y in (214, 240, 266, 292):
            pen.stroke(
                [(-156 * p.build, y + 12), (-60, y + 2), (60, y + 2), (156 * p.build, y + 12)], second, 8, 9, 8, 0.75
            )
    pen.fill(ribbon(rim, 5, 7, 5), mix(main, (255, 246, 232), 0.26))
    pen.fill(ribbon([(x, y + 5) for x, y in rim], 1, 1.6, 1), shade(main, 0.7), 0.7)


def hoodie(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A hood that lies around the neck, with two cords."""
    b = p.build
    for side in (-1, 1):
        roll = [
            (side * 50 * b, 122),
            (side * 72 * b, 146),
            (side * 50 * b, 180),
            (0, 196),
            (0, 172),
            (side * 34 * b, 160),
            (side * 45 * b, 140),
        ]
        pen.fill(curve(roll, closed=True), mix(main, (255, 244, 226), 0.12 if side == p.lit else 0.02))
        pen.stroke(
            [(side * 62 * b, 140), (side * 52 * b, 168), (side * 12, 186)], shade(main, 0.74), 0.5, 2.6, 0.5, 0.8
        )
        pen.stroke(
            [(side * 20, 184), (side * 22, 216), (side * 19, 244)], mix((250, 246, 238), second, 0.1), 3, 3.2, 3.4
        )


def collar(pen: Pen, p: Person, tone: Colour) -> None:
    """Two points of a shirt's collar."""
    b = p.build
    for side in (-1, 1):
        point = [
            (side * 42 * b, 122),
            (side * 58 * b, 142),
            (side * 34 * b, 190),
            (side * 5, 172),
            (side * 30 * b, 148),
        ]
        pen.fill(point, tone if side == p.lit else shade(tone, 0.9))
        pen.fill(ribbon([point[1], point[2], point[3]], 1.2, 1.6, 1.0), shade(tone, 0.66), 0.8)


def shirt(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A shirt with collar, placket and buttons."""
    pen.fill([(-9, 176), (9, 176), (9, 330), (-9, 330)], mix(main, (255, 246, 232), 0.16))
    for y in (200, 234, 268):
        pen.disc(0, y, 3, 3, mix(second, (255, 255, 255), 0.5))
    collar(pen, p, mix(main, (255, 246, 232), 0.2))


def blazer(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A jacket with lapels over a light shirt."""
    b = p.build
    pale = mix((250, 246, 238), second, 0.2)
    pen.fill([*rim, (0, 300)], pale)
    collar(pen, p, pale)
    for side in (-1, 1):
        lapel = [
            (side * 56 * b, 140),
            (side * 82 * b, 156),
            (side * 76 * b, 196),
            (side * 60 * b, 200),
            (0, 318),
            (side * 14, 240),
            (side * 38 * b, 180),
        ]
        pen.fill(lapel, mix(main, (255, 240, 220), 0.14 if side == p.lit else 0.04))
        pen.fill(ribbon([lapel[1], lapel[2], lapel[3], lapel[4]], 1, 1.8, 1), shade(main, 0.62), 0.8)


def turtleneck(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A high knitted collar."""
    b = p.build
    pen.fill(
        curve([(-48 * b, 116), (0, 128), (48 * b, 116), (56 * b, 150), (0, 166), (-56 * b, 150)], closed=True),
        mix(main, (255, 244, 226), 0.1),
    )
    for k in range(-6, 7):
        pen.stroke(
            [(7 * k * b, 126 - 0.2 * abs(k)), (8 * k * b, 160 - abs(k))], shade(main, 0.8), 0.6, 1.5, 0.6, 0.6, steps=1
        )


def cardigan(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """An open knitted jacket over a top."""
    b = p.build
    top = mix(second, (255, 248, 238), 0.5)
    pen.fill([*rim, (-20 * b, 330), (20 * b, 330)], top)
    pen.fill(ribbon(rim, 4, 5, 4), mix(top, (255, 255, 255), 0.5))
    for side in (-1, 1):
        band = curve([(side * 54 * b, 138), (side * 44 * b, 190), (side * 26 * b, 250), (side * 24 * b, 330)], steps=4)
        pen.fill(ribbon(band, 13, 14, 13), mix(main, (255, 240, 220), 0.14))
        pen.fill(ribbon([(x - side * 7, y) for x, y in band], 1, 1.6, 1), shade(main, 0.65), 0.7)


def leather(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A biker's jacket with studs."""
    b = p.build
    pen.fill([*rim, (0, 270)], mix(second, (250, 246, 238), 0.15))
    for side in (-1, 1):
        lapel = [
            (side * 50 * b, 132),
            (side * 88 * b, 152),
            (side * 84 * b, 206),
            (side * 52 * b, 196),
            (0, 290),
            (side * 12, 220),
            (side * 36 * b, 172),
        ]
        pen.fill(lapel, mix(main, (255, 255, 255), 0.1 if side == p.lit else 0.03))
        pen.fill(ribbon([*lapel[1:5]], 1.4, 2, 1.4), (188, 190, 198), 0.7)
        for k in range(4):
            pen.disc(side * (92 + 12 * k) * b, 166 + 6.5 * k, 2.6, 2.6, (214, 216, 224))
