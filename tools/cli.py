"""`diffusionfer VERB`: every command of this project under one name, each loaded when it is called."""

from __future__ import annotations

import importlib
from typing import Any

import click

from tools.linting import stop

# The verb, which is the module below tools/ whose `main` it is, and what it does in a few words.
VERBS = {
    "push": "publish the dataset, or rehearse it",
    "validate": "check the sheet, the images and the annotations",
    "card": "check dataset cards",
    "preview": "show a card as the Hub does",
    "rules": "list the rules of the checks",
    "prompts": "design sheets of any size, make prompts and take them apart",
    "generate": "make the pictures of a sheet, or the embedded edition with its sheet",
    "import": "take pictures that a web UI made elsewhere into the sheet",
    "crop": "cut the faces out of the originals",
    "annotate": "let people rate pictures in Label Studio, and merge their labels",
    "report": "make one page on the data, for whoever decides on a release",
    "explore": "look at the rows by valence and arousal, with their pictures",
    "export": "write the data in the format of another program",
    "train": "train a baseline of valence and arousal, and make the table of those that were",
    "predict": "predict valence and arousal by a trained model",
    "evaluate": "score predictions against a config and a split",
}
MODULES = {"import": "import_images", "train": "train_model"}  # where the verb cannot be the name of a module


class Verbs(click.Group):
    """A group whose verbs are modules: only the one that is called is imported, so that help answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a verb, or None where there is none."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"tools.{MODULES.get(cmd_name, cmd_name)}").main
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb. Ctrl-C ends each in the same way, also while it is loaded; click would say "Aborted!"."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            stop()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=Verbs)
@click.version_option(package_name="diffusionfer")
def main() -> None:
    """Make, check, describe and publish the DiffusionFER dataset. `diffusionfer VERB --help` says more."""
