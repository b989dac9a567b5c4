"""The file itself: that it stands alone, that old `datasets` can parse it, and what a checkout named after it does."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from DiffusionFER import DEFAULT_CONFIG, SUBSETS, DiffusionFER
from tests.builder_runs import SCRIPT, run_child
from tests.environments import CURRENT, NAMES, python_of
from tests.trees import write_faces

# How datasets below 4 find what a loading script imports: line by line (datasets/utils/py_utils.py, get_imports).
IMPORT = re.compile(r"^import\s+(\.?)([^\s\.]+)[^#\r\n]*(?:#\s+From:\s+)?([^\r\n]*)")
FROM = re.compile(r"^from\s+(\.?)([^\s\.]+)(?:[^\s]*)\s+import\s+[^#\r\n]*(?:#\s+From:\s+)?([^\r\n]*)")


def import_nodes() -> list[ast.Import | ast.ImportFrom]:
    """Return every import statement of the script, wherever it stands."""
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]


def roots() -> set[str]:
    """Return the top-level modules that the script imports."""
    nodes = import_nodes()
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in named}


def test_the_script_imports_nothing_of_the_project() -> None:
    """The builder imports the standard library, datasets, fsspec and pyarrow, nothing relative and nothing of tools."""
    assert all(node.level == 0 for node in import_nodes() if isinstance(node, ast.ImportFrom))
    others = roots() - set(sys.stdlib_module_names)
    assert others == {"datasets", "fsspec", "pyarrow"}


def test_the_patterns_of_old_datasets_see_every_import() -> None:
    """Each import statement is one line at the left margin, so that the pattern of datasets below 4 finds them all."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    nodes = import_nodes()
    for node in nodes:
        assert node.lineno == node.end_lineno
        assert node.col_offset == 0
    found = {number: IMPORT.match(line) or FROM.match(line) for number, line in enumerate(lines, 1)}
    matches = {number: match for number, match in found.items() if match}
    assert sorted(matches) == sorted(node.lineno for node in nodes)
    assert {match.group(2) for match in matches.values()} == roots()
    assert not any(match.group(1) or "From:" in match.group(0) for match in matches.values())


@pytest.mark.parametrize("name", [name for name in NAMES if name != CURRENT])
def test_old_datasets_find_only_libraries(tmp_path: Path, name: str) -> None:
    """The own parser of each old version finds libraries alone in the script: nothing local, nothing to download."""
    code = (
        "import json, sys\nfrom datasets.utils.py_utils import get_imports\nprint(json.dumps(get_imports(sys.argv[1])))"
    )
    output = run_child([python_of(name), "-c", code, SCRIPT], tmp_path)
    imports = json.loads(output.strip().splitlines()[-1])
    assert {kind for kind, *_ in imports} == {"library"}
    assert {module for _, module, *_ in imports} == roots()


def test_the_nine_configs() -> None:
    """The builder has the nine configs of the design, small_original the default, each with a version and a text."""
    names = [f"{size}_{variant}" for size in ("small", "medium", "large") for variant in ("original", "cropped")]
    names += ["emonet_hq", "emonet_binary", "emonet_big"]
    assert [config.name for config in DiffusionFER.BUILDER_CONFIGS] == names == list(SUBSETS)
    assert DiffusionFER.DEFAULT_CONFIG_NAME == DEFAULT_CONFIG == "small_original"
    assert {str(config.version) for config in DiffusionFER.BUILDER_CONFIGS} == {"1.0.0"}
    assert len({config.description for config in DiffusionFER.BUILDER_CONFIGS}) == 9


def test_an_unknown_config_is_refused_with_the_known_ones() -> None:
    """A config name that is none of the nine is refused with the list of them."""
    with pytest.raises(ValueError, match="small_croped") as caught:
        DiffusionFER(config_name="small_croped")
    assert "'small_cropped'" in str(caught.value)


CHILD = """
import json, os, sys
import datasets
datasets.disable_progress_bars()
home, raw = sys.argv[1:]
checkout = os.path.join(home, "DiffusionFER")
answers = {}

def load(name, cwd, *arguments, **options):
    os.chdir(cwd)
    try:
        found = datasets.load_dataset(*arguments, **options)
        answers[name] = {split: len(rows) for split, rows in found.items()}
    except Exception as error:
        answers[name] = f"{type(error).__name__}: {error}"

load("by name", home, "DiffusionFER", "small_cropped", data_dir=raw)
load("by path", home, checkout, "small_cropped", data_dir=raw)
load("by file", home, checkout + "/DiffusionFER.py", "small_cropped", data_dir=raw)
load("bare path", home, checkout)
load("dot", checkout, ".", "small_cropped")
load("dot and data", checkout, ".", "small_cropped", data_dir=raw)
load("dots", checkout, "../DiffusionFER", "small_cropped")

def build(name, cwd, module):
    os.chdir(cwd)
    sys.path.insert(0, "")  # as python -c and the prompt have it
    builder = __import__(module, fromlist=["DiffusionFER"]).DiffusionFER(config_name="small_cropped", data_dir=raw)
    builder.download_and_prepare()
    answers[name] = {split: len(rows) for split, rows in builder.as_dataset().items()}
    sys.path.remove("")
    for known in [known for known in sys.modules if known.split(".")[0] == "DiffusionFER"]:
        del sys.modules[known]

build("import within", checkout, "DiffusionFER")
build("import above", home, "DiffusionFER.DiffusionFER")
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Load in every spelling from a checkout named DiffusionFER, on the installed datasets; return the outcomes."""
    home = tmp_path_factory.mktemp("trap")
    (home / "DiffusionFER").mkdir()
    (home / "raw").mkdir()
    shutil.copy(SCRIPT, home / "DiffusionFER")
    write_faces(home / "raw", 10, 4)
    output = run_child([python_of(CURRENT), "-c", CHILD, home, home / "raw"], home)
    answers: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return answers


@pytest.mark.parametrize("spelling", ["by name", "by path", "by file", "bare path", "dots"])
def test_a_checkout_named_after_the_script_is_refused(trap: dict[str, Any], spelling: str) -> None:
    """`load_dataset` of a folder DiffusionFER that holds DiffusionFER.py, by whatever path, is refused by datasets."""
    assert trap[spelling] == "RuntimeError: Dataset scripts are no longer supported, but found DiffusionFER.py"


def test_a_dot_is_no_way_in(trap: dict[str, Any]) -> None:
    """From within the checkout, `load_dataset(".")` does not find the configs, and refuses a data_dir elsewhere."""
    assert trap["dot"] == "DataFilesNotFoundError: No (supported) data files found in ."
    assert trap["dot and data"] == "ValueError: `data_dir` must be relative to a dataset directory's root: ."


@pytest.mark.parametrize("place", ["import within", "import above"])
def test_the_builder_can_be_imported_instead(trap: dict[str, Any], place: str) -> None:
    """What works instead is the import: DiffusionFER within such a checkout, DiffusionFER.DiffusionFER above it."""
    assert trap[place] == {"train": 8, "validation": 1, "test": 1}
