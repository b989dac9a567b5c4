"""The form of a sheet and the text of its cells: what breaks other readers is found by a look at few bytes."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tools.check.findings import Finding
from tools.check.fixes import edited
from tools.check.sheet.check import sheet_findings
from tools.check.sheet.form import column_beyond_doubt
from tools.check.sheet.formulas import own_formulas
from tools.check.sheet.read import COLUMNS, parse_sheet
from tools.check.sheet.texts import CHECKS, text_findings

HEADER = b"path,emotion,valence,arousal"
ROW = b"DifussionEmotion_S/happy/aaaaaaaa_1.png,happy,0.5,0.25"
FORM = ("SH030", "SH031", "SH032", "SH033", "SH034", "SH035")


def form_of(content: bytes, name: str = "dataset_sheet.csv") -> list[Finding]:
    """Return what is found in the form of a sheet."""
    return [finding for finding in parse_sheet(name, content)[1] if finding.rule in FORM]


@pytest.mark.parametrize(
    ("given_name", "column"),
    [(" Valence", "valence"), ("negative prompt", "negative_prompt"), ("CFG-Scale", "cfg_scale"),
     ("clipScore", "clip_score"),
     ("SHA256", "sha256"), ("Face.Box ", "face_box"), ("sampler_", "sampler"), ("valance", None), ("label", None),
     ("", None)],
)  # fmt: skip
def test_column_beyond_doubt(given_name: str, column: str | None) -> None:
    """A name that differs in case or in what divides its words leaves no doubt; a slip of the pen does."""
    assert column_beyond_doubt(given_name, COLUMNS) == column


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"promt", {"promt": "prompt"}),
        (b"Split,SPLIT", {"Split": "split", "SPLIT": "split"}),
        (b"split,Split,splits", {}),
        (b"label,width,notes,trainer,age group", {}),
        (b"sha-256", {"sha-256": "sha256"}),
        (b"", {}),
    ],
)
def test_near_columns(header: bytes, said: dict[str, str]) -> None:
    """A column that is nearly one that is missing is found; not one beside the column itself, nor one's own columns."""
    cells = b"," * (header.count(b",") + 1)
    findings = form_of(HEADER + b"," + header + b"\n" + ROW + cells + b"\n")
    assert {finding.value: finding.message for finding in findings} == {
        name: f"column {name!r} is not read, expected {column!r}" for name, column in said.items()
    }
    assert not any(finding.edit for finding in findings if len(said) > 1), "which of two is meant is for a person"


