"""What a data directory holds, as plain values, kept in step with the files of a real one.

In come edits, as a maintainer makes them between two pushes; out go the files that differ, and for each config the rows
that a reader must find once it is published.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, SPLITS
from tests.trees import AFFECT, SHEET_COLUMNS, write_sheet

ORIGINALS, CROPS, EMONET = "DifussionEmotion_S", "DiffusionEmotion_S_cropped", "emonet-face-binary"
FOLDERS = {"small_original": ORIGINALS, "small_cropped": CROPS, "emonet_binary": EMONET}
SIDE = 8  # pixels: an image has some 250 bytes
MOST = 24  # rows
# A row: its id, its label (for EmoNet: its annotations), valence and prompt, the name of the file and its sha256.
Row = tuple[str, Any, float | None, str | None, str, str]
Content = dict[str, list[Row]]  # by split


@functools.lru_cache(maxsize=4096)
def picture(seed: int) -> bytes:
    """Return the bytes of an image; all have the same size, by which a change could be told."""
    image = Image.frombytes("RGB", (SIDE, SIDE), random.Random(seed).randbytes(SIDE * SIDE * 3))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


@dataclass
class Face:
    """A row of the sheet and its two images, each of which is known by a seed."""

    name: str
    label: int
    split: str
    seed: int
    original: int
    crop: int
    shift: int = 0

    @property
    def file(self) -> str:
        """The name of both images below their folders."""
        return f"{EMOTIONS[self.label]}/{self.name}_{self.label}.png"

    @property
    def valence(self) -> float:
        """The valence, rounded as the sheet has it."""
        return round(AFFECT[EMOTIONS[self.label]][0] + self.shift / 100, 3)


@dataclass
class Seen:
    """An image of EmoNet, with what one person says of it."""

    image: int
    emotion: int
    present: bool


class Edit(NamedTuple):
    """Something that a maintainer does: what (a key of EDITS), to which row (modulo their number), and how far."""

    what: str
    row: int
    much: int


@dataclass
class Raw:
    """A data directory: its rows in the order of the sheet, its configs, and the files as they were last written."""

    folder: Path
    faces: list[Face] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    has: set[str] = field(default_factory=lambda: {"small_original", "small_cropped"})
    numbers: int = 0
    _written: dict[str, bytes] = field(default_factory=dict)

    def number(self) -> int:
        """Return a number that was not returned before."""
        self.numbers += 1
        return self.numbers

    def configs(self) -> list[str]:
        """Return the configs that there is data for, in the order of the project."""
        return [config for config in FOLDERS if config in self.has]

    def edit(self, edit: Edit) -> None:
        """Do what a maintainer does, in memory; `write` brings the files up to date."""
        EDITS[edit.what](self, edit.row % max(1, len(self.faces)), edit.much)

    def rows(self, config: str) -> Content:
        """Return what a reader of the published config must find."""
        content: Content = {}
        if config == "emonet_binary":
            for seen in self.seen:
                name = f"{seen.image:05d}"
                says = [{"annotator": "human-1", "emotion": seen.emotion, "present": seen.present}]
                content.setdefault("train", []).append(
                    (name, says, None, None, f"{name}.png", _sha256(picture(seen.image)))
                )
            return content
        for split in SPLITS:
            for face in self.faces:
                if face.split == split:
                    name = face.file.rpartition("/")[2]
                    image = picture(face.crop if config == "small_cropped" else face.original)
                    facts = (face.label, float(np.float32(face.valence)), f"portrait {face.seed}")
                    content.setdefault(split, []).append((name[:-4], *facts, name, _sha256(image)))
        return content

    def write(self) -> None:
        """Write the files that differ from those on the disk, and remove those that are no more.

        A file that is replaced keeps its time of modification, as `cp -p` and rsync leave it.
        """
        wanted = dict(self._files())
        for path in self._written.keys() - wanted.keys():
            (self.folder / path).unlink()
        for config, name in FOLDERS.items():
            if config not in self.has and (self.folder / name).exists():
                for below in sorted((self.folder / name).rglob("*"), reverse=True):
                    below.rmdir()
                (self.folder / name).rmdir()
        for path, content in wanted.items():
            if self._written.get(path) != content:
                place = self.folder / path
                before = place.stat() if path in self._written else None
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
                if before:
                    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
        self._written = wanted
        write_sheet(self.folder / "dataset_sheet.csv", map(_sheet_row, self.faces))

    def rename(self, old: str, new: str) -> None:
        """Give the images of a face another name, and nothing else."""
        for folder in (ORIGINALS, CROPS):
            if f"{folder}/{old}" in self._written:
                (self.folder / folder / new).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / folder / old).rename(self.folder / folder / new)
                self._written[f"{folder}/{new}"] = self._written.pop(f"{folder}/{old}")

    def _files(self) -> dict[str, bytes]:
        files = {}
        for face in self.faces:
            files[f"{ORIGINALS}/{face.file}"] = picture(face.original)
            if "small_cropped" in self.has:
                files[f"{CROPS}/{face.file}"] = picture(face.crop)
        if "emonet_binary" in self.has:
            lines = io.StringIO()
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(("path", "annotator", "value", "emotion"))
            for seen in self.seen:
                files[f"{EMONET}/images/{seen.image:05d}.png"] = picture(seen.image)
                writer.writerow((f"{seen.image:05d}", "human-1", seen.present, EMONET_EMOTIONS[seen.emotion]))
            files[f"{EMONET}/binary.csv"] = lines.getvalue().encode()
        return files


def rows_of(shard: Any) -> list[Row]:
    """Return the rows of a shard, a file or a buffer, as a reader finds them."""
    rows = []
    for row in pq.ParquetFile(shard).read().to_pylist():
        image, digest = row["image"], _sha256(row["image"]["bytes"])
        assert row.get("sha256", digest) == digest
        label = row["annotations"] if "annotations" in row else row["emotion"]
        rows.append((row["image_id"], label, row.get("valence"), row["prompt"], image["path"], digest))
    return rows


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sheet_row(face: Face) -> dict[str, Any]:
    emotion = EMOTIONS[face.label]
    facts = {"split": face.split, "emotion": emotion, "valence": face.valence, "arousal": AFFECT[emotion][1]}
    facts |= {"path": f"{ORIGINALS}/{face.file}", "prompt": f"portrait {face.seed}", "seed": face.seed}
    return {**dict.fromkeys(SHEET_COLUMNS, ""), **facts}


# --- edits


def _add(raw: Raw, row: int, much: int) -> None:
    for _ in range(min(much % 7 + 1, MOST - len(raw.faces))):
        number = raw.number()
        split = SPLITS[0] if number % 5 else SPLITS[1 + number % 2]
        raw.faces.insert(row, Face(_letters(number), number % len(EMOTIONS), split, number, number, 10**6 + number))


def _append(raw: Raw, row: int, much: int) -> None:
    _add(raw, len(raw.faces), much)


def _delete(raw: Raw, row: int, much: int) -> None:
    del raw.faces[row : min(row + much % 7 + 1, row + len(raw.faces) - 2)]


def _relabel(raw: Raw, row: int, much: int) -> None:
    face = raw.faces[row]
    before, face.label = face.file, (face.label + 1 + much % 6) % len(EMOTIONS)
    raw.rename(before, face.file)  # the name of a file and its folder tell its label


def _score(raw: Raw, row: int, much: int) -> None:
    raw.faces[row].shift = (raw.faces[row].shift + 1 + much % 9) % 11


def _repaint(raw: Raw, row: int, much: int) -> None:
    raw.faces[row].original = raw.number()


def _recrop(raw: Raw, row: int, much: int) -> None:
    raw.faces[row].crop = 10**6 + raw.number()


def _swap(raw: Raw, row: int, much: int) -> None:
    one, other = raw.faces[row], raw.faces[(row + 1 + much) % len(raw.faces)]
    one.original, other.original = other.original, one.original


def _rename(raw: Raw, row: int, much: int) -> None:
    face = raw.faces[row]
    before, face.name = face.file, _letters(raw.number())
    raw.rename(before, face.file)


def _split(raw: Raw, row: int, much: int) -> None:
    others = [split for split in SPLITS if split != raw.faces[row].split]
    raw.faces[row].split = others[much % 2]


def _move(raw: Raw, row: int, much: int) -> None:
    raw.faces.insert(much % len(raw.faces), raw.faces.pop(row))


def _toggle(config: str) -> Callable[[Raw, int, int], None]:
    def edit(raw: Raw, row: int, much: int) -> None:
        raw.has ^= {config}
        if not raw.seen:
            _see(raw, row, much)

    return edit


def _see(raw: Raw, row: int, much: int) -> None:
    raw.seen.append(Seen(raw.number(), much % len(EMONET_EMOTIONS), bool(much % 2)))


EDITS: dict[str, Callable[[Raw, int, int], None]] = {
    "add rows": _add,
    "append rows": _append,
    "delete rows": _delete,
    "change the label": _relabel,
    "change the valence": _score,
    "change the image": _repaint,
    "change the crop": _recrop,
    "exchange two images": _swap,
    "rename the image": _rename,
    "move to another split": _split,
    "move in the sheet": _move,
    "add or remove the crops": _toggle("small_cropped"),
    "add or remove EmoNet": _toggle("emonet_binary"),
    "annotate another image": _see,
}


def _letters(number: int) -> str:
    return "".join(chr(97 + number // 26**power % 26) for power in range(7, -1, -1))
