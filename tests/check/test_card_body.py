"""The text of cards: no text makes the check raise, lines are the file's, secrets stay hidden, edits are sure."""

from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path
from typing import Any

import ftfy.bad_codecs  # noqa: F401  registers sloppy-windows-1252
import huggingface_hub
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tools.check.card import body_code, body_encoding
from tools.check.card.body_check import body_findings
from tools.check.card.body_markdown import read_body, slug_of
from tools.check.card.body_names import _one_name
from tools.check.card.body_sections import SECTIONS
from tools.check.card.read import read_card
from tools.check.findings import Finding
from tools.check.fixes import edited
from tools.check.report import Report, render_text
from tools.check.secrets import masked

HEADER = """---
license: cc-by-4.0
annotations_creators: [no-annotation]
language: [en]
tags: [facial expression recognition]
dataset_info:
  splits: [{name: train, num_examples: 1200}, {name: test, num_examples: 300}]
---
"""
PIECES = [
    "# ", "## ", "\n", "\n\n", "\r\n", "\r", "- ", "> ", "1. ", "```", "```json\n", "```python\n", "```yaml\n", "    ",
    "[", "]", "(", ")", "](", "![", "<", ">", "<img src=", "<a href='", "<!--", "-->", "<h1>", "</h1>", "|", "|-|",
    "---\n",
    "*", "**", "_", "`", "\\", "&amp;", "#a", "http://", "https://a.b/?token=", "mailto:", "a@b.c", "user:", "@", "%7B",
    "{", "}", '"', "'", ":", ",", "...", ">>> ", "$ ", "&a ", "*a", "N/A", "TODO", "ongoing",
    "[More Information Needed]",
    "Ã©", "â”œ", "é", "日本", "\t", "\x0b", "\u200b", "\u2028", "\0", "\ud800", "\ufffd", "\x1b[2J", "🤗", "hf_", "sk-",
    "the dataset contains ", "1,2", "3 images", "License", "Languages", "Annotation process", "CC BY", "Angry",
    "aBcDefghi", "ab_cdefgh",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).map("".join)


def findings_of(text: str, header: str = HEADER) -> list[Finding]:
    """Return what is found in the text of a card, which must print."""
    content = (header + text).encode("utf-8", "surrogatepass")
    findings = list(body_findings(read_card("README.md", content)))
    printed = render_text(Report(findings))
    assert all(character.isprintable() or character == "\n" for character in printed)
    lines = len(re.split(r"\r\n|\r|\n", content.decode("utf-8", "surrogateescape")))
    assert all(finding.line is None or 1 <= finding.line <= lines for finding in findings)
    return findings


def rules_of(text: str, header: str = HEADER) -> set[str]:
    """Return the ids of the rules that a text breaks."""
    return {finding.rule for finding in findings_of(text, header)}


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("```")  # an empty block that the end of the file closes
@example("```json\n" + "[" * 100_000 + "\n```\n")
@example("```json\n" + "1" * 5_000 + "\n```\n")
@example("```python\n" + "(" * 5_000 + "\n```\n")
@example("```python\n" + "-" * 50_000 + "1\n```\n")
@example("```python\nx = '\ud800'\n```\n")
@example("```yaml\n" + "[" * 5_000 + "\n```\n")
@example("```yaml\na: \x01\n```\n")
@example("```bash\necho '\0\n```\n")
@example("[a](http://[::1)")
@example("[a](https://a.b:99999999/)")
@example("[a](a\0b)")
@example("> " * 200 + "deep")
@example("a\r\n\r\n[b](c@d.ef)\r\n")
def test_any_text_is_no_crash(text: str) -> None:
    """A text of any characters yields findings that print and whose lines the file has, and never raises."""
    findings_of(text)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_no_crash(content: bytes) -> None:
    """Bytes of any kind yield findings that print, and never raise."""
    assert render_text(Report(body_findings(read_card("README.md", content))))


MARKS = [
    "[",
    "![",
    "*_",
    "`",
    "<a ",
    "<!--",
    "|",
    "hf_",
    "https://a:b",
    "{{ a | ",
    "Ã©",
    "dataset contains 1,",
    "a@b.",
    "#\n",
]


