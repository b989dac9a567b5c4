"""The folder of a run: what the run is, how far it is, and what it gave, in `run.json` beside its files.

In go settings and the digest of the data; a folder that holds something else is refused, and so is one that holds a run
by other settings. A finished run says what its files' digests are.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.train.checkpoint import digest
from tools.train.files import PART, write_text

try:
    import fcntl
except ImportError:  # Windows: nothing tells there that two processes have one folder
    fcntl = None  # type: ignore[assignment]

FORMAT = 1
RUN, STATE, MODEL, PREDICTIONS, LOGS = "run.json", "last.pt", "best.safetensors", "predictions.csv", "logs"
PIXELS = ("train.pixels", "validation.pixels")  # while it trains
LOCK = ".lock"  # held by the process that trains in the folder


@dataclass(frozen=True)
class Settings:
    """What a run is made by: on equal data and one machine, equal settings give equal weights."""

    method: str
    encoder: str
    epochs: int
    batch_size: int
    seed: int
    lr: float | None = None  # None: the published one of the method
    patience: int = 0  # epochs without a better validation CCC after which it ends; 0: all epochs
    amp: str | None = None
    weights: str | None = None  # the sha256 of the file that the encoder began with
    device: str = "cpu"
    processes: int = 1


def code_revision() -> str:
    """Return which code this is: the commit of the checkout, `+changes` where files were edited, or the version."""
    root = Path(__file__).resolve().parent.parent.parent
    if (root / ".git").exists():
        try:
            commit, changes = (
                subprocess.run(["git", *what], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
                for what in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
            )
            return commit[:12] + ("+changes" if changes else "")
        except (OSError, subprocess.CalledProcessError):
            pass
    try:
        return f"version {importlib.metadata.version('diffusionfer')}"
    except importlib.metadata.PackageNotFoundError:  # an archive of the sources, not installed
        return "unknown"


def begin(folder: Path, settings: Settings, data: Mapping[str, Any], resume: bool) -> None:
    """Make the folder of a run, or find that it holds this very run, not finished, where `resume` allows it.

    Raises ValueError where it holds something else, another run's settings or data, or a run that is finished, and
    where it cannot be made.
    """
    wanted = {"settings": asdict(settings), "data": dict(data)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = sorted(path.name for path in folder.iterdir() if path.name != f".{RUN}{PART}")
    except OSError as error:
        raise ValueError(f"--output {folder} cannot be made ({error.strerror})") from None
    there = (folder / RUN).exists()
    if strange and not there:
        raise ValueError(f"--output {folder} holds {strange[0]}, which is of no run: give a new folder")
    if not there:
        text = json.dumps({"format": FORMAT, "finished": False, "code": code_revision(), **wanted}, indent=1)
        write_text(folder / RUN, text + "\n")
        return
    found = read(folder)
    if other := _difference(found, wanted):
        raise ValueError(f"--output {folder} holds a run by other settings ({other}): give another folder")
    if found["finished"]:
        raise ValueError(f"--output {folder} holds this run, finished: give another folder")
    if not resume:
        raise ValueError(f"--output {folder} holds this run, not finished: go on with --resume, or give another folder")


@contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Keep other processes out of the folder of a run; at the end what only this process had use of is removed.

    Raises ValueError where another process trains in it, and where it cannot be written.
    """
    try:
        held = (folder / LOCK).open("w")
    except OSError as error:
        raise ValueError(f"--output {folder} cannot be written ({error.strerror})") from None
    with held as lock:
        if fcntl is not None:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # which no worker process inherits
            except (BlockingIOError, PermissionError):
                raise ValueError(f"--output {folder}: another process trains in it: give another folder") from None
            except OSError:
                pass  # a file system without locks
        for part in folder.glob(f".*{PART}"):  # what a killed process was writing
            part.unlink(missing_ok=True)
        try:
            yield
        finally:
            for name in (*PIXELS, LOCK):
                (folder / name).unlink(missing_ok=True)


def confirm_pictures(folder: Path, pictures: Mapping[str, str]) -> dict[str, Any]:
    """Write the digests of the pictures, by split, beside the run, or compare them with those that are there.

    Return what is said of the run. Raises ValueError where the pictures are other ones than those it began with.
    """
    found = read(folder)
    if changed := [split for split, of in pictures.items() if found["data"].get(f"{split}_pictures", of) != of]:
        raise ValueError(f"--output {folder}: the pictures of split {changed[0]} have changed since the run began")
    found["data"] |= {f"{split}_pictures": of for split, of in pictures.items()}
    write_text(folder / RUN, json.dumps(found, indent=1) + "\n")
    return found


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> str | None:
    for part, values in wanted.items():
        for name, value in values.items():
            before = found[part].get(name)
            if name == "labels" and before != value:
                return "the rows have another order, truth or identity now"
            if before != value:
                return f"{name.replace('_', '-')} was {before}, and is {value} now"
    return None


def read(folder: Path) -> dict[str, Any]:
    """Return what is said of the run in a folder. Raises ValueError where that cannot be read."""
    path = folder / RUN
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON ({error})") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path} is of no run that this version reads (format {FORMAT})")
    if not all(isinstance(found.get(part), dict) for part in ("settings", "data")) or "finished" not in found:
        raise ValueError(f"{path} lacks settings or data")
    return found


def finish(folder: Path, outcome: Mapping[str, Any]) -> None:
    """Say what the run gave, with the digests of its files, and remove what only going on would need."""
    files = {name: digest(folder / name) for name in (MODEL, PREDICTIONS) if (folder / name).exists()}
    run = read(folder)
    if (now := code_revision()) != run["code"]:
        run["code"] = f"{run['code']}, {now}"  # it went on with other code than it began with
    text = json.dumps({**run, "finished": True, **outcome, "files": files}, indent=1)
    write_text(folder / RUN, text + "\n")
    (folder / STATE).unlink(missing_ok=True)
