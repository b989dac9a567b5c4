"""The pictures of a split, decoded once: in go the files of pictures, out comes one file of 256 x 256 pixels each.

Decoding is the slow part of reading a picture, and the same in every epoch; so it is done before the first, by worker
processes, and the pixels are mapped into memory from then on. A picture takes 196,608 bytes.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch.utils.data import DataLoader, Dataset, Sampler

from tools.train.examples import Examples
from tools.use.rows import Rows

SIDE = 256  # pixels of the shorter side, as published (FER-Zoo, archs/baseline.py)
PICTURE = SIDE * SIDE * 3
TOGETHER = 16  # pictures that a worker decodes at a time

Pixels = npt.NDArray[np.uint8]


def decoded(content: bytes) -> Pixels:
    """Return the pixels (256, 256, 3), RGB, of a picture's file: resized so that the shorter side has 256 pixels.

    The filter is PIL's bilinear one, as torchvision's Resize(256) has it for PIL images. What is left over of the
    longer side is cut off on both sides. Raises ValueError where the file cannot be decoded.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            picture = image.convert("RGB")
    except Exception as error:  # Pillow's plugins raise much more than OSError for a damaged file
        raise ValueError(str(error).partition("\n")[0] or type(error).__name__) from None
    width, height = picture.size
    # The longer side is rounded down, as torchvision does.
    size = (SIDE, int(SIDE * height / width)) if width <= height else (int(SIDE * width / height), SIDE)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = (size[0] - SIDE) // 2, (size[1] - SIDE) // 2
    return np.asarray(picture.crop((left, top, left + SIDE, top + SIDE)))


class _Files(Sampler[list[tuple[int, bytes]]]):
    """The files of pictures in their order, a few together: this process reads them, since rows cannot be shared.

    `digest` is told the sha256 of each as it passes.
    """

    def __init__(self, rows: Rows, examples: Examples, digest: Callable[[bytes], object]) -> None:
        self._rows, self._examples, self._digest = rows, examples, digest

    def __iter__(self) -> Iterator[list[tuple[int, bytes]]]:
        for start in range(0, len(self._examples), TOGETHER):
            some: list[tuple[int, bytes]] = []
            for place, row in enumerate(self._examples.rows[start : start + TOGETHER].tolist(), start):
                content = self._rows.picture(self._examples.split, row)
                self._digest(hashlib.sha256(content).digest())
                some.append((place, content))
            yield some


class _Decoding(Dataset[tuple[int, Pixels | str]]):
    """What worker processes do: files to pixels, or to what is wrong with them."""

    def __getitem__(self, files: list[tuple[int, bytes]]) -> list[tuple[int, Pixels | str]]:  # type: ignore[override]
        return [(place, _pixels_or_error(content)) for place, content in files]


def _pixels_or_error(content: bytes) -> Pixels | str:
    try:
        return decoded(content)
    except ValueError as error:
        return str(error)


def each_decoded(
    rows: Rows, examples: Examples, workers: int, digest: Callable[[bytes], object] = lambda of: None
) -> Iterator[tuple[int, Pixels]]:
    """Yield place and pixels of every example, in order, decoded by so many worker processes (0: by this one).

    `digest` is told the sha256 of each file, in order. Raises ValueError, naming the picture, where one cannot be
    decoded, and what Rows raise.
    """
    loader = DataLoader(
        _Decoding(), batch_size=None, sampler=_Files(rows, examples, digest), num_workers=workers, collate_fn=_as_it_is
    )
    for some in loader:
        for place, pixels in some:
            if isinstance(pixels, str):
                raise ValueError(f"{rows.name}: picture {examples.ids[place]} cannot be decoded ({pixels})")
            yield place, pixels


def _as_it_is(some: list[tuple[int, Pixels | str]]) -> list[tuple[int, Pixels | str]]:
    return some


def check_room(folder: Path, pictures: Mapping[str, int]) -> None:
    """Raise ValueError where a disk has no room for files of so many pictures, by name; old ones make room."""
    needed = sum(pictures.values()) * PICTURE
    there = sum((folder / name).stat().st_size for name in pictures if (folder / name).exists())
    free = shutil.disk_usage(folder).free + there
    if needed > free:
        raise ValueError(
            f"{folder}: the pixels of {sum(pictures.values()):,} pictures take {needed / 1e6:,.0f} MB, and "
            f"{free / 1e6:,.0f} MB are free: give an --output on another disk"
        )


def write_pixels(
    path: Path, rows: Rows, examples: Examples, workers: int, advance: Callable[[int], object] = lambda done: None
) -> str:
    """Write the pixels of all examples into a file, one picture after another, and return the digest of their files.

    Raises ValueError where a picture cannot be decoded and where the disk does not take them, and what Rows raise.
    """
    digest = hashlib.sha256()
    try:
        with path.open("wb") as file:
            for _, pixels in each_decoded(rows, examples, workers, digest.update):
                file.write(pixels.tobytes())
                advance(1)
    except OSError as error:
        if error.filename not in (None, str(path), path) or error.errno is None:
            raise  # of a picture
        needed = f"{len(examples) * PICTURE / 1e6:,.0f} MB"
        raise ValueError(
            f"{path} cannot be written ({error.strerror}): the pixels of {len(examples):,} pictures take {needed}"
        ) from None
    return digest.hexdigest()


class Mapped:
    """The pixels (n, 256, 256, 3) in a file, mapped into memory; in another process they are mapped there."""

    def __init__(self, path: Path, pictures: int) -> None:
        self._path, self._pictures = path, pictures
        self._pixels: Pixels | None = None

    def __getstate__(self) -> tuple[Path, int]:
        return self._path, self._pictures

    def __setstate__(self, state: tuple[Path, int]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    @property
    def pixels(self) -> Pixels:
        """Return the pixels, which can only be read."""
        if self._pixels is None:
            with self._path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), self._pictures * PICTURE, access=mmap.ACCESS_READ)
            self._pixels = np.frombuffer(mapped, np.uint8).reshape(self._pictures, SIDE, SIDE, 3)
        return self._pixels
