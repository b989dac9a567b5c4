"""A small writer of SVG: a panel that is light or dark as its reader prefers, with text, lines and shapes on it.

In go shapes in pixels of a panel 720 wide; out come bytes that depend on nothing else. Every colour has a name; the
light one stands on the shape itself and the dark one in a style sheet, so that a reader without style sheets still
sees a whole figure. What a sheet says may stand in any text: the XML writer escapes it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence

WIDTH = 720  # units of every panel; a page shows it some 750 pixels wide, a phone 360
SHOWN = 800  # pixels that every figure is wide where it stands alone: a page narrower than that shows all alike
MARGIN = 26
# On a phone half of that: 13, 11 and 9.5 pixels.
LARGE, MEDIUM, SMALL = 26, 22, 19
# One family with the metrics of Helvetica on nearly every system, so that `text_width` holds.
FONT = "Helvetica, Arial, 'Liberation Sans', Roboto, sans-serif"

# Name: the colour on the light panel, and on the dark one. Letters have a contrast of at least 4.5
# to 1 on their panel (WCAG 2.2, 1.4.3), and classes that are neighbours on the circle differ in lightness as well as in
# hue, so that those who see fewer hues can tell them apart; the tests say by how much.
COLOURS = {
    "panel": ("#fcfcfa", "#161a20"),
    "edge": ("#dfdfda", "#343a44"),
    "ink": ("#1d2430", "#eceef1"),
    "quiet": ("#5c6470", "#a5adb8"),
    "line": ("#c9ccd0", "#454c58"),
    "bar": ("#2f6690", "#79b8e6"),
    "bar2": ("#8fb3cc", "#4a7899"),
    "bar3": ("#c6d7e2", "#33506a"),
    "neutral": ("#4d535c", "#8d949c"),
    "happy": ("#8a6a00", "#fabf15"),
    "sad": ("#0b5fdf", "#5a8aff"),
    "surprise": ("#028177", "#66f0de"),
    "fear": ("#931593", "#c08ad6"),
    "disgust": ("#1f5c36", "#b2ed97"),
    "angry": ("#d13f09", "#f0692f"),
}
# In thousandths of the size, the regular face of Helvetica: Adobe's font metrics of the 14 core fonts (Helvetica.afm).
_WIDTHS = {
    191: "'", 222: "ijl", 260: "|", 278: " !,./:;[]\\ftI", 333: "()-`r", 334: "{}", 355: '"', 389: "*", 469: "^",
    500: "ckvxyszJ", 584: "+<=>~−", 611: "FTZ", 667: "&ABEKPSVXY", 722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%",
    944: "W", 1000: "…", 1015: "@",
}  # fmt: skip
_WIDTH_OF = {character: width for width, characters in _WIDTHS.items() for character in characters}
_USUAL = 556  # digits and most small letters
BOLD = 1.07  # how much wider bold text is, at the most
# What XML 1.0 does not allow, even escaped (section 2.2, Char).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(text: str) -> str:
    """Return `text` on one line, with U+FFFD for each character that XML does not allow."""
    return _FORBIDDEN.sub("\ufffd", " ".join(text.split()))


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return how wide `text` is in the family of the figures, in units; of other than Latin letters an estimate."""
    total = sum(_WIDTH_OF.get(character, _USUAL if character < "\u0250" else 1000) for character in text)
    return total * size / 1000 * (BOLD if bold else 1)


def shortened(text: str, size: float, room: float, bold: bool = False) -> str:
    """Return `text`, on one line, cut with an ellipsis where it is wider than `room`."""
    text = plain(text)[:1000]
    if text_width(text, size, bold) <= room:
        return text
    while text and text_width(text + "…", size, bold) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(words: Iterable[str], size: float, room: float) -> list[str]:
    """Return lines of words, each no wider than `room` unless one word is."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def number(value: float) -> str:
    """Return a coordinate to a tenth, without a needless point, nor a minus before zero."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


