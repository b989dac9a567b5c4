"""The renderer: the same row gives the same bytes, every trait shows, the face box is where the face is."""

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from DiffusionFER import EMOTIONS
from tools.make.prompts import AGES, GENDERS, OTHERS, RACES, STYLES
from tools.make.sketch import CROP, SIDE, crop, draw, frames, render
from tools.make.sketch_expression import FULL, express, strength_of
from tools.make.sketch_features import lids
from tools.make.sketch_mouth import mouth_edges
from tools.make.sketch_paint import Frame, Wash, curve, mix, ribbon
from tools.make.sketch_person import cast

ROOT = Path(__file__).resolve().parents[2]
ROW: dict[str, object] = {
    "emotion": "happy", "valence": 0.7, "arousal": 0.3, "race": "latin", "age": "middle-aged", "gender": "woman",
    "style": "", "others": "", "seed": 20230314,
}  # fmt: skip


def difference(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures, in grey levels."""
    return sum(ImageStat.Stat(ImageChops.difference(first, second)).mean) / 3


def test_the_same_row_gives_the_same_bytes_in_a_new_process() -> None:
    """A process with another hash seed renders the same PNG files, from text cells as from numbers."""
    rows = [{**ROW, "seed": seed, "emotion": emotion} for seed, emotion in ((1, "sad"), (2, "fear"), (3, "happy"))]
    code = (
        "import hashlib, json, sys; from tools.make.sketch import render\n"
        "for row in json.load(sys.stdin): print(*[hashlib.sha256(p).hexdigest() for p in render(row)[:2]])"
    )
    text = json.dumps([{key: str(value) for key, value in row.items()} for row in rows])
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True, cwd=ROOT,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    here = [" ".join(hashlib.sha256(png).hexdigest() for png in render(row)[:2]) for row in rows]
    assert done.stdout.split("\n")[:-1] == here


def test_png_files_hold_what_was_drawn() -> None:
    """Original and crop are lossless RGB PNG files of 512 and 256 pixels, of a size fit for a repository."""
    original, cropped, box = render(ROW)
    image, same_box = draw(ROW)
    for content, picture, side in ((original, image, SIDE), (cropped, crop(image, box), CROP)):
        with Image.open(io.BytesIO(content)) as opened:
            assert (opened.format, opened.mode, opened.size) == ("PNG", "RGB", (side, side))
            assert opened.info == {}
            assert opened.tobytes() == picture.tobytes()
    assert box == same_box
    assert 60_000 < len(original) < 400_000
    assert 25_000 < len(cropped) < 150_000


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_face_box_holds_eyes_and_mouth(emotion: str) -> None:
    """However a head is tilted and turned, its box lies in the picture and holds both eyes and the mouth."""
    for seed in range(12):
        row = {**ROW, "emotion": emotion, "seed": seed, "gender": GENDERS[seed % 2], "style": STYLES[seed % 10]}
        x, y, width, height = draw(row)[1]
        assert 0 <= x < x + width <= SIDE
        assert 0 <= y < y + height <= SIDE
        person, face = cast(row), express(emotion, 0.7, 0.3)
        head, _ = frames(person, face)
        parts = [point for side in (-1, 1) for edge in lids(person, face, side) for point in edge]
        parts += [point for edge in mouth_edges(person, face) for point in edge]
        for px, py in head.pixels(parts, 1, 0, 0):
            assert x < px < x + width
            assert y < py < y + height


def test_every_column_of_the_recipe_shows_in_the_picture() -> None:
    """With all else held fixed, another emotion, valence, arousal, person, style, scene or seed changes the picture."""
    base, _ = draw(ROW)
    changes: dict[str, list[object]] = {
        "emotion": [emotion for emotion in EMOTIONS if emotion != "happy"],
        "valence": [0.6, 0.9],
        "arousal": [0.1, 0.5],
        "race": [race for race in RACES if race != "latin"],
        "age": [age for age in AGES if age != "middle-aged"],
        "gender": ["man"],
        "style": list(STYLES),
        "others": list(OTHERS),
        "seed": [20230315],
    }
    seen = {base.tobytes()}
    for column, values in changes.items():
        for value in values:
            image, _ = draw({**ROW, column: value})
            assert difference(base, image) > 0.01, (column, value)
            seen.add(image.tobytes())
    assert len(seen) == 1 + sum(map(len, changes.values()))


def test_who_is_shown_does_not_hang_on_the_emotion() -> None:
    """The same recipe with another emotion shows the same person."""
    assert len({cast({**ROW, "emotion": emotion}) for emotion in EMOTIONS}) == 1


@pytest.mark.parametrize("emotion", [emotion for emotion in EMOTIONS if emotion != "neutral"])
def test_an_emotion_shows_more_the_further_it_lies_from_the_middle(emotion: str) -> None:
    """From the neutral face, the picture differs more with each step outwards on the circumplex."""
    calm = draw({**ROW, "emotion": "neutral", "valence": 0, "arousal": 0})[0]
    valence, arousal = {"happy": (1, 0.3), "sad": (-1, -0.4)}.get(emotion, (-0.5, 1))
    steps = [0.35, 0.6, 0.85]
    found = [
        difference(calm, draw({**ROW, "emotion": emotion, "valence": valence * t, "arousal": arousal * t})[0])
        for t in steps
    ]
    assert found == sorted(found)
    assert strength_of(0.1, 0.1) < strength_of(-0.5, 0.4) < strength_of(0.6, 0.8)


def test_the_emotions_use_the_actions_that_tell_them_apart() -> None:
    """Fear draws raised brows together and stretches the lips, surprise does not; disgust and anger differ."""
    assert tuple(FULL) == EMOTIONS
    fear, surprise, disgust, angry = (FULL[name] for name in ("fear", "surprise", "disgust", "angry"))
    assert fear.frown > 0 < fear.stretch
    assert surprise.frown == surprise.stretch == 0
    assert surprise.jaw > fear.jaw
    assert disgust.wrinkle > angry.wrinkle
    assert disgust.sneer > 0 == angry.sneer
    assert angry.frown > disgust.frown
    assert angry.square > 0 == disgust.square


@pytest.mark.parametrize(
    ("column", "value"),
    [("emotion", "bored"), ("race", "green"), ("age", "7"), ("gender", ""), ("style", "grim"), ("others", "moon"),
     ("seed", "x"), ("seed", ""), ("valence", ""), ("valence", 1.5), ("arousal", "nan")],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named(column: str, value: object) -> None:
    """The message is one line that names the column and the value."""
    with pytest.raises(ValueError, match=rf"^{column}: expected .*\(got .*\)$") as caught:
        draw({**ROW, column: value})
    assert "\n" not in str(caught.value)


def test_a_missing_style_is_an_empty_style() -> None:
    """None, NaN (pandas) and a missing cell all mean that there is no style."""
    plain = cast(ROW)
    assert cast({**ROW, "style": None}) == cast({**ROW, "style": float("nan")}) == plain
    assert cast({key: value for key, value in ROW.items() if key != "style"}) == plain


def test_the_drawing_tools_keep_their_promises() -> None:
    """A curve passes through its points, a stroke is as wide as asked, mixing meets both ends."""
    points = [(0.0, 0.0), (10.0, 4.0), (20.0, -3.0)]
    assert [point in curve(points) for point in points] == [True] * 3
    assert ribbon([(0.0, 0.0), (5.0, 0.0), (10.0, 0.0)], 2, 4, 2)[1] == (5.0, 2.0)
    assert (mix((0, 10, 255), (200, 0, 5), 0), mix((0, 10, 255), (200, 0, 5), 1)) == ((0, 10, 255), (200, 0, 5))
    wash = Wash((9, 9, 9), Frame(0, 0, 1.0))
    wash.soft([(900, 900), (990, 900), (990, 990)], (255, 0, 0), 1.0, 8)
    assert wash.spread().getextrema() == ((9, 9), (9, 9), (9, 9))
