"""The garments of the scenes (cyberpunk, camping, ancient, medieval Europe).

In come a Pen in the body's frame, a Person, the rim of the neckline and two colours; out come filled shapes.
"""

from __future__ import annotations

from tools.make.sketch_garments import shirt
from tools.make.sketch_paint import GOLD, Colour, Pen, Point, curve, mix, ribbon, shade
from tools.make.sketch_person import Person, between, pick


def neon(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A dark jacket with a standing collar and glowing seams."""
    rng, b = p.stream(9), p.build
    glow = pick(rng, ((255, 64, 160), (56, 220, 255), (150, 110, 255), (90, 255, 190)))
    for side in (-1, 1):
        stand = [
            (side * 48 * b, 106),
            (side * 68 * b, 122),
            (side * 70 * b, 160),
            (side * 18, 206),
            (0, 330),
            (0, 196),
            (side * 40 * b, 154),
        ]
        pen.fill(stand, mix(main, (120, 110, 150), 0.2 if side == p.lit else 0.08))
        seams = (
            [(side * 66 * b, 120), (side * 70 * b, 160), (side * 18, 206), (side * 3, 330)],
            [(side * 82 * b, 156), (side * 84 * b, 220), (side * 78 * b, 330)],
            [(side * 92 * b, 162), (side * 130 * b, 178), (side * 156 * b, 206)],
        )
        for seam in seams:
            pen.fill(ribbon(seam, 7, 7, 7), glow, 0.25)
            pen.fill(ribbon(seam, 2.2, 2.4, 2.2), mix(glow, (255, 255, 255), 0.3))


def plaid(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A chequered shirt."""
    b = p.build
    for k in range(-5, 6):
        pen.fill(ribbon([(26 * k * b, 168 + 2.2 * k * k * 0.4), (29 * k * b, 330)], 9, 9, 9), shade(second, 0.8), 0.42)
        pen.fill(
            ribbon([((26 * k + 11) * b, 172 + 2.2 * k * k * 0.4), ((29 * k + 12) * b, 330)], 1.6, 1.6, 1.6),
            (250, 240, 220),
            0.5,
        )
    for y in (196, 226, 256, 286):
        pen.stroke([(-156 * b, y + 18), (-60, y), (60, y), (156 * b, y + 18)], shade(second, 0.7), 9, 9, 9, 0.42)
    shirt(pen, p, rim, main, second)


def puffer(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A quilted jacket with a high collar."""
    b = p.build
    for y in (190, 222, 254, 286):
        pen.stroke(
            [(-154 * b, y + 16), (-70, y + 3), (0, y + 8), (70, y + 3), (154 * b, y + 16)],
            shade(main, 0.68),
            1.5,
            4.0,
            1.5,
            0.85,
        )
        pen.stroke(
            [(p.lit * 20, y - 14), (p.lit * 80, y - 14), (p.lit * 140 * b, y - 2)],
            mix(main, (255, 248, 236), 0.4),
            1,
            7,
            1,
            0.5,
        )
    for side in (-1, 1):
        stand = curve(
            [
                (side * 46 * b, 112),
                (side * 66 * b, 130),
                (side * 62 * b, 164),
                (side * 6, 200),
                (side * 3, 176),
                (side * 40 * b, 150),
            ],
            closed=True,
        )
        pen.fill(stand, mix(main, (255, 246, 230), 0.16 if side == p.lit else 0.04))
    pen.fill(ribbon([(0, 190), (0, 330)], 3.5, 3.5, 3.5), shade(second, 0.7))


def drape(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A tunic, a cloth laid over one shoulder, a brooch."""
    b, s = p.build, p.part
    for k in range(6):
        pen.stroke(
            [(-s * (20 + 22 * k) * b, 186 + 4 * k), (-s * (28 + 20 * k) * b, 250), (-s * (34 + 21 * k) * b, 330)],
            shade(main, 0.82),
            0.6,
            3.0,
            0.8,
            0.8,
        )
    cloth = [
        (s * 70 * b, 150),
        (s * 116 * b, 164),
        (s * 156 * b, 200),
        (s * 172 * b, 330),
        (-s * 100 * b, 330),
        (-s * 20, 270),
        (s * 40 * b, 200),
    ]
    pen.fill(curve(cloth, closed=True), second)
    for k in range(6):
        pen.stroke(
            [(s * (82 + 6 * k) * b, 160 + 3 * k), (s * (58 + 13 * k) * b, 220 + 3 * k), (s * (-40 + 38 * k) * b, 330)],
            shade(second, 0.74) if k % 2 else mix(second, (255, 244, 226), 0.25),
            0.8,
            4.2,
            1.0,
            0.75,
        )
    pen.fill(ribbon(rim, 3, 4, 3), GOLD)
    pen.disc(s * 88 * b, 164, 10, 10, GOLD)
    pen.disc(s * 88 * b, 164, 5.5, 5.5, mix(GOLD, (255, 255, 240), 0.55))


def laced(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A laced tunic over linen."""
    pen.fill([*rim, (0, 262)], (240, 230, 210))
    pen.fill(ribbon([(x * 1.02, y + 2) for x, y in rim], 8, 10, 8), mix(second, GOLD, 0.4))
    for y in (196, 210, 224):
        for side in (-1, 1):
            pen.fill(
                ribbon([(side * (26 - (y - 196) * 0.5), y - 5), (-side * (26 - (y - 196) * 0.5), y + 7)], 2, 2, 2),
                (104, 70, 46),
            )


def cloak(pen: Pen, p: Person, rim: list[Point], main: Colour, second: Colour) -> None:
    """A heavy cloak with a fur collar and a clasp."""
    b, rng = p.build, p.stream(9)
    pen.fill([*rim, (0, 300)], mix((226, 212, 186), second, 0.2))
    fur = mix((120, 92, 72), (214, 200, 184), rng.random())
    for side in (-1, 1):
        pen.fill(
            curve(
                [
                    (side * 46 * b, 128),
                    (side * 98 * b, 154),
                    (side * 84 * b, 200),
                    (side * 34, 262),
                    (side * 12, 250),
                    (side * 44 * b, 186),
                ],
                closed=True,
            ),
            fur,
        )
        for _ in range(34):
            t = rng.random()
            x, y = side * (70 - 44 * t + between(rng, -17, 17)) * b, 152 + 96 * t + between(rng, -10, 8)
            pen.stroke(
                [(x, y), (x + side * 4, y + 7), (x + side * 5, y + 13)],
                mix(fur, (255, 246, 232), 0.35) if rng.random() < 0.5 else shade(fur, 0.72),
                1.0,
                2.2,
                0.3,
                0.8,
                steps=2,
            )
    pen.fill(ribbon([(-26, 246), (0, 254), (26, 246)], 3, 3.4, 3), GOLD)
    for side in (-1, 1):
        pen.disc(side * 27, 245, 8, 8, GOLD)
        pen.disc(side * 27, 245, 4, 4, mix(second, (255, 255, 255), 0.3))
