"""The command `diffusionfer prompts`: what it prints, what it writes, its exit status."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tools.check.sheet.check import check_sheet
from tools.make.grammar_file import PACKAGED, load, made
from tools.prompts import main

ROOT = Path(__file__).resolve().parents[2]
VALUES = {"emotion": "fear", "race": "latin", "age": "old", "gender": "woman", "style": "big eyes", "others": "camping"}
PROMPT = load("diffusionfer").render(VALUES)


def _run(*arguments: str | Path, text: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=text)


def test_a_design_is_written_and_made_longer(tmp_path: Path) -> None:
    """The file is named, and so is what is new in it."""
    file = tmp_path / "dataset_sheet.csv"
    first = _run("design", "--count", "200", "--seed", "5", tmp_path)
    assert (first.exit_code, first.stdout, first.stderr) == (0, f"{file}: 200 rows, 200 of them new\n", "")
    more = _run("design", "--count", "260", "--seed", "5", "--append", tmp_path)
    assert (more.exit_code, more.stdout) == (0, f"{file}: 260 rows, 60 of them new\n")
    before = file.read_bytes()
    again = _run("design", "--count", "260", "--seed", "5", tmp_path)
    assert (again.exit_code, again.stdout) == (0, f"{file}: all 260 rows are there already\n")
    other = _run("design", "--count", "270", "--seed", "5", tmp_path)
    assert (other.exit_code, other.stdout, file.read_bytes()) == (2, "", before)
    expected = f"error: {file} is there already and is not overwritten: --append adds the rows that it lacks\n"
    assert other.stderr == expected
    with file.open(newline="") as text:
        assert len(list(csv.reader(text))) == 261


def test_a_design_that_leaves_cells_empty_says_so(tmp_path: Path) -> None:
    """Fewer rows than cells are balanced as far as they go."""
    result = _run("design", "--count", "20", "--size", "large", "--backend", "diffusers", tmp_path)
    assert result.exit_code == 0
    assert result.stderr == (
        "note: the crossing of emotion, race, age, gender has 126 cells: 106 of them get no row of 20\n"
    )
    assert (tmp_path / "dataset_sheet.csv").read_text().count("DifussionEmotion_L/") == 20


def test_a_design_of_emonet_goes_into_a_side_file(tmp_path: Path) -> None:
    """metadata.csv in the folder of the pictures; --size and --backend are no choices there."""
    result = _run("design", "--count", "12000", "--grammar", "emonet", tmp_path / "emonet-face-big")
    assert (result.exit_code, result.stderr) == (0, "")
    refused = _run("design", "--count", "5", "--grammar", "emonet", "--size", "small", tmp_path)
    assert refused.exit_code == 2
    assert "--size and --backend are for a sheet: leave them out with a grammar of EmoNet-Face" in refused.stderr


def test_a_grammar_of_ones_own_is_used(tmp_path: Path) -> None:
    """What it adds is in the design; what it gets wrong is told in one line, and nothing is written."""
    file = tmp_path / "mine.json"
    raw = {"name": "mine", "extends": "diffusionfer", "tables": {"others": ["beach"]}, "shares": {"others": 1}}
    file.write_text(json.dumps(raw))
    result = _run("design", "--count", "150", "--grammar", file, "--backend", "diffusers", tmp_path)
    assert result.exit_code == 0
    assert (tmp_path / "dataset_sheet.csv").read_text().count(", upper body, beach") == 150
    sketched = _run("design", "--count", "150", "--grammar", file, tmp_path / "other")
    assert (sketched.exit_code, sketched.stderr) == (
        2,
        "error: others 'beach' is not in the published tables, and the sketch renderer draws no other: expected "
        "'cyberpunk', 'camping', 'ancient' or 'medieval Europe', or the backend diffusers\n",
    )
    file.write_text(json.dumps({**raw, "template": "{emotion} {hair}"}))
    broken = _run("design", "--count", "150", "--grammar", file, tmp_path / "other")
    expected = f"error: {file}: template: {{hair}} has no table: emotion, race, age, gender, style, others\n"
    assert (broken.exit_code, broken.stderr) == (2, expected)
    assert not (tmp_path / "other").exists()


def test_the_sides_that_a_grammar_gives_are_columns(tmp_path: Path) -> None:
    """Generation reads them there; the published sides, which it takes by itself, are not written."""
    file = tmp_path / "mine.json"
    for name, folder in (("diffusionfer", "sheet"), ("emonet", "emonet-face-big")):
        file.write_text(json.dumps({"name": "m", "extends": name, "settings": {"steps": 9, "width": 768}}))
        backend = ["--backend", "diffusers"] if folder == "sheet" else []
        assert _run("design", "--count", "5", "--grammar", file, *backend, tmp_path / folder).exit_code == 0
        (sheet,) = (tmp_path / folder).glob("*.csv")
        with sheet.open(newline="") as text:
            rows = list(csv.DictReader(text))
        assert {(row["steps"], row["width"]) for row in rows} == {("9", "768")}
        again = _run("design", "--count", "7", "--grammar", file, *backend, "--append", tmp_path / folder)
        assert (again.exit_code, again.stdout) == (0, f"{sheet}: 7 rows, 2 of them new\n")
    assert list(check_sheet(tmp_path / "sheet" / "dataset_sheet.csv")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--count", "0"), "Invalid value for '--count': 0 is not in the range x>=1."),
        (("--count", "many"), "Invalid value for '--count': 'many' is not a valid integer range."),
        (("--count", "5000000000"), "error: a design has at most 4,294,967,296 rows (got 5,000,000,000): no two may "
         "share a seed"),
        ((), "Missing option '--count'."),
        (("--count", "5", "--seed", "-1"), "Invalid value for '--seed': -1 is not in the range x>=0."),
    ],
)  # fmt: skip
def test_a_count_or_seed_that_cannot_be_is_refused(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    """Exit status 2, and nothing is written."""
    result = _run("design", *arguments, tmp_path / "data")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "data").exists()


def test_rows_become_prompts_and_prompts_become_rows() -> None:
    """From arguments and from the standard input; what the one prints the other reads."""
    rendered = _run("render", json.dumps(VALUES), json.dumps({**VALUES, "style": "", "others": ""}))
    assert rendered.exit_code == 0
    assert json.loads(rendered.stdout.splitlines()[0]) == {"prompt": PROMPT}
    parsed = _run("parse", text=rendered.stdout)
    assert parsed.exit_code == 0
    assert [json.loads(line) for line in parsed.stdout.splitlines()] == [VALUES, {**VALUES, "style": "", "others": ""}]
    assert _run("render", text=parsed.stdout).stdout == rendered.stdout
    assert json.loads(_run("parse", text=f"\ufeff{PROMPT}\r\n\n".encode()).stdout) == VALUES


def test_a_line_that_does_not_fit_is_told_and_the_others_go_on() -> None:
    """One line out for each line in; exit status 1 says that not all fitted."""
    result = _run("parse", "a cat", PROMPT, '{"prompt": 5')
    assert result.exit_code == 1
    first, second, third = (json.loads(line) for line in result.stdout.splitlines())
    assert first["error"].startswith(
        "not a prompt of the grammar 'diffusionfer': character 1, at 'a cat': expected emot"
    )
    assert second == VALUES
    assert third["error"].startswith("not JSON: ")
    result = _run("render", "[1]", "{", json.dumps({**VALUES, "race": "blue"}), '{"emotion": 5}', "[" * 100_000)
    assert result.exit_code == 1
    assert [json.loads(line)["error"].partition(":")[0] for line in result.stdout.splitlines()] == [
        "expected an object with a text for each column", "not JSON", "race",
        "expected an object with a text for each column", "not JSON",
    ]  # fmt: skip


def test_a_reader_that_has_enough_ends_the_command_quietly() -> None:
    """As `| head -1` does: no error and no traceback."""
    script = [sys.executable, str(ROOT / "tools" / "prompts.py"), "parse"]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, errors = process.communicate(f"{PROMPT}\n".encode() * 3)
    assert (process.returncode, errors) == (1, b"")


def test_input_that_is_no_text_ends_the_command() -> None:
    """The line is named."""
    result = _run("parse", text=PROMPT.encode() + b"\n\xff\n")
    assert (result.exit_code, result.stderr) == (2, "error: line 2 of the standard input is no UTF-8\n")


@pytest.mark.parametrize("name", PACKAGED)
def test_a_grammar_is_shown_as_it_can_be_extended(name: str, tmp_path: Path) -> None:
    """What is printed is a file that --grammar takes."""
    result = _run("grammar", name)
    assert result.exit_code == 0
    assert made(json.loads(result.stdout), "shown") == load(name)
    file = tmp_path / "shown.json"
    file.write_text(result.stdout, encoding="utf-8")
    assert _run("grammar", file).stdout == result.stdout


def test_a_grammar_that_is_none_is_refused() -> None:
    """One line, exit status 2."""
    result = _run("grammar", "difusionfer")
    expected = "error: difusionfer is no grammar: give one of diffusionfer, emonet, or a JSON file\n"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", expected)


def test_help_loads_nothing_heavy() -> None:
    """Neither the module nor its help imports what makes designs."""
    heavy = ("numpy", "pyarrow", "datasets", "PIL", "DiffusionFER")
    code = f"import sys, tools.prompts; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    script = [sys.executable, str(ROOT / "tools" / "prompts.py"), "--help"]
    shown = subprocess.run(script, capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert all(verb in shown.stdout for verb in ("design", "render", "parse", "grammar"))