@pytest.mark.parametrize("unit", MARKS)
def test_long_lines_end(unit: str) -> None:
    """A text that repeats a mark without end is checked, for the work grows with its length alone."""
    findings_of(unit * (50_000 // len(unit)))


def test_yaml_bombs_are_not_expanded() -> None:
    """A block of YAML whose aliases expand to billions of nodes parses, and is read no further."""
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in itertools.pairwise("abcdefghijklmnopq")
    )
    assert "CA057" not in rules_of(f"```yaml\n{bomb}```\n")


BLOCKS = st.sampled_from(
    [
        "A paragraph\nof two lines.",
        "| a | b |\n| --- | --- |\n| c | d |",
        "```\ncode\n```",
        "## Section",
        "- one\n- two",
        "<p>\nx\n</p>",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BLOCKS, max_size=6), st.lists(BLOCKS, max_size=3), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_finding_points_at_its_line(before: list[str], after: list[str], end: str) -> None:
    """Whatever stands around it and however lines end, a placeholder, a link and a picture are found on their lines."""
    middle = "Words [a](ada@example.org)\nmore words ![](vane.png)\n[TBD]"
    text = "\n\n".join([*before, middle, *after, ""]).replace("\n", end)
    lines = re.split("\r\n|\r|\n", HEADER + text)
    found = {finding.rule: finding.line for finding in findings_of(text)}
    for rule, words in {"CA046": "ada@", "CA052": "![]", "CA042": "[TBD]"}.items():
        line = found[rule]
        assert line is not None
        assert words in lines[line - 1]


SECRET = "qWeRtYuIoPaSdFgHjKlZxCvBnMqWeRtYuIoP"
PLACES = [
    "{}",
    "# {}",
    "[a]({})",
    "![{}](a.png)\n\n![{}](b.png)",
    "```json\n{{'a': '{}'}}\n```",
    "```python\nlogin('{}'\n```",
    "```bash\nexport '{}\n```",
    "| N/A {} |\n| --- |\n| {} |",
    "[{} is][{}]\n\n[b]: c",
    "- [a](#{})",
    "## Who are the annotators?\n\nAda ({})",
    "[a](https://example.org:port/?X-Amz-Expires=3&X-Amz-Signature={})",
    "Ã© {} â€œ",
    "РџСЂРёРІРµС‚ {} РјРёСЂ",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "secret", ["hf_" + SECRET, "ghp_" + SECRET, f"https://ada:{SECRET}@example.org", "sk-proj-" + SECRET]
)
def test_no_finding_prints_a_secret(place: str, secret: str) -> None:
    """Wherever a credential stands, it is found, and no finding of any rule holds as much as a third of it."""
    findings = findings_of(place.replace("{}", secret).replace("{{", "{").replace("}}", "}"))
    assert "CA045" in {finding.rule for finding in findings}
    for finding in findings:
        for text in (finding.message, finding.hint, finding.value or ""):
            assert not any(SECRET[start : start + 12] in text for start in range(len(SECRET) - 12))


def test_no_finding_prints_a_private_key() -> None:
    """A private key is found, and a block that does not parse is quoted without a line of it."""
    key = f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}{SECRET}\n{SECRET}'\n-----END EC PRIVATE KEY-----"
    findings = findings_of(f"```bash\n{key}\n```\n\n```json\n{key}\n```\n")
    assert {"CA045", "CA055", "CA058"} <= {finding.rule for finding in findings}
    assert not any(SECRET[:12] in f"{finding.message}{finding.value}" for finding in findings)


@given(TEXTS)
def test_a_masked_text_has_the_same_places(text: str) -> None:
    """Masking keeps every index and line of a text, and masks nothing twice."""
    hidden = masked(text)
    assert len(hidden) == len(text)
    assert [c for c in hidden if c in "\r\n"] == [c for c in text if c in "\r\n"]
    assert masked(hidden) == hidden


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from("abc ,.éüñçãÅß“”–…€▼├─│└🤗日本語"), max_size=12), max_size=6), st.booleans())
@example(["aÅ€"], False)
def test_an_edit_of_mojibake_gives_back_what_was_meant(lines: list[str], code: bool) -> None:
    """What an edit writes is, read wrongly again, what stood there; and after all edits none is left."""
    meant = "\n".join(["🤗 “faces”", *lines])
    # "Å€" is itself what a wrong reading makes of "ŀ": who reads it wrongly once more may have meant either.
    assume("CA043" not in {finding.rule for finding in findings_of(meant + "\n")})
    wrong = "\n".join(line.encode().decode("sloppy-windows-1252") for line in meant.split("\n"))
    text = f"```\n{wrong}\n```\n" if code else wrong + "\n"
    findings = [finding for finding in findings_of(text) if finding.rule == "CA043"]
    edits = [finding.edit for finding in findings if finding.edit]
    for edit in edits:
        assert edit.new.decode().encode().decode("sloppy-windows-1252") == edit.old.decode()
    if edits:
        mended, _ = edited((HEADER + text).encode(), edits)
        again = [finding for finding in findings_of(mended.decode().removeprefix(HEADER)) if finding.rule == "CA043"]
        assert not [finding for finding in again if finding.edit]


