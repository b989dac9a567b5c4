"""Blocks between markers are replaced, and nothing else of a text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.describe.blocks.markers import MarkerError, marked, replace_blocks

TEXT = """Prose.

<!-- rendered: a -->
old
<!-- end: a -->
Between, with `<!-- rendered: a -->` in a line.
<!-- rendered: b -->
<!-- end: b -->
After, without a line end"""


def test_blocks_are_replaced_where_they_stand() -> None:
    """Old content goes, new content comes, and every other byte stays; None leaves a block as it is."""
    replaced = replace_blocks(TEXT, {"a": "new\n", "b": "| x |\n", "c": "of no use here\n"})
    assert replaced == TEXT.replace("old\n", "new\n").replace("<!-- end: b", "| x |\n<!-- end: b")
    assert replace_blocks(TEXT, {"a": None, "b": None}) == TEXT


def test_line_ends_are_those_of_the_text() -> None:
    """A card with CRLF gets blocks with CRLF."""
    replaced = replace_blocks(TEXT.replace("\n", "\r\n"), {"a": "x\ny\n", "b": ""})
    assert replaced == TEXT.replace("old", "x\ny").replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n<!-- rendered: a -->\n", "block 'a' does not end: write <!-- end: a --> on a line of its own"),
        ("\n<!-- end: a -->\n", "line 2: block 'a' ends without a line <!-- rendered: a --> before it"),
        (TEXT + "\n<!-- rendered: a -->\n<!-- end: a -->", "line 10: block 'a' stands twice: keep one of them"),
        (
            "<!-- rendered: a -->\n<!-- rendered: b -->\n<!-- end: b -->\n<!-- end: a -->",
            "line 2: block 'b' begins within block 'a': end that one first",
        ),
        (
            "<!-- rendered: a -->\n<!-- end: b -->",
            "line 2: block 'b' ends without a line <!-- rendered: b --> before it",
        ),
        *(
            (f"\n{line}\n", f"line 2: '{line}' is no marker: write <!-- rendered: NAME --> or <!-- end: NAME -->")
            for line in ("<!--rendered: a-->", " <!-- rendered: a -->", "<!-- Rendered: a -->", "<!-- end: a --> x")
        ),
        ("<!-- rendered: x -->\n<!-- end: x -->", "line 1: no block is called 'x'; there are a, b"),
    ],
)
def test_markers_that_do_not_belong_together_are_refused(text: str, message: str) -> None:
    """The error names the line, the block and the way out."""
    with pytest.raises(MarkerError) as raised:
        replace_blocks(text, {"a": "", "b": ""})
    assert str(raised.value) == message


BLOCK = st.text(st.sampled_from("ab|`<!->\n ")).map(lambda text: text.replace("<!--", "") + "\n")


@given(BLOCK, BLOCK)
def test_replacing_twice_is_replacing_once(a: str, b: str) -> None:
    """What was rendered stands between its markers, and rendering again changes nothing."""
    blocks: dict[str, str | None] = {"a": a, "b": b}
    once = replace_blocks(TEXT, blocks)
    assert {name: once[slice(*place)] for name, place in marked(once, blocks).items()} == blocks
    assert replace_blocks(once, blocks) == once
