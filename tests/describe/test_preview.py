"""The preview of a card as text: header as tags, Markdown, the command and its errors."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.environments import ROOT
from tools.check.card.body_markdown import read_body
from tools.check.card.read import read_card
from tools.describe.preview.body import render_body
from tools.describe.preview.chips import MOST_CHIPS, name_of, render_chips
from tools.describe.preview.page import render_page
from tools.preview import main

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


class Elements(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of each element of a kind."""
        return [attributes for name, attributes in self.found if name == tag]


def shown(text: str, folder: Path = Path("nowhere")) -> str:
    """Return the text of a card as the preview shows it."""
    return render_body(read_card("README.md", text.encode("utf-8", "surrogateescape"), folder), folder)


def test_markdown_is_shown_as_the_hub_shows_it() -> None:
    """Headings, tables, code, strikethrough, lists and the HTML that cards use are there."""
    html = shown(
        "# One `two`\n\n| a | b |\n| --- | ---: |\n| 1 | ~~2~~ |\n\n- x\n\n```python\n1 < 2\n```\n\n"
        '<details open><summary>More</summary>\n\n**bold**\n\n</details>\n\n<p align="center">mid<br>dle</p>\n'
    )
    assert '<h1 id="one-two">One <code>two</code></h1>' in html
    assert '<div class="wide"><table>' in html
    assert '<th>a</th>\n<th align="right">b</th>' in html
    assert html.count("<s>") + html.count("<del>") == 1
    assert "<li>x</li>" in html
    assert "<pre><code>1 &lt; 2\n</code></pre>" in html
    assert '<details open=""><summary>More</summary>' in html
    assert "<strong>bold</strong>" in html
    assert '<p align="center">mid<br>dle</p>' in html


def test_anchors_are_those_that_the_linter_knows() -> None:
    """Headings get the anchors of GitHub and the Hub, also of a text that comes twice or is HTML."""
    text = (
        "# A & b\n\n## Same\n\n## Same\n\n## [Link](https://a.org) `code`\n\n<h2>By hand</h2>\n\n<h3 id='own'>x</h3>\n"
    )
    ids = [attributes["id"] for name, attributes in Elements(shown(text)).found if re.fullmatch("h[1-6]", name)]
    assert ids == ["a--b", "same", "same-1", "link-code", "by-hand", "own"]
    assert set(ids) <= read_body(read_card("README.md", text.encode())).anchors


def test_links_lead_to_the_web_to_mail_and_within() -> None:
    """Other links, and those to files beside the card, are text."""
    html = shown(
        "[a](https://a.org/?b=1&c=2) [b](mailto:b@c.de) [c](#c) [d](docs/d.md) [e](/etc/passwd) [f](//evil.org)\n"
        "[g](../g.md) <a href='javascript:x()'>h</a> <a href='data:text/html,x'>i</a>"
        " <a href='java&#10;script:x'>j</a>\n"
        "<a href='file:///etc/passwd'>k</a> <a href='vbscript:x'>l</a> <a href=' https://a.org'>m</a>"
    )
    found = [attributes.get("href") for attributes in Elements(html).of("a")]
    assert found[:3] == ["https://a.org/?b=1&c=2", "mailto:b@c.de", "#c"]
    assert {href for href in found[3:] if href} <= {"https://a.org"}
    assert all(f">{letter}</a>" in html for letter in "abcdefghijklm")


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    """A card with such bytes is shown; they are marks of replacement, and the page is UTF-8."""
    html = shown("a \udcff b\r\n\r\nc")
    assert html == "<p>a \ufffd b</p>\n<p>c</p>\n"


def test_the_header_is_shown_as_tags() -> None:
    """Tasks, languages, size, configs, tags and licence are chips, under their old names, too."""
    html = render_chips(
        {
            "license": "cc0-1.0",
            "task_categories": ["text-to-image", "image-classification"],
            "languages": {"a": ["en"], "b": ["de", 7]},
            "size_categories": ["1K<n<10K"],
            "tags": ["a <b>", None, {"c": 1}, True, " "],
            "configs": [{"config_name": "small"}, {"config_name": 3}, "x"],
            "dataset_info": [],
        }
    )
    rows = re.findall(r"<dt>(.*?):</dt> <dd>(.*?)</dd>", html)
    assert {title: re.findall('<span class="chip">(.*?)</span>', chips) for title, chips in rows} == {
        "Tasks": ["Text-to-Image", "Image Classification"],
        "Languages": ["en", "de", "7"],
        "Size": ["1K - 10K"],
        "Subsets": ["small"],
        "Tags": ["a &lt;b&gt;"],
        "License": ["cc0-1.0"],
    }


