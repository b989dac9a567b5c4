"""The rendered blocks say what the Description has, in tables that untrusted words cannot break."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image

from DiffusionFER import EMOTIONS, FACE_FEATURES, SUBSETS
from tests.describe.footers import describe_rows, footers_of, write_footers
from tests.trees import AFFECT, face_rows, write_faces, write_sheet, zip_folder
from tools.describe.blocks.tables import BLOCKS
from tools.describe.blocks.text import decimal, human_size, percent, word
from tools.describe.facts import pictures as facts_pictures
from tools.describe.facts.description import Description, describe
from tools.make import prompts

BOTH = ("small_original", "small_cropped")
NOTHING = Description(Path())


def rendered(name: str, description: Description) -> str:
    """Return a block that must be there, and whose text ends its last line."""
    text = BLOCKS[name](description)
    assert text is not None
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    return text


def tables_of(text: str) -> list[list[list[str]]]:
    """Return the tables of a Markdown text as a person sees them: rows of cells of plain text, the header first."""
    tables: list[list[list[str]]] = []
    in_cell = False
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        assert token.type != "html_block"
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type in ("th_open", "td_open", "th_close", "td_close"):
            in_cell = token.nesting == 1
        elif in_cell and token.type == "inline":
            parts = token.children or []
            assert {part.type for part in parts} <= {
                "text",
                "text_special",
                "code_inline",
                "strong_open",
                "strong_close",
            }
            tables[-1][-1].append("".join(part.content for part in parts))
    assert all(len(row) == len(rows[0]) for rows in tables for row in rows)
    return tables


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Description:
    """A small tree of 42 faces, half of them white and half latin, drawn by the renderer."""
    data_dir = tmp_path_factory.mktemp("data")
    rows = write_faces(data_dir, 42, size=8)
    for index, row in enumerate(rows):
        row |= {"race": ("white", "latin")[index // 7 % 2], "age": "old", "gender": "man" if index < 21 else "woman"}
        row["model"] = "diffusionfer-sketch-1"
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    return describe(data_dir, footers_of(data_dir / "footers", rows, *BOTH))


def test_every_block_renders_and_is_the_same_twice(small: Description) -> None:
    """Each block of a small dataset is Markdown, byte for byte the same when it is made again."""
    for name in BLOCKS:
        assert rendered(name, small) == rendered(name, small)


def test_what_is_not_at_hand_has_no_block() -> None:
    """Without faces only the blocks are left that need none."""
    assert {name for name in BLOCKS if BLOCKS[name](NOTHING)} == {"subsets", "prompts", "settings"}


def test_subsets(small: Description) -> None:
    """All nine configs have a row; what is at hand says how much it is, and what edition."""
    (header, *rows) = tables_of(rendered("subsets", small))[0]
    assert header == ["config", "images", "size", "directory", "status"]
    assert [row[0].partition(" ")[0] for row in rows] == list(SUBSETS)
    size = human_size(small.faces["small"].pictures["original"].num_bytes)
    assert rows[0] == ["small_original (default)", "42", size, "DifussionEmotion_S/", "published: rendered edition"]
    assert rows[2] == ["medium_original", "", "", "DifussionEmotion_M/", "not made yet"]
    unpublished = "read from upstream's files, not published here"
    assert rows[8] == ["emonet_big", "203,201", "", "emonet-face-big/", unpublished]


def test_subsets_of_other_kinds(tmp_path: Path) -> None:
    """A zip is named as one, EmoNet with shards is published, and what a program drew in part, or not, is told so."""
    rows = write_faces(tmp_path, 14, size=8)
    for row in rows[:4]:
        row["model"] = "diffusionfer-sketch-2"
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    zip_folder(tmp_path / "DifussionEmotion_S")
    shards = {**footers_of(tmp_path, rows, *BOTH), "emonet_hq": write_footers(tmp_path, "emonet_hq", {"test": 2_000})}
    by_config = {row[0]: row for row in tables_of(rendered("subsets", describe(tmp_path, shards)))[0]}
    assert by_config["small_original (default)"][3:] == ["DifussionEmotion_S.zip", "published: 4 of 14 rendered"]
    assert by_config["emonet_hq"] == ["emonet_hq", "2,000", "", "emonet-face-hq/", "published"]
    for row in rows:
        row["model"] = "stable-diffusion"
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    by_config = {row[0]: row for row in tables_of(rendered("subsets", describe(tmp_path, shards)))[0]}
    assert by_config["small_cropped"][4] == "published"


def test_classes(small: Description) -> None:
    """Rows by emotion and split, with their sums; every sum is that of its row or column."""
    header, *rows, total = tables_of(rendered("classes", small))[0]
    assert header == ["label", "emotion", "train", "validation", "test", "all"]
    assert [row[:2] for row in rows] == [[str(index), name] for index, name in enumerate(EMOTIONS)]
    assert rows[0][2:] == ["5", "1", "0", "6"]  # rows 0, 7, 14, 21, 28 (validation) and 35
    assert total == ["", "total", "34", "4", "4", "42"]


def test_an_emotion_without_rows(tmp_path: Path) -> None:
    """An emotion that no row has is a row of zeros, or of nothing."""
    rows = [row for row in face_rows(1400) if row["emotion"] != "fear"]
    description = describe_rows(tmp_path / "data", rows)
    classes = tables_of(rendered("classes", description))[0]
    assert classes[5] == ["4", "fear", "0", "0", "0", "0"]
    assert classes[8][5] == "1,200"
    assert tables_of(rendered("affect", description))[0][5] == ["fear", "", "", "", "", "", ""]


def test_columns(small: Description) -> None:
    """Each published column has type, unit, share of nulls, example and meaning."""
    header, *rows = tables_of(rendered("columns", small))[0]
    assert header == ["column", "type", "unit", "null", "example", "meaning"]
    by_name = {row[0]: row[1:] for row in rows}
    assert list(by_name) == list(FACE_FEATURES)
    assert by_name["face_box"][:4] == ["List(float32)", "pixels", "50.0%", "[0, 0, 8, 8]"]
    assert by_name["face_box"][4] == (
        "The box around the face in the original: x and y of its upper left corner, its width and its height"
    )
    assert by_name["style"][1:4] == ["", "100.0%", ""]
    assert by_name["valence"][3] == "-0.54"  # of row 6, the first by path: -0.6 and 6 hundredths


def test_long_examples_are_cut(tmp_path: Path) -> None:
    """A text is cut at its length, and a word that no browser can break well before it."""
    rows = face_rows(7)
    for row in rows:
        row["sha256"], row["prompt"] = "ab" * 32, "a very long prompt " * 9
    by_name = {row[0]: row for row in tables_of(rendered("columns", describe_rows(tmp_path / "data", rows)))[0]}
    assert by_name["sha256"][4] == "abababababababab…"
    assert by_name["prompt"][4] == "a very long prompt a very long prompt a…"


def test_affect(small: Description) -> None:
    """Ranges, means and deviations of both scales, by emotion."""
    header, *rows = tables_of(rendered("affect", small))[0]
    assert header[:4] == ["emotion", "valence range", "valence mean", "valence SD"]
    # Neutral rows are 0, 7, 14, 21, 28, 35: -0.1 and 0, 7, 14 hundredths, twice.
    assert rows[0] == [
        "neutral",
        "-0.100\u00a0to\u00a00.040",
        "-0.030",
        "0.057",
        "0.000\u00a0to\u00a00.000",
        "0.000",
        "0.000",
    ]
    assert [row[5] for row in rows] == [f"{AFFECT[emotion][1]:.3f}" for emotion in EMOTIONS]


def test_balance(small: Description) -> None:
    """Groups alone, their crossings, and the least and most filled cells, of what the sheet states."""
    text = rendered("balance", small)
    alone, crossed = tables_of(text)
    assert alone == [
        ["part", "value", "images", "share"],
        ["race", "white", "21", "50.0%"],
        ["race", "latin", "21", "50.0%"],
        ["age", "old", "42", "100.0%"],
        ["gender", "man", "21", "50.0%"],
        ["gender", "woman", "21", "50.0%"],
    ]
    assert crossed == [
        ["race", "age", "man", "woman", "all"],
        ["white", "old", "14", "7", "21"],
        ["latin", "old", "7", "14", "21"],
    ]
    assert text.splitlines()[-1] == (
        "Of the 28 cells of emotion x race x age x gender, 14 are the least filled with 1 image each (such as neutral, "
        "white, old, woman), and 14 are the most filled with 2 images each (such as neutral, white, old, man)."
    )


def test_balance_of_what_is_not_stated(tmp_path: Path) -> None:
    """Null is a group of its own, a column that is all null is left out, and so is the block where all are."""
    rows = face_rows(14)
    for index, row in enumerate(rows):
        row["race"] = "white" if index else ""
    text = rendered("balance", describe_rows(tmp_path / "some", rows))
    (alone,) = tables_of(text)
    assert alone[1:] == [["race", "white", "13", "92.9%"], ["race", "not stated", "1", "7.1%"]]
    assert "1 is the least filled with 1 image (neutral, white), and 6 are the most" in text
    for row in rows:
        row["race"] = "white"
    assert "Of the 7 cells of emotion x race, each has 2 images." in rendered(
        "balance", describe_rows(tmp_path / "even", rows)
    )
    for row in rows:
        row["race"] = ""
    assert BLOCKS["balance"](describe_rows(tmp_path / "none", rows)) is None


def test_empty_cells_are_the_least_filled(tmp_path: Path) -> None:
    """Cells that the words can make and no row is in are counted as empty."""
    rows = face_rows(14)
    rows[0] |= {"race": "latin", "gender": "man"}
    rows[1] |= {"race": "black", "gender": "woman"}
    text = rendered("balance", describe_rows(tmp_path / "data", rows))
    assert (
        "Of the 42 cells of emotion x race x gender, 40 are empty, and 2 are the most filled with 1 image each" in text
    )


def test_of_many_words_the_rest_is_one_group(tmp_path: Path) -> None:
    """A sheet with hundreds of words makes tables that one can read: eight of them, and the others together."""
    rows = face_rows(300)
    for index, row in enumerate(rows):
        row |= {"race": f"race {index % 100:02}", "gender": f"gender {index % 10}", "age": "old"}
    alone, crossed = tables_of(rendered("balance", describe_rows(tmp_path / "data", rows)))
    races = [row for row in alone if row[0] == "race"]
    assert [row[1] for row in races][-2:] == ["race 07", "92 other values"]
    assert [row[2] for row in races] == ["3"] * 8 + ["276"]
    assert (len(crossed), crossed[0][-2]) == (10, "2 other values")
    assert sum(int(row[-1]) for row in crossed[1:]) == 300


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes of files and pictures by config; where shapes or formats differ, the range and the most frequent."""
    rows = write_faces(tmp_path, 20, size=8)
    Image.new("RGB", (9, 30)).save(tmp_path / rows[0]["path"], "JPEG")
    shards = footers_of(tmp_path, rows, *BOTH)
    description = describe(tmp_path, shards)
    text = rendered("files", description)
    original, cropped = tables_of(text)[0][1:]
    pictures = description.faces["small"].pictures["original"]
    assert original[:3] == ["small_original", "20", human_size(pictures.num_bytes)]
    assert original[5:] == ["PNG 95.0%, JPEG 5.0%", "8 to 9 x 8 to 30; most often 8 x 8 (95.0%)"]
    assert cropped[5:] == ["PNG", "8 x 8"]
    assert "read from the header of every file" in text
    monkeypatch.setattr(facts_pictures, "LOOKED_AT", 5)
    text = rendered("files", describe(tmp_path, shards))
    assert "the headers of some files (of `small_original`, 5, spread evenly; of `small_cropped`, 5, spread" in text


