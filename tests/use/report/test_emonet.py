"""The report on EmoNet-Face: who agrees, who is shown, and findings with the pictures of their annotations."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.trees import png, write_emonet, write_faces
from tests.use.report.test_report import Words, made, section
from tools.check.annotations.agreement import agreement
from tools.check.images.listing import read_listing
from tools.make.ratings.importing import reports


def annotate(data_dir: Path, judgements: list[tuple[str, str, bool, str]]) -> None:
    """Write an EmoNet-Face Binary with two pictures."""
    folder = data_dir / "emonet-face-binary"
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for number in range(2):
        (folder / "images" / f"0000{number}.png").write_bytes(png(number))
    with (folder / "binary.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "annotator", "value", "emotion"), *judgements])


def test_agreement_is_that_of_the_commands(tmp_path: Path) -> None:
    """The figures of `validate` and of `annotate agreement` stand side by side, the most disputed emotion first."""
    said = [("00000", f"human-{who}", who < 3, "Anger") for who in range(4)]
    said += [("00001", f"human-{who}", True, "Pride") for who in range(3)]
    annotate(tmp_path, said)
    words = str(Words(section(made(tmp_path, tmp_path / "out.html"), "agreement")))
    listing, _ = read_listing("emonet_binary", str(tmp_path))
    assert listing
    found = agreement("emonet_binary", listing)
    ours, _ = reports(tmp_path)
    assert found
    anger, pride = sorted(found.rows, key=lambda row: row.emotion)
    assert (anger.emotion, anger.mean, anger.unanimous, pride.unanimous) == ("Anger", 0.75, 0.0, 1.0)
    most = next(row for row in ours[0].rows if row.emotion == "Anger")
    assert (most.partial, most.none) == (1.0, 0.0)
    assert "Anger 1 4 75% 1 0% 100% 0% – Pride 1 3 100% 1 100% 0% 0% –" in words.replace("0.00", "–")
    assert "2 pictures, 4 raters, 2 emotions of pictures judged more than once." in words


def test_every_emotion_of_hq(tmp_path: Path) -> None:
    """All 40 are there, with kappa; who is shown is counted."""
    write_emonet(tmp_path)
    page = made(tmp_path, tmp_path / "out.html")
    hq = section(page, "agreement")
    assert hq.count('<th scope="row">') >= 40
    words = str(Words(page))
    assert "emonet_hq 2 test 2 2" in words
    assert "kappa, mean of the emotions" in words
    assert "emonet_big has one annotation a picture, so that nobody can agree or not." in words
    assert "Nordic" in words
    assert "No row states ethnicity." in words
    assert "None of these configs has a sheet." in words


def test_pictures_of_annotations(tmp_path: Path) -> None:
    """A finding in a row of annotations, or in a file of a model's, shows the picture that it speaks of."""
    write_emonet(tmp_path)
    annotate(tmp_path, [("00001", "human-1", True, "Joyfulness"), ("00000", "human-1", True, "Anger")])
    bad = {"key": ["run", "m", "00001.png"], "value": {"Negative|Fear": 9}}
    (tmp_path / "emonet-face-big" / "vlm" / "1.json").write_text(json.dumps(bad))
    found = section(made(tmp_path, tmp_path / "out.html", "--depth", "quick"), "findings")
    for place in ("emonet-face-binary/binary.csv</bdi>, row 2", "emonet-face-big/vlm/1.json"):
        before = found.partition(place)[0]
        assert before.rpartition("<li>")[2].startswith('<img src="data:image/webp'), place
        assert 'alt="images/00001.png"' in before.rpartition("<li>")[2]


@pytest.mark.parametrize("given_itself", [False, True])
def test_annotations_that_cannot_be_read(tmp_path: Path, given_itself: bool) -> None:
    """The page says why, and names no path of the machine."""
    write_emonet(tmp_path / "data")
    folder = tmp_path / "data" / "emonet-face-hq"
    (folder / "second.csv").write_text("a,b\n")
    place = folder if given_itself else tmp_path / "data"
    page = made(place, tmp_path / "out.html", "--config", "emonet_hq")
    words = str(Words(page))
    assert "The rows of emonet_hq cannot be read: emonet-face-hq must hold one CSV of annotations" in words
    assert str(tmp_path) not in page


def test_ratings_of_faces(tmp_path: Path) -> None:
    """What people said in Label Studio is reported; a file that is spoiled is left out with its row."""
    rows = write_faces(tmp_path, 14)
    names = [row["path"].rsplit("/", 1)[1][:-4] for row in rows[:2]]
    head = ["rating", "config", "picture", "rater", "rated_at", "annotation", "emotion", "valence", "arousal"]
    said = [(names[0], "ada", "happy"), (names[0], "bob", "happy"), (names[1], "ada", "sad"), (names[1], "bob", "fear")]
    when = "2026-01-31T12:00:00.000000Z"
    lines = [
        [f"{number}", "small_original", name, rater, when, f"{number}", emotion, "0.1", "0.2"]
        for number, (name, rater, emotion) in enumerate(said)
    ]
    with (tmp_path / "ratings.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *lines])
    words = str(Words(section(made(tmp_path, tmp_path / "out.html"), "agreement")))
    assert "2 pictures, 2 raters, 2 pictures judged more than once." in words
    assert "happy 1 100% 0% 0%" in words
    lines[2][6] = "joyful"
    with (tmp_path / "ratings.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *lines])
    page = section(made(tmp_path, tmp_path / "out.html"), "agreement")
    assert "Left out: ratings.csv row 4" in str(Words(page))
    assert str(tmp_path) not in page
