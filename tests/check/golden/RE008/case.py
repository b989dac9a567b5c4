"""RE008: images have a path but no bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.check.repos import checked_rows, images
from tools.check.findings import Finding


def rows(*given: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return rows with these images."""
    return [{**row, "image": image} for row, image in zip(images(len(given)), given, strict=True)]


def bad(data_dir: Path) -> list[Finding]:
    return checked_rows(data_dir, rows({"bytes": b"a", "path": "a.png"}, {"bytes": None, "path": "b.png"}, None))


def bad_without_statistics(data_dir: Path) -> list[Finding]:
    """Where the footer does not count nulls, the column does."""
    given: list[dict[str, Any] | None] = [{"bytes": None, "path": "a.png"}, {"bytes": b"b", "path": "b.png"}]
    return checked_rows(data_dir, rows(*given), write_statistics=False)


def bad_all(data_dir: Path) -> list[Finding]:
    return checked_rows(data_dir, rows({"bytes": None, "path": None}, None))


def good(data_dir: Path) -> list[Finding]:
    """A row may be without an image, and an image without a path."""
    return checked_rows(data_dir, rows(None, {"bytes": b"a", "path": None}, {"bytes": b"b", "path": "b.png"}))


def good_without_statistics(data_dir: Path) -> list[Finding]:
    return checked_rows(data_dir, rows(None, {"bytes": b"b", "path": "b.png"}), write_statistics=False)
