"""DATASHEET.md answers every question of "Datasheets for Datasets" (doi:10.1145/3458723), honestly and in few words."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from markdown_it import MarkdownIt

from tests.environments import ROOT
from tools.describe.blocks.markers import marked
from tools.describe.blocks.tables import BLOCKS

PATH = ROOT / "DATASHEET.md"
TEXT = PATH.read_text("utf-8")
# The questions of the paper by section, each by a few words on what it asks; the datasheet numbers its answers.
QUESTIONS = {
    "Motivation": ["purpose", "creators", "funding", "other"],
    "Composition": [
        "instances", "how many", "sample", "data of an instance", "label", "missing", "relationships", "splits",
        "errors", "self-contained", "confidential", "offensive", "subpopulations", "identify", "sensitive", "other",
    ],
    "Collection": [
        "acquired", "mechanisms", "sampling strategy", "who and compensation", "timeframe", "ethical review",
        "directly or not", "notified", "consent", "revoke", "impact analysis", "other",
    ],
    "Preprocessing, cleaning, labelling": ["done", "raw saved", "software", "other"],
    "Uses": ["used already", "repository of uses", "other tasks", "impact on uses", "not for", "other"],
    "Distribution": ["third parties", "how", "when", "licence", "restrictions", "export", "other"],
    "Maintenance": [
        "who", "contact", "erratum", "updates", "retention", "older versions", "contributions", "other",
    ],
}  # fmt: skip
NUMBERED = [(section, question) for section, questions in QUESTIONS.items() for question in questions]
ANSWER = re.compile(r"^\*\*(\d+)\. ([^*]+)\.\*\* (.*?)(?=^\*\*\d+\. |^## |\Z)", re.MULTILINE | re.DOTALL)
FEWEST_WORDS = 8


def sections() -> dict[str, str]:
    """Return the sections of the datasheet by their headings."""
    parts = re.split(r"^## (.+)\n", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def anchors(text: str) -> set[str]:
    """Return the anchors of a Markdown text's headings, as GitHub and the Hub make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text: str) -> Iterable[str]:
    """Yield the address of every link of a Markdown text."""
    for block in MarkdownIt().parse(text):
        for token in block.children or []:
            if token.type == "link_open":
                yield str(token.attrs["href"])


def test_has_the_seven_sections_in_their_order() -> None:
    """Readers find the sections of the paper where the paper has them."""
    assert list(sections()) == list(QUESTIONS)


def test_numbers_every_question_once() -> None:
    """There are 57 questions, numbered through, each within its section."""
    found = [(section, int(number)) for section, text in sections().items() for number, _, _ in ANSWER.findall(text)]
    assert found == [(section, number) for number, (section, _) in enumerate(NUMBERED, 1)]
    assert len(found) == 57


@pytest.mark.parametrize("number", range(1, 58))
def test_answers_the_question(number: int) -> None:
    """Each answer is a sentence at least, in words that are not a placeholder."""
    section, question = NUMBERED[number - 1]
    (answer,) = [answer for found, _, answer in ANSWER.findall(sections()[section]) if int(found) == number]
    words = re.sub(r"<!--.*?-->", "", answer, flags=re.DOTALL).split()
    assert len(words) >= FEWEST_WORDS, f"{section}, {question}: {answer}"
    assert not re.search(r"\b(TODO|TBD|N/A|lorem|more information needed)\b", answer, re.IGNORECASE)
    assert answer.rstrip().endswith((".", "-->")), f"{section}, {question}: {answer}"


def test_says_not_applicable_only_with_a_reason() -> None:
    """Where a question does not apply, the answer goes on to say why."""
    said = re.findall(r"[^.]*\bnot applicable\b[^.]*\.", TEXT, re.IGNORECASE)
    assert said
    assert all(re.search(r"\b(for|as|because)\b|:", sentence.partition("pplicable")[2]) for sentence in said)


@pytest.mark.parametrize("kind", ["Rendered", "Diffusion", "EmoNet-Face"])
def test_tells_the_three_kinds_of_pictures_apart(kind: str) -> None:
    """Each kind of picture has answers of its own in the sections that tell how it came about."""
    for section in ("Composition", "Collection", "Preprocessing, cleaning, labelling", "Distribution"):
        assert re.search(rf"\*{kind}\*?:?|{kind}:", sections()[section], re.IGNORECASE), section


def test_never_claims_the_diffusion_pictures() -> None:
    """It says what is published now, and that the pictures of Stable Diffusion are not."""
    head = " ".join(TEXT.partition("## ")[0].split())
    assert "It is what is published here now." in head
    assert "None of them is published here at present" in head


def test_has_no_counts_outside_of_rendered_blocks() -> None:
    """A number that the data decides stands in a block that is rendered from it."""
    written = re.sub(r"<!-- rendered: .*?<!-- end: .*?-->", "", TEXT, flags=re.DOTALL)
    assert not re.findall(r"\b(?:1[,.]?500|1[,.]?200|150|126)\b", written)


def test_blocks_are_those_of_the_card() -> None:
    """Its marked blocks have names that a block function has, and their marks belong together."""
    assert marked(TEXT, BLOCKS).keys() == {"subsets", "classes", "balance"}


def test_relative_links_lead_somewhere() -> None:
    """A link within the repository leads to a file that is there, and to a heading that it has."""
    relative = [address for address in links(TEXT) if not re.match(r"https?://|mailto:", address)]
    assert relative
    for address in relative:
        path, _, anchor = address.partition("#")
        file = ROOT / path
        assert file.is_file(), address
        assert not anchor or anchor in anchors(file.read_text("utf-8")), address


def test_references_within_the_page_are_right() -> None:
    """'See 42' leads to an answer that is there."""
    for number in re.findall(r"(?:see|in) (\d{1,2})\b", TEXT):
        assert f"**{number}. " in TEXT


def test_reads_in_a_terminal_and_in_an_editor() -> None:
    """Lines are at most 130 characters long, and there is no blank at the end of one."""
    lines = re.sub(r"<!-- rendered: .*?<!-- end: .*?-->", "", TEXT, flags=re.DOTALL).splitlines()
    assert [line for line in lines if len(line) > 130 or line != line.rstrip()] == []
