"""What becomes of findings: counts, the first of many, and every form of output."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.check.findings import Edit, Finding, quote
from tools.check.report import Report, render_github, render_json, render_statistics, render_text
from tools.check.rules import RULES, chosen
from tools.check.sarif import render_sarif
from tools.check.sheet.rules import PATH_TWICE, SHEET_MISSING

SARIF = json.loads(Path(__file__).with_name("sarif-2.1.0.schema.json").read_text(encoding="utf-8"))
TEXT = st.text(st.characters(), max_size=40)
FINDINGS = st.lists(
    st.builds(
        lambda rule, file, row, column, value, message, hint, line: Finding(
            rule.id, rule.severity, file, row, column, value, message, hint, line
        ),
        st.sampled_from(list(RULES.values())),
        TEXT,
        st.none() | st.integers(1, 10**6),
        st.none() | TEXT,
        st.none() | TEXT,
        TEXT,
        TEXT,
        st.none() | st.integers(1, 10**6),
    ),
    max_size=8,
)


def plain(text: str) -> str:
    """Return a text with question marks for what no UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode()


def some(number: int) -> list[Finding]:
    """Return findings, the last first, every other of them with an edit."""
    edit = Edit(0, b"", b"x")
    return [
        PATH_TWICE.at("sheet.csv", "twice", "remove it", row=row, edit=edit if row % 2 else None)
        for row in range(number, 0, -1)
    ]


@given(FINDINGS, st.none() | st.integers(1, 5))
def test_report_keeps_the_first_and_counts_all(findings: list[Finding], limit: int | None) -> None:
    """The findings kept are the first of all in order, however few are kept, and the counts are those of all."""
    report = Report(limit=limit)
    for finding in findings:
        report.add([finding])
    orders = [finding.order for finding in report.findings]
    assert orders == sorted(finding.order for finding in findings)[:limit]
    assert report.total == len(findings)
    assert report.errors == sum(finding.severity == "error" for finding in findings)


def test_report_keeps_few_of_many() -> None:
    """Of many findings only some are in memory, and the first are still the first."""
    report = Report(some(5000), limit=10)
    assert [finding.row for finding in report.findings] == list(range(1, 11))
    assert len(report._kept) < 2100
    assert report.fixable.total() == 2500
    text = render_text(report)
    assert "4,990 more not shown; --max-findings 0 shows all" in text
    assert text.endswith("5,000 errors in 1 file\n")


def test_the_base_goes_before_each_file() -> None:
    """A report can name files as seen from where the reader is."""
    report = Report()
    report.add(some(1), base="data/")
    assert render_text(report).startswith("data/sheet.csv\n")


def test_line_and_row_are_named() -> None:
    """A place is named by its row where there is one, else by its line."""
    report = Report([PATH_TWICE.at("README.md", "m", line=3), PATH_TWICE.at("a.csv", "m", row=4, line=5)])
    assert "line 3: error SH011" in render_text(report)
    assert "row 4: error SH011" in render_text(report)
    assert f"hint: {PATH_TWICE.mend[:20]}" in render_text(report)


@given(FINDINGS)
def test_json_holds_every_field(findings: list[Finding]) -> None:
    """What a finding carries can be read back from JSON, whatever characters it has."""
    document = json.loads(render_json(Report(findings)))
    assert len(document["findings"]) == len(findings)
    for given_, found in zip(sorted(findings), document["findings"], strict=True):
        assert found.pop("fixable") is False
        fields = {name: getattr(given_, name) for name in found}
        assert found == {name: plain(text) if isinstance(text, str) else text for name, text in fields.items()}
        assert len(found) == 9
    assert sum(document["rules"].values()) == sum(document["counts"].values()) == len(findings)


@given(FINDINGS)
def test_sarif_is_valid(findings: list[Finding]) -> None:
    """SARIF of any findings is valid by the schema of the standard, and each result points at its rule."""
    log = json.loads(render_sarif(Report(findings)))
    jsonschema.validate(log, SARIF)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [f.rule for f in sorted(findings)]


def test_the_sarif_schema_refuses() -> None:
    """The schema that judges is no empty one."""
    log = json.loads(render_sarif(Report(some(1))))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError, match="'fatal' is not one of"):
        jsonschema.validate(log, SARIF)


