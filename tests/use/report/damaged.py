"""A data directory with one of each damage that a report tells apart, beside what was published of it before."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from tests.publish.published import CROPS, FACES, Publication
from tests.trees import png, write_sheet

HOSTILE = "</title><script>window.ran = 1</script>\u202e\x07" + "W" * 400
HEBREW = "\u05e9\u05dc\u05d5\u05dd angry"


def read_rows(data_dir: Path) -> list[dict[str, Any]]:
    """Return the rows of the sheet of a data directory."""
    with (data_dir / "dataset_sheet.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def damage(published: Publication, data_dir: Path) -> list[dict[str, Any]]:
    """Copy the published tree to `data_dir`, damage it, and return the rows of its sheet as they were published."""
    shutil.copytree(published.data_dir, data_dir)
    before = read_rows(data_dir)
    rows = [dict(row) for row in before]
    for number, row in enumerate(rows):
        row["clip_score"] = f"{0.2 + number / 1000:.3f}"
    rows[0]["emotion"] = "happy"  # relabelled, against its path
    rows[1]["valence"] = "0.9"
    rows[2]["split"] = "test"
    rows[3]["emotion"] = "joy"  # no label
    rows[4]["prompt"], rows[5]["prompt"] = HOSTILE, HEBREW
    rows[6]["style"] = "<b>bold</b>"
    rows[7]["clip_score"] = "0.01"
    shutil.copy(data_dir / rows[8]["path"], data_dir / rows[10]["path"])  # validation and train: across splits
    shutil.copy(data_dir / rows[11]["path"], data_dir / rows[12]["path"])  # both train
    (data_dir / rows[13]["path"]).unlink()
    cut_off = data_dir / rows[14]["path"]
    cut_off.write_bytes(cut_off.read_bytes()[:2000])
    Image.new("RGB", (128, 128)).save(data_dir / rows[15]["path"])
    for folder in (FACES, CROPS):  # a row that is gone, one that is new, and one whose file was moved
        (data_dir / rows[39]["path"].replace(FACES, folder)).unlink()
        (data_dir / folder / "sad" / "zzzzzzzz_2.png").write_bytes(png(99, 128))
        moved = data_dir / rows[21]["path"].replace(FACES, folder)
        moved.rename(data_dir / folder / "angry" / f"{moved.name[:8]}_6.png")
    new = dict(rows[2], path=f"{FACES}/sad/zzzzzzzz_2.png", emotion="sad", valence="-0.7", arousal="-0.25")
    rows[21]["path"] = f"{FACES}/angry/{rows[21]['path'].rsplit('/', 1)[1][:8]}_6.png"
    rows[21]["emotion"], rows[21]["valence"], rows[21]["arousal"] = "angry", "-0.6", "0.5"
    write_sheet(data_dir / "dataset_sheet.csv", [*rows[:39], {**new, "split": "train"}])
    return before
