"""RE009: the path of an image is absolute."""

from __future__ import annotations

from pathlib import Path

from tests.check.repos import checked_rows, images
from tools.check.findings import Finding


def with_paths(data_dir: Path, *paths: str | None) -> list[Finding]:
    """Check images with these paths."""
    rows = images(len(paths))
    for row, path in zip(rows, paths, strict=True):
        row["image"]["path"] = path
    return checked_rows(data_dir, rows)


def bad(data_dir: Path) -> list[Finding]:
    return with_paths(data_dir, "a.png", "/home/someone/faces/b.png", "C:\\Users\\someone\\c.png", "~/d.png")


def bad_archive(data_dir: Path) -> list[Finding]:
    return with_paths(data_dir, None, "zip://a.png::/home/someone/faces.zip", "file:///tmp/b.png", "\\\\host\\c.png")


def good(data_dir: Path) -> list[Finding]:
    return with_paths(data_dir, "a.png", None, "C.png", "b:c.png", "https://example.org/a.png")
