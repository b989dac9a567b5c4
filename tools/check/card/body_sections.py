"""Checks that the text of a card speaks of what it must: sections, citation, prohibited uses, and no placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.check.card.body_text import IMAGE, Block, Body, line_finder
from tools.check.card.rules_body import (
    CITATION_MISSING,
    PLACEHOLDER,
    SECTION_EMPTY,
    SECTION_MISSING,
    USES_UNSAID,
)
from tools.check.findings import Finding, quote

# The sections of the Hub's templates (huggingface_hub/templates/datasetcard_template.md, and that of 2022), each with
# the words by which a heading is taken for it. Annotations are asked for where the header says that there are any.
SECTIONS = {
    "description": r"descri|summary|overview|introduc|about|abstract|background|what is|dataset card|details",
    "uses": r"\buses?\b|\busing\b|usage|intended|scope|tasks|applications|downstream|benchmark",
    "structure": r"structure|fields|columns|features|schema|format|instances|splits|config|subset|files|the data\b"
    r"|content|statistic|layout|composition|dataset size",
    "creation and sources": r"creation|created|source|curation|collect|made|making|generat|construct|methodolog"
    r"|pipeline|provenance|processing|rationale|built|origin\b|acquisition",
    "annotations": r"annotat|label|ground truth|rating",
    "personal and sensitive information": r"personal|sensitive|privacy|private|\bpii\b|anonymi|consent|data protection",
    "bias, risks and limitations": r"bias|risk|limit|caveat|known issues|ethic|fairness|with care|social impact"
    r"|considerations|responsib|disclaimer|warning",
}
_SECTIONS = {name: re.compile(words, re.IGNORECASE) for name, words in SECTIONS.items()}
_CITATION = re.compile(r"\bcit(?:e|ed|ing|ation|ations)\b|bibtex|\breferences?\b", re.IGNORECASE)
_BIBTEX = re.compile(r"@[a-zA-Z]{3,20}\s?\{")
_CITED = re.compile(r"\b(?:please|should|must) cite\b|\bcite (?:as|this|our|the)\b|\bcited as\b", re.IGNORECASE)

_UNKNOWN = r"(?:more information needed|needs more information|information needed)"
_WHOLE = re.compile(
    rf"(?:{_UNKNOWN}|n/?a|not applicable yet|tb[adcp]|todo|to ?do|wip|work in progress|on-?going|coming soon"
    r"|to be (?:added|announced|completed|determined|done|updated|written)|lorem ipsum|fixme|xxx+|\?\?\?+)",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    rf"\[{_UNKNOWN}\]|more information needed for further recommendations|\((?:ongoing|coming soon|tbd|tba|todo|wip)\)"
    rf"|\[(?:tbd|tba|todo|wip|coming soon)\]|:[ \t]?{_UNKNOWN}[ \t.]?$|^{_UNKNOWN}[ \t.]?$|lorem ipsum dolor"
    r"|\[(?:dataset name|name of (?:the )?dataset|your dataset|insert [^\[\]\n]{1,40})\]"
    r"|\{\{ ?[a-z_]{3,40} (?:\|[^{}\n]{0,200})?\}\}|\bcoming soon[ \t.!…]{0,5}$",
    re.IGNORECASE | re.MULTILINE,
)
_MARKS = " \t\n.!:;()[]{}<>*_…-"  # what a placeholder wears
_LINES_NAMED = 8  # of one placeholder; of more, the first and the last
_CODE_LINE = re.compile(r"^[ \t#/]*\(?(?:ongoing|coming soon|todo|tbd|tba)\)?[ \t.!]*$", re.IGNORECASE | re.MULTILINE)
_AMOUNT = re.compile(
    r"\b(?:num(?:ber)?|size|count|total|images|examples|rows|samples|instances|pictures|videos|hours|how many)",
    re.IGNORECASE,
)

_EMOTION = re.compile(r"emotion|affect recogn|affective|valence", re.IGNORECASE)
_BIOMETRIC = re.compile(
    r"\bfac(?:e|es|ial)\b|\bspeech\b|\bvoices?\b|\bvocal\b|\baudio|\bvideos?\b|\beeg\b|physiolog|\bgait\b|biometric"
    r"|image-classification|video-classification",
    re.IGNORECASE,
)
_EXPRESSION = re.compile(r"facial[ -]expression|face[ -]expression|speech[ -]emotion|emotion[ -]?face", re.IGNORECASE)
_PROHIBITED = re.compile(
    r"\bAI Act\b|2024/1689|Article 5\b|prohibit|forbidden|\bmust not\b|\bmay not be used\b|\bnot (?:be )?permitted\b"
    r"|\bdo not use\b|\bnot (?:to )?be used\b|\bnot (?:intended|meant|designed|suitable) (?:for|to)\b"
    r"|out[- ]of[- ]scope|\bmisuse|\bworkplace\b|\bat work\b|surveillance",
    re.IGNORECASE,
)


def missing_sections(body: Body) -> Iterator[Finding]:
    """Yield one finding that lists the sections for which no heading stands."""
    if not any(block.text.replace(IMAGE, "").strip() for block in body.blocks):
        yield SECTION_MISSING.at(body.name, "the card has no text below its header", line=body.first_line)
        return
    topics = [block.text for block in body.blocks if block.kind == "heading"]
    if _foreign(topics):
        return
    topics += [block.label for block in body.blocks if block.label]
    missing = [name for name, words in _SECTIONS.items() if not any(words.search(topic) for topic in topics)]
    if "description" in missing and _has_lead(body):
        missing.remove("description")
    if "annotations" in missing and not _declares_annotations(body):
        missing.remove("annotations")
    if missing:
        some = f"{len(missing)} sections" if len(missing) > 1 else "a section"
        names = ", ".join(quote(name) for name in missing)
        message = f"the card lacks {some} of the Hub's template, expected headings for {names}"
        yield SECTION_MISSING.at(body.name, message, value=", ".join(missing))


def _foreign(headings: list[str]) -> bool:
    """Whether most letters of the headings are not Latin, so that nothing can be matched by English words."""
    letters = [letter for letter in "".join(headings) if letter.isalpha()]
    return sum(letter > "\u024f" for letter in letters) * 2 > len(letters)


def _has_lead(body: Body) -> bool:
    """Whether a paragraph stands before the second heading: below the title, or where there is none."""
    headings = 0
    for block in body.blocks:
        headings += block.kind == "heading"
        if headings > 1:
            return False
        if block.kind == "text" and len(block.text) >= 40:
            return True
    return False


def _declares_annotations(body: Body) -> bool:
    return any(value not in ("no-annotation", "") for value in body.listed("annotations_creators"))


def empty_sections(body: Body) -> Iterator[Finding]:
    """Yield the headings with nothing below them, not even a subsection; the title may stand alone."""
    for nth, section in enumerate(body.sections):
        if nth and section.heading.text and not section.all:
            message = f"the section {quote(section.heading.text)} is empty, expected text below its heading"
            yield SECTION_EMPTY.at(body.name, message, line=section.heading.line, value=section.heading.text)


def placeholders(body: Body) -> Iterator[Finding]:
    """Yield one finding for each placeholder, at its first line, with the section it leaves open or all its lines."""
    where = ""
    alone = {id(section.own[0]) for section in body.sections if len(section.own) == 1}
    places: dict[str, list[tuple[int, str, str]]] = {}
    for block in body.blocks:
        if block.kind == "heading":
            where = f" in the section {quote(block.text)}" if block.text else ""
        for line, found in _placeholders_of(block, id(block) in alone):
            place = where if block.kind != "heading" else " in a heading"
            places.setdefault(found.strip(_MARKS).casefold(), []).append((line, found, place))
    for found_at in places.values():
        line, found, place = found_at[0]
        if len(found_at) > 1:
            place = _on_lines([line for line, _, _ in found_at])
        message = f"the text holds the placeholder {quote(found)}{place}, expected what is known"
        yield PLACEHOLDER.at(body.name, message, line=line, value=found)


def _on_lines(lines: list[int]) -> str:
    named = ", ".join(map(str, lines)) if len(lines) <= _LINES_NAMED else f"from {lines[0]} to {lines[-1]}"
    return f" on {len(lines)} lines ({named})"


def _placeholders_of(block: Block, alone: bool) -> Iterator[tuple[int, str]]:
    """Yield line and text of each placeholder of a block, at most one a line."""
    if block.kind == "row":
        owed = [
            cell for cell, name in zip(block.cells, block.head, strict=False) if _AMOUNT.search(name) and _whole(cell)
        ]
        owed += [cell for cell in block.cells if _WITHIN.search(cell)]
        if owed:
            yield block.line, owed[0]
        return
    if alone and _whole(block.said):
        yield block.line, block.text.strip()
        return
    text = block.text if block.kind == "code" else block.said
    line_at = line_finder(text, block.line)
    last = 0
    for match in (_CODE_LINE if block.kind == "code" else _WITHIN).finditer(text):
        line = line_at(match.start())
        if line != last:
            yield line, match[0].strip(": \t")
        last = line


def _whole(text: str) -> bool:
    """Whether a text is a placeholder and nothing else, whatever brackets and marks it wears."""
    return bool(_WHOLE.fullmatch(text.strip(_MARKS).replace("\n", " ")))


def missing_citation(body: Body) -> Iterator[Finding]:
    """Yield a finding where no section, label, BibTeX entry or sentence says how to cite."""
    if not body.blocks or _foreign([block.text for block in body.blocks if block.kind == "heading"]):
        return
    topics = [block.text if block.kind == "heading" else block.label for block in body.blocks]
    if any(_CITATION.search(topic) for topic in topics if topic):
        return
    if any(_BIBTEX.search(block.text) or _CITED.search(block.text) for block in body.blocks):
        return
    yield CITATION_MISSING.at(
        body.name, "the card has no section on citation and no BibTeX entry, expected one of them"
    )


def unsaid_uses(body: Body) -> Iterator[Finding]:
    """Yield a finding where a card for emotions in faces, voices or other signals of bodies names no prohibited use."""
    named = [word for key in ("pretty_name", "tags", "task_categories") for word in body.listed(key)]
    subject = "\n".join([*named, *_opening(body)])
    emotional = _EMOTION.search(subject) and _BIOMETRIC.search(subject)
    match = _EXPRESSION.search(subject) or (emotional and _EMOTION.search(subject))
    if match and not _PROHIBITED.search(body.prose):
        message = (
            f"the card speaks of {quote(match[0])} and names no prohibited use, expected a word on Article 5(1)(f) of "
            "the EU AI Act"
        )
        yield USES_UNSAID.at(body.name, message)


def _opening(body: Body) -> list[str]:
    """Return the title, and the first paragraphs up to 1,500 characters: where a card says what the data is."""
    texts, length = [], 0
    for block in body.blocks:
        if block.kind in ("heading", "text", "html") and length < 1500:
            texts.append(block.text[:1500])
            length += len(block.text)
    return texts