def test_right_text_in_many_languages_is_no_mojibake() -> None:
    """Text of many languages, as people write it, is not taken for wrongly decoded."""
    for text in (
        "Größe, Straße, naïve café",
        "São Paulo, coração",
        "Yorùbá, ọ̀rọ̀",
        "Привет, мир",
        "日本語の顔",
        "“quoted” – and… €5",
        "Æ Ø Å",
    ):
        assert "CA043" not in rules_of(text)


@pytest.mark.parametrize("encoding", ["windows-1251", "macroman", "cp437"])
def test_mojibake_of_other_encodings_is_found_without_an_edit(encoding: str) -> None:
    """Text that went wrong in another way than by Windows-1252 is found with what was meant, and left to a person."""
    meant = "Привет, мир" if encoding == "windows-1251" else "schön und größer ✔"
    wrong = meant.encode().decode(encoding, "replace")
    (finding,) = [finding for finding in findings_of(f"Now: {wrong}\n") if finding.rule == "CA043"]
    assert finding.edit is None
    assert meant[-3:] in finding.message


def test_wrong_text_beside_right_text_is_mended_alone() -> None:
    """Runs of wrong characters are mended, and right ones on the same line stay."""
    (finding,) = [finding for finding in findings_of("日本 cafÃ© ðŸ¤— naïve\n") if finding.rule == "CA043"]
    assert finding.edit
    assert (finding.edit.old.decode(), finding.edit.new.decode()) == ("Ã© ðŸ¤—", "é 🤗")


def test_the_headings_of_the_template_are_the_sections_asked_for() -> None:
    """A card with the headings of the Hub's own template, and words below them, lacks no section."""
    path = Path(huggingface_hub.__file__).parent / "templates" / "datasetcard_template.md"
    headings = re.findall(r"^#+ .*$", path.read_text(encoding="utf-8").split("---\n", 2)[2], re.MULTILINE)
    assert len(headings) > 15
    text = "\n\n".join(f"{heading.split('{{')[0]}\n\nSome words on it." for heading in headings)
    assert not rules_of(text, "---\nannotations_creators: [expert-generated]\n---\n") & {"CA040", "CA041", "CA066"}


def test_headings_of_another_script_are_not_judged_by_english_words() -> None:
    """A card whose headings are not in Latin letters is not said to lack sections, for no word could match."""
    assert not rules_of("# 数据集\n\n## 许可信息\n\n文本。\n") & {"CA040", "CA066"}


