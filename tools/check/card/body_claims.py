"""Compares what the text of a card says with what its header declares: annotations, licence and languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.check.card.body_text import IMAGE, Body, Section
from tools.check.card.rules_body import ANNOTATORS_DENIED, LANGUAGES_DIFFER, LICENCES_DIFFER
from tools.check.findings import Finding, quote

_ANNOTATION = re.compile(r"who (?:are|were) the annotators|annotation process|^annotators$", re.IGNORECASE)
_LABELS = re.compile(r"annotat|labell?ing\b|\blabels?\b|ground[ -]truth|\bratings?\b", re.IGNORECASE)
_LABELLED = re.compile(
    r"\b(?:annotators?|labell?ers?|raters?|crowd[ -]?workers?|turkers?|experts?|volunteers?|students|people|authors|we)"
    r"\b[^.;!?]{0,60}?\b(?:annotated|labell?ed|rated|tagged|judged|agreed)\b"
    r"|\b(?:annotated|labell?ed|rated|tagged)\b[^.;!?]{0,40}?\bby\b"
    r"|\b(?:annotated|labell?ed) (?:manually|automatically)\b"
    r"|\b(?:manually|automatically|hand)[ -](?:annotated|labell?ed)\b",
    re.IGNORECASE,
)
# A sentence with one of these says what others did with other data, or what may be done.
_ELSEWHERE = re.compile(
    r"\b(?:if|should|would|could|may|might|will|original\w*|upstream|source|previous\w*|another|other)\b", re.IGNORECASE
)
_DENIED = re.compile(
    r"more information|information needed|needs more|\bn/?a\b|\bno\b|\bnone\b|\bnot\b|\bwithout\b|n't\b|\bunknown\b"
    r"|\bnever\b|\bunannotated\b|\bnobody\b|\bneither\b|\bzero\b",
    re.IGNORECASE,
)

# What a licence is called in prose and in addresses, with the beginning of its identifier on the Hub; the more special
# come first, and what they took is not read again. Sources: creativecommons.org, opensource.org, opendatacommons.org.
_CC = r"(?:cc|creative[ -]?commons)[ -]{1,3}"
_BY = r"(?:by|attribution)"
_NC, _SA, _ND = (rf"(?:{words})" for words in (r"nc|non-?commercial", r"sa|share-?alike", r"nd|no-?deriv\w{0,10}"))
_SEP = r"[ /-]{1,3}"
_LICENCES = (
    ("cc-by-nc-sa", rf"{_CC}{_BY}{_SEP}{_NC}{_SEP}{_SA}|licenses/by-nc-sa"),
    ("cc-by-nc-nd", rf"{_CC}{_BY}{_SEP}{_NC}{_SEP}{_ND}|licenses/by-nc-nd"),
    ("cc-by-nc", rf"{_CC}{_BY}{_SEP}{_NC}\b|licenses/by-nc\b"),
    ("cc-by-sa", rf"{_CC}{_BY}{_SEP}{_SA}\b|licenses/by-sa\b"),
    ("cc-by-nd", rf"{_CC}{_BY}{_SEP}{_ND}\b|licenses/by-nd\b"),
    ("cc-by", rf"{_CC}{_BY}\b|licenses/by/"),
    ("cc0", r"\bcc[ -]?0\b|\bcreative commons zero\b|publicdomain/zero"),
    ("mit", r"\bmit licen[cs]e|licenses/mit\b"),
    ("apache-2.0", r"\bapache(?: licen[cs]e)?[ ,-]{0,2}(?:version )?v?2(?:\.0)?\b|licenses/license-2\.0"),
    ("odbl", r"\bodbl\b|open database licen[cs]e|licenses/odbl"),
    ("agpl", r"\bagpl\b|affero general public"),
    ("lgpl", r"\blgpl\b|lesser general public"),
    ("gpl", r"\bgpl\b|gnu general public"),
    ("bsd", r"\bbsd\b"),
    ("?", r"\bmit\b"),  # a licence or a place
)
_LICENCE_WORDS = [(name, re.compile(words, re.IGNORECASE)) for name, words in _LICENCES]
_VERSION = re.compile(r"[ /-]{0,3}v?(\d\.\d)")
_LICENCE_HEADING = re.compile(r"^[\W\d]*licen[cs]\w{1,4}(?: information| and terms)?\W*$", re.IGNORECASE)
_OPEN = ("unknown", "cc", "")  # say nothing that a text could contradict, no more than other-...

_LANGUAGE_HEADING = re.compile(r"^[\W\d]*languages?\b", re.IGNORECASE)
_LANGUAGES = {
    "Arabic": "ar",
    "Chinese": "zh",
    "Czech": "cs",
    "Dutch": "nl",
    "English": "en",
    "French": "fr",
    "German": "de",
    "Greek": "el",
    "Hebrew": "he",
    "Hindi": "hi",
    "Indonesian": "id",
    "Italian": "it",
    "Japanese": "ja",
    "Korean": "ko",
    "Polish": "pl",
    "Portuguese": "pt",
    "Romanian": "ro",
    "Russian": "ru",
    "Spanish": "es",
    "Swedish": "sv",
    "Telugu": "te",
    "Turkish": "tr",
    "Ukrainian": "uk",
    "Vietnamese": "vi",
}
_LANGUAGE_CODE = re.compile(r"`([a-z]{2})`")


def denied_annotations(body: Body) -> Iterator[Finding]:
    """Yield a finding where the header says no-annotation and a section names annotators or how they worked."""
    if "no-annotation" not in body.listed("annotations_creators"):
        return
    for section in body.sections:
        said = _annotations_told(section)
        if said:
            message = (
                f"the section {quote(section.heading.text)} describes annotations, expected none by the header, got "
                f"{quote(said)}"
            )
            yield ANNOTATORS_DENIED.at(body.name, message, line=section.heading.line, value="no-annotation")
            return


def _annotations_told(section: Section) -> str:
    """Return the words by which a section tells of annotations, or none where it has no such heading or denies them.

    A section on annotators or their process tells by having text; one on labels may as well speak of their format,
    so that it must say who labelled, or how.
    """
    text = section.text.replace(IMAGE, "").strip()
    if len(text) < 3 or _DENIED.search(text.split("\n")[0]):
        return ""
    if _ANNOTATION.search(section.heading.text):
        return text.splitlines()[0]
    if not _LABELS.search(section.heading.text):
        return ""
    sentences = re.split(r"(?<=[.!?])\s", text[:4000])
    told = (" ".join(sentence.split()) for sentence in sentences if _LABELLED.search(sentence))
    return next((sentence for sentence in told if not _DENIED.search(sentence) and not _ELSEWHERE.search(sentence)), "")


def differing_licences(body: Body) -> Iterator[Finding]:
    """Yield a finding where the section on the licence names one licence, and the header only others.

    Where a section names two licences, each may be that of a part, which is not for a linter to judge.
    """
    declared = [value.lower() for key in ("license", "licenses") for value in body.listed(key)]
    if not declared or any(value in _OPEN or value.startswith("other") for value in declared):
        return
    for section in body.about(_LICENCE_HEADING):
        named = _licences(section, body)
        if len(named) != 1 or ("?", "") in named:
            continue
        ((name, version),) = named
        wanted = f"{name}-{version}" if version and name.startswith("cc") else name
        if not any(_same_licence(value, name, version) for value in declared):
            message = (
                f"the section {quote(section.heading.text)} names the licence {quote(wanted)}, expected that of the "
                f"header, got {', '.join(quote(value) for value in declared[:3])} there"
            )
            yield LICENCES_DIFFER.at(body.name, message, line=section.heading.line, value=wanted)


def _same_licence(declared: str, name: str, version: str) -> bool:
    if name.startswith("cc-"):
        family = re.sub(r"-\d.*", "", declared)
        return family == name and (not version or version in declared or not re.search(r"\d\.\d", declared))
    return declared.startswith(name) or (name == "mit" and declared == "mit") or (name == "odbl" and declared == "odbl")


def _licences(section: Section, body: Body) -> set[tuple[str, str]]:
    """Return the licences that a section names in words or by its links, with their versions where these stand."""
    lines = range(section.heading.line, (section.own[-1].line + 3) if section.own else section.heading.line)
    targets = [link.target for link in body.links if link.line in lines and not link.image]
    text = "\n".join([*(block.text[:4000] for block in section.own[:40]), *targets[:40]])
    found: dict[str, str] = {}
    for name, words in _LICENCE_WORDS:
        for match in words.finditer(text):
            version = _VERSION.match(text, match.end())
            if version or name not in found:
                found[name] = version[1] if version else ""
        text = words.sub(" ", text)
    return set(found.items())


def differing_languages(body: Body) -> Iterator[Finding]:
    """Yield a finding where the section on languages names some, and none of them is in the header."""
    declared = {value.lower().split("-")[0] for key in ("language", "languages") for value in body.listed(key)}
    if "no" in body.card.text[: body.card.body_start].split():  # Norwegian, which YAML reads as false
        return
    if not declared or declared & {"multilingual", "code", "und", "mul"} or any(len(value) != 2 for value in declared):
        return
    for section in body.about(_LANGUAGE_HEADING):
        named = set(_LANGUAGE_CODE.findall("\n".join(body.lines[n] for n in _inside(section, body))))
        named |= {code for name, code in _LANGUAGES.items() if re.search(rf"\b{name}\b", section.text)}
        if named and not named & declared and len(section.text) <= 400:
            message = (
                f"the section {quote(section.heading.text)} names {_codes(named)}, expected the languages of the "
                f"header, which are {_codes(declared)}"
            )
            yield LANGUAGES_DIFFER.at(body.name, message, line=section.heading.line, value=", ".join(sorted(named)))


def _codes(codes: set[str]) -> str:
    return ", ".join(quote(code) for code in sorted(codes)[:5])


def _inside(section: Section, body: Body) -> range:
    """Return the places in the lines of the body that a section has for its own."""
    start = section.heading.line - body.first_line
    end = section.own[-1].line + section.own[-1].text.count("\n") + 1 - body.first_line if section.own else start
    return range(start, min(end, len(body.lines)))
