"""The features that tell an emotion, but for the mouth: brows, eyes, nose and tears.

In come a Person and an Expression; out come shapes drawn by a Pen. An eye is painted on a small picture of its own
and laid through the opening between the lids, so that nothing runs over an edge.
"""

from __future__ import annotations

from tools.make.sketch_expression import Expression
from tools.make.sketch_paint import Pen, Point, curve, mix, oval, ribbon, shade, through
from tools.make.sketch_person import Person, between

WHITE = (250, 247, 242)


def draw_brows(pen: Pen, person: Person, face: Expression) -> None:
    """Draw the brows: AU1 lifts the inner end, AU2 the outer, AU4 lowers both and draws them together."""
    p, rng = person, person.stream(3)
    base = mix(p.hair, (40, 28, 26), 0.45) if p.style != "punky" else mix(p.hair, (30, 20, 30), 0.62)
    if p.age == "old":
        base = mix(mix(p.hair, (90, 80, 78), 0.4), p.line, 0.2)
    if p.race == "black" and p.age != "old":
        base = mix(base, (20, 14, 16), 0.5)
    for side in (-1, 1):
        up_in, up_out, low = face.inner_brow, face.outer_brow, face.frown
        worry = min(up_in, max(0.0, up_in - up_out))  # inner end alone: the oblique brow of sadness and fear
        y_in = -29 - 17 * up_in - 4.5 * min(up_in, up_out) + 13 * low - 2 * worry + 3 * face.wrinkle
        y_mid = -33.5 - 9 * up_in - 10 * up_out + 9.5 * low + 5 * worry + 3 * face.wrinkle
        y_out = -25 - 3 * up_in - 11 * up_out - 2.5 * low + 7 * worry + 2 * face.wrinkle
        arch = 1.5 * up_out
        pull = 7 * low
        x = p.spread
        points = [
            (side * (x - 20 - pull), y_in),
            (side * (x - 9 - 0.6 * pull), 0.55 * y_in + 0.45 * y_mid - 1 - 0.5 * arch),
            (side * (x + 5 - 0.3 * pull), y_mid - arch),
            (side * (x + 16), 0.5 * (y_mid + y_out) - 1 - arch),
            (side * (x + 25), y_out + 3),
        ]
        line = curve(points, steps=4)
        width = 8.2 * p.brow
        pen.fill(ribbon(line, width * 0.75, width, 1.0), base, 0.92)
        hair, light = mix(base, (12, 8, 8), 0.4), mix(base, p.skin, 0.4)
        for k in range(1, len(line) - 3, 2):
            (ax, ay), lean = line[k], between(rng, 2.0, 4.5)
            tone = hair if k % 4 == 1 else light
            pen.fill(
                [
                    (ax - side * 1, ay + 0.42 * width),
                    (ax + side * lean, ay - 0.52 * width),
                    (ax + side * (lean + 1.2), ay - 0.3 * width),
                    (ax + side * 0.6, ay + 0.42 * width),
                ],
                tone,
                0.5,
            )


def lids(person: Person, face: Expression, side: int) -> tuple[list[Point], list[Point]]:
    """Return the edges of the upper and the lower lid of one eye, each from the inner corner to the outer."""
    p = person
    size, x = p.eye, side * p.spread
    half = 20.5 * size
    squint = max(0.0, face.smile - 0.3) * face.cheeks
    open_up = 10.5 + 6.5 * face.wide - 5.5 * face.tight - 4.6 * max(0.0, face.droop) - 3.8 * squint - 1.6 * face.frown
    open_low = 7.0 + 1.8 * face.wide - 4.0 * face.tight - 6.4 * squint - 0.8 * max(0.0, face.droop)
    age = 1 - 0.14 * min(1.0, p.wrinkles)
    up, low = max(2.6, open_up * age) * size, max(-1.5, open_low) * size
    droop = 3.4 * max(0.0, face.droop) + 1.5 * p.wrinkles
    glare = (
        4.2 * min(1.2, face.frown) * (1 - 0.6 * min(1.0, face.inner_brow))
    )  # the frown presses the inner half of the lid
    worry = 3.0 * max(0.0, face.inner_brow - face.outer_brow)
    inner, outer = (-half, 2.5), (half, -1.5 + droop)
    upper = [
        inner,
        (-half * 0.52, -up * 0.8 + glare - 0.5 * worry),
        (0, -up + 0.35 * glare),
        (half * 0.56, -up * 0.74 + 0.6 * droop),
        outer,
    ]
    lower = [inner, (-half * 0.45, low * 0.78), (half * 0.1, low), (half * 0.6, low * 0.75 + 0.4 * droop), outer]
    return [[(x + side * a, b) for a, b in curve(edge, steps=4)] for edge in (upper, lower)]  # type: ignore[return-value]