def test_each_section_is_found_missing_alone() -> None:
    """Each section, left out, is the only one that is listed."""
    headings = {
        "description": "Summary",
        "uses": "Intended use",
        "structure": "Fields",
        "creation and sources": "Source data",
        "annotations": "Annotations",
        "personal and sensitive information": "Privacy",
        "bias, risks and limitations": "Limitations",
    }
    assert headings.keys() == SECTIONS.keys()
    for left_out in headings:
        text = "\n\n".join(f"## {heading}\n\nWords." for name, heading in headings.items() if name != left_out)
        found = findings_of(text, "---\nannotations_creators: crowdsourced\n---\n")
        assert [finding.value for finding in found if finding.rule == "CA040"] == [left_out]


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("Data Fields", "data-fields"),
        ("Limits & risks!", "limits--risks"),
        ("`a_b` of Über", "a_b-of-über"),
        ("🤗 Data", "-data"),
    ],
)
def test_a_slug_is_that_of_github(heading: str, slug: str) -> None:
    """A heading makes the anchor that GitHub and the Hub make of it."""
    assert slug_of(heading.replace("`", "")) == slug
    assert read_body(read_card("a", f"# {heading}\n".encode())).anchors == {slug}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("DifussionEmotion", "DiffusionEmotion", True),
        ("defineComand", "defineCommand", True),
        ("wind_direciton", "wind_direction", True),
        ("DatasetInfo", "DatasetInfos", False),
        ("VaneEncoder", "VaneDecoder", False),
        ("diffusionEmotion", "DiffusionEmotion", False),
        ("trainVane1", "trainVane2", False),
        ("bundleDependencies", "bundledDependencies", False),
        ("semverSort", "semverRsort", False),
        ("readInt12", "readInt21", False),
    ],
)
def test_what_is_one_name(one: str, other: str, same: bool) -> None:
    """Doubled letters and swapped neighbours are slips, whichever name comes first; all else makes another name."""
    assert _one_name(one, other) is _one_name(other, one) is same


@given(st.integers(1, 10**7), st.sampled_from(["images", "examples", "rows", "faces", "portraits"]))
@example(1200, "images")
@example(1500, "rows")
@example(2000, "portraits")
@example(1000, "faces")
def test_a_number_is_found_unless_it_is_a_count(number: int, noun: str) -> None:
    """An exact number in a plain statement is found, unless it is a count, or rounds to one."""
    rounded = 10 ** (len(str(number)) - len(str(number).rstrip("0")))
    slack = min(rounded / 2, number / 10) if rounded > 1 else 0
    near = any(abs(number - count) <= slack for count in (300, 1200, 1500))
    assert ("CA064" in rules_of(f"The dataset contains {number:,} {noun}.")) is not near


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("about 1.5K images", False),
        ("over 1,000 images", False),
        ("more than 2,000 images", True),
        ("about 1M images", True),
        ("approximately 1,450 labelled pictures", False),
        ("1,450 pictures", True),
        ("1 thousand examples", False),
        ("2 million rows", True),
    ],
)
def test_rounding_is_respected(said: str, found: bool) -> None:
    """'About' allows a tenth, K and M half of their last digit, and 'over' what is above."""
    assert ("CA064" in rules_of(f"It has {said}.")) is found


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("A dataset with 2,000 images, 1,300 in train.", ["2,000 images", "1,300 in train"]),
        ("Vanes, with 2,000 images, 1,300 in train.", ["2,000 images", "1,300 in train"]),
        ("The train split has 7 examples.", ["7 examples"]),
        ("The training set contains about 1,150 photos.", []),
        ("There are 12 rows.", ["12 rows"]),
        ("There are 12 portraits in the dataset.", ["12 portraits"]),
        ("There are 12 portraits in the appendix.", []),
        ("It holds 1,500 pictures (1,100 train, 400 test).", ["1,100 train", "400 test"]),
        ("It has 1,300 images for training and 200 for testing.", ["1,300 images for training", "200 for testing"]),
        ("The 12 rows of `data.csv` are short.", []),
        ("The 12 rows of `metadata.csv` are short.", ["12 rows"]),
    ],
)
def test_what_a_sentence_counts(said: str, values: list[str]) -> None:
    """A number is compared with the whole or with the split that its sentence names, and is reported once."""
    assert sorted(f.value or "" for f in findings_of(said) if f.rule == "CA064") == sorted(values)


