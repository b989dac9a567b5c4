"""Two editions of a small dataset, of which the second takes the place of the first, for tests of whole pushes."""

from __future__ import annotations

from pathlib import Path

from tests.trees import face_rows, png, write_sheet

CONFIGS = ("small_original", "small_cropped")
FOLDERS = ("DifussionEmotion_S", "DiffusionEmotion_S_cropped")
APPENDED = 3


def write_editions(folder: Path, count: int, size: int) -> tuple[Path, Path]:
    """Write both editions, the first of `count` rows, and return their data directories.

    The second has three rows more at the end, other labels in two rows, and lacks a third of the rows of the first.
    """
    rows = face_rows(count + APPENDED)
    for row in rows:
        row["face_box"] = f"0 0 {size} {size}" if row["face_box"] else ""
    changed = [
        {**row, "valence": round(row["valence"] + 0.004, 3)} if number in (1, 11) else row
        for number, row in enumerate(rows)
        if number % 3 != 2 or number >= count
    ]
    editions = folder / "first", folder / "second"
    for data_dir, of_edition in zip(editions, (rows[:count], changed), strict=True):
        for row in of_edition:
            _, emotion, name = row["path"].split("/")
            for number, place in enumerate(FOLDERS):
                file = data_dir / place / emotion / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(png(row["seed"] + number * 10**6, size))
        write_sheet(data_dir / "dataset_sheet.csv", of_edition)
    return editions
