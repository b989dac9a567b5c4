"""What holds for the project as a whole: commands, documents, layers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.environments import ROOT
from tools import annotate, card, cli, crop, explore, generate, import_images, preview, prompts, push, validate
from tools.check.rules import RULES

STAGES = ["engine", "make", "check", "describe", "publish", "use", "train"]  # each may import those before it
README = (ROOT / "README.md").read_text(encoding="utf-8")


def modules_of(folder: str) -> list[Path]:
    """Return the Python files of a stage."""
    return sorted((ROOT / "tools" / folder).rglob("*.py"))


def imports_of(file: Path) -> set[str]:
    """Return the full names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_layers_run_one_way(stage: str) -> None:
    """A stage imports itself, the builder and the stages before it, and never a command."""
    allowed = tuple(f"tools.{name}" for name in STAGES[: STAGES.index(stage) + 1])
    for file in modules_of(stage):
        ours = {name for name in imports_of(file) if name.split(".")[0] in ("tools", "tests")}
        assert all(name.startswith(allowed) for name in ours), (file, ours)


@pytest.mark.parametrize("stage", STAGES)
def test_the_library_prints_nothing(stage: str) -> None:
    """Only commands print; below them, only programs that run in a process of their own do."""
    for file in modules_of(stage):
        calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        assert not prints or file.name in ("readback.py", "probe.py"), file
        assert "click" not in imports_of(file), file


def test_every_verb_is_listed_and_has_help() -> None:
    """`diffusionfer` lists each verb, each verb answers --help, and each is a script in tools/."""
    listed = CliRunner().invoke(cli.main, ["--help"]).output
    for verb in cli.VERBS:
        assert re.search(rf"^  {verb} ", listed, re.MULTILINE)
        assert (ROOT / "tools" / f"{cli.MODULES.get(verb, verb)}.py").is_file()
        shown = CliRunner().invoke(cli.main, [verb, "--help"])
        assert shown.exit_code == 0
        assert "Usage:" in shown.output
    # What the commands have in common.
    shared = {"__init__", "cli", "engine_options", "linting", "source_options", "train_options"}
    modules = {cli.MODULES.get(verb, verb) for verb in cli.VERBS}
    assert {file.stem for file in (ROOT / "tools").glob("*.py")} - shared == modules


