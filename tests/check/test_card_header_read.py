"""Reading a card: places in it, its fences as huggingface_hub has them, and that no bytes whatever make it raise."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED
from tests.environments import ROOT
from tools.check.card import tree
from tools.check.card.check import check_card
from tools.check.card.header_check import header_findings
from tools.check.card.read import LARGEST_CARD, read_card
from tools.check.findings import Finding
from tools.check.fixes import edited
from tools.check.report import Report, render_json, render_text

ROUNDS = 10


def findings_of(content: bytes) -> list[Finding]:
    """Return what is wrong with the header of a card, each finding proven to be printable and in the file."""
    card = read_card("README.md", content)
    findings = list(header_findings(card))
    assert render_text(Report(findings))
    assert render_json(Report(findings)).encode()
    assert card.unreadable or card.bytes_of(0, len(card.text)) == content
    assert all(finding.line is None or 1 <= finding.line <= len(card.lines) for finding in findings)
    for finding in findings:
        if finding.edit:
            assert content[finding.edit.start : finding.edit.end] == finding.edit.old
    return findings


def mended(content: bytes) -> bytes:
    """Return a card as `--fix` leaves it."""
    for _ in range(ROUNDS):
        edits = [finding.edit for finding in findings_of(content) if finding.edit]
        if not edits:
            return content
        content, _ = edited(content, edits)
    raise AssertionError("the edits never end")


PIECES = (
    *("---", "--- ", "\ufeff---", "- a", "  - ", ": ", ":", "key", "languages:", "license:", "language: no", "tags:"),
    *("configs:", "- config_name: a", "  data_files:", "  - split: train", "    path: '**/*'", "dataset_info:"),
    *("  features:", "  - name: x", "&a", "*a", "<<: *a", "[", "]", "{", "}", "'", '"', "!!int", "!!binary", "? "),
    *("#", "%YAML 1.2", "...", "\t", "\r", "\n", "\0", "\u2028", "\x85", "1:30", "2022-13-45", ".inf", "~", "-1"),
    "    dtype:\n      class_label:\n        names:\n          '0': a",
    "size_categories: n<1K",
    "splits:\n  - name: train\n    num_examples: -1\n    num_bytes: .nan",
)
HEADERS = st.lists(st.sampled_from(PIECES), max_size=12).map("\n".join)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
@example(b"")
@example(b"---")
@example(b"---\n---")
@example(b"\xff\xfe-\0-\0-\0\n\0")
@example(b"---\nlicense: \xe9\n---\n")
@example("---\nlicense: mit\n---\n".encode("utf-16-be"))
@example(b"---\na: !!int ''\n---\n")
@example(b"---\na: !!bool x\n---\n")
@example(b"---\na: !!timestamp x\n---\n")
@example(b"---\n? [a]\n: b\n---\n")
@example(b"---\nlicense: &a [*a]\n---\n")
@example(b"---\na: 1" + b":1" * 60_000 + b"\n---\n")
@example(b"---\na: " + b"[" * 100_000 + b"\n---\n")
@example(b"---\nlicense: " + b"- " * 5000 + b"\n---\n")
def test_any_bytes_are_no_crash(content: bytes) -> None:
    """Bytes of any kind are a card with findings or without, and never an error."""
    findings_of(content)
    findings_of(b"---\n" + content + b"\n---\n")
    list(check_card("README.md", content))


@given(HEADERS)
@settings(max_examples=200, deadline=None)
@example("configs:\n- config_name: a\n  data_files: 3\n  default: [1]")
@example("dataset_info:\n- features: 3\n  splits: [1, {name: [2], num_examples: x}]")
@example("dataset_info:\n  config_name: [a]\n  dataset_size: .nan")
@example("tags:\n- - a\n- {b: c}\n- 1\n- !!binary YQ==")
def test_any_header_is_no_crash_and_mends_once(header: str) -> None:
    """Headers made of the pieces of headers never make a rule raise, and mending one leaves nothing to mend."""
    content = f"---\n{header}\n---\n# A\n".encode("utf-8", "replace")
    fixed = mended(content)
    assert mended(fixed) == fixed


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_mutated_real_cards_are_no_crash(data: st.DataObject) -> None:
    """A real card with some bytes replaced by others never makes a rule raise, and mends to one that is mended."""
    cards = sorted((SHARED / "cards" / "hub").glob("*.md"))
    if not cards:
        pytest.skip(f"needs the real material in {SHARED}")
    content = bytearray(data.draw(st.sampled_from(cards)).read_bytes()[:1500])
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(content) - 1))
        end = start + data.draw(st.integers(0, 12))
        content[start:end] = data.draw(st.one_of(st.binary(max_size=6), HEADERS.map(str.encode)))
    fixed = mended(bytes(content))
    assert mended(fixed) == fixed


BLANKS = st.sampled_from(["", "", "", " ", "\n", "\r\n", "\t", "\r", "\ufeff"])
YAML = st.sampled_from(["a: 1", "a: b\nc: d", "", "# x", "---", "a:\n  ---\n"])


@given(BLANKS, BLANKS, YAML, BLANKS, BLANKS, BLANKS)
def test_fences_are_those_of_the_hub(before: str, after: str, header: str, end: str, behind: str, body: str) -> None:
    """The header that is read is the one that huggingface_hub reads; where it reads none, a finding says why."""
    text = f"{before}---{after}\n{header}{end}\n---{behind}{body}\n# A\n"
    card, match = read_card("README.md", text.encode()), REGEX_YAML_BLOCK.search(text)
    rules = {finding.rule for finding in header_findings(card)}
    if match:
        with contextlib.suppress(yaml.YAMLError):
            there = yaml.safe_load(match[2])
            if isinstance(there, dict):
                assert card.header == there
                assert card.body == text[match.end() :]
    if card.root is not None and not match:
        assert "CA004" in rules
    assert match or rules & {"CA003", "CA004", "CA006"}


def test_places_are_those_of_the_file() -> None:
    """Lines, offsets and the lines of keys are right behind characters of several bytes and any line end."""
    content = "---\r\npretty_name: Café 🎭\nconfigs:\n- config_name: a\n  default: true\n---\nÉmotion\r# B\n".encode()
    card = read_card("README.md", content)
    assert card.header == {"pretty_name": "Café 🎭", "configs": [{"config_name": "a", "default": True}]}
    assert [card.line_of(*path) for path in (("pretty_name",), ("configs", 0, "default"))] == [2, 5]
    assert [card.line_of(*path) for path in (("x",), ("configs", 1), ("configs", "a"), ("pretty_name", "x"))] == [
        None
    ] * 4
    assert card.body == "Émotion\r# B\n"
    assert card.body_line == 7
    lines = [content[start:end] for start, end in zip(card.line_offsets, [*card.line_offsets[1:], None], strict=True)]
    assert b"".join(lines) == content
    assert lines[-2:] == [b"# B\n", b""]
    assert content[card.offset_at(card.text.index("🎭")) :].startswith("🎭".encode())


def test_line_ends_of_any_time_close_a_header() -> None:
    """The line before the second fence may end in a carriage return alone, as the Hub has it."""
    assert read_card("README.md", b"---\r\nlicense: mit\r---\n# A\n").header == {"license": "mit"}


def test_of_two_keys_the_last_has_the_place() -> None:
    """A key that stands twice is where its last value is, which is the one that Python keeps."""
    card = read_card("README.md", b"---\nlicense: mit\nlicense: apache-2.0\n---\n")
    assert card.header == {"license": "apache-2.0"}
    assert card.line_of("license") == 3


def test_a_mark_and_blanks_before_a_header_are_both_mended() -> None:
    """A byte-order mark and the blanks behind it are two findings, and both go."""
    content = "\ufeff\n ---\nlicense: mit\n---\n# A\n".encode()
    assert [finding.rule for finding in findings_of(content)] == ["CA004", "CA005"]
    assert mended(content) == b"---\nlicense: mit\n---\n# A\n"


def test_a_card_without_a_header_is_all_body() -> None:
    """Without a header the body is the card, from line 1; an unreadable card has no text."""
    card = read_card("README.md", b"# A\n")
    assert (card.header, card.body, card.body_line) == (None, "# A\n", 1)
    assert read_card("README.md", b"---\n# only a remark\n---\nA\n").header == {}
    assert read_card("README.md", b"a\0b").text == ""
    assert read_card("README.md", b" " * (LARGEST_CARD + 1)).unreadable


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("a: b: c", "mapping values"),
        ("a: \x07", "U+0007"),
        ("\ta: b", "cannot start"),
        ("a: 2022-13-45", "month"),
        ("- a", "is a list"),
        ("a", "is one value"),
        ("a: " + "9" * 101, "number of 101 characters"),
        ("a: " + "[" * 101, "100 levels"),
        ("a: &a [*a]", "never end"),
        ("a: [" + "x," * 100_001 + "]", "the header has more than 100,000 values"),
        ("a: " + "x" * 1_000_001, "1,000,005 characters"),
        ("a: !!python/object:x.y z", "constructor"),
        ("a: &a x\nb: &a y\nc: *b", "duplicate anchor"),
    ],
)
def test_what_is_no_header_is_said(header: str, words: str) -> None:
    """Each way in which a header cannot be read has its words, and no rule for headers goes on."""
    card = read_card("README.md", f"---\n{header}\n---\n".encode())
    assert card.header is None
    findings = list(header_findings(card))
    assert len(findings) == 1
    assert words in findings[0].message
    assert findings[0].rule in ("CA007", "CA008")


def test_pure_python_yaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libyaml, which not every build of PyYAML has, a header has the same findings at the same places."""
    content = b"---\nlanguages: no\ntags: [1, 'a b', x]\nlicense: |\n  MIT\nsize_categories: '1k<n<10k'\n---\n"
    bad = b"---\na: b: c\n---\n"
    own = (ROOT / "README.md").read_bytes()
    fast, fast_bad, fast_header = findings_of(content), findings_of(bad), read_card("README.md", own).header
    monkeypatch.setattr(tree, "LOADER", yaml.SafeLoader)
    assert findings_of(content) == fast
    assert [finding.edit for finding in findings_of(content)] == [finding.edit for finding in fast]
    assert [(finding.rule, finding.line) for finding in findings_of(bad)] == [(f.rule, f.line) for f in fast_bad]
    assert read_card("README.md", own).header == fast_header
