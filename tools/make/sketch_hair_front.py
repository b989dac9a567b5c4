"""Hair over the brow: what lies on the head, for each cut that a Person can wear.

In come a Person and a Pen in the head's frame; out come filled shapes, strands and curls over the face's upper edge.
"""

from __future__ import annotations

from random import Random

from tools.make.sketch_hair import LONG, Painter, curl_cloud, curl_marks, dome, strand_fan, tones
from tools.make.sketch_paint import Pen, Point, curve, mix
from tools.make.sketch_person import Person, between


def hairline(person: Person, middle: float, temple: float, low: float, part: float = 0.0) -> list[Point]:
    """Return the lower edge of the cap of hair, from the right ear over the brow to the left ear."""
    w = person.cheek
    right: list[Point] = [(w + 2, low), (w - 5, -14), (w - 9, -36), (temple, -58)]
    left = [(-temple, -58), (9 - w, -36), (5 - w, -14), (-w - 2, low)]
    return curve(
        [
            *right,
            (temple * 0.55 + part * 0.3, middle + 3),
            (part, middle - 3),
            (-temple * 0.55 + part * 0.3, middle + 3),
            *left,
        ],
        steps=3,
    )


def draw_receding(pen: Pen, p: Person, rng: Random) -> None:
    """Draw hair that has left the crown and stays at the sides."""
    dark, base, light = tones(p)
    for side in (-1, 1):
        w = p.cheek
        patch = [
            (side * (w + 3), 6),
            (side * (w + 5), -40),
            (side * (w - 5), -78),
            (side * (w - 22), -86),
            (side * (w - 15), -52),
            (side * (w - 9), -20),
        ]
        pen.fill(curve(patch, closed=True), base)
        for k in range(9):
            y = -70 + 8 * k
            pen.stroke(
                [(side * (w - 17 + k), y - 10), (side * (w - 5), y), (side * (w + 3), y + 9)],
                light if k % 2 else dark,
                0.4,
                2.2,
                0.4,
                0.55,
                steps=3,
            )


def front_bald(pen: Pen, p: Person, rng: Random) -> None:
    """Draw the light on a bald head."""
    pen.fill([(p.lit * 20, -100), (p.lit * 44, -92), (p.lit * 52, -78), (p.lit * 34, -84)], p.light, 0.45)


def front_crop(pen: Pen, p: Person, rng: Random) -> None:
    """Draw a short crop with a ragged edge."""
    dark, base, light = tones(p)
    strands = [light, light, dark, mix(base, light, 0.5)]
    edge = hairline(p, -66, 56, -2)
    pen.fill(dome(p, 1, 7, -2) + edge, base)
    tufts = [
        (-58, -58),
        (-46, -50),
        (-36, -60),
        (-20, -51),
        (-8, -60),
        (8, -52),
        (20, -61),
        (36, -52),
        (48, -59),
        (58, -54),
    ]
    pen.fill([*tufts, (60, -84), (-60, -84)], base)
    strand_fan(pen, rng, (p.part * 12, -116), tufts, strands, 26, 3.6)


def front_side(pen: Pen, p: Person, rng: Random) -> None:
    """Draw short hair combed to one side."""
    dark, base, light = tones(p)
    strands = [light, light, dark, mix(base, light, 0.5)]
    x = p.part * 34
    edge = hairline(p, -68, 58, -4, x)
    pen.fill(dome(p, 0, 4, -4) + edge, dark if p.cut == "undercut" else base)
    top = [
        (x, -72),
        (x + p.part * 14, -96),
        (x - p.part * 20, -134),
        (-p.part * 46, -128),
        (-p.part * 82, -84),
        (-p.part * 80, -48),
        (-p.part * 58, -54),
        (-p.part * 20, -72),
    ]
    pen.fill(curve(top, closed=True), base)
    strand_fan(
        pen,
        rng,
        (x, -84),
        [(-p.part * 78, -52), (-p.part * 84, -84), (-p.part * 60, -120), (-p.part * 20, -132)],
        strands,
        26,
        4.0,
    )


def front_quiff(pen: Pen, p: Person, rng: Random) -> None:
    """Draw hair combed up from the brow."""
    dark, base, light = tones(p)
    strands = [light, light, dark, mix(base, light, 0.5)]
    pen.fill(dome(p, 0, 5, -4) + hairline(p, -70, 56, -4), dark)
    s = p.part
    top = [
        (-s * 58, -60),
        (-s * 64, -96),
        (-s * 44, -136),
        (s * 8, -148),
        (s * 56, -130),
        (s * 66, -92),
        (s * 54, -62),
        (s * 20, -76),
        (-s * 20, -74),
    ]
    pen.fill(curve(top, closed=True), base)
    strand_fan(
        pen, rng, (-s * 46, -70), [(s * 56, -70), (s * 60, -110), (s * 20, -142), (-s * 30, -138)], strands, 30, 4.2
    )


