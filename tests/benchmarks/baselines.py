"""`python tests/benchmarks/baselines.py`: the card's table: all methods and seeds on the embedded edition, in minutes.

Every run is the documented command, in a folder of its own; a finished one is not made again, one that was stopped goes
on. Two references have no network: predicting the mean of the training split, and a ridge regression on the
pixels (32 x 32, RGB), whose penalty is the best by the mean CCC of validation. Both are written like runs. At the end
the file of results is written and the table printed; without options the file is assets/baselines.json, and the card is
rendered with it; with any, it is beside the runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)

CONFIG = "small_cropped"
METHODS = ("baseline", "caf", "avce", "elim")
SIDE = 32  # pixels of a side, for the ridge regression
PENALTIES = [10.0**power for power in range(-1, 8)]
FORMAT = 1
# The published rates of Baseline and AVCE, 4e-5 and 5e-5, are for networks that begin with ImageNet; these begin with
# random weights, and all get the rate of CAF and ELIM.
OPTIONS = ["--lr", "1e-4", "--amp", "bf16"]


def command(*arguments: str | Path) -> None:
    """Run a verb in a process of its own, and end where it fails."""
    run = [sys.executable, "-c", "from tools.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(run, cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with {done.returncode}")


def absolute(path: str) -> Path:
    """Return a path as it is from here: commands run in the checkout."""
    return Path(path).resolve()


def is_finished(folder: Path) -> bool:
    """Say whether a run is finished."""
    path = folder / "run.json"
    return path.is_file() and bool(json.loads(path.read_text(encoding="utf-8"))["finished"])


def small_pictures(rows: Any, examples: Any) -> Any:
    """Return the pictures of a split as numbers (n, 3072)."""
    import numpy as np
    from PIL import Image

    from tools.train.pixels import each_decoded

    small = [
        np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX), np.float64).ravel() / 255
        for _, pixels in each_decoded(rows, examples, 2)
    ]
    return np.stack(small)


def references(data_dir: Path, runs: Path) -> None:
    """Predict by the mean and by a ridge regression, and write both as finished runs."""
    if is_finished(runs / "mean") and is_finished(runs / "ridge"):
        return
    import numpy as np
    from sklearn.linear_model import Ridge

    from tools.train.examples import read_examples
    from tools.train.pixels import each_decoded
    from tools.train.scores import clipped, figures, mean_ccc
    from tools.use.rows import open_rows

    with open_rows(CONFIG, data_dir=data_dir) as rows:
        splits = {split: read_examples(rows, split) for split in ("train", "validation", "test")}
        digests = {split: hashlib.sha256() for split in splits}
        for split in ("train", "validation"):
            for _ in each_decoded(rows, splits[split], 2, digests[split].update):
                pass
        features = {split: small_pictures(rows, examples) for split, examples in splits.items()}
        truth = {split: examples.affect.double().numpy() for split, examples in splits.items()}
        began = time.monotonic()  # the minutes of a method are without decoding, too
        best, chosen, history = -np.inf, PENALTIES[0], []
        for penalty in PENALTIES:
            fitted = Ridge(alpha=penalty).fit(features["train"], truth["train"])
            ccc = mean_ccc(figures(truth["validation"], clipped(fitted.predict(features["validation"]))))
            history.append({"penalty": penalty, "validation": {"ccc": ccc}})
            if ccc > best:
                best, chosen = ccc, penalty
        predicted = Ridge(alpha=chosen).fit(features["train"], truth["train"]).predict(features["test"])
        minutes = (time.monotonic() - began) / 60
    constant = np.broadcast_to(truth["train"].mean(axis=0), truth["test"].shape)
    pictures = {f"{split}_pictures": digest.hexdigest() for split, digest in digests.items() if split != "test"}
    data = {"config": CONFIG, "repo_id": None, "revision": None, **pictures}
    for name, found, spent, settings, line in (
        ("mean", constant, 0.0, {}, []),
        ("ridge", predicted, minutes, {"penalty": chosen, "side": SIDE}, history),
    ):
        _write(runs / name, name, found, splits["test"], data, spent, settings, line, best if name == "ridge" else None)


def _write(
    folder: Path,
    name: str,
    found: Any,
    test: Any,
    data: dict[str, Any],
    minutes: float,
    settings: dict[str, Any],
    history: list[Any],
    validation: float | None,
) -> None:
    from tools.train.files import write_text
    from tools.train.predicting import predictions_text
    from tools.train.runs import PREDICTIONS, RUN, code_revision, finish
    from tools.train.scores import RESAMPLES, clipped, with_intervals

    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / PREDICTIONS, predictions_text(test.ids, found))
    scores = with_intervals(test.affect.double().numpy(), clipped(found).round(6))
    begun = {
        "format": FORMAT, "finished": False, "code": code_revision(), "data": data,
        "settings": {"method": name, "encoder": None, "seed": None, **settings},
    }  # fmt: skip
    write_text(folder / RUN, json.dumps(begun))
    outcome = {
        "minutes": round(minutes, 2), "epochs": None, "best_epoch": None, "validation_ccc": validation,
        "machine": "CPU", "history": history,
        "test": {"pictures": len(test), **scores, "bootstrap": dict(RESAMPLES)},
    }  # fmt: skip
    finish(folder, outcome)


def main() -> None:
    """Make what is missing, then the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--encoder", default="alexnet", help="default: %(default)s")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--work-dir", type=absolute, default=ROOT / ".work", help="of the pictures and the runs")
    parser.add_argument("--data-dir", type=absolute, help="the raw tree (default: the embedded edition)")
    parser.add_argument("--output", type=absolute, help="the file of results (default: see above)")
    told = f"options of train in place of {' '.join(OPTIONS)}, behind --"
    parser.add_argument("options", nargs="*", default=OPTIONS, metavar="OPTION", help=told)
    options = parser.parse_args()
    from tools.make.embedded import embedded_edition

    others = {name for name, value in vars(options).items() if value != parser.get_default(name)} - {"work_dir"}
    name = "baselines"
    if others & {"data_dir", "options"}:  # which a folder of runs must have in common
        of = [str(options.data_dir), *options.options]
        name += f"-{hashlib.sha256(repr(of).encode()).hexdigest()[:8]}"
    runs = options.work_dir / "benchmark" / name
    data_dir = options.data_dir or embedded_edition(options.work_dir, print)
    references(data_dir, runs)
    for seed in options.seeds:  # all methods for a seed, then the next: what is there at any time can be compared
        for method in options.methods:
            folder = runs / f"{method}-{options.encoder}-{seed}"
            if is_finished(folder):
                continue
            print(f"{method}, seed {seed}", flush=True)
            given = ("--config", CONFIG, "--data-dir", data_dir, "--encoder", options.encoder, "--seed", f"{seed}")
            command("train", "--method", method, *given, "--output", folder, "--resume", *options.options)
    output = options.output or (runs if others else ROOT / "assets") / "baselines.json"
    command("train", "--leaderboard", runs, "--output", output)
    if not others:
        command("push", "--rehearse", "--work-dir", options.work_dir)  # for its shards, which the card describes
        command("card", "render", "--work-dir", options.work_dir)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped: the same command goes on")
