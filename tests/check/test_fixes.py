"""Mending files: byte-exact beside the edits, all or nothing, and until nothing is left to mend."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.check.findings import Edit, Finding, Rule
from tools.check.fixes import edited, mend, mend_file

RULE = Rule("XX001", "error", "a letter b")


@st.composite
def contents_and_edits(draw: st.DrawFn) -> tuple[bytes, list[Edit]]:
    """Draw bytes and edits of them that may touch each other."""
    content = draw(st.binary(max_size=30))
    spans = draw(
        st.lists(st.tuples(st.integers(0, len(content)), st.integers(0, 5), st.binary(max_size=4)), max_size=6)
    )
    return content, [Edit(start, content[start : start + length], new) for start, length, new in spans]


@given(contents_and_edits())
def test_edited_keeps_every_other_byte(given_: tuple[bytes, list[Edit]]) -> None:
    """Between the edits that were made each byte stays, whatever order they come in."""
    content, edits = given_
    result, made = edited(content, edits)
    assert (result, made) == edited(content, list(reversed(edits)))
    assert made <= len(set(edits))
    if len(edits) == 1:
        (edit,) = edits
        assert result == content[: edit.start] + edit.new + content[edit.end :]
    assert edited(content, []) == (content, 0)


def test_edits_that_touch_wait() -> None:
    """Of two edits of the same bytes the first is made; edits side by side are both made."""
    assert edited(b"abc", [Edit(0, b"ab", b"X"), Edit(1, b"bc", b"Y")]) == (b"Xc", 1)
    assert edited(b"abc", [Edit(0, b"a", b"X"), Edit(1, b"b", b"")]) == (b"Xc", 2)
    assert edited(b"abc", [Edit(0, b"", b"1"), Edit(0, b"", b"2")]) == (b"1abc", 1)


def test_a_file_that_changed_is_left_alone(tmp_path: Path) -> None:
    """Where the bytes are not those that were checked nothing is written."""
    file = tmp_path / "x"
    file.write_bytes(b"other")
    with pytest.raises(ValueError, match=r"^the file changed while it was checked, at byte 0: run the command again$"):
        mend_file(file, [Edit(0, b"a", b"b")])
    assert file.read_bytes() == b"other"
    assert list(tmp_path.iterdir()) == [file]


def test_rights_and_links_stay(tmp_path: Path) -> None:
    """A mended file has the rights that it had, and a link to it is still one."""
    file, link = tmp_path / "x", tmp_path / "link"
    file.write_bytes(b"ab")
    file.chmod(0o640)
    link.symlink_to(file)
    assert mend_file(link, [Edit(0, b"a", b"b")]) == 1
    assert file.read_bytes() == b"bb"
    assert file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new file cannot be put in place the old one stays, and nothing else."""
    file = tmp_path / "x"
    file.write_bytes(b"ab")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        mend_file(file, [Edit(0, b"a", b"b")])
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"ab"]


def test_mend_goes_on_until_nothing_is_left(tmp_path: Path) -> None:
    """Edits that touch are made in later rounds, those of other rules never; the number is that of all made."""
    file = tmp_path / "x"
    file.write_bytes(b"bbbc")

    def check() -> Iterator[Finding]:
        content = file.read_bytes()
        for at in range(content.count(b"bb")):
            yield RULE.at("x", "m", edit=Edit(at, b"bb", b"b"))
        yield Rule("XX002", "error", "c").at("x", "m", edit=Edit(len(content) - 1, b"c", b"d"))

    assert mend(file, check, {"XX001"}) == 2
    assert file.read_bytes() == b"bc"
    assert mend(file, check, {"XX001"}) == 0


def test_mend_ends(tmp_path: Path) -> None:
    """A rule that is never satisfied does not keep a command for ever."""
    file = tmp_path / "x"
    file.write_bytes(b"")
    assert mend(file, lambda: [RULE.at("x", "m", edit=Edit(0, b"", b"b"))], {"XX001"}) == 10


def test_a_link_out_of_its_folder_is_not_followed(tmp_path: Path) -> None:
    """A link that leaves its folder is refused, and what it leads to stays as it is."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_bytes(b"ab")
    (tmp_path / "in" / "x").symlink_to(tmp_path / "out")
    with pytest.raises(ValueError, match=r"in/x is a link that leaves its folder: mend the file itself$"):
        mend_file(tmp_path / "in" / "x", [Edit(0, b"a", b"b")])
    assert (tmp_path / "out").read_bytes() == b"ab"


def test_a_file_that_may_only_be_read_is_left_alone(tmp_path: Path) -> None:
    """Rights that a maintainer took away are not gone round."""
    file = tmp_path / "x"
    file.write_bytes(b"ab")
    file.chmod(0o444)
    with pytest.raises(ValueError, match="for it may only be read: give yourself the right to write it"):
        mend_file(file, [Edit(0, b"a", b"b")])
    assert file.read_bytes() == b"ab"
