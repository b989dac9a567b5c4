"""What a person wears: clothes by the seed or by the scene, earrings, glasses.

In come a Person, the row's `others` and a Pen; out come filled shapes. Clothes are drawn in the body's frame, glasses
and earrings in the head's.
"""

from __future__ import annotations

from collections.abc import Callable

from tools.make.sketch_costumes import cloak, drape, laced, neon, plaid, puffer
from tools.make.sketch_garments import blazer, cardigan, hoodie, leather, shirt, tee, turtleneck
from tools.make.sketch_paint import GOLD, Colour, Pen, Point, curve, mirror, mix, oval, ribbon, shade
from tools.make.sketch_person import Person, pick

Dress = Callable[[Pen, Person, list[Point], Colour, Colour], None]
DRESS: dict[str, Dress] = {
    "tee": tee,
    "vneck": tee,
    "hoodie": hoodie,
    "shirt": shirt,
    "blazer": blazer,
    "turtleneck": turtleneck,
    "cardigan": cardigan,
    "leather": leather,
    "neon": neon,
    "plaid": plaid,
    "puffer": puffer,
    "drape": drape,
    "laced": laced,
    "cloak": cloak,
}
SCENE_GARMENTS = {
    "cyberpunk": ("neon",),
    "camping": ("plaid", "puffer"),
    "ancient": ("drape",),
    "medieval Europe": ("laced", "cloak"),
}


def torso(person: Person, neck: list[Point]) -> list[Point]:
    """Return the outline of the body below the neckline `neck` (right half, from the shoulder to the middle)."""
    b = person.build
    right: list[Point] = [(52 * b, 138), (92 * b, 158), (134 * b, 176), (160 * b, 204), (172 * b, 330)]
    side = curve(right, steps=4)
    low = curve(neck, steps=4)
    return [*mirror(side), *side] if not neck else [*mirror(side), *mirror(low)[::-1], *low[::-1], *side]


def neckline(kind: str, build: float) -> list[Point]:
    """Return the right half of the neckline, from the shoulder to the middle."""
    x = 52 * build
    lines: dict[str, list[Point]] = {
        "round": [(x, 138), (38 * build, 160), (0, 172)],
        "v": [(x, 138), (26 * build, 172), (0, 206)],
        "high": [(x, 138), (46 * build, 128), (0, 133)],
        "wide": [(x + 20, 146), (46 * build, 170), (0, 182)],
    }
    return lines[kind]


def draw_clothes(pen: Pen, person: Person, others: str) -> None:
    """Draw the clothes over neck and shoulders."""
    p, rng = person, person.stream(8)
    garment = pick(rng, SCENE_GARMENTS[others]) if others else p.garment
    main, second = p.cloth, p.cloth2
    if garment in ("neon", "leather"):
        main = mix((34, 30, 44), p.cloth, 0.14)
    elif garment == "drape":
        main = mix((244, 234, 214), p.cloth, 0.16)
    kind = {"vneck": "v", "drape": "wide", "tee": "round", "laced": "v", "cloak": "v", "turtleneck": "high"}.get(
        garment, "round"
    )
    b = p.build
    dark, light = shade(main, 0.72, 0.7, 0.74), mix(main, (255, 244, 226), 0.2)
    body = torso(p, neckline(kind, b))
    pen.fill(body, main)
    s = -p.lit
    pen.fill(
        curve(
            [
                (s * 100 * b, 163),
                (s * 132 * b, 178),
                (s * 156 * b, 206),
                (s * 168 * b, 330),
                (s * 106 * b, 330),
                (s * 116 * b, 226),
            ],
            closed=True,
        ),
        dark,
        0.38,
    )
    for side in (-1, 1):  # the fold of the sleeve
        pen.stroke([(side * 112 * b, 330), (side * 106 * b, 250), (side * 114 * b, 214)], dark, 1.0, 4.0, 0.6, 0.8)
        pen.stroke([(side * 70 * b, 158), (side * 98 * b, 167), (side * 126 * b, 181)], light, 0.6, 5.0, 0.6, 0.55)
    edge = curve(neckline(kind, b), steps=4)
    rim = [*edge, *mirror(edge)]
    DRESS[garment](pen, p, rim, main, second)


def draw_earrings(pen: Pen, p: Person) -> None:
    """Draw an earring on each ear: stud, drop or ring."""
    kind, metal = pick(p.stream(10), ("stud", "drop", "ring")), GOLD if p.part > 0 else (220, 224, 232)
    for side in (-1, 1):
        x, y = side * (p.cheek + 3), 31
        if kind == "ring" or p.style == "punky":
            pen.fill(ribbon(oval(x, y + 9, 8.5, 10, 20) + oval(x, y + 9, 8.5, 10, 20)[:1], 2.2, 2.4, 2.2), metal)
        elif kind == "drop":
            pen.fill(ribbon([(x, y), (x, y + 9)], 1.4, 1.4, 1.4), metal)
            pen.fill(
                curve([(x, y + 7), (x + 4.5, y + 18), (x, y + 23), (x - 4.5, y + 18)], closed=True),
                mix(p.cloth2, (255, 255, 255), 0.2),
            )
        else:
            pen.disc(x, y, 3.4, 3.4, metal)
            pen.disc(x - 1, y - 1, 1.3, 1.3, (255, 255, 250))


def draw_glasses(pen: Pen, p: Person) -> None:
    """Draw a pair of glasses; the lenses stay clear so that the eyes can be read."""
    rng = p.stream(11)
    tone = pick(rng, ((44, 34, 38), (104, 66, 44), (196, 154, 84), (60, 70, 96)))
    for side in (-1, 1):
        x = side * p.spread
        ring = (
            oval(x, 2, 28, 25, 30)
            if p.glasses == "round"
            else curve(
                [(x - 28, -19), (x + 28, -19), (x + 29, 12), (x + 18, 25), (x - 18, 25), (x - 29, 12)],
                closed=True,
                steps=5,
            )
        )
        pen.fill([(x - 18, -14), (x - 6, -17), (x - 14, 20), (x - 22, 10)], (255, 255, 255), 0.13)
        pen.fill(ribbon([*ring, ring[0]], 3.2, 3.4, 3.2), tone)
        pen.fill(ribbon([(side * (p.spread + 27), -5), (side * (p.cheek + 4), -8)], 3.2, 3, 2.6), tone)
    pen.stroke([(-p.spread + 27, -3), (0, -8), (p.spread - 27, -3)], tone, 3, 3, 3)


def draw_piercings(pen: Pen, p: Person) -> None:
    """Draw what goes with a punky style: a ring in the nose and two studs over a brow."""
    side = p.part
    pen.fill(ribbon(oval(side * 11 * p.nose, 52, 4.2, 4.6, 14), 1.8, 1.8, 1.8), (226, 228, 236))
    for x, y in ((side * (p.spread + 21), -38), (side * (p.spread + 24), -20)):
        pen.disc(x, y, 2.2, 2.2, (226, 228, 236))
