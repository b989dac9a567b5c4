"""EmoNet-Face HQ as upstream ships it: a CSV whose last column is a Python literal, of people and of models."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import pytest

from DiffusionFER import EMONET_EMOTIONS
from tests.builder_runs import read_rows, run_child
from tests.environments import ROOT
from tests.trees import png

NO_LITERAL = "is not a Python literal of ratings"


def write_hq(data_dir: Path, *lines: tuple[str, ...], header: str = "image,annotator,annotations") -> Path:
    """Write an hq folder of two images with these lines in its CSV; return the folder."""
    folder = data_dir / "emonet-face-hq"
    (folder / "images").mkdir(parents=True)
    for name in ("a.png", "b.jpg"):
        (folder / "images" / name).write_bytes(png(1, 4))
    with (folder / "hq.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header.split(","), *lines])
    return folder


def test_hq_takes_people_and_leaves_models(tmp_path: Path) -> None:
    """With a column `human`, only people are annotators; without one, everybody is."""
    says = str({"Group|Awe": 2})
    flags = ("True", "false", "1", "0", "", "no", "TRUE")
    lines = [("a.png", f"who-{number}", says, flag) for number, flag in enumerate(flags)]
    write_hq(tmp_path, *lines, header="image,annotator,annotations,human")
    (row,) = read_rows("emonet_hq", tmp_path)
    assert [said["annotator"] for said in row["annotations"]] == ["who-0", "who-2", "who-4", "who-6"]
    shutil.rmtree(tmp_path / "emonet-face-hq")
    write_hq(tmp_path, *(line[:3] for line in lines))
    (row,) = read_rows("emonet_hq", tmp_path)
    assert len(row["annotations"]) == 7


def test_hq_of_models_only_has_no_annotation(tmp_path: Path) -> None:
    """A CSV in which no person rated says that the folder holds no annotation."""
    line = ("a.png", "gpt", "{}", "False")
    folder = write_hq(tmp_path, line, header="image,annotator,annotations,human")
    with pytest.raises(ValueError, match="no annotation") as caught:
        read_rows("emonet_hq", tmp_path)
    assert str(caught.value) == f"{folder} holds no annotation"


def test_hq_reads_groups_and_passes_over_extra_dimensions(tmp_path: Path) -> None:
    """Ratings lose their group, what is not named is 0, and Extra Dimensions are not emotions, whatever they say."""
    says = {"X|Awe": 2, "A|B|Fear": 6.5, "Pain": 7, "X|Hopelessness": 1, "Extra Dimensions|Age": "old"}
    write_hq(tmp_path, ("a.png", "one", str(says)), ("b", "two", "{}"))
    first, second = read_rows("emonet_hq", tmp_path)
    (said,) = first["annotations"]
    assert list(said["ratings"]) == list(EMONET_EMOTIONS)
    assert {name: value for name, value in said["ratings"].items() if value} == {
        **{"Awe": 2.0, "Fear": 6.5, "Pain": 7.0, "Helplessness": 1.0}
    }
    assert set(second["annotations"][0]["ratings"].values()) == {0.0}
    assert (second["image_id"], second["file"]) == ("b", "images/b.jpg")


WRONG = [
    ("{'X|Awe': 8}", "rating 8 of Awe is not a number from 0 to 7"),
    ("{'X|Awe': -1}", "rating -1 of Awe is not a number from 0 to 7"),
    ("{'X|Awe': 7.0001}", "rating 7.0001 of Awe is not a number from 0 to 7"),
    ("{'X|Awe': 1e999}", "rating inf of Awe is not a number from 0 to 7"),
    ("{'X|Awe': True}", "rating True of Awe is not a number from 0 to 7"),
    ("{'X|Awe': '3'}", "rating '3' of Awe is not a number from 0 to 7"),
    ("{'X|Awe': None}", "rating None of Awe is not a number from 0 to 7"),
    ("{'X|Awe': 1 + 2j}", "rating (1+2j) of Awe is not a number from 0 to 7"),
    ("{'X|Joy': 1}", "emotion 'Joy' is none of the 40 categories"),
    ("{3: 1}", "emotion '3' is none of the 40 categories"),
    ("{'X|Awe': 1, 'Y|Awe': 2}", "Awe is rated twice"),
    ("{'X|Helplessness': 1, 'X|Hopelessness': 1}", "Helplessness is rated twice"),
    ("['X|Awe', 1]", "ratings are not a mapping of emotions to numbers: \"['X|Awe', 1]\""),
    ("{'X|Awe': 1", f"annotations \"{{'X|Awe': 1\" {NO_LITERAL}"),
    ("{'X|Awe': nan}", f"annotations \"{{'X|Awe': nan}}\" {NO_LITERAL}"),
    ("{[]: 1}", f"annotations '{{[]: 1}}' {NO_LITERAL}"),
    ("", f"annotations '' {NO_LITERAL}"),
]


@pytest.mark.parametrize(("says", "problem"), WRONG, ids=[case[0] for case in WRONG])
def test_a_wrong_rating_is_named(tmp_path: Path, says: str, problem: str) -> None:
    """Ratings that are out of range, unknown, doubled or malformed stop with folder, row and value."""
    folder = write_hq(tmp_path, ("a.png", "one", "{}"), ("a.png", "two", says))
    with pytest.raises(ValueError, match="row 3") as caught:
        read_rows("emonet_hq", tmp_path)
    assert str(caught.value) == f"{folder}: hq.csv row 3: {problem}"


HOSTILE = {
    "a call": "__import__('pathlib').Path('pwned').touch()",
    "a call within": "{'X|Awe': __import__('pathlib').Path('pwned').touch()}",
    "a comprehension": "{k: open('pwned', 'w') for k in 'a'}",
    "an f-string": 'f\'{open("pwned", "w")}\'',
    "a power": "{'X|Awe': 9 ** 9 ** 9}",
    "brackets": "[" * 5000 + "]" * 5000,
    "braces": "{" * 5000,
    "signs": "-" * 200_000 + "1",
    "a sum": "+".join(["1"] * 100_000),
    "attributes": "a" + ".a" * 100_000,
    "digits": "{'X|Awe': " + "9" * 10_000 + "}",
    "tuples": "(" * 90 + ",)" * 90,
}


CHILD = """
import sys, DiffusionFER
for data_dir in sys.argv[1:]:
    try:
        DiffusionFER.read_index("emonet_hq", data_dir)
    except ValueError as error:
        print("refused", str(error)[:400], flush=True)
"""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Read every hostile literal in one process; return what it printed of each."""
    home = tmp_path_factory.mktemp("hostile")
    for name, says in HOSTILE.items():
        write_hq(home / name, ("a.png", "one", says))
    shutil.copy(ROOT / "DiffusionFER.py", home)
    output = run_child([sys.executable, "-c", CHILD, *(home / name for name in HOSTILE)], home)
    assert not list(home.rglob("pwned"))
    return {name: next((line for line in output.splitlines() if f"{home / name}/" in line), "") for name in HOSTILE}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_literal_is_refused_and_never_run(refusals: dict[str, str], name: str) -> None:
    """Code, deep nesting and huge numbers in the literal give an error with the row, in a process that lives on."""
    assert refusals[name].startswith("refused")
    place, _, problem = refusals[name].partition(": hq.csv row 2: ")
    assert place.endswith(f"{name}/emonet-face-hq")
    assert problem.startswith(("annotations ", "ratings are not a mapping"))
