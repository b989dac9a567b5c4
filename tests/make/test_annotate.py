"""`annotate import` and `annotate agreement`: what they do, and what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, open_raw, read_annotations, read_index
from tests.environments import ROOT
from tests.make.rated import REAL, annotation, run, task, write_export
from tests.trees import write_emonet, write_faces, zip_folder
from tools.make.ratings.emonet import annotator_name


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A data directory with 28 pictures in both variants, and three folders of EmoNet-Face."""
    (tmp_path / "data tree").mkdir()
    write_faces(tmp_path / "data tree", 28, 48)
    write_emonet(tmp_path / "data tree")
    return tmp_path / "data tree"


# --- import -----------------------------------------------------------------------------------------------------------


def test_a_real_round_trip(tree: Path) -> None:
    """What Label Studio gave back is imported from both of its forms, once; a person decides on what is left."""
    result = run("import", REAL / "faces.json", REAL / "faces_min.json", "--data-dir", tree, "--rater", "anna")
    path = "DifussionEmotion_S/disgust/aaaaaaam_5.png"
    assert result.output.startswith(
        "ratings read: 8, of them new: 4\n"
        "left out: cancelled: 1\n"
        "small: pictures labelled by people: 3, rows written: 3\n"
        f"changed: {path}: disgust is happy to most; its row is as before the ratings: see --on-change\n"
    )
    assert result.exit_code == 1
    assert (
        run("import", REAL / "faces.json", "--data-dir", tree, "--rater", "anna", "--on-change", "move").exit_code == 0
    )
    index = read_index("small_cropped", str(tree))
    labels = dict(zip(index.table["image_id"].to_pylist(), index.table["emotion"].to_pylist(), strict=True))
    assert labels["aaaaaaam_1"] == EMOTIONS.index("happy")


def test_the_builder_reads_what_was_imported(tree: Path) -> None:
    """Ratings of EmoNet-Face HQ are rows of its CSV beside others; again they replace, and names are hidden."""
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
    text = "image,annotator,annotations,human\nimages/00001.png,rater-6b86b273,{'Amusement': 6.0},True\n"
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


def test_agreement_of_nothing(tree: Path, tmp_path: Path) -> None:
    """No rating is no report; a folder without annotations is named, and the others are reported."""
    export = write_export(tmp_path / "a.json")
    result = run("agreement", export)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"error: {export} holds no rating yet\n")
    (tree / "emonet-face-binary/binary.csv").unlink()
    result = run("agreement", tree, "--json")
    assert (result.exit_code, [report["kind"] for report in json.loads(result.stdout)]) == (1, ["hq"])
    assert result.stderr.startswith("left out: emonet_binary: ")
    (tree / "emonet-face-hq/hq.csv").unlink()
    result = run("agreement", tree)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("rater", "name"),
    [
        ("anna", "rater-55579b55"), ("anna@example.org", "rater-a3bf8623"), ("1", "rater-6b86b273"),
        ("human-4", "human-4"), ("expert-12", "expert-12"),
    ],
)  # fmt: skip
def test_names_of_raters(rater: str, name: str) -> None:
    """No name and no address is published, but always the same word for it; upstream's annotators keep theirs."""
    assert annotator_name(rater) == name


def test_what_cannot_be_imported_changes_nothing(tree: Path) -> None:
    """Of EmoNet-Face, too: a folder that is a zip is refused before a rating is kept."""
    zip_folder(tree / "emonet-face-hq")
    result = run("import", REAL / "hq.json", "--data-dir", tree)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert not (tree / "ratings.csv").exists()


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
