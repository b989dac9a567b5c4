"""`python tools/prompts.py`: designs of any size, and prompts from their parts and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # run as a script: python tools/prompts.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from tools.linting import fail, stop

if TYPE_CHECKING:  # what makes designs is loaded when a command runs, so that --help answers at once
    from tools.make.grammar import Grammar

AS_PATH = click.Path(readable=False, path_type=Path)  # what cannot be read is told in our words
grammar_option = click.option(
    "--grammar",
    "name",
    default="diffusionfer",
    show_default=True,
    metavar="NAME|FILE",
    help="diffusionfer, emonet, or a JSON file of your own.",
)


@click.group()
def main() -> None:
    """Design the rows of a dataset, and make prompts from their parts and back.

    Exit status: 0 done, 1 a line is no prompt of the grammar, 2 the command could not run.
    """


@main.command()
@click.argument("out", type=AS_PATH)
@click.option("--count", type=click.IntRange(1), required=True, help="Rows that the design has in all.")
@click.option(
    "--size",
    type=click.Choice(["small", "medium", "large"]),
    help="The size that the sheet's rows are of.  [default: medium]",
)
@grammar_option
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Fixes every row of the design.")
@click.option(
    "--backend",
    type=click.Choice(["sketch", "diffusers"]),
    help="What will make the pictures: its settings go into the sheet.  [default: sketch]",
)
@click.option("--append", is_flag=True, help="Add the rows that an earlier design, of fewer rows, lacks.")
def design(out: Path, count: int, size: str | None, name: str, seed: int, backend: str | None, append: bool) -> None:
    """Write OUT/dataset_sheet.csv, balanced over emotion, race, age and gender; OUT is the data directory.

    With a grammar of EmoNet-Face: OUT/metadata.csv; OUT is the folder of its pictures. The first rows of a longer
    design are those of a shorter one of the same size, grammar and seed.
    """
    try:
        from tqdm import tqdm

        from tools.make.grammar_file import load
        from tools.make.plan_file import write_plan
        from tools.make.planned import SidePlan, plan

        planned = plan(load(name), size=size or "medium", seed=seed, backend=backend or "sketch")
        if isinstance(planned, SidePlan) and (size or backend):
            raise click.UsageError("--size and --backend are for a sheet: leave them out with a grammar of EmoNet-Face")
        with tqdm(total=count, desc="design", unit=" rows", disable=None) as bar:
            done = write_plan(planned, out, count, append=append, advance=bar.update)
        if not (done.added or append):
            click.echo(f"{done.path}: all {count:,} rows are there already")
            return
        click.echo(f"{done.path}: {count:,} rows, {done.added:,} of them new")
        cells = len(planned.crossings.cells)
        if count < cells:
            crossed = ", ".join(planned.grammar.crossed)
            note = f"the crossing of {crossed} has {cells:,} cells: {cells - count:,} of them get no row of {count:,}"
            click.echo(f"note: {note}", err=True)
    except BrokenPipeError:  # who reads has enough: click ends the command quietly
        raise
    except (OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()


@main.command()
@click.argument("rows", nargs=-1)
@grammar_option
def render(rows: tuple[str, ...], name: str) -> None:
    """Make a prompt of each row: a JSON object of values by column. Without ROWS, one a line of the standard input.

    Each line that comes out is an object with the prompt, or with the error.
    """

    def prompt(grammar: Grammar, line: str) -> dict[str, str]:
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not JSON: {error}") from None
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise ValueError("expected an object with a text for each column")
        return {"prompt": grammar.render(values)}

    _each(name, rows, prompt)


@main.command()
@click.argument("prompts", nargs=-1)
@grammar_option
def parse(prompts: tuple[str, ...], name: str) -> None:
    """Take each prompt apart. Without PROMPTS, one a line of the standard input, as text or as `prompts render` has it.

    Each line that comes out is an object of values by column, or with the error: where the prompt stops to fit.
    """

    def values(grammar: Grammar, line: str) -> dict[str, str]:
        if line.startswith('{"prompt":'):
            try:
                line = str(json.loads(line)["prompt"])
            except (ValueError, RecursionError) as error:
                raise ValueError(f"not JSON: {error}") from None
        return grammar.parse(line)

    _each(name, prompts, values)


@main.command()
@click.argument("name", metavar="NAME|FILE")
def grammar(name: str) -> None:
    """Check a grammar and print it as JSON, to be looked at or extended."""
    try:
        from tools.make.grammar_file import load

        click.echo(json.dumps(load(name).as_json(), indent=2, ensure_ascii=False))
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        fail(error)


def _each(name: str, given: tuple[str, ...], work: Callable[[Grammar, str], dict[str, Any]]) -> None:
    """Print what `work` makes of each line, one line for one, and exit with 1 where it could not of some."""
    from tools.make.grammar_file import load

    failed = False
    try:
        grammar = load(name)
        for line in given or _lines():
            try:
                out = work(grammar, line)
            except ValueError as error:
                out, failed = {"error": str(error)}, True
            click.echo(json.dumps(out, ensure_ascii=False))
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt:
        stop()
    sys.exit(1 if failed else 0)


def _lines() -> Iterator[str]:
    """Yield the lines of the standard input that are not empty."""
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            text = line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise ValueError(f"line {number:,} of the standard input is no UTF-8") from None
        if text.strip():
            yield text


if __name__ == "__main__":
    main()
