"""RE002: a script makes datasets refuse the repository."""

from __future__ import annotations

from pathlib import Path

from tests.check.repos import checked
from tools.check.findings import Finding

BUILDER = "import datasets\n\n\nclass Faces(datasets.GeneratorBasedBuilder):\n    pass\n"


def bad(data_dir: Path) -> list[Finding]:
    return checked(data_dir, {"data.py": "print(1)\n"})  # the folder is called data


def bad_builder(data_dir: Path) -> list[Finding]:
    return checked(data_dir, {"faces.py": BUILDER})


def good(data_dir: Path) -> list[Finding]:
    """Another script, a builder below the root, a text that speaks of builders."""
    return checked(data_dir, {"train.py": "import datasets\n", "examples/faces.py": BUILDER, "notes.md": BUILDER})
