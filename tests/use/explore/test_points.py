"""The points are the rows with their labels, without pictures, and text stays text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from DiffusionFER import EMOTIONS
from tests.publish.published import Publication, publication
from tests.publish.pushing import REPO
from tests.use.explore.faces import Row, shard, tree
from tools.use.explore.page import describe
from tools.use.explore.points import Points, read_points
from tools.use.rows import Rows, open_rows


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """One real push."""
    with publication(tmp_path_factory.mktemp("published")) as pushed:
        yield pushed


def points_of(folder: Path, *splits: str) -> Points:
    """Return the points of small_original in a folder."""
    with open_rows("small_original", data_dir=folder) as rows:
        return read_points(rows, splits or list(rows.splits))


def table_of(points: Points) -> pa.Table:
    """Return the table in the file of the points."""
    return pq.read_table(pa.BufferReader(points.content))


def refused(folder: Path, *splits: str, config: str = "small_original") -> str:
    """Return what is said where there is nothing to show."""
    with open_rows(config, data_dir=folder) as rows, pytest.raises(ValueError, match=r".") as caught:
        read_points(rows, splits or list(rows.splits))
    return str(caught.value)


def test_a_point_says_what_its_row_says(tmp_path: Path) -> None:
    """Every row is there once, with its labels by name, and the place of its picture."""

    def score(rows: list[Row]) -> None:
        for number, row in enumerate(rows):
            row["clip_score"] = number / 100

    folder = tree(tmp_path, score)
    points = points_of(folder)
    found = table_of(points).to_pylist()
    assert [row["__row"] for row in found] == list(range(30))
    assert points.count == 30
    assert points.unplaced == 0
    with open_rows("small_original", data_dir=folder) as rows:
        for row in found:
            split, number = row["picture"].split("/")
            assert row["split"] == split
            wanted = rows.table(split).slice(int(number), 1).to_pylist()[0]
            wanted["emotion"] = EMOTIONS[wanted["emotion"]]
            common = row.keys() & wanted.keys()
            assert {"emotion", "valence", "arousal", "race", "clip_score", "prompt", "image_id"} <= common
            assert {name: row[name] for name in common} == {name: wanted[name] for name in common}


def test_only_what_can_be_chosen_by_is_a_chart(tmp_path: Path) -> None:
    """A column without a value is not there at all, and one of a single value has no chart; a null is a value."""

    def edit(rows: list[Row]) -> None:
        for number, row in enumerate(rows):
            row["gender"], row["age"] = "man" if number % 2 else "woman", "" if number % 2 else "old"

    points = points_of(tree(tmp_path, edit))
    assert points.categories == ("emotion", "split", "age", "gender")  # every race is white
    assert points.scores == ("valence", "arousal")
    assert not {"style", "others", "clip_score", "model"} & set(points.columns)
    assert points.columns == tuple(table_of(points).column_names)
    charts = describe(points, "name")["props"]["initialState"]["charts"]
    assert list(charts) == ["points", "pictures", *points.categories, *points.scores]
    assert "split" not in points_of(tmp_path, "test").categories


def test_text_stays_text(tmp_path: Path) -> None:
    """What the viewer would make a link or a picture of begins with a space; all else is as it was."""
    hostile = ["https://a.org", "http://a.org", "data:image/png;base64,AAAA", "data:audio/mp3,x"]
    plain = ["see https://a.org", "database", "<script>", "javascript:alert(1)", "=1+1", ""]
    values = [*hostile, *plain]
    rows: list[Row] = [
        {"valence": 0.1, "arousal": 0.1, **dict.fromkeys(("race", "prompt", "others", "model", "image_id"), value)}
        for value in values
    ]
    found = table_of(points_of(shard(tmp_path, rows)))
    for name in ("race", "prompt", "others", "model", "image_id"):
        assert found[name].to_pylist() == [*(f" {value}" for value in hostile), *plain]


def test_rows_without_a_place_are_left_out(tmp_path: Path) -> None:
    """A null, a NaN and an infinity are no place; the others keep the place of their picture."""
    places = [(None, 0.1), (0.5, 0.5), (0.1, None), (math.nan, 0.1), (0.1, math.inf), (-1.0, 1.0)]
    points = points_of(shard(tmp_path, [{"valence": x, "arousal": y} for x, y in places]))
    assert points.unplaced == 4
    found = table_of(points)
    assert found["picture"].to_pylist() == ["train/1", "train/5"]
    assert found["__row"].to_pylist() == [0, 1]


def test_a_label_that_is_none_is_a_null(tmp_path: Path) -> None:
    """-1, a number beyond the labels and a null are no emotion; where no row has one, nothing is coloured by it."""
    at = {"valence": 0.1, "arousal": 0.1}
    points = points_of(shard(tmp_path, [{**at, "emotion": label} for label in (6, -1, 99, None)]))
    assert table_of(points)["emotion"].to_pylist() == ["angry", None, None, None]
    points = points_of(shard(tmp_path, [{**at, "emotion": -1}]))
    assert "emotion" not in points.columns
    charts = describe(points, "name")["props"]["initialState"]["charts"]
    assert charts["points"]["data"] == {"x": "valence", "y": "arousal", "category": None}


def test_nothing_to_show(tmp_path: Path) -> None:
    """No row that has a place, a split or a config that is not there: one line that says so."""
    folder = shard(tmp_path, [{"valence": None, "arousal": 0.1}])
    nothing = "has nothing to show: no row has a valence and an arousal"
    assert refused(folder) == f"{folder}: split train {nothing}"
    shard(folder, [{}], "test")
    assert refused(folder) == f"{folder}: config small_original {nothing}"
    assert refused(folder, "validation") == (
        f"{folder}: config small_original has no split 'validation'; it has train (1 rows), test (1 rows)"
    )


def test_emonet_has_no_place(published: Publication) -> None:
    """The ratings of EmoNet are no valence and arousal: the message names the configs that have them."""
    for config in ("emonet_hq", "emonet_binary", "emonet_big"):
        assert refused(published.data_dir, config=config) == (
            f"config {config} has no valence and arousal to place its pictures by; small_original, small_cropped, "
            "medium_original, medium_cropped, large_original, large_cropped have them"
        )


def test_the_same_from_everywhere_and_no_picture_is_read(
    published: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A raw tree, shards and the Hub give the same bytes twice; no picture is asked for."""

    def picture(self: Rows, split: str, row: int) -> bytes:
        raise AssertionError("a picture was read")

    for kind in Rows.__subclasses__():
        monkeypatch.setattr(kind, "picture", picture)
    places: list[dict[str, Path | str]] = [
        {"data_dir": published.data_dir},
        {"data_dir": published.pusher.folder / "work" / "shards"},
        {"repo_id": REPO},
    ]
    contents = set()
    for place in [*places, places[0]]:
        with open_rows("small_cropped", **place) as rows:  # type: ignore[arg-type]
            contents.add(read_points(rows, list(rows.splits)).content)
    assert len(contents) == 1
