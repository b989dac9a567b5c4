"""The explorer in a real browser, Debian's Chromium: it shows the points, follows filters, and fetches nothing outside.

Each test opens the page of a tree or of shards and asks the browser what it sees.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Locator, Page, expect

from tests.use.explore.conftest import Serve
from tests.use.explore.faces import Row, tree

COUNT = 80
CENTRE = 69  # the row at valence 0, arousal 0: number 6 of the split test, beyond the first page of the table
HOSTILE = {
    "prompt": "<script>window.ran = 1</script><img src=x onerror='window.ran=1'> [click](javascript:alert(1)) {{7}}",
    "race": "https://evil.org/race",
    "age": "data:image/svg+xml,<svg onload='window.ran=1'/>",
    "gender": "<b onclick='window.ran = 1'>bold</b>",
    "style": "{{ value }} & &lt;i&gt;",
}
# What the viewer says of a machine without WebGPU, before it draws with WebGL.
WITHOUT_GPU = re.compile("WebGPU|GL Driver Message|No available adapters")


def edit(rows: list[Row]) -> None:
    """Give the rows a score, two genders, and one row in the middle whose values would act if they were let."""
    for number, row in enumerate(rows):
        row["gender"], row["clip_score"] = "man" if number % 4 else "woman", number / 100
    rows[CENTRE].update(HOSTILE, valence=0.0, arousal=0.0)


@pytest.fixture
def address(serve: Serve, tmp_path: Path) -> str:
    """Where the page of the edited tree is."""
    return serve(tree(tmp_path, edit, COUNT)).address


@dataclass
class Seen:
    """A page, and what its browser asked for."""

    page: Page
    asked: list[str] = field(default_factory=list)

    @property
    def pictures(self) -> set[str]:
        """The pictures that were asked for, as SPLIT/ROW."""
        return {url.partition("/pictures/")[2] for url in self.asked if "/pictures/" in url}

    def hover_centre(self) -> Locator:
        """Move the mouse to the middle of the points; return the picture of the tooltip."""
        box = self.page.locator("canvas").first.bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        picture = self.page.get_by_alt_text("test/6", exact=True)
        for step in range(40):  # the viewer asks its database where the mouse rests
            self.page.mouse.move(x + step % 2, y)
            self.page.wait_for_timeout(100)
            if picture.count():
                break
        return picture


@contextmanager
def opened(browser: Browser, address: str, width: int = 1280, scheme: str = "light") -> Iterator[Seen]:
    """Open a page; when it has been looked at, nothing came from outside and the browser complained of nothing."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.set_default_timeout(120_000)
    page = context.new_page()
    seen = Seen(page)
    complaints: list[str] = []
    context.on("request", lambda request: seen.asked.append(request.url))
    context.on("page", lambda other: complaints.append(f"a page opened: {other.url}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.goto(address)
    expect(page.get_by_text(f"{COUNT} points", exact=True)).to_be_visible(timeout=120_000)
    page.locator("canvas").first.wait_for()
    yield seen
    page.wait_for_timeout(100)
    assert [text for text in complaints if not WITHOUT_GPU.search(text)] == []
    assert [url for url in seen.asked if not url.startswith((address, "data:", f"blob:{address}"))] == []
    context.close()


def chosen(page: Page) -> int:
    """Return how many points are chosen, as the head of the page says."""
    return int(re.findall(r"(\d+)\s*/\s*\d+ points", page.locator("body").inner_text())[0])


def test_points_charts_and_pictures_are_there(browser: Browser, address: str) -> None:
    """The emotions are the colours, each filter has its chart, and the table shows pictures that have loaded."""
    with opened(browser, address) as seen:
        page = seen.page
        assert page.title().startswith("small_original · ")
        text = page.locator("body").inner_text()
        for name in ("emotion", "split", "race", "age", "gender", "style", "clip_score", "valence", "arousal"):
            assert re.search(rf"(?m)^{name}$", text), name
        view = page.locator("canvas").first.bounding_box()
        assert view
        for end in ("valence 1", "valence −1", "arousal 1", "arousal −1"):  # at first, all of the square is in view
            expect(page.get_by_text(end, exact=True)).to_be_visible()
            label = page.get_by_text(end, exact=True).bounding_box()
            assert label
            assert view["x"] <= label["x"] <= label["x"] + label["width"] <= view["x"] + view["width"]
            assert view["y"] <= label["y"] <= label["y"] + label["height"] <= view["y"] + view["height"]
        expect(page.get_by_alt_text("train/0", exact=True)).to_be_visible()
        page.wait_for_timeout(500)
        sizes = page.evaluate(
            "[...document.images].filter(i => i.alt.includes('/')).map(i => [i.naturalWidth, i.width])"
        )
        assert sizes
        assert {natural for natural, _ in sizes} <= {0, 64}  # 0: below the fold, not yet loaded
        assert all(width <= 120 for _, width in sizes)
        shot = Image.open(io.BytesIO(page.locator("canvas").first.screenshot())).convert("RGB")
        assert len(shot.getcolors(2**20) or []) > 100


def test_the_picture_of_a_point_is_fetched_when_it_is_looked_at(browser: Browser, address: str) -> None:
    """The point in the middle is beyond the table's page: its picture comes with its tooltip, and only then."""
    with opened(browser, address) as seen:
        seen.page.get_by_alt_text("train/0", exact=True).wait_for()
        before = seen.pictures
        assert "test/6" not in before
        assert len(before) <= 50
        picture = seen.hover_centre()
        expect(picture).to_be_visible()
        seen.page.wait_for_timeout(500)
        assert picture.evaluate("image => image.naturalWidth") == 64
        assert "test/6" in seen.pictures


def test_values_are_text(browser: Browser, address: str) -> None:
    """Markup, scripts, links, addresses of pictures and templates in a row are shown as they stand, and do nothing."""
    with opened(browser, address) as seen:
        page = seen.page
        around = "xpath=ancestor::div[contains(., 'prompt') and contains(., 'image_id')][1]"
        tooltip = seen.hover_centre().locator(around)
        shown = tooltip.inner_text()
        for value in HOSTILE.values():
            assert value in shown
        assert tooltip.locator("a, script, b, svg, audio").count() == 0
        assert tooltip.locator("img").count() == 1
        assert page.evaluate("window.ran") is None
        assert page.locator("a[href*=evil], img[src*=svg\\+xml][src*=onload]").count() == 0
        assert page.url.startswith(address)


def test_charts_filter_each_other(browser: Browser, address: str) -> None:
    """A click on a value and a brush over a score leave the points of both; what is chosen is what the table shows."""
    with opened(browser, address) as seen:
        page = seen.page
        assert chosen(page) == COUNT
        page.get_by_role("button", name=re.compile("^woman")).first.click()
        expect(page.get_by_text(re.compile(r"^20 points$"))).to_be_visible()
        assert chosen(page) == 20
        title = page.get_by_text("clip_score", exact=True).last  # the first is the head of a column of the table
        chart = title.locator("xpath=following::*[name()='svg'][.//*[name()='rect']][1]")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.5)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5, steps=8)
        page.mouse.up()
        page.wait_for_timeout(1000)
        assert 0 < chosen(page) < 20
        page.keyboard.press("Escape")
        expect(page.get_by_text(f"{COUNT} points", exact=True)).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light"), (360, "dark")])
