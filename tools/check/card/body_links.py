"""Finds links and pictures in a card that cannot be right, as far as that shows offline."""

from __future__ import annotations

import html
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.check.card.body_text import Body, line_finder
from tools.check.card.read import Card
from tools.check.card.rules_body import (
    ANCHOR_UNKNOWN,
    FILE_UNKNOWN,
    IMAGE_PAGE,
    LINK_BROKEN,
    LINK_LOCAL,
    REFERENCE_UNKNOWN,
)
from tools.check.findings import Edit, Finding, quote

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{0,30}):")
_HTTP_MEANT = re.compile(r"h{0,2}t{1,3}p{1,2}s{0,2}")  # and is not http or https: a slip of the keys
_SLASHES = re.compile(r"https?(?://?;|;//|//|:/(?!/)|:(?!/))", re.IGNORECASE)
_MAIL = re.compile(r"[^@\s/:?#]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-zA-Z]{2,24}")
_SITE = re.compile(
    r"(?:[a-z0-9-]{1,63}\.){1,6}(?:com|org|net|edu|gov)(?:[/?#].*)?|www\.(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}(?:[/?#].*)?"
    r"|(?:[a-z0-9-]{1,63}\.){1,6}(?:io|ai|de|fr|uk|eu|cn|jp)/.*"
)
_HOST = re.compile(r"[^\s,;!'\"()|*]+")
_TEMPLATE = re.compile(r"[{}<>$]|%7B|%7D", re.IGNORECASE)  # https://host/{name} is an example, and not to be judged
_MACHINE = re.compile(r"(?:/(?:home|Users|root|mnt|tmp|var)/|[A-Za-z]:[\\/]|~/|\\\\)")
_LOCAL_HOST = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[?::1\]?)", re.IGNORECASE)
_FILE_PAGE = re.compile(r"https?://(?:www\.)?github\.com/[^/?#]+/[^/?#]+/blob/", re.IGNORECASE)
_DRIVE = re.compile(r"https?://(?:drive\.google\.com/|docs\.google\.com/uc\?|(?:www\.)?dropbox\.com/)", re.IGNORECASE)
_REFERENCE = re.compile(r"(?<![\w\]\)!\\])\[(\w[^\[\]\n]{0,200})\]\[(\w[^\[\]\n]{0,100})\]")


def broken_links(body: Body) -> Iterator[Finding]:
    """Yield links to nothing, malformed addresses, and sites and mail addresses without their scheme."""
    for link in body.links:
        target = html.unescape(link.target).strip()
        problem, mended = _broken(target, body.card.folder)
        if problem:
            what = "picture" if link.image else "link"
            message = f"the {what} {problem}" + (f", got {quote(target)}" if target else "")
            hint = f"write {quote(mended)}" if mended else ""
            edit = _edit(body.card, link.line, target, mended) if mended else None
            yield LINK_BROKEN.at(body.name, message, hint, line=link.line, value=target, edit=edit)


def _broken(target: str, folder: Path | None) -> tuple[str | None, str | None]:
    """Return what is wrong with a target, if anything, and the target that was surely meant, if that is known."""
    if not target:
        return "leads nowhere, expected a target", None
    if _TEMPLATE.search(target) or target.startswith(("#", "data:")):
        return None, None
    if _MAIL.fullmatch(target):
        return "leads to a file of that name, expected mailto: before a mail address", f"mailto:{target}"
    scheme = _SCHEME.match(target)
    name = scheme[1].lower() if scheme else ""
    if name == "mailto":
        addresses = unquote(target[7:]).split("?")[0].split(",")
        wrong = not all(_MAIL.fullmatch(address.strip()) for address in addresses)
        return ("has no mail address behind mailto:" if wrong else None), None
    if _SLASHES.match(target):
        return "has an address that no browser reads, expected https:// before the host", None
    if name and name not in ("http", "https") and _HTTP_MEANT.fullmatch(name):
        return "has a scheme that does not exist, expected https", f"https{target[len(name) :]}"
    if name in ("http", "https"):
        return _broken_address(target), None
    if not name and _SITE.fullmatch(target.lower()) and not (folder and _exists(folder, target)):
        return "leads to a file of that name, expected https:// before a site", f"https://{target}"
    return None, None


def _broken_address(address: str) -> str | None:
    if re.match(r"https?://https?[:/]", address, re.IGNORECASE):
        return "names its scheme twice, expected one"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"has an address that cannot be read ({quote(error)}), expected https://host/path"
    if not host:
        return "has no host, expected https://host/path"
    if _LOCAL_HOST.fullmatch(host) or ":" in host:
        return None
    if not _HOST.fullmatch(host) or "." not in host.strip("."):
        return "has a host that is none, expected one such as huggingface.co"
    return None


