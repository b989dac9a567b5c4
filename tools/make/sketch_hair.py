"""Hair behind the head, and the strands and curls that all hair is made of.

In come a Person and a Pen in the head's frame; out come filled shapes. What lies over the brow is in
`sketch_hair_front`, which is drawn after the face.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from tools.make.sketch_paint import Colour, Pen, Point, curve, mirror, mix, ribbon, shade
from tools.make.sketch_person import Person, between

LONG = {"long": (0.0, 185.0), "wavy": (1.0, 176.0), "bob": (0.2, 96.0)}


def tones(person: Person) -> tuple[Colour, Colour, Colour]:
    """Return the hair's colour in shadow, as it is, and in light."""
    h = person.hair
    return mix(shade(h, 0.68, 0.64, 0.7), (24, 14, 22), 0.12), h, mix(h, (255, 226, 180), 0.3 if sum(h) > 200 else 0.2)


def dome(person: Person, wide: float, high: float, low: float) -> list[Point]:
    """Return the outer edge of hair that stands off the skull by `wide` at the sides and `high` on top."""
    w = person.cheek + wide
    right: list[Point] = [(0, -113 - high), (40, -107 - 0.95 * high), (w - 13, -78 - 0.55 * high), (w, -34), (w, low)]
    return curve(mirror(right)[:-1] + right, steps=4)


def strand_fan(
    pen: Pen, rng: Random, root: Point, edge: Sequence[Point], tone: list[Colour], count: int, width: float = 3.4
) -> None:
    """Draw strands that leave `root` and bend along the head to places on `edge`."""
    for _ in range(count):
        t = rng.random() * (len(edge) - 1)
        k = min(len(edge) - 2, int(t))
        (ax, ay), (bx, by) = edge[k], edge[k + 1]
        ex, ey = ax + (bx - ax) * (t - k), ay + (by - ay) * (t - k)
        rx, ry = root[0] + between(rng, -5, 5), root[1] + between(rng, -2, 4)
        mx, my = rx + 0.62 * (ex - rx), ry + 0.26 * (ey - ry)
        begin = between(rng, 0.05, 0.4)
        path = curve([(rx, ry), (mx, my), (ex, ey)], steps=4)[int(begin * 8) :]
        if len(path) > 2:
            tint = tone[int(rng.random() * len(tone))]
            pen.fill(ribbon(path, 0.5, width * between(rng, 0.5, 1.1), 0.3), tint, 0.6)


def curl_cloud(pen: Pen, rng: Random, edge: list[Point], size: float, tone: tuple[Colour, Colour, Colour]) -> None:
    """Draw round curls along `edge`."""
    for k, (x, y) in enumerate(edge):
        r = size * between(rng, 0.75, 1.2)
        pen.disc(x, y, r, r, tone[1] if k % 3 else tone[0])


def curl_marks(pen: Pen, rng: Random, inside: Callable[[], Point], count: int, size: float, tone: Colour) -> None:
    """Draw small arcs of light, which read as coils."""
    for _ in range(count):
        x, y = inside()
        r = size * between(rng, 0.7, 1.2)
        pen.stroke(
            [(x - r, y + 0.4 * r), (x - 0.3 * r, y - 0.7 * r), (x + 0.8 * r, y - 0.1 * r)],
            tone,
            0.4,
            2.0,
            0.4,
            0.5,
            steps=3,
        )


def back_hanging(pen: Pen, p: Person, rng: Random) -> None:
    """Draw long hair behind neck and shoulders, straight, waved or in curls."""
    dark, base, light = tones(p)
    wave, low = LONG.get(p.cut, (1.0, 120.0))
    out = 7 * wave
    right: list[Point] = [
        (0, -124),
        (62, -108),
        (p.cheek + 14, -52),
        (p.cheek + 15 + out, 20),
        (p.cheek + 9 - out * 0.3, 70),
    ]
    right += [(p.cheek + 14 + out, 112), (p.cheek + 6, low), (44, low + 10), (0, low)]
    if low < 110:
        right = [*right[:4], (p.cheek + 16, 62), (p.cheek + 9, low), (50, low + 5), (0, low - 14)]
    shape = curve(mirror(right)[:-1] + right[:-1], closed=True)
    pen.fill(shape, dark)
    for side in (-1, 1):
        for k in range(9):
            x = side * (p.cheek + 14 - 4.5 * k)
            sway = out * (0.6 if k % 2 else -0.4)
            path = [(x * 0.93, -30), (x + side * sway, 30), (x - side * sway, 84), (x * 1.02, low - 4 - 1.6 * k)]
            pen.stroke(path, base if k % 2 else mix(base, light, 0.35), 1.0, 6.0, 0.8, 0.7)
    if p.cut == "curls":
        curl_cloud(pen, rng, shape[::2], 17, (dark, dark, dark))
        curl_marks(pen, rng, lambda: (between(rng, -1, 1) * (p.cheek + 18), between(rng, -40, 112)), 50, 8, base)


