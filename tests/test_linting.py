"""The commands of the linter as people and hooks run them: their output, their exit status, and what they mend."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.environments import ROOT
from tests.trees import write_emonet, write_faces, write_sheet
from tools import cli
from tools.check.rules import RULES

CARD = """---
license: CC0-1.0
---
# A dataset
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that the commands run in, with a memory of proofs of its own."""
    monkeypatch.setenv("DIFFUSIONFER_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> Result:
    """Run `diffusionfer` with arguments; stdout and stderr apart."""
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_good_tree_is_clean(here: Path) -> None:
    """A data directory without faults ends with status 0 at every depth, again with what was remembered."""
    write_faces(here / "data", 20, 2)
    for depth in ([], [], ["--quick"], ["--deep"], ["--no-cache"], ["--config", "small_cropped"]):
        result = run("validate", "--data-dir", "data", *depth)
        assert (result.stdout, result.exit_code) == ("no problem found\n", 0), result.output


def test_errors_and_warnings_and_status(here: Path) -> None:
    """An error ends a check with status 1, and files are named as seen from where the command runs."""
    rows = write_faces(here / "data", 7, 2)
    rows[3]["emotion"] = "joy"
    write_sheet(here / "data" / "dataset_sheet.csv", rows)
    result = run("validate", "--data-dir", "data")
    assert result.exit_code == 1
    assert result.stdout.startswith("data/dataset_sheet.csv\n")
    assert "row 5: error SH014" in result.stdout
    assert run("validate", "--data-dir", "data", "--ignore", "SH").exit_code == 0
    assert run("validate", "--data-dir", "data", "--select", "IM,AN").stdout == "no problem found\n"


def test_every_format(here: Path) -> None:
    """Each form of output is on stdout alone, so that it can be piped."""
    write_sheet(here / "s.csv", [{**row, "valence": "high"} for row in write_faces(here / "data", 3, 2)])
    outputs = {form: run("validate", "--sheet", "s.csv", "--format", form) for form in ("json", "github", "sarif")}
    assert {result.exit_code for result in outputs.values()} == {1}
    assert json.loads(outputs["json"].stdout)["rules"]["SH017"] == 3
    assert outputs["github"].stdout.startswith("::error file=s.csv,line=2,title=SH017 ")
    assert json.loads(outputs["sarif"].stdout)["runs"][0]["results"]
    statistics = run("validate", "--sheet", "s.csv", "--statistics").stdout
    assert "SH017" in statistics
    assert "row 2" not in statistics
    few = run("validate", "--sheet", "s.csv", "--max-findings", "1", "--select", "SH017").stdout
    assert "2 more not shown" in few
    assert "3 errors in 1 file" in few


def test_fix_mends_a_sheet(here: Path) -> None:
    """`--fix` mends what takes no judgement, says how much on stderr, and reports what is left."""
    rows = write_faces(here / "data", 7, 2)
    rows[1]["emotion"], rows[2]["valence"] = " Happy", "9"
    write_sheet(here / "data" / "dataset_sheet.csv", rows)
    found = run("validate", "--data-dir", "data")
    assert "1 of them can be mended by --fix" in found.stdout
    result = run("validate", "--data-dir", "data", "--fix")
    assert "data/dataset_sheet.csv: mended 1 finding\n" in result.stderr
    assert result.exit_code == 1
    assert "SH014" not in result.stdout
    assert "SH017" in result.stdout
    assert ",happy," in (here / "data" / "dataset_sheet.csv").read_text()


def test_fix_leaves_rules_that_are_not_chosen(here: Path) -> None:
    """`--fix` mends by the chosen rules only."""
    rows = write_faces(here / "data", 7, 2)
    rows[1]["emotion"] = " Happy"
    write_sheet(here / "s.csv", rows)
    before = (here / "s.csv").read_bytes()
    assert (
        "mended 0 findings" in run("validate", "--sheet", "s.csv", "--fix", "--ignore", "SH014,SH03,SH04,SH05").stderr
    )
    assert (here / "s.csv").read_bytes() == before


def test_emonet_ends_with_the_agreement(here: Path) -> None:
    """A check of annotations prints the agreement for each emotion below its findings, for a person only."""
    write_emonet(here / "data")
    result = run("validate", "--data-dir", "data", "--config", "emonet_binary")
    assert result.exit_code == 0
    assert "Anger" in result.stdout.split("\n\n", 1)[1]
    document = json.loads(run("validate", "--data-dir", "data", "--config", "emonet_binary", "--format", "json").stdout)
    assert {row["emotion"] for row in document["agreement"][0]["emotions"]} >= {"Anger"}


def test_a_clone_of_upstream_is_named_once(here: Path) -> None:
    """Where the folder of an EmoNet config is given itself, its name stands once before its files."""
    write_emonet(here / "data")
    result = run("validate", "--data-dir", "data/emonet-face-hq", "--config", "emonet_hq")
    assert "data/emonet-face-hq/" in result.stdout
    assert "emonet-face-hq/emonet-face-hq" not in result.stdout


def test_annotations_alone(here: Path) -> None:
    """A CSV of annotations can be checked without its images."""
    write_emonet(here / "data")
    shutil.copy(here / "data" / "emonet-face-binary" / "binary.csv", here / "binary.csv")
    command = [sys.executable, str(ROOT / "tools" / "validate.py"), "--annotations", "binary.csv"]
    ended = subprocess.run(
        [*command, "--config", "emonet_binary"], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.count("Hopelessness") == 1
    assert ended.stderr == ""
    result = run("validate", "--annotations", "binary.csv", "--config", "emonet_binary")
    assert result.exit_code == 0
    assert "Anger" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data-dir", "nowhere"], "error: nowhere is not a folder"),
        (["--data-dir", "empty"], "error: empty holds the data of no config"),
        (["--data-dir", "empty", "--config", "small_cropped"], "error: config small_cropped has no data here"),
        (["--sheet", "nowhere.csv"], "error: nowhere.csv is not there"),
        (["--annotations", "nowhere.csv", "--config", "emonet_hq"], "error: nowhere.csv is not there"),
        (["--annotations", "x.csv"], "--annotations goes with one --config, and without"),
        (["--sheet", "x.csv", "--data-dir", "empty"], "give one of --data-dir, --sheet and --annotations"),
        (["--sheet", "x.csv", "--deep"], "--sheet checks the sheet alone: leave out --config, --quick and --deep"),
        (["--config", "tiny"], "'tiny' is none of small_original, "),
        (["--select", "XX"], "no rule is called 'XX' or begins so: `diffusionfer rules` lists them"),
        (["--statistics", "--format", "json"], "--statistics is a table of text"),
    ],
)
def test_what_cannot_run_is_status_2(here: Path, arguments: list[str], message: str) -> None:
    """A check that cannot run says why in a line and ends with status 2."""
    (here / "empty").mkdir()
    result = run("validate", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_card_check(here: Path) -> None:
    """A card is named as it was given; a folder stands for the README.md in it; the default is the one here."""
    (here / "README.md").write_text(CARD)
    for given in ([], ["."], ["README.md"]):
        result = run("card", "check", *given)
        assert result.exit_code == 1
        assert result.stdout.startswith("README.md\n")
        assert "line 2: error CA" in result.stdout
    (here / "sub").mkdir()
    shutil.move("README.md", "sub/README.md")
    assert run("card", "check", "sub").stdout.startswith("sub/README.md\n")


def test_card_fix(here: Path) -> None:
    """`--fix` mends a card in place."""
    (here / "README.md").write_text(CARD)
    result = run("card", "check", "--fix", "--select", "CA0")
    assert "README.md: mended 1 finding\n" in result.stderr
    assert (here / "README.md").read_text() == CARD.replace("CC0-1.0", "cc0-1.0")


@pytest.mark.parametrize("kind", ["missing", "folder without a card", "pipe", "no rights", "too large"])
def test_a_card_that_cannot_be_read(here: Path, kind: str) -> None:
    """What is no readable card is one line and status 2, at once."""
    path = here / "README.md"
    if kind == "pipe":
        os.mkfifo(path)
        message = "README.md is not a regular file"
    elif kind == "no rights":
        if os.geteuid() == 0:
            pytest.skip("root may read everything")
        path.write_text(CARD)
        path.chmod(0)
        message = "README.md cannot be read: Permission denied"
    elif kind == "too large":
        with path.open("wb") as file:
            file.truncate(33 * 2**20)
        message = ""
    else:
        message = "README.md is not there: give the card, or the folder that it is in"
    result = run("card", "check", *(["."] if kind == "folder without a card" else []))
    if kind == "too large":
        assert result.exit_code == 1
        assert "error CA001: the card has more than 10,000,000 bytes" in result.stdout
        return
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"error: {message}\n")


def test_odd_paths_and_full_disks_are_one_line(here: Path) -> None:
    """A name that no system takes, and a place for the output that takes nothing, end with status 2 and one line."""
    result = run("card", "check", "x" * 500)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    (here / "README.md").write_text(CARD)
    if Path("/dev/full").exists():
        command = [sys.executable, str(ROOT / "tools" / "card.py"), "check"]
        with Path("/dev/full").open("w") as full:
            ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stderr) == (2, "error: No space left on device\n")


def test_what_lies_below_is_named_from_here(here: Path) -> None:
    """An absolute path of what lies below the folder at hand is not repeated."""
    (here / "README.md").write_text(CARD)
    assert run("card", "check", str(here)).stdout.startswith("README.md\n")


def test_repo_must_be_a_folder(here: Path) -> None:
    """--repo names a folder."""
    result = run("card", "check", "--repo", "nowhere")
    assert (result.exit_code, result.stderr) == (2, "error: nowhere is not a folder\n")


def test_our_own_card_and_sheet_are_clean() -> None:
    """The project's card and sheet have no finding, not even a warning; CI says so, too."""
    for arguments in (["card", "check", str(ROOT)], ["validate", "--sheet", str(ROOT / "dataset_sheet.csv")]):
        result = run(*arguments)
        assert (result.stdout, result.exit_code) == ("no problem found\n", 0)
    ci = (ROOT / ".ci" / "run").read_text()
    assert "\npython tools/card.py check\n" in ci
    assert "\npython tools/validate.py --sheet dataset_sheet.csv\n" in ci