def front_curls(pen: Pen, p: Person, rng: Random) -> None:
    """Draw a cap of curls."""
    dark, base, light = tones(p)
    volume = 12 if p.cut == "curls" else 22
    edge = hairline(p, -62, 54, 20 if p.gender == "woman" else -8)
    outer = dome(p, volume * 0.6, volume + 6, 24 if p.gender == "woman" else -8)
    pen.fill(outer + edge, base)
    curl_cloud(pen, rng, outer[1:-1], 11, (base, base, dark if p.cut == "curls" else base))
    curl_cloud(pen, rng, edge[2:-2:2], 8.5, (dark, base, base))
    inside = [
        (a[0] * t + b[0] * (1 - t), a[1] * t + b[1] * (1 - t))
        for a, b, t in zip(outer, edge[::-1], [0.2, 0.5, 0.8] * 20, strict=False)
    ]
    for x, y in inside:
        r = 10 * between(rng, 0.7, 1.1)
        pen.disc(x, y, r, r, mix(base, dark, 0.22 * rng.random()))
    curl_marks(pen, rng, lambda: inside[int(rng.random() * len(inside))], 40, 7, light)


def front_drawn_back(pen: Pen, p: Person, rng: Random) -> None:
    """Draw hair that is drawn back from the brow."""
    dark, base, light = tones(p)
    strands = [light, light, dark, mix(base, light, 0.5)]
    edge = hairline(p, -70, 55, 0)
    pen.fill(dome(p, 3, 9, 0) + edge, base)
    root = (0, -126) if p.cut != "ponytail" else (p.part * 46, -116)
    strand_fan(pen, rng, root, edge[4:-4], strands, 34, 3.2)
    if p.gender == "woman" and p.cut != "puff":  # a loose lock before each ear
        for side in (-1, 1):
            x = side * (p.cheek - 4)
            pen.stroke(
                [(x - side * 6, -40), (x + side * 3, -8), (x - side * 2, 26), (x + side * 3, 56)],
                base,
                2.0,
                5.0,
                0.6,
            )


def front_pixie(pen: Pen, p: Person, rng: Random) -> None:
    """Draw short hair with a fringe that falls to one side."""
    dark, base, light = tones(p)
    strands = [light, light, dark, mix(base, light, 0.5)]
    edge = hairline(p, -60, 58, 10)
    pen.fill(dome(p, 6, 12, 10) + edge, base)
    s = p.part
    fringe = [
        (s * 46, -84),
        (s * 8, -70),
        (-s * 30, -46),
        (-s * 66, -24),
        (-s * 84, -8),
        (-s * 84, -60),
        (-s * 40, -104),
    ]
    pen.fill(curve(fringe, closed=True), base)
    strand_fan(pen, rng, (s * 40, -104), [(-s * 20, -56), (-s * 66, -26), (-s * 86, -20)], strands, 26, 4.2)
    strand_fan(pen, rng, (s * 40, -112), [(s * 76, -50), (s * 84, 4)], strands, 10, 3.4)


def draw_scalp(pen: Pen, person: Person, rng: Random) -> None:
    """Draw hair so short that the scalp shows."""
    p = person
    dark, base, light = tones(p)
    stubble = mix(base, p.skin, 0.24)
    edge = hairline(p, -68, 55, -2)
    pen.fill(dome(p, 0.5, 1 if p.cut == "buzz" else 3, -2) + edge, stubble, 0.92)
    if p.cut == "fade":
        top = dome(p, -7, 13, -60)
        pen.fill(top + curve([(58, -62), (30, -68), (0, -69), (-30, -68), (-58, -62)], steps=3), base)
        curl_cloud(pen, rng, top[2:-2], 6, (base, base, base))
        curl_marks(pen, rng, lambda: (between(rng, -56, 56), between(rng, -118, -74)), 46, 4.5, light)
    for _ in range(90):
        x = between(rng, -1, 1) * 60
        y = -68 - rng.random() * (40 - 0.006 * x * x)
        pen.disc(x, y, 0.8, 0.8, mix(stubble, dark, 0.7), 0.7)


