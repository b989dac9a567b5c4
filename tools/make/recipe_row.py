"""The row of a picture that a web UI made: its recipe is read, compared with the picture, and made into cells.

In come the bytes of a picture, which nobody has looked at, and a grammar; out come cells that a sheet can hold, or a
ValueError that names the setting, the value and the way out.
"""

from __future__ import annotations

import io
import re

from PIL import ExifTags, Image

from DiffusionFER import EMOTIONS
from tools.make.generation.weighting import unweighted
from tools.make.grammar import Grammar
from tools.make.grammar_settings import FORMULA
from tools.make.prompts import CHOICES
from tools.make.webui import (
    IMPORTED,
    LONGEST,
    NUMBERS,
    PARAMETERS,
    parse_parameters,
    plain,
    read_settings,
    user_comment,
)

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
MAX_PIXELS = 64 * 2**20  # of a picture: 8192 x 8192; the web UI's are a thousandth of that
# By column: what a number looks like, the least and the most.
BOUNDS = {
    "steps": ("[0-9]{1,9}", 1, 1000),
    "seed": ("[0-9]{1,19}", 0, 2**63 - 1),
    "cfg_scale": (r"[0-9]{1,9}(\.[0-9]{1,18})?", 0, 100),
}
LARGER = ("Hires upscale", "Hires upscaler", "Hires steps", "Hires resize")  # a second pass: another size than "Size"
MAX_NAME = 200  # characters of a sampler, a model, a version
MAX_BRACKETS = 100  # in a prompt whose weights are taken off: the work grows with their square
MODEL_FILES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")
WAY_OUT = "mend the recipe, or leave the picture out"


def check_grammar(grammar: Grammar) -> None:
    """Raise ValueError where the values of a grammar are not those of the sheet's columns."""
    if unknown := [column for column in grammar.tables if column not in CHOICES]:
        raise ValueError(
            f"the grammar {grammar.name!r} has {unknown[0]!r}, expected {', '.join(CHOICES)}, or some of it"
        )
    if unknown := [value for value in grammar.tables.get("emotion", ["none"]) if value not in EMOTIONS]:
        expected = f"expected {', '.join(EMOTIONS)}"
        raise ValueError(f"the grammar {grammar.name!r} has the emotion {unknown[0]!r}, {expected}")


def row_of(content: bytes, grammar: Grammar) -> dict[str, str]:
    """Return the cells of a picture by its recipe, and `ending`, that of its format.

    Raises ValueError where it is no whole picture, has no recipe, has one that is not true of it or that a sheet cannot
    hold, or was made by a prompt that is not of the grammar.
    """
    image_size, form, text = _opened(content)
    if not text:
        raise ValueError("holds no recipe (a PNG's chunk 'parameters', or an EXIF user comment): only the web UI's do")
    if len(text) > LONGEST:
        raise ValueError(f"holds a recipe of {len(text):,} characters, expected at most {LONGEST:,}")
    recipe, settings = parse_parameters(text), read_settings(text)
    if not recipe:
        raise ValueError(f"holds text that is no recipe of the web UI: {text[:40]!r}, expected 'Steps: ..., Seed: ...'")
    shown, said = f"{image_size[0]}x{image_size[1]}", settings.get("Size", "")
    if said and said != shown and not any(name in settings for name in LARGER):
        raise ValueError(
            f"holds a recipe for {said[:40]!r}, but the picture has {shown}: it is not the one that was made"
        )
    cells = {column: _number(column, recipe[column]) for column in BOUNDS if column in recipe}
    cells["prompt"] = _text("prompt", recipe["prompt"], LONGEST)
    cells["negative_prompt"] = _text("negative prompt", recipe["negative_prompt"], LONGEST)
    cells["sampler"] = _text("Sampler", f"{recipe.get('sampler', '')} {recipe.get('schedule', '')}")
    checksum = _text("Model hash", _model(settings.get("Model hash", "")))
    cells["model"] = _text("Model", _model(settings.get("Model", ""))) or checksum
    cells["model_revision"] = checksum if settings.get("Model", "") else ""
    cells["versions"] = "webui=" + (_text("Version", settings.get("Version", "")).replace(" ", "-") or "unknown")
    cells[IMPORTED] = "webui"
    return {**_parts(cells["prompt"], grammar), **cells, "ending": FORMATS[form]}


def _opened(content: bytes) -> tuple[tuple[int, int], str, str]:
    """Return the width and height, the format and the recipe of a picture. Raises ValueError where it is not whole."""
    try:
        with Image.open(io.BytesIO(content), formats=list(FORMATS)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"it has {image.width:,} x {image.height:,} pixels")
            if image.format not in FORMATS:  # several pictures in one JPEG
                raise ValueError(f"it is of the format {image.format}")
            image.load()
            text = image.info.get(PARAMETERS, "")
            if not isinstance(text, str) or not text:
                text = user_comment(image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment, b""))
            return image.size, image.format, text.strip("\0 ")
    except Exception as error:  # Pillow raises whatever its parsers stumble over
        reason = " ".join((str(error) or type(error).__name__).split())[:120]
        raise ValueError(f"cannot be read as a picture: {reason}") from None


def _number(column: str, text: str) -> str:
    form, low, high = BOUNDS[column]
    if not re.fullmatch(form, text) or not low <= float(text) <= high:
        kind = "a number" if column == "cfg_scale" else "a whole number"
        name = NUMBERS[column]
        raise ValueError(f"holds a recipe with {name} {text[:40]!r}, expected {kind} from {low} to {high}: {WAY_OUT}")
    return f"{float(text):g}" if column == "cfg_scale" else str(int(text))


def _text(name: str, text: str, longest: int = MAX_NAME) -> str:
    """Return a text on one line. Raises ValueError where a terminal or a spreadsheet would take it for an order."""
    text, problem = plain(text), ""
    if not text.isprintable():
        problem = "a character that nobody sees"
    elif text.startswith(FORMULA):
        problem = "the beginning of a formula"
    elif len(text) > longest:
        problem = f"{len(text):,} characters"
    if problem:
        raise ValueError(
            f"holds a recipe with {name} {text[:40]!r}, expected plain text but it has {problem}: {WAY_OUT}"
        )
    return text


def _model(text: str) -> str:
    """Return a model's name: of a path only the file's, for the rest is of somebody's machine."""
    text = text.strip()
    if re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", text) and not text.endswith(MODEL_FILES):  # an id of the Hub
        return text
    return re.split(r"[\\/]", text.rstrip("\\/"))[-1]


def _parts(prompt: str, grammar: Grammar) -> dict[str, str]:
    """Return what a prompt asks for, by the sheet's columns. Raises ValueError where it is not of the grammar.

    Weights such as (cute:1.2) are passed over, and so are the rules that say what goes with what: whoever made the
    picture was free to ask for it.
    """
    try:
        values = grammar.parse(prompt, strict=False)
    except ValueError:
        if not 0 < prompt.count("(") + prompt.count("[") <= MAX_BRACKETS:
            raise
        values = grammar.parse(unweighted(prompt), strict=False)
    if not values["emotion"]:
        raise ValueError(f"has a prompt that names no emotion, which a row must have: {prompt[:40]!r}")
    return values
