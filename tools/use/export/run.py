"""One export from its beginning to its end: what may be exported how, where it goes, and what was made.

In go rows, a format and a target; out comes what was made, with the line by which it is loaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DiffusionFER import SUBSETS
from tools.use.export.job import Job
from tools.use.export.place import building, check_target
from tools.use.export.source import open_source
from tools.use.rows import Rows

MODULES = {"fer-zoo": "fer_zoo", "imagefolder": "imagefolder", "webdataset": "webdataset", "zip": "zipped",
           "coco": "coco"}  # fmt: skip
NEED_LABELS = ("fer-zoo", "zip", "coco")  # the seven emotions, valence and arousal, which EmoNet-Face does not have


@dataclass(frozen=True)
class Export:
    """What was made: how many pictures, linked or written, how it is loaded, and what was left out."""

    pictures: int
    linked: int
    load: str
    notes: tuple[str, ...]


def export(
    rows: Rows,
    form: str,
    target: Path,
    *,
    splits: Sequence[str] = (),
    data_dir: Path | None = None,
    copy: bool = False,
    begin: Callable[[int], object] = lambda total: None,
    advance: Callable[[], object] = lambda: None,
) -> Export:
    """Export splits (default: all) of a config to a target; with `copy` no picture is a link.

    `begin` is told how many pictures there are, `advance` of each that is done. `data_dir` is where the rows lie, on
    this machine. Raises ValueError in one line for whatever cannot be, HubError where the Hub does not give the rows;
    then the target is as it was.
    """
    module: Any = importlib.import_module(f"tools.use.export.{MODULES[form]}")
    notes = []
    if form in NEED_LABELS and SUBSETS[rows.config].kind != "faces":
        raise ValueError(f"config {rows.config} cannot be exported as {form}: it has not the seven emotions")
    if form == "webdataset":
        module.check()
    if form == "coco":
        module.check(rows.config)
    if form == "fer-zoo":
        if none := next((split for split in splits if split not in module.PLACES), None):
            raise ValueError(f"fer-zoo has no place for split {none!r}: it has {' and '.join(module.PLACES)}")
        if not splits:
            left_out = {split: count for split, count in rows.splits.items() if split not in module.PLACES}
            splits = [split for split in rows.splits if split in module.PLACES]
            notes += [f"{n:,} pictures of {split} are left out: fer-zoo has no place" for split, n in left_out.items()]
            if not splits:
                raise ValueError(f"{rows.name}: config {rows.config} has no row of {' or '.join(module.PLACES)}")
    is_file = form == "zip"
    if is_file and target.suffix.lower() != ".zip":
        raise ValueError(f"{target} does not end in .zip")
    place = check_target(target, data_dir, is_file=is_file)
    source = open_source(rows, splits, by_class=is_file, advance=advance)
    counts = {part.split: len(part.names) for part in source.parts}
    begin(source.total)
    facts = {"format": form, "config": rows.config, "revision": rows.revision, "splits": counts}
    with building(place, facts, is_file=is_file) as folder:
        job = Job(source, folder, target, copy=copy, notes=notes)
        module.write(job)
    return Export(job.linked + job.written, job.linked, module.how_to_load(job), tuple(job.notes))