def draw_eyes(pen: Pen, person: Person, face: Expression) -> None:
    """Draw both eyes: sclera, iris and pupil behind the lids, then crease, lashes and the wet lower edge."""
    p = person
    look = 0.16 * p.yaw
    for side in (-1, 1):
        upper, lower = lids(p, face, side)
        opening = upper + lower[::-1]
        small, mask, place = through(pen, opening, mix(WHITE, p.dark, 0.1))
        x, y = side * p.spread + look, 0.6 + 4.2 * face.gaze
        r = (10.4 - 1.7 * max(0.0, face.wide - 0.2)) * p.eye
        small.disc(x, y, r, r, mix(p.iris, (16, 12, 18), 0.62))
        small.disc(x, y, r * 0.87, r * 0.87, p.iris)
        small.disc(x, y + r * 0.3, r * 0.62, r * 0.5, mix(p.iris, (255, 244, 210), 0.42), 0.75)
        if p.style == "beautiful crystal eyes":
            for k in range(10):
                ((ex, ey),) = oval(x, y, r * 0.8, r * 0.8, 10)[k : k + 1]
                small.fill([(x, y), (ex - 0.7, ey), (ex + 0.7, ey)], (236, 252, 255), 0.5)
        pupil = r * (0.36 + 0.16 * face.pupil)
        small.disc(x, y, pupil, pupil, (18, 12, 16))
        small.fill([*upper, *[(a, b + 4.6 * p.eye) for a, b in upper[::-1]]], shade(p.dark, 0.5, 0.42, 0.5), 0.42)
        shine = 1.0 + (0.35 if p.style in ("beautiful crystal eyes", "big eyes", "cute") else 0.0) + 0.2 * face.tears
        small.disc(x + p.lit * 3.4, y - 3.8, 2.7 * shine, 2.9 * shine, (255, 255, 255))
        small.disc(x - p.lit * 3.2, y + 4.2, 1.4 * shine, 1.4 * shine, (255, 255, 255), 0.8)
        small.disc(side * (p.spread - 18.5 * p.eye), 2.5, 3.0, 2.6, mix(p.blush, (236, 140, 130), 0.5), 0.8)
        if face.tears > 0.3:
            small.fill([*lower, *[(a, b - 3.6 * face.tears) for a, b in lower[::-1]]], (214, 238, 255), 0.75)
        pen.image.paste(small.image, place, mask)
        crease_up = 5.2 - 1.4 * face.tight - 1.6 * min(1.0, face.frown) + 1.2 * face.wide
        crease = [(a, b - crease_up * (0.55 + 0.45 * (k > 3))) for k, (a, b) in enumerate(upper)][2:]
        pen.fill(ribbon(crease, 0.4, 2.0, 0.6), mix(p.skin, p.line, 0.7), 0.75)
        pen.fill(ribbon(lower, 0.6, 1.1, 1.7), mix(p.blush, p.line, 0.6), 0.8)
        lash = (34, 22, 24) if p.age != "old" or p.gender == "woman" else mix(p.line, (60, 50, 50), 0.4)
        w = 2.3 + 1.2 * p.lashes
        pen.fill(ribbon([(a, b - 0.4) for a, b in upper], 1.0, w, w + 0.6), lash)
        if p.lashes:
            (ex, ey), (mx, my) = upper[-1], upper[-4]
            long = 6.5 * p.lashes
            pen.fill([(ex - side * 4, ey - 1.5), (ex + side * long, ey - long * 0.72), (ex + side * 0.5, ey + 1)], lash)
            pen.fill([(mx - side * 2, my), (mx + side * long * 0.6, my - long * 0.85), (mx + side * 2, my)], lash)


def draw_nose(pen: Pen, person: Person, face: Expression) -> None:
    """Draw nostrils and wings; AU9 lifts the wings."""
    p = person
    w, up = 15.5 * p.nose, 5.0 * face.wrinkle + 2.2 * face.sneer
    flare = 1 + 0.12 * face.frown + 0.1 * face.pale + 0.08 * face.square
    line = mix(p.skin, p.line, 0.72)
    for side in (-1, 1):
        x = side * w * flare
        pen.stroke(
            [(x * 0.92, 38 - up), (x * 1.1, 44 - up), (x * 0.98, 50 - up), (x * 0.68, 50.5 - up * 0.6)],
            line,
            0.4,
            2.2,
            0.6,
            0.8,
        )
        pen.fill(oval(x * 0.5, 50.6 - up * 0.5, 4.4 * flare * p.nose, 2.1), mix(p.line, (30, 8, 10), 0.3), 0.85)
    pen.stroke([(-4, 52.8 - 0.3 * up), (0, 54 - 0.3 * up), (4, 52.8 - 0.3 * up)], line, 0.3, 1.6, 0.3, 0.6)
    side = -p.lit
    pen.stroke([(side * 6.5, -14), (side * 7.5, 4), (side * 9 * p.nose, 24)], line, 0.2, 1.5, 0.2, 0.3)


def draw_tears(pen: Pen, person: Person, face: Expression) -> None:
    """Draw tears that run down both cheeks; how far they have come grows with `face.tears`."""
    if face.tears < 0.2:
        return
    rng = person.stream(4)
    for side in (-1, 1):
        x, length = side * (person.spread + between(rng, 0, 9)), 20 + 40 * face.tears * between(rng, 0.6, 1.0)
        path = curve([(x, 9), (x + side * 2.5, 9 + 0.35 * length), (x + side * 1, 9 + length)], steps=4)
        pen.fill(ribbon(path, 2.2, 3.0, 3.6), (206, 232, 252), 0.62)
        ex, ey = path[-1]
        size = 3.2 + 1.9 * face.tears
        drip = [
            (ex, ey - 2.6 * size),
            (ex + 0.8 * size, ey - 0.4 * size),
            (ex + 0.72 * size, ey + 0.7 * size),
            (ex, ey + size),
            (ex - 0.72 * size, ey + 0.7 * size),
            (ex - 0.8 * size, ey - 0.4 * size),
        ]
        pen.fill(curve(drip, closed=True), (176, 216, 248), 0.82)
        pen.disc(ex - 0.3 * size, ey, 0.28 * size, 0.4 * size, (255, 255, 255), 0.95)
