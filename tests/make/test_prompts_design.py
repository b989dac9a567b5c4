"""Designs of any size: sheet rows and side files, begun, made longer, checked; and what is refused."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import multiprocessing
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, SUBSETS, RawFolder, _side_file
from tools.check.annotations.demographics import side_findings
from tools.check.images.listing import Listing
from tools.check.sheet.check import check_sheet
from tools.make.design import COLUMNS, ONLY_FOR, REGIONS
from tools.make.grammar_file import load, made
from tools.make.ledger import Ledger
from tools.make.plan_file import write_plan
from tools.make.planned import MOST_ROWS, SIZES, SheetPlan, SidePlan, plan
from tools.make.prompts import CFG_SCALE, NEGATIVE_PROMPT, SAMPLER, STEPS, render_prompt

Row = dict[str, str]
PUBLISHED = load("diffusionfer")
COUNT = 5000


def _rows(planned: SheetPlan | SidePlan, start: int, stop: int) -> list[Row]:
    found = itertools.chain.from_iterable(planned.rows(start, stop))
    return [dict(zip(planned.columns, row, strict=True)) for row in found]


def _read(file: Path) -> list[Row]:
    with file.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The first rows of a medium design."""
    return _rows(plan(PUBLISHED, seed=7, backend="diffusers"), 0, COUNT)


@pytest.fixture(scope="module")
def emonet_rows() -> list[Row]:
    """One row of each cell of EmoNet-Face's grammar, and some more."""
    return _rows(plan(load("emonet"), seed=7), 0, 12_000)


# --- rows -----------------------------------------------------------------------------------------------------------


def test_a_row_says_in_its_prompt_and_path_what_its_columns_say(rows: list[Row]) -> None:
    """The published grammar, folder and file name; the style goes with the gender."""
    for row in rows:
        words = [row[column] for column in ("emotion", "race", "age", "gender", "style", "others")]
        assert row["prompt"] == render_prompt(*words)
        assert ONLY_FOR.get(row["style"], row["gender"]) == row["gender"]
        label = EMOTIONS.index(row["emotion"])
        assert re.fullmatch(rf"DifussionEmotion_M/{row['emotion']}/[a-z]{{8}}_{label}\.png", row["path"])


def test_the_crossings_are_even(rows: list[Row]) -> None:
    """126 cells that differ by one row at most; six of ten rows have a style, five a scene."""
    cells = Counter((row["emotion"], row["race"], row["age"], row["gender"]) for row in rows)
    assert len(cells) == 126
    assert max(cells.values()) - min(cells.values()) == 1
    assert abs(sum(bool(row["style"]) for row in rows) - 0.6 * COUNT) < 30
    assert abs(sum(bool(row["others"]) for row in rows) - 0.5 * COUNT) < 30


def test_no_name_and_no_seed_stands_twice(rows: list[Row]) -> None:
    """Names and seeds are unique within a design, and those of two sizes differ."""
    assert len({row["path"].rsplit("/", 1)[1] for row in rows}) == COUNT
    assert len({row["seed"] for row in rows}) == COUNT
    assert all(0 <= int(row["seed"]) < 2**32 for row in rows)
    large = _rows(plan(PUBLISHED, size="large", seed=7), 0, 200)
    assert not {row["seed"] for row in large} & {row["seed"] for row in rows}


def test_names_and_seeds_far_out_in_a_design_are_as_good() -> None:
    """A row number near the largest has a name and a seed of the same form."""
    last = _rows(plan(PUBLISHED), MOST_ROWS - 20, MOST_ROWS)
    assert len({row["seed"] for row in last}) == 20 == len({row["path"] for row in last})
    assert all(re.search(r"/[a-z]{8}_[0-6]\.png$", row["path"]) and int(row["seed"]) < 2**32 for row in last)


def test_the_splits_are_shares_of_each_emotion_at_every_length(rows: list[Row]) -> None:
    """Of any ten rows of an emotion in turn, from the first on, eight train, one validates, one tests."""
    splits: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        splits[row["emotion"]].append(row["split"])
    for of_emotion in splits.values():
        for ten in range(0, len(of_emotion) - 9, 10):
            counts = Counter(of_emotion[ten : ten + 10])
            assert counts == {"train": 8, "validation": 1, "test": 1}
    assert len({tuple(found[:10]) for found in splits.values()}) > 1


