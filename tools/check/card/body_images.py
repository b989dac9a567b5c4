"""Checks the alternative texts of the pictures of a card: missing, repeated, or at odds with the caption."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from typing import Any

from tools.check.card.body_text import IMAGE, Body, Link
from tools.check.card.rules_body import ALT_CONTRADICTS, ALT_MISSING, ALT_REPEATED
from tools.check.findings import Finding, quote

# The words for the seven emotions in captions, by the label; a header with class labels adds those.
EMOTIONS = {
    "neutral": "neutral",
    "happy": "happy",
    "happiness": "happy",
    "sad": "sad",
    "sadness": "sad",
    "surprise": "surprise",
    "surprised": "surprise",
    "fear": "fear",
    "afraid": "fear",
    "disgust": "disgust",
    "disgusted": "disgust",
    "angry": "angry",
    "anger": "angry",
}
_WORD = re.compile(r"[A-Za-z]{3,}")
_CAPTION = 40  # characters, and four words: a caption is no sentence


def missing_alt(body: Body) -> Iterator[Finding]:
    """Yield pictures without alternative text; an empty one in HTML (alt="") says that there is nothing to tell."""
    for link in body.links:
        if link.image and link.text is None:
            message = f"the picture {quote(link.target)} has no alternative text, expected what it shows"
            yield ALT_MISSING.at(body.name, message, line=link.line, value=link.target)


def repeated_alt(body: Body) -> Iterator[Finding]:
    """Yield pictures whose alternative text stood at another picture before."""
    seen: dict[str, Link] = {}
    for link in body.links:
        if not link.image or not link.text:
            continue
        before = seen.setdefault(link.text.casefold(), link)
        if before.target != link.target:
            message = (
                f"two pictures have the same alternative text, expected one each, got {quote(link.text)} here and on "
                f"line {before.line}"
            )
            yield ALT_REPEATED.at(body.name, message, line=link.line, value=link.text)


def contradicting_alt(body: Body) -> Iterator[Finding]:
    """Yield pictures that stand under the name of one class and are called by that of another.

    A class is a label of the header, an emotion, or a word that stands alone over a picture of the card.
    """
    lines = [block.line for block in body.blocks]
    captions = [(link, _caption(body, lines, link)) for link in body.links if link.image and link.text]
    if not any(caption for _, caption in captions):
        return
    known = dict(EMOTIONS)
    known.update({label: label for label in _labels(body.header)})
    for _, (caption, heading) in ((link, found) for link, found in captions if found):
        words = _WORD.findall(caption.lower())
        if len(words) == 1 and not heading:
            known.setdefault(words[0], words[0])
    for link, found in captions:
        if not found:
            continue
        shown = {known[word] for word in _WORD.findall(found[0].lower()) if word in known}
        called = {known[word] for word in _WORD.findall((link.text or "").lower()) if word in known}
        if len(shown) == 1 and len(called) == 1 and shown != called:
            (is_class,), (named,) = shown, called
            message = (
                f"the picture of the class {quote(is_class)} is called {quote(named)}: expected {quote(is_class)} in "
                f"its alternative text, as in the caption over it, got {quote(link.text)}"
            )
            yield ALT_CONTRADICTS.at(body.name, message, line=link.line, value=link.text)


def _caption(body: Body, lines: list[int], picture: Link) -> tuple[str, bool] | None:
    """Return the short text that stands over a picture, and whether that is a heading; `lines` are the blocks'."""
    above = bisect.bisect_left(lines, picture.line) - 1
    if above < 0 or body.blocks[above].kind not in ("heading", "text", "html"):
        return None
    *_, last = body.blocks[above].text.strip().split("\n")
    if IMAGE in last or not 3 <= len(last) <= _CAPTION or len(last.split()) > 4:
        return None
    return last, body.blocks[above].kind == "heading"


def _labels(value: Any, depth: int = 0) -> set[str]:
    """Return the names of the class labels in a header, in lower case, where they are words."""
    found: set[str] = set()
    if depth < 12 and isinstance(value, dict):
        label = value.get("class_label")
        names = label.get("names") if isinstance(label, dict) else None
        names = names.values() if isinstance(names, dict) else names if isinstance(names, list) else ()
        found.update(name.lower() for name in names if isinstance(name, str) and _WORD.fullmatch(name))
        if "configs" not in value or "dataset_info" in value:
            for key in ("dataset_info", "features", "dtype", "struct", "list", "sequence"):
                found |= _labels(value.get(key), depth + 1)
    elif depth < 12 and isinstance(value, list):
        for item in value[:1000]:
            found |= _labels(item, depth + 1)
    return found
