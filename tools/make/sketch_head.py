"""The head without its features: outline, ears, neck, the skin's light and shadow, wrinkles, freckles, stubble.

In come a Person and an Expression; out come outlines in face units and soft paint on a Wash, hard lines on a Pen.
"""

from __future__ import annotations

from tools.make.sketch_expression import Expression
from tools.make.sketch_paint import Pen, Point, Wash, curve, mirror, mix, oval
from tools.make.sketch_person import Person, between

SKULL = -112  # face units: the top of the head


def drop(y: float, face: Expression) -> float:
    """Return where the height `y` goes when the jaw opens: nothing moves above the nose, the chin moves most."""
    t = min(1.0, max(0.0, (y - 46) / 70))
    return y + 15 * face.jaw * t * t * (3 - 2 * t)


def head_outline(person: Person, face: Expression) -> list[Point]:
    """Return the closed outline of the head, from the top of the skull around by the right cheek."""
    p = person
    grin = 2.5 * face.smile + 2 * face.stretch
    right: list[Point] = [
        (0, SKULL),
        (38, SKULL + 6),
        (66, SKULL + 34),
        (p.cheek - 1, -36),
        (p.cheek, 6),
        (p.cheek - 3 + grin * 0.5, 38),
        (p.jaw + grin, drop(72, face)),
        (0.5 * (p.jaw + p.chin) + 3, drop(p.length - 18, face)),
        (p.chin, drop(p.length - 3, face)),
    ]
    points: list[Point] = [*right, (0, drop(p.length, face)), *mirror(right)[:-1]]
    return curve(points, closed=True)


def ear_outline(person: Person, side: int) -> list[Point]:
    """Return the closed outline of the ear on `side` (-1 left, 1 right)."""
    x = person.cheek - 3
    points = [(x, -12), (x + 9, -17), (x + 16, -8), (x + 13, 10), (x + 8, 24), (x + 1, 29), (x - 4, 20)]
    return curve([(side * a, b) for a, b in points], closed=True)


def neck_outline(person: Person) -> list[Point]:
    """Return the neck and the skin above the clothes, in the body's frame."""
    w = 43 * person.build
    right: list[Point] = [(w, 60), (w - 1, 118), (w + 5, 142), (w + 22, 163), (w + 48, 182), (w + 48, 260)]
    return curve(right, steps=3) + curve(mirror(right), steps=3)


def paint_skin(wash: Wash, person: Person, face: Expression) -> None:
    """Paint the light, the shadows and the colour of the face (not its lines) on `wash`."""
    p, s = person, person.lit
    wash.soft(oval(s * 34, -52, 44, 34), p.light, 0.55, 20)
    wash.soft(oval(s * 44, 24, 26, 18), p.light, 0.5, 12)
    away = [
        (-s * 50, -105),
        (-s * 96, -60),
        (-s * 100, 40),
        (-s * 60, 140),
        (-s * 46, 96),
        (-s * 66, 20),
        (-s * 64, -50),
    ]
    wash.soft(away, p.dark, 0.62, 16)
    wash.soft([(s * 92, -40), (s * 76, 30), (s * 60, 84), (s * 30, 116), (s * 60, 140), (s * 110, 60)], p.dark, 0.3, 10)
    wash.soft(
        [(-70, drop(104, face)), (0, drop(p.length - 3, face)), (70, drop(104, face)), (50, 160), (-50, 160)],
        p.dark,
        0.5,
        9,
    )
    if p.cut not in ("bald", "receding"):  # the hair's shadow on the brow
        wash.soft([(-90, -112), (90, -112), (80, -34), (66, -50), (0, -60), (-66, -50), (-80, -34)], p.dark, 0.5, 8)
    for side in (-1, 1):  # eye sockets, cheeks
        x = side * p.spread
        wash.soft(oval(x * 0.98, -12, 25, 12), p.dark, 0.3 + 0.16 * face.frown + 0.1 * face.tight, 8)
        tired = 0.12 + 0.22 * p.wrinkles + 0.3 * face.pale + 0.24 * face.droop
        wash.soft(oval(x, 17, 17, 5), mix(p.dark, (92, 60, 110), 0.25 * face.pale), tired, 5)
        rouge = 0.34 + 0.42 * face.flush + (0.16 if p.style in ("cute", "pretty") else 0.0) - 0.22 * face.pale
        wash.soft(oval(side * 48, 38 - 7 * face.cheeks, 22, 14), p.blush, rouge, 11)
        if face.cheeks > 0.1 and face.smile > face.wrinkle:
            wash.soft(oval(side * 46, 32, 17, 8), p.light, 0.5 * face.cheeks, 7)
    nose_shadow = [(-s * 5, -18), (-s * 13 * p.nose, 12), (-s * 20 * p.nose, 44), (-s * 6, 54), (-s * 3, 16)]
    wash.soft(nose_shadow, p.dark, 0.5, 5)
    wash.soft([(s * 1, -22), (s * 5, -20), (s * 5, 34), (-s * 1, 36)], p.light, 0.62, 4)
    wash.soft(oval(0, 42, 13 * p.nose, 9), p.blush, 0.3 + 0.4 * face.flush, 6)
    wash.soft(oval(s * 2, 39, 5, 4.5), p.light, 0.75, 4)
    wash.soft(oval(0, 59, 18 * p.nose, 4), p.dark, 0.42, 4)
    wash.soft(oval(0, drop(100, face), 17, 5), p.dark, 0.34, 5)
    wash.soft(oval(s * 3, drop(112, face), 13, 5), p.light, 0.34, 6)
    if face.frown > 0.25:
        wash.soft(oval(0, -26, 11, 11), p.dark, 0.36 * face.frown, 6)
    if face.wrinkle > 0.3:
        wash.soft(oval(0, 0, 13, 11), p.dark, 0.4 * face.wrinkle, 5)
    for side in (-1, 1):
        fold = 0.16 + 0.5 * p.wrinkles * 0.5 + 0.3 * max(face.smile, face.sneer, face.sink)
        far = 6 * face.smile + 4 * face.stretch
        line = [(side * 17 * p.nose, 40), (side * (34 + far), 62), (side * (36 + far), 80), (side * (29 + far), 64)]
        wash.soft(line, p.dark, fold, 4)
    if p.beard:
        paint_beard_shadow(wash, person, face)
    if face.pale > 0.05:
        ashen = mix(p.skin, (200, 206, 222), 0.24 if p.race == "black" else 0.5)
        wash.soft(oval(0, 0, 110, 150), ashen, 0.34 * face.pale, 10)