def _edit(card: Card, line: int, old: str, new: str) -> Edit | None:
    """Return the edit of a target in parentheses, where it stands once on its line."""
    start = card.lines[line - 1]
    end = card.lines[line] if line < len(card.lines) else len(card.text)
    text = card.text[start:end]
    if text.count(f"]({old})") != 1:
        return None
    place = start + text.index(f"]({old})") + 2
    return Edit(card.offset_at(place), old.encode(), new.encode())


def unknown_anchors(body: Body) -> Iterator[Finding]:
    """Yield the links within the card that no heading answers; how many hyphens an anchor has is not judged."""
    known = {_loose(anchor) for anchor in body.anchors} | {"top"}
    for link in body.links:
        target = html.unescape(link.target).strip()
        anchor = unquote(target[1:])
        if target.startswith("#") and anchor and not link.image and _loose(anchor) not in known:
            message = f"the link to {quote(target)} leads nowhere, expected the anchor of a heading"
            yield ANCHOR_UNKNOWN.at(body.name, message, line=link.line, value=target)


def _loose(anchor: str) -> str:
    return anchor.lower().removeprefix("user-content-").replace("-", "")


def unknown_files(body: Body) -> Iterator[Finding]:
    """Yield relative links to files that the folder of the card does not hold; nothing outside it is looked at."""
    folder = body.card.folder
    seen: set[str] = set()
    for link in body.links if folder else ():
        target = unquote(re.split(r"[?#]", html.unescape(link.target).strip(), maxsplit=1)[0])
        if not target or target in seen or _SCHEME.match(target) or target.startswith(("/", "\\", "~")):
            continue
        if _TEMPLATE.search(target) or _MAIL.fullmatch(target) or _SITE.fullmatch(target.lower()):
            continue  # not a file that is missing, but an example, or an address without its scheme
        seen.add(target)
        if posixpath.normpath(target).split("/")[0] == "..":
            message = f"the link to {quote(target)} leads out of the folder, expected a file in the repository"
            yield FILE_UNKNOWN.at(body.name, message, line=link.line, value=target)
        elif folder and not _exists(folder, target):
            message = f"the link to {quote(target)} leads to no file of the folder, expected one that is there"
            yield FILE_UNKNOWN.at(body.name, message, line=link.line, value=target)


def _exists(folder: Path, target: str) -> bool:
    try:
        within = posixpath.normpath(target)
        return not within.startswith(("..", "/")) and os.path.lexists(folder / within)
    except (OSError, ValueError):  # too long a name, NUL in it, no right to look: not proven to be missing
        return True


def local_links(body: Body) -> Iterator[Finding]:
    """Yield links that only work on the machine of the author."""
    for link in body.links:
        target = html.unescape(link.target).strip()
        try:
            host = urlsplit(target).hostname or ""
        except ValueError:
            continue
        local = target.lower().startswith(("http:", "https:")) and _LOCAL_HOST.fullmatch(host)
        if local or target.lower().startswith("file:") or _MACHINE.match(target):
            message = f"the link to {quote(target)} leads to the machine of its author, expected an address for anyone"
            yield LINK_LOCAL.at(body.name, message, line=link.line, value=target)


def picture_pages(body: Body) -> Iterator[Finding]:
    """Yield pictures whose address is a page about a file, or a drive that shares one."""
    for link in body.links:
        target = html.unescape(link.target).strip()
        if not link.image or not _shared(target):
            continue
        message = f"the picture {quote(target)} is not served as a picture for long, expected a file of the repository"
        yield IMAGE_PAGE.at(body.name, message, line=link.line, value=target)


def _shared(target: str) -> bool:
    if _FILE_PAGE.match(target):
        return "raw=" not in target
    return bool(_DRIVE.match(target)) and "raw=1" not in target


def unknown_references(body: Body) -> Iterator[Finding]:
    """Yield reference links without a definition, where the card shows that they are meant as links.

    That is so where it defines another reference, or where the text is of two words or more; [X][Y] is left alone.
    """
    for block in body.blocks:
        line_at = line_finder(block.said, block.line)
        for match in _REFERENCE.finditer(block.said) if block.kind != "code" else ():
            if not body.references and " " not in match[1].strip():
                continue
            if not re.search(r"[a-z]{2}|\d", match[2]):
                continue
            message = f"the reference {quote(match[2])} is used and not defined, expected [{match[2]}]: and its address"
            yield REFERENCE_UNKNOWN.at(body.name, message, line=line_at(match.start()), value=match[2])
