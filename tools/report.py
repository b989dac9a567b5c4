"""`python tools/report.py`: one page on a data directory, for whoever decides on a release."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Any, Literal

if __package__ in (None, ""):  # run as a script: python tools/report.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.linting import ConfigName, fail, stop
from tools.source_options import DEFAULT_REPO

AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words


@click.command()
@click.option("--data-dir", type=AS_PATH, required=True, help="The raw tree: a folder of this machine.")
@click.option(
    "--config",
    "configs",
    multiple=True,
    type=ConfigName(),
    metavar="NAME",
    help="Report on this config; may be given several times. Default: every config that has data.",
)
@click.option(
    "-o",
    "--output",
    type=AS_PATH,
    default=Path("report.html"),
    show_default=True,
    metavar="FILE",
    help="Where to write the page. What is there and no report is not replaced.",
)
@click.option(
    "--depth",
    type=click.Choice(["quick", "default", "deep"]),
    default="deep",
    show_default=True,
    help="Read the headers of the pictures, prove each file whole, or decode every pixel and compare them.",
)
@click.option("--card", type=AS_PATH, metavar="FILE", help="Check this dataset card, too.")
@click.option(
    "--against",
    default=DEFAULT_REPO,
    show_default=True,
    metavar="REPO[@REVISION]",
    help="The repository of the Hub, and its branch, tag or commit, that the data are compared with.",
)
@click.option("--no-published", is_flag=True, help="Do not ask the Hub what is published.")
@click.option("--no-cache", is_flag=True, help="Prove anew what was proven before, and do not remember it.")
def main(
    data_dir: Path,
    output: Path,
    depth: Literal["quick", "default", "deep"],
    against: str,
    no_published: bool,
    no_cache: bool,
    **given: Any,
) -> None:
    """Make one page of HTML on a data directory: what is in it, what is wrong with it, and what has changed.

    It holds all it needs, and can be sent to whoever decides on a release. Exit status: 0 the page was written,
    whatever it says; 2 it could not be.
    """
    if no_published and click.get_current_context().get_parameter_source("against") is not _DEFAULT:
        raise click.UsageError("--no-published looks at no repository: leave out --against")
    repo_id, _, revision = against.partition("@")
    if "@" in against and not (repo_id and revision):
        raise click.UsageError(f"--against: expected REPO or REPO@REVISION (got {against!r})")
    logging.getLogger("DiffusionFER").setLevel(logging.ERROR)  # what the builder warns of is a finding here
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # so is what Pillow warns of
    try:
        page = _made(
            data_dir,
            output,
            no_cache,
            depth=depth,
            repo_id=None if no_published else repo_id,
            revision=revision or None,
            **given,
        )
        _write(page, output)
    except OSError as error:  # one that has a number is the system's, another one is in our words
        fail(error if error.errno else ValueError(str(error)))
    except ValueError as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    click.echo(f"{output}: {len(page.encode()):,} bytes")


_DEFAULT = click.core.ParameterSource.DEFAULT


def _made(data_dir: Path, output: Path, no_cache: bool, **given: Any) -> str:
    from tqdm import tqdm

    from tools.check.findings import visible
    from tools.check.images.proven import Proven, default_location
    from tools.use.report.make import Settings, make_report
    from tools.use.report.page import refuse_others

    refuse_others(output)
    with (
        Proven.open(None if no_cache else default_location()) as proven,
        tqdm(desc="images", unit=" images", disable=None) as bar,
    ):
        return make_report(
            data_dir,
            Settings(**given),
            proven=proven,
            advance=bar.update,
            say=lambda line: click.echo(visible(line), err=True),  # a server's words do not act on the terminal
        )


def _write(page: str, output: Path) -> None:
    from tools.describe.preview.page import write_page
    from tools.use.report.page import refuse_others

    refuse_others(output)  # a look at many pictures takes long enough for another file to be put there
    write_page(page, output)


if __name__ == "__main__":
    main()