@pytest.mark.parametrize(
    "verb",
    [
        ["push"],
        ["push", "verify"],
        ["validate"],
        ["card"],
        ["card", "check"],
        ["card", "render"],
        ["preview"],
        ["rules"],
        ["prompts", "design"],
        ["generate", "images"],
        ["import"],
        ["crop"],
        ["export"],
        ["train"],
        ["predict"],
        ["annotate", "export"],
        ["annotate", "import"],
        ["explore"],
        ["evaluate"],
        ["report"],
    ],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(verb: list[str]) -> None:
    """`--help` answers without the libraries that take long to load."""
    code = f"""if True:
        import sys
        from tools.cli import main
        try:
            main([*{verb!r}, "--help"])
        except SystemExit as ended:
            assert ended.code == 0
        heavy = "datasets pyarrow pandas numpy PIL huggingface_hub jsonschema markdown_it nh3 ftfy distributed"
        heavy = {{*heavy.split(), "torch", "cv2", "scipy", "sklearn"}}
        sys.exit(f"loaded {{heavy & sys.modules.keys()}}" if heavy & sys.modules.keys() else 0)
    """
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "Usage:" in run.stdout


@pytest.mark.parametrize("verb", list(cli.VERBS))
def test_scripts_run_from_a_checkout(verb: str, tmp_path: Path) -> None:
    """`python tools/push.py` works from any folder, and says what `diffusionfer push` says."""
    shown = subprocess.run(
        [sys.executable, str(ROOT / "tools" / f"{cli.MODULES.get(verb, verb)}.py"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    installed = Path(sys.executable).with_name("diffusionfer")
    named = subprocess.run([installed, verb, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.split("\n", 1)[1] == named.stdout.split("\n", 1)[1]


def test_unknown_verb_is_an_error() -> None:
    """A verb that is none ends with status 2."""
    assert CliRunner().invoke(cli.main, ["fly"]).exit_code == 2


def test_readme_names_every_option_of_push() -> None:
    """The table of options is complete, and names none that does not exist."""
    section = README.split("### Publish")[1].split("### ")[0]
    table = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    options = {opt for param in push.main.params for opt in [*param.opts, *param.secondary_opts]}
    assert set(re.findall(r"--[a-z][a-z-]*", table)) == options


@pytest.mark.parametrize(("section", "command"), [("### Check", validate.main), ("### Check", card.check)])
def test_readme_names_every_option_of_the_linter(section: str, command: click.Command) -> None:
    """The tables of options hold those of each command."""
    table = README.split(f"{section}\n")[1].split("\n### ")[0]
    named = set(re.findall(r"`(?:[^`]* )?(--[a-z][a-z-]*)", table)) | set(re.findall(r"`(--[a-z][a-z-]*)", table))
    options = {option for param in command.params for option in param.opts if option.startswith("--")}
    assert options <= named


@pytest.mark.parametrize("command", [card.render, preview.main], ids=["card render", "preview"])
def test_readme_names_every_option_of_the_card(command: click.Command) -> None:
    """The tables of options hold those of each command."""
    tables = README.split("### Render and preview\n")[1].split("\n### ")[0]
    options = {option for param in command.params for option in param.opts if option.startswith("--")}
    assert options <= set(re.findall(r"`(--[a-z][a-z-]*)", tables))


COMMANDS = {
    "prompts design": prompts.design,
    "generate images": generate.images,
    "import": import_images.main,
    "crop": crop.main,
    "annotate export": annotate.export,
    "annotate import": annotate.import_,
    "annotate agreement": annotate.agreement,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_on_making_names_every_option(name: str) -> None:
    """The table of each command has its options, and none that does not exist."""
    page = (ROOT / "docs" / "making.md").read_text(encoding="utf-8")
    table = page.split(f"| option of `{name}` |")[1].split("\n\n")[0]
    options = {option for param in COMMANDS[name].params for option in param.opts if option.startswith("-")}
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", table.replace("|---|", ""))) == options


def test_the_page_on_exploring_names_every_option() -> None:
    """The table of docs/explore.md has the options of the command, and none that does not exist."""
    page = (ROOT / "docs" / "explore.md").read_text(encoding="utf-8")
    table = page.split("| option |")[1].split("\n\n")[0]
    options = {option for param in explore.main.params for option in param.opts if option.startswith("-")}
    assert set(re.findall(r"`(--[a-z][a-z-]*)", table)) == options


def test_the_rules_page_is_true() -> None:
    """docs/rules.md is what `diffusionfer rules --page` prints."""
    page = CliRunner().invoke(cli.main, ["rules", "--page"]).output
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == page, "diffusionfer rules --page > docs/rules.md"
    assert all(f"\n### {rule}\n" in page for rule in RULES)


def test_readme_begins_with_what_a_stranger_needs() -> None:
    """In this order: what it is in three sentences, three lines that load it, rehearse, test."""
    body = README.split("\n---\n", 1)[1]
    what = body.split("# DiffusionFER\n")[1].split("\n## ")[0].strip()
    assert len(re.findall(r"[.!?](?:\s|$)", what)) == 3
    python = re.search(r"```python\n(.*?)```", body, re.DOTALL)
    assert python
    assert len([line for line in python[1].splitlines() if line]) == 3
    assert body.index("```python") < body.index("tools/push.py --rehearse") < body.index("-m pytest")


def test_ci_runs_the_readmes_test_command() -> None:
    """What CI runs is what the README tells people to run."""
    command = re.search(r"\.venv/bin/(python -m pytest -n auto)\n", README)
    assert command
    ci = (ROOT / ".ci" / "run").read_text()
    assert f"\n{command[1]}\n" in ci
    assert '".[dev]"' in README
    assert '".[dev]"' in ci
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()


def test_no_token_and_no_path_of_a_machine_in_the_repository() -> None:
    """Nothing that is tracked holds a token of the Hub or somebody's home."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a checkout, to know what is tracked")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    for name in filter(None, files):
        content = (ROOT / name.decode()).read_bytes()
        assert not re.search(rb"hf_(?!x+\b)[A-Za-z0-9]{30,}", content), name
        # ada, me, someone: of the linter's cases
        assert not re.search(rb"/(?:home|Users)/(?!(?:ada|me|someone)/)[a-z]+/", content), name
