"""A pattern of data files that matches nothing, where the files of the dataset are at hand."""

from __future__ import annotations

from pathlib import Path

from tools.check.card.check import check_card
from tools.check.findings import Finding

CARD = b"""---
license: mit
configs:
- config_name: a
  data_files:
  - split: train
    path: data/train-*.csv
  - split: test
    path: data/test-*.csv
---
"""


def write(data_dir: Path, *names: str) -> list[Finding]:
    """Check the card beside files of these names."""
    for name in names:
        (data_dir / name).parent.mkdir(exist_ok=True)
        (data_dir / name).write_text("a\n1\n")
    return list(check_card("README.md", CARD, data_dir))


def bad(data_dir: Path) -> list[Finding]:
    """One split has its files, the other has not."""
    return write(data_dir, "data/train-0.csv")


def bad_folder_of_nothing(data_dir: Path) -> list[Finding]:
    """The folder is there, but neither pattern matches."""
    return write(data_dir, "data/training.csv")


def good(data_dir: Path) -> list[Finding]:
    """Each pattern matches a file."""
    return write(data_dir, "data/train-0.csv", "data/test-0.csv")


def good_folder_of_other_things(data_dir: Path) -> list[Finding]:
    """The folder of a checkout has the same name, but nothing of the kind."""
    return write(data_dir, "data/loader.py")


def good_without_data(data_dir: Path) -> list[Finding]:
    """The card lies in a checkout without the data."""
    return write(data_dir, "other/train-0.csv")
