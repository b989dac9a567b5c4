"""What the commands of the linter share: the options that choose rules and output, and how a report ends a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:  # the linter is loaded when a command runs, so that --help answers at once
    from tools.check.annotations.agreement import Agreement
    from tools.check.findings import Finding

FORMATS = ("text", "json", "github", "sarif")
MAX_FINDINGS = 1000  # a terminal's worth; a million findings would bury the first

OPTIONS = (
    click.option("--select", multiple=True, metavar="RULES",
                 help="Only these rules: ids or beginnings of ids, divided by commas. Default: all."),
    click.option("--ignore", multiple=True, metavar="RULES", help="Not these rules, even where they are selected."),
    click.option("--format", "output", type=click.Choice(FORMATS), default="text", show_default=True,
                 help="For a person, a program, GitHub's annotations, or as SARIF 2.1.0."),
    click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of listing them."),
    click.option("--max-findings", type=click.IntRange(min=0), default=MAX_FINDINGS, show_default=True, metavar="N",
                 help="Show the first N findings; 0 shows all. The rest are counted."),
    click.option("--fix", is_flag=True, help="Mend in place what takes no judgement, then check."),
)  # fmt: skip


def linting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the linter, in this order."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


class ConfigName(click.ParamType):
    """The name of a config. The builder, which knows them, is loaded only when there is a name to look up."""

    name = "config"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        from DiffusionFER import SUBSETS

        if value not in SUBSETS:
            self.fail(f"{value!r} is none of {', '.join(SUBSETS)}", param, ctx)
        return value


class DataDir(click.ParamType):
    """A data directory: a Path on this machine, or the text of a URL, as s3://bucket/tree, on a remote file system."""

    name = "directory"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> str | Path:
        """Return the path or the URL."""
        return value if isinstance(value, Path) or "://" in value else Path(value)


class Linting:
    """The choice of rules and output that a user made, by OPTIONS. Raises click.UsageError for what cannot be."""

    def __init__(
        self, select: tuple[str, ...], ignore: tuple[str, ...], output: str, statistics: bool, max_findings: int
    ) -> None:
        from tools.check.report import Report
        from tools.check.rules import chosen

        if statistics and output != "text":
            raise click.UsageError("--statistics is a table of text: leave out --format (JSON has the counts anyway)")
        try:
            self.rules = chosen(_names(select), _names(ignore))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        self.report = Report(limit=max_findings or None)
        self._output, self._statistics = output, statistics

    def add(self, findings: Iterable[Finding], base: str = "") -> None:
        """Report the findings of the chosen rules; `base` goes before each file name."""
        self.report.add((finding for finding in findings if finding.rule in self.rules), base)

    def show(self, agreements: Sequence[Agreement] = ()) -> int:
        """Print the report, and for a person or as JSON the agreements; return the exit status: 1 for an error."""
        from tools.check import report, sarif

        if self._output == "json":
            more = {"agreement": [found.as_json() for found in agreements]} if agreements else None
            click.echo(report.render_json(self.report, more), nl=False)
        elif self._output == "github":
            click.echo(report.render_github(self.report), nl=False)
        elif self._output == "sarif":
            click.echo(sarif.render_sarif(self.report), nl=False)
        else:
            render = report.render_statistics if self._statistics else report.render_text
            click.echo(render(self.report), nl=False)
            if fixable := self.report.fixable.total():
                click.echo(f"{fixable:,} of them can be mended by --fix")
            for found in agreements:
                click.echo(f"\n{found.as_text()}", nl=False)
        return 1 if self.report.errors else 0


def say_mended(path: Path, number: int) -> None:
    """Say, beside the output proper, how many findings were mended in a file."""
    from tools.check.findings import visible

    click.echo(f"{visible(str(path))}: mended {number:,} finding{'s' * (number != 1)}", err=True)


def below(folder: Path | str) -> str:
    """Return what goes before the names of the files of a folder: the way to it from here, where it lies below.

    A folder on a remote file system is given by its URL.
    """
    if isinstance(folder, str):
        return f"{folder}/"
    if folder.is_absolute() and folder.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    return "" if folder == Path() else f"{folder.as_posix()}/"


def fail(error: Exception) -> NoReturn:
    """End a command that cannot run: one line, which names a file but nothing of this machine, and status 2."""
    from tools.check.findings import visible

    # An error of the system has a number and a reason of a few words; every other one is in words of this project.
    system = error.strerror if isinstance(error, OSError) and error.errno is not None else None
    click.echo(f"error: {visible(system or str(error) or type(error).__name__)}", err=True)
    sys.exit(2)


def stop() -> NoReturn:
    """End a command that was stopped by Ctrl-C."""
    click.echo("stopped", err=True)
    sys.exit(130)


def _names(given: tuple[str, ...]) -> list[str]:
    return [name.strip() for names in given for name in names.split(",") if name.strip()]
