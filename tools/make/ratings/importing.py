"""One import of exports: what was read is kept, merged with what was kept before, and written where labels belong.

In go export files and a data directory; out comes an Import, which says all that happened as data. Files are all read
before anything is written, and all that is to be written is known before, so that what cannot be done changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from DiffusionFER import EMONET_EMOTIONS, SUBSETS, open_raw
from tools.make.embedded import write_whole
from tools.make.ledger import Ledger
from tools.make.ratings.agreement import Report, faces_report, file_report, folder_report, hq_report
from tools.make.ratings.emonet import plan_annotations
from tools.make.ratings.exports import ExportError, Rating, read_export
from tools.make.ratings.kept import FILE, judgements, keep, latest, not_kept, ratings_ledger, read_kept
from tools.make.ratings.labels import Cells, OnChange, OnTie, Outcome, label_rows
from tools.make.ratings.moves import sheet_ledger
from tools.make.ratings.pictures import find_pictures, names_of, rows_of, size_of


@dataclass
class Import:
    """What an import did: ratings read, and kept anew; left out, and why; what became of the rows of each size."""

    read: int
    new: int = 0
    superseded: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)


def import_exports(
    files: Sequence[Path],
    data_dir: Path,
    *,
    rater: str | None = None,
    on_tie: OnTie = "skip",
    on_change: OnChange = "keep",
) -> Import:
    """Read exports of Label Studio into a data directory; see `label_rows` for the policies.

    Raises ValueError (ExportError, LedgerError) with one line for the user, or OSError; nothing is written then, unless
    the disk failed while it was: what was recorded until then is kept, and the next import goes on from there.
    """
    ratings, left_out = list[Rating](), Counter[str]()
    for file in files:
        export = read_export(file, rater)
        ratings += export.ratings
        left_out += export.left_out
    sizes = sorted({size_of(rating.config) for rating in ratings})
    done = Import(len(ratings), left_out=dict(left_out))
    with ExitStack() as stack:
        sheet = None
        if any(_config(size) != size for size in sizes):
            sheet = stack.enter_context(sheet_ledger(data_dir))
            sheet.fold()  # what a run that was killed had recorded; pictures that it was moving are moved
        for size in sizes:
            _refuse_strangers(size, [rating for rating in ratings if size_of(rating.config) == size], data_dir, sheet)
        kept = stack.enter_context(ratings_ledger(data_dir))
        kept.fold()
        fresh = not_kept(kept, ratings)
        before = read_kept(data_dir / FILE) if (data_dir / FILE).exists() else []
        done.new = len(fresh)
        counted, done.superseded = latest([*before, *fresh.values()])
        cells, contents = Cells(), dict[Path, bytes]()
        for size in sizes:
            of_size = {picture: said for (of, picture), said in counted.items() if of == size}
            if sheet and _config(size) != size:
                outcome, changed = label_rows(_config(size), data_dir, sheet.rows(), of_size, on_tie, on_change)
                cells |= changed
            else:
                outcome, path, content = plan_annotations(size, data_dir, of_size)
                contents |= {} if content is None else {path: content}
            done.outcomes[size] = outcome
            done.reports.append(_report(size, counted))
        keep(kept, fresh)
        if sheet:
            sheet.record(cells)
            sheet.fold()
        for path, content in contents.items():
            write_whole(path, content)
    return done


def _config(size: str) -> str:
    return size if size in SUBSETS else f"{size}_original"


def _refuse_strangers(size: str, ratings: list[Rating], data_dir: Path, sheet: Ledger | None) -> None:
    """Raise ExportError where the data directory has none of the pictures that were rated."""
    config = _config(size)
    if sheet and config != size:
        known = set(names_of(row["path"] for row in rows_of(config, sheet.rows())))
    else:
        known = {picture.name for picture in find_pictures(config, data_dir).found}
    if not any(rating.picture in known for rating in ratings):
        first = ascii(ratings[0].picture)[:64]
        raise ExportError(f"{data_dir} has none of the {size} pictures that were rated, as {first}: another tree's?")


def _report(size: str, counted: dict[tuple[str, str], list[Rating]]) -> Report:
    said = list(judgements(counted, size))
    if SUBSETS[_config(size)].kind != "hq":
        return faces_report(f"ratings of {size}", said)
    full = ((picture, one.rater, {e: float(one.says.get(e, 0)) for e in EMONET_EMOTIONS}) for picture, one in said)
    return hq_report(f"ratings of {size}", full)


def reports(path: Path) -> tuple[list[Report], list[str]]:
    """Return the agreement in a data directory, an export, or a CSV of ratings: ours, or one of EmoNet-Face.

    The other list is of folders of a data directory whose annotations cannot be read, and why, a line each. Raises
    ValueError with one line for the user where there is no rating, or OSError.
    """
    if path.is_dir():
        return _directory_reports(path)
    found = _file_reports(path)
    if not any(report.pictures for report in found):
        raise ValueError(f"{path} holds no rating yet")
    return found, []


def _file_reports(path: Path) -> list[Report]:
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise ValueError(f"{path} is not a regular file")
    if path.suffix == ".json":
        return _kept_reports(read_export(path).ratings)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline(4096).strip().split(",")
    if "rating" in header and "picture" in header:
        return _kept_reports(read_kept(path))
    if {"image", "annotations"} <= set(header):
        return [file_report(path, "hq")]
    if {"path", "value", "emotion"} <= set(header):
        return [file_report(path, "binary")]
    raise ValueError(f"{path} holds no ratings: expected an export (.json), {FILE}, or a CSV of EmoNet-Face")


def _kept_reports(ratings: list[Rating]) -> list[Report]:
    counted, _ = latest(ratings)
    return [_report(size, counted) for size in sorted({size for size, _ in counted})]


def _directory_reports(data_dir: Path) -> tuple[list[Report], list[str]]:
    found = _kept_reports(read_kept(data_dir / FILE)) if (data_dir / FILE).exists() else []
    found = [report for report in found if report.kind == "faces"]  # the others are in upstream's form, too
    problems = []
    for config in ("emonet_hq", "emonet_binary"):
        try:
            folder = open_raw(config, str(data_dir))
        except FileNotFoundError:
            continue
        try:
            found.append(folder_report(config, SUBSETS[config].kind, folder))
        except (FileNotFoundError, ValueError) as error:  # has none yet, or none that can be read
            problems.append(f"{config}: {error}")
    if not found:
        raise ValueError("; ".join(problems) or f"{data_dir} holds no ratings: neither {FILE} nor those of EmoNet-Face")
    return found, problems
