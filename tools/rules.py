"""`diffusionfer rules`: list the rules of the linter, explain one, or write the page of all."""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a script: python tools/rules.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click


@click.command()
@click.argument("names", nargs=-1, metavar="[RULE]...")
@click.option("--page", is_flag=True, help="Print docs/rules.md: what each rule forbids, why, and how to mend it.")
def main(names: tuple[str, ...], page: bool) -> None:
    """List the rules, or those whose ids are RULE or begin so; a single one is explained."""
    from tools.check.rules import RULES, chosen
    from tools.check.rules_page import explain, list_rules, rules_page

    if page and names:
        raise click.UsageError("--page prints all rules: leave out the names")
    try:
        ids = chosen(names, ())
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if page:
        click.echo(rules_page(), nl=False)
    elif len(ids) == 1:
        click.echo(explain(RULES[min(ids)]), nl=False)
    else:
        click.echo(list_rules(ids), nl=False)


if __name__ == "__main__":
    main()