def test_valence_and_arousal_lie_in_the_region_of_the_emotion(rows: list[Row]) -> None:
    """In the disc of the emotion and the unit disc, in three decimals, all over the disc."""
    far: dict[str, float] = defaultdict(float)
    for row in rows:
        x, y, radius = REGIONS[row["emotion"]]
        valence, arousal = float(row["valence"]), float(row["arousal"])
        assert (valence - x) ** 2 + (arousal - y) ** 2 <= radius**2
        assert valence**2 + arousal**2 <= 1
        assert (row["valence"], row["arousal"]) == (str(valence), str(arousal))
        assert "-0.0" not in (row["valence"], row["arousal"])
        far[row["emotion"]] = max(far[row["emotion"]], ((valence - x) ** 2 + (arousal - y) ** 2) / radius**2)
    assert all(share > 0.95 for share in far.values())


def test_the_settings_are_those_of_the_backend(rows: list[Row]) -> None:
    """A diffusion model's are the published ones, and its name is not known yet; the renderer has none."""
    assert all(row["label_source"] == "prompt" for row in rows)
    expected = {"negative_prompt": NEGATIVE_PROMPT, "steps": str(STEPS), "sampler": SAMPLER}
    assert {column: rows[9][column] for column in expected} == expected
    assert (float(rows[9]["cfg_scale"]), rows[9]["model"]) == (CFG_SCALE, "")
    drawn = _rows(plan(PUBLISHED, seed=7), 0, 50)
    for row, same in zip(drawn, rows, strict=False):
        assert not any(row[column] for column in (*expected, "cfg_scale"))
        assert row["model"] == "diffusionfer-sketch-1"
        assert (row["path"], row["prompt"], row["seed"]) == (same["path"], same["prompt"], same["seed"])


@settings(max_examples=25)
@given(st.integers(0, 2**63), st.integers(0, 300), st.integers(0, 300), st.sampled_from(SIZES))
def test_a_longer_design_begins_with_a_shorter_one(seed: int, count: int, more: int, size: str) -> None:
    """Rows of count N are the first N rows of count M > N: every cell of them, whatever is appended."""
    planned = plan(PUBLISHED, size=size, seed=seed, backend="diffusers")
    longer = _rows(planned, 0, count + more)
    assert _rows(planned, 0, count) == longer[:count]
    assert _rows(planned, count, count + more) == longer[count:]
    assert all(row["path"].startswith(SUBSETS[f"{size}_original"].folders[0] + "/") for row in longer)


def test_the_lines_of_a_file_are_those_of_pythons_csv() -> None:
    """Quotes, commas, any order of columns, columns of others: byte for byte what csv.writer gives."""
    content = {**PUBLISHED.as_json(), "settings": {"negative_prompt": 'say "no", or not', "steps": 50}}
    content["tables"]["others"] = ['the "Globe", London', "plain"]
    planned = plan(made(content, "quoted"), backend="diffusers")
    columns = ["seed", *planned.columns[:5], "mine", "others", "negative_prompt", "prompt"]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\r\n")
    writer.writerows(_rows(planned, 10, 500))
    assert b"".join(lines for _, lines in planned.lines(10, 500, columns, "\r\n")) == out.getvalue().encode()


def test_a_design_is_these_bytes() -> None:
    """On every machine and with every version of the libraries, for a design begun years ago is to be appended to."""
    digests = []
    for name, backend in (("diffusionfer", "diffusers"), ("emonet", "sketch")):
        planned = plan(load(name), seed=3, backend=backend)
        text = b"".join(lines for _, lines in planned.lines(0, 20_000, planned.columns, "\n"))
        digests.append(hashlib.sha256(text).hexdigest())
    assert digests == DIGESTS


DIGESTS = [
    "6f7a5c17d2d2114dd9206941e82d80838e5b310e0f0528fc851ff6a0f3864a44",
    "a4f61dfee3a3bfc0f79908a8b65afa5f198cb653018653481454a395adf77d3b",
]


