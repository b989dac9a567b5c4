"""The renderer of the embedded edition: a sheet row becomes a portrait, the box of its face and its cropped variant.

In comes one row (emotion, valence, arousal, race, age, gender, style, others, seed); out come an RGB picture of
512 x 512 pixels, the face box, and PNG bytes. The same row gives the same bytes: the seed feeds `random.Random` alone,
and coordinates are rounded before anything is drawn.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageFilter

from tools.make.prompts import check_choice
from tools.make.sketch_clothes import draw_clothes, draw_earrings, draw_glasses, draw_piercings
from tools.make.sketch_expression import Expression, express
from tools.make.sketch_features import draw_brows, draw_eyes, draw_nose, draw_tears
from tools.make.sketch_hair import draw_back
from tools.make.sketch_hair_front import draw_front
from tools.make.sketch_head import (
    draw_beard,
    draw_freckles,
    draw_lines,
    ear_outline,
    head_outline,
    neck_outline,
    paint_skin,
)
from tools.make.sketch_mouth import draw_mouth
from tools.make.sketch_paint import SIDE, WASH, Frame, Pen, Point, Wash, mix, oval
from tools.make.sketch_person import Person, cast, text
from tools.make.sketch_scene import SCENES, paint_scene

MODEL = "diffusionfer-sketch-1"  # raise the number when the drawing changes: a row names the renderer that it needs
CROP = 256  # pixels, the side of the cropped variant
MARGIN = 0.12  # of the longer side of the face box, on each side of the crop
FINE, FINEST = 2, 3  # how much larger shapes, and the face's features, are drawn than they are shown
Box = tuple[int, int, int, int]


def number(row: Mapping[str, object], column: str) -> float:
    """Return a cell as a number; raises ValueError with the column and the value where it is none."""
    try:
        return float(text(row, column))
    except ValueError:
        raise ValueError(f"{column}: expected a number (got {text(row, column)!r})") from None


@lru_cache(maxsize=1)
def _grain() -> Image.Image:
    """A tile of film grain, the same for ever: mid grey, here and there a step up or down."""
    side = SIDE + 64
    steps = [127] * 10 + [128] * 236 + [129] * 10
    noise = Image.frombytes("L", (side, side), Random(1977).randbytes(side * side)).point(steps)
    return Image.merge("RGB", (noise, noise, noise))


def face_box(head: Frame, outline: list[Point]) -> Box:
    """Return x, y, width, height (pixels) of the upright box around the face, from the brow's hairline to the chin."""
    face = head.pixels([point for point in outline if point[1] > -84], 1, 0, 0)
    left, top = (min(place[axis] for place in face) for axis in (0, 1))
    right, bottom = (max(place[axis] for place in face) + 1 for axis in (0, 1))
    left, top = max(0, left), max(0, top)
    return left, top, min(SIDE, right) - left, min(SIDE, bottom) - top


def frames(person: Person, face: Expression) -> tuple[Frame, Frame]:
    """Return where the head and where the body stand; a lowered head sinks and nods."""
    x, y = SIDE / 2 + person.shift[0], 212 + person.shift[1]
    low = max(0.0, face.lowered)
    head = Frame(x, y + 13 * low, person.zoom, person.tilt, person.yaw, person.pitch + 8.5 * face.lowered)
    return head, Frame(x, y, person.zoom)


def draw(row: Mapping[str, object]) -> tuple[Image.Image, Box]:
    """Return the portrait of a sheet row (RGB, 512 x 512) and its face box (x, y, width, height in pixels).

    Raises ValueError, naming the column, the value and what is allowed, on a cell that the renderer cannot read.
    """
    others = check_choice("others", text(row, "others"))
    person = cast(row)
    face = express(text(row, "emotion"), number(row, "valence"), number(row, "arousal"))
    head, body = frames(person, face)
    outline = head_outline(person, face)

    image = paint_scene(person, others)
    image = draw_behind(image, person, head, body, others)
    box = face_box(head, outline)
    draw_skin(image, person, face, head, outline, box)
    draw_features(image, person, face, head, box)
    draw_over(image, person, head, box)
    return finish(image, person, others), box


def draw_behind(image: Image.Image, person: Person, head: Frame, body: Frame, others: str) -> Image.Image:
    """Draw the hair behind the head, the neck and the clothes."""
    back = enlarge(image, head, FINE, (0, 0, SIDE, SIDE))
    draw_back(back, person)
    pen = Pen(back.image, body, FINE)
    pen.fill(neck_outline(person), mix(person.skin, person.dark, 0.25))
    w, s = 43 * person.build, -person.lit
    pen.fill([(-w, 60), (w, 60), (w, 124), (w * 0.5, 141), (0, 146), (-w * 0.5, 141), (-w, 124)], person.dark, 0.62)
    pen.fill([(s * w, 60), (s * w, 150), (s * 0.45 * w, 176), (s * 0.3 * w, 120)], person.dark, 0.4)
    for side in (-1, 1):
        pen.stroke(
            [(side * 6, 176), (side * 22, 168), (side * 50, 163)],
            mix(person.skin, person.line, 0.4),
            0.5,
            2.2,
            0.4,
            0.5,
        )
    draw_clothes(pen, person, others)
    return pen.image.reduce(FINE)


