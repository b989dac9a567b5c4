"""RE003: a data file belongs to no config."""

from __future__ import annotations

from pathlib import Path

from tests.check.repos import checked
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    files: dict[str, str | bytes] = {
        "more/a.csv": "a\n1\n",
        "more/b.csv": "a\n1\n",
        "images.zip": b"PK",
        "face.png": b"",
        "data/old.jsonl": "{}",
    }
    return checked(data_dir, files)


def bad_pattern_elsewhere(data_dir: Path) -> list[Finding]:
    """A pattern that leaves the folder, or leads to the net, covers nothing."""
    configs = [{"config_name": "a", "data_files": ["../*/data/*.parquet", "https://example.org/*.parquet"]}]
    return checked(data_dir, {}, {"configs": configs})


def good(data_dir: Path) -> list[Finding]:
    """What belongs to the card, to the project, or to no reader of rows, and what is covered in another form."""
    files: dict[str, str | bytes] = {
        "README.md": "![a](face.png)",
        "face.png": b"",
        "assets/b.png": b"",
        "LICENSE.txt": "",
        "croissant.json": "{}",
    }
    files |= {".hidden.csv": "", "notes.md": "", "other/x/a.csv": "a\n1\n"}
    by_split = [{"split": "train", "path": "data/train.parquet"}, {"split": "test", "path": ["other/**/*.csv"]}]
    return checked(data_dir, files, {"configs": [{"config_name": "a", "data_files": by_split}]})


def good_without_configs(data_dir: Path) -> list[Finding]:
    """Without configs datasets looks for data by itself."""
    return checked(data_dir, {}, {})
