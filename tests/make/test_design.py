"""The design of the 1,500 rows: balance, splits, uniqueness, places on the circumplex."""

import random
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from DiffusionFER import EMOTIONS
from tools.make import design
from tools.make.design import COLUMNS, REGIONS, Row
from tools.make.prompts import render_prompt


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The rows as they are designed."""
    return design.design()


def test_the_cells_of_emotion_race_age_and_gender_differ_by_at_most_one(rows: list[Row]) -> None:
    """All 126 cells are there and hold 11 or 12 rows each."""
    counts = Counter((row["emotion"], row["race"], row["age"], row["gender"]) for row in rows)
    assert len(rows) == 1500
    assert len(counts) == 126
    assert set(counts.values()) == {11, 12}


def test_the_splits_have_their_sizes_and_are_even_over_the_emotions(rows: list[Row]) -> None:
    """1200, 150 and 150 rows; within a split, emotions differ by at most one row."""
    by_split: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        by_split[row["split"]][row["emotion"]] += 1
    assert {split: sum(counts.values()) for split, counts in by_split.items()} == design.SPLITS
    for counts in by_split.values():
        assert set(counts) == set(EMOTIONS)
        assert max(counts.values()) - min(counts.values()) <= 1


def test_nothing_stands_twice(rows: list[Row]) -> None:
    """Paths, names and seeds are unique, so no pair of prompt and seed stands in two splits."""
    for values in ([row["path"] for row in rows], [row["path"][-14:-6] for row in rows], [row["seed"] for row in rows]):
        assert len(set(values)) == len(rows)


def test_paths_and_prompts_say_what_the_columns_say(rows: list[Row]) -> None:
    """A path has the published form and its label's index; a prompt is the one that the row's words make."""
    assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)
    for row in rows:
        label = EMOTIONS.index(row["emotion"])
        assert re.fullmatch(rf"DifussionEmotion_S/{row['emotion']}/[a-z]{{8}}_{label}\.png", row["path"])
        words = [row[column] for column in ("emotion", "race", "age", "gender", "style", "others")]
        assert row["prompt"] == render_prompt(*words)


def test_places_lie_in_the_region_of_their_emotion(rows: list[Row]) -> None:
    """Valence and arousal lie in the emotion's disc, on the unit disc, with at most three decimals."""
    for row in rows:
        x, y, radius = REGIONS[row["emotion"]]
        valence, arousal = float(row["valence"]), float(row["arousal"])
        assert (valence - x) ** 2 + (arousal - y) ** 2 <= radius**2
        assert valence**2 + arousal**2 <= 1
        assert row["valence"] == str(round(valence, 3)) != "-0.0"
        assert row["arousal"] == str(round(arousal, 3)) != "-0.0"


def test_what_the_renderer_has_not_is_empty(rows: list[Row]) -> None:
    """No row claims the settings of a diffusion model or a CLIP score."""
    for row in rows:
        assert tuple(row) == COLUMNS
        empty = ("negative_prompt", "steps", "sampler", "cfg_scale", "clip_score")
        assert not any(row[column] for column in empty)


def test_the_design_hangs_on_its_own_seed_alone(rows: list[Row]) -> None:
    """Made again, after others have drawn random numbers, the design is the same."""
    random.seed(5)
    random.random()
    assert design.design() == rows


def test_the_committed_sheet_is_the_design(rows: list[Row]) -> None:
    """Every column that needs no drawing agrees with dataset_sheet.csv for all rows."""
    from tools.make.embedded import SHEET, read_sheet

    drawn = ("face_box", "sha256", "sha256_cropped")
    committed = read_sheet(Path(design.__file__).parents[2] / SHEET)
    assert [{k: v for k, v in row.items() if k not in drawn} for row in committed] == [
        {k: v for k, v in row.items() if k not in drawn} for row in rows
    ]
    assert all(row[column] for row in committed for column in drawn)
    for column in ("sha256", "sha256_cropped"):
        assert len({row[column] for row in committed}) == len(rows)
