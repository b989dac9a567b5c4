"""The text of a card as HTML: Markdown as the Hub reads it, sanitised, its pictures put in or replaced by a note.

In goes a card, which is untrusted; out comes HTML that runs nothing, fetches nothing and leads nowhere but to pages of
the web, to mail and to places of its own.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path

import nh3
from markdown_it import MarkdownIt

from tools.check.card.body_markdown import checked_length, slug_of
from tools.check.card.body_text import LONGEST_LINE
from tools.check.card.read import Card
from tools.describe.preview.pictures import inlined, is_remote

MOST_TAGS = 20_000  # HTML nested so deep takes a second, and ten times as deep a minute and a half
MOST_PICTURES = 500  # of a card, that are looked at
MOST_PICTURE_BYTES = 60 * 2**20  # of `data:` addresses: what a browser opens at once
LONGEST_ADDRESS = 120  # characters of a picture that is not shown
SCHEMES = {"http", "https", "mailto"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_LINK = re.compile(r"#|(?:https?|mailto):", re.IGNORECASE)
# What the Hub's cards use beyond nh3's own list, which has no class, no style, no form, no frame and no script.
_MORE_ATTRIBUTES = {
    "*": {"id", "title", "lang", "dir"},
    "a": {"name"},
    "details": {"open"},
    **{tag: {"align"} for tag in (*_HEADINGS, "p", "div")},
}
_ATTRIBUTES = {
    tag: (nh3.ALLOWED_ATTRIBUTES.get(tag, set()) | _MORE_ATTRIBUTES.get(tag, set())) - {"cite", "background"}
    for tag in {*nh3.ALLOWED_ATTRIBUTES, *_MORE_ATTRIBUTES}
}
_OUR_CLASSES = {"div": {"wide"}, "span": {"note"}}


def render_body(card: Card, folder: Path) -> str:
    """Return the text of a card as safe HTML; pictures are looked for in `folder` and below it."""
    text = re.sub(r"\r\n?", "\n", re.sub(r"[\ud800-\udfff]", "\ufffd", card.body))
    kept = text[: _shown_length(text)]
    lines = (line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} ..." for line in kept.split("\n"))
    # Once, so that what is changed below is well-formed; and once more afterwards, so that nothing rests on the change.
    clean = nh3.clean(_markdown("\n".join(lines)), attributes=_ATTRIBUTES, url_schemes=SCHEMES)
    changed = _Changed(folder)
    changed.feed(clean)
    changed.close()
    html = nh3.clean(
        changed.html(),
        attributes=_ATTRIBUTES,
        allowed_classes=_OUR_CLASSES,
        url_schemes=SCHEMES,
        attribute_filter=changed.filtered,
    )
    cut = len(text) - len(kept)
    return html + (f'<p class="notice">The preview ends here: {cut:,} more characters follow.</p>' if cut else "")


def _markdown(text: str) -> str:
    """Return Markdown as HTML; the alignment of a cell is an attribute, for styles do not survive."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("th_open", "td_open") and (style := token.attrs.pop("style", None)):
            token.attrSet("align", str(style).removeprefix("text-align:"))
    return str(parser.renderer.render(tokens, parser.options, {}))


def _shown_length(text: str) -> int:
    """Return how many characters of a text are shown: as many as are parsed in seconds."""
    tags = itertools.islice(re.finditer("<", text), MOST_TAGS, None)
    return min(checked_length(text), next((tag.start() for tag in tags), len(text)))


