"""The preview in a real browser, Debian's Chromium: it loads whole, fetches nothing, and reads well.

Each test opens a page from a file, or from the server of the preview, and asks the browser what it sees.
"""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser

from tests.browsers import ACTS, CONTRASTS, SCHEMES, WIDTHS, opened, refuses_what_acts
from tests.check.repos import write_published
from tests.describe.test_preview_hostile import HOSTILE
from tests.environments import ROOT
from tests.trees import png
from tools.describe.preview.page import render_page, write_page
from tools.describe.preview.serve import PreviewServer

CONFIGS = ("small_original", "small_cropped", "emonet_hq", "emonet_binary", "emonet_big")


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of small configs, and a card that names them."""
    folder = tmp_path_factory.mktemp("shards")
    write_published(tmp_path_factory.mktemp("raw"), folder, CONFIGS)
    return folder


@pytest.fixture(scope="module")
def own(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of this project's own card, with rows of small shards."""
    out = tmp_path_factory.mktemp("own") / "page.html"
    write_page(render_page(ROOT / "README.md", shards, 5), out)
    return out


@pytest.fixture(scope="module")
def nested(shards: Path) -> Path:
    """The page of the card that names all configs, those of EmoNet among them."""
    out = shards / "page.html"
    write_page(render_page(shards / "README.md", shards, 5), out)
    return out


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a card with all that is wide: tables, code, pictures, addresses and words without an end."""
    folder = tmp_path_factory.mktemp("rich")
    Image.new("RGB", (2000, 300), "teal").save(folder / "wide.png")
    (folder / "plot.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="1500" height="100"><rect width="1500" height="100"/></svg>'
    )
    row = "| " + " | ".join(f"column{number}" for number in range(20)) + " |\n"
    (folder / "README.md").write_text(
        "---\npretty_name: " + "Name" * 30 + "\ntags:\n- " + "tag" * 30 + "\n---\n"
        "# Rich\n\n[down](#the-end)\n\n" + row + "| ---: |" + " --- |" * 19 + "\n" + row * 3 + "\n"
        "![a](wide.png) ![b](plot.svg) <img src='wide.png' width='3000' alt='c'>\n\n"
        "![remote](https://a.org/" + "x" * 300 + ".png) [l](docs/x.md)\n\n"
        "```python\n" + "x = 1; " * 60 + "\n```\n\nhttps://a.org/" + "y" * 300 + " `" + "z" * 200 + "`\n\n"
        "> quoted `code` [link](https://a.org)\n\n" + "- item\n" * 80 + "\n<details><summary>s</summary>\n\n"
        "inner\n\n</details>\n\n## The end\n\nlast\n"
    )
    out = folder / "page.html"
    write_page(render_page(folder / "README.md", folder, 5), out)
    return out


@pytest.mark.parametrize("name", ["own", "nested", "rich"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_reads_well(
    browser: Browser, request: pytest.FixtureRequest, name: str, width: str, scheme: str, tmp_path: Path
) -> None:
    """Every picture loads, the page never scrolls sideways, and every text stands out from what it is painted on."""
    path: Path = request.getfixturevalue(name)
    with opened(browser, path.as_uri(), width, scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        pictures = page.evaluate("[...document.images].map(image => [image.naturalWidth, image.alt])")
        assert name == "own" or pictures
        assert all(size > 0 for size, _ in pictures), pictures
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
        assert page.evaluate("Math.max(...[...document.images].map(image => image.offsetWidth), 0)") <= 800
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 20
        assert not [found for found in contrasts if found[0] < 4.5]
        shot = Image.open(io.BytesIO(page.screenshot(path=tmp_path / "shot.png"))).convert("L")
        assert len(shot.getcolors() or []) > 20
        assert (ImageStat.Stat(shot).median[0] > 127) == (scheme == "light")


def test_headings_tables_and_rows_are_there(browser: Browser, own: Path, nested: Path) -> None:
    """The own card shows its sections; each config has a table with pictures, and closed ones open on a click."""
    with opened(browser, own.as_uri()) as page:
        assert page.locator("main h1").inner_text() == "DiffusionFER"
        assert page.locator("main h2").count() >= 5
        assert page.locator("header .chip", has_text="Image Classification").is_visible()
    with opened(browser, nested.as_uri()) as page:
        assert page.locator(".config > summary").all_inner_texts() == list(CONFIGS)
        assert page.locator(".viewer:visible img").count() == 5
        page.get_by_text("emonet_binary", exact=True).last.click()
        assert page.get_by_text("emotion: Helplessness").is_visible()


def test_wide_things_scroll_in_their_own_boxes(browser: Browser, rich: Path) -> None:
    """On a phone a table of twenty columns and a long line of code can be scrolled, and pictures shrink."""
    with opened(browser, rich.as_uri(), "phone") as page:
        for box in (".wide", "pre"):
            inner, outer = page.locator(box).first.evaluate("box => [box.scrollWidth, box.clientWidth]")
            assert inner > outer
            assert outer <= 360
        widths = page.evaluate("[...document.images].map(image => image.offsetWidth)")
        assert len(widths) == 3
        assert all(200 < width <= 360 for width in widths)


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_are_read_line_by_line_not_letter_by_letter(browser: Browser, own: Path, width: str) -> None:
    """No table of the own card is squeezed: rows stay low, the columns' table is no tower, and words are whole."""
    with opened(browser, own.as_uri(), width) as page:
        tables = page.locator("main .wide table").evaluate_all(
            "all => all.map(t => ({name: t.rows[0].cells[0].innerText, height: t.offsetHeight,"
            " row: Math.max(...[...t.rows].map(row => row.offsetHeight)),"
            " cell: Math.max(...[...t.querySelectorAll('th, td')].map(cell => cell.offsetWidth))}))"
        )
        assert len(tables) >= 10
        limit = WIDTHS[width] * 0.75 + 1 if width == "phone" else 385
        assert all(table["row"] <= 160 and table["cell"] <= limit for table in tables), tables
        (columns,) = [table for table in tables if table["name"] == "column"]
        assert columns["height"] < 1400


