"""Each rule has a golden folder: bad cases with the exact text that is printed for them, and good cases without.

`golden/<ID>/` holds cards (`bad*.md`, `good*.md`), sheets (`bad*.csv`, `good*.csv`) or a `case.py` whose functions of
such names make a tree in an empty folder and return its findings. Beside a bad case stands its text (`bad*.txt`), and,
where the rule can be mended mechanically, what its file then is (`bad*.fixed.md`, `bad*.fixed.csv`).
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.check.emonet import write_upstream
from tests.check.material import EMONET, check
from tests.trees import write_faces, zip_folder
from tools.check.card.check import check_card
from tools.check.configs import check_config
from tools.check.findings import Finding, Rule
from tools.check.fixes import edited
from tools.check.report import Report, render_text
from tools.check.rules import FAMILIES, RULES
from tools.check.sheet.check import check_sheet

GOLDEN = Path(__file__).with_name("golden")
REFRESH = "REFRESH_GOLDEN=1 python -m pytest tests/check/test_golden.py"
Check = Callable[[Path], Iterable[Finding]]


def cases() -> dict[str, Check]:
    """Return every case, by the name of its rule and its own: 'SH003/bad_latin1'."""
    found: dict[str, Check] = {}
    for folder in sorted(path for path in GOLDEN.iterdir() if path.is_dir()):
        for file in sorted(folder.glob("*.md")) + sorted(folder.glob("*.csv")):
            if ".fixed." not in file.name:
                found[f"{folder.name}/{file.name}"] = functools.partial(check_file, file)
        if (folder / "case.py").is_file():
            module = importlib.import_module(f"tests.check.golden.{folder.name}.case")
            for name in vars(module):
                if re.match(r"(bad|good)(_|$)", name):
                    found[f"{folder.name}/{name}"] = getattr(module, name)
    return found


def check_file(file: Path, data_dir: Path) -> Iterable[Finding]:
    """Check a card or a sheet, alone, under the name that it has where it is used."""
    name = "README.md" if file.suffix == ".md" else "dataset_sheet.csv"
    copy = Path(shutil.copyfile(file, data_dir / name))
    return check_card(name, copy.read_bytes()) if file.suffix == ".md" else check_sheet(copy)


CASES = cases()
BAD = [name for name in CASES if "/bad" in name]
GOOD = [name for name in CASES if "/good" in name]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return an empty folder."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def compare(path: Path, content: bytes) -> None:
    """Compare with a golden file, or write it anew where that is asked for."""
    if os.environ.get("REFRESH_GOLDEN"):
        path.write_bytes(content)
    assert path.is_file(), f"no {path}; read what is printed, and if it is right run {REFRESH}"
    assert content.decode() == path.read_bytes().decode(), f"if the new text is right, run {REFRESH}"


@pytest.mark.parametrize("name", BAD)
def test_bad_case(name: str, data_dir: Path) -> None:
    """A bad case prints exactly what its golden text says, in 80 columns, without a path of this machine."""
    rule, stem = name.split("/")[0], name.split("/")[1].partition(".")[0]
    findings = [finding for finding in CASES[name](data_dir) if finding.rule == rule]  # as --select would print
    printed = render_text(Report(findings))
    compare(GOLDEN / rule / f"{stem}.txt", printed.encode())
    assert findings
    assert str(data_dir.parent) not in printed
    assert all(len(line) <= 80 or " " not in line.strip() for line in printed.splitlines())
    assert all(character.isprintable() or character == "\n" for character in printed)
    assert all(finding.severity == RULES[finding.rule].severity and finding.hint for finding in findings)


@pytest.mark.parametrize("name", [name for name in BAD if name.endswith((".md", ".csv"))])
def test_bad_case_is_mended(name: str, data_dir: Path) -> None:
    """The edits of a rule turn the bad case into its mended one, in which the rule finds no edit to make."""
    source, rule = GOLDEN / name, name.split("/")[0]
    edits = [finding.edit for finding in CASES[name](data_dir) if finding.rule == rule and finding.edit]
    fixed = source.with_name(f"{source.stem}.fixed{source.suffix}")
    assert bool(edits) <= RULES[rule].fixable, "a rule whose findings have edits says that it can be mended"
    if edits:
        mended, made = edited(source.read_bytes(), edits)
        assert made
        compare(fixed, mended)
        assert not [finding for finding in check_file(fixed, data_dir) if finding.rule == rule and finding.edit]
    else:
        assert not fixed.exists()


@pytest.mark.parametrize("name", GOOD)
def test_good_case(name: str, data_dir: Path) -> None:
    """A good case, which comes near to what its rule forbids, has no finding of that rule."""
    rule = name.split("/")[0]
    assert [finding for finding in CASES[name](data_dir) if finding.rule == rule] == []


def test_every_rule_has_a_golden_folder() -> None:
    """No rule is without a bad and a good case, no folder without its rule, and no text without its case."""
    assert {name.split("/")[0] for name in BAD} == set(RULES)
    assert {name.split("/")[0] for name in GOOD} == set(RULES)
    texts = {str(path.relative_to(GOLDEN).with_suffix("")) for path in GOLDEN.glob("*/*.txt")}
    assert texts == {name.partition(".")[0] for name in BAD}


def test_every_fixable_rule_is_mended_in_a_case() -> None:
    """A rule that says it can be mended is, in a golden case."""
    mended = {path.parent.name for path in GOLDEN.glob("*/*.fixed.*")}
    assert mended == {rule.id for rule in RULES.values() if rule.fixable}


def test_rules_are_well_formed() -> None:
    """An id is a known family and three digits, is given once, and its rule says why and how to mend."""
    for family, (_, modules) in FAMILIES.items():
        for module in modules:
            ids = [rule.id for rule in vars(module).values() if isinstance(rule, Rule)]
            assert ids == sorted(set(ids))
            assert all(re.fullmatch(rf"{family}\d{{3}}", rule) for rule in ids)
    for rule in RULES.values():
        assert rule.title
        assert not rule.title.endswith(".")
        assert all(text.endswith(".") and len(text) >= 20 for text in (rule.why, rule.mend)), rule.id


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
    write_upstream(tmp_path)
    assert check(tmp_path, *EMONET) == []
    assert check_config("emonet_hq", str(tmp_path / "emonet-face-hq")) == []
