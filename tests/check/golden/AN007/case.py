"""AN007: two annotated images have one id."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import write_upstream
from tests.check.material import EMONET, check
from tests.trees import png
from tools.check.findings import Finding


def with_second_image(data_dir: Path, name: str) -> list[Finding]:
    """Check a tree in which another folder has an image with an annotation of its own."""
    write_upstream(data_dir)
    folder = data_dir / "emonet-face-binary"
    (folder / "more").mkdir()
    (folder / "more" / name).write_bytes(png(1, 2))
    with (folder / "binary.csv").open("a") as file:
        file.write(f"more/{name},human-1,True,Anger\n")
    path = folder / "binary.csv"
    path.write_text(path.read_text().replace("\n00000,", "\nimages/00000.png,"))
    return check(data_dir, *EMONET)


def bad(data_dir: Path) -> list[Finding]:
    return with_second_image(data_dir, "00000.jpg")


def good(data_dir: Path) -> list[Finding]:
    return with_second_image(data_dir, "000000.jpg")
