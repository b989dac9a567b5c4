"""The mouth: lips, teeth and tongue.

In come a Person and an Expression; out come shapes drawn by a Pen. What is inside is painted on a small picture of
its own and laid through the opening between the lips, so that nothing runs over an edge.
"""

from __future__ import annotations

from tools.make.sketch_expression import Expression
from tools.make.sketch_paint import Pen, Point, curve, mix, oval, ribbon, shade, through
from tools.make.sketch_person import Person

TOOTH = (252, 249, 240)
MOUTH = (92, 26, 34)
TONGUE = (206, 92, 96)


def mouth_edges(person: Person, face: Expression) -> tuple[list[Point], list[Point]]:
    """Return the inner edges of the upper and the lower lip, from the left corner to the right."""
    p = person
    round_o = max(0.0, min(1.0, face.inner_brow + face.outer_brow - 1.0)) * min(1.0, face.jaw)
    half = (
        26.5
        * p.mouth
        * (1 + 0.4 * face.smile + 0.44 * face.stretch - 0.36 * round_o + 0.06 * face.square - 0.05 * face.sink)
    )
    top = 76.0 - 2.5 * face.smile
    gap = max(0.0, 29 * face.jaw - 1.5 * (1 - face.jaw))
    up = 0.22 * gap + 4.5 * face.sneer + 2.4 * face.square + 3.0 * round_o
    low = gap + 4.5 * face.square + 3.0 * face.stretch * (face.jaw > 0.05) + 3.0 * round_o
    up, low = (0.4, 0.4) if gap < 1.0 and not (face.square or face.sneer) else (up, low)
    corner = -13 * face.smile + 11 * face.sink + 2.0 * face.stretch
    rest = 0.44 * gap * max(0.0, 1 - 0.75 * face.smile)  # an open mouth's corners lie between its lips
    bulge = 1 - 0.45 * max(round_o, 0.7 * min(1.0, face.square))  # towards an ellipse
    flat = (
        2.0 + 3.6 * face.square + 2.4 * face.stretch - 0.2 * round_o
    )  # the power of the curve: 2 round, more is squarer
    upper, lower = [], []
    for k in range(-6, 7):
        t = k / 6
        side = abs(t)
        bend = corner * side**1.8
        hump = (1 - side**flat) ** bulge
        skew = face.sneer * (
            5.5 * max(0.0, 1 - (t - 0.45 * p.part) ** 2 / 0.3)
        )  # one-sided, as in contempt and disgust
        upper.append((half * t, top + bend + rest - (rest + up) * hump - skew - 0.8 * (1 - side)))
        lower.append((half * t, top + bend + rest + (low - rest) * hump - 0.35 * skew * (1 - hump)))
    if face.sneer > 0.3:  # the lower lip is pushed out and bends down at its sides
        lower = [(x, y + 2.0 * face.sneer * (1 - abs(k - 6) / 6)) for k, (x, y) in enumerate(lower)]
    return upper, lower


