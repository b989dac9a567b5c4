"""A run from end to end: in go settings and the rows of a config, out comes the folder of a finished run.

The pictures of training and validation are decoded into files of the folder, the method is trained, and its best model
predicts the test split.
"""

from __future__ import annotations

import hashlib
import importlib
import platform
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from tools.train.checkpoint import load_model, model
from tools.train.examples import Examples, read_examples
from tools.train.files import write_text
from tools.train.pixels import Mapped, check_room, write_pixels
from tools.train.predicting import predicted_rows, predictions_text
from tools.train.processes import Processes
from tools.train.progress import Progress, Watcher
from tools.train.runs import MODEL, PIXELS, PREDICTIONS, Settings, begin, confirm_pictures, finish, occupied, read
from tools.train.scores import RESAMPLES, clipped, with_intervals
from tools.train.training import Split, Training
from tools.use.rows import Rows

SPLITS = ("train", "validation")
TEST = "test"
NEEDED = ("safetensors", "tensorboard")
INSTALL = "pip install 'diffusionfer[train]'"

Advance = Callable[[int], object]
Bar = Callable[[str, int], AbstractContextManager[Advance]]  # what is done, and how many pictures


def no_bar(what: str, total: int) -> AbstractContextManager[Advance]:
    """Show nothing."""
    return nullcontext(lambda done: None)


@dataclass(frozen=True)
class Source:
    """Where the rows are from, as a run names it: a repository and its commit, or nothing for local data."""

    repo_id: str | None = None
    revision: str | None = None


def check_libraries() -> None:
    """Raise ValueError where a library is missing that training needs beside PyTorch."""
    try:
        for name in NEEDED:
            importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"training needs {error.name}, which is not installed: {INSTALL}") from None


def run(
    folder: Path,
    settings: Settings,
    rows: Rows,
    source: Source,
    *,
    identity: tuple[str, ...] | None = None,
    weights: Path | None = None,
    resume: bool = False,
    workers: int = 0,
    processes: Processes,
    watcher: Watcher,
    bar: Bar = no_bar,
    say: Callable[[str], object] = lambda line: None,
) -> dict[str, Any]:
    """Train in a folder, predict the test split, and return what `run.json` says of the finished run.

    `say` is told, in a line each, what a user should know of the data. Raises ValueError, OSError and HubError in one
    line for whatever a user can mend.
    """
    check_libraries()
    torch.manual_seed(settings.seed)  # of the first weights: the same in every process
    method = model(settings.method, settings.encoder, weights)
    splits = {split: read_examples(rows, split, identity) for split in SPLITS}
    data = _data(rows, source, splits)
    with ExitStack() as stack:
        processes.by_the_first(lambda: begin(folder, settings, data, resume))
        processes.by_the_first(lambda: stack.enter_context(occupied(folder)))
        if processes.first:
            for line in _notes(method.uses_identity, splits):
                say(line)
        prepared = processes.by_the_first(lambda: _decode(folder, rows, splits, workers, bar))
        begun = processes.by_the_first(lambda: confirm_pictures(folder, prepared))
        mapped = {
            split: Split(examples, Mapped(folder / path, len(examples)))
            for path, (split, examples) in zip(PIXELS, splits.items(), strict=True)
        }
        configuration = {
            "method": settings.method, "encoder": settings.encoder, "config": rows.config, "seed": settings.seed,
            "input": {"resize": 256, "crop": 224, "statistics": "ImageNet"}, "output": ["valence", "arousal"],
            "settings": asdict(settings), "data": begun["data"], "code": begun["code"],
        }  # fmt: skip
        training = Training(
            folder, settings, configuration, method, mapped["train"], mapped["validation"], processes, workers, watcher
        )
        progress = training.run()
        return processes.by_the_first(lambda: _finish(folder, settings, rows, progress, processes, workers, bar))


def _data(rows: Rows, source: Source, splits: Mapping[str, Examples]) -> dict[str, Any]:
    labels = hashlib.sha256()
    for examples in splits.values():
        labels.update("\n".join(examples.ids).encode())
        for tensor in (examples.affect, examples.emotion, examples.identity):
            labels.update(tensor.numpy().tobytes())
    return {
        "config": rows.config, "repo_id": source.repo_id, "revision": source.revision,
        **{split: len(examples) for split, examples in splits.items()},
        "identity": list(splits["train"].identity_columns), "labels": labels.hexdigest(),
    }  # fmt: skip


def _notes(uses_identity: bool, splits: Mapping[str, Examples]) -> list[str]:
    notes = [
        f"{examples.lacking:,} of {examples.lacking + len(examples):,} rows of {split} have no valence, arousal or "
        "emotion, and are left out"
        for split, examples in splits.items()
        if examples.lacking
    ]
    train = splits["train"]
    if uses_identity:
        counts = torch.bincount(train.identity)
        several = int((counts > 1).sum())
        what = f"identity by {', '.join(train.identity_columns)}: {len(counts):,} in {len(train):,} pictures"
        notes.append(f"{what}, {several:,} of them in more than one")
        if several < 2:
            notes.append("no two identities have two pictures each: there is nothing to match; choose --identity")
    return notes


def _decode(folder: Path, rows: Rows, splits: Mapping[str, Examples], workers: int, bar: Bar) -> dict[str, str]:
    check_room(folder, {path: len(examples) for path, examples in zip(PIXELS, splits.values(), strict=True)})
    found = {}
    for path, (split, examples) in zip(PIXELS, splits.items(), strict=True):
        with bar(f"decoding {split}", len(examples)) as advance:
            found[split] = write_pixels(folder / path, rows, examples, workers, advance)
    return found


def _finish(
    folder: Path, settings: Settings, rows: Rows, progress: Progress, processes: Processes, workers: int, bar: Bar
) -> dict[str, Any]:
    """Predict the test split, where there is one, with the best model; write what the run gave, and return it."""
    outcome: dict[str, Any] = {
        "minutes": round(progress.seconds / 60, 2),
        "epochs": len(progress.history),
        "best_epoch": progress.best_epoch,
        "validation_ccc": progress.best_ccc,
        "test": None,
        "history": progress.history,
        "machine": _machine(processes),
    }
    if rows.splits.get(TEST):
        best, _ = load_model(folder / MODEL, settings.method)
        best = best.to(processes.device)
        examples = read_examples(rows, TEST, all_rows=True)
        digest = hashlib.sha256(examples.affect.numpy().tobytes())  # figures on other pictures or truths are no match
        device = processes.device
        with bar("predicting test", len(examples)) as advance:
            found = predicted_rows(best, rows, examples, settings.batch_size, workers, device, advance, digest.update)
        write_text(folder / PREDICTIONS, predictions_text(examples.ids, found))
        scores = with_intervals(examples.affect.double().numpy(), clipped(found).round(6))
        outcome["test"] = {
            "pictures": len(examples),
            "digest": digest.hexdigest(),
            **scores,
            "bootstrap": dict(RESAMPLES),
        }
    finish(folder, outcome)
    return read(folder)


def _machine(processes: Processes) -> str:
    if processes.device.type == "cuda":
        what = torch.cuda.get_device_name(processes.device)
    else:
        what = f"{platform.machine()} CPU, {torch.get_num_threads()} thread{'s' * (torch.get_num_threads() != 1)}"
    count = f"{processes.size} x " if processes.size > 1 else ""
    return f"{count}{what}, PyTorch {torch.__version__}"
