"""Valence and arousal against the label: what lies on the wrong side of the circumplex is found, and nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from DiffusionFER import EMOTIONS
from tests.environments import ROOT
from tools.check.findings import Finding
from tools.check.sheet.affect import CLEARLY, SIDES, affect_findings
from tools.check.sheet.check import check_sheet
from tools.check.sheet.read import parse_sheet

HEADER = "path,emotion,valence,arousal\n"


def findings_of(*rows: tuple[str, float | str, float | str]) -> list[Finding]:
    """Return what is found for rows of a label, a valence and an arousal."""
    lines = [f"DifussionEmotion_S/{label}/{index}.png,{label},{v},{a}\n" for index, (label, v, a) in enumerate(rows)]
    sheet, _ = parse_sheet("dataset_sheet.csv", (HEADER + "".join(lines)).encode())
    assert sheet
    return list(affect_findings(sheet))


AFFECT = st.integers(-1000, 1000).map(lambda number: number / 1000)


@given(st.sampled_from(EMOTIONS), AFFECT, AFFECT)
@example("neutral", 0.36, 0.37)
@example("neutral", 0.3, 0.4)
def test_rules_follow_the_circumplex(label: str, valence: float, arousal: float) -> None:
    """A row has a finding where, and only where, it lies clearly on the wrong side, or off the disc."""
    found = findings_of((label, valence, arousal))
    sides = SIDES.get(label, {})
    wrong = {
        name for name, value in (("valence", valence), ("arousal", arousal)) if value * sides.get(name, 0) < -CLEARLY
    }
    if label == "neutral":
        wrong = {"valence"} if math.hypot(valence, arousal) > 0.51 else set()
    assert {finding.column for finding in found if finding.rule == "SH049"} == wrong
    assert any(finding.rule == "SH050" for finding in found) == (math.hypot(valence, arousal) > 1.01)
    assert len(found) == len(wrong) + (math.hypot(valence, arousal) > 1.01)


def test_every_label_but_neutral_has_a_side() -> None:
    """The six emotions each lie on one side of valence or arousal, and neutral, the middle, on none."""
    assert set(SIDES) | {"neutral"} == set(EMOTIONS)


@pytest.mark.parametrize("cell", ["", "high", "nan", "inf", "1.5", "-3"])
def test_a_number_that_is_none_is_left_to_its_own_rule(cell: str) -> None:
    """Empty cells, text, and numbers out of range have findings of other rules, and none of these."""
    assert findings_of(("happy", cell, 0.2), ("fear", 0.2, cell), ("neutral", cell, cell)) == []


def test_minus_two_is_not_rated() -> None:
    """-2 in either column is AffectNet's 'not rated', however it is written, and no place on the circumplex."""
    found = findings_of(("happy", "-2", 0.2), ("fear", -0.2, "-2.000"), ("sad", -0.2, -0.2))
    assert [(finding.rule, finding.row, finding.column) for finding in found] == [
        ("SH051", 2, "valence"),
        ("SH051", 3, "arousal"),
    ]


def test_the_embedded_edition_has_no_finding() -> None:
    """The project's own sheet passes every rule for sheets."""
    assert list(check_sheet(ROOT / "dataset_sheet.csv")) == []
