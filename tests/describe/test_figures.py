"""The figures of the card: the same bytes for the same data, true to it, safe, light, and legible in either mode."""

from __future__ import annotations

import csv
import hashlib
import itertools
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMOTIONS
from tests.environments import ROOT
from tools.describe.blocks import tables
from tools.describe.facts.description import Description, Faces, Spread
from tools.describe.figures import BLOCKS, FIGURES
from tools.describe.figures.balance import HEAT, NAMED
from tools.describe.figures.circumplex import labels
from tools.describe.figures.grammar import EXAMPLE, parts_of
from tools.describe.figures.svg import COLOURS, WIDTH, Canvas, plain, shortened, text_width
from tools.make.prompts import CHOICES, OTHERS, STYLES, render_prompt

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = [name for name, figure in FIGURES.items() if figure.file.endswith(".svg")]
# Drawn over each other, or beside each other on the circle.
NEIGHBOURS = [("surprise", "fear"), ("fear", "angry"), ("angry", "disgust"), ("disgust", "sad"), ("happy", "surprise")]


def spread(values: list[float]) -> Spread:
    """Return how some numbers are spread."""
    return Spread(len(values), fmean(values), pstdev(values), min(values), max(values))


def faces_of(rows: list[dict[str, str]]) -> Faces:
    """Return what figures need to know of the rows of a sheet."""
    by = {emotion: [row for row in rows if row["emotion"] == emotion] for emotion in EMOTIONS}
    points = {name: [(float(row["valence"]), float(row["arousal"])) for row in of] for name, of in by.items()}
    who = [(row["emotion"], row["race"] or None, row["age"] or None, row["gender"] or None) for row in rows]
    splits: dict[str, dict[str, int]] = {}
    for row in rows:
        of = splits.setdefault(row["split"], dict.fromkeys(EMOTIONS, 0))
        of[row["emotion"]] += 1
    return Faces(
        size="small", rows=len(rows), splits=splits, points=points, cells=dict(Counter(who)), columns=[], pictures={},
        valence={name: spread([x for x, _ in of]) for name, of in points.items() if of},
        arousal={name: spread([y for _, y in of]) for name, of in points.items() if of},
        gallery={name: [row["path"].partition("/")[2] for row in of[:3]] for name, of in by.items()},
        models=dict(Counter(row["model"] for row in rows if row["model"])),
    )  # fmt: skip


def embedded() -> Description:
    """Return the description of the embedded edition's sheet, without pictures."""
    with (ROOT / "dataset_sheet.csv").open(encoding="utf-8", newline="") as file:
        return Description(Path("nowhere"), {"small": faces_of(list(csv.DictReader(file)))})


DATA = embedded()
FACES = DATA.faces["small"]


def changed(**changes: object) -> Description:
    """Return the embedded edition with other facts."""
    return Description(DATA.data_dir, {"small": replace(FACES, **changes)})  # type: ignore[arg-type]


def root_of(name: str, description: Description = DATA) -> ET.Element:
    """Return a drawn figure, parsed."""
    content = FIGURES[name].draw(description)
    assert content is not None
    return ET.fromstring(content)