def test_the_rows_of_emonet_cross_everything(emonet_rows: list[Row]) -> None:
    """40 x 14 x 7 x 3 cells, each once in the first 11,760 rows; the prompt is that of the columns."""
    grammar = load("emonet")
    said = ("emotion", "ethnicity", "age", "gender")
    cells = Counter(tuple(row[column] for column in said) for row in emonet_rows)
    assert len(cells) == 40 * 14 * 7 * 3
    assert set(cells.values()) == {1, 2}
    for row in emonet_rows[::50]:
        assert grammar.parse(row["prompt"]) == {column: row[column] for column in said}
        assert re.fullmatch(rf"[a-z]{{8}}_{EMONET_EMOTIONS.index(row['emotion'])}\.png", row["file_name"])
    assert len({row["file_name"] for row in emonet_rows}) == len({row["seed"] for row in emonet_rows}) == 12_000


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["sketch", "diffusers"])
@pytest.mark.parametrize("count", [1, 300, 2000])
def test_a_sheet_that_a_design_writes_is_good(tmp_path: Path, backend: str, count: int) -> None:
    """No rule of the sheet finds anything."""
    done = write_plan(plan(PUBLISHED, backend=backend), tmp_path / "new" / "data", count)
    assert (done.before, done.added) == (0, count)
    assert list(check_sheet(done.path)) == []
    assert done.path.read_text(encoding="utf-8").partition("\n")[0] == ",".join((*COLUMNS, "label_source"))


def test_a_side_file_that_a_design_writes_is_good(tmp_path: Path) -> None:
    """The rules for EmoNet folders find nothing in metadata.csv, and the builder reads it."""
    folder = RawFolder(str(tmp_path), "emonet-face-big")
    file = write_plan(plan(load("emonet")), Path(folder.path), 100).path
    assert list(side_findings(Listing(folder, folder.entries()))) == []
    side = _side_file(folder, folder.entries())
    for row in _read(file):
        demographics = {"ethnicity": row["ethnicity"], "gender": row["gender"], "age": int(row["age"])}
        assert side[row["file_name"]] == {"prompt": row["prompt"], "demographics": demographics}


def test_an_appended_design_is_the_one_written_at_once(tmp_path: Path) -> None:
    """In any steps, and once more at the end, byte for byte."""
    planned = plan(PUBLISHED, seed=3)
    whole = write_plan(planned, tmp_path / "whole", 700).path.read_bytes()
    for count in (10, 10, 130, 700, 700):
        done = write_plan(planned, tmp_path / "steps", count, append=True)
    assert (done.before, done.added) == (700, 0)
    assert done.path.read_bytes() == whole


def test_appending_keeps_what_was_made_and_what_others_wrote(tmp_path: Path) -> None:
    """Rows of another size, cells that were filled, recorded cells, own columns and line ends stay."""
    planned = plan(PUBLISHED, seed=3)
    written = write_plan(planned, tmp_path, 5).path
    rows = _read(written)
    for row in rows:
        row.update(mine="own, note", model="of a person", sha256="0" * 64)
    others = {**dict.fromkeys(rows[0], ""), "path": "DifussionEmotion_S/sad/aaaaaaaa_2.png", "emotion": "sad"}
    columns = ["mine", *[column for column in planned.columns if column != "label_source"]]
    with written.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows([others, *rows])
    with Ledger(written) as ledger:
        ledger.record({rows[4]["path"]: {"clip_score": "0.31"}})
    done = write_plan(planned, tmp_path, 8, append=True)
    after = _read(written)
    assert (done.before, done.added, len(after)) == (5, 3, 9)
    assert after[0]["path"] == others["path"]
    assert [row["mine"] for row in after] == ["", *["own, note"] * 5, "", "", ""]
    assert after[5]["clip_score"] == "0.31"
    assert [row["label_source"] for row in after] == [*[""] * 6, *["prompt"] * 3]
    assert [row["path"] for row in after[1:]] == [row["path"] for row in _rows(planned, 0, 8)]
    assert written.read_bytes().count(b"\r\n") == 10
    assert sorted(file.name for file in tmp_path.iterdir()) == [".dataset_sheet.csv.ledger.lock", "dataset_sheet.csv"]


def test_rows_that_need_no_column_stay_to_the_byte(tmp_path: Path) -> None:
    """Quotes that nobody needs, a byte-order mark and a last line that is not ended stay, and no row runs into it."""
    planned = plan(PUBLISHED, seed=3)
    file = write_plan(planned, tmp_path, 3).path
    header, first, *rest = file.read_text(encoding="utf-8").splitlines()
    old = "\n".join(["\ufeff" + header, first.removesuffix("prompt") + '"prompt"', *rest])
    file.write_text(old, encoding="utf-8")
    write_plan(planned, tmp_path, 9, append=True)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(old + "\n")
    assert len(text.splitlines()) == 10


