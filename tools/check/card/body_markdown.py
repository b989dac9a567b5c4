"""Reads the text of a card as Markdown: in goes a card, out comes its Body with the lines of the file.

Credentials are masked before anything else looks at the text, so that no message can quote one.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tools.check.card.body_text import IMAGE, LONGEST_LINE, LONGEST_TEXT, MOST_BRACKETS, Block, Body, Link, line_finder
from tools.check.card.read import Card
from tools.check.secrets import masked

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_HTML_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})\b([^<>]{0,4000})>")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,30})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_HTML_HEADING = re.compile(r"<h([1-6])\b[^<>\n]{0,400}>([^\n]{0,400}?)</h[1-6]>", re.IGNORECASE)


def read_body(card: Card) -> Body:
    """Read the text of a card; never raises for what it holds."""
    text = re.sub(r"\r\n?", "\n", masked(card.body)[: checked_length(card.body)])
    text = re.sub(r"[\ud800-\udfff]", "\ufffd", text)  # bytes that are not UTF-8 are another rule's
    body = Body(card, text.split("\n"), card.body_line)
    env: dict[str, Any] = {}
    source = "\n".join(line[:LONGEST_LINE] for line in body.lines)
    _Reader(body).read(_parser().parse(source, env))
    body.references.update(env.get("references", {}))
    return body


def checked_length(text: str) -> int:
    """Return how many characters of a text are checked: as many as are parsed in seconds."""
    brackets = itertools.islice(re.finditer(r"\[", text), MOST_BRACKETS, None)
    return min(LONGEST_TEXT, next((bracket.start() for bracket in brackets), len(text)))


def _placed(rule: Callable[[Any, bool], bool]) -> Callable[[Any, bool], bool]:
    """Return an inline rule of the parser that also notes where in its paragraph a token begins."""

    def run(state: Any, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        found = rule(state, silent)
        for token in state.tokens[count:]:
            token.meta.setdefault("at", start)
        return found

    return run


@functools.cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt, rules_inline

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for name in ("link", "image", "autolink", "html_inline"):
        parser.inline.ruler.at(name, _placed(getattr(rules_inline, name)))
    # Links are wanted as they stand: what a browser would refuse is for the rules to find.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


class _Reader:
    """Turns the tokens of the parser into the blocks, links and anchors of a Body."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.line = body.first_line
        self.heading = 0
        self.head: tuple[str, ...] = ()
        self.cells: list[str] | None = None
        self.slugs: Counter[str] = Counter()

    def read(self, tokens: list[Token]) -> None:
        """Add what the tokens say to the Body, in their order."""
        for token in tokens:
            if token.map:
                self.line = self.body.first_line + token.map[0]
            if token.type == "heading_open":
                self.heading = int(token.tag[1])
            elif token.type in ("fence", "code_block"):
                language = token.info.strip().split(maxsplit=1)[:1]
                inner = self.line + (token.type == "fence")
                name = language[0].lower() if language else ""
                self._add("code", token.content, inner, language=name)
            elif token.type == "html_block":
                self._html_block(token.content)
            elif token.type == "thead_open":
                self.head = ()
            elif token.type == "tr_open":
                self.cells = []
            elif token.type == "tr_close":
                self._row()
            elif token.type == "inline":
                self._inline(token)

    def _add(self, kind: str, text: str, line: int, **more: Any) -> None:
        self.body.blocks.append(Block(kind, text, line, **more))

    def _row(self) -> None:
        cells = tuple(self.cells or ())
        self.cells = None
        text = " | ".join(cells)
        self._add("row", text, self.line, cells=cells, head=self.head, said=text)
        self.head = self.head or cells

    def _inline(self, token: Token) -> None:
        text, said, label = self._plain(token)
        if self.cells is not None:
            self.cells.append(text.strip())
        elif self.heading:
            self._add_heading(self.heading, text)
            self.heading = 0
        else:
            self._add("text", text, self.line, label=label, said=said)

    def _add_heading(self, level: int, text: str) -> None:
        plain = text.replace(IMAGE, "").strip()
        self._add("heading", plain, self.line, level=level, said=plain)
        slug = slug_of(text)
        self.body.anchors.add(f"{slug}-{self.slugs[slug]}" if self.slugs[slug] else slug)
        self.slugs[slug] += 1

    def _plain(self, token: Token) -> tuple[str, str, str]:
        """Return the plain text of a paragraph, that without code, and the bold text that opens it; keep its links."""
        parts: list[str] = []
        said: list[str] = []
        opened: list[tuple[str, int, int]] = []
        line_at = line_finder(token.content, self.line)
        for child in token.children or []:
            line = line_at(child.meta.get("at", 0))
            if child.type == "link_open":
                opened.append((str(child.attrs.get("href", "")), line, len(parts)))
            elif child.type == "link_close" and opened:
                target, line, start = opened.pop()
                self.body.links.append(Link(target, "".join(parts[start:]), line))
            elif child.type == "image":
                self.body.links.append(Link(str(child.attrs.get("src", "")), child.content.strip() or None, line, True))
                parts.append(IMAGE)
            elif child.type == "html_inline":
                parts.append(" " if child.content.lower().startswith("<br") else "")
                self._tags(child.content, line)
            elif child.type in ("softbreak", "hardbreak"):
                parts.append("\n")
            elif child.type in ("text", "code_inline"):
                parts.append(child.content)
            new = parts[len(said) :]
            said += [" " * len(part) for part in new] if child.type == "code_inline" else new
        return "".join(parts), "".join(said), _label(token.children or [])

    def _html_block(self, content: str) -> None:
        content = without_comments(content)
        line = self.line
        for nth, text in enumerate(content.split("\n")):
            self.line = line + nth
            if heading := _HTML_HEADING.search(text):
                self._add_heading(int(heading[1]), _HTML_TAG.sub("", heading[2]))
                text = text[: heading.start()] + text[heading.end() :]
            plain = _HTML_TAG.sub(lambda tag: IMAGE if tag[2].lower() == "img" else " ", text).strip()
            if plain:
                self._add("html", plain, self.line, said=plain)
        self._tags(content, line)

    def _tags(self, html: str, line: int) -> None:
        line_at = line_finder(html, line)
        for tag in _HTML_TAG.finditer(html):
            attributes = {
                name.lower(): next((value for value in values if value), "")
                for name, *values in _ATTRIBUTE.findall(tag[3])
            }
            self.body.anchors.update(attributes[name] for name in ("id", "name") if attributes.get(name))
            place = line_at(tag.start())
            if tag[2].lower() == "img" and not tag[1]:
                alt = attributes.get("alt")
                self.body.links.append(Link(attributes.get("src", ""), alt, place, True))
            elif tag[2].lower() == "a" and "href" in attributes:
                self.body.links.append(Link(attributes["href"], "", place))


def _label(children: list[Token]) -> str:
    """Return the bold text that opens a paragraph."""
    texts = [child for child in children if child.type != "text" or child.content.strip()]
    if not texts or texts[0].type != "strong_open":
        return ""
    inner = itertools.takewhile(lambda child: child.type != "strong_close", texts)
    return "".join(child.content for child in inner if child.type in ("text", "code_inline")).strip()


def without_comments(html: str) -> str:
    """Return HTML with every comment replaced by its line ends."""
    parts = []
    position = 0
    while (start := html.find("<!--", position)) >= 0:
        end = html.find("-->", start + 4)
        end = len(html) if end < 0 else end + 3
        parts += [html[position:start], "\n" * html.count("\n", start, end)]
        position = end
    return "".join([*parts, html[position:]])


def slug_of(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and the Hub make it: lower case, no punctuation, hyphens for blanks."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
