"""Pictures of the preview: files beside the card put in, thumbnails of shards, and notes for whatever is neither."""

from __future__ import annotations

import base64
import io
import os
import re
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.describe.test_preview import Elements, shown
from tests.trees import png
from tools.describe.preview import body, pictures

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


BOMB = (
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")
)


@pytest.mark.parametrize("name", ["face.png", "a b.jpg", "deep/er/x.webp", "x.gif", "plot.svg"])
def test_pictures_beside_the_card_are_put_in(tmp_path: Path, name: str) -> None:
    """PNG, JPEG, WebP, GIF and SVG go in as they are, byte for byte, with their alternative text and size."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".svg":
        path.write_bytes(SVG)
    else:
        Image.new("RGB", (8, 6), "red").save(path)
    address = name.replace(" ", "%20")
    html = shown(
        f'![it "is"]({address}?raw=true#x)\n\n<img src="./{address}" alt="b" width="40" onload="x()">', tmp_path
    )
    first, second = Elements(html).of("img")
    media, content = first["src"].removeprefix("data:").split(";base64,")
    assert base64.b64decode(content) == path.read_bytes()
    assert media.removeprefix("image/").replace("+xml", "") in {path.suffix[1:], "jpeg"}
    assert first["alt"] == 'it "is"'
    assert second == {"src": first["src"], "alt": "b", "width": "40"}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://a.org/x.png", "remote picture, not fetched (https://a.org/x.png)"),
        ("//a.org/x.png", "remote picture, not fetched (//a.org/x.png)"),
        ("http://[x/y.png", "it has no address that a card may have"),
        ("gone.png", "picture not shown, there is no such file (gone.png)"),
        ("../secret.png", "picture not shown, it lies outside of the card's folder (../secret.png)"),
        ("%2e%2e/secret.png", "it lies outside of the card's folder"),
        ("/etc/passwd", "it lies outside of the card's folder"),
        ("link.png", "it lies outside of the card's folder"),
        ("circle.png", "picture not shown, it"),
        ("a%00b.png", "its name cannot be looked up"),
        ("folder", "it is no file"),
        ("pipe.png", "it is no file"),
        ("text.png", "it is no picture, expected PNG, JPEG, WebP, GIF or SVG"),
        ("broken.png", "it begins as a PNG and is none"),
        ("x.bmp", "it is a BMP, expected PNG, JPEG, WebP, GIF or SVG"),
        ("page.svg", "it is no picture"),
        ("entity.svg", "it is an SVG with entities of its own"),
        ("giant.png", "it has 10,485,761 bytes, more than 10,485,760"),
        ("bomb.png", "it claims 60,000 x 60,000 pixels"),
        ("data:image/png;base64,AAAA", "it has no address that a card may have"),
    ],
)
def test_other_pictures_become_a_note(tmp_path: Path, address: str, why: str) -> None:
    """What is remote, elsewhere, damaged, no picture or too large is named with its alternative text, and not shown."""
    folder = tmp_path / "card"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(png(1))
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "circle.png").symlink_to(folder / "circle.png")
    (folder / "text.png").write_text("text")
    (folder / "broken.png").write_bytes(png(1)[:20])
    Image.new("RGB", (8, 6)).save(folder / "x.bmp")
    (folder / "page.svg").write_text("<html><svg/></html>")
    (folder / "entity.svg").write_bytes(b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG)
    with (folder / "giant.png").open("wb") as file:
        file.truncate(10 * 2**20 + 1)
    (folder / "bomb.png").write_bytes(BOMB)
    if address == "pipe.png":
        os.mkfifo(folder / "pipe.png")
    for source in (f"![What & is]({address})", f'<img alt="What &amp; is" src="{address}">'):
        html = shown(source, folder)
        if html.startswith("<p>!["):  # Markdown takes no picture there
            continue
        assert not Elements(html).of("img")
        assert '<span class="note">What &amp; is: ' in html
        assert why.replace("'", "&#x27;") in html.replace("'", "&#x27;")


def test_pictures_have_a_limit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that shows one picture a thousand times does not make a page of gigabytes."""
    monkeypatch.setattr(body, "MOST_PICTURE_BYTES", 1000)
    (tmp_path / "x.svg").write_bytes(SVG)
    html = shown("![a](x.svg)\n" * 1000, tmp_path)
    assert 0 < len(Elements(html).of("img")) < 10
    assert "all pictures together have more than 1,000 bytes" in html


def test_a_picture_is_read_once_and_not_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often and however many pictures a card names: each is read once, up to a number, and none past it."""
    monkeypatch.setattr(body, "MOST_PICTURES", 3)
    read: list[str] = []

    def inlined(folder: Path, address: str) -> str:
        read.append(address)
        return pictures.inlined(folder, address)

    monkeypatch.setattr(body, "inlined", inlined)
    (tmp_path / "x.svg").write_bytes(SVG)
    html = shown("![a](x.svg) ![a](x.svg) ![a](1.png) ![a](1.png) ![a](2.png) ![a](3.png) ![a](x.svg)\n", tmp_path)
    assert read == ["x.svg", "1.png", "2.png"]
    assert len(Elements(html).of("img")) == 3
    assert html.count("there is no such file") == 3
    assert html.count("the pictures before it are as much as a page shows") == 1


def test_a_svg_with_a_doctype_is_a_picture(tmp_path: Path) -> None:
    """What other programs put before the root element does not keep an SVG out; UTF-16 is read, too."""
    head = '<?xml version="1.0"?><!-- c --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://a.org/svg11.dtd">'
    (tmp_path / "a.svg").write_bytes(head.encode() + SVG)
    (tmp_path / "b.svg").write_bytes(SVG.decode().encode("utf-16"))
    assert len(Elements(shown("![a](a.svg) ![b](b.svg)", tmp_path)).of("img")) == 2


def test_thumbnails_are_small_and_whole() -> None:
    """A picture of any mode becomes one of at most THUMBNAIL pixels a side, of its own shape."""
    for mode in ("RGB", "L", "P", "RGBA", "LA", "CMYK", "1"):
        buffer = io.BytesIO()
        Image.new(mode, (400, 200)).save(buffer, "TIFF" if mode == "CMYK" else "PNG")
        address = pictures.thumbnail(buffer.getvalue())
        small = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
        assert (small.format, small.size) == ("WEBP", (pictures.THUMBNAIL, pictures.THUMBNAIL // 2))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no picture"),
        (b"text", "is no picture"),
        (png(1)[:100], "is a PNG that cannot be decoded"),
        (BOMB, "claims 60,000 x 60,000 pixels; more than 89,478,485 are not decoded"),
    ],
)
def test_a_picture_that_cannot_be_shown_says_why(content: bytes, why: str) -> None:
    """What is no picture, damaged or a bomb is a ValueError in a few words."""
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        pictures.thumbnail(content)
