"""Hostile cards: nothing of them runs, fetches, covers the page or leads elsewhere, however they are written."""

from __future__ import annotations

import re

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.describe.test_preview import Elements, shown

HOSTILE = [
    "<script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    "<svg onload='window.ran = 1'><script>window.ran = 1</script></svg>",
    "<iframe src='https://evil.org'></iframe>",
    "<object data='https://evil.org'></object><embed src='https://evil.org'>",
    "<form action='https://evil.org'><input autofocus onfocus='window.ran = 1'><button>b</button></form>",
    "<style>@import url(https://evil.org/a.css); body { background: url(https://evil.org/b.png) }</style>",
    "<p style='position: fixed; inset: 0; background: url(https://evil.org/c.png)' class='notice'>over</p>",
    "<meta http-equiv='refresh' content='0; url=https://evil.org'>",
    "<base href='https://evil.org/'>",
    "<link rel='stylesheet' href='https://evil.org/d.css'>",
    "<img srcset='https://evil.org/e.png 1x' src='https://evil.org/f.png'>",
    "<picture><source srcset='https://evil.org/g.png'><img src='https://evil.org/h.png' alt='h'></picture>",
    "<video src='https://evil.org/i.mp4' poster='https://evil.org/j.png' autoplay></video>",
    "<table background='https://evil.org/k.png'><tr><td background='//evil.org/l.png'>x</td></tr></table>",
    "<body onload='window.ran = 1'><div onmouseover='window.ran = 1' onclick='window.ran = 1'>m</div>",
    "<math><mtext><table><mglyph><style><img src=x onerror='window.ran = 1'></style></mglyph></table></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=window.ran=1>'></noscript>",
    "<a href='javascript:window.ran = 1' ping='https://evil.org'>click me</a>",
    "[click me](javascript:window.ran=1) ![i](javascript:window.ran=1)",
    "<a title='<img src=x onerror=window.ran=1>' href='#x'>title</a>",
    "<template><script>window.ran = 1</script></template><slot onslotchange='window.ran = 1'></slot>",
    "</main></body></html><script>window.ran = 1</script>",
]


def assert_harmless(html: str) -> None:
    """Check that a text as the preview shows it has nothing in it that runs, fetches, covers or leads elsewhere."""
    for tag, attributes in Elements(html).found:
        assert tag in nh3.ALLOWED_TAGS, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in {"style", "srcset", "background", "ping", "action", "formaction", "poster"}, (tag, name)
            assert name != "src" or value.startswith("data:image/"), value
            assert name != "href" or re.match("#|https?:|mailto:", value, re.IGNORECASE), value
            assert name != "class" or value in {"wide", "note", "notice"}, value


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_does_not_survive(text: str) -> None:
    """Nothing that runs, fetches or covers the page is left of a hostile text."""
    assert_harmless(shown(f"# Card\n\nbefore {text} after\n\n{text}\n\nend\n"))


PIECES = st.one_of(
    st.text(max_size=10),
    st.sampled_from([*"<>\"'`=", "<!--", "-->", "<![CDATA[", "]]>", "\n\n", "&lt;", "&#10;", "</", "/>"]),
    st.sampled_from(["<img src=", "<a href=", " onerror=x ", "javascript:", "data:text/html,", "<p ", "![", "]("]),
    st.sampled_from(["<script>", "<style>", "<title>", "<textarea>", "<noscript>", "<xmp>", "<plaintext>"]),
    st.sampled_from(["<svg>", "<math>", "<table>", "<h2>", *HOSTILE]),
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_text_whatever_makes_a_page_that_acts(text: str) -> None:
    """However a card is written, nothing of it runs, fetches or leads elsewhere."""
    assert_harmless(shown(text))


@pytest.mark.parametrize("piece", ["<div>", "[", "> ", "*a **b ", "| a ", "`"])
def test_a_hostile_text_is_cut_where_it_would_take_long(piece: str) -> None:
    """A card of ten million characters is shown as far as it is parsed in seconds, and the page says so."""
    for end in ("", "\n"):
        html = shown("start\n\n" + f"{piece}{end}" * (9_000_000 // len(piece + end)))
        assert "The preview ends here" in html
        assert "start" in html
