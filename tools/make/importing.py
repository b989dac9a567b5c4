"""Pictures that were made in a web UI elsewhere become rows: their recipe is read, their bytes are copied unchanged.

In comes a folder of PNG, JPEG and WebP files; out come files in the raw tree and rows in its sheet, and a line for each
picture that is left where it is. What a picture says of itself is untrusted: it is compared with what the picture is.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import ExifTags, Image

from DiffusionFER import EMOTIONS, MAX_FILE_BYTES, SUBSETS
from tools.make.embedded import SHEET, progress_bar
from tools.make.generation.files import commit, finish
from tools.make.grammar import Grammar
from tools.make.grammar_file import load
from tools.make.ledger import Ledger
from tools.make.webui import LONGEST, NUMBERS, PARAMETERS, parse_parameters, read_settings, user_comment

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
MAX_PIXELS = 64 * 2**20  # of a picture: 8192 x 8192; the web UI's are a thousandth of that
MAX_NUMBERS = {"steps": 1000, "seed": 2**63 - 1, "cfg_scale": 100}
BATCH = 16  # pictures that are written and recorded together


@dataclass(frozen=True)
class Imported:
    """What `import_pictures` did: how many files it saw, made into rows, knew already, and left where they are."""

    files: int
    imported: int
    known: int
    problems: int


def import_pictures(
    folder: Path,
    data_dir: Path,
    size: str,
    *,
    split: str = "train",
    progress: bool | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Imported:
    """Copy the pictures below `folder` into the raw tree `data_dir` as originals of `size`, each with a row.

    A picture whose sha256 is in the sheet is known and not taken twice. `tell` gets a line for each one that is not
    taken. A run that is stopped leaves what it has taken. Raises ValueError where nothing can be read or written.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give the one that the web UI saved its pictures in")
    data_dir.mkdir(parents=True, exist_ok=True)
    if data_dir.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{data_dir} lies in {folder}, its pictures would be taken for new ones: give another folder")
    names = sorted(
        (Path(where) / name).relative_to(folder).as_posix()
        for where, _, found in os.walk(folder)
        for name in found
        if name.lower().endswith(ENDINGS) and not name.startswith(".")
    )
    taken = known = problems = 0
    with Ledger(data_dir / SHEET) as ledger, progress_bar(len(names), progress) as bar:
        finish(data_dir, ledger)
        digests, places = _known(ledger)
        left = iter(names)
        while batch := list(islice(left, BATCH)):
            files, cells = {}, {}
            for name in batch:
                try:
                    content = _read(folder / name)
                    digest = hashlib.sha256(content).digest()
                    if digest in digests:
                        known += 1
                        continue
                    row = row_of(content)
                except ValueError as error:
                    problems += 1
                    tell(f"{folder / name}: {error}")
                    continue
                digests.add(digest)
                path = _free(data_dir, size, row["emotion"], row.pop("ending"), digest, places)
                files[path] = content
                cells[path] = {**row, "split": split, "sha256": digest.hex(), "label_source": "prompt"}
            if cells:
                commit(data_dir, ledger, files, cells)
            taken += len(files)
            bar.update(len(batch))
        ledger.fold()
    return Imported(len(names), taken, known, problems)


def _known(ledger: Ledger) -> tuple[set[bytes], set[str]]:
    """Return the digests of the sheet's pictures, and the names that it uses."""
    digests, places = set[bytes](), set[str]()
    for row in ledger.rows():
        places.add(row["path"].rpartition("/")[2])
        try:
            digests.add(bytes.fromhex(row.get("sha256", "")))
        except ValueError:
            continue
    return digests, places