def test_several_sizes_are_named(tmp_path: Path) -> None:
    """Where several sizes are at hand, each table says of which it is, and one alone does not."""
    rows = [*face_rows(30), *face_rows(20, "DifussionEmotion_M")]
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    shards = {**footers_of(tmp_path, rows[:30], "small_cropped"), **footers_of(tmp_path, rows[30:], "medium_original")}
    several = describe(tmp_path, shards)
    for name in ("classes", "columns", "affect", "balance"):
        text = rendered(name, several)
        assert text.index("Size **small**:\n\n|") < text.index("\n\nSize **medium**:\n\n|")
        assert len(tables_of(text)) == 2
    assert [table[-1][-1] for table in tables_of(rendered("classes", several))] == ["30", "20"]
    assert "Size" not in rendered("classes", describe(tmp_path, {"small_cropped": shards["small_cropped"]}))


HOSTILE = [
    "a|b",
    "`tick`",
    "``",
    "<script>alert(1)</script>",
    "two\nlines",
    "[x](javascript:0)",
    "*x* _y_ ~z~",
    "\\|",
    "&amp;",
]
TEXT = st.sampled_from(HOSTILE) | st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6))
def test_what_a_sheet_says_cannot_break_a_table(tmp_path: Path, drawn: list[tuple[str, str]]) -> None:
    """Bars, ticks, tags and line breaks are shown as they are: the cells read back are the words of the sheet."""
    rows: list[dict[str, Any]] = face_rows(len(drawn))
    for row, (race, text) in zip(rows, drawn, strict=True):
        row["race"], row["style"], row["prompt"], row["gender"] = race, text, f"{text} {race}", text
    description = describe_rows(tmp_path, rows)
    alone, crossed = tables_of(rendered("balance", description))
    races = Counter(" ".join(race.split()) for race, _ in drawn)
    assert {row[1]: int(row[2]) for row in alone if row[0] == "race"} == races
    assert sum(int(row[-1]) for row in crossed[1:]) == len(drawn)
    first = min(range(len(rows)), key=lambda index: rows[index]["path"])
    by_name = {row[0]: row for row in tables_of(rendered("columns", description))[0]}
    assert by_name["style"][4] == " ".join(drawn[first][1].split())