def texts(root: ET.Element) -> list[str]:
    """Return the lines of text of a figure."""
    return ["".join(line.itertext()) for line in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_data_gives_the_same_bytes(name: str) -> None:
    """Drawn twice, and in a process with another hash seed, a figure and its block are the same."""
    code = (
        "import hashlib; from tests.describe.test_figures import BLOCKS, DATA, FIGURES\n"
        f"print(hashlib.sha256(FIGURES[{name!r}].draw(DATA) + BLOCKS['figure-{name}'](DATA).encode()).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    for _ in range(2):
        content, block = FIGURES[name].draw(DATA), BLOCKS[f"figure-{name}"](DATA)
        assert content is not None
        assert block is not None
        assert hashlib.sha256(content + block.encode()).hexdigest() == done.stdout.strip()


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawing_is_light_plain_and_whole(name: str) -> None:
    """An SVG is small, has a title and a description, fits the page, and neither runs nor fetches anything."""
    content = FIGURES[name].draw(DATA)
    assert content is not None
    assert len(content) < 50_000
    root = ET.fromstring(content)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "circle", "path", "text", "tspan"
    }  # fmt: skip
    assert root.attrib["viewBox"].startswith(f"0 0 {WIDTH} ")
    assert root[0].text
    assert root[1].text == FIGURES[name].alt(DATA)
    assert not re.search(rb"href|url\(|@import|\bon\w+=|<script", content)
    assert content.count(b"http") == 1  # the name space
    assert min(float(line.attrib["font-size"]) for line in root.iter(f"{SVG}text")) >= 18


def assert_on_the_panel(root: ET.Element) -> None:
    """Assert that by the metrics of Helvetica no text leaves the panel."""
    height = float(root.attrib["viewBox"].split()[3])
    for line in root.iter(f"{SVG}text"):
        size, bold = float(line.attrib["font-size"]), "font-weight" in line.attrib or len(line) > 0
        width = text_width("".join(line.itertext()), size, bold)
        left = float(line.attrib["x"]) - {"middle": width / 2, "end": width}.get(line.attrib.get("text-anchor", ""), 0)
        assert left >= 6
        assert left + width <= WIDTH - 6
        assert size <= float(line.attrib["y"]) <= height - 0.3 * size


@pytest.mark.parametrize("name", DRAWN)
def test_every_line_of_text_lies_on_the_panel(name: str) -> None:
    """No text of the edition's figures leaves the panel."""
    assert_on_the_panel(root_of(name))


def linear(colour: tuple[float, ...]) -> list[float]:
    """Return the linear channels, from 0 to 1, of an sRGB colour whose channels go from 0 to 255 (WCAG 2.2)."""
    parts = [value / 255 for value in colour]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def channels(colour: str) -> tuple[float, ...]:
    """Return the channels of "#rrggbb"."""
    return tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))


