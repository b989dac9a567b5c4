"""Pictures whose emotion is another now: their path carries it twice, in the folder and as the index in the name.

What is to be moved is recorded in the ledger of the sheet first, as the new path of a row. So a run that is killed
between two files leaves no picture that no row has: the next import moves the rest, and no other command runs before.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from DiffusionFER import EMOTIONS, RawZip, open_raw, path_problem, sheet_path
from tools.make.ledger import Ledger
from tools.make.ratings.pictures import size_of


def moved_path(path: str, emotion: str) -> str:
    """Return the path that a picture has as one of another emotion.

    >>> moved_path("DifussionEmotion_S/angry/aaaaaaaa_6.png", "sad")
    'DifussionEmotion_S/sad/aaaaaaaa_2.png'
    """
    if path.count("/") != 2:  # which is no published form, and says no emotion
        return path
    folder, _, name = path.split("/")
    name = re.sub(r"_[0-6](\.[^.]*)$", rf"_{EMOTIONS.index(emotion)}\1", name)
    return f"{folder}/{emotion}/{name}"


def refuse_zips(config: str, data_dir: Path) -> None:
    """Raise ValueError where the pictures of a config, or their crops, are in a zip, in which nothing is renamed."""
    for variant in ("original", "cropped"):
        try:
            folder = open_raw(f"{size_of(config)}_{variant}", str(data_dir))
        except FileNotFoundError:
            continue
        if isinstance(folder, RawZip):
            raise ValueError(f"{folder.name} is a zip, in which nothing is moved: unpack it, or use --on-change write")


def sheet_ledger(data_dir: Path) -> Ledger:
    """Return the ledger of a data directory's sheet, which moves the files of a row that gets another path.

    Raises FileNotFoundError or ValueError where there is no sheet.
    """
    return Ledger(Path(sheet_path(str(data_dir))), rename=partial(move_files, data_dir))


def move_files(data_dir: Path, before: str, after: str) -> None:
    """Move a picture and its crop. What is moved already stays as it is. Raises ValueError for a file in the way."""
    for source, target in files_to_move(data_dir, before, after):
        target.parent.mkdir(exist_ok=True)
        source.replace(target)


def files_to_move(data_dir: Path, before: str, after: str) -> list[tuple[Path, Path]]:
    """Return the files that are there of a picture and its crop, each with where it goes when the path changes.

    Raises ValueError for a file that stands in the way, and for one that is behind a link.
    """
    if after == before or path_problem(before) or path_problem(after):
        return []
    found = []
    for folder in _folders(data_dir, before.split("/", 1)[0][-1]):
        source, target = (folder / path.split("/", 1)[1] for path in (before, after))
        if not source.is_file():
            continue
        if any(path.is_symlink() for path in (source, source.parent, target.parent)):
            raise ValueError(f"{source} is behind a link, and is not moved: put the file itself there")
        if target.exists():
            raise ValueError(f"{target} is in the way of {source}: look at both, and remove one")
        found.append((source, target))
    return found


def _folders(data_dir: Path, letter: str) -> list[Path]:
    """Return the folders of a size's originals and crops that are there, no link out of the data directory."""
    names = [f"{start}Emotion_{letter}{end}" for start in ("Difussion", "Diffusion") for end in ("", "_cropped")]
    return [data_dir / name for name in names if (data_dir / name).is_dir() and not (data_dir / name).is_symlink()]