def test_settings_parse_and_are_those_of_the_code() -> None:
    """The block of settings is JSON, as the published card's was not, and its values are the constants."""
    block, words = rendered("settings", NOTHING).removeprefix("```json\n").split("```\n")
    values = json.loads(block)
    assert f"`{prompts.NEGATIVE_PROMPT}`" in words
    assert values["seed"] == -1
    assert (values["steps"], values["sampler"], values["cfg_scale"]) == (50, "DPM++ 2M Karras", 12.0)
    assert (values["width"], values["height"]) == (512, 512)


def test_prompts_are_those_of_the_code() -> None:
    """The tables of the prompt hold every phrase and every value, and an example that the code makes."""
    text = rendered("prompts", NOTHING)
    emotions, parts = tables_of(text)
    assert {row[0]: row[1] for row in emotions[1:]} == prompts.EMOTION_PHRASES
    known = {"Race": prompts.RACES, "Age": prompts.AGES, "Gender": prompts.GENDERS}
    known |= {"Style": (*prompts.STYLES, "or nothing"), "Others": (*prompts.OTHERS, "or nothing")}
    assert {name: tuple(values.split(", ")) for name, values in parts[1:]} == known
    assert prompts.EMOTION_PHRASES["happy"] in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (9_996, "10.0 kB"), (65_980, "66.0 kB"), (187_400_000, "187 MB"),
     (999_499, "999 kB"), (999_500, "1.00 MB"), (10**12, "1.00 TB")],
)  # fmt: skip
def test_sizes_have_three_digits(size: int, text: str) -> None:
    """Sizes are decimal and have three digits, also where rounding reaches the next unit."""
    assert human_size(size) == text.replace(" ", "\u00a0")


def test_numbers_are_written_in_one_way() -> None:
    """Shares have one decimal and never claim none or all of what is some, and no zero has a minus."""
    cases = [(0, 9), (9, 9), (1, 3), (1, 10**6), (10**6 - 1, 10**6), (0, 0)]
    assert [percent(*case) for case in cases] == ["0.0%", "100.0%", "33.3%", "<\u00a00.1%", ">\u00a099.9%", "0.0%"]
    assert [decimal(number) for number in (-0.0001, -0.5, 1)] == ["0.000", "-0.500", "1.000"]
    assert [word(None), word(" "), word("x" * 50)] == ["not stated", "(empty)", f"{'x' * 18}...{'x' * 18}"]
