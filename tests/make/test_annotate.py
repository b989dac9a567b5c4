"""`annotate`: projects that are written, ratings that come back, agreement, and what the command says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, SUBSETS, open_raw, read_annotations, read_index
from tests.environments import ROOT
from tests.make.rated import REAL, annotation, task, write_export
from tests.trees import write_emonet, write_faces, zip_folder
from tools.annotate import main
from tools.make.ratings.pictures import Picture, Pictures
from tools.make.ratings.tasks import Sample, draw, share_out


def run(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


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


# --- export -----------------------------------------------------------------------------------------------------------


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


# --- import -----------------------------------------------------------------------------------------------------------


def test_a_real_round_trip(tree: Path) -> None:
    """What Label Studio gave back is imported from both of its forms, once; a person decides on what is left."""
    result = run("import", REAL / "faces.json", REAL / "faces_min.json", "--data-dir", tree, "--rater", "anna")
    path = "DifussionEmotion_S/disgust/aaaaaaam_5.png"
    assert result.output.startswith(
        "ratings read: 8, of them new: 4\n"
        "left out: cancelled: 1\n"
        "small: pictures labelled by people: 3, rows written: 3\n"
        f"changed: {path}: disgust is happy to most; its row is as it was: see --on-change\n"
    )
    assert result.exit_code == 1
    assert (
        run("import", REAL / "faces.json", "--data-dir", tree, "--rater", "anna", "--on-change", "move").exit_code == 0
    )
    index = read_index("small_cropped", str(tree))
    labels = dict(zip(index.table["image_id"].to_pylist(), index.table["emotion"].to_pylist(), strict=True))
    assert labels["aaaaaaam_1"] == EMOTIONS.index("happy")


def test_the_builder_reads_what_was_imported(tree: Path) -> None:
    """Ratings of EmoNet-Face HQ are rows of its CSV beside others; again they replace, and e-mail is hidden."""
    assert run("import", REAL / "hq.json", "--data-dir", tree, "--rater", "anna@example.org").exit_code == 0
    folder = open_raw("emonet_hq", str(tree))
    read = {(one.image, one.says["annotator"]): one.says["ratings"] for one in read_annotations("hq", folder)}
    assert len(read) == 5
    name = next(who for _, who in read if who.startswith("rater-"))
    assert "@" not in (tree / "emonet-face-hq/hq.csv").read_text()
    assert read["images/00001.png", name] == {**dict.fromkeys(EMONET_EMOTIONS, 0.0), "Amusement": 6.0}
    assert len(read_index("emonet_hq", str(tree)).table["annotations"].to_pylist()[1]) == 3
    before = (tree / "emonet-face-hq/hq.csv").read_bytes()
    run("import", REAL / "hq_min.json", "--data-dir", tree, "--rater", "anna@example.org")
    assert (tree / "emonet-face-hq/hq.csv").read_bytes() == before


def test_a_folder_without_annotations_gets_some(tree: Path) -> None:
    """Where nobody has rated yet, the CSV is made as upstream ships it."""
    (tree / "emonet-face-hq/hq.csv").unlink()
    assert run("import", REAL / "hq.json", "--data-dir", tree).exit_code == 0
    text = "image,annotator,annotations,human\nimages/00001.png,1,{'Amusement': 6.0},True\n"
    assert (tree / "emonet-face-hq/hq.csv").read_text() == text


def test_status_and_json(tree: Path, tmp_path: Path) -> None:
    """A tie ends with 1 where it is skipped and with 0 where it is kept; --json tells it as data."""
    export = write_export(tmp_path / "a.json", task("aaaaaaab", annotation(1, "sad"), annotation(2, "fear", id=2)))
    skipped = run("import", export, "--data-dir", tree, "--json")
    assert skipped.exit_code == 1
    told = json.loads(skipped.stdout)
    assert told["outcomes"]["small"]["ties"] == [["DifussionEmotion_S/happy/aaaaaaab_1.png", ["fear", "sad"]]]
    assert told["reports"][0]["alphas"]["emotion"] == 0.0
    assert run("import", export, "--data-dir", tree, "--on-tie", "keep").exit_code == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.json", "{file}: No such file or directory"),
        ("folder", "{file} is not a regular file"),
        ("other.json", "{file}: task 3: no picture and config in its data ('text'): the tasks that `annotate export` "
         "writes have both"),
    ],
)  # fmt: skip
def test_bad_files(tree: Path, tmp_path: Path, name: str, message: str) -> None:
    """A file that is not there, a folder and another project's export are one line and status 2; nothing changes."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.json").write_text('[{"id": 3, "data": {"text": "x"}, "annotations": []}]')
    result = run("import", tmp_path / name, "--data-dir", tree)
    assert (result.exit_code, result.stderr) == (2, f"error: {message.format(file=tmp_path / name)}\n")
    assert not (tree / "ratings.csv").exists()