def _free(data_dir: Path, size: str, emotion: str, ending: str, digest: bytes, names: set[str]) -> str:
    """Return a new place for a picture: eight letters that follow from its bytes, so that a rerun chooses the same."""
    folder, label, turn = SUBSETS[f"{size}_original"].folders[0], EMOTIONS.index(emotion), 0
    while True:
        number = int.from_bytes(hashlib.sha256(digest + bytes([turn % 256])).digest(), "big")
        letters = "".join("abcdefghijklmnopqrstuvwxyz"[number // 26**place % 26] for place in range(8))
        name = f"{letters}_{label}{ending}"
        if name not in names and not (data_dir / folder / emotion / name).exists():
            names.add(name)
            return f"{folder}/{emotion}/{name}"
        turn += 1


def _read(path: Path) -> bytes:
    """Return the bytes of a file. Raises ValueError where they cannot be read, or are too many."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"has {path.stat().st_size:,} bytes, expected at most {MAX_FILE_BYTES:,}")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or type(error).__name__}") from None


def row_of(content: bytes) -> dict[str, str]:
    """Return the cells of a picture by its recipe, and `ending`, that of its format.

    Raises ValueError where it is no whole picture, has no recipe, has one that is not true of it, or was made by a
    prompt that is not of the grammar.
    """
    image_size, form, text = _opened(content)
    if not text:
        raise ValueError("holds no recipe (a PNG's chunk 'parameters', or an EXIF user comment): only the web UI's do")
    if len(text) > LONGEST:
        raise ValueError(f"holds a recipe of {len(text):,} characters, expected at most {LONGEST:,}")
    recipe, settings = parse_parameters(text), read_settings(text)
    if not recipe:
        raise ValueError(f"holds text that is no recipe of the web UI: {text[:40]!r}, expected 'Steps: ..., Seed: ...'")
    said = settings.get("Size", "")
    if said and said != f"{image_size[0]}x{image_size[1]}" and not any(key.startswith("Hires") for key in settings):
        shown = f"{image_size[0]}x{image_size[1]}"
        raise ValueError(
            f"holds a recipe for {said[:40]!r}, but the picture has {shown}: it is not the one that was made"
        )
    for column, name in NUMBERS.items():
        if column in recipe:
            recipe[column] = _number(name, recipe[column], MAX_NUMBERS[column], whole=column != "cfg_scale")
    sampler = " ".join(part for part in (recipe.pop("sampler", ""), recipe.pop("schedule", "")) if part)
    model = settings.get("Model", "") or settings.get("Model hash", "")
    more = {"model_revision": settings["Model hash"]} if "Model" in settings and "Model hash" in settings else {}
    return {**parts_of(recipe["prompt"]), **recipe, "sampler": sampler, "model": model, **more, "ending": FORMATS[form]}


def _opened(content: bytes) -> tuple[tuple[int, int], str, str]:
    """Return the width and height, the format and the recipe of a picture. Raises ValueError where it is not whole."""
    try:
        with Image.open(io.BytesIO(content), formats=list(FORMATS)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"it has {image.width:,} x {image.height:,} pixels")
            image.load()
            text = image.info.get(PARAMETERS, "")
            if not isinstance(text, str) or not text:
                text = user_comment(image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment, b""))
            return image.size, str(image.format), text.strip("\0 ")
    except Exception as error:  # Pillow raises whatever its parsers stumble over
        reason = " ".join((str(error) or type(error).__name__).split())[:120]
        raise ValueError(f"cannot be read as a picture: {reason}") from None


def _number(name: str, text: str, most: int, *, whole: bool) -> str:
    try:
        value: float = int(text) if text.isdecimal() and text.isascii() else float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= most or (whole and value != int(value)):
        raise ValueError(f"holds a recipe with {name} {text[:40]!r}, expected a number from 0 to {most}")
    return str(int(value)) if whole else f"{value:g}"


@functools.lru_cache(maxsize=1)
def _grammar() -> Grammar:
    return load("diffusionfer")


def parts_of(prompt: str) -> dict[str, str]:
    """Return what a prompt asks for, by the sheet's columns. Raises ValueError where it is not of the grammar."""
    return dict(_grammar().parse(prompt))