def test_numbers_are_aligned_as_the_card_says(browser: Browser, rich: Path) -> None:
    """A column that Markdown aligns to the right is so on the page, its head included."""
    with opened(browser, rich.as_uri()) as page:
        places = "cells => cells.map(cell => getComputedStyle(cell).textAlign)"
        for kind in ("th", "td"):
            assert page.locator(f"main {kind}").evaluate_all(places)[:2] == ["right", "left"]


def test_links_within_the_page_lead_there(browser: Browser, rich: Path) -> None:
    """A link to a heading brings it into view; a link to a file of the repository is no link."""
    with opened(browser, rich.as_uri()) as page:
        page.get_by_text("down").click()
        assert page.url.endswith("#the-end")
        assert page.locator("#the-end").evaluate("heading => heading.getBoundingClientRect().bottom < innerHeight")
        assert page.evaluate("scrollY") > 500
        assert page.locator("main a").evaluate_all("all => all.map(a => a.getAttribute('href'))") == [
            *("#the-end", None, "https://a.org")
        ]


def test_a_hostile_card_does_nothing(browser: Browser, tmp_path: Path) -> None:
    """No script runs, no request is made, nothing covers the page and it stays where it is, whatever is clicked."""
    (tmp_path / "x").write_bytes(png(1))
    (tmp_path / "script.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="90" height="90" '
        'onload="top.ran = 1"><script>top.ran = 1; fetch("https://evil.org/s")</script>'
        '<image x:href="https://evil.org/t.png" width="9" height="9"/><style>@import url(https://evil.org/u.css);</style>'
        '<rect width="90" height="90"/></svg>'
    )
    text = "\n\n".join(HOSTILE[:-2]) + "\n\n![svg](script.svg)\n\n" + "\n\n".join(HOSTILE[-2:])
    header = "pretty_name: </title><script>window.ran = 1</script>\ntags:\n- <img src=x onerror='window.ran = 1'>\n"
    (tmp_path / "README.md").write_text(f"---\n{header}---\n# Hostile\n\n{text}\n")
    write_page(render_page(tmp_path / "README.md", tmp_path, 5), tmp_path / "page.html")
    address = (tmp_path / "page.html").as_uri()
    with opened(browser, address) as page:
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        assert page.locator("img[alt=svg]").count() == 1
        links = page.get_by_text("click me", exact=True)
        for number in range(links.count()):
            links.nth(number).click()
        page.wait_for_timeout(300)
        assert page.url == address
        assert page.evaluate("window.ran") is None
        assert page.locator("script, iframe, form, input, object, embed, video, base, [style], [onclick]").count() == 0
        places = "all => all.map(one => getComputedStyle(one).position)"
        assert set(page.locator("main *").evaluate_all(places)) == {"static"}


def test_the_policy_alone_stops_what_would_act(browser: Browser, tmp_path: Path) -> None:
    """Were the text not sanitised, the policy of the page would still keep scripts, pictures and styles out."""
    (tmp_path / "README.md").write_text("# Card\n\nMARK\n")
    page_text = render_page(tmp_path / "README.md", tmp_path, 5)
    (tmp_path / "page.html").write_text(page_text.replace("MARK", ACTS))
    refuses_what_acts(browser, tmp_path / "page.html")


def test_the_server_shows_what_the_card_says_now(browser: Browser, tmp_path: Path) -> None:
    """A reload shows a card as it has become; the page asks for nothing else, not even for an icon."""
    card = tmp_path / "README.md"
    card.write_text("# First\n")
    with PreviewServer(lambda: render_page(card, tmp_path, 5)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            with opened(browser, server.address) as page:
                assert page.locator("h1").inner_text() == "First"
                card.write_text("# Second\n")
                page.reload()
                assert page.locator("h1").inner_text() == "Second"
        finally:
            server.shutdown()
            thread.join()
