"""`python tools/push.py`: publish the dataset, or rehearse it against a Hub on this machine."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if __package__ in (None, ""):  # run as a script: python tools/push.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.engine_options import engine_options
from tools.linting import ConfigName, DataDir
from tools.source_options import DEFAULT_REPO

if TYPE_CHECKING:  # what pushes is loaded when the command runs, so that --help answers at once
    from tools.publish.forecast import Forecast
    from tools.publish.options import Options, Say
    from tools.publish.rehearse import Rehearsal
    from tools.publish.summary import Summary

Result = TypeVar("Result")
COMMANDLINE = click.core.ParameterSource.COMMANDLINE


class Bytes(click.ParamType):
    """A number of bytes, plain or with a unit: 500MB, 64MiB."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        if str(value).isdigit():
            size = int(value)
        else:
            from datasets.utils.py_utils import convert_file_size_to_int

            try:
                size = convert_file_size_to_int(value)
            except ValueError:
                size = 0
        if size <= 0:
            self.fail(f"{value!r} is not a size such as 500MB", param, ctx)
        return size


def _interrupt(*_: object) -> None:
    """End as with Ctrl-C, so that children and the staging Hub end, too."""
    raise KeyboardInterrupt


@click.group(invoke_without_command=True)
@click.pass_context
@click.option("--data-dir", type=DataDir(), help="The raw tree, or its URL. Default: the embedded edition.")
@click.option("--config", "configs", multiple=True, type=ConfigName(), metavar="NAME",
              help="Push this config; may be given several times. Default: every config that has data.")  # fmt: skip
@click.option("--repo-id", default=DEFAULT_REPO, show_default=True, help="The dataset repository.")
@click.option("--revision", help="The branch to push to; it is made where it is missing. Default: main.")
@click.option("--private/--public", default=None, help="Make the repository, where it is missing, private or public.")
@click.option("--create-pr", is_flag=True, help="Open a pull request instead of committing to the branch.")
@click.option("--tag", help="Tag the commit.")
@click.option("--plan", "plan_only", is_flag=True, help="Say what a push would do, and build and send nothing.")
@click.option("--dry-run", is_flag=True, help="Build and plan, but send nothing.")
@click.option("--rehearse", is_flag=True, help="Push to a Hub on this machine, load everything back and compare.")
@click.option("--serve", is_flag=True, help="With --rehearse: keep that Hub up until Ctrl-C.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="SPEC",
    help="With --rehearse: let that Hub fail, such as 503@commit; `list` says how. May be given several times.",
)
@click.option("--work-dir", type=click.Path(path_type=Path), default=Path(".work"), show_default=True,
              help="Where shards and rendered pictures are kept.")  # fmt: skip
@click.option(
    "--max-shard-size", type=Bytes(), default=500 * 10**6, show_default="500MB", help="The most bytes of a shard."
)
@click.option("--max-disk", type=Bytes(), help="Send shards as they are built, and keep no more than this on the disk.")
@click.option("--num-proc", type=click.IntRange(min=1), help="Cores to use. Default: all.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary for machines on stdout, all else on stderr.")
@engine_options
def main(
    context: click.Context,
    rehearse: bool,
    serve: bool,
    faults: tuple[str, ...],
    as_json: bool,
    num_proc: int | None,
    **given: Any,
) -> None:
    """Build the shards of every config that has data, and publish them in one verified commit.

    `push.py verify` compares what is published with your data.

    The endpoint and the token are HF_ENDPOINT's and HF_TOKEN's, or those of `hf auth login`. Exit status: 0 done,
    1 the data has faults (all are listed, nothing was sent), 2 the push could not run.
    """
    if context.invoked_subcommand:
        # Options in front of `verify` would be those of a push, and do nothing.
        if misplaced := [p.opts[0] for p in main.params if context.get_parameter_source(str(p.name)) == COMMANDLINE]:
            known = any(misplaced[0] in param.opts for param in verify.params)
            raise click.UsageError(
                f"{misplaced[0]} stands before verify{': write it behind' if known else ', which does not take it'}"
            )
        return
    if "list" in faults:
        from tools.publish.staging.faults import listing

        click.echo(listing())
        return
    if (serve or faults) and not rehearse:
        raise click.UsageError(f"{'--serve' if serve else '--fault'} goes with --rehearse")
    if num_proc and given["scheduler"]:
        raise click.UsageError("--num-proc is for this machine: leave it out with --engine dask")
    from tqdm import tqdm

    from tools.publish.options import Options

    signal.signal(signal.SIGTERM, _interrupt)
    logging.getLogger("DiffusionFER").setLevel(logging.ERROR)  # what the builder warns of is a finding of the checks
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # what it warns of, the checks find

    def say(line: str) -> None:
        tqdm.write(line, file=sys.stderr if as_json else sys.stdout)  # above a bar, should there be one
        sys.stdout.flush()

    options = Options(**given | ({"num_proc": num_proc} if num_proc else {}))
    result = _clearly(lambda: _rehearse(options, say, faults, serve) if rehearse else _push(options, say))
    if as_json:
        click.echo(json.dumps(result.as_json(), indent=2))
    elif not serve:
        click.echo(result.as_text())
    sys.exit(2 if given["plan_only"] and result.as_json()["problems"] else 0)