def test_sarif_names_the_place() -> None:
    """A result has the file as a relative reference, the line, the message with its hint, and the severity."""
    finding = SHEET_MISSING.at("a b/ü%.csv", "is gone", "bring it", row=7)
    result = json.loads(render_sarif(Report([finding])))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/%C3%BC%25.csv"},
        "region": {"startLine": 7},
    }
    assert result["message"]["text"] == "is gone (Bring it.)"
    assert result["level"] == "error"


@given(FINDINGS)
def test_github_commands_cannot_be_broken_out_of(findings: list[Finding]) -> None:
    """Each finding is one line of one command, whatever a sheet put into it."""
    lines = render_github(Report(findings)).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(findings)
    form = r"::(error|warning) file=[^,:]*(,line=\d+)?,title=[^,:]*::.*"
    assert all(re.fullmatch(form, line) and line.isprintable() for line in lines)


def test_github_escapes() -> None:
    """The characters that end a property or a command are escaped as GitHub reads them."""
    line = render_github(Report([SHEET_MISSING.at("a,b:c%.csv", "100 %: gone", "bring it", row=7)]))
    title = "SH001 the data directory holds no sheet"
    assert line == f"::error file=a%2Cb%3Ac%25.csv,line=7,title={title}::100 %25: gone (Bring it.)\n"


def test_statistics() -> None:
    """The rules that were broken stand with their counts, the most frequent first, within 80 columns."""
    text = render_statistics(Report([*some(1200), SHEET_MISSING.at("x", "m")]))
    lines = text.splitlines()
    assert lines[0].split()[:3] == ["1,200", "SH011", "error"]
    assert lines[1].split()[:3] == ["1", "SH001", "error"]
    assert lines[-1] == "1,201 errors in 2 files"
    assert all(len(line) <= 80 for line in lines)
    assert render_statistics(Report()) == "no problem found\n"


def test_chosen_rules() -> None:
    """Rules are chosen by ids or their beginnings, in any case; what is ignored is not chosen."""
    assert chosen((), ()) == set(RULES)
    assert chosen(["sh001"], ()) == {"SH001"}
    assert chosen(["SH00"], ["SH001", "IM"]) == {f"SH00{digit}" for digit in range(2, 10)}
    assert chosen((), ["SH"]) == {rule for rule in RULES if not rule.startswith("SH")}
    with pytest.raises(ValueError, match=r"^no rule is called 'XY' or begins so: `diffusionfer rules` lists them$"):
        chosen(["XY"], ())
    with pytest.raises(ValueError, match="'' or begins"):
        chosen([""], ())


def test_json_is_bounded_and_plain() -> None:
    """A cell of a megabyte does not make the JSON long, nor half of a surrogate pair make it unreadable."""
    finding = SHEET_MISSING.at("caf\udce9.csv", "m", value="x" * 10**6)
    text = render_json(Report([finding]))
    assert len(text) < 2000
    assert json.loads(text)["findings"][0]["file"] == "caf?.csv"


TOKENS = {
    "Hugging Face": "hf_" + "a1B2c3D4e5F6" * 3,
    "within a name": "my_hf_" + "a1B2c3D4e5F6" * 3 + "_old",
    "encoded": "%3Dhf_" + "a1B2c3D4e5F6" * 3,
    "long": "hf_" + "a1B2c3D4e5F6" * 20,
    "JSON web token": "eyJ" + ".".join(["a1B2c3D4e5F6"] * 3),
    "password": "https://:a1B2c3D4@example.org",
}


@pytest.mark.parametrize("kind", TOKENS)
def test_no_form_of_output_repeats_a_credential(kind: str) -> None:
    """Wherever a credential stands, in a name, a message, a value or a hint, no output holds it."""
    token = TOKENS[kind]
    secret = "a1B2c3D4"
    finding = SHEET_MISSING.at(f"{token}.csv", f"got {quote('x' * 40 + token)}", f"write {token}", value=token)
    report = Report([finding])
    for render in (render_text, render_json, render_github, render_sarif):
        assert secret not in render(report)
