"""The figure of the balance: classes by split, the people by race, age and gender, and the crossing of these."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

from DiffusionFER import EMOTIONS, SPLITS
from tools.check.findings import visible
from tools.describe.blocks.text import LONGEST
from tools.describe.facts.description import Description, Faces
from tools.describe.facts.rows import DEMOGRAPHICS
from tools.describe.figures.figure import Figure, has_faces, joined, shown_faces, some_classes
from tools.describe.figures.svg import MARGIN, MEDIUM, SMALL, WIDTH, Canvas, shortened, text_width

# Values of race, age or gender that are named, half of those of the table in the card; where there are more, the rest,
# which a sheet of strangers may have, is one, as it is there.
NAMED = 4
ROW, ITEM, HEAD = 36, 50, 46  # the heights of a row, of a value with its bar below it, and of a heading
PAINTS = ("bar", "bar2", "bar3")  # of the splits
HEAT = 0.45  # the opacity of the fullest cell: letters on it keep their contrast
INNER = WIDTH - 2 * MARGIN


class Groups:
    """The values of race, age or gender as they are shown: `labels` names them, `counts` has their rows.

    `index` has the place of each value of the sheet, `left_out` how many values are not named.
    """

    def __init__(self, faces: Faces, name: str) -> None:
        values = {value: count for (value,), count in faces.by(name).items()}
        frequent = sorted(values, key=lambda value: (-values[value], value is None, value or ""))
        kept = set(frequent if len(frequent) <= NAMED + 1 else frequent[:NAMED])
        named = [value for value in values if value in kept]
        self.labels = [_label(value) for value in named]
        self.left_out = len(values) - len(named)
        if self.left_out:
            self.labels.append(f"{self.left_out:,} other values")
        self.index = {value: named.index(value) if value in kept else len(named) for value in values}
        self.stated = set(values) != {None}
        self.counts = [0] * len(self.labels)
        for value, count in values.items():
            self.counts[self.index[value]] += count


def _label(value: str | None) -> str:
    """Return a value as the tables of the card have it, but for the escapes of Markdown."""
    if value is None:
        return "not stated"
    return visible(" ".join(value.split()), LONGEST) or "(empty)"


def make(description: Description) -> bytes:
    """Draw the balance. Raises ValueError where no row has an emotion."""
    faces = _counted(description)
    groups = {name: Groups(faces, name) for name in DEMOGRAPHICS}
    known = [name for name in DEMOGRAPHICS if groups[name].stated]
    items = max((len(groups[name].labels) for name in known), default=0)
    crossed = len(known) == len(DEMOGRAPHICS)
    lines = len(groups["age"].labels) * len(groups["gender"].labels)
    classes = HEAD + ROW * len(EMOTIONS) + 32
    bars = HEAD + ITEM * items + 20 if known else 0
    height = classes + bars + (HEAD + ROW * lines if crossed else 0) + 18
    canvas = Canvas(height, "Balance of classes and people", alt(description))
    _draw_classes(canvas, faces, 0)
    for column, name in enumerate(known):
        _draw_people(canvas, MARGIN + column * (INNER + 32) / len(DEMOGRAPHICS), classes, name, groups[name])
    if crossed:
        _draw_crossing(canvas, crossing(faces, groups), groups, classes + bars)
    return canvas.bytes()


def _counted(description: Description) -> Faces:
    faces = shown_faces(description)
    if not sum(faces.cells.values()) or not split_names(faces):
        raise ValueError(f"the balance cannot be drawn: no row of size {faces.size} has an emotion and a split")
    return faces


def crossing(faces: Faces, groups: dict[str, Groups]) -> Counter[tuple[int, ...]]:
    """Return rows by the places of their race, age and gender."""
    found: Counter[tuple[int, ...]] = Counter()
    for values, count in faces.by(*groups).items():
        found[tuple(of.index[value] for of, value in zip(groups.values(), values, strict=True))] += count
    return found


def split_names(faces: Faces) -> list[str]:
    """Return the splits that have rows, in their usual order."""
    order = [*SPLITS, *sorted(set(faces.splits) - set(SPLITS))]
    return [split for split in order if sum(faces.splits.get(split, {}).values())]


def _draw_classes(canvas: Canvas, faces: Faces, top: float) -> None:
    splits = split_names(faces)
    paints = {split: PAINTS[min(index, len(PAINTS) - 1)] for index, split in enumerate(splits)}
    room, left = 104, MARGIN + 108  # of a column of numbers; where bars begin
    right = WIDTH - MARGIN - room * len(splits)
    largest = max(sum(faces.splits[split].get(emotion, 0) for split in splits) for emotion in EMOTIONS)
    y = top + HEAD - 6
    canvas.text(MARGIN, y, "Emotion", MEDIUM, bold=True)
    for index, split in enumerate(splits):
        end = right + room * (index + 1)
        label = shortened(split, SMALL, room - 10)
        canvas.text(end, y, label, SMALL, "quiet", anchor="end")
        canvas.rectangle(right + room * index + 14, y + 7, room - 14, 4, paints[split])
    for index, emotion in enumerate(EMOTIONS):
        y = top + HEAD + ROW * index + 32
        canvas.text(MARGIN, y, emotion, MEDIUM)
        x = float(left)
        for column, split in enumerate(splits):
            count = faces.splits[split].get(emotion, 0)
            width = (right - left - 8) * count / largest
            if count:
                canvas.rectangle(x, y - 17, max(width - 1, 0.5), 20, paints[split])
            x += width
            canvas.text(right + room * (column + 1), y, f"{count:,}", MEDIUM, anchor="end")


def _draw_people(canvas: Canvas, x: float, top: float, name: str, groups: Groups) -> None:
    width = (INNER + 32) / len(DEMOGRAPHICS) - 32
    total = sum(groups.counts)
    canvas.text(x, top + 22, name.capitalize(), MEDIUM, bold=True)
    for index, (label, count) in enumerate(zip(groups.labels, groups.counts, strict=True)):
        y = top + HEAD + ITEM * index + 12
        number = f"{count:,}"
        canvas.text(x, y, shortened(label, MEDIUM, width - text_width(number, SMALL) - 8), MEDIUM)
        canvas.text(x + width, y, number, SMALL, anchor="end")
        canvas.rectangle(x, y + 8, width, 8, "bar", opacity=0.18)
        if count:
            canvas.rectangle(x, y + 8, max(width * count / total, 0.5), 8, "bar")


def _draw_crossing(canvas: Canvas, cells: Counter[tuple[int, ...]], groups: dict[str, Groups], top: float) -> None:
    left, gap = MARGIN + 214, 3
    races, ages, genders = (groups[name].labels for name in DEMOGRAPHICS)
    width = (WIDTH - MARGIN + gap - left) / len(races)
    largest = max(cells.values())
    head = top + 22
    canvas.text(MARGIN, head, "Age and gender", MEDIUM, bold=True)
    for column, race in enumerate(races):
        label = shortened(race, SMALL, width - 6)
        canvas.text(left + width * column + (width - gap) / 2, head, label, SMALL, "quiet", anchor="middle")
    for row, (down, across) in enumerate(itertools.product(range(len(ages)), range(len(genders)))):
        y = head + 12 + ROW * row
        canvas.text(MARGIN, y + 24, shortened(f"{ages[down]} {genders[across]}", MEDIUM, left - MARGIN - 12), MEDIUM)
        for column in range(len(races)):
            count = cells[column, down, across]
            x, paint = left + width * column, HEAT * count / largest
            canvas.rectangle(x, y, width - gap, ROW - gap, "bar", opacity=paint)
            canvas.text(x + (width - gap) / 2, y + 24, f"{count:,}", MEDIUM, anchor="middle")


def span(counts: Iterable[int]) -> str:
    """Return the least and the greatest of some counts in words."""
    low, high = min(found := sorted(counts)), found[-1]
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def alt(description: Description) -> str:
    """Say how many rows each split, class, value and crossing has. Raises what `make` raises."""
    faces = _counted(description)
    splits = split_names(faces)
    classes = [sum(faces.splits[split].get(emotion, 0) for split in splits) for emotion in EMOTIONS]
    shares = [f"{sum(faces.splits[split].values()):,} in {split}" for split in splits]
    drawn = [emotion for emotion, count in zip(EMOTIONS, classes, strict=True) if count]
    each = f"{span(count for count in classes if count)} pictures{' each' if len(drawn) > 1 else ''}"
    sentences = [f"{some_classes(drawn, 'bar', 'bars')}: {each}; {joined(shares)}."]
    groups = {name: Groups(faces, name) for name in DEMOGRAPHICS}
    parts = []
    for name, of in groups.items():
        if of.stated:
            counts = (f"{label} {count:,}" for label, count in zip(of.labels, of.counts, strict=True))
            parts.append(f"{name}: {', '.join(counts)}")
    table = ""
    if len(parts) == len(DEMOGRAPHICS):
        found = crossing(faces, groups)
        every = [found[place] for place in itertools.product(*(range(len(of.labels)) for of in groups.values()))]
        table = f", and a table that crosses the three: {span(every)} pictures in each of {len(every)} cells"
    if parts:
        sentences.append(f"Below, bars by {'; '.join(parts)}{table}.")
    return " ".join(sentences)


def caption(description: Description) -> str:
    """Say what is counted, and how many values are not named."""
    faces = shown_faces(description)
    groups = {name: Groups(faces, name) for name in DEMOGRAPHICS}
    counted = f"Pictures of size {faces.size} by class and split"
    if stated := [name for name, of in groups.items() if of.stated]:
        counted += f", and by the {joined(stated)} of their prompts"
    left_out = [f"{of.left_out:,} of {name}" for name, of in groups.items() if of.left_out]
    rest = f" The most frequent values are named; the rest, {joined(left_out)}, are counted as one." if left_out else ""
    return f"{counted}.{rest}"


FIGURE = Figure("balance.svg", has_faces, make, alt, caption)
