"""`python tools/validate.py`: check a data directory, one of its configs, or a sheet or annotations alone."""

from __future__ import annotations

import functools
import logging
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if __package__ in (None, ""):  # run as a script: python tools/validate.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.engine_options import engine_at, engine_options
from tools.linting import ConfigName, DataDir, Linting, below, fail, linting_options, say_mended, stop

if TYPE_CHECKING:  # the linter is loaded when the command runs, so that --help answers at once
    from tools.check.annotations.agreement import Agreement

AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words


@dataclass(frozen=True)
class Options:
    """How to check a data directory; `data_dir` None for the embedded edition, `configs` empty for all.

    `scheduler` is the address of that of a Dask cluster; None for threads of this process.
    """

    data_dir: Path | str | None
    configs: tuple[str, ...]
    depth: Literal["quick", "default", "deep"]
    no_cache: bool
    work_dir: Path
    num_proc: int | None
    fix: bool
    scheduler: str | None


@click.command()
@click.option("--data-dir", type=DataDir(), help="The raw tree, a folder or a URL. Default: the embedded edition.")
@click.option("--sheet", type=AS_PATH, metavar="FILE", help="Check this sheet alone, CSV or Parquet.")
@click.option(
    "--annotations",
    type=AS_PATH,
    metavar="FILE",
    help="Check this CSV of annotations alone; --config says which: emonet_hq or emonet_binary.",
)
@click.option(
    "--config",
    "configs",
    multiple=True,
    type=ConfigName(),
    metavar="NAME",
    help="Check this config; may be given several times. Default: every config that has data.",
)
@click.option("--quick", "depth", flag_value="quick", help="Read no more of a picture than its header.")
@click.option("--deep", "depth", flag_value="deep", help="Decode every pixel, and look for pictures that are alike.")
@click.option("--no-cache", is_flag=True, help="Prove anew what was proven before, and do not remember it.")
@click.option(
    "--work-dir",
    type=AS_PATH,
    default=Path(".work"),
    show_default=True,
    help="Where the pictures of the embedded edition are drawn.",
)
@click.option("--num-proc", type=click.IntRange(min=1), help="Threads that read and prove. Default: one a core.")
@engine_options
@linting_options
def main(
    data_dir: Path | str | None,
    sheet: Path | None,
    annotations: Path | None,
    configs: tuple[str, ...],
    depth: Literal["quick", "deep"] | None,
    no_cache: bool,
    work_dir: Path,
    num_proc: int | None,
    scheduler: str | None,
    fix: bool,
    **choice: Any,
) -> None:
    """Check the sheet, the images and the annotations of a data directory.

    By default each file is proven whole by its own checksums, or decoded where it has none. Exit status: 0 no error,
    1 errors, 2 the check could not run.
    """  # fmt: skip
    if sum(map(bool, (data_dir, sheet, annotations))) > 1:
        raise click.UsageError("give one of --data-dir, --sheet and --annotations")
    if (sheet or annotations) and scheduler:
        raise click.UsageError("--engine dask is for pictures: leave it out with --sheet and --annotations")
    if scheduler and num_proc:
        raise click.UsageError("--num-proc is of this machine: a Dask cluster has as many workers as were started")
    if isinstance(data_dir, str) and fix:
        raise click.UsageError("--fix mends files of this machine: mend a copy of the sheet, and put it there")
    if sheet and (configs or depth):
        raise click.UsageError("--sheet checks the sheet alone: leave out --config, --quick and --deep")
    if annotations and (len(configs) != 1 or depth or fix):
        raise click.UsageError("--annotations goes with one --config, and without --quick, --deep and --fix")
    linting = Linting(**choice)
    logging.getLogger("DiffusionFER").setLevel(logging.ERROR)  # what the builder warns of is a finding here
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # so is what Pillow warns of

    try:
        if sheet:
            agreements = _check_sheet(linting, sheet, fix)
        elif annotations:
            agreements = _check_annotations(linting, annotations, configs[0])
        else:
            options = Options(data_dir, configs, depth or "default", no_cache, work_dir, num_proc, fix, scheduler)
            agreements = _check_data(linting, options)
        status = linting.show(agreements)
    except (OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    sys.exit(status)


def _check_sheet(linting: Linting, sheet: Path, fix: bool) -> list[Agreement]:
    """Check a sheet alone, in which nobody can agree or not."""
    from tools.check.sheet.check import check_sheet

    if not os.path.lexists(sheet):
        raise ValueError(f"{sheet} is not there")
    if fix:
        _mend_sheet(linting, sheet)
    linting.add(check_sheet(sheet), base=below(sheet.parent))
    return []


def _check_annotations(linting: Linting, file: Path, config: str) -> list[Agreement]:
    """Check a CSV of annotations alone, and return how far its annotators agree."""
    from DiffusionFER import SUBSETS
    from tools.check.annotations.agreement import agreement_of_file
    from tools.check.annotations.emonet import check_annotation_file

    if not os.path.lexists(file):
        raise ValueError(f"{file} is not there")
    kind = SUBSETS[config].kind
    linting.add(check_annotation_file(file, kind), base=below(file.parent))
    found = agreement_of_file(file, kind)
    return [found] if found else []


def _check_data(linting: Linting, options: Options) -> list[Agreement]:
    """Check a data directory, and return how far the annotators of its EmoNet configs agree."""
    from tqdm import tqdm

    from DiffusionFER import shown
    from tools.check.configs import agreements, check_data, configs_with_data
    from tools.check.findings import visible
    from tools.check.images.proven import Proven, default_location
    from tools.make.embedded import embedded_edition

    folder = options.data_dir or embedded_edition(options.work_dir, lambda line: click.echo(line, err=True))
    configs = configs_with_data(options.configs, folder)
    if options.fix and isinstance(folder, Path) and (sheet := folder / "dataset_sheet.csv").is_file():
        _mend_sheet(linting, sheet)
    images = 0

    def advance(more: int) -> None:
        nonlocal images
        images += more
        bar.update(more)

    with (
        engine_at(options.scheduler) as engine,
        Proven.open(None if options.no_cache else default_location()) as proven,
        tqdm(desc="images", unit=" images", disable=None) as bar,
    ):
        found = check_data(
            configs,
            str(folder),
            depth=options.depth,
            proven=proven,
            workers=options.num_proc,
            advance=advance,
            engine=engine,
        )
        linting.add(found, base=_base(configs, folder))
    click.echo(f"checked {', '.join(configs)} in {visible(shown(folder))}: {images:,} images", err=True)
    return list(agreements(configs, folder))


def _base(configs: list[str], folder: Path | str) -> str:
    """Return what goes before the names of files. A clone of upstream may be given itself: they begin with its name."""
    from DiffusionFER import SUBSETS, shown

    if isinstance(folder, str):
        url = shown(folder)
        above: Path | str = url.rpartition("/")[0]
        name = url.rpartition("/")[2].partition("@")[0]  # of a repository of the Hub, without its revision
        folder = url
    else:
        above, name = folder.parent, folder.resolve().name
    upstream = any(name in SUBSETS[config].folders for config in configs)
    return below(above if upstream else folder)


def _mend_sheet(linting: Linting, sheet: Path) -> None:
    from tools.check.fixes import mend
    from tools.check.sheet.check import check_sheet

    say_mended(sheet, mend(sheet, functools.partial(check_sheet, sheet), linting.rules))


if __name__ == "__main__":
    main()