def test_two_sizes_go_into_one_sheet(tmp_path: Path) -> None:
    """A large design is begun in the sheet of a medium one, and both can be made longer."""
    for size, count in (("medium", 40), ("large", 30), ("medium", 60), ("large", 50)):
        write_plan(plan(PUBLISHED, size=size), tmp_path, count, append=True)
    paths = [row["path"] for row in _read(tmp_path / "dataset_sheet.csv")]
    assert Counter(path.partition("/")[0][-1] for path in paths) == {"M": 60, "L": 50}
    assert list(check_sheet(tmp_path / "dataset_sheet.csv")) == []


def _message(*args: Any, **options: Any) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        write_plan(*args, **options)
    return str(caught.value)


def test_a_sheet_is_never_overwritten(tmp_path: Path) -> None:
    """Without --append, a file that is there stays, whatever it is."""
    planned, file = plan(PUBLISHED), tmp_path / "dataset_sheet.csv"
    file.write_text("mine")
    expected = f"{file} is there already and is not overwritten: --append adds the rows that it lacks"
    assert _message(planned, tmp_path, 5) == expected
    assert file.read_text() == "mine"
    file.rename(tmp_path / "dataset_sheet.parquet")
    expected = (
        f"{tmp_path}/dataset_sheet.parquet is there: a design is a CSV, and two files would contradict each other"
    )
    assert _message(planned, tmp_path, 5, append=True) == expected


def test_rows_of_another_design_are_not_appended_to(tmp_path: Path) -> None:
    """Another seed, another grammar, more rows than were asked for, no sheet at all: the file stays as it was."""
    file = write_plan(plan(PUBLISHED, seed=1), tmp_path, 20).path
    before, ((first, *_),) = file.read_bytes(), _first(plan(PUBLISHED, seed=1))
    ((other, *_),) = _first(plan(PUBLISHED, seed=2))
    way_out = "give the size, the grammar, the seed and the backend that the file was begun with; nothing was changed"
    assert _message(plan(PUBLISHED, seed=2), tmp_path, 30, append=True) == (
        f"{file} row 2: path is '{first}', but row 1 of this design has '{other}': {way_out}"
    )
    expected = f"{file} has 20 rows of this size, more than the 10 that were asked for"
    assert _message(plan(PUBLISHED, seed=1), tmp_path, 10, append=True) == expected
    content = PUBLISHED.as_json()
    content["template"] += ", night"
    message = _message(plan(made(content, "night"), seed=1), tmp_path, 30, append=True)
    assert message.startswith(f"{file} row 2: prompt is '")
    assert message.endswith(f", night': {way_out}")
    assert file.read_bytes() == before
    file.write_bytes(b"\xff\xfe")
    assert _message(plan(PUBLISHED), tmp_path, 30, append=True).startswith(f"{file} cannot be read (")
    file.write_text("name,prompt\n")
    assert _message(plan(PUBLISHED), tmp_path, 30, append=True) == f"{file} has no column path: mend its first line"


def test_every_cell_of_a_design_tells_it_from_others(tmp_path: Path) -> None:
    """Another backend, and settings of another grammar, are refused until the pictures have been made."""
    planned = plan(PUBLISHED, backend="diffusers")
    file = write_plan(planned, tmp_path, 20).path
    first = _rows(planned, 0, 1)[0]
    assert f"row 2: negative_prompt is {first['negative_prompt']!r}, but" in _message(
        plan(PUBLISHED), tmp_path, 30, append=True
    )
    content = PUBLISHED.as_json()
    content["settings"]["steps"] = 9
    quick = plan(made(content, "quick"), backend="diffusers")
    assert "row 2: steps is '50', but row 1 of this design has '9': give" in _message(quick, tmp_path, 30, append=True)
    tables = {column: dict(table) for column, table in PUBLISHED.tables.items()}
    tables["race"] = {"pale": "white", **tables["race"]}
    del tables["race"]["white"]
    renamed = plan(_changed(tables), backend="diffusers")
    assert re.search(
        r"race is 'white', but row \d+ of this design has 'pale'", _message(renamed, tmp_path, 30, append=True)
    )
    # What our own commands change is no other design: pictures that were made, labels by people; nor are other digits.
    rows = _read(file)
    rows[0].update(sha256="0" * 64, seed="9", candidate_seeds=f"{first['seed']} 9", steps="20", model="of a person")
    rows[1].update(label_source="person", emotion="angry", valence="0.125")
    rows[2].update(cfg_scale="12")
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows({**dict.fromkeys(rows[0], ""), **row} for row in rows)
    assert write_plan(planned, tmp_path, 30, append=True).added == 10
    rows[3].update(split="test" if rows[3]["split"] == "train" else "train")
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows({**dict.fromkeys(rows[0], ""), **row} for row in rows)
    assert "row 5: split is '" in _message(planned, tmp_path, 30, append=True)


