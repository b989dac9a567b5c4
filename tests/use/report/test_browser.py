"""The report in a real browser, Debian's Chromium: it loads whole, fetches nothing, reads well and obeys the keyboard.

The page is that of a damaged tree, with everything that is wide, long or hostile, beside what was published before.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser

from tests.browsers import ACTS, CONTRASTS, SCHEMES, WIDTHS, opened, refuses_what_acts
from tests.publish.published import publication
from tests.publish.pushing import REPO
from tests.use.report.damaged import HOSTILE, damage
from tests.use.report.test_report import SECTIONS, made

# Where the focus is, after a key: what it is on, by its address or its text.
FOCUSED = """() => {
  const on = document.activeElement;
  const style = getComputedStyle(on);
  return [on.tagName, on.getAttribute('href') || on.textContent.trim().slice(0, 30), style.outlineStyle,
    parseFloat(style.outlineWidth)];
}"""
OPEN_ALL = "document.querySelectorAll('details').forEach(details => details.open = true)"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page on a damaged tree."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "published").mkdir()
    with publication(folder / "published") as published:
        damage(published, folder / "data")
        made(folder / "data", folder / "report.html", "--against", REPO)
        yield folder / "report.html"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_reads_well(browser: Browser, page_file: Path, width: str, scheme: str, tmp_path: Path) -> None:
    """Every picture loads, the page never scrolls sideways, and every text stands out from what it is painted on."""
    with opened(browser, page_file.as_uri(), width, scheme) as page:
        page.evaluate(OPEN_ALL)
        pictures = page.evaluate("[...document.images].map(image => [image.naturalWidth, image.alt])")
        assert len(pictures) > 40
        assert all(size > 0 and alt for size, alt in pictures), pictures
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
        outside = (
            "all => all.filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML)"
        )
        assert page.locator("main :not(.wide *):not(svg *)").evaluate_all(outside) == []
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 200
        assert not [found for found in contrasts if found[0] < 4.5]
        shot = Image.open(io.BytesIO(page.screenshot(path=tmp_path / "shot.png"))).convert("L")
        assert (ImageStat.Stat(shot).median[0] > 127) == (scheme == "light")


def test_figures_follow_the_scheme(browser: Browser, page_file: Path) -> None:
    """The figures are dark where the page is."""
    brightness = {}
    for scheme in SCHEMES:
        with opened(browser, page_file.as_uri(), "desk", scheme) as page:
            shot = page.locator("figure img").first.screenshot()
            brightness[scheme] = ImageStat.Stat(Image.open(io.BytesIO(shot)).convert("L")).median[0]
    assert brightness["dark"] < 64 < 192 < brightness["light"]


def test_landmarks_and_headings(browser: Browser, page_file: Path) -> None:
    """One header, navigation, main part and footer; each section has its heading as name; no level is left out."""
    with opened(browser, page_file.as_uri()) as page:
        for role in ("banner", "navigation", "main", "contentinfo"):
            assert page.get_by_role(role).count() == 1, role
        names = page.locator("main > section").evaluate_all(
            "all => all.map(one => one.getAttribute('aria-labelledby'))"
        )
        assert names == [f"{name}-title" for name in SECTIONS]
        for name in names:
            assert page.locator(f"#{name}").count() == 1
        levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(one => +one.tagName[1])")
        assert levels[:2] == [1, 2]
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        assert page.evaluate("document.documentElement.lang") == "en"


def test_every_anchor_and_group_is_reached_by_tab(browser: Browser, page_file: Path) -> None:
    """Tab goes to each link, each group of findings and each table that scrolls, shows where it is, and Enter opens."""
    with opened(browser, page_file.as_uri(), "phone") as page:
        links = page.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        groups = page.locator("summary").count()
        reached = []
        for _ in range(len(links) + groups + page.locator(".wide").count()):
            page.keyboard.press("Tab")
            reached.append(page.evaluate(FOCUSED))
        assert [name for tag, name, *_ in reached if tag == "A"] == links == [f"#{name}" for name in SECTIONS]
        assert sum(tag == "SUMMARY" for tag, *_ in reached) == groups > 8
        assert all(style == "solid" and width >= 2 for _, _, style, width in reached), reached
        closed = page.locator("details:not([open]) > summary").first
        closed.focus()
        page.keyboard.press("Enter")
        assert page.locator("details[open]").count() == min(groups, 8) + 1
        page.locator("a[href='#changes']").focus()
        page.keyboard.press("Enter")
        assert page.url.endswith("#changes")
        assert page.locator("#changes").evaluate("one => Math.abs(one.getBoundingClientRect().top) < innerHeight")


def test_hostile_text_is_shown_and_does_nothing(browser: Browser, page_file: Path) -> None:
    """No script runs and there is none; the prompt stands there as it is, its controls spelled out."""
    with opened(browser, page_file.as_uri()) as page:
        page.evaluate(OPEN_ALL)
        assert page.evaluate("window.ran") is None
        acts = (
            "script, iframe, form, input, object, embed, video, base, [style], [onclick], [onerror], link[href^=http]"
        )
        assert page.locator(acts).count() == 0
        assert page.title() == "DiffusionFER: report before a release"
        assert page.get_by_text(HOSTILE[:30]).count() >= 1
        assert page.get_by_text("\\u202e\\x07WWW").count() >= 1
        assert page.locator("bdi", has_text="\u05e9\u05dc\u05d5\u05dd").count() >= 1


def test_the_policy_alone_stops_what_would_act(browser: Browser, page_file: Path, tmp_path: Path) -> None:
    """Were a text not escaped, the policy of the page would still keep scripts, pictures and styles out."""
    text = page_file.read_text(encoding="utf-8").replace("<main>", f"<main>{ACTS}")
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    refuses_what_acts(browser, tmp_path / "page.html")


def test_print_shows_what_is_closed(browser: Browser, page_file: Path) -> None:
    """On paper the groups that are closed on the screen are there, too."""
    with opened(browser, page_file.as_uri()) as page:
        if not page.evaluate("CSS.supports('selector(::details-content)')"):
            pytest.skip("this Chromium is older than ::details-content")
        height = "document.querySelector('details:not([open])').offsetHeight"
        on_screen = page.evaluate(height)
        page.emulate_media(media="print")
        assert page.evaluate(height) > 2 * on_screen
