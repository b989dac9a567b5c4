"""What `--fix` does to a sheet: cells, names of columns and line ends are mended, and every other byte stays."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from DiffusionFER import EMOTIONS, SPLITS
from tools.check.findings import Finding
from tools.check.fixes import edited, mend
from tools.check.rules import RULES
from tools.check.sheet.check import sheet_findings
from tools.check.sheet.columns import meant_split
from tools.check.sheet.mend import label_beyond_doubt
from tools.check.sheet.read import parse_sheet

PATH = "DifussionEmotion_S/{}/aaaaaaaa_{}.png"
HEADER = ["path", "emotion", "valence", "arousal", "split", "race", "others"]


def findings_of(content: bytes, name: str = "dataset_sheet.csv") -> list[Finding]:
    """Return all that is found in the bytes of a sheet without its files."""
    sheet, findings = parse_sheet(name, content)
    return [*findings, *(sheet_findings(sheet) if sheet else ())]


def mended(content: bytes) -> bytes:
    """Return a sheet after `--fix`, which goes on until there is no edit left."""
    for _ in range(10):
        edits = [finding.edit for finding in findings_of(content) if finding.edit]
        if not edits:
            return content
        content, _ = edited(content, edits)
    raise AssertionError("mending does not end")


def parse(content: bytes) -> list[list[str]]:
    """Read a CSV with Python's own reader, without blank lines."""
    return [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row]


def write(rows: list[list[str]], ending: str = "\n", quoted: bool = False) -> bytes:
    """Write rows as a CSV."""
    text = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator=ending, quoting=quoting).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize(
    ("given_label", "meant"),
    [(" fear", "fear"), ("Anger", "angry"), ("happiness", "happy"), ("SAD ", "sad"), ("suprise", None), ("6", None),
     ("none", None), ("", None), ("contempt", None)],
)  # fmt: skip
def test_label_beyond_doubt(given_label: str, meant: str | None) -> None:
    """Case, spaces and synonyms leave no doubt; slips of the pen, numbers and 'none' do."""
    assert label_beyond_doubt(given_label) == meant


@pytest.mark.parametrize(
    ("given_split", "meant"),
    [("Train", "train"), ("val", "validation"), ("VALID", "validation"), ("test ", "test"), ("holdout", None),
     ("", None)],
)  # fmt: skip
def test_meant_split(given_split: str, meant: str | None) -> None:
    """Case, spaces and the usual other names of a split leave no doubt."""
    assert meant_split(given_split) == meant


def test_a_label_that_path_or_name_contradict_is_left() -> None:
    """'Anger' in the folder of happy, or with the index of happy, is for a person to decide; elsewhere it is mended."""
    rows = [["path", "emotion", "valence", "arousal"]]
    rows += [[path, "Anger", "-0.5", "0.5"] for path in (
        PATH.format("angry", 6), PATH.format("happy", 6), PATH.format("angry", 1), "DifussionEmotion_S/any/x.png"
    )]  # fmt: skip
    edits = {finding.row: finding.edit for finding in findings_of(write(rows)) if finding.rule == "SH014"}
    assert [row for row, edit in edits.items() if edit] == [2, 5]
    assert [row[1] for row in parse(mended(write(rows)))[1:]] == ["angry", "Anger", "Anger", "angry"]


def test_a_parquet_sheet_is_not_mended() -> None:
    """Findings on a Parquet sheet are the same, without an edit."""
    columns = {"path": [PATH.format("angry", 6)], "emotion": ["Anger"], "valence": [-0.5], "arousal": [0.5]}
    sink = io.BytesIO()
    pq.write_table(pa.table({**columns, "race": [" white"], "Split": ["train"]}), sink)
    findings = findings_of(sink.getvalue(), "dataset_sheet.parquet")
    assert {finding.rule for finding in findings} == {"SH014", "SH030", "SH039"}
    assert not any(finding.edit for finding in findings)


def test_all_at_once(tmp_path: Path) -> None:
    """Byte-order mark, column, label, split, white space and line ends are mended in rounds, in the file itself."""
    path = tmp_path / "dataset_sheet.csv"
    good = write([HEADER[:6], [PATH.format("fear", 4), "fear", "-0.5", "0.5", "validation", "white, old"]])
    bad = b"\xef\xbb\xbf" + good.replace(b"arousal", b'"Arousal "').replace(b",fear,", b',"Fear ",').rstrip()
    path.write_bytes(
        bad.replace(b"validation", b"Val").replace(b'"white, old"', b'"white, old "').replace(b"\n", b"\r")
    )
    assert mend(path, lambda: findings_of(path.read_bytes()), set(RULES)) >= 6
    assert path.read_bytes() == good.replace(b"arousal", b'"arousal"').replace(b",fear,", b',"fear",')


CELLS = st.one_of(
    st.sampled_from([*EMOTIONS, *SPLITS, "Anger", " fear", "happiness ", "Train", "val", "valid", "0.5", "-1", ""]),
    st.text(st.sampled_from("ab ,\"'\n\ré\u00a0=\t"), max_size=5),
)
ROWS = st.lists(st.tuples(st.sampled_from(EMOTIONS), st.lists(CELLS, min_size=6, max_size=6)), min_size=1, max_size=4)
ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])


@settings(deadline=None, max_examples=25)
@given(ROWS, ENDINGS, st.booleans(), st.booleans(), st.booleans())
@example([("sad", ["Anger", " 1", "", "val", ' "a"', "=1"])], "\n", False, False, True)
def test_only_cells_at_fault_change(
    rows: list[tuple[str, list[str]]], ending: str, quoted: bool, mark: bool, cut: bool
) -> None:
    """Mending any sheet makes cells at fault what was meant, changes no other cell, and leaves nothing to mend."""
    table = [HEADER, *([PATH.format(label, EMOTIONS.index(label)), *cells] for label, cells in rows)]
    content = (b"\xef\xbb\xbf" if mark else b"") + write(table, ending, quoted)
    content = content[: -len(ending)] if cut else content
    assume(parse(content) == table)  # Python's csv does not quote every line break
    after = parse(mended(content))
    assert len(after) == len(table)
    for before_row, after_row in zip(table, after, strict=True):
        for column, before, now in zip(HEADER, before_row, after_row, strict=True):
            meant: set[str | None] = {before, before.strip()}
            if column == "emotion":
                meant = {before, label_beyond_doubt(before)}
            elif column == "split":
                meant = {before, meant_split(before)}
            assert now in meant
    assert mended(mended(content)) == mended(content)


@settings(deadline=None)
@given(ROWS, ENDINGS)
def test_edits_of_cells_touch_nothing_else(rows: list[tuple[str, list[str]]], ending: str) -> None:
    """Outside of the cells that have an edit every byte stays, and each edit replaces what is there."""
    table = [HEADER, *([PATH.format(label, EMOTIONS.index(label)), *cells] for label, cells in rows)]
    content = write(table, ending)
    edits = [found.edit for found in findings_of(content) if found.edit and found.rule in ("SH014", "SH019", "SH039")]
    after, made = edited(content, edits)
    assert made == len(set(edits))
    position = moved = 0
    for edit in sorted(set(edits), key=lambda edit: edit.start):
        assert content[position : edit.start] == after[position + moved : edit.start + moved]
        assert after[edit.start + moved :].startswith(edit.new)
        position, moved = edit.end, moved + len(edit.new) - len(edit.old)
    assert content[position:] == after[position + moved :]
