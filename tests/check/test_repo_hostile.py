"""Folders made to end or to stop the check: each is checked in a child, so that the other tests go on if one does."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check.repos import images, write_parquet
from tools.check.card.header_configs import matching, no_match, takes_long
from tools.check.card.read import read_card
from tools.check.repo import probe
from tools.check.repo.probe import FATAL, MOST_ENDS, NOT_READ, fatal_files

# A file of two rows, of which one byte is changed: a histogram of its footer has not as many numbers as its column
# asks for, and pyarrow 26 aborts where it makes the column chunk.
ABORTS = base64.b64decode(
    "UEFSMRUEFQgVDEwVAhUAEgAABAwBAAAAFQAVEhUWLBUEFRAVBhUGHBgEAQAAABgEAQAAABYCKAQBAAAAGAQBAAAAEREAAAAJIAIAAAADAQECABUEGSw1"
    "ABgGc2NoZW1hFQIAFQIlAhgBYSUeTKwTCBEAAAAWBBkcGRwmABwVEhk1AAYQGRgBYRUCFgQWlAEWnAEmMCYIHBgEAQAAABgEAQAAABYCKAQBAAAAGAQB"
    "AAAAEREAGSwVBBUAFQIAFQAVEBUCADwpBhkmAgIAAAAWlAEWBCYIFpwBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZHBwAAACvAAAA"
    "UEFSMQ=="
)
CHECK = """
import sys
from pathlib import Path
from tools.check.repo.check import check_repo
for finding in sorted(check_repo(Path(sys.argv[1]))):
    print(finding.rule, finding.file, finding.message)
"""
MERGE_BOMB = "a0: &a0 {k0: 1, k1: 2, k2: 3}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)


def said(folder: Path) -> list[str]:
    """Check a folder in a child, which must neither die nor take a minute; return a line a finding."""
    child = subprocess.run(
        [sys.executable, "-c", CHECK, str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (child.returncode, child.stderr) == (0, "")
    return child.stdout.splitlines()


def test_a_footer_that_ends_the_program(tmp_path: Path) -> None:
    """A footer at which pyarrow aborts is a damaged file, and the files before and after it are checked."""
    for name in ("a", "c", "e"):
        write_parquet(tmp_path / f"{name}.parquet", images(), write_page_index=name != "e")
    for name in ("b", "d"):
        (tmp_path / f"{name}.parquet").write_bytes(ABORTS)
    (tmp_path / "f.parquet").write_bytes(b"PAR1")
    found = said(tmp_path)
    assert [line for line in found if "RE004" in line] == [
        f"RE004 b.parquet Parquet file {FATAL}",
        f"RE004 d.parquet Parquet file {FATAL}",
        "RE004 f.parquet Parquet file has 4 bytes, and the shortest Parquet file has 12",
    ]
    assert [line for line in found if "page index" in line and "e.parquet" in line]
    assert "tmp" not in "".join(found)


def test_many_footers_that_end_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some ends no further child is started, and the files that were not reached are said to be unread."""
    monkeypatch.setattr(probe, "MOST_ENDS", 2)
    paths = [tmp_path / f"{number}.parquet" for number in range(4)]
    for path in paths:
        path.write_bytes(ABORTS)
    assert list(fatal_files(paths).items()) == list(zip(paths, [FATAL, FATAL, NOT_READ, NOT_READ], strict=True))
    assert str(MOST_ENDS) in NOT_READ


def test_no_child_without_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no Parquet file, no child is started."""
    monkeypatch.setattr(subprocess, "run", None)
    assert fatal_files([]) == {}


def test_brackets_without_end(tmp_path: Path) -> None:
    """A script of many brackets that never close is looked through in short time; a builder is still found."""
    (tmp_path / "x.py").write_text("class A(" * 130_000)
    (tmp_path / "y.py").write_text("class A(\n    datasets.GeneratorBasedBuilder,\n):\n    pass\n")
    assert [line.split()[:2] for line in said(tmp_path)] == [["RE002", "y.py"]]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*a" * 25 + "b", "a" * 200 + ".csv"),
        ("**/" * 25 + "*b", "a/" * 30 + "a.csv"),
        ("*a*a*/" * 4 + "b", "/".join(["a" * 100] * 5) + ".csv"),
    ],
)
def test_patterns_that_take_long(tmp_path: Path, pattern: str, name: str) -> None:
    """A pattern that would be compared with a name for hours is passed over, and covers nothing."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("a\n")
    (tmp_path / "README.md").write_text(f'---\nconfigs:\n- config_name: a\n  data_files: "{pattern}"\n---\n# T\n')
    assert said(tmp_path) == [f"RE003 {name} data file belongs to no config"]


def test_patterns_that_do_not_take_long() -> None:
    """What cards have, and what datasets looks for by itself, is compared."""
    from datasets.data_files import ALL_DEFAULT_PATTERNS

    defaults = [pattern for several in ALL_DEFAULT_PATTERNS for patterns in several.values() for pattern in patterns]
    common = ["data/train-?????-of-?????.parquet", "**/*/train-*-of-*.parquet", "**", "", "en/**/*.csv", "*_a_*.*"]
    assert [pattern for pattern in [*defaults, *common] if takes_long(pattern)] == []
    assert takes_long("*a*a*a*b")
    assert takes_long("**/**/**/a")
    assert takes_long("*a*/*a*")


@pytest.mark.parametrize(
    "header",
    ['a: !!int ""\n', "a: !!bool x\n", "a: !!timestamp x\n", MERGE_BOMB, "a: " + ":".join(["1"] * 450_000) + "\n"],
    ids=["int", "bool", "timestamp", "merge", "sexagesimal"],
)
def test_a_hostile_header(tmp_path: Path, header: str) -> None:
    """Values that YAML's own loader raises at, or computes for hours, hold nothing up."""
    (tmp_path / "README.md").write_text(f"---\n{header}---\n# T\n\ntext\n")
    assert said(tmp_path) == []


def test_patterns_that_take_long_in_a_card(tmp_path: Path) -> None:
    """The rules for a card do not say of a pattern that is not compared that it matches nothing."""
    (tmp_path / "a.csv").write_text("a\n")
    patterns = ["a.csv", "*a*a*a*b.csv", "no.csv"]
    text = f"---\nconfigs:\n- config_name: a\n  data_files: {patterns}\n---\n# T\n".encode()
    found = list(no_match(read_card("README.md", text, tmp_path)))
    assert [(finding.rule, finding.value) for finding in found] == [("CA030", "no.csv")]
    assert matching(tmp_path, "*a*.*c*v*") == []
