"""Real cards: what must be found in the published one, and that nothing wrong is found in others, ours among them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.conftest import ROOT
from tools.check.card.body_check import body_findings
from tools.check.card.read import read_card
from tools.check.findings import Finding
from tools.check.fixes import edited


def findings_of(path: Path, *rules: str) -> list[Finding]:
    """Return what is found in the text of a card, of some rules or all."""
    findings = body_findings(read_card(path.name, path.read_bytes(), path.parent))
    return sorted(finding for finding in findings if not rules or finding.rule in rules)


def test_the_published_card_yields_its_faults(shared: Path) -> None:
    """Each fault of the published card is found on its line, with the value that is wrong."""
    path = shared / "cards" / "diffusionfer_card.md"
    found = findings_of(path)
    at = {(finding.rule, finding.line): finding for finding in found}
    assert "'bias, risks and limitations'" in at["CA040", None].message
    assert {("CA065", None), ("CA066", None)} <= at.keys()
    assert "the placeholder '(ongoing)' on 3 lines (42, 123, 128)," in at["CA042", 42].message
    assert "the placeholder 'N/A' on 4 lines (94, 95, 96, 97)," in at["CA042", 94].message
    assert len([finding for finding in found if finding.rule == "CA042"]) == 2
    assert [(f.line, f.value) for f in found if f.rule == "CA043"] == [
        (44, "ðŸ¤—"),
        (75, "â–¼"),
        (80, "â–¼"),
        (108, "â”œâ”€â”€"),
    ]
    assert at["CA043", 108].message.endswith("(and 23 more to line 118)")
    assert "is signed and expires (Expires=1678595455)" in at["CA044", 174].message
    assert "carries the access of one person (casa_token=...)" in at["CA044", 175].message
    assert "the picture of the class 'angry' is called 'happy'" in at["CA054", 82].message
    assert ("CA053", 82) in at
    assert 'expected a comma before, got \'"Width": "512",\'' in at["CA055", 159].message
    assert at["CA060", 93].value == "DiffusionEmotion"
    assert "'DifussionEmotion' (13 times" in at["CA060", 93].message
    assert at["CA061", 170].value == "no-annotation"
    assert not any("UtbPsezND6w8vbISBiuL" in finding.message or "C3QmhmiB6Y8" in finding.message for finding in found)


def test_the_published_card_is_mended(shared: Path) -> None:
    """The edits turn every wrongly decoded character of the published card into the one that was meant."""
    content = (shared / "cards" / "diffusionfer_card.md").read_bytes()
    edits = [finding.edit for finding in body_findings(read_card("README.md", content)) if finding.edit]
    mended, made = edited(content, edits)
    assert made == 4
    text = mended.decode()
    assert [character for character in "ðâ" if character in text] == []
    assert "[🤗 Hugging Face Dataset]" in text
    assert "\n▼Angry\n" in text
    assert "\n│\xa0\xa0 ├── angry\n" in text
    assert not [finding for finding in body_findings(read_card("README.md", mended)) if finding.rule == "CA043"]


def test_the_real_cards_of_the_hub(shared: Path) -> None:
    """On 24 real cards exactly the findings are made that were read by hand and found to be right."""
    counts: Counter[str] = Counter()
    for path in sorted((shared / "cards" / "hub").glob("*.md")):
        card = read_card(path.name, path.read_bytes())
        lines = card.text.split("\n")
        for finding in body_findings(card):
            counts[finding.rule] += 1
            if finding.rule == "CA042":
                assert finding.line
                assert any(words in lines[finding.line - 1] for words in ("ore Information", "[Dataset Name]"))
    assert counts == {"CA041": 1, "CA042": 27, "CA046": 4, "CA047": 1, "CA059": 7, "CA062": 1}


def test_a_card_with_a_word_on_prohibited_uses(shared: Path) -> None:
    """The card of EmoNet-Face, which names Article 5(1)(f) and a citation, lacks neither."""
    text = (shared / "cards" / "emonet_face_binary_listing.txt").read_text(encoding="utf-8")
    text = text[text.index("# EmoNet-Face") :].replace(" ## ", "\n\n## ").replace(" ### ", "\n\n### ")
    found = {finding.rule for finding in body_findings(read_card("README.md", text.encode()))}
    assert not found & {"CA043", "CA065", "CA066"}


def test_our_own_card_yields_nothing() -> None:
    """The project's card breaks no rule for the text of a card."""
    assert findings_of(ROOT / "README.md") == []


def test_our_own_card_with_the_counts_of_another_dataset() -> None:
    """What the project's card counts, in words and in its table of configs, is found where the header counts 14."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pushed = text.replace("num_examples: 1200", "num_examples: 12").replace("num_examples: 150", "num_examples: 1")
    found = [finding for finding in body_findings(read_card("README.md", pushed.encode())) if finding.rule == "CA064"]
    assert {finding.value for finding in found} == {"1,500 faces", "1,500"}
    lines = [text.splitlines()[finding.line - 1] for finding in found if finding.line]
    assert [line[:40] for line in lines] == [
        "this repository publishes now is the *re",
        "| `small_original` (default) | 1,500 | 2",
        "| `small_cropped` | 1,500 | 100\u00a0MB | `Di",
    ]