@pytest.mark.parametrize(
    ("heading", "said", "found"),
    [
        ("Annotations", "Three annotators labelled each picture.", True),
        ("Labels", "Each picture was labelled\nby three students.", True),
        ("Ground truth", "Hand-labelled, in two rounds.", True),
        ("Annotations", "No annotators labelled a picture.", False),
        ("Annotations", "A number from 0 to 6. Nobody labelled a picture by hand.", False),
        ("Labels", "A number from 0 to 6.", False),
        ("Annotations", "If experts labelled them, it would help.", False),
        ("Background", "Three annotators labelled each picture.", False),
    ],
)
def test_annotations_under_any_heading_for_them(heading: str, said: str, found: bool) -> None:
    """Who labelled contradicts no-annotation under any heading for labels, unless it is denied or only thought of."""
    assert ("CA061" in rules_of(f"## {heading}\n\n{said}\n")) is found


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (1, "in the section 'Size',"),
        (2, "on 2 lines (11, 13),"),
        (8, "on 8 lines (11, 13, 15, 17, 19, 21, 23, 25),"),
        (9, "on 9 lines (from 11 to 27),"),
    ],
)
def test_one_finding_for_a_placeholder_on_many_lines(lines: int, words: str) -> None:
    """The same placeholder, whatever brackets it wears, is one finding that names its lines, or the first and last."""
    forms = ["[More Information Needed]", "More information needed.", "[Needs More Information]"]
    text = "## Size\n\n" + "\n\n".join([forms[n % 2] for n in range(lines)] + [forms[2]]) + "\n"
    first, other = [finding for finding in findings_of(text) if finding.rule == "CA042"]
    assert f"'[More Information Needed]' {words}" in first.message
    assert first.line == 11
    assert other.value == "[Needs More Information]"


def test_without_bash_only_trees_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no bash, or it does not end, blocks of commands are taken as they are."""
    text = "```bash\nfor x in; do (\n```\n\n```sh\n├── a\n```\n"
    assert len([finding for finding in findings_of(text) if finding.rule == "CA058"]) == 2

    def hangs(*args: Any, **kwargs: Any) -> None:
        raise subprocess.TimeoutExpired("bash", 2)

    with monkeypatch.context() as patch:
        patch.setattr(body_code.subprocess, "run", hangs)
        assert len([finding for finding in findings_of(text) if finding.rule == "CA058"]) == 1
    monkeypatch.setattr(body_code.shutil, "which", lambda name: None)
    assert len([finding for finding in findings_of(text) if finding.rule == "CA058"]) == 1


def test_code_of_a_card_is_never_run(tmp_path: Path) -> None:
    """Commands, and what a shell reads before them, leave no trace."""
    trace = tmp_path / "trace"
    findings_of(f"```bash\ntouch {trace}\n$(touch {trace})\n```\n\n```bash\nset +n; touch {trace}\n(\n```\n")
    findings_of(f"```python\nopen({str(trace)!r}, 'w')\n```\n")
    findings_of(f"```yaml\n!!python/object/apply:os.system ['touch {trace}']\n```\n")
    assert not trace.exists()


def test_a_card_without_suspicion_does_not_load_ftfy() -> None:
    """Only a byte pair that wrong decoding leaves behind asks ftfy, which takes longer to load than a card to check."""
    assert not body_encoding._SUSPECT.search("Größe – “naïve” 🤗 日本語")
    assert body_encoding._SUSPECT.search("GrÃ¶ÃŸe")


def test_a_card_that_cannot_be_read_has_no_findings_in_its_text() -> None:
    """What is no text has been found as such, and its text is not spoken of."""
    assert list(body_findings(read_card("README.md", b"\xff\xfea\0b\0"))) == []


def test_more_brackets_than_are_parsed() -> None:
    """A text of nothing but brackets is checked up to a bound, and a finding says so."""
    (finding,) = [found for found in findings_of("![" * 70_000) if found.rule == "CA067"]
    assert "of which the first 12" in finding.message