def draw_mouth(pen: Pen, person: Person, face: Expression) -> None:
    """Draw teeth, tongue and the lips around them."""
    p = person
    upper, lower = mouth_edges(p, face)
    thin = 1 - 0.34 * min(1.0, face.stretch + 0.7 * face.square) - 0.18 * face.smile
    thick_up, thick_low = 8.4 * p.lip * thin, 10.8 * p.lip * thin
    n = len(upper) - 1
    bow = [0.0, 0.3, 0.56, 0.78, 0.95, 1.06, 0.86, 1.06, 0.95, 0.78, 0.56, 0.3, 0.0]
    top = [(x * 1.05, y - thick_up * bow[k]) for k, (x, y) in enumerate(upper)]
    bottom = [(x * 1.05, y + thick_low * (1 - abs(2 * k / n - 1) ** 2.2)) for k, (x, y) in enumerate(lower)]
    inner_up, inner_low = curve(upper, steps=2), curve(lower, steps=2)
    outer_up, outer_low = curve(top, steps=2), curve(bottom, steps=2)
    pen.fill(outer_up + outer_low[::-1], p.lips)
    pen.fill(outer_up + inner_up[::-1], shade(p.lips, 0.86, 0.8, 0.82))
    gap = max(b[1] - a[1] for a, b in zip(upper, lower, strict=True))
    if gap > 2.5:
        small, mask, place = through(pen, inner_up + inner_low[::-1], MOUTH)
        height = max(b for _, b in lower)
        small.fill(oval(0, height + 3, 21 * p.mouth * (1 + 0.2 * face.smile), min(13.0, 0.46 * gap)), TONGUE)
        small.fill(oval(0, height + 6, 12, min(10.0, 0.36 * gap)), mix(TONGUE, (255, 190, 180), 0.35), 0.7)
        teeth(small, inner_up, inner_low, face, gap)
        pen.image.paste(small.image, place, mask)
        if face.tongue > 0.3:
            draw_tongue(pen, lower, gap, thick_low, face.tongue, p.part)
    else:
        seam = [((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in zip(inner_up, inner_low, strict=True)]
        pen.fill(ribbon(seam, 1.2, 2.6, 1.2), mix(p.lips, p.line, 0.8))
    line = mix(p.lips, p.line, 0.72)
    for x, y in (upper[0], upper[-1]):
        side = 1 if x > 0 else -1
        pen.stroke(
            [(x - side * 3, y), (x + side * 1.5, y), (x + side * 4, y - 3 * face.smile + 3 * face.sink)],
            line,
            1.0,
            2.2,
            0.4,
            0.85,
        )
    mid = lower[n // 2][1] + thick_low * 0.48
    pen.fill(oval(p.lit * 4, mid, 9 * p.mouth, 1.9 * p.lip), mix(p.lips, (255, 236, 226), 0.6), 0.55)


def draw_tongue(pen: Pen, lower: list[Point], gap: float, lip: float, shown: float, side: int) -> None:
    """Draw a tongue that comes over the lower lip."""
    (_, edge), x, w = lower[6], -2.5 * side, 12.0
    tip = edge + (0.35 + 0.3 * shown) * lip
    root = edge - min(0.55 * gap, 13.0)
    shape = [
        (x - w, edge - 3),
        (x - 0.7 * w, root),
        (x, root - 1.5),
        (x + 0.7 * w, root),
        (x + w, edge - 3),
        (x + 0.72 * w, tip - 2),
        (x, tip + 1.5),
        (x - 0.72 * w, tip - 2),
    ]
    pen.fill([(a, b + 1.8) for a, b in curve(shape, closed=True)], MOUTH, 0.4)
    pen.fill(curve(shape, closed=True), mix(TONGUE, (236, 120, 120), 0.4))
    pen.stroke([(x, root + 2), (x + 0.5, 0.5 * (root + tip)), (x, tip - 4)], shade(TONGUE, 0.78), 0.6, 1.8, 0.4, 0.7)


def teeth(pen: Pen, inner_up: list[Point], inner_low: list[Point], face: Expression, gap: float) -> None:
    """Draw the rows of teeth: the upper one in every open mouth, the lower one where the lips are drawn apart."""
    shadow = mix(TOOTH, MOUTH, 0.3)
    bared = max(face.square, 0.8 * face.stretch)
    high = min(0.5 * gap, 5.0 + 6.0 * face.smile + 4.0 * face.square + 4.0 * face.sneer)
    low = min(0.4 * gap, 9.0 * bared)
    last = len(inner_up) - 1
    taper = [min(1.0, 0.25 + 2.4 * min(k, last - k) / last) for k in range(last + 1)]  # a row is lower at its ends
    pen.fill(inner_up + [(x * 0.96, y + high * t) for (x, y), t in zip(inner_up, taper, strict=True)][::-1], TOOTH)
    if low > 1.5:
        row = [(x * 0.96, y - low * t) for (x, y), t in zip(inner_low, taper, strict=True)][::-1]
        pen.fill(inner_low + row, shade(TOOTH, 0.95))
    if bared > 0.3:
        for k in range(-4, 5):
            x = 5.4 * k
            pen.stroke(
                [(x, min(y for _, y in inner_up)), (x, min(y for _, y in inner_up) + gap)],
                shadow,
                0.5,
                0.7,
                0.5,
                0.35,
                steps=1,
            )
    pen.fill(inner_up + [(x, y + 1.8) for x, y in inner_up[::-1]], MOUTH, 0.3)