def test_the_page_fits_and_follows_the_scheme(browser: Browser, address: str, width: int, scheme: str) -> None:
    """It never scrolls sideways, is light or dark as the system is, and a tooltip stays within the window."""
    with opened(browser, address, width, scheme) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        shot = Image.open(io.BytesIO(seen.page.screenshot())).convert("L")
        assert (ImageStat.Stat(shot).median[0] > 127) == (scheme == "light")
        box = seen.hover_centre().bounding_box()
        assert box
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width


def test_the_policy_keeps_the_page_in(browser: Browser, address: str) -> None:
    """Were the viewer made to fetch from elsewhere or to run text as code, its policy would refuse."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    answered: list[str] = []
    page.on("response", lambda response: answered.append(response.url))
    failed = "fetch('https://example.org/').then(() => 'fetched', error => 'refused')"
    assert page.evaluate(failed) == "refused"
    page.evaluate(
        "['script', 'img', 'iframe'].forEach(name => document.body.append("
        "Object.assign(document.createElement(name), {src: 'https://example.org/'})))"
    )
    page.evaluate("document.body.insertAdjacentHTML('beforeend', `<img src=x onerror='window.ran = 1'>`)")
    assert page.evaluate("(() => { try { return setTimeout('window.ran = 1', 0), 1 } catch { return 2 } })()")
    page.wait_for_timeout(500)
    assert page.evaluate("window.ran") is None
    assert not [url for url in answered if "example.org" in url]
    context.close()
