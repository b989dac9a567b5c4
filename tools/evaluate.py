"""`python tools/evaluate.py`: score predictions against a config and a split, with intervals, as tables and files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # run as a script: python tools/evaluate.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click
from click.core import ParameterSource

from tools.linting import fail, stop
from tools.source_options import opened, source_options

if TYPE_CHECKING:  # the parts are loaded when the command runs, so that --help answers at once
    from tools.use.evaluate.evaluation import Data, Settings
    from tools.use.evaluate.predictions import Predictions
    from tools.use.evaluate.result import Evaluation
    from tools.use.evaluate.truth import Truth

AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words
SAMPLES, SEED, THRESHOLD = 1000, 0, 0.5  # a test compares them with those of the library
OF_CONFIGS = ("config", "data_dir", "repo_id", "revision", "split")


@click.command()
@click.argument("predictions", type=AS_PATH)
@source_options
@click.option("--split", default="test", show_default=True, help="The split of the config.")
@click.option(
    "--mapping",
    type=AS_PATH,
    metavar="FILE",
    help="Score the 40 emotions as classes, by a mapping of this JSON file, or by `seven`, that of this project. "
    "The published rule counts a picture as right where any emotion of its class has a softmax share above "
    "1.5 / number of mapped emotions: kinder than top-1, which stands beside it.",
)
@click.option("--mapping-name", metavar="NAME", help="Which mapping of FILE, where it has several.")
@click.option(
    "--truth",
    metavar="FILE",
    help="With --mapping, a set of your own in place of a config: a table of image_id and emotion, or `file-names` "
    "for classes that end the names of the pictures, as in 0003_Sad.jpg.",
)
@click.option(
    "--threshold",
    type=float,
    default=THRESHOLD,
    show_default=True,
    metavar="SCORE",
    help="With emonet_binary: the score from which on an emotion is predicted.",
)
@click.option("--bootstrap", type=click.IntRange(1, 100_000), default=SAMPLES, show_default=True, metavar="N",
              help="Resamples of the intervals.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=SEED, show_default=True, help="Of the resamples.")
@click.option(
    "--output", type=AS_PATH, metavar="FOLDER", help="Write Markdown, JSON, the picture and the Hub's metadata here."
)
@click.option("--model", metavar="NAME", help="The model's name in the Hub's metadata. Default: that of the file.")
@click.pass_context
def main(
    context: click.Context,
    predictions: Path,
    source: dict[str, Any],
    split: str,
    mapping: Path | None,
    mapping_name: str | None,
    truth: str | None,
    threshold: float,
    bootstrap: int,
    seed: int,
    output: Path | None,
    model: str | None,
) -> None:
    """Score PREDICTIONS (.csv, .jsonl or .parquet, by image_id) against a split of a config, with 95% intervals.

    A column for what is predicted: emotion, or a score for each of the seven classes; valence and arousal; for the
    EmoNet configs, a score for each of the 40 emotions. Every picture of the split needs one prediction, and none else
    may have one. Exit status: 0 scored, 2 it could not be.
    """
    if threshold != threshold or threshold in (float("inf"), float("-inf")):
        raise click.UsageError("--threshold: expected a finite number")
    if mapping is None and (mapping_name or truth):
        raise click.UsageError(f"--{'mapping-name' if mapping_name else 'truth'} goes with --mapping")
    given = [name for name in OF_CONFIGS if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if truth is not None and given:
        raise click.UsageError(f"--truth takes the place of --{given[0].replace('_', '-')}: leave one of them out")
    from tools.publish.calls import HubError

    try:
        evaluation = _evaluated(
            predictions, source, split, truth, mapping, mapping_name, threshold, bootstrap, seed, output
        )
        _show(evaluation, output, model or predictions.stem)
    except HubError as error:
        fail(ValueError(str(error)))
    except OSError as error:  # one that has a number is the system's, another one is in our words
        named = f"{Path(str(error.filename)).name}: " if error.filename else ""
        fail(ValueError(f"{named}{error.strerror}" if error.errno else str(error)))
    except ValueError as error:
        fail(error)
    except KeyboardInterrupt:
        stop()


def _evaluated(
    file: Path,
    source: dict[str, Any],
    split: str,
    truth: str | None,
    mapping: Path | None,
    mapping_name: str | None,
    threshold: float,
    bootstrap: int,
    seed: int,
    output: Path | None,
) -> Evaluation:
    from DiffusionFER import SUBSETS
    from tools.use.evaluate.evaluation import Data, Settings
    from tools.use.evaluate.mapping import read_mapping
    from tools.use.evaluate.output import check_folder
    from tools.use.evaluate.predictions import read_predictions

    if output is not None:
        check_folder(output)  # before minutes of work
    kind = SUBSETS[source["config"]].kind
    if mapping is not None and kind != "faces":
        raise ValueError(f"--mapping is of classes, and {source['config']} has none: leave it out")
    shipped = mapping is not None and str(mapping) == "seven"
    chosen = None if mapping is None else read_mapping(None if shipped else mapping, mapping_name)
    settings = Settings(bootstrap, seed, threshold, chosen)
    predictions = read_predictions(file, kind, chosen is not None)
    if truth is not None and chosen is not None:
        from tools.use.evaluate.truth import FILE_NAMES, read_set

        found = read_set(truth, predictions.ids, sorted(set(chosen.of.values())))
        name = "the names of the pictures" if truth == FILE_NAMES else Path(truth).name
        return _with_bar(predictions, found, Data(name), settings)
    return _on_config(predictions, source, split, settings, kind)


def _on_config(
    predictions: Predictions, source: dict[str, Any], split: str, settings: Settings, kind: str
) -> Evaluation:
    from tools.use.evaluate.evaluation import Data, columns_for
    from tools.use.evaluate.truth import read_truth

    with opened(source) as rows:
        found = read_truth(rows, split, columns_for(predictions, settings.mapping))
        of_hub = source["repo_id"] is not None
        name = rows.name if of_hub else "local data"
        data = Data(name, source["config"], split, source["repo_id"], rows.revision)
    return _with_bar(predictions, found, data, settings)


def _with_bar(predictions: Predictions, truth: Truth, data: Data, settings: Settings) -> Evaluation:
    from tqdm import tqdm

    from tools.use.evaluate.evaluation import evaluate

    with tqdm(desc="resamples", total=settings.samples, unit=" resamples", disable=None) as bar:
        return evaluate(predictions, truth, data, settings, bar.update)


def _show(evaluation: Evaluation, output: Path | None, model: str) -> None:
    from tools.check.findings import visible
    from tools.use.evaluate.output import NAMES, files, write_files
    from tools.use.evaluate.report import render_text

    click.echo(render_text(evaluation), nl=False)
    if output is None:
        return
    contents = files(evaluation, model)
    write_files(output, contents)
    told = "" if "model-index.yaml" in contents else " (none for the Hub: the data is not from there)"
    written = ", ".join(name for name in NAMES if name in contents)
    click.echo(f"wrote {visible(str(output))}: {written}{told}", err=True)


if __name__ == "__main__":
    main()