def test_rules_command() -> None:
    """`rules` lists all, some, or explains one."""
    listed = run("rules").stdout
    assert all(f"\n{rule}  " in f"\n{listed}" for rule in RULES)
    assert all(len(line) <= 80 for line in listed.splitlines())
    assert set(run("rules", "IM").stdout.split()) & {"IM001", "SH001"} == {"IM001"}
    one = run("rules", "sh001").stdout
    assert one.startswith("SH001 (error): the data directory holds no sheet\n")
    assert " ".join(RULES["SH001"].why.split()) in " ".join(one.split())
    assert "no rule is called 'X'" in run("rules", "X").stderr
    assert "--page prints all rules" in run("rules", "--page", "SH").stderr


def test_the_hooks_for_other_projects(here: Path) -> None:
    """The manifest of hooks is one that pre-commit takes, and each hook does its work in a project of its own."""
    from pre_commit.clientlib import load_manifest

    hooks = {hook["id"]: hook for hook in load_manifest(ROOT / ".pre-commit-hooks.yaml")}
    assert set(hooks) == {"diffusionfer-card", "diffusionfer-sheet"}
    write_sheet(here / "dataset_sheet.csv", [{**row, "emotion": "?"} for row in write_faces(here / "data", 3, 2)])
    (here / "README.md").write_text(CARD)
    for hook in hooks.values():
        program, *rest = hook["entry"].split() + hook["args"]
        files = ["README.md"] if hook["pass_filenames"] else []
        command = [str(Path(sys.executable).with_name(program)), *rest, *files]
        ended = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, timeout=120)
        assert ended.returncode == 1, ended.stderr
        assert " error " in ended.stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = next(block for block in readme.split("```yaml\n")[1:] if "hooks:" in block).split("```")[0]
    assert {hook["id"] for hook in yaml.safe_load(example)["repos"][0]["hooks"]} == set(hooks)
