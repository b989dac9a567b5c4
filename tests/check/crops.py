"""Cropping in the golden cases: a tree whose boxes the sheet has, so that no detector is needed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.check.pictures import drawn, saved
from tools.check.faces.found import finding_of
from tools.check.findings import Finding
from tools.make.faces.one import Settings, Trouble
from tools.make.faces.sources import open_source
from tools.make.faces.walk import crop_tree

FOLDER = "DifussionEmotion_S/happy"
NAMES = ("aaaaaaaa_1", "aaaaaaab_1", "aaaaaaac_1", "aaaaaaad_1")


def crop_with(data_dir: Path, rows: Mapping[str, Mapping[str, Any]], **settings: Any) -> list[Finding]:
    """Crop a tree with a row for each name, of which some cells are given; `content` is the bytes of its picture."""
    (data_dir / FOLDER).mkdir(parents=True, exist_ok=True)
    columns = ["path", "face_box", "faces", "face_detector", "crop", "sha256", "sha256_cropped"]
    with (data_dir / "dataset_sheet.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        for number, (name, given) in enumerate(rows.items()):
            content = given.get("content", saved(drawn(number)))
            (data_dir / FOLDER / f"{name}.png").write_bytes(content)
            cells = {column: cell for column, cell in given.items() if column != "content"}
            writer.writerow({"path": f"{FOLDER}/{name}.png", **cells})
    return crop(data_dir, **settings)


def crop(data_dir: Path, **settings: Any) -> list[Finding]:
    """Crop by the boxes of the sheet, in this process."""
    told: list[Trouble] = []
    given = {"detector": "sheet", "side": 32, **settings}
    crop_tree(open_source("small_original", data_dir), Settings(**given), workers=1, tell=told.append)
    return [finding_of(trouble) for trouble in told]


def cells(data_dir: Path) -> dict[str, dict[str, str]]:
    """Return the sheet's rows as `crop_with` takes them."""
    with (data_dir / "dataset_sheet.csv").open(newline="", encoding="utf-8") as file:
        return {Path(row.pop("path")).stem: row for row in csv.DictReader(file)}