def _first(planned: SheetPlan | SidePlan) -> list[tuple[str, ...]]:
    return next(iter(planned.rows(0, 1)))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file in place of the data directory."""
    (tmp_path / "data").write_text("")
    expected = f"{tmp_path}/data/dataset_sheet.csv cannot be written (File exists): nothing was changed"
    assert _message(plan(PUBLISHED), tmp_path / "data", 5) == expected


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sheet stays as it was, and no part of a new one lies beside it."""
    planned = plan(PUBLISHED)
    file = write_plan(planned, tmp_path, 20).path
    before = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    message = _message(planned, tmp_path, 90, append=True)
    assert message == f"{file} cannot be written (No space left on device): nothing was changed"
    assert file.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == [".dataset_sheet.csv.ledger.lock", "dataset_sheet.csv"]


def _killed_while_writing(folder: str) -> None:
    def die(rows: int) -> None:
        os._exit(9)

    write_plan(plan(PUBLISHED), Path(folder), 3000, append=True, advance=die)


def test_a_kill_leaves_the_sheet_as_it_was(tmp_path: Path) -> None:
    """Whenever it comes, the sheet has its earlier rows, and the next run adds what is missing."""
    file = write_plan(plan(PUBLISHED), tmp_path, 50).path
    before = file.read_bytes()
    process = multiprocessing.get_context("spawn").Process(target=_killed_while_writing, args=(str(tmp_path),))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    assert file.read_bytes() == before
    assert write_plan(plan(PUBLISHED), tmp_path, 3000, append=True).added == 2950
    assert list(check_sheet(file)) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == [".dataset_sheet.csv.ledger.lock", "dataset_sheet.csv"]


# --- refused --------------------------------------------------------------------------------------------------------


def _changed(tables: dict[str, Any], **more: Any) -> Any:
    content = {**PUBLISHED.as_json(), **more}
    content["tables"] = {**content["tables"], **tables}
    return made(json.loads(json.dumps(content)), "mine")


@pytest.mark.parametrize(
    ("grammar", "backend", "message"),
    [
        (_changed({"style": ["curly hair"]}, only_with={}), "sketch", "style 'curly hair' is not in the published "
         "tables, and the sketch renderer draws no other: expected 'gentle', 'handsome', 'pretty', 'cute', 'mature', "
         "'punky', 'freckles', 'beautiful crystal eyes', 'big eyes' or 'small nose', or the backend diffusers"),
        (_changed({"emotion": ["sad", "bored"]}), "diffusers", "emotion 'bored' is no label of the sheet: neutral, "
         "happy, sad, surprise, fear, disgust, angry"),
        (_changed({}, crossed=["race", "emotion", "gender"]), "diffusers", "the grammar 'diffusionfer' crosses 'race' "
         "first, expected 'emotion': the rows of a design are balanced and split by it"),
        (made({"name": "short", "template": "{emotion}", "tables": {"emotion": ["sad"]}}, "mine"), "diffusers",
         "the grammar 'short' has the columns emotion: a design needs those of the sheet (emotion, race, age, gender, "
         "style, others) or of EmoNet-Face (emotion, ethnicity, age, gender)"),
        (made({"name": "e", "template": "{emotion} {ethnicity} {age} {gender}",
               "tables": {column: ["Glee"] for column in ("emotion", "ethnicity", "age", "gender")}}, "mine"), "sketch",
         "emotion 'Glee' is none of the 40 of EmoNet-Face"),
    ],
)  # fmt: skip
def test_a_grammar_that_fits_no_file_is_told(grammar: Any, backend: str, message: str) -> None:
    """One line with the value and what would fit."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        plan(grammar, backend=backend)
    assert str(caught.value) == message


def test_more_rows_than_there_are_seeds_are_refused() -> None:
    """A seed is a number of 32 bits, and no two rows share one."""
    message = r"^a design has at most 4,294,967,296 rows \(got 4,294,967,297\): no two may share a seed$"
    with pytest.raises(ValueError, match=message):
        next(plan(PUBLISHED).rows(0, MOST_ROWS + 1))


def test_a_design_is_made_as_it_is_asked_for() -> None:
    """The first rows of a design of four thousand million take no more than those of a small one."""
    found: Iterator[list[tuple[str, ...]]] = plan(PUBLISHED).rows(0, MOST_ROWS)
    assert len(next(found)) > 1000
