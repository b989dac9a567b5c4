"""Findings as a person reads them: sorted, in 80 columns, and without anything that a terminal would obey."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.check.findings import Finding, Rule, quote, visible
from tools.check.report import Report, render_text

ERROR, WARNING = Rule("XX001", "error", "an error"), Rule("XX002", "warning", "a warning")
TEXT = st.text(st.characters(), max_size=80)


def test_render_text_sorts_groups_and_counts() -> None:
    """Findings are sorted by file, row, column and rule; what has no row comes first; the last line counts them."""
    findings = [
        WARNING.at("b.csv", "late", "mend it", row=10),
        ERROR.at("b.csv", "early", "mend it", row=9, column="z"),
        WARNING.at("b.csv", "earlier", "mend it", row=9, column="a"),
        ERROR.at("b.csv", "first", "mend it"),
        ERROR.at("a.png", "of another file", "mend it"),
    ]
    assert render_text(Report(findings)) == render_text(Report(reversed(findings)))
    assert sorted(findings)[0].file == "a.png"
    lines = [line for line in render_text(Report(findings)).splitlines() if "hint:" not in line]
    assert lines == [
        "a.png", "  error XX001: of another file", "",
        "b.csv", "  error XX001: first", "  row 9: warning XX002: earlier", "  row 9: error XX001: early",
        "  row 10: warning XX002: late", "", "3 errors, 2 warnings in 2 files",
    ]  # fmt: skip
    assert render_text(Report()) == "no problem found\n"
    assert render_text(Report(findings[:1])).endswith("\n1 warning in 1 file\n")


@given(TEXT, TEXT, TEXT)
def test_render_text_shows_only_what_is_printable(file: str, message: str, hint: str) -> None:
    """Whatever a sheet or an archive holds, the text has no control character, no change of direction, no surrogate."""
    text = render_text(Report([Finding("XX001", "error", file, 2, None, None, message, hint)]))
    assert all(character.isprintable() or character == "\n" for character in text)
    text.encode()


def test_long_values_are_shortened() -> None:
    """A value of a megabyte takes a line of a message, and a message of any length takes a few."""
    assert quote("x" * 10**6) == f"'{'x' * 64}'... (1,000,000 characters)"
    assert quote("\x1b[2J\n") == r"'\x1b[2J\n'"
    assert quote(None) == "'None'"
    assert len(visible("y" * 10**6)) <= 480
    assert visible("a\u202eb\ud800") == r"a\u202eb\ud800"