class Canvas:
    """A panel of a given height on which shapes are drawn in order; `title` and `says` are read to those who listen."""

    def __init__(self, height: float, title: str, says: str) -> None:
        self._used: set[tuple[str, str]] = set()
        shown = {"width": number(SHOWN), "height": number(height * SHOWN / WIDTH)}
        size = {**shown, "viewBox": f"0 0 {WIDTH} {number(height)}"}
        self._root = ET.Element(
            "svg", {"xmlns": "http://www.w3.org/2000/svg", **size, "role": "img", "aria-labelledby": "t d",
                    "font-family": FONT, "fill": "none"},
        )  # fmt: skip
        ET.SubElement(self._root, "title", {"id": "t"}).text = plain(title)
        ET.SubElement(self._root, "desc", {"id": "d"}).text = plain(says)
        self._style = ET.SubElement(self._root, "style")
        self.rectangle(0.5, 0.5, WIDTH - 1, height - 1, "panel", radius=10, edge="edge")

    def _add(self, tag: str, attributes: dict[str, str], fill: str = "", stroke: str = "") -> ET.Element:
        """Add an element painted with named colours."""
        names = [(kind, name) for kind, name in (("fill", fill), ("stroke", stroke)) if name]
        self._used.update(names)
        classes = " ".join(f"{kind[0]}-{name}" for kind, name in names)
        paint = {kind: COLOURS[name][0] for kind, name in names}
        return ET.SubElement(self._root, tag, {**attributes, **({"class": classes} if classes else {}), **paint})

    def rectangle(
        self, x: float, y: float, width: float, height: float, colour: str, *, radius: float = 0, edge: str = "",
        opacity: float = 1,
    ) -> None:  # fmt: skip
        """Draw a rectangle filled with `colour` ("": not filled), with round corners and an edge where asked for."""
        place = {"x": number(x), "y": number(y), "width": number(width), "height": number(height)}
        place |= {"rx": number(radius)} if radius else {}
        place |= {"fill-opacity": f"{opacity:.2f}"} if opacity < 1 else {}
        self._add("rect", place, colour, edge)

    def circle(self, x: float, y: float, radius: float, fill: str = "", edge: str = "", width: float = 1) -> None:
        """Draw a circle."""
        place = {"cx": number(x), "cy": number(y), "r": number(radius)}
        self._add("circle", {**place, **({"stroke-width": number(width)} if edge else {})}, fill, edge)

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float = 1, dashes: str = "") -> None:
        """Draw a line through points."""
        path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
        style = {"stroke-width": number(width), **({"stroke-dasharray": dashes} if dashes else {})}
        self._add("path", {"d": path, **style}, stroke=colour)

    def dots(self, points: Iterable[tuple[float, float]], colour: str, diameter: float, opacity: float) -> None:
        """Draw a cloud of dots as one path, to the half unit: a dot is a line of no length with round ends.

        Dots on one place are one dot; the steps between them are whole numbers, some nine bytes a dot.
        """
        x, y, steps = 0, 0, []
        for to_x, to_y in sorted({(round(2 * px), round(2 * py)) for px, py in points}):
            steps.append(f"m{to_x - x}{'' if to_y < y else ' '}{to_y - y}h0")
            x, y = to_x, to_y
        style = {"stroke-linecap": "round", "stroke-width": number(2 * diameter), "stroke-opacity": f"{opacity:.2f}"}
        self._add("path", {"transform": "scale(.5)", "d": "".join(steps), **style}, stroke=colour)

    def text(
        self, x: float, y: float, text: str, size: float, colour: str = "ink", *, anchor: str = "start",
        bold: bool = False, halo: bool = False,
    ) -> None:  # fmt: skip
        """Write a line of text whose baseline is at `y`; `halo` keeps what lies under it away from its letters."""
        self.texts(x, y, [(text, colour, bold)], size, anchor=anchor, halo=halo)

    def texts(
        self, x: float, y: float, parts: Sequence[tuple[str, str, bool]], size: float, *, anchor: str = "start",
        halo: bool = False,
    ) -> None:  # fmt: skip
        """Write a line of parts (text, colour, bold); where each begins is the reader's font's matter."""
        place = {"x": number(x), "y": number(y), "font-size": number(size)}
        place |= {} if anchor == "start" else {"text-anchor": anchor}
        around = {"paint-order": "stroke", "stroke-width": "5", "stroke-linejoin": "round"} if halo else {}
        single = len(parts) == 1
        weight = {"font-weight": "bold"} if single and parts[0][2] else {}
        line = self._add("text", {**place, **weight, **around}, parts[0][1] if single else "", "panel" if halo else "")
        if single:
            line.text = _spaced(parts[0][0])
            return
        for text, colour, bold in parts:
            self._used.add(("fill", colour))
            style = {"font-weight": "bold"} if bold else {}
            span = ET.SubElement(line, "tspan", {"class": f"f-{colour}", "fill": COLOURS[colour][0], **style})
            span.text = _spaced(text)

    def bytes(self) -> bytes:
        """Return the SVG, an element a line."""
        dark = "".join(f".{kind[0]}-{name}{{{kind}:{COLOURS[name][1]}}}" for kind, name in sorted(self._used))
        self._style.text = f"@media (prefers-color-scheme:dark){{{dark}}}"
        self._root.text = "\n"
        for element in self._root:
            element.tail = "\n"
        return ET.tostring(self._root, encoding="utf-8") + b"\n"


def _spaced(text: str) -> str:
    """Return `text` for one line; blanks at its ends, which part it from its neighbours, stay."""
    inner = plain(text)
    return f"{' ' if text[:1] == ' ' else ''}{inner}{' ' if inner and text[-1:] == ' ' else ''}"