def back_afro(pen: Pen, p: Person, rng: Random) -> None:
    """Draw the round cloud of an afro."""
    _, base, light = tones(p)
    edge = dome(p, 42 if p.gender == "woman" else 24, 44 if p.gender == "woman" else 30, 30)
    pen.fill(edge, base)
    curl_cloud(pen, rng, edge, 12, (base, base, base))
    inner = [(x * 0.93, y * 0.93) for x, y in edge]
    curl_marks(pen, rng, lambda: inner[int(rng.random() * len(inner))], 34, 7, light)


def back_knot(pen: Pen, p: Person, rng: Random) -> None:
    """Draw a bun or a puff on top of the head."""
    dark, base, light = tones(p)
    y, r = (-140, 34) if p.cut == "bun" else (-136, 50)
    pen.disc(0, y, r * 1.08, r, base if p.cut == "puff" else mix(base, dark, 0.4))
    if p.cut == "bun":
        pen.disc(p.lit * 3, y - 2, r * 0.96, r * 0.9, base)
    if p.cut == "puff":
        curl_cloud(
            pen,
            rng,
            [
                (r * a, y + r * b)
                for a, b in ((-1, 0.2), (-0.9, -0.4), (-0.5, -0.85), (0, -1), (0.5, -0.85), (0.9, -0.4), (1, 0.2))
            ],
            15,
            (base, base, base),
        )
        curl_marks(pen, rng, lambda: (between(rng, -44, 44), y + between(rng, -40, 24)), 26, 7, light)
    else:
        for k, tone in enumerate((dark, light, dark, light)):  # hair wound round the knot
            w = 30 - 7 * k
            pen.stroke(
                [(-w, y + 6), (-0.6 * w, y - 0.75 * w), (0.5 * w, y - 0.7 * w), (w, y + 2), (0.4 * w, y + 0.6 * w)],
                tone,
                0.5,
                2.6,
                0.4,
                0.55,
            )


def back_ponytail(pen: Pen, p: Person, rng: Random) -> None:
    """Draw a ponytail that comes out at one side."""
    dark, base, light = tones(p)
    side = p.part
    tail = [
        (side * 20, -104),
        (side * 84, -112),
        (side * 122, -40),
        (side * 108, 60),
        (side * 122, 122),
        (side * 92, 96),
        (side * 78, 10),
        (side * 66, -60),
    ]
    pen.fill(curve(tail, closed=True), dark)
    for k in range(5):
        pen.stroke(
            [
                (side * 62, -92 + 5 * k),
                (side * (112 - 7 * k), -40),
                (side * (98 - 4 * k), 50),
                (side * (112 - 5 * k), 108 - 4 * k),
            ],
            base if k % 2 else light,
            1.0,
            5.0,
            0.5,
            0.7,
        )


def back_locs(pen: Pen, p: Person, rng: Random) -> None:
    """Draw locs that hang behind the ears."""
    dark, base, light = tones(p)
    low = 150 if p.gender == "woman" else 110
    for k in range(13):
        x = (k - 6) * (p.cheek + 16) / 6
        path = [
            (x * 0.7, -70),
            (x * 1.04, -10),
            (x * 1.02 + between(rng, -5, 5), 60),
            (x * 1.04, low - 10 * rng.random()),
        ]
        pen.stroke(path, base if k % 2 else dark, 13, 15, 8)
        for a, b in curve(path, steps=4)[3:-1:2]:
            pen.stroke([(a - 5, b + 3), (a, b), (a + 5, b - 3)], light, 0.4, 1.6, 0.4, 0.4, steps=1)


Painter = Callable[[Pen, Person, Random], None]
BACK: dict[str, Painter] = {
    "long": back_hanging,
    "wavy": back_hanging,
    "bob": back_hanging,
    "afro": back_afro,
    "bun": back_knot,
    "puff": back_knot,
    "ponytail": back_ponytail,
    "locs": back_locs,
}


def draw_back(pen: Pen, person: Person) -> None:
    """Draw the hair that hangs or stands behind the head, if the cut has any."""
    hanging_curls = person.cut == "curls" and person.gender == "woman"
    painter = back_hanging if hanging_curls else BACK.get(person.cut)
    if painter:
        painter(pen, person, person.stream(5))
