"""The gallery: a row for each class with some originals and the same faces cropped, as one light PNG.

A PNG with a palette is shown by every browser and viewer, at less than half of the bytes of true colour; its panel is
of a middle grey, as the wall behind pictures, for a PNG cannot ask whether its reader prefers a light or a dark page.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from functools import partial

from PIL import Image

from DiffusionFER import EMOTIONS, RawFolder, open_raw
from tools.check.images.formats import READERS, format_of, too_many_scans
from tools.describe.facts.description import Description, Faces
from tools.describe.figures.figure import Figure, joined, shown_faces, some_classes
from tools.describe.figures.letters import ASCENDER, WEIGHT, word_mask
from tools.describe.figures.svg import SHOWN
from tools.make.embedded import FAMILY

VARIANTS = ("original", "cropped")
WALL, INK = (172, 176, 182), (22, 26, 32)
SHADES = 6  # of the letters, from the wall to the ink
# Three faces of each class in both variants, or six of the one that there is; 98 pixels a face are 94 on the page.
FACES, SIDE = 3, 98
GAP, GROUP, LABEL, EDGE, HEAD = 4, 22, 134, 20, 54  # between faces, between variants; beside, around and above them
LETTER = 15  # the height of a small letter: 14 on the page, 6 on a phone
MOST_PIXELS = 64 * 10**6  # of one picture; the published ones have 0.3 million


def has_pictures(description: Description) -> bool:
    """Say whether the data directory has pictures of the faces that figures show."""
    return bool(description.faces) and bool(_variants(shown_faces(description)))


def _variants(faces: Faces) -> list[str]:
    return [variant for variant in VARIANTS if variant in faces.pictures]


def make(description: Description) -> bytes:
    """Draw the gallery. Raises ValueError where no class has a picture, or one is missing or cannot be read."""
    faces = shown_faces(description)
    variants, emotions = _variants(faces), _classes(faces)
    columns = _columns(faces)
    shown = {variant: _tiles(description, faces, variant, columns) for variant in variants}
    # One palette for all faces; the wall and the letters have entries of their own, so that they stay even.
    mosaic = Image.new("RGB", (len(variants) * columns * SIDE, len(emotions) * SIDE), WALL)
    for group, variant in enumerate(variants):
        for place, tile in enumerate(shown[variant]):
            row, column = divmod(place, columns)
            mosaic.paste(tile, ((group * columns + column) * SIDE, row * SIDE))
    palette = mosaic.quantize(256 - SHADES, method=Image.Quantize.FASTOCTREE)
    few = mosaic.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)  # or skies would have steps
    return _png(_hang(few, variants, emotions, columns))


def _classes(faces: Faces) -> list[str]:
    """Return the classes that have pictures. Raises ValueError where none has."""
    if not (found := [emotion for emotion in EMOTIONS if faces.gallery.get(emotion)]):
        raise ValueError(f"the gallery cannot be drawn: no class of size {faces.size} has a picture")
    return found


def _columns(faces: Faces) -> int:
    """Return how many faces of a class are shown in each variant: as many as all classes have that have any."""
    most = 2 * FACES // len(_variants(faces))
    return min(most, *(len(faces.gallery[emotion]) for emotion in _classes(faces)))


def _tiles(description: Description, faces: Faces, variant: str, columns: int) -> Iterator[Image.Image]:
    config = f"{faces.size}_{variant}"
    try:
        raw = open_raw(config, str(description.data_dir))
    except (OSError, ValueError) as error:
        raise ValueError(f"the gallery cannot be drawn: {error}") from error
    for emotion in _classes(faces):
        for name in faces.gallery[emotion][:columns]:
            yield _tile(raw, name)


def _tile(raw: RawFolder, name: str) -> Image.Image:
    """Return a picture as a square of SIDE pixels, whole, with the wall beside it where it is no square."""
    try:
        content = raw.read(name)
        if (kind := format_of(content)) is None:
            raise ValueError("it is no picture")
        with READERS[kind](io.BytesIO(content)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise ValueError(f"it has {opened.width:,} x {opened.height:,} pixels")
            if kind == "JPEG" and (problem := too_many_scans(content, *opened.size)):
                raise ValueError(f"it {problem}")
            picture = opened.convert("RGB")
    except FileNotFoundError as error:
        raise ValueError(f"the gallery cannot be drawn: {raw.name}/{name} is missing") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"the gallery cannot be drawn: {raw.name}/{name} cannot be read ({reason})") from error
    part = SIDE / max(picture.size)
    size = (max(1, round(picture.width * part)), max(1, round(picture.height * part)))
    tile = Image.new("RGB", (SIDE, SIDE), WALL)
    tile.paste(picture.resize(size, Image.Resampling.LANCZOS), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return tile


def _hang(few: Image.Image, variants: list[str], emotions: list[str], columns: int) -> Image.Image:
    """Return the wall, with the faces of the mosaic `few` apart from each other, and words beside and above them."""
    step, group = SIDE + GAP, columns * (SIDE + GAP) - GAP + GROUP
    size = (SHOWN, HEAD + len(emotions) * step - GAP + EDGE)
    palette = (few.getpalette() or [])[: 3 * (256 - SHADES)]
    first = len(palette) // 3
    for shade in range(SHADES):
        palette += [(a * (SHADES - 1 - shade) + b * shade) // (SHADES - 1) for a, b in zip(WALL, INK, strict=True)]
    wall = Image.new("P", size, first)
    wall.putpalette(palette)
    write = partial(_write, wall, first)
    for place, variant in enumerate(variants):
        left = EDGE + LABEL + place * group
        write(variant, left, HEAD - 18)
        for row in range(len(emotions)):
            for column in range(columns):
                x, y = (place * columns + column) * SIDE, row * SIDE
                wall.paste(few.crop((x, y, x + SIDE, y + SIDE)), (left + column * step, HEAD + row * step))
    for row, emotion in enumerate(emotions):
        write(emotion, EDGE, HEAD + row * step + SIDE // 2 + LETTER // 2)
    return wall


def _write(wall: Image.Image, first: int, word: str, x: int, baseline: int) -> None:
    """Write a word on the wall in the shades that begin at `first` of its palette."""
    mask = word_mask(word, LETTER)
    shades = mask.point([first + (level * (SHADES - 1) + 127) // 255 for level in range(256)])
    # The box is all wall, so that the shades of the word's edges meet nothing else.
    wall.paste(
        Image.frombytes("P", mask.size, shades.tobytes()), (x, baseline - round((ASCENDER + WEIGHT / 2) * LETTER))
    )


def _png(picture: Image.Image) -> bytes:
    """Return a PNG whose bytes do not depend on which zlib the Pillow has.

    Z_RLE looks for no matches, which is where zlib and zlib-ng differ.
    """
    out = io.BytesIO()
    picture.save(out, "PNG", compress_type=zlib.Z_RLE)
    return out.getvalue()


def alt(description: Description) -> str:
    """Say what hangs where. Raises ValueError where no class has a picture."""
    faces = shown_faces(description)
    columns, emotions = _columns(faces), _classes(faces)
    variants = joined([f"{columns} {'originals' if name == 'original' else 'crops'}" for name in _variants(faces)])
    same = " of the same faces" if len(_variants(faces)) > 1 else ""
    return (
        f"{some_classes(emotions, 'row of portraits', 'rows of portraits')}, from top to bottom {joined(emotions)}; "
        f"each row has {variants}{same}, {len(emotions) * columns * len(_variants(faces))} pictures in all."
    )


def caption(description: Description) -> str:
    """Say what made the pictures, as far as the sheet knows."""
    faces = shown_faces(description)
    models = sorted(faces.models, key=lambda model: (-faces.models[model], model))
    drawn = bool(models) and all(model.startswith(FAMILY) for model in models)
    made = f", made by {joined(models[:3])}" if models and len(models) <= 3 else ""
    how = f", drawn by a program ({joined(models)}), not by a diffusion model" if drawn else made
    return f"Some pictures of each class of size {faces.size}{how}."


FIGURE = Figure("gallery.png", has_pictures, make, alt, caption)
