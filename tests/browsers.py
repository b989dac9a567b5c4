"""Pages in a real browser, Debian's Chromium: opened at a width and in a scheme, and what must hold for each of them.

The browser itself is the fixture `browser` of conftest.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

WIDTHS = {"phone": 360, "desk": 1280}
SCHEMES = ("light", "dark")
# What a text is painted on is the nearest background that is not clear; ratios are those of WCAG 2.1.
CONTRASTS = """() => {
  const channels = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = rgb => rgb.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const back = element => {
    for (; element; element = element.parentElement) {
      const rgb = channels(getComputedStyle(element).backgroundColor);
      if (rgb.length == 3 || rgb[3] > 0) return rgb;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(back(element))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}"""
# What would act in a page whose policy let it, to stand somewhere in its main part.
ACTS = (
    "<script>window.ran = 1</script><img src='https://evil.org/x.png' onerror='window.ran = 1'>"
    "<p id='p' style='position: fixed'>x</p>"
)


@contextmanager
def opened(browser: Browser, address: str, width: str = "desk", scheme: str = "light") -> Iterator[Page]:
    """Open a page; when it has been looked at, nothing was fetched beside it, and the browser complained of nothing."""
    context = browser.new_context(
        viewport={"width": WIDTHS[width], "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    page.wait_for_timeout(100)
    assert {url for url in asked if not url.startswith("data:")} <= {address}
    assert complaints == []
    context.close()


def refuses_what_acts(browser: Browser, file: Path) -> None:
    """Assert that in a page with ACTS no script runs, no style of an element counts, and nothing is fetched."""
    context = browser.new_context()
    page = context.new_page()
    answered: list[str] = []
    page.on("response", lambda response: answered.append(response.url))
    page.goto(file.as_uri())
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert page.locator("#p").evaluate("p => getComputedStyle(p).position") == "static"
    assert not [url for url in answered if "evil" in url]
    context.close()
