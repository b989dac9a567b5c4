"""`python tools/train_model.py`, which is `diffusionfer train`: train a method, or make a table of finished runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # run as a script: python tools/train_model.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click
from click.core import ParameterSource

from tools.source_options import opened, source_options
from tools.train_options import AS_PATH, BATCH_SIZE, machine_options, plainly, shown_bar

if TYPE_CHECKING:  # the parts are loaded when the command runs, so that --help answers at once
    from tools.train.progress import Watcher

# A test compares these with those of the library, which takes seconds to load.
METHODS, ENCODERS = ("baseline", "caf", "avce", "elim"), ("alexnet", "resnet18")
EPOCHS, PATIENCE = 10, 5


@click.command()
@click.argument("runs", nargs=-1, type=AS_PATH, metavar="[RUNS_DIR]...")
@click.option("--method", type=click.Choice(METHODS), help="What to train.")
@click.option("--encoder", type=click.Choice(ENCODERS), default=ENCODERS[0], show_default=True, help="The network.")
@source_options
@click.option(
    "--output",
    type=AS_PATH,
    metavar="DIR",
    help="The folder of the run. Default: runs/CONFIG-METHOD-ENCODER-SEED. With --leaderboard, a JSON file.",
)
@click.option("--epochs", type=click.IntRange(1), default=EPOCHS, show_default=True, help="Passes over the pictures.")
@click.option("--batch-size", type=click.IntRange(2), default=BATCH_SIZE, show_default=True,
              help="Pictures of a step, in all processes together.")  # fmt: skip
@click.option("--lr", type=click.FloatRange(0, min_open=True), help="The learning rate. Default: that of the method.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True,
              help="Of the weights, the order of the pictures and their crops.")  # fmt: skip
@click.option("--patience", type=click.IntRange(0), default=PATIENCE, show_default=True,
              help="Stop after so many epochs without a better validation CCC; 0 never does.")  # fmt: skip
@click.option("--identity", metavar="COLUMNS",
              help="The columns, divided by commas, that say who it is, for ELIM. Default: seed, or race,age,gender "
              "where no two pictures have the same seed.")  # fmt: skip
@click.option("--weights", type=AS_PATH, metavar="FILE",
              help="Begin with these weights of the encoder: a state dict as torchvision publishes it.")  # fmt: skip
@click.option("--amp", type=click.Choice(["bf16", "fp16"]), help="Mixed precision; fp16 needs a GPU.")
@machine_options
@click.option("--resume", is_flag=True, help="Go on with the run in --output, where there is one.")
@click.option("--leaderboard", is_flag=True, help="Print the table of the finished runs below each RUNS_DIR.")
@click.pass_context
def main(
    context: click.Context,
    runs: tuple[Path, ...],
    method: str | None,
    output: Path | None,
    leaderboard: bool,
    **given: Any,
) -> None:
    """Train a method of FER-Zoo on valence and arousal, or, with --leaderboard, make a table of finished runs.

    Started by torchrun, several processes train together. Exit status: 0 done, 2 it could not be.
    """
    if leaderboard:
        for option in context.command.params:
            name = option.name or ""
            chosen = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
            if chosen and name not in ("runs", "output", "leaderboard"):
                raise click.UsageError(f"{option.opts[0]} goes without --leaderboard, which shows every run")
        _leaderboard(runs, output)
        return
    if runs:
        raise click.UsageError(f"{runs[0]} goes with --leaderboard")
    if method is None:
        raise click.UsageError("Missing option '--method'.")
    if given["identity"] is not None and method != "elim":
        raise click.UsageError(f"--identity is for elim: {method} makes no use of who it is")
    name = f"{given['source']['config']}-{method}-{given['encoder']}-{given['seed']}"
    with plainly():
        _train(method, output or Path("runs", name), **given)


def _train(
    method: str,
    output: Path,
    encoder: str,
    source: dict[str, Any],
    epochs: int,
    batch_size: int,
    lr: float | None,
    seed: int,
    patience: int,
    identity: str | None,
    weights: Path | None,
    amp: str | None,
    device: str,
    workers: int,
    resume: bool,
) -> None:
    from tools.train.checkpoint import digest
    from tools.train.examples import check_config
    from tools.train.experiment import Source, run
    from tools.train.processes import joined
    from tools.train.runs import Settings

    check_config(source["config"])
    columns = tuple(name.strip() for name in identity.split(",")) if identity else None
    with joined(device) as processes:
        if amp == "fp16" and processes.device.type != "cuda":
            raise ValueError("--amp fp16 needs a GPU: take --amp bf16, or none")
        used = digest(weights) if weights else None
        settings = Settings(
            method, encoder, epochs, batch_size, seed, lr, patience, amp, used, processes.device.type, processes.size
        )
        with opened(source) as rows:
            found = run(
                output, settings, rows, Source(source["repo_id"], rows.revision), identity=columns, weights=weights,
                resume=resume, workers=workers, processes=processes, watcher=_watcher(processes.first), bar=shown_bar,
                say=lambda line: click.echo(line, err=True),
            )  # fmt: skip
        if processes.first:
            from tools.train.board import run_text

            click.echo(run_text(found), nl=False)


def _leaderboard(folders: tuple[Path, ...], output: Path | None) -> None:
    if not folders:
        raise click.UsageError("--leaderboard needs a RUNS_DIR")
    from tools.check.findings import visible
    from tools.train.board import collect, results_text, table_text
    from tools.train.files import write_text

    with plainly():
        entries, left_out = collect(folders)
        for line in left_out:
            click.echo(f"left out: {visible(line)}", err=True)
        if not entries:
            raise ValueError(f"there is no finished run below {', '.join(map(str, folders))}")
        click.echo(table_text(entries), nl=False)
        if output is not None:
            write_text(output, results_text(entries))
            click.echo(f"wrote {visible(str(output))}: {len(entries)} run{'s' * (len(entries) != 1)}", err=True)


def _watcher(first: bool) -> Watcher:
    """Return who shows the epochs: on a terminal a bar, and a line for each; in a pipe nothing."""
    from tqdm import tqdm

    from tools.train.progress import Watcher

    class Shown(Watcher):
        """A bar of steps, anew for each epoch, and a line when it ends."""

        _bar: tqdm[Any] | None = None

        def begins(self, epoch: int, step: int, steps: int) -> None:
            if self._bar is None:
                self._bar = tqdm(total=steps, unit=" steps", disable=None, leave=False)
            self._bar.set_description(f"epoch {epoch}", refresh=False)
            self._bar.reset(steps)
            self._bar.n = self._bar.initial = step

        def stepped(self, loss: float) -> None:
            if self._bar is not None:
                self._bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                self._bar.update()

        def ends(self, line: Mapping[str, Any], best: bool) -> None:
            if sys.stderr.isatty():
                found = line["validation"]["ccc"]
                tqdm.write(f"epoch {line['epoch']}: validation CCC {found:.3f}{' *' * best}", file=sys.stderr)

        def leaves(self) -> None:  # so that what stopped it stands on a line of its own
            if self._bar is not None:
                self._bar.close()

    return Shown() if first else Watcher()


if __name__ == "__main__":
    main()
