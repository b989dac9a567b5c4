"""What is behind and around a person: a studio, or the scene that the prompt's last words ask for.

In come a Person and the row's `others`; out come a painted background and the colour of the light that it throws on
the person. Scenes are drawn in picture pixels (a Frame without turn, of scale 1).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from PIL import Image, ImageFilter

from tools.make.sketch_paint import SIDE, Colour, Frame, Pen, Wash, mix, oval, shade
from tools.make.sketch_person import Person, between, pick

PICTURE = Frame(0, 0, 1.0)
STUDIO: tuple[tuple[Colour, Colour], ...] = (
    ((247, 226, 200), (232, 170, 132)), ((214, 232, 230), (126, 172, 178)), ((244, 214, 208), (206, 138, 140)),
    ((226, 224, 240), (142, 138, 186)), ((232, 236, 214), (150, 174, 128)), ((250, 232, 186), (230, 176, 96)),
    ((206, 222, 240), (104, 140, 184)), ((238, 226, 220), (176, 150, 138)),
)  # fmt: skip
NEON: tuple[Colour, ...] = ((255, 64, 160), (56, 220, 255), (150, 92, 255), (255, 150, 60), (80, 255, 190))


def fall(wash: Wash, top: Colour, bottom: Colour) -> None:
    """Fill `wash` with a gradient from `top` to `bottom`."""
    column = Image.new("RGB", (1, 2))
    column.putpixel((0, 0), top)
    column.putpixel((0, 1), bottom)
    wash.image = column.resize(wash.image.size, Image.Resampling.BILINEAR)


def box(x: float, y: float, w: float, h: float) -> list[tuple[float, float]]:
    """Return the corners of an upright rectangle."""
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


def studio(wash: Wash, person: Person, rng: Random) -> None:
    """A plain backdrop with a pool of light behind the head."""
    light, deep = pick(rng, STUDIO)
    fall(wash, mix(light, deep, 0.35), mix(light, deep, 0.95))
    wash.soft(oval(256 + person.lit * 90, 150, 210, 190), mix(light, (255, 255, 255), 0.3), 0.85, 60)
    for _ in range(4):
        r = between(rng, 30, 95)
        wash.soft(oval(512 * rng.random(), 512 * rng.random(), r, r), pick(rng, STUDIO)[0], 0.3, 6)


def cyberpunk(wash: Wash, person: Person, rng: Random) -> None:
    """A street at night: lit windows, signs, haze in two neon colours."""
    first, second = pick(rng, NEON[:3]), pick(rng, NEON)
    fall(wash, (22, 14, 46), mix((40, 16, 66), first, 0.4))
    wash.soft(oval(120, 330, 190, 170), first, 0.4, 60)
    wash.soft(oval(410, 240, 150, 190), second, 0.36, 60)


def cyberpunk_lines(pen: Pen, person: Person, rng: Random) -> None:
    """The houses, windows and signs of the neon street."""
    x = -10.0
    while x < SIDE:
        w, top = between(rng, 44, 84), between(rng, 20, 210)
        pen.fill(box(x, top, w, SIDE), mix((26, 18, 54), (70, 40, 110), rng.random()), 0.82)
        for row in range(4):
            for col in range(2):
                if rng.random() < 0.5:
                    pen.fill(box(x + 9 + col * w * 0.45, top + 16 + row * 34, w * 0.26, 14), pick(rng, NEON), 0.6)
        x += w + between(rng, 2, 12)
    for _ in range(5):
        left, y, tone = between(rng, 0, 480), between(rng, 40, 330), pick(rng, NEON)
        pen.fill(box(left - 4, y - 4, 19, 98), tone, 0.22)
        pen.fill(box(left, y, 11, 90), tone, 0.75)
        pen.fill(box(left + 4, y + 4, 3, 82), mix(tone, (255, 255, 255), 0.75))


def camping(wash: Wash, person: Person, rng: Random) -> None:
    """An evening or morning sky over hills."""
    top, low = pick(
        rng, (((82, 116, 170), (252, 206, 158)), ((52, 62, 116), (240, 146, 118)), ((122, 178, 204), (246, 232, 196)))
    )
    fall(wash, top, low)
    wash.soft(oval(256 - person.lit * 150, 250, 120, 90), (255, 240, 200), 0.75, 40)


def camping_lines(pen: Pen, person: Person, rng: Random) -> None:
    """Mountains, firs and a tent."""
    far, near = mix((104, 122, 158), (230, 170, 150), 0.3 * rng.random()), (48, 84, 78)
    for k, tone in enumerate((mix(far, (255, 226, 200), 0.4), far)):
        base = 300 + 36 * k
        ridge = [(-10.0, 520.0)]
        for j in range(8):
            ridge.append((-10 + 76 * j, base - (between(rng, 40, 120) if j % 2 else between(rng, -10, 26))))
        pen.fill([*ridge, (530, 520)], tone)
    for k in range(15):
        x, h = -20 + 38 * k + between(rng, -12, 12), between(rng, 80, 150)
        tone = mix(near, (26, 50, 58), rng.random())
        for j in range(3):
            y = 410 - h + j * h * 0.26
            w = 13 + 8 * j
            pen.fill([(x, y), (x + w, y + h * 0.42), (x - w, y + h * 0.42)], tone)
    pen.fill(box(-5, 392, 530, 130), (66, 92, 66))
    x = 256 - person.part * 175
    pen.fill([(x, 318), (x + 84, 424), (x - 84, 424)], (232, 138, 66))
    pen.fill([(x, 318), (x + 84, 424), (x + 22, 424)], (196, 104, 52))
    pen.fill([(x - 3, 334), (x + 17, 424), (x - 26, 424)], (255, 214, 138))


def ancient(wash: Wash, person: Person, rng: Random) -> None:
    """A warm sky over pale stone."""
    sky = pick(rng, ((150, 196, 214), (236, 196, 146), (170, 190, 206)))
    fall(wash, sky, (244, 226, 190))
    wash.soft(oval(256 + person.lit * 150, 110, 130, 110), (255, 244, 214), 0.7, 50)


def ancient_lines(pen: Pen, person: Person, rng: Random) -> None:
    """Columns that carry a beam."""
    stone = mix((236, 220, 192), (214, 186, 150), rng.random())
    shadow, bright = shade(stone, 0.8, 0.77, 0.74), mix(stone, (255, 252, 240), 0.5)
    offset = between(rng, -30, 30)
    for x in (40 + offset, 168 + offset * 0.7, 344 + offset * 0.7, 472 + offset):
        pen.fill(box(x - 34, 64, 68, 460), stone)
        for k in range(5):
            pen.fill(box(x - 29 + 13 * k, 96, 5, 430), shadow if (k - 2) * person.lit < 1 else bright, 0.75)
        pen.fill(box(x - 44, 62, 88, 16), bright)
        pen.fill(box(x - 39, 78, 78, 14), shadow)
    pen.fill(box(-5, 0, 530, 62), stone)
    pen.fill(box(-5, 44, 530, 6), shadow)
    for k in range(14):
        pen.fill(box(10 + 38 * k, 12, 15, 24), shadow, 0.7)


def medieval(wash: Wash, person: Person, rng: Random) -> None:
    """A cloudy sky over a castle."""
    top, low = pick(
        rng, (((120, 150, 180), (226, 216, 204)), ((96, 104, 140), (238, 190, 150)), ((140, 168, 168), (232, 222, 190)))
    )
    fall(wash, top, low)
    for _ in range(4):
        wash.soft(
            oval(512 * rng.random(), between(rng, 40, 220), between(rng, 60, 120), between(rng, 14, 30)),
            (255, 248, 238),
            0.5,
            14,
        )


def medieval_lines(pen: Pen, person: Person, rng: Random) -> None:
    """A wall with battlements, two towers with roofs, banners."""
    stone = mix((150, 142, 138), (176, 150, 124), rng.random())
    dark, banner = shade(stone, 0.74), pick(rng, ((176, 48, 56), (44, 84, 150), (62, 116, 78), (120, 60, 124)))
    pen.fill(box(-5, 280, 530, 240), stone)
    for k in range(13):
        pen.fill(box(-14 + 44 * k, 258, 26, 24), stone)
    for x in (74 + between(rng, -24, 18), 440 + between(rng, -18, 24)):
        pen.fill(box(x - 52, 150, 104, 370), mix(stone, (255, 240, 220), 0.12))
        pen.fill(box(x + 16 * person.lit * -1 - 20, 150, 40, 370), dark, 0.3)
        for k in range(4):
            pen.fill(box(x - 58 + 32 * k, 130, 20, 26), mix(stone, (255, 240, 220), 0.12))
        pen.fill([(x, 30), (x + 46, 132), (x - 46, 132)], mix(banner, (60, 50, 70), 0.45))
        pen.fill(box(x - 9, 176, 18, 40), (62, 54, 62))
        pen.fill([(x - 21, 244), (x + 21, 244), (x + 21, 348), (x, 326), (x - 21, 348)], banner)
        pen.fill([(x, 264), (x + 10, 282), (x, 300), (x - 10, 282)], (236, 196, 98))
    for _ in range(26):
        x, y = between(rng, 0, 500), between(rng, 290, 500)
        pen.fill(box(x, y, 24, 11), dark, 0.3)


Soft = Callable[[Wash, Person, Random], None]
Hard = Callable[[Pen, Person, Random], None]
SCENES: dict[str, tuple[Soft, Hard | None, Colour]] = {
    "": (studio, None, (255, 214, 170)),
    "cyberpunk": (cyberpunk, cyberpunk_lines, (255, 80, 190)),
    "camping": (camping, camping_lines, (255, 190, 120)),
    "ancient": (ancient, ancient_lines, (255, 220, 160)),
    "medieval Europe": (medieval, medieval_lines, (250, 214, 170)),
}


def paint_scene(person: Person, others: str) -> Image.Image:
    """Return the background of the prompt's `others` as an RGB picture of 512 x 512 pixels."""
    soft, hard, _ = SCENES[others]
    rng = person.stream(7)
    wash = Wash((0, 0, 0), PICTURE)
    soft(wash, person, rng)
    if hard is None:
        return wash.spread()
    # Drawn at half size and enlarged: what is out of focus lets the face stand out, and it costs a quarter.
    image = wash.image.resize((SIDE // 2, SIDE // 2), Image.Resampling.BILINEAR)
    hard(Pen(image, Frame(0, 0, 0.5), 1), person, rng)
    return image.filter(ImageFilter.BoxBlur(1)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