def paint_beard_shadow(wash: Wash, person: Person, face: Expression) -> None:
    """Paint the soft ground of a beard, so that its hairs do not end in a hard edge."""
    strength = {"stubble": 0.3, "full": 0.62, "goatee": 0.22, "moustache": 0.16}[person.beard]
    low = drop(130, face)
    area = [
        (-88, 26),
        (-66, 66),
        (-38, 64),
        (0, 60),
        (38, 64),
        (66, 66),
        (88, 26),
        (76, low),
        (0, low + 12),
        (-76, low),
    ]
    wash.soft(area, mix(person.whiskers, person.dark, 0.3), strength, 8)


def draw_lines(pen: Pen, person: Person, face: Expression) -> None:
    """Draw the lines of age and of expression: brow, glabella, nose bridge, eye corners, cheeks."""
    p = person
    line = mix(p.skin, p.line, 0.62)
    rise = 0.5 * (face.inner_brow + face.outer_brow)
    brow_lines = 0.55 * p.wrinkles + 0.7 * rise * (0.5 + p.wrinkles)
    if brow_lines > 0.2:
        for k, height in enumerate((-58, -68, -77)[: 2 + (p.wrinkles > 0.6)]):
            w, y, a = 34 - 5 * k, height - 4 * rise, min(0.6, 0.44 * brow_lines)
            sag = 7 * (face.inner_brow - face.outer_brow)
            pen.stroke(
                [(-w, y + 2 + sag), (-w * 0.4, y - 1), (w * 0.4, y - 1), (w, y + 2 + sag)], line, 0.3, 1.7, 0.3, a
            )
    pinch = max(0.45 * p.wrinkles - 0.1, face.frown)
    if pinch > 0.2:
        for side in (-1, 1):
            pen.stroke(
                [(side * 5, -40), (side * 6.5, -31), (side * 4.5, -20)],
                line,
                0.4,
                2.4 * min(1.0, pinch),
                0.4,
                min(0.85, pinch),
            )
    if face.wrinkle > 0.4:
        for y in (-9, -2, 5):
            pen.stroke([(-10, y - 4), (-4, y), (4, y), (10, y - 4)], line, 0.3, 1.8, 0.3, 0.6 * min(1.0, face.wrinkle))
        for side in (-1, 1):
            pen.stroke(
                [(side * 9, 0), (side * 13, 12), (side * 18, 22)], line, 0.3, 1.8, 0.3, 0.55 * min(1.0, face.wrinkle)
            )
    crow = 0.75 * p.wrinkles + 0.4 * face.cheeks * (0.4 + p.wrinkles)
    if crow > 0.22:
        for side in (-1, 1):
            x = side * (p.spread + 23)
            for dy, end in ((-4, -9), (1, 2), (6, 12)):
                pen.stroke(
                    [(x, dy), (x + side * 6, 0.5 * (dy + end)), (x + side * 12, end)],
                    line,
                    1.4,
                    1.2,
                    0.2,
                    min(0.6, 0.55 * crow),
                )
    for side in (-1, 1):
        bag = 0.5 * p.wrinkles + 0.35 * face.cheeks + 0.3 * face.tight + 0.25 * face.pale
        if bag > 0.2:
            x = side * p.spread
            points = [(x - side * 16, 13), (x, 19 - 3 * face.cheeks), (x + side * 15, 14)]
            pen.stroke(points, line, 0.2, 1.6, 0.2, min(0.55, 0.6 * bag))
        fold = 0.55 * p.wrinkles + 0.6 * max(face.smile - 0.25, face.sneer, 0.6 * face.stretch, 0.5 * face.sink - 0.1)
        if fold > 0.15:
            up = 5 * face.sneer + 3 * face.smile
            out = 8 * face.smile + 6 * face.stretch + 3 * face.square
            points = [(side * 18 * p.nose, 42 - up), (side * (29 + out), 56 - up), (side * (34 + out), drop(76, face))]
            pen.stroke(points, line, 0.6, 2.2, 0.3, min(0.75, 0.75 * fold))
        if p.wrinkles > 0.6:
            pen.stroke(
                [(side * 36, drop(92, face)), (side * 39, drop(101, face)), (side * 35, drop(110, face))],
                line,
                0.3,
                1.7,
                0.3,
                0.4,
            )
    if face.sink > 0.5 or face.square > 0.5:
        y = drop(101, face)
        pen.stroke([(-10, y + 2), (0, y - 1), (10, y + 2)], line, 0.3, 1.8, 0.3, 0.45)