def around(box: Box, left: int, top: int, right: int, bottom: int) -> Box:
    """Return the edges (left, top, right, bottom) of `box` widened by so many pixels, on the wash's grid."""
    x, y, width, height = box
    edges = (max(0, x - left), max(0, y - top), min(SIDE, x + width + right), min(SIDE, y + height + bottom))
    low = [edge // WASH * WASH for edge in edges[:2]]
    high = [-(-edge // WASH) * WASH for edge in edges[2:]]
    return low[0], low[1], high[0], high[1]


def enlarge(image: Image.Image, frame: Frame, scale: int, edges: Box) -> Pen:
    """Return a pen on a `scale` times enlarged copy of the part of `image` between `edges`."""
    part = image.crop(edges)
    size = (scale * part.width, scale * part.height)
    return Pen(part.resize(size, Image.Resampling.NEAREST), frame, scale, edges[:2])


def draw_skin(
    image: Image.Image, person: Person, face: Expression, head: Frame, outline: list[Point], box: Box
) -> None:
    """Lay the painted skin through the outline of head and ears, over a soft shadow on what lies behind."""
    edges = around(box, 44, 60, 44, 52)  # the ears, the top of the skull, the shadow under the chin
    wash = Wash(person.skin, head)
    paint_skin(wash, person, face)
    size = (edges[2] - edges[0], edges[3] - edges[1])
    mask = Image.new("L", (FINE * size[0], FINE * size[1]))
    pen = Pen(mask, head, FINE, edges[:2])
    for side in (-1, 1):
        pen.fill(ear_outline(person, side), 255)
    pen.fill(outline, 255)
    mask = mask.reduce(FINE)
    shadow = mask.reduce(WASH).point([v * 2 // 5 for v in range(256)]).filter(ImageFilter.GaussianBlur(3))
    shadow = shadow.resize(size, Image.Resampling.BILINEAR)
    image.paste(Image.new("RGB", size, (44, 22, 34)), (edges[0], edges[1] + 10), shadow)
    image.paste(wash.spread(edges), edges[:2], mask)


def draw_features(image: Image.Image, person: Person, face: Expression, head: Frame, box: Box) -> None:
    """Draw what moves in the face, enlarged, into `image`."""
    edges = around(box, 24, 10, 24, 12)
    pen = enlarge(image, head, FINEST, edges)
    for side in (-1, 1):  # the hollow of the ear
        x = side * (person.cheek + 5)
        pen.stroke(
            [(x - side * 2, -6), (x + side * 4, -8), (x + side * 3, 8), (x - side * 1, 16)],
            mix(person.skin, person.line, 0.5),
            0.6,
            3.0,
            0.6,
            0.6,
        )
    if person.freckles:
        draw_freckles(pen, person)
    if person.beard:
        draw_beard(pen, person, face)
    draw_lines(pen, person, face)
    draw_nose(pen, person, face)
    draw_mouth(pen, person, face)
    draw_eyes(pen, person, face)
    draw_brows(pen, person, face)
    draw_tears(pen, person, face)
    if person.style == "punky":
        draw_piercings(pen, person)
    image.paste(pen.image.reduce(FINEST), edges[:2])


def draw_over(image: Image.Image, person: Person, head: Frame, box: Box) -> None:
    """Draw the hair over the brow with its shadow, earrings and glasses."""
    edges = around(box, 64, SIDE, 64, 40)
    pen = enlarge(image, head, FINE, edges)
    if person.earrings:
        draw_earrings(pen, person)
    draw_front(pen, person)
    if person.glasses:
        draw_glasses(pen, person)
    image.paste(pen.image.reduce(FINE), edges[:2])


def finish(image: Image.Image, person: Person, others: str) -> Image.Image:
    """Add the light of the scene, a darker rim and the grain."""
    image = ImageChops.soft_light(image, _light(others, person.lit))
    rng = person.stream(12)
    x, y = int(rng.random() * 64), int(rng.random() * 64)
    return ImageChops.add(image, _grain().crop((x, y, x + SIDE, y + SIDE)), 1, -128)


@lru_cache(maxsize=10)
def _light(others: str, s: int) -> Image.Image:
    """The light of a scene that falls from side `s` (-1 left, 1 right), to be laid on by `soft_light`."""
    glow = SCENES[others][2]
    light = Wash((128, 128, 128), Frame(0, 0, 1.0))
    light.soft(oval(256 + s * 190, 90, 190, 200), mix((128, 128, 128), glow, 0.5), 0.8, 60)
    light.soft(
        [(256 - s * 120, -60), (256 - s * 300, -60), (256 - s * 300, 600), (256 - s * 190, 600)], (88, 84, 116), 0.6, 50
    )
    light.soft([(-60, 430), (572, 430), (572, 600), (-60, 600)], (92, 84, 108), 0.6, 40)
    return light.spread()


def crop(image: Image.Image, box: Box) -> Image.Image:
    """Return the square around the face box with a margin, 256 x 256 pixels."""
    x, y, width, height = box
    side = min(SIDE, round(max(width, height) * (1 + 2 * MARGIN)))
    left = min(SIDE - side, max(0, x + width // 2 - side // 2))
    top = min(SIDE - side, max(0, y + height // 2 - side // 2))
    return image.resize((CROP, CROP), Image.Resampling.BICUBIC, (left, top, left + side, top + side))


def encode(image: Image.Image) -> bytes:
    """Return `image` as PNG bytes.

    Z_RLE looks for no matches, which is where zlib and zlib-ng, of which a Pillow has one or the other, differ.
    """
    out = io.BytesIO()
    image.save(out, "PNG", compress_type=zlib.Z_RLE)
    return out.getvalue()


def render(row: Mapping[str, object]) -> tuple[bytes, bytes, Box]:
    """Return the PNG bytes of the original and of the cropped variant of a row, and the face box."""
    image, box = draw(row)
    return encode(image), encode(crop(image, box)), box
