"""EmoNet-Face binary and big in the forms that upstream ships: names of images, annotations, side files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from DiffusionFER import EMONET_EMOTIONS, emonet_label
from tests.builder_runs import read_rows
from tests.trees import png, write_emonet


def test_the_alias_maps_to_the_category() -> None:
    """Hopelessness is Helplessness, and any other unknown name is refused."""
    assert EMONET_EMOTIONS[emonet_label("Hopelessness")] == "Helplessness"
    for name in ("hopelessness", "Joy", "", None):
        with pytest.raises(ValueError, match="none of the 40"):
            emonet_label(name)


# --- binary ---


def test_binary_finds_an_image_by_each_of_its_names(tmp_path: Path) -> None:
    """A `path` names its image with or without folder and ending, and annotations of one image come together."""
    folder = tmp_path / "emonet-face-binary"
    (folder / "part-1").mkdir(parents=True)
    (folder / "part-1" / "00007.png").write_bytes(png(1, 4))
    names = ("00007", "00007.png", "part-1/00007", "part-1/00007.png")
    lines = [
        f"{name},human-{number},{value},Pain" for number, (name, value) in enumerate(zip(names, "TFTF", strict=True))
    ]
    text = "\n".join(["path,annotator,value,emotion", *lines]).replace(",T,", ",True,").replace(",F,", ",False,")
    (folder / "any name.csv").write_text(text)
    (row,) = read_rows("emonet_binary", tmp_path)
    assert [said["present"] for said in row["annotations"]] == [True, False, True, False]
    assert [said["annotator"] for said in row["annotations"]] == ["human-0", "human-1", "human-2", "human-3"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("00000,human-1,True,Joy", "emotion 'Joy' is none of the 40 categories"),
        ("00000,human-1,maybe,Fear", "value 'maybe' is neither True nor False"),
        ("00000,,True,Fear", "annotator is missing"),
        ("99999,human-1,True,Fear", "image '99999' is missing"),
        ("../00000,human-1,True,Fear", "image '../00000' leaves its folder or is not in plain form"),
        (",human-1,True,Fear", "image '' leaves its folder or is not in plain form"),
        ("twice,human-1,True,Fear", "image 'twice' may be a/twice.png or b/twice.jpg"),
    ],
)
def test_a_wrong_binary_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    """A line of binary.csv that says nothing usable stops with folder, row and value."""
    write_emonet(tmp_path)
    folder = tmp_path / "emonet-face-binary"
    for name in ("a/twice.png", "b/twice.jpg"):
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(png(9, 4))
    with (folder / "binary.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match="row 5") as caught:
        read_rows("emonet_binary", tmp_path)
    assert str(caught.value) == f"{folder}: binary.csv row 5: {says}"


@pytest.mark.parametrize("config", ["emonet_binary", "emonet_hq"])
def test_the_one_csv_is_missing_or_doubled(tmp_path: Path, config: str) -> None:
    """An EmoNet folder without a CSV of annotations, with two, or with wrong columns, says so with its path."""
    write_emonet(tmp_path)
    folder = tmp_path / config.replace("emonet_", "emonet-face-")
    (table,) = folder.glob("*.csv")
    shutil.copy(table, folder / "zz.csv")
    with pytest.raises(FileNotFoundError) as caught:
        read_rows(config, tmp_path)
    assert str(caught.value) == f"{folder} must hold one CSV of annotations, but holds {table.name}, zz.csv"
    table.unlink()
    (folder / "zz.csv").write_text("image,annotations\n" if config == "emonet_hq" else "path,annotator,value\n")
    with pytest.raises(ValueError, match="no column") as wrong:
        read_rows(config, tmp_path)
    lacks = "annotator" if config == "emonet_hq" else "emotion"
    assert str(wrong.value) == f"{folder}/zz.csv has no column {lacks}"
    header = "image,annotations,annotator" if config == "emonet_hq" else "path,annotator,value,emotion"
    (folder / "zz.csv").write_text(f"{header},annotator\n")
    with pytest.raises(ValueError, match="more than one") as twice:
        read_rows(config, tmp_path)
    assert str(twice.value) == f"{folder}/zz.csv has more than one column annotator"
    (folder / "zz.csv").unlink()
    with pytest.raises(FileNotFoundError) as none:
        read_rows(config, tmp_path)
    assert str(none.value) == f"{folder} must hold one CSV of annotations, but holds none"


# --- big ---


def test_big_takes_prompt_and_demographics_from_the_side_file(tmp_path: Path) -> None:
    """Where metadata names an image, prompt, ethnicity, gender and age come from it, as text or as Parquet types."""
    write_emonet(tmp_path)
    folder = tmp_path / "emonet-face-big"
    side = "file_name,prompt,ethnicity,gender,age\nx/00000.png,p,,,\n00001.png,,Han,Male,41.0\nother.png,q,,,3\n"
    (folder / "metadata.csv").write_text(side)
    wanted = [
        ("p", dict.fromkeys(("ethnicity", "gender", "age"))),
        (None, {"ethnicity": "Han", "gender": "Male", "age": 41}),
    ]
    assert [(row["prompt"], row["demographics"]) for row in read_rows("emonet_big", tmp_path)] == wanted
    import pandas as pd

    pd.read_csv(folder / "metadata.csv").to_parquet(folder / "metadata.parquet")
    (folder / "metadata.csv").unlink()
    assert [(row["prompt"], row["demographics"]) for row in read_rows("emonet_big", tmp_path)] == wanted
    (folder / "metadata.parquet").unlink()
    assert [(row["prompt"], row["demographics"]) for row in read_rows("emonet_big", tmp_path)] == [(None, None)] * 2


@pytest.mark.parametrize("line", [",p,,,3", "00000.png,p,,,young", "00000.png,p,,,-3"])
def test_a_wrong_side_row_is_named(tmp_path: Path, line: str) -> None:
    """A row of the side file without a file name, or with an age that is no number, stops with file, row and value."""
    write_emonet(tmp_path)
    folder = tmp_path / "emonet-face-big"
    (folder / "metadata.csv").write_text(f"file_name,prompt,ethnicity,gender,age\n{line}\n")
    with pytest.raises(ValueError, match="row 2") as caught:
        read_rows("emonet_big", tmp_path)
    age = line.rsplit(",", 1)[1]
    assert str(caught.value) == f"{folder}/metadata.csv row 2: no file_name, or age {age!r} is no number of years"


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("{", "Expecting property name"),
        ('{"value": {}}', "'key'"),
        ('{"key": ["file"], "value": {}}', "not enough values to unpack"),
        ('{"key": ["model", "00000.png"]}', "'value'"),
        ('{"key": ["model", "00000.png"], "value": [1]}', "ratings are not a mapping of emotions to numbers: '[1]'"),
        ('{"key": ["model", "00000.png"], "value": {"X|Awe": NaN}}', "rating nan of Awe is not a number from 0 to 7"),
        ('{"key": ["model", "00000.png"], "value": {"X|Joy": 1}}', "emotion 'Joy' is none of the 40 categories"),
        ("[" * 100_000, "recursion"),
        ('"key"', "string indices"),
        ("3", "not subscriptable"),
    ],
)
def test_a_wrong_big_document_is_named(tmp_path: Path, document: str, says: str) -> None:
    """A JSON file of another form stops with folder, file, the form that is meant, and what is wrong."""
    write_emonet(tmp_path)
    folder = tmp_path / "emonet-face-big"
    (folder / "vlm" / "2.json").write_text(document)
    with pytest.raises(ValueError, match="is not of the form") as caught:
        read_rows("emonet_big", tmp_path)
    form = "is not of the form {'key': [..., model, file], 'value': {'Group|Emotion': 0..7}}"
    assert str(caught.value).startswith(f"{folder}: vlm/2.json: {form} (")
    assert says in str(caught.value)