@pytest.mark.parametrize(
    "arguments",
    [("export", ".", "--config", "small_original", "-o", "x"), ("import", REAL / "faces.json", "--data-dir", ".")],
)
def test_a_directory_without_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[Any, ...]) -> None:
    """What was looked for is said, in one line."""
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert " holds n" in result.stderr
    assert result.stderr.count("\n") == 1


def test_many_cases_are_counted(tree: Path, tmp_path: Path) -> None:
    """Of many cases of a kind the first are listed and the rest counted."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    said = [task(f"aaaaaaa{letter}", annotation(1, "sad"), annotation(2, "fear", id=2)) for letter in letters]
    output = run("import", write_export(tmp_path / "a.json", *said), "--data-dir", tree).output
    assert output.count("\ntie: ") == 20
    assert "\n... and 6 more: --json has all\n" in output


# --- agreement --------------------------------------------------------------------------------------------------------


def test_agreement_of_faces(tree: Path, tmp_path: Path) -> None:
    """Of three raters and two pictures, the shares are those worked out by hand, wherever they are read from."""
    first = [annotation(who, emotion, (0.2, 0.1), id=who) for who, emotion in enumerate(["sad", "sad", "fear"], 1)]
    second = [annotation(who, "happy", (0.5, 0.5), id=who) for who in (1, 2)]
    export = write_export(tmp_path / "a.json", task("aaaaaaac", *first), task("aaaaaaab", *second))
    run("import", export, "--data-dir", tree)
    said = [run("agreement", path, "--json") for path in (export, tree / "ratings.csv", tree)]
    reports = [json.loads(result.stdout)[0] for result in said]
    assert reports[0] == reports[1] == reports[2]
    rows = {row["emotion"]: row for row in reports[0]["rows"]}
    assert [rows[emotion]["full"] for emotion in ("happy", "sad", "fear", "angry")] == [1.0, 0.0, 0.0, None]
    assert [rows[emotion]["partial"] for emotion in ("sad", "fear")] == [1.0, 1.0]
    assert reports[0]["alphas"]["valence"] == 1.0
    text = run("agreement", export).output
    assert all(len(line) <= 80 for line in text.splitlines())
    assert text.startswith(
        "ratings of small\n2 pictures, 3 raters, 2 pictures judged more than once\nalpha of emotion: 0.500\n"
    )


def test_agreement_of_emonet(tree: Path) -> None:
    """A data directory reports on EmoNet-Face, too: kappa and alpha of sliders, shares of judgements."""
    reports = json.loads(run("agreement", tree, "--json").stdout)
    assert [report["kind"] for report in reports] == ["hq", "binary"]
    assert run("agreement", tree / "emonet-face-hq/hq.csv").output.count("\n") > 40
    assert run("agreement", tree / "dataset_sheet.csv").stderr == (
        f"error: {tree}/dataset_sheet.csv holds no ratings: expected an export (.json), ratings.csv, or a CSV of "
        "EmoNet-Face\n"
    )


def test_real_agreement(shared: Path) -> None:
    """The real binary.csv by the command: nothing on the error stream, and the emotion that is disputed most first."""
    result = run("agreement", shared / "emonet/binary.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Sexual Lust " in result.output.split("none     alpha\n")[1][:12]


def test_help_loads_nothing_heavy() -> None:
    """--help of each verb loads none of the large libraries."""
    code = (
        "import sys; from tools.annotate import main\n"
        "for verb in ('export', 'import', 'agreement'):\n"
        "    try: main([verb, '--help'])\n"
        "    except SystemExit: pass\n"
        "heavy = {'datasets', 'pyarrow', 'numpy', 'PIL', 'krippendorff'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