class _Changed(HTMLParser):
    """Well-formed HTML with anchors at its headings, tables in boxes that scroll, and pictures or notes for them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(convert_charrefs=False)
        self._folder = folder
        self._out: list[str] = []
        self._tables = 0
        self._heading: int | None = None  # where in `_out` the heading begins that is open
        self._words: list[str] = []
        self._slugs: Counter[str] = Counter()
        self._addresses: dict[str, str] = {}  # of pictures, by what stands for them until the last cleaning
        self._bytes_left = MOST_PICTURE_BYTES
        self._seen: dict[str, str | ValueError] = {}  # pictures by the address in the card

    def _data(self, address: str) -> str:
        """Return a picture as a `data:` address; none is read any more once there are too many, or too large ones."""
        if self._bytes_left <= 0 or (address not in self._seen and len(self._seen) >= MOST_PICTURES):
            raise ValueError("the pictures before it are as much as a page shows")
        if address not in self._seen:
            try:
                self._seen[address] = inlined(self._folder, address)
            except ValueError as problem:
                self._seen[address] = problem
        data = self._seen[address]
        if isinstance(data, ValueError):
            raise data
        if len(data) > self._bytes_left:
            self._bytes_left = 0
            raise ValueError(f"all pictures together have more than {MOST_PICTURE_BYTES:,} bytes")
        return data

    def html(self) -> str:
        """Return the HTML as changed; a picture has a name as its address."""
        return "".join(self._out)

    def filtered(self, tag: str, attribute: str, value: str) -> str | None:
        """Return what an attribute becomes: a picture gets its `data:` address, a link stays if it may lead there."""
        if attribute == "src":
            return self._addresses.get(value)
        if attribute == "href":
            return value if _LINK.match(value) else None
        return value

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass a tag on, or what takes its place."""
        text = self.get_starttag_text() or ""
        if tag == "img":
            text = self._picture({name: value or "" for name, value in attrs})
        elif tag == "table":
            text = text if self._tables else f'<div class="wide">{text}'
            self._tables += 1
        elif tag in _HEADINGS:
            self._heading, self._words = len(self._out), []
        self._out.append(text)

    def handle_endtag(self, tag: str) -> None:
        """Pass an end tag on; at that of a heading its anchor is known."""
        text = f"</{tag}>"
        if tag == "table":
            self._tables -= 1
            text = text if self._tables else f"{text}</div>"
        elif tag in _HEADINGS and self._heading is not None:
            self._anchor(self._heading, tag)
            self._heading = None
        self._out.append(text)

    def handle_data(self, data: str) -> None:
        """Pass text on."""
        self._words.append(data)
        self._out.append(data)

    def handle_entityref(self, name: str) -> None:
        """Pass an entity on."""
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Pass a character by its number on."""
        self.handle_data(f"&#{name};")

    def _anchor(self, place: int, tag: str) -> None:
        slug = slug_of(unescape("".join(self._words)))
        name = f"{slug}-{self._slugs[slug]}" if self._slugs[slug] else slug
        self._slugs[slug] += 1
        opening = self._out[place]
        if slug and " id=" not in opening:
            self._out[place] = f'<{tag} id="{escape(name)}"{opening[len(tag) + 1 :]}'

    def _picture(self, attributes: dict[str, str]) -> str:
        address, alt = attributes.get("src", ""), attributes.get("alt", "").strip()
        if is_remote(address):
            return _note(alt, "remote picture, not fetched", address)
        try:
            if not address:
                raise ValueError("it has no address that a card may have")
            data = self._data(address)
        except ValueError as problem:
            return _note(alt, f"picture not shown, {problem}", address)
        self._bytes_left -= len(data)
        name = f"picture-{len(self._addresses)}"
        self._addresses[name] = data
        kept = {"src": name, "alt": alt}
        for key in ("width", "height", "align", "title"):
            if key in attributes:
                kept[key] = attributes[key]
        words = " ".join(f'{key}="{escape(value)}"' for key, value in kept.items())
        return f"<img {words}>"


def _note(alt: str, what: str, address: str) -> str:
    """Return what stands in the place of a picture: its alternative text, why it is not there, and its address."""
    shown = address if len(address) <= LONGEST_ADDRESS else f"{address[:LONGEST_ADDRESS]}..."
    said = (f"{alt}: " if alt else "") + what + (f" ({shown})" if shown else "")
    return f'<span class="note">{escape(said)}</span>'