def test_tags_have_limits() -> None:
    """Thousands of tags, or tags of thousands of characters, are cut."""
    html = render_chips({"tags": ["x" * 1000] * 1000})
    assert html.count("chip") <= MOST_CHIPS + 2
    assert "and more" in html
    assert len(html) < 10_000
    assert render_chips({}) == ""


def test_the_name_is_the_pretty_one() -> None:
    """A card without a pretty name, or with one that is no text, is a dataset card."""
    assert name_of({"pretty_name": " Faces "}) == "Faces"
    assert name_of({"pretty_name": ["a"]}) == name_of({"pretty_name": " "}) == name_of({}) == "Dataset card"


def test_the_page_has_a_policy_and_no_script(tmp_path: Path) -> None:
    """The page forbids by itself all but its own style and the pictures that it holds."""
    (tmp_path / "README.md").write_text("---\npretty_name: A <b>\n---\n# Card\n")
    page = render_page(tmp_path / "README.md", tmp_path, 5)
    assert "<script" not in page
    assert "<title>A &lt;b&gt;</title>" in page
    policy = next(meta["content"] for meta in Elements(page).of("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")


def test_a_card_without_a_header_says_so(tmp_path: Path) -> None:
    """The Hub shows such a card with a warning, and so does the preview."""
    (tmp_path / "README.md").write_text("# Card\n")
    page = render_page(tmp_path / "README.md", tmp_path, 5)
    assert "The card has no header" in page
    assert '<h1 id="card">' in page


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Run the command; return its exit status, what it said, and what it said on the side."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"---\nlicense: [\n---\n# Card\n", "README.md: the header cannot be read: "),
        (
            b"---\n- a\n---\n# Card\n",
            "README.md: the header cannot be read: the header is a list, expected keys with values",
        ),
        (
            b"---\nlicense: mit\n# Card\n",
            "README.md: the header is not closed, expected a line of three dashes below it",
        ),
        (b"", "README.md: the card is empty"),
        (b"a\0b", "README.md: the card holds NUL bytes"),
        (b"x" * (10**7 + 1), "README.md: the card has more than 10,000,000 bytes"),
    ],
)
def test_a_card_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes, why: str) -> None:
    """One clear line, exit status 2, and no page."""
    (tmp_path / "README.md").write_bytes(content)
    status, out, error = run("--card", tmp_path, "--shards", tmp_path, "--out", tmp_path / "page.html")
    assert (status, out) == (2, "")
    assert error.startswith(f"error: {why}")
    assert error.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


def test_no_card_and_no_place_for_the_page_are_errors(tmp_path: Path) -> None:
    """A missing card, an out that is a folder, a file for a folder, or the card itself: one line, status 2."""
    card = tmp_path / "README.md"
    status, _, error = run("--card", card)
    assert (status, error) == (2, f"error: {card} is not there: give the card, or the folder that it is in\n")
    card.write_text("# Card\n")
    for out, why in [
        (tmp_path, f"{tmp_path} is not a regular file"),
        (card / "page.html", "cannot be written: "),
        (card, f"{card} is the card itself: give --out another file"),
    ]:
        status, _, error = run("--card", card, "--out", out)
        assert status == 2
        assert error.startswith("error: ")
        assert why in error
        assert error.count("\n") == 1
    assert card.read_text() == "# Card\n"
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """It makes the folder of the page, replaces what was there, and says how large it is."""
    (tmp_path / "README.md").write_text("# Card\n")
    out = tmp_path / "new" / "page.html"
    for _ in range(2):
        status, said, _ = run("--card", tmp_path, "--out", out)
        assert (status, said) == (0, f"{out}: {out.stat().st_size:,} bytes\n")
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]


def test_options_that_exclude_each_other() -> None:
    """--serve writes no file, and only it has a port."""
    assert "--serve writes no file" in run("--serve", "--out", "x.html")[2]
    assert "--port goes with --serve" in run("--port", "8000")[2]


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/rules.md"])
def test_the_projects_own_documents_are_shown(name: str, tmp_path: Path) -> None:
    """Every heading that the linter sees in a document of this project is an anchor of its page."""
    page = render_page(ROOT / name, tmp_path, 5)
    anchors = {attributes["id"] for _, attributes in Elements(page).found if "id" in attributes}
    known = read_body(read_card(name, (ROOT / name).read_bytes())).anchors
    assert known <= anchors


def test_real_cards_are_shown(shared: Path, tmp_path: Path) -> None:
    """Cards of the Hub give a page with their headings."""
    cards = sorted((shared / "cards").rglob("*.md"))
    assert len(cards) > 20
    for path in cards:
        page = render_page(path, tmp_path, 5)
        known = read_body(read_card(path.name, path.read_bytes())).anchors
        anchors = {attributes["id"] for _, attributes in Elements(page).found if "id" in attributes}
        assert len(known & anchors) >= 0.9 * len(known), (path.name, known - anchors)