def contrast(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", DRAWN)
def test_text_has_contrast_in_both_modes(name: str, mode: int) -> None:
    """Every text has 4.5 to 1 on the panel, and where it stands on a cell, on the fullest cell, too."""
    panel = channels(COLOURS["panel"][mode])
    for element in root_of(name).iter():
        if element.tag in (f"{SVG}text", f"{SVG}tspan") and "fill" in element.attrib:
            colour = next(c.removeprefix("f-") for c in element.attrib["class"].split() if c.startswith("f-"))
            assert element.attrib["fill"] == COLOURS[colour][0]
            assert contrast(channels(COLOURS[colour][mode]), panel) >= 4.5, colour
    cell = tuple(HEAT * a + (1 - HEAT) * b for a, b in zip(channels(COLOURS["bar"][mode]), panel, strict=True))
    assert contrast(channels(COLOURS["ink"][mode]), cell) >= 4.5


@pytest.mark.parametrize("name", DRAWN)
def test_every_colour_has_its_dark_one(name: str) -> None:
    """The style sheet turns every class that a shape has, and holds nothing else."""
    root = root_of(name)
    style = root.findtext(f"{SVG}style") or ""
    used = {one for element in root.iter() for one in element.attrib.get("class", "").split()}
    rules = dict(re.findall(r"\.([fs]-\w+)\{\w+:(#\w{6})\}", style))
    assert rules == {one: COLOURS[one[2:]][1] for one in used}
    assert style.startswith("@media (prefers-color-scheme:dark){")


# Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113, severity 1, on linear RGB.
SEEN = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def lab(colour: str, seen: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """Return a colour, as someone sees it, in CIELAB (D65)."""
    parts = linear(channels(colour))
    r, g, b = (min(1.0, max(0.0, sum(a * c for a, c in zip(row, parts, strict=True)))) for row in seen)
    white = (0.95047, 1.0, 1.08883)
    xyz = (0.4124 * r + 0.3576 * g + 0.1805 * b, 0.2126 * r + 0.7152 * g + 0.0722 * b,
           0.0193 * r + 0.1192 * g + 0.9505 * b)  # fmt: skip
    shares = [value / most for value, most in zip(xyz, white, strict=True)]
    x, y, z = (share ** (1 / 3) if share > 0.008856 else 7.787 * share + 16 / 116 for share in shares)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", SEEN)
def test_classes_can_be_told_apart_by_colour_blind_readers(eyes: str, mode: int) -> None:
    """Neighbours on the circle differ by 20 in CIELAB whatever the eyes, and any two classes by 6."""
    seen = {name: lab(COLOURS[name][mode], SEEN[eyes]) for name in EMOTIONS}
    assert all(math.dist(seen[one], seen[other]) > 20 for one, other in NEIGHBOURS)
    assert all(math.dist(seen[one], seen[other]) >= 6 for one, other in itertools.combinations(EMOTIONS, 2))


def test_the_circumplex_shows_every_picture_and_mean() -> None:
    """A cloud has a dot for each place, to the half unit, and each class stands there with its mean."""
    root = root_of("circumplex")
    clouds = [path.attrib["d"] for path in root.iter(f"{SVG}path") if "transform" in path.attrib]
    for emotion, path in zip(EMOTIONS, clouds, strict=True):
        places = {(round(720 + 452 * x), round(624 - 452 * y)) for x, y in FACES.points[emotion]}
        assert abs(path.count("h0") - len(places)) <= 2  # a place on the edge of two halves may fall either way
        steps = [tuple(map(int, step)) for step in re.findall(r"m(-?\d+) ?(-?\d+)h0", path)]
        ends = list(itertools.accumulate(steps, lambda a, b: (a[0] + b[0], a[1] + b[1])))
        assert all(min(math.dist(end, place) for place in places) <= 1.5 for end in ends)
    turned = changed(points={emotion: points[::-1] for emotion, points in FACES.points.items()})
    assert FIGURES["circumplex"].draw(turned) == FIGURES["circumplex"].draw(DATA)
    said, shown = FIGURES["circumplex"].alt(DATA), texts(root)
    assert "surprise (0.21, 0.75)" in said
    assert "−0.25, 0.74" in shown
    assert set(EMOTIONS) | {"excited", "calm", "pleasant", "unpleasant"} <= set(shown)
    assert "of 1,500 pictures of size small, a dot each" in FIGURES["circumplex"].caption(DATA)


AFFECT = st.floats(-1, 1)


@given(st.lists(st.tuples(AFFECT, AFFECT), min_size=7, max_size=7))
def test_the_names_of_classes_never_collide(means: list[tuple[float, float]]) -> None:
    """Wherever the means are, names beside the circle keep their distance and stay on the panel."""
    valence = {name: spread([mean[0]]) for name, mean in zip(EMOTIONS, means, strict=True)}
    arousal = {name: spread([mean[1]]) for name, mean in zip(EMOTIONS, means, strict=True)}
    placed = labels(replace(FACES, valence=valence, arousal=arousal))
    assert {label.emotion for label in placed} == set(EMOTIONS)
    for side in (-1, 1):
        heights = sorted(label.y for label in placed if label.side == side)
        assert all(b - a >= 50 for a, b in itertools.pairwise(heights))
        assert all(30 <= y <= 590 for y in heights)
    points = {name: [mean] for name, mean in zip(EMOTIONS, means, strict=True)}
    root = root_of("circumplex", changed(points=points, valence=valence, arousal=arousal))
    assert set(EMOTIONS) <= set(texts(root))
    assert_on_the_panel(root)


@pytest.mark.parametrize("facts", [{"points": {**FACES.points, "fear": []}},
                                   {"valence": {k: v for k, v in FACES.valence.items() if k != "fear"}}])  # fmt: skip
def test_a_class_without_a_rated_picture_is_left_out(facts: dict[str, object]) -> None:
    """The circumplex has the classes that there are, and the words say which one is not there."""
    description, figure = changed(**facts), FIGURES["circumplex"]
    root = root_of("circumplex", description)
    assert set(EMOTIONS) & set(texts(root)) == set(EMOTIONS) - {"fear"}
    assert len([path for path in root.iter(f"{SVG}path") if "transform" in path.attrib]) == 6
    assert_on_the_panel(root)
    said = figure.alt(description)
    assert "Six clouds of dots, one for each emotion but fear, inside" in said
    assert "fear (" not in said
    left = 1500 - len(FACES.points["fear"])
    assert figure.caption(description).startswith(f"Valence and arousal of {left:,} pictures")


def test_one_class_alone_is_drawn() -> None:
    """Of one class only there is still a plane, a balance, and words on them."""
    points = {emotion: FACES.points[emotion] if emotion == "sad" else [] for emotion in EMOTIONS}
    affect = {name: {"sad": getattr(FACES, name)["sad"]} for name in ("valence", "arousal")}
    splits = {split: {**dict.fromkeys(EMOTIONS, 0), "sad": of["sad"]} for split, of in FACES.splits.items()}
    cells = {key: count for key, count in FACES.cells.items() if key[0] == "sad"}
    alone = changed(points=points, splits=splits, cells=cells, **affect)
    assert set(texts(root_of("circumplex", alone))) & set(EMOTIONS) == {"sad"}
    assert "One cloud of dots, one for each emotion but neutral, " in FIGURES["circumplex"].alt(alone)
    assert FIGURES["balance"].alt(alone).startswith("One bar, one for each emotion but neutral, happy, surprise, ")
    assert_on_the_panel(root_of("balance", alone))


def test_a_plane_without_a_rated_picture_is_refused() -> None:
    """Where no class can be drawn, one line says so, for the drawing as for the block."""
    nothing = changed(points={emotion: [] for emotion in EMOTIONS}, valence={}, arousal={})
    message = r"^the circumplex cannot be drawn: no picture of size small has valence and arousal$"
    for make in (FIGURES["circumplex"].draw, BLOCKS["figure-circumplex"]):
        with pytest.raises(ValueError, match=message):
            make(nothing)


def test_the_balance_shows_what_the_sheet_counts() -> None:
    """Numbers stand by class and split, by race, age and gender, and in each crossing."""
    shown = texts(root_of("balance"))
    start = shown.index("neutral")
    assert shown[start : start + 4] == ["neutral", "172", "22", "21"]
    assert shown[shown.index("middle-aged") + 1] == "500"
    crossed = shown[shown.index("Age and gender") :]
    assert crossed[1:8] == ["white", "black", "latin", "teen man", "83", "83", "84"]
    assert sum(int(text) for text in crossed if text.isdigit()) == 1500
    said = FIGURES["balance"].alt(DATA)
    for part in ("214 to 215", "1,200 in train", "black 502", "woman 751", "82 to 84 pictures in each of 18 cells"):
        assert part in said


def test_bars_and_cells_are_in_proportion() -> None:
    """A bar is as long as its count, on a track that stands for all; a cell is as deep as its count, from zero on."""
    cells = {("fear", "white", "old", "man"): 30, ("fear", "black", "old", "man"): 10}
    splits = {"train": {"fear": 30, "sad": 15}, "test": {"fear": 10}}
    boxes = [box.attrib for box in root_of("balance", changed(cells=cells, splits=splits)).iter(f"{SVG}rect")]
    sad, fear, test = (float(box["width"]) + 1 for box in boxes if box["height"] == "20")
    assert sad == pytest.approx(fear / 2, abs=0.2)
    assert test == pytest.approx(fear / 3, abs=0.2)
    thin = [float(box["width"]) for box in boxes if box["height"] == "8"]
    assert thin[:4] == pytest.approx([thin[0], thin[0] * 0.75, thin[0], thin[0] * 0.25], abs=0.2)
    deep = [float(box["fill-opacity"]) for box in boxes if box.get("fill-opacity", "0.18") != "0.18"]
    assert deep == [0.45, 0.15]


def test_a_class_with_no_rows_has_no_bar() -> None:
    """The balance shows what is missing: a class without rows has zeros and no bar."""
    splits = {split: {**of, "fear": 0} for split, of in FACES.splits.items()}
    root = root_of("balance", changed(splits=splits))
    start = texts(root).index("fear")
    assert texts(root)[start + 1 : start + 4] == ["0", "0", "0"]
    assert len(list(root.iter(f"{SVG}rect"))) == len(list(root_of("balance").iter(f"{SVG}rect"))) - 3
    said = FIGURES["balance"].alt(changed(splits=splits))
    assert said.startswith("Six bars, one for each emotion but fear: 214 to 215 pictures each; ")


def test_a_sheet_without_people_has_a_balance_of_classes() -> None:
    """Where no row says race, age and gender, the figure has the classes alone; where some do, it says how many."""
    nobody = changed(cells={(emotion, None, None, None): 10 for emotion in EMOTIONS})
    shown = texts(root_of("balance", nobody))
    assert "Race" not in shown
    assert "Age and gender" not in shown
    assert "Below" not in FIGURES["balance"].alt(nobody)
    some = changed(cells={("fear", "white", None, None): 3, ("fear", None, None, None): 4})
    shown = texts(root_of("balance", some))
    assert shown[shown.index("Race") : shown.index("Race") + 5] == ["Race", "white", "3", "not stated", "4"]
    assert "Age" not in shown
    assert FIGURES["balance"].caption(nobody) == "Pictures of size small by class and split."
    assert FIGURES["balance"].caption(some) == (
        "Pictures of size small by class and split, and by the race of their prompts."
    )


def test_a_balance_without_rows_is_refused() -> None:
    """A size none of whose rows has an emotion cannot be drawn."""
    with pytest.raises(ValueError, match=r"^the balance cannot be drawn: no row of size small"):
        FIGURES["balance"].draw(changed(cells={}))


HOSTILE = "<script>alert(1)</script>&\"'\x00\ud800\x1b" + "]]>" * 200


def test_what_a_sheet_says_is_escaped_and_cut() -> None:
    """A value with markup, control characters or no end is text, on the panel, and the XML stays well formed."""
    cells = {("fear", HOSTILE, HOSTILE, HOSTILE): 5, ("sad", "white", "old", "man"): 7}
    root = root_of("balance", changed(cells=cells))
    assert not list(root.iter(f"{SVG}script"))
    shown = [text for text in texts(root) if text.startswith("<script>")]
    assert shown
    assert_on_the_panel(root)
    block = BLOCKS["figure-balance"](changed(cells=cells))
    assert block is not None
    assert "<script" not in block.replace("\\<", "")


def test_many_values_become_one() -> None:
    """Of many races the most frequent are named, the others counted as one and said, and no row is lost."""
    cells: dict[tuple[str, str | None, str | None, str | None], int]
    cells = {("fear", f"r{index}", "old", "man"): 100 - index for index in range(50)}
    shown = texts(root_of("balance", changed(cells=cells)))
    values = shown[shown.index("Race") + 1 : shown.index("Age")]
    assert len(values[::2]) == NAMED + 1
    assert values[:-2:2] == ["r0", "r1", "r2", "r3"]
    assert plain(values[-2]).startswith("46 other")
    assert ", 46 other values " in FIGURES["balance"].alt(changed(cells=cells))
    assert (
        FIGURES["balance"]
        .caption(changed(cells=cells))
        .endswith(" The most frequent values are named; the rest, 46 of race, are counted as one.")
    )
    assert sum(int(text.replace(",", "")) for text in values[1::2]) == sum(cells.values())
    crossed = shown[shown.index("Age and gender") :]
    assert crossed[1:5] == ["r0", "r1", "r2", "r3"]
    assert crossed[6] == "old man"
    assert sum(int(text.replace(",", "")) for text in crossed[7:]) == sum(cells.values())
    few = {key: count for key, count in cells.items() if count > 100 - NAMED - 1}
    assert "other" not in " ".join(texts(root_of("balance", changed(cells=few))))


def test_the_balance_has_the_words_of_the_tables() -> None:
    """What is not stated, and what is not named, is called as in the tables, and the most frequent are the same."""
    cells: dict[tuple[str, str | None, str | None, str | None], int]
    cells = {("fear", None if index == 1 else f"r{index}", "old", "man"): 100 - index for index in range(12)}
    description = changed(cells=cells)
    table = tables.BLOCKS["balance"](description)
    assert table is not None
    rows = re.findall(r"^\| race +\| (.+?) +\|", table, re.MULTILINE)
    for word in ("r0", "not stated"):
        assert word in rows
        assert word in texts(root_of("balance", description))
    assert "4 other values" in rows
    assert "8 other values 740" in FIGURES["balance"].alt(description)


def test_the_grammar_shows_every_value_and_a_real_prompt() -> None:
    """The slots, their values and the words between are those of the code, and the example is what it writes."""
    shown = texts(root_of("grammar"))
    every = " ".join(shown)
    for choices in CHOICES.values():
        assert all(choice in every for choice in choices)
    assert render_prompt(**EXAMPLE) in " ".join(every.split())
    assert {slot.capitalize() for slot in CHOICES} <= set(shown)
    assert render_prompt(**EXAMPLE) in FIGURES["grammar"].alt(DATA)
    assert "6,930" in FIGURES["grammar"].caption(DATA)


def prompts() -> Iterator[dict[str, str]]:
    """Yield choices with every style and scene, and with none."""
    for style, others in itertools.product(("", *STYLES), ("", *OTHERS)):
        yield {**EXAMPLE, "style": style, "others": others}


def test_the_parts_of_a_prompt_are_the_prompt() -> None:
    """Joined, the parts are the prompt; those of slots that are filled come once, in the order of the sentence."""
    for choices in prompts():
        parts = parts_of(choices)
        assert "".join(text for text, _ in parts) == render_prompt(**choices)
        assert [slot for _, slot in parts if slot] == [
            slot for slot in ("emotion", "race", "age", "style", "gender", "others") if choices[slot]
        ]


def test_without_faces_only_the_grammar_is_drawn() -> None:
    """Data of EmoNet alone has no circumplex, balance or gallery, neither as a file nor as a block."""
    nothing = Description(Path("nowhere"))
    drawn = {name for name, figure in FIGURES.items() if figure.draw(nothing) is not None}
    blocks = {name for name, block in BLOCKS.items() if block(nothing) is not None}
    assert drawn == {"grammar"}
    assert blocks == {"figure-grammar"}


def test_the_default_size_is_shown_and_else_the_first() -> None:
    """With several sizes, figures show the default config's; with others only, the first."""
    medium = replace(FACES, size="medium")
    both = Description(DATA.data_dir, {"medium": medium, "small": FACES})
    assert "small" in FIGURES["circumplex"].caption(both)
    assert "medium" in FIGURES["circumplex"].caption(Description(DATA.data_dir, {"medium": medium}))


@pytest.mark.parametrize("name", DRAWN)
def test_a_block_is_the_picture_and_its_caption(name: str) -> None:
    """The Markdown has the alternative text, the path below the repository, and a line in italics."""
    block = BLOCKS[f"figure-{name}"](DATA)
    assert block is not None
    assert re.fullmatch(rf"!\[[^\n]+\]\(assets/{name}\.svg\)\n\n\*[^\n]+\*\n", block)


@given(st.text())
def test_any_text_can_be_drawn(text: str) -> None:
    """Whatever is written on a panel, the XML is well formed and says it on one line."""
    canvas = Canvas(100, text, text)
    canvas.text(10, 50, text, 20)
    root = ET.fromstring(canvas.bytes())
    line = root.findtext(f"{SVG}text") or ""
    assert line.split() == plain(text).split()
    assert "\n" not in line


@given(st.text(), st.floats(30, 400))
def test_shortened_text_fits(text: str, room: float) -> None:
    """A text cut to a room is no wider than it, and one that fits stays as it is."""
    cut = shortened(text, 20, room)
    assert text_width(cut, 20) <= room
    assert cut == plain(text) or cut.endswith("…")