def _push(options: Options, say: Say) -> Summary | Forecast:
    from tools.publish.push import push

    return push(options, say)


def _rehearse(options: Options, say: Say, faults: tuple[str, ...], serve: bool) -> Rehearsal:
    from tools.publish.rehearse import rehearse

    def keep_up(rehearsal: Rehearsal) -> None:
        say(rehearsal.as_text())
        say("serving until Ctrl-C")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()

    return rehearse(options, say, faults=faults, serve=keep_up if serve else None)


def _clearly(job: Callable[[], Result]) -> Result:
    """Do the job; end the command with one clear line, or all findings, where it cannot be done."""
    try:
        return _explained(job)
    except KeyboardInterrupt:  # also while the libraries are loaded
        _end("stopped; nothing but complete commits was published", 130)


def _explained(job: Callable[[], Result]) -> Result:
    from tools.check.findings import visible
    from tools.check.report import Report, render_text
    from tools.publish.calls import HubError
    from tools.publish.manifest import ManifestError
    from tools.publish.options import PushError, Refused, RehearsalStopped
    from tools.publish.shards import ShardError

    try:
        return job()
    except Refused as refused:
        click.echo(render_text(Report(refused.findings)), err=True)
        _end("nothing was published", 1)
    except RehearsalStopped as stopped:  # the push has said why
        sys.exit(stopped.status)
    except (PushError, HubError, ManifestError, ShardError, OSError, ValueError) as error:
        _end(f"error: {visible(str(error))}", 2)


def _end(line: str, status: int) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(status)


@main.command()
@click.option("--repo-id", default=DEFAULT_REPO, show_default=True, help="The dataset repository.")
@click.option("--revision", help="A branch, tag or commit. Default: main.")
@click.option("--data-dir", type=DataDir(), help="Compare with this raw tree, or the one at this URL, row by row.")
@click.option("--work-dir", type=click.Path(path_type=Path), help="Compare with the shards that were built here.")
@click.option("--config", "configs", multiple=True, type=ConfigName(), metavar="NAME",
              help="Only this config; may be given several times. Default: every config.")  # fmt: skip
@click.option("--deep", is_flag=True, help="Download every image, too, and recompute its sha256.")
@click.option("--num-proc", type=click.IntRange(min=1), default=4, show_default=True, help="Requests at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print the result for machines on stdout, all else on stderr.")
def verify(
    repo_id: str,
    revision: str | None,
    data_dir: Path | str | None,
    work_dir: Path | None,
    configs: tuple[str, ...],
    deep: bool,
    num_proc: int,
    as_json: bool,
) -> None:
    """Compare what is published with a raw tree, with built shards, or with itself.

    A public repository needs no token, and without --deep no image is downloaded. Exit status: 0 no difference,
    1 differences, 2 could not verify.
    """
    from tqdm import tqdm

    from tools.check.findings import visible
    from tools.publish.hub import HubError
    from tools.publish.manifest import ManifestError
    from tools.publish.verify.verify import expected_shards
    from tools.publish.verify.verify import verify as run

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        expected = list(expected_shards(work_dir)) if work_dir else None
        if work_dir and not expected:
            raise ValueError(f"{work_dir} holds no shards: give the --work-dir of a push, or leave it out")
        with tqdm(desc="verify", unit="B", unit_scale=True, disable=None) as bar:
            verified = run(repo_id, revision=revision, data_dir=data_dir, expected=expected, configs=configs,
                           deep=deep, workers=num_proc, say=say, advance=bar.update)  # fmt: skip
    except (HubError, ManifestError, OSError, ValueError) as error:
        _end(f"error: {visible(str(error))}", 2)
    except KeyboardInterrupt:
        _end("stopped", 130)
    click.echo(json.dumps(verified.as_json(), indent=2) if as_json else verified.as_text())
    sys.exit(1 if verified.differences else 0)


if __name__ == "__main__":
    main()