def draw_freckles(pen: Pen, person: Person) -> None:
    """Draw freckles over nose and cheeks; the share decides how many."""
    rng = person.stream(1)
    tone = mix(person.skin, (128, 62, 34) if person.race != "black" else (56, 30, 24), 0.62)
    for _ in range(round(76 * person.freckles)):
        x, size, high = between(rng, -64, 64), between(rng, 0.7, 1.7), rng.random()
        y = 14 + 34 * high - 0.1 * abs(x) + 6 * rng.random()
        pen.disc(x, y, size, size * 0.85, tone, 0.6)


def draw_beard(pen: Pen, person: Person, face: Expression) -> None:
    """Draw the shape and the hairs of a beard or moustache (before the mouth, which comes on top)."""
    p, rng = person, person.stream(2)
    lighter, darker = mix(p.whiskers, (255, 240, 220), 0.16), mix(p.whiskers, (10, 6, 8), 0.25)
    low = drop(p.length + 7, face)
    spread = 6 * face.smile + 5 * face.stretch
    lip = 62 - 5 * face.sneer - 3 * face.smile
    if p.beard == "full":
        outer = [
            (p.cheek - 1, 22),
            (p.cheek - 3, 52),
            (p.jaw + 3, drop(82, face)),
            (p.chin + 15, low - 7),
            (0, low + 3),
        ]
        inner = [(0, 58.5), (14, 57), (31 + spread, 66), (45 + spread, drop(68, face)), (61, 50), (p.cheek - 8, 20)]
        right = curve(outer, steps=3) + curve(mirror(outer), steps=3)
        pen.fill(right + curve(mirror(inner), steps=3) + curve(inner, steps=3), p.whiskers, 0.9)
    elif p.beard == "goatee":
        w = 25 + 0.5 * spread
        ring = [
            (-w, lip + 6),
            (-12, lip - 3),
            (12, lip - 3),
            (w, lip + 6),
            (w - 1, drop(96, face)),
            (13, low - 1),
            (-13, low - 1),
            (1 - w, drop(96, face)),
        ]
        pen.fill(curve(ring, closed=True), p.whiskers, 0.86)
    if p.beard in ("moustache", "full"):
        w = 33 + spread
        top = [
            (-w, lip + 15),
            (-22, lip + 1),
            (0, lip - 4),
            (22, lip + 1),
            (w, lip + 15),
            (14, lip + 9),
            (0, lip + 7),
            (-14, lip + 9),
        ]
        pen.fill(curve(top, closed=True), darker if p.beard == "full" else p.whiskers, 0.92)
    count = {"full": 46, "goatee": 14, "moustache": 0, "stubble": 0}[p.beard]
    for _ in range(count):
        x = between(rng, -1, 1) * (p.jaw if p.beard == "full" else 19)
        edge = low - 34 * (x / 72) ** 2
        y = edge - between(rng, 6, 24)
        tone = lighter if rng.random() < 0.6 else darker
        pen.stroke([(x, y - 7), (x * 0.98, y), (x * 0.93, y + 7)], tone, 0.5, 1.5, 0.3, 0.6, steps=2)
    if p.beard == "stubble":
        tone = mix(p.whiskers, p.dark, 0.35)
        for _ in range(150):
            x, share = between(rng, -1, 1), rng.random() ** 0.8
            high, width = 64 - 34 * max(0.0, abs(x) - 0.5), p.jaw + 3 - (p.jaw - p.chin - 4) * share**2.5
            pen.disc(x * width, high + (drop(p.length - 5, face) - high) * share, 0.7, 0.9, tone, 0.5)
