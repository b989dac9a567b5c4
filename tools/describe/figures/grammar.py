"""The figure of the prompt grammar: the sentence with its six slots, what stands in each, and one prompt in full.

Everything is taken from the code that makes prompts: the words between the slots are what its sentence has there.
"""

from __future__ import annotations

import math

from tools.describe.facts.description import Description
from tools.describe.figures.figure import Figure
from tools.describe.figures.svg import MARGIN, MEDIUM, SMALL, WIDTH, Canvas, text_width, wrapped
from tools.make.prompts import CHOICES, EMOTION_PHRASES, render_prompt

EXAMPLE = {
    "emotion": "happy", "race": "latin", "age": "middle-aged", "style": "big eyes", "gender": "woman",
    "others": "medieval Europe",
}  # fmt: skip
# In the order of the sentence; the colours are those of the palette, without their other meaning.
SLOTS = {"emotion": "angry", "race": "sad", "age": "disgust", "style": "fear", "gender": "surprise", "others": "happy"}
SENTENCE = 25  # the size of the sentence's letters
LINE, CHIP = 52, 38  # the height of a line of the sentence, and of a slot on it
PAD = 10  # inside a slot, beside its name
VALUES, LEADING = 21, 30  # the size of the values, and from line to line
COUNT, COLUMN = 158, 172  # where the number of a slot's values ends, and where they begin
Part = tuple[str, str]  # a text, and the slot that it fills; "" for the words between


def parts_of(choices: dict[str, str]) -> list[Part]:
    """Return the prompt of some choices as parts, which joined are the prompt; style and others may be empty."""
    prompt, parts, done = render_prompt(**choices), [], 0
    for slot in SLOTS:
        if value := EMOTION_PHRASES[choices["emotion"]] if slot == "emotion" else choices[slot]:
            start = prompt.index(value, done)
            parts += [(prompt[done:start], ""), (value, slot)]
            done = start + len(value)
    return [part for part in [*parts, (prompt[done:], "")] if part[0]]


def make(description: Description) -> bytes:
    """Draw the grammar, which is the same whatever the data."""
    values = {slot: _values(slot) for slot in SLOTS}
    prompt = _lines([(word, slot) for text, slot in parts_of(EXAMPLE) for word in _words(text)])
    sentence = _sentence()
    heading = 30 + LINE * len(sentence)
    table = sum(LEADING * len(lines) + 10 for lines in values.values())
    height = heading + 20 + table + 52 + LEADING * len(prompt) + 14
    canvas = Canvas(height, "The grammar of the prompts", alt(description))
    for index, line in enumerate(sentence):
        _draw_line(canvas, line, 24 + LINE * index)
    y = heading + 34
    canvas.line([(MARGIN, y - 26), (WIDTH - MARGIN, y - 26)], "line")
    for slot, lines in values.items():
        canvas.text(MARGIN, y + 4, slot.capitalize(), MEDIUM, SLOTS[slot], bold=True)
        canvas.text(COUNT, y + 4, str(sum(map(bool, CHOICES[slot]))), VALUES, "quiet", anchor="end")
        for text in lines:
            canvas.text(COLUMN, y + 4, text, VALUES)
            y += LEADING
        y += 10
    canvas.line([(MARGIN, y - 14), (WIDTH - MARGIN, y - 14)], "line")
    canvas.text(MARGIN, y + 16, "For example", SMALL, "quiet")
    for index, parts in enumerate(prompt):
        coloured = [(text, SLOTS.get(slot, "ink"), bool(slot)) for text, slot in parts]
        canvas.texts(MARGIN, y + 18 + LEADING * (index + 1), coloured, MEDIUM)
    return canvas.bytes()


def _values(slot: str) -> list[str]:
    """Return lines with the values of a slot, and whether it may be left out."""
    values = [*filter(None, CHOICES[slot]), *(["or none"] if "" in CHOICES[slot] else [])]
    return wrapped([*(f"{value}," for value in values[:-1]), values[-1]], VALUES, WIDTH - MARGIN - COLUMN)


def _words(text: str) -> list[str]:
    """Return the words of a text, each with the blank that follows it, and one that begins the text by itself."""
    pieces = text.split(" ")
    return [piece for piece in [*(f"{piece} " for piece in pieces[:-1]), pieces[-1]] if piece]


def _lines(words: list[Part]) -> list[list[Part]]:
    """Return the words of the example as lines, with neighbours of one slot joined."""
    lines: list[list[Part]] = [[]]
    width = 0.0
    for text, slot in words:
        room = text_width(text, MEDIUM, bold=bool(slot))
        # Punctuation stays with the word before it, whatever its colour.
        if width + room > WIDTH - 2 * MARGIN - 6 and text.strip(" ,"):
            lines.append([])
            width = 0.0
            text = text.lstrip()
        width += room
        line = lines[-1]
        if line and line[-1][1] == slot:
            line[-1] = (line[-1][0] + text, slot)
        elif text:
            line.append((text, slot))
    return lines


def _sentence() -> list[list[tuple[str, str, float]]]:
    """Return the lines of the sentence: texts with their slots ("" for none), and how far from the left each begins."""
    pieces: list[Part] = []
    for text, slot in parts_of(EXAMPLE):
        pieces += [(slot.capitalize(), slot)] if slot else [(word, "") for word in _words(text)]
    lines: list[list[tuple[str, str, float]]] = [[]]
    x = 0.0
    for text, slot in pieces:
        width = text_width(text, SENTENCE, bold=bool(slot)) + (2 * PAD if slot else 0)
        if text == " ":
            x += width
            continue
        if x + text_width(text.rstrip(), SENTENCE, bold=bool(slot)) + (2 * PAD if slot else 0) > WIDTH - 2 * MARGIN:
            lines.append([])
            x = 0.0
        lines[-1].append((text, slot, x))
        x += width
    return lines


def _draw_line(canvas: Canvas, line: list[tuple[str, str, float]], top: float) -> None:
    base = top + CHIP / 2 + SENTENCE * 0.35
    run, start = "", 0.0
    for text, slot, x in [*line, ("", "end", 0.0)]:
        if not slot:
            run, start = (run + text, start) if run else (text, x)
            continue
        if run:
            canvas.text(MARGIN + start, base, run.rstrip(), SENTENCE)
            run = ""
        if text:
            width = text_width(text, SENTENCE, bold=True) + 2 * PAD
            canvas.rectangle(MARGIN + x, top, width, CHIP, "", radius=8, edge=SLOTS[slot])
            canvas.text(MARGIN + x + width / 2, base, text, SENTENCE, SLOTS[slot], anchor="middle", bold=True)


def alt(description: Description) -> str:
    """Say the sentence with its slots, how many values each has, and the example."""
    sentence = "".join(f"[{slot}]" if slot else text for text, slot in parts_of(EXAMPLE))
    counts = []
    for slot in SLOTS:
        count = sum(bool(choice) for choice in CHOICES[slot])
        counts.append(f"{slot} {count}{' or none' if '' in CHOICES[slot] else ''}")
    return (
        f"The prompt as a sentence with six slots: {sentence}. Values of each: {', '.join(counts)}. For example: "
        f"{render_prompt(**EXAMPLE)}."
    )


def caption(description: Description) -> str:
    """Say how many prompts there are."""
    prompts = math.prod(len(choices) for choices in CHOICES.values())
    return f"The grammar of the prompts. Its tables allow {prompts:,} sentences; style and others may be left out."


FIGURE = Figure("grammar.svg", lambda description: True, make, alt, caption)
