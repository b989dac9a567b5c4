"""`annotate export`: the project for Label Studio, and what is drawn and dealt out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMOTIONS, SUBSETS
from tests.make.rated import run
from tests.trees import write_emonet, write_faces, zip_folder
from tools.make.ledger import Ledger
from tools.make.ratings.pictures import Picture, Pictures
from tools.make.ratings.tasks import Sample, draw, share_out


def tasks_of(path: Path) -> list[dict[str, Any]]:
    """Return the tasks of a file."""
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A data directory with 28 pictures in both variants, and three folders of EmoNet-Face."""
    (tmp_path / "data tree").mkdir()
    write_faces(tmp_path / "data tree", 28, 48)
    write_emonet(tmp_path / "data tree")
    return tmp_path / "data tree"


@pytest.mark.parametrize("config", ["small_original", "small_cropped", "emonet_hq"])
def test_a_project(tree: Path, tmp_path: Path, config: str) -> None:
    """Each picture has a task, whose URL leads to its file and whose name says no label; the bytes never differ."""
    made = [run("export", tree, "--config", config, "-o", tmp_path / out) for out in "ab"]
    assert [result.exit_code for result in made] == [0, 0], made[0].output
    for name in ("tasks.json", "labeling_config.xml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    found = tasks_of(tmp_path / "a/tasks.json")
    assert len(found) == (2 if config == "emonet_hq" else 28)
    for one in found:
        before, _, path = unquote(one["data"]["image"]).partition("?d=")
        assert before == "/data/local-files/"
        assert (tree.parent / path).is_file()
        assert path.split("/")[1] == SUBSETS[config].folders[0]
        assert one.keys() == {"data"}
        assert not any(emotion in one["data"]["picture"] or "_" in one["data"]["picture"] for emotion in EMOTIONS)


def test_a_prefix(tree: Path, tmp_path: Path) -> None:
    """With --url the pictures may be in a zip, and are addressed below the prefix; without it, a zip is refused."""
    zip_folder(tree / "DifussionEmotion_S")
    refused = run("export", tree, "--config", "small_original", "-o", tmp_path / "a")
    message = (
        "error: the pictures of small_original are in a zip, of which nothing is served: unpack it, or give --url\n"
    )
    assert (refused.exit_code, refused.stderr) == (2, message)
    given_url = run("export", tree, "--config", "small_original", "-o", tmp_path / "a", "--url", "https://x.org/d")
    assert given_url.exit_code == 0
    images = [one["data"]["image"] for one in tasks_of(tmp_path / "a/tasks.json")]
    assert all(image.startswith("https://x.org/d/DifussionEmotion_S/") for image in images)


def test_claims_only_where_they_are_wanted(tree: Path, tmp_path: Path) -> None:
    """With --with-claims a task shows what the sheet says, by name of its source, in the form of a rating."""
    assert run("export", tree, "--config", "small_original", "-o", tmp_path / "a", "--with-claims").exit_code == 0
    for one in tasks_of(tmp_path / "a/tasks.json"):
        (prediction,) = one["predictions"]
        assert prediction["model_version"] == "prompt"
        emotion, point = prediction["result"]
        assert f"/{emotion['value']['choices'][0]}/" in one["data"]["image"]
        assert 0 <= point["value"]["x"] <= 100
    refused = run("export", tree, "--config", "emonet_hq", "-o", tmp_path / "b", "--with-claims")
    assert refused.stderr == "error: emonet_hq has no sheet, and so no labels to show: leave out --with-claims\n"


def test_rows_without_a_picture(tree: Path, tmp_path: Path) -> None:
    """A row whose picture is not made yet has no task, which is said."""
    (tree / "DifussionEmotion_S/happy/aaaaaaab_1.png").unlink()
    result = run("export", tree, "--config", "small_original", "-o", tmp_path / "a")
    assert len(tasks_of(tmp_path / "a/tasks.json")) == 27
    assert "1 rows have no picture yet, and no task\n" in result.stderr


def test_tasks_of_an_export_before(tree: Path, tmp_path: Path) -> None:
    """Those for raters that there are no more go, which is said; what was not written here stays."""
    out = tmp_path / "a"
    run("export", tree, "--config", "small_original", "-o", out, "--raters", "12", "--overlap", "1", "--count", "10")
    tasks = tasks_of(out / "tasks_03.json")
    mine = {
        "tasks_77.json": [{**tasks[0], "annotations": []}],  # what Label Studio exports
        "tasks_78.json": [{"data": {"text": "x"}}],
        "tasks_79.json": {},
        "tasks_of_mine.json": tasks,
    }
    for name, content in mine.items():
        (out / name).write_text(json.dumps(content))
    result = run("export", tree, "--config", "small_original", "-o", out, "--raters", "2")
    left = ["labeling_config.xml", "tasks_1.json", "tasks_2.json", *mine]
    assert sorted(path.name for path in out.iterdir()) == sorted(left)
    assert result.stderr.count(" removed: tasks of an export before, of which there are fewer files now\n") == 12


def test_an_export_while_something_is_made(tree: Path, tmp_path: Path) -> None:
    """It reads alone, so it does not wait for another command to end."""
    with Ledger(tree / "dataset_sheet.csv") as ledger:
        ledger.record({"DifussionEmotion_S/happy/aaaaaaab_1.png": {"sha256_cropped": "0"}})
        assert run("export", tree, "--config", "small_cropped", "-o", tmp_path / "a").exit_code == 0
    assert len(tasks_of(tmp_path / "a/tasks.json")) == 28


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--config", "emonet_binary"], "emonet_binary is judged one emotion at a time, after another judgement, which "
         "is no task that can be given out: rate emonet_hq, whose 40 sliders are those of EmoNet-Face"),
        (["--config", "small_original", "--count", "29"], "count: expected at most 28, the pictures there are (got "
         "29)"),
        (["--config", "small_original", "--raters", "2", "--overlap", "3"], "overlap: expected 1 to 2, the number of "
         "raters (got 3)"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported(tree: Path, tmp_path: Path, options: list[str], message: str) -> None:
    """Each is one line, and no file is written."""
    result = run("export", tree, "-o", tmp_path / "a", *options)
    assert (result.exit_code, result.stderr) == (2, f"error: {message}\n")
    assert not (tmp_path / "a").exists()


PICTURES = Pictures([Picture(f"p{n}", f"f/{n}.png", {"emotion": EMOTIONS[n % 7]}) for n in range(60)], 0, False)


@given(st.integers(1, 60), st.integers(0, 9))
def test_a_balanced_draw(count: int, seed: int) -> None:
    """Of a draw, no emotion has more than one picture more than another, as far as there are so many."""
    drawn = draw(PICTURES, Sample(count, seed=seed))
    emotions = Counter(picture.row["emotion"] for picture in drawn)
    assert len({picture.name for picture in drawn}) == count
    assert max(emotions.values()) - min(emotions[emotion] for emotion in EMOTIONS) <= 1


@given(st.integers(1, 7).flatmap(lambda raters: st.tuples(st.just(raters), st.integers(1, raters))), st.integers(0, 9))
def test_shares_of_a_team(team: tuple[int, int], seed: int) -> None:
    """Each picture has its number of raters, nobody has two more than another, and with two all pairs meet."""
    raters, overlap = team
    shares = share_out(PICTURES.found, Sample(None, raters, overlap, seed))
    names = [[picture.name for picture in share] for share in shares]
    assert Counter(name for share in names for name in share) == dict.fromkeys(
        (p.name for p in PICTURES.found), overlap
    )
    assert all(len(set(share)) == len(share) for share in names)
    assert max(map(len, names)) - min(map(len, names)) <= 1
    if overlap > 1:
        assert all(set(one) & set(other) for one in names for other in names)
