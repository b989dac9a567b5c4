"""The figure of the valence-arousal plane: the classes as clouds of dots, each with its name and its mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

from DiffusionFER import EMOTIONS
from tools.describe.facts.description import Description, Faces
from tools.describe.figures.figure import Figure, has_faces, joined, shown_faces, some_classes
from tools.describe.figures.svg import LARGE, MEDIUM, SMALL, WIDTH, Canvas

HEIGHT = 624
X, Y, RADIUS = WIDTH / 2, 312, 226  # of the unit circle
DOT, SHINE = 5.0, 0.55  # the diameter of a dot, and its opacity
LABEL = 56  # the height of a label: name and mean
TOP, BOTTOM, MOST = 32, HEIGHT - 40, 5  # the first baseline of a label lies between; the most on half a side
NEAR = 0.3  # a mean that is nearer to the middle than this may be labelled there, not beyond the circle


@dataclass
class _Label:
    """The name of a class: where its mean is, on which side the name is (-1 left, 0 below, 1 right), its baseline."""

    emotion: str
    mean: tuple[float, float]
    side: int
    y: float


def make(description: Description) -> bytes:
    """Draw the plane. Raises ValueError where no picture has valence and arousal."""
    faces = shown_faces(description)
    emotions = rated(faces)
    canvas = Canvas(HEIGHT, "Valence and arousal by emotion", alt(description))
    _draw_plane(canvas)
    for emotion in emotions:
        canvas.dots((place(*point) for point in faces.points[emotion]), emotion, DOT, SHINE)
    for label in labels(faces):
        _draw_label(canvas, label)
    return canvas.bytes()


def rated(faces: Faces) -> list[str]:
    """Return the classes that have pictures with valence and arousal. Raises ValueError where none has."""
    known = faces.valence.keys() & faces.arousal.keys()
    if not (found := [emotion for emotion in EMOTIONS if emotion in known and faces.points.get(emotion)]):
        raise ValueError(f"the circumplex cannot be drawn: no picture of size {faces.size} has valence and arousal")
    return found


def place(valence: float, arousal: float) -> tuple[float, float]:
    """Return where a valence and an arousal lie on the panel."""
    return X + RADIUS * valence, Y - RADIUS * arousal


def _draw_plane(canvas: Canvas) -> None:
    canvas.circle(X, Y, RADIUS, edge="line", width=1.5)
    canvas.line([(X - RADIUS, Y), (X + RADIUS, Y)], "line")
    canvas.line([(X, Y - RADIUS), (X, Y + RADIUS)], "line")
    for part in (-0.5, 0.5):
        x, y = place(part, part)
        canvas.line([(x, Y - 5), (x, Y + 5)], "line")
        canvas.line([(X - 5, y), (X + 5, y)], "line")
    for words, value, x, y, anchor in (
        ("excited", "arousal 1", X, Y - RADIUS - 38, "middle"),
        ("calm", "arousal −1", X, Y + RADIUS + 28, "middle"),
        ("unpleasant", "valence −1", X - RADIUS - 12, Y - 4, "end"),
        ("pleasant", "valence 1", X + RADIUS + 12, Y - 4, "start"),
    ):
        canvas.text(x, y, words, MEDIUM, "ink", anchor=anchor)
        canvas.text(x, y + 23, value, SMALL, "quiet", anchor=anchor)


def labels(faces: Faces) -> list[_Label]:
    """Return where the classes are named: each where the ray through its mean leaves the circle, unless two collide.

    The words of the axis keep the middle of each side; classes above it move up, those below it down.
    """
    means = {emotion: (faces.valence[emotion].mean, faces.arousal[emotion].mean) for emotion in rated(faces)}
    middle = min(means, key=lambda emotion: math.hypot(*means[emotion]))
    found = []
    for emotion, mean in means.items():
        length = math.hypot(*mean)
        if emotion == middle and length < NEAR:
            # Below the cloud: of a disc with an even spread, the radius is twice the deviation.
            y = Y - RADIUS * (mean[1] - min(2 * faces.arousal[emotion].deviation, 0.6)) + 34
            found.append(_Label(emotion, mean, 0, y))
        else:  # along the ray through the mean, just beyond the circle
            found.append(_Label(emotion, mean, 1 if mean[0] >= 0 else -1, Y - (RADIUS + 8) * mean[1] / (length or 1)))
    for side in (-1, 1):
        upper = sorted((label for label in found if label.side == side and label.y < Y), key=lambda label: -label.y)
        lower = sorted((label for label in found if label.side == side and label.y >= Y), key=lambda label: label.y)
        upper, lower = upper[:MOST] + lower[MOST:], lower[:MOST] + upper[MOST:]
        free: float = Y - LABEL
        for label in upper:
            label.y = min(label.y, free)
            free = label.y - LABEL
        free = Y + LABEL + 8
        for label in lower:
            label.y = max(label.y, free)
            free = label.y + LABEL
        # Those that were pushed over the edge push the others back.
        for labels_here, edge, step in ((upper, float(TOP), LABEL), (lower, float(BOTTOM), -LABEL)):
            for label in reversed(labels_here):
                label.y = max(label.y, edge) if step > 0 else min(label.y, edge)
                edge = label.y + step
    return found


def _draw_label(canvas: Canvas, label: _Label) -> None:
    x, y = place(*label.mean)
    value = f"{signed(label.mean[0])}, {signed(label.mean[1])}"
    if label.side == 0:
        at, anchor = (x, label.y), "middle"
    else:
        # Beyond the circle with all of its two lines, which reach from 20 above the first baseline to 28 below.
        nearest = 0.0 if label.y - 20 < Y < label.y + 28 else min(abs(label.y - 20 - Y), abs(label.y + 28 - Y))
        chord = math.sqrt(max(0.0, (RADIUS + 6) ** 2 - nearest**2))
        at, anchor = (X + label.side * max(chord, 76), label.y), "start" if label.side > 0 else "end"
        canvas.line([(x, y), (at[0] - label.side * 5, at[1] - 8)], label.emotion, 1.5)
    canvas.circle(x, y, 6.5, "panel", label.emotion, 3)
    canvas.text(*at, label.emotion, LARGE, label.emotion, anchor=anchor, bold=True, halo=True)
    canvas.text(at[0], at[1] + 23, value, SMALL, "quiet", anchor=anchor, halo=True)


def signed(value: float) -> str:
    """Return a mean to two decimals, with a true minus, and without one before zero."""
    text = f"{value:.2f}".replace("-", "−")
    return "0.00" if text == "−0.00" else text


def alt(description: Description) -> str:
    """Say where each class lies. Raises what `make` raises."""
    faces = shown_faces(description)
    emotions = rated(faces)
    means = [f"{name} ({signed(faces.valence[name].mean)}, {signed(faces.arousal[name].mean)})" for name in emotions]
    return (
        "The plane of valence, from unpleasant to pleasant, and arousal, from calm to excited. "
        f"{some_classes(emotions, 'cloud of dots', 'clouds of dots')}, inside the unit circle. "
        f"Mean valence and arousal: {joined(means)}."
    )


def caption(description: Description) -> str:
    """Say what a dot is, and of how many pictures."""
    faces = shown_faces(description)
    emotions = rated(faces)
    shown, known = (sum(len(faces.points[name]) for name in emotions), sum(faces.valence[n].count for n in emotions))
    dots = f"{shown:,} of {known:,}" if shown < known else f"{known:,}"
    return f"Valence and arousal of {dots} pictures of size {faces.size}, a dot each; a ring marks the mean of a class."


FIGURE = Figure("circumplex.svg", has_faces, make, alt, caption)
