"""Pictures as `data:` addresses: a file beside the card as it is, a picture of a shard as a thumbnail.

In go untrusted names and bytes; out come addresses, or a ValueError that says in a few words why there is none.
"""

from __future__ import annotations

import base64
import io
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

from tools.check.images.formats import READERS, format_of, too_large, too_many_scans

LARGEST_FILE = 10 * 2**20  # bytes: the figures of a card have some hundred thousand
THUMBNAIL = 192  # pixels of the longer side: twice what the page shows, for screens of double density
SHOWN_BY_BROWSERS = {"PNG": "image/png", "JPEG": "image/jpeg", "WebP": "image/webp", "GIF": "image/gif"}
_SVG_ROOT = "http://www.w3.org/2000/svg svg"


def is_remote(address: str) -> bool:
    """Say whether an address of a picture leads elsewhere than to a file: it has a scheme, or a host."""
    try:
        parts = urlsplit(address)
    except ValueError:  # a host that is none
        return True
    return bool(parts.scheme or parts.netloc)


def inlined(folder: Path, address: str) -> str:
    """Return the picture that an address names in a folder, or below it, as a `data:` address.

    Raises ValueError where it is not there, lies elsewhere (also by a link), is no picture of the kinds that browsers
    show, or is too large.
    """
    content = _read(_located(folder, unquote(urlsplit(address).path)))
    return _as_data(SHOWN_BY_BROWSERS.get(_checked_format(content), "image/svg+xml"), content)


def _located(folder: Path, name: str) -> Path:
    try:
        root = folder.resolve()
        path = (root / name).resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name with NUL
        raise ValueError("its name cannot be looked up") from None
    if not path.is_relative_to(root):
        raise ValueError("it lies outside of the card's folder")
    return path


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever
            raise ValueError("it is no file")
        if status.st_size > LARGEST_FILE:
            raise ValueError(f"it has {status.st_size:,} bytes, more than {LARGEST_FILE:,}")
        return path.read_bytes()
    except FileNotFoundError:
        raise ValueError("there is no such file") from None
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None


def _checked_format(content: bytes) -> str:
    """Return the format of a picture that browsers show."""
    name = format_of(content)
    if name is None:
        _refuse_other_than_svg(content)
        return "SVG"
    if name not in SHOWN_BY_BROWSERS:
        raise ValueError(f"it is a {name}, expected PNG, JPEG, WebP, GIF or SVG")
    try:
        with READERS[name](io.BytesIO(content)) as image:
            problem = too_large(*image.size)
    except Exception:  # Pillow raises many kinds for what is damaged
        raise ValueError(f"it begins as a {name} and is none") from None
    if problem:
        raise ValueError(f"it {problem}")
    return name


def _refuse_other_than_svg(content: bytes) -> None:
    """Raise ValueError for what is no SVG, or has entities of its own, which can stand for gigabytes."""
    roots: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, _: None if roots else roots.append(name)
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, UnicodeError, LookupError):
        roots.clear()
    if roots != [_SVG_ROOT]:
        raise ValueError("it is no picture, expected PNG, JPEG, WebP, GIF or SVG")


def _refuse_entity(*_: object) -> None:
    raise ValueError("it is an SVG with entities of its own")


def thumbnail(content: bytes) -> str:
    """Return a picture, made small, as a `data:` address. Raises ValueError where it cannot be decoded."""
    name = format_of(content)
    if name is None:
        raise ValueError("is no picture")
    try:
        with READERS[name](io.BytesIO(content)) as image:
            problem = too_large(*image.size)
            if name == "JPEG":
                problem = problem or too_many_scans(content, *image.size)
                image.draft("RGB", (THUMBNAIL, THUMBNAIL))  # decodes an eighth of the pixels where that is enough
            if problem is None:
                clear = image.mode.endswith(("A", "a")) or "transparency" in image.info
                picture = image.convert("RGBA" if clear else "RGB")
    except Exception:  # Pillow raises many kinds for what is damaged
        raise ValueError(f"is a {name} that cannot be decoded") from None
    if problem:
        raise ValueError(problem)
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=85)
    return _as_data("image/webp", buffer.getvalue())


def _as_data(media: str, content: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(content).decode()}"
