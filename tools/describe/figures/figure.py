"""What a figure of the card is: a file, what draws it, what it says to those who do not see it, and its caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from DiffusionFER import DEFAULT_CONFIG, EMOTIONS
from tools.describe.blocks.markdown import escaped
from tools.describe.facts.description import Description, Faces

FOLDER = "assets"  # of the repository, beside the card


@dataclass(frozen=True)
class Figure:
    """A picture of the card.

    `needs` says whether the data at hand has anything of it; the others are asked only where it has. `make` returns the
    bytes of the file and raises ValueError with one line where there is too little to draw; `alt` and `caption` return
    plain text.
    """

    file: str
    needs: Callable[[Description], bool]
    make: Callable[[Description], bytes]
    alt: Callable[[Description], str]
    caption: Callable[[Description], str]

    @property
    def path(self) -> str:
        """The path of the file below the repository."""
        return f"{FOLDER}/{self.file}"

    def draw(self, description: Description) -> bytes | None:
        """Return the bytes of the file; None where the data at hand has nothing of it. Raises what `make` raises."""
        return self.make(description) if self.needs(description) else None

    def block(self, description: Description) -> str | None:
        """Return the Markdown that shows the figure with its caption; None where the data at hand has nothing of it."""
        if not self.needs(description):
            return None
        alt, caption = escaped(self.alt(description)), escaped(self.caption(description))
        return f"![{alt}]({self.path})\n\n*{caption}*\n"


def has_faces(description: Description) -> bool:
    """Say whether there are any faces to show."""
    return bool(description.faces)


def shown_faces(description: Description) -> Faces:
    """Return the faces that figures show: those of the default config, or else of the first size at hand."""
    default = DEFAULT_CONFIG.partition("_")[0]
    return description.faces.get(default) or next(iter(description.faces.values()))


def some_classes(emotions: Sequence[str], one: str, many: str) -> str:
    """Say for which classes there is something, `one` or `many`: "Seven rows, one for each emotion"."""
    number = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven")[len(emotions)]
    missing = [emotion for emotion in EMOTIONS if emotion not in emotions]
    which = "one for each emotion" + (f" but {joined(missing)}" if missing else "")
    return f"{number} {one if len(emotions) == 1 else many}, {which}"


def joined(words: list[str]) -> str:
    """Return words as English lists them: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
