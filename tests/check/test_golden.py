"""Each rule has a bad tree and the exact text that is printed for it; good trees yield nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.check.cases import CASES, EMONET, check
from tests.trees import write_emonet, write_faces, zip_folder
from tools.check import rules
from tools.check.configs import check_config
from tools.check.findings import Rule, render_text
from tools.check.rules import RULES

GOLDEN = Path(__file__).with_name("golden")
REFRESH = "REFRESH_GOLDEN=1 python -m pytest tests/check/test_golden.py"


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, tmp_path: Path) -> None:
    """A bad tree prints exactly what its golden text says, in 80 columns, without a path of this machine."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    findings = CASES[name](data_dir)
    printed, golden = render_text(findings), GOLDEN / f"{name}.txt"
    if os.environ.get("REFRESH_GOLDEN"):
        golden.write_text(printed, encoding="utf-8")
    assert golden.is_file(), f"no {golden}; read what is printed, and if it is right run {REFRESH}"
    assert printed == golden.read_text(encoding="utf-8"), f"if the new text is right, run {REFRESH}"
    assert name.partition("_")[0] in {finding.rule for finding in findings}
    assert str(tmp_path) not in printed
    assert all(len(line) <= 80 or " " not in line.strip() for line in printed.splitlines())
    assert all(character.isprintable() or character == "\n" for character in printed)


def test_every_rule_has_a_golden_text() -> None:
    """No rule is without a bad case, and no golden text is without its case."""
    assert {name.partition("_")[0] for name in CASES} == set(RULES)
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


def test_rules_are_well_formed() -> None:
    """An id is two letters of a known family and three digits, and is given once."""
    given = [rule for rule in vars(rules).values() if isinstance(rule, Rule)]
    assert [rule.id for rule in given] == list(RULES)
    assert all(rule[:2] in ("SH", "IM", "AN") and rule[2:].isdigit() and len(rule) == 5 for rule in RULES)


@pytest.mark.parametrize("zipped", [None, True, False], ids=["folders", "zips with the folder", "zips without it"])
def test_good_faces_yield_nothing(tmp_path: Path, zipped: bool | None) -> None:
    """A good tree has no finding, in folders as in zips."""
    write_faces(tmp_path, 20, 2)
    if zipped is not None:
        for name in ("DifussionEmotion_S", "DiffusionEmotion_S_cropped"):
            zip_folder(tmp_path / name, with_name=zipped)
    assert check(tmp_path) == []


def test_good_emonet_yields_nothing(tmp_path: Path) -> None:
    """Folders in upstream's forms have no finding, and a clone of upstream may be given itself."""
    write_emonet(tmp_path)
    assert check(tmp_path, *EMONET) == []
    assert check_config("emonet_hq", str(tmp_path / "emonet-face-hq")) == []
