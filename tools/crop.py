"""`python tools/crop.py`: cut the faces out of the originals of a config, where that is not done yet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # run as a script: python tools/crop.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.engine_options import engine_at, engine_options
from tools.linting import OPTIONS, Linting, below, fail, stop

if TYPE_CHECKING:  # the parts are loaded when the command runs, so that --help answers at once
    from tools.make.faces.one import Settings
    from tools.make.faces.walk import Done

AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words
# The configs that have originals; a test compares them with those of the builder, which takes a second to load.
CONFIGS = ("small_original", "medium_original", "large_original", "emonet_hq", "emonet_binary", "emonet_big")


def _output_options(command: Any) -> Any:
    """Give a command the options of the linter, but for --fix: there is nothing to mend in place."""
    for option in reversed(OPTIONS[:-1]):
        command = option(command)
    return command


@click.command()
@click.option("--data-dir", type=AS_PATH, required=True, help="The raw tree: originals and dataset_sheet.csv.")
@click.option("--config", type=click.Choice(CONFIGS), required=True, help="The config whose pictures are cropped.")
@click.option(
    "--detector",
    type=click.Choice(["mtcnn", "yunet", "sheet"]),
    default="mtcnn",
    show_default=True,
    help="MTCNN as published, YuNet of OpenCV, or the boxes of the sheet.",
)
@click.option("--weights", type=AS_PATH, metavar="FILE", help="With yunet: its weights. Default: those of the Hub.")
@click.option(
    "--size",
    type=click.IntRange(16, 4096),
    default=512,
    show_default=True,
    metavar="PIXELS",
    help="The side of a crop.",
)
@click.option(
    "--margin",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="PIXELS",
    help="Of the crop, around the box, both sides together.",
)
@click.option("--keep-aspect", is_flag=True, help="Cut a square; as published, the box is squeezed into one.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.7,
    show_default=True,
    metavar="SHARE",
    help="Faces of which the detector is less sure do not count.",
)
@click.option(
    "--min-face",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="PIXELS",
    help="Faces whose box is narrower or lower in the original do not count.",
)
@click.option(
    "--on-missing",
    type=click.Choice(["skip", "fail", "keep"]),
    default="skip",
    show_default=True,
    help="A picture without a face: pass over it, make that an error, or keep the whole picture.",
)
@click.option(
    "--refuse",
    type=click.Choice(["several", "cut-off"]),
    multiple=True,
    help="Treat a picture with several faces, or a face cut off, as one without a face.",
)
@click.option("--again", is_flag=True, help="Crop anew what has a crop already, as with another --size.")
@click.option("--num-proc", type=click.IntRange(min=1), help="Processes that crop. Default: one a core.")
@engine_options
@_output_options
def main(
    data_dir: Path,
    config: str,
    detector: str,
    weights: Path | None,
    size: int,
    margin: int,
    num_proc: int | None,
    scheduler: str | None,
    refuse: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    output: str,
    statistics: bool,
    max_findings: int,
    **given: Any,
) -> None:
    """Cut the faces out of originals that have no crop yet; stopped at any moment, it goes on from there.

    Crops get the names of their originals, in the folder of the crops; box, confidence and digests go into the sheet.
    Exit status: 0 no error, 1 errors, 2 it could not run.
    """  # fmt: skip
    if weights and detector != "yunet":
        raise click.UsageError("--weights goes with --detector yunet")
    if not 0 <= given["min_confidence"] <= 1:  # a NaN passes for a number of any range
        raise click.UsageError("--min-confidence: expected a number from 0 to 1 (got nan)")
    if margin >= size:
        raise click.UsageError(f"--margin {margin} leaves nothing of --size {size} for the face")
    if num_proc and scheduler:
        raise click.UsageError("--num-proc is of this machine: a Dask cluster has as many workers as were started")
    linting = Linting(select, ignore, output, statistics, max_findings)
    try:
        settings = _settings(detector, weights, side=size, margin=margin, refuse=frozenset(refuse), **given)
        done = _crop(linting, data_dir, config, settings, num_proc, scheduler)
    except (OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    status = linting.show()
    click.echo(_summary(config, done), err=True)
    sys.exit(status)


def _settings(detector: str, weights: Path | None, **given: Any) -> Settings:
    from tools.make.faces.detectors import detector as made
    from tools.make.faces.detectors import opencv
    from tools.make.faces.one import Settings
    from tools.make.faces.weights import yunet_weights

    found = str(opencv().__version__)
    if detector == "yunet":
        weights = yunet_weights(weights).absolute()
    if detector != "sheet":
        made(detector, weights)  # said here, where it is said once, if it cannot be had
    return Settings(detector, weights, opencv=found, **given)


def _crop(
    linting: Linting, data_dir: Path, config: str, settings: Settings, num_proc: int | None, scheduler: str | None
) -> Done:
    from tqdm import tqdm

    from tools.check.faces.found import finding_of
    from tools.make.faces.sources import open_source
    from tools.make.faces.walk import crop_tree

    source = open_source(config, data_dir)
    base = below(data_dir)
    with (
        engine_at(scheduler) as engine,
        tqdm(desc="pictures", unit=" pictures", disable=None) as bar,
    ):
        return crop_tree(
            source,
            settings,
            workers=num_proc,
            engine=engine,
            tell=lambda trouble: linting.add([finding_of(trouble)], base),
            advance=bar.update,
        )


def _summary(config: str, done: Done) -> str:
    """Say what became of the pictures, on a line."""
    parts = [f"{done.made:,} cropped" + (f" ({done.whole:,} as the whole picture)" if done.whole else "")]
    parts.append(f"{done.there:,} had their crop")
    parts += [f"{done.left:,} left without a crop"] * bool(done.left)
    parts += [f"{done.absent:,} have no original yet"] * bool(done.absent)
    return f"{config}: {done.pictures:,} picture{'s' * (done.pictures != 1)}: {', '.join(parts)}"


if __name__ == "__main__":
    main()
