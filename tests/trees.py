"""Small raw trees for the tests: folders of tiny pictures with a sheet, and EmoNet folders in upstream's forms."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from DiffusionFER import EMOTIONS

SHEET_COLUMNS = ["path", "split", "emotion", "valence", "arousal", "prompt", "negative_prompt", "race", "age", "gender"]
SHEET_COLUMNS += ["style", "others", "seed", "steps", "sampler", "cfg_scale", "model", "face_box", "clip_score"]
SHEET_COLUMNS += ["sha256", "sha256_cropped"]
# A valence and an arousal that each label may have.
AFFECT = {"neutral": (-0.1, 0.0), "happy": (0.6, 0.25), "sad": (-0.7, -0.25), "surprise": (0.2, 0.75)}
AFFECT |= {"fear": (-0.4, 0.75), "disgust": (-0.7, 0.25), "angry": (-0.6, 0.5)}


def png(seed: int, size: int = 64) -> bytes:
    """Return a PNG of noise, about 3 * size**2 bytes, that no other seed gives."""
    picture = Image.frombytes("RGB", (size, size), random.Random(seed).randbytes(size * size * 3))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def face_rows(count: int, folder: str = "DifussionEmotion_S") -> list[dict[str, Any]]:
    """Return `count` sheet rows, every tenth in validation and every tenth in test, with most columns filled."""
    rows = []
    for index in range(count):
        label = index % len(EMOTIONS)
        name = "".join(chr(97 + (index // 26**power) % 26) for power in range(7, -1, -1))
        row: dict[str, Any] = dict.fromkeys(SHEET_COLUMNS, "")
        row["path"] = f"{folder}/{EMOTIONS[label]}/{name}_{label}.png"
        row["split"] = {8: "validation", 9: "test"}.get(index % 10, "train")
        valence, row["arousal"] = AFFECT[EMOTIONS[label]]
        row["emotion"], row["valence"] = EMOTIONS[label], round(valence + index % 21 / 100, 3)
        row["prompt"], row["race"], row["seed"] = f"{EMOTIONS[label]} emotion, white teen style", "white", index
        row["face_box"] = "10 12 30.5 31" if index % 2 else ""
        rows.append(row)
    return rows


def write_sheet(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as a CSV sheet."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, SHEET_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_faces(data_dir: Path, count: int = 30, size: int = 64) -> list[dict[str, Any]]:
    """Write a data directory with `small_original` and `small_cropped`; return the rows of its sheet."""
    rows = face_rows(count)
    for index, row in enumerate(rows):
        if row["face_box"] and size < 48:  # a box lies within its picture
            row["face_box"] = f"0 0 {size} {size}"
        _, emotion, name = row["path"].split("/")
        for folder, seed in (("DifussionEmotion_S", index), ("DiffusionEmotion_S_cropped", index + 10**6)):
            file = data_dir / folder / emotion / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png(seed, size))
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    return rows


def zip_folder(folder: Path, *, with_name: bool = True) -> Path:
    """Put a folder into the zip of the same name, remove the folder, return the zip."""
    target = folder.with_name(folder.name + ".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent if with_name else folder))
                file.unlink()
    for below in sorted(folder.rglob("*"), reverse=True):
        below.rmdir()
    folder.rmdir()
    return target


def write_emonet(data_dir: Path) -> None:
    """Write three tiny EmoNet folders, each in the form of its upstream, two images each."""
    hq, binary, big = (data_dir / f"emonet-face-{name}" for name in ("hq", "binary", "big"))
    for number, folder in enumerate((hq, binary, big)):
        (folder / "images").mkdir(parents=True)
        for index in range(2):
            (folder / "images" / f"0000{index}.png").write_bytes(png(100 * number + index))
    ratings = {"Positive High-Energy Emotions|Elation": 7, "Negative|Anger": 0.5, "Extra Dimensions|Age": 33}
    lines = [("image", "annotator", "annotations", "human")]
    lines += [(f"0000{index}.png", who, str(ratings), human) for index in range(2)
              for who, human in (("expert-1", "True"), ("expert-2", "True"), ("gpt", "False"))]  # fmt: skip
    with (hq / "hq.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    (binary / "binary.csv").write_text(
        "path,annotator,value,emotion\n"
        "00000,human-1,True,Anger\n00000,human-3,False,Contentment\n00001,human-1,True,Hopelessness\n"
    )
    (big / "vlm").mkdir()
    for index in range(2):
        document = {"key": ["run-1", "gpt-4o", f"0000{index}.png"], "value": {"Negative|Fear": index, "X|Awe": 3}}
        (big / "vlm" / f"{index}.json").write_text(json.dumps(document))
    (big / "metadata.csv").write_text("file_name,prompt,ethnicity,gender,age\n00000.png,a close-up,Nordic,Female,30\n")