def test_a_column_of_parquet_is_named_without_an_edit() -> None:
    """A Parquet sheet has names of columns to check, and no bytes."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"path": ["x"], "Emotion": ["happy"], "valence": [0.5], "arousal": [0.2]}), sink)
    (finding,) = form_of(sink.getvalue(), "dataset_sheet.parquet")
    assert (finding.rule, finding.value, finding.edit) == ("SH030", "Emotion", None)


def test_a_path_column_is_renamed_although_no_row_can_be_read() -> None:
    """Without its path column a sheet has no rows to check, yet the header is mended."""
    (finding,) = form_of(b'"Path ",emotion,valence,arousal\n' + ROW + b"\n")
    assert finding.edit
    assert edited(b'"Path ",emotion', [finding.edit])[0] == b'"path",emotion'


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("rows", [1, 40_000])
def test_one_way_to_end_lines_is_fine(ending: bytes, rows: int) -> None:
    """A sheet of any length whose lines all end in one way has no finding, whatever stands in quotes."""
    quoted = HEADER + b",note" + ending + (ROW + b",plain" + ending) * rows + ROW + b',"a\r\nb\nc"' + ending
    assert form_of(quoted) == []
    (finding,) = form_of(quoted + ROW + b",x" + (b"\n" if ending == b"\r\n" else b"\r\n"))
    assert (finding.rule, finding.row) == ("SH032", rows + 3)


def test_utf16_without_a_mark_is_recognised() -> None:
    """A NUL at every other byte is what UTF-16 looks like, and the hint says so."""
    content = (HEADER + b"\n" + ROW + b"\n").decode().encode("utf-16-be")
    assert "UTF-16" in next(finding for finding in form_of(content) if finding.rule == "SH034").hint


def test_an_open_quote_is_not_hidden_by_a_line_end() -> None:
    """A cut within quotes is an open quote, and no line end is put into the cell."""
    (finding,) = form_of(HEADER + b",prompt\n" + ROW + b',"never closed')
    assert (finding.rule, finding.edit) == ("SH033", None)
    (finding,) = form_of(HEADER + b",prompt\n" + ROW + b',"never\nclosed')
    assert (finding.rule, finding.edit) == ("SH035", None)
    assert form_of(HEADER + b",prompt\n" + ROW + ",one\u2028line\x85\n".encode()) == []


PIECES = [b"a", b",", b'"', b"\n", b"\r", b"\r\n", b"\0", b" ", b"\xef\xbb\xbf", b"\xff", b"Valence", HEADER, ROW]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), st.booleans())
@example(b"\r", True)
@example(b'\n"\r', True)
@example(b"\xef\xbb\xbf\r\n", False)
def test_any_form_is_mended_or_left(content: bytes, header: bool) -> None:
    """Whatever the bytes, the edits of the form can be made, and none of them is found again."""
    content = HEADER + b",note\n" + content if header else content
    for _ in range(6):
        edits = [finding.edit for finding in form_of(content) if finding.edit]
        if not edits:
            return
        content, made = edited(content, edits)
        assert made
    raise AssertionError("mending does not end")


TEXTS = st.one_of(
    st.text(st.sampled_from("a =+-@\t\r\n'1\u00a0\u200b\ufeff\u00ade\u0301éÃ©\ufffd笑"), max_size=5),
    st.sampled_from(
        ["-1", "+2.5", "-", "=1", " ", "\u00a0", "nan", "+inf", "-inf", "＝1+1", "-1,5", "une Ã©motion", "\u3000x"]
    ),
    st.none(),
)


@settings(deadline=None)
@given(
    st.sampled_from(["path", "prompt", "race", "emotion", "valence", "seed", "sha256", "face_box"]),
    st.lists(TEXTS, min_size=1, max_size=8),
)
@example("prompt", [None, "", "é", "=1"])
@example("seed", ["1", " 2"])
@example("sha256", ["0" * 64, "0" * 63 + " "])
@example("face_box", ["1 2 3 4", "1 2 3 4 "])
def test_no_text_is_passed_over(column: str, texts: list[str | None]) -> None:
    """What the bytes at the edges of texts and their ASCII tell finds each text that is wrong when looked at alone."""
    wanted = sorted(
        (row, rule.id, message)
        for row, text in enumerate(texts, start=2)
        for check in CHECKS
        for rule, message, _ in check(column, text or "")
    )
    rows = {name: ["x"] * len(texts) for name in ("path", "emotion", "valence", "arousal")}
    plain, repeated = pa.array(texts, pa.string()), pa.array(texts, pa.string()).dictionary_encode()
    for values in (plain, pa.concat_arrays([pa.array(["=", "é "]), plain])[2:], repeated):
        sheet, _ = parse_sheet("dataset_sheet.csv", b"path,emotion,valence,arousal\n" + b"x,x,x,x\n" * len(texts))
        assert sheet
        table = pa.table({**rows, column: pa.chunked_array([values[:3], values[3:]])})
        object.__setattr__(sheet, "table", table)
        found = [finding for finding in text_findings(sheet) if finding.column == column]
        assert sorted((finding.row, finding.rule, finding.message) for finding in found) == wanted


def test_text_of_parquet_is_checked_too() -> None:
    """The text of a Parquet sheet is checked as that of a CSV, and numbers in it are no text."""
    sink = io.BytesIO()
    columns = {"path": ["DifussionEmotion_S/happy/x.png"], "emotion": ["happy"], "valence": [-0.0], "arousal": [-0.25]}
    pq.write_table(pa.table({**columns, "prompt": ["=1+1"], "style": pa.array(["a "], pa.large_string())}), sink)
    sheet, findings = parse_sheet("dataset_sheet.parquet", sink.getvalue())
    assert sheet
    assert findings == []
    assert [(f.rule, f.column) for f in sheet_findings(sheet)] == [("SH040", "prompt"), ("SH039", "style")]


def formulas_of(content: bytes, name: str = "dataset_sheet.csv") -> list[tuple[int | None, str | None, str | None]]:
    """Return row, column and value of the formulas that are found while a sheet is read."""
    return [(f.row, f.column, f.value) for f in parse_sheet(name, content)[1] if f.rule == "SH040"]


OWN = [
    None,
    "",
    "x",
    "-0.5",
    "-",
    "-1,5",
    "+5%",
    "=1",
    "-a",
    "+a",
    "@a",
    "\ta",
    "\ra",
    "＝1",
    "＋a",
    "－1x",
    "＠a",
    "é",
]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_formulas_in_columns_of_ones_own(kind: pa.DataType) -> None:
    """A formula is found in a column that is not read, in any type of text and in any chunk; a number is none."""
    values = pa.array(["=cut away", *OWN], kind)[1:]
    table = pa.table({"notes": pa.chunked_array([values[:4], values[4:9], values[9:]]), "number": [-1] * len(OWN)})
    found = [(cell.column, cell.place, cell.text) for cell in own_formulas(table, ())]
    assert found == [("notes", place, OWN[place]) for place in range(7, len(OWN) - 1)]
    assert own_formulas(table, ("notes",)) == []


def test_formulas_in_the_header() -> None:
    """The name of a column is a cell too, whether the column is read or not, and whether there are rows or not."""
    assert formulas_of(HEADER + b",=cmd,-1,-\n" + ROW + b",x,x,x\n") == [(1, "=cmd", "=cmd")]
    assert formulas_of("＝path,a\n".encode()) == [(1, "＝path", "＝path")]


def test_a_formula_in_a_sheet_without_paths() -> None:
    """Rows that cannot be checked are opened in a spreadsheet all the same, and of two columns of a name both are."""
    assert formulas_of(b'a,a\n"x\ny",x\n=1,@2\n') == [(3, "a", "=1"), (3, "a", "@2")]


def test_bytes_that_are_no_text_in_a_column_of_ones_own() -> None:
    """What Parquet calls text may be none, and is quoted as far as it can be."""
    bad = pa.Array.from_buffers(pa.string(), 1, [None, *pa.array([b"=\xff"]).buffers()[1:]])
    sink = io.BytesIO()
    pq.write_table(pa.table({"notes": bad, "path": ["x"]}), sink)
    assert formulas_of(sink.getvalue(), "dataset_sheet.parquet") == [(2, "notes", "=\ufffd")]