def draw_punk(pen: Pen, person: Person, rng: Random) -> None:
    """Draw a mohawk or spikes over shaved sides."""
    p = person
    dark, base, light = tones(p)
    pen.fill(dome(p, 0, 2, -2) + hairline(p, -69, 55, -2), mix(mix(base, (40, 30, 40), 0.6), p.skin, 0.25), 0.92)
    wide, count, high = (34, 7, 62) if p.cut == "mohawk" else (62, 9, 42)
    foot_line: list[Point] = [(-wide, -78), (-0.5 * wide, -68), (0, -74), (0.5 * wide, -67), (wide, -78)]
    pen.fill(curve([*foot_line, (wide * 0.8, -108), (0, -118), (-wide * 0.8, -108)], closed=True), dark)
    for layer, tone in ((0, dark), (1, base)):
        for k in range(count):
            x = -wide + 2 * wide * (k + 0.5) / count
            lean, top = (
                x * 0.55 + between(rng, -8, 8),
                -108 - high * (1 - 0.35 * (x / wide) ** 2) * between(rng, 0.85, 1.1) + 14 * layer,
            )
            foot = -72 - 8 * (x / wide) ** 2 + between(rng, -6, 8)
            w = 1.5 * wide / count
            pen.fill(
                [(x, foot + 6), (x - w, -90), (x - w * 0.8, -100), (x + lean, top), (x + w * 0.8, -100), (x + w, -90)],
                tone,
            )
            pen.stroke([(x, foot - 6), (x + 0.3 * lean, -112), (x + 0.9 * lean, top + 10)], light, 1.0, 3.0, 0.3, 0.6)


def draw_curtains(pen: Pen, person: Person, rng: Random) -> None:
    """Draw long hair from a parting down both sides of the face (long, wavy, bob)."""
    p = person
    dark, base, light = tones(p)
    wave, low = LONG.get(p.cut, (0.0, 100.0))
    x = p.part * (22 if p.cut != "bob" else 30)
    fringe = p.cut == "bob" and p.lit > 0
    for side in (-1, 1):
        w = p.cheek
        hang = min(low, 92) if p.gender == "woman" else 60
        # both halves follow one dome, so that the parting makes no step in the outline
        arch = [(a, -122 + 0.0062 * a * a) for a in (-58, -40, -20, 0, 20, 40, 58)]
        crown = [
            (x, -122 + 0.0062 * x * x),
            *sorted(((a, b) for a, b in arch if side * (a - x) > 6), key=lambda q: side * q[0]),
            (side * (w - 2), -80),
        ]
        edge = [
            *crown, (side * (w + 13), -34), (side * (w + 13 + 4 * wave), 20),
            (side * (w + 10), hang), (side * (w + 1), hang + 8), (side * (w - 3 + 3 * wave), 40), (side * (w - 8), -4),
            (side * (w - 14), -34), (side * 56, -56) if side * x > 0 else (x + side * 34, -62), (x + side * 3, -82),
        ]  # fmt: skip
        pen.fill(curve(edge, closed=True), base)
        ends = [
            (side * (w - 16), -34),
            (side * (w - 4), 10),
            (side * (w + 1), hang),
            (side * (w + 11), 20),
            (side * (w + 8), -40),
        ]
        strand_fan(
            pen, rng, (x + side * 4, -108), curve(ends, steps=3), [light, light, dark, mix(base, light, 0.5)], 24, 4.4
        )
    if fringe:
        cut = [(-66, -78), (-68, -40), (-40, -36), (0, -33), (40, -36), (68, -40), (66, -78), (30, -112), (-30, -112)]
        pen.fill(curve(cut, closed=True), base)
        strand_fan(
            pen,
            rng,
            (x * 0.4, -116),
            [(-64, -42), (-30, -38), (0, -36), (30, -38), (64, -42)],
            [light, dark, light],
            24,
            3.6,
        )


FRONT: dict[str, Painter] = {
    "bald": front_bald,
    "buzz": draw_scalp,
    "fade": draw_scalp,
    "receding": draw_receding,
    "crop": front_crop,
    "side": front_side,
    "undercut": front_side,
    "quiff": front_quiff,
    "curls": front_curls,
    "afro": front_curls,
    "mohawk": draw_punk,
    "spikes": draw_punk,
    "bun": front_drawn_back,
    "puff": front_drawn_back,
    "ponytail": front_drawn_back,
    "locs": front_drawn_back,
    "pixie": front_pixie,
    "long": draw_curtains,
    "wavy": draw_curtains,
    "bob": draw_curtains,
}


def draw_front(pen: Pen, person: Person) -> None:
    """Draw the hair that lies on the head, over the face's upper edge."""
    FRONT[person.cut](pen, person, person.stream(6))
