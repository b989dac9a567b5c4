"""The figure of the balance: classes by split, the people by race, age and gender, and the crossing of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from DiffusionFER import EMOTIONS, SPLITS
from tools.describe.facts.description import Description, Faces
from tools.describe.figures.figure import Figure, has_faces, joined, shown_faces
from tools.describe.figures.svg import MARGIN, MEDIUM, SMALL, WIDTH, Canvas, plain, shortened, text_width
from tools.make.prompts import AGES, GENDERS, RACES

KNOWN = {"race": RACES, "age": AGES, "gender": GENDERS}
UNKNOWN, REST = "not given", "other"
MOST = 4  # values of race, age or gender that are shown; the rest, which a sheet of strangers may have, are one
ROW, ITEM, HEAD = 36, 50, 46  # the heights of a row, of a value with its bar below it, and of a heading
PAINTS = ("bar", "bar2", "bar3")  # of the splits
HEAT = 0.45  # the opacity of the fullest cell: letters on it keep their contrast
INNER = WIDTH - 2 * MARGIN


def make(description: Description) -> bytes:
    """Draw the balance. Raises ValueError where no row has an emotion."""
    faces = _counted(description)
    people = people_of(faces)
    levels = {name: levels_of(name, people, index) for index, name in enumerate(KNOWN)}
    known = [name for name in KNOWN if levels[name] != [UNKNOWN]]
    items = max((len(levels[name]) for name in known), default=0)
    crossed = len(known) == len(KNOWN)
    lines = len(levels["age"]) * len(levels["gender"])
    classes = HEAD + ROW * len(EMOTIONS) + 32
    bars = HEAD + ITEM * items + 20 if known else 0
    height = classes + bars + (HEAD + ROW * lines if crossed else 0) + 18
    canvas = Canvas(height, "Balance of classes and people", alt(description))
    _draw_classes(canvas, faces, 0)
    for column, name in enumerate(known):
        counts = _counts(people, list(KNOWN).index(name), levels[name])
        _draw_people(canvas, MARGIN + column * (INNER + 32) / len(KNOWN), classes, name, counts)
    if crossed:
        _draw_crossing(canvas, crossing(people, levels), levels, classes + bars)
    return canvas.bytes()


def _counted(description: Description) -> Faces:
    faces = shown_faces(description)
    if not sum(faces.cells.values()) or not split_names(faces):
        raise ValueError(f"the balance cannot be drawn: no row of size {faces.size} has an emotion and a split")
    return faces


def people_of(faces: Faces) -> Counter[tuple[str, ...]]:
    """Return rows by race, age and gender, whatever the emotion; what a row does not say is UNKNOWN."""
    people: Counter[tuple[str, ...]] = Counter()
    for (_, *who), count in faces.cells.items():
        people[tuple(UNKNOWN if value is None else plain(value) for value in who)] += count
    return people


def levels_of(name: str, people: Counter[tuple[str, ...]], index: int) -> list[str]:
    """Return the values of race, age or gender to show: those of the prompt tables, then others by rows, then REST."""
    counts: Counter[str] = Counter()
    for who, count in people.items():
        counts[who[index]] += count
    known = [value for value in KNOWN[name] if value in counts]
    others = sorted(set(counts) - {*known, UNKNOWN}, key=lambda value: (-counts[value], value))
    named = known + others
    levels = named if len(named) <= MOST else [*named[: MOST - 1], REST]
    return levels + ([UNKNOWN] if UNKNOWN in counts else [])


def _level(value: str, levels: Sequence[str]) -> str:
    return value if value in levels else REST


def _counts(people: Counter[tuple[str, ...]], index: int, levels: Sequence[str]) -> dict[str, int]:
    counts = dict.fromkeys(levels, 0)
    for who, count in people.items():
        counts[_level(who[index], levels)] += count
    return counts


def crossing(people: Counter[tuple[str, ...]], levels: dict[str, list[str]]) -> Counter[tuple[str, ...]]:
    """Return rows by race, age and gender as they are shown."""
    found: Counter[tuple[str, ...]] = Counter()
    for who, count in people.items():
        found[tuple(_level(value, levels[name]) for value, name in zip(who, KNOWN, strict=True))] += count
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


def _draw_people(canvas: Canvas, x: float, top: float, name: str, counts: dict[str, int]) -> None:
    width = (INNER + 32) / len(KNOWN) - 32
    total = sum(counts.values())
    canvas.text(x, top + 22, name.capitalize(), MEDIUM, bold=True)
    for index, (value, count) in enumerate(counts.items()):
        y = top + HEAD + ITEM * index + 12
        number = f"{count:,}"
        canvas.text(x, y, shortened(value, MEDIUM, width - text_width(number, SMALL) - 8), MEDIUM)
        canvas.text(x + width, y, number, SMALL, anchor="end")
        canvas.rectangle(x, y + 8, width, 8, "bar", opacity=0.18)
        if count:
            canvas.rectangle(x, y + 8, max(width * count / total, 0.5), 8, "bar")


def _draw_crossing(canvas: Canvas, cells: Counter[tuple[str, ...]], levels: dict[str, list[str]], top: float) -> None:
    left, gap = MARGIN + 214, 3
    width = (WIDTH - MARGIN + gap - left) / len(levels["race"])
    largest = max(cells.values())
    head = top + 22
    canvas.text(MARGIN, head, "Age and gender", MEDIUM, bold=True)
    for column, race in enumerate(levels["race"]):
        label = shortened(race, SMALL, width - 6)
        canvas.text(left + width * column + (width - gap) / 2, head, label, SMALL, "quiet", anchor="middle")
    y = head + 12
    for age in levels["age"]:
        for gender in levels["gender"]:
            canvas.text(MARGIN, y + 24, shortened(f"{age} {gender}", MEDIUM, left - MARGIN - 12), MEDIUM)
            for column, race in enumerate(levels["race"]):
                count = cells[race, age, gender]
                x, paint = left + width * column, HEAT * count / largest
                canvas.rectangle(x, y, width - gap, ROW - gap, "bar", opacity=paint)
                canvas.text(x + (width - gap) / 2, y + 24, f"{count:,}", MEDIUM, anchor="middle")
            y += ROW


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
    sentences = [f"Seven bars, one for each emotion: {span(classes)} pictures each; {joined(shares)}."]
    people = people_of(faces)
    levels = {name: levels_of(name, people, index) for index, name in enumerate(KNOWN)}
    parts = []
    for index, name in enumerate(KNOWN):
        if levels[name] != [UNKNOWN]:
            counts = _counts(people, index, levels[name])
            parts.append(f"{name}: " + ", ".join(f"{value} {count:,}" for value, count in counts.items()))
    table = ""
    if len(parts) == len(KNOWN):
        found = crossing(people, levels)
        every = [found[race, age, who] for race in levels["race"] for age in levels["age"] for who in levels["gender"]]
        table = f", and a table that crosses the three: {span(every)} pictures in each of {len(every)} cells"
    if parts:
        sentences.append(f"Below, bars by {'; '.join(parts)}{table}.")
    return " ".join(sentences)


def caption(description: Description) -> str:
    """Say what is counted."""
    faces = shown_faces(description)
    return f"Pictures of size {faces.size} by class and split, and by the race, age and gender of their prompts."


FIGURE = Figure("balance.svg", has_faces, make, alt, caption)
