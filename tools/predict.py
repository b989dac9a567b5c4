"""`python tools/predict.py`: predict valence and arousal of a split by a trained model, as a file to evaluate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: python tools/predict.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.source_options import opened, source_options
from tools.train_options import AS_PATH, BATCH_SIZE, machine_options, plainly, shown_bar


@click.command()
@click.option("--checkpoint", type=AS_PATH, required=True, metavar="FILE", help="The best.safetensors of a run.")
@click.option("--method", metavar="NAME", help="Refuse a model of any other method.")
@source_options
@click.option("--split", default="test", show_default=True, help="The split of the config.")
@click.option("--output", type=AS_PATH, required=True, metavar="FILE", help="Where to write the predictions (.csv).")
@click.option("--batch-size", type=click.IntRange(1), default=BATCH_SIZE, show_default=True, help="Pictures at a time.")
@machine_options
def main(
    checkpoint: Path,
    method: str | None,
    source: dict[str, Any],
    split: str,
    output: Path,
    batch_size: int,
    device: str,
    workers: int,
) -> None:
    """Predict valence and arousal of each picture of a split, as CSV that `diffusionfer evaluate` reads.

    Exit status: 0 done, 2 it could not be.
    """
    with plainly():
        from tools.train.checkpoint import load_model
        from tools.train.examples import check_config, read_examples
        from tools.train.files import write_text
        from tools.train.predicting import predicted_rows, predictions_text
        from tools.train.processes import device_of

        check_config(source["config"])
        if output.suffix.lower() != ".csv":
            raise ValueError(f"--output {output}: expected a file that ends in .csv")
        if not output.parent.is_dir():  # told before the work, not after it
            raise ValueError(f"{output} cannot be written (there is no folder {output.parent})")
        place = device_of(device)
        found, _ = load_model(checkpoint, method)
        with opened(source) as rows:
            examples = read_examples(rows, split, all_rows=True)
            with shown_bar("predicting", len(examples)) as advance:
                affect = predicted_rows(found.to(place), rows, examples, batch_size, workers, place, advance)
        write_text(output, predictions_text(examples.ids, affect))
        click.echo(f"wrote {output}: {len(examples):,} pictures", err=True)


if __name__ == "__main__":
    main()
