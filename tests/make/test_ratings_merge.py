"""Ratings become labels: means, spreads and majorities, and what a person must decide is left for one."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMOTIONS, read_index
from tests.check.material import check
from tests.make.rated import annotation, task, write_export
from tests.trees import write_faces, zip_folder
from tools.make.design import design
from tools.make.label_source import label_source
from tools.make.ledger import Ledger
from tools.make.ratings import merge as merging
from tools.make.ratings.exports import ExportError, Rating
from tools.make.ratings.importing import Import, import_exports, reports
from tools.make.ratings.kept import latest
from tools.make.ratings.merge import label_sheet, merge
from tools.make.ratings.moves import moved_path

# Of `write_faces`: the second picture is happy, at 0.61 and 0.25.
NAME, PATH, MOVED = "aaaaaaab", "DifussionEmotion_S/happy/aaaaaaab_1.png", "DifussionEmotion_S/sad/aaaaaaab_2.png"
AFFECT = st.integers(-700, 700).map(lambda value: value / 1000)


def rating(
    who: str, said: str | None, point: tuple[float, float] | None = None, when: str = "", no: str = ""
) -> Rating:
    """Return a rating of the picture."""
    says: dict[str, Any] = {} if said is None else {"emotion": said}
    says |= {} if point is None else {"valence": point[0], "arousal": point[1]}
    return Rating("small_original", NAME, who, when, no, says)


def rows(data_dir: Path) -> dict[str, dict[str, str]]:
    """Return the rows of the sheet by path."""
    with (data_dir / "dataset_sheet.csv").open(newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


def files(data_dir: Path) -> dict[str, bytes]:
    """Return all that lies in a data directory, but locks."""
    found = sorted(path for path in data_dir.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(data_dir).as_posix(): path.read_bytes() for path in found}


def imported(data_dir: Path, *votes: str, **policy: Any) -> Import:
    """Import what so many people say of the picture, each at another place."""
    said = [annotation(who, vote, (0.5, who / 10), id=who) for who, vote in enumerate(votes, 1)]
    export = write_export(data_dir.parent / "export.json", task(NAME, *said))
    return import_exports([export], data_dir, **policy)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A data directory with 14 pictures in both variants."""
    (tmp_path / "data").mkdir()
    write_faces(tmp_path / "data", 14, 48)
    return tmp_path / "data"


@given(st.lists(st.tuples(st.sampled_from(EMOTIONS), st.tuples(AFFECT, AFFECT)), min_size=1, max_size=8))
def test_merged(said: list[tuple[str, tuple[float, float]]]) -> None:
    """Mean and sample standard deviation are those of the module statistics; an emotion wins by more votes than any."""
    merged = merge(rating(str(who), *one) for who, one in enumerate(said))
    values = [point[0] for _, point in said]
    assert merged.valence == pytest.approx(statistics.fmean(values), abs=6e-4)
    assert (merged.valence_spread is None) == (len(values) == 1)
    if len(values) > 1:
        assert merged.valence_spread == pytest.approx(statistics.stdev(values), abs=6e-4)
    assert (sum(merged.votes.values()), merged.raters) == (len(said), len(said))
    modes = statistics.multimode(emotion for emotion, _ in said)
    assert (merged.emotion, merged.tied) == ((modes[0], ()) if len(modes) == 1 else (None, tuple(sorted(modes))))


def test_labels_in_the_sheet(tree: Path) -> None:
    """A majority becomes the label, with means, spreads, raters and source; every other cell stays, and the checks and
    the builder read the sheet as before."""
    before = rows(tree)
    done = imported(tree, "happy", "happy", "sad")
    row = rows(tree)[PATH]
    added = {"raters": "3", "valence_spread": "0.0", "arousal_spread": "0.1", "label_source": "person"}
    assert row == {**before[PATH], "valence": "0.5", "arousal": "0.2", "emotion": "happy", **added}
    empty = dict.fromkeys(added, "")
    assert {path: row for path, row in rows(tree).items() if path != PATH} == {
        path: {**row, **empty} for path, row in before.items() if path != PATH
    }
    assert (done.outcomes["small"].labelled, done.outcomes["small"].written) == (1, 1)
    assert check(tree) == []
    assert read_index("small_original", str(tree)).table.num_rows == 14


def test_again_is_nothing_and_more_adds(tree: Path) -> None:
    """The same file once more changes no byte; a second file adds its ratings to those of the first."""
    imported(tree, "happy")
    first = files(tree)
    again = imported(tree, "happy")
    assert (again.new, again.outcomes["small"].written, files(tree)) == (0, 0, first)
    more = write_export(tree.parent / "b.json", task(NAME, annotation(2, "happy", (0.1, 0.1), id=9)))
    assert import_exports([more], tree).new == 1
    assert (rows(tree)[PATH]["raters"], rows(tree)[PATH]["valence"]) == ("2", "0.3")


def test_rated_twice() -> None:
    """Of one person's two ratings the later counts, whatever the order; of one time, that with the higher number."""
    early, late = rating("a", "sad", when="2026-01-01"), rating("a", "happy", when="2026-01-02")
    one, other = rating("b", "sad", no="9"), rating("b", "fear", no="10")
    for order in ([early, late, one, other], [other, one, late, early]):
        counted, superseded = latest(order)
        assert counted == {("small", NAME): [late, other]}
        assert superseded == 2


@pytest.mark.parametrize(("policy", "emotion", "raters"), [("skip", "happy", None), ("keep", "happy", "2")])
def test_a_tie(tree: Path, policy: str, emotion: str, raters: str | None) -> None:
    """A tie never becomes a label: the row stays, or all but emotion and source is written; it is always told."""
    done = imported(tree, "happy", "fear", on_tie=policy)
    assert done.outcomes["small"].ties == [(PATH, ("fear", "happy"))]
    row = rows(tree)[PATH]
    assert (row["emotion"], row.get("raters")) == (emotion, raters)
    assert not row.get("label_source")


def test_a_tie_that_fails(tree: Path) -> None:
    """With --on-tie fail, one tie keeps all rows from being written, and the ratings are kept."""
    before = (tree / "dataset_sheet.csv").read_bytes()
    export = write_export(
        tree.parent / "a.json",
        task(NAME, annotation(1, "happy"), annotation(2, "sad", id=2)),
        task("aaaaaaac", annotation(1, "sad", (-0.5, 0))),
    )
    done = import_exports([export], tree, on_tie="fail")
    assert done.outcomes["small"].ties
    assert (done.new, done.outcomes["small"].written) == (3, 0)
    assert (tree / "dataset_sheet.csv").read_bytes() == before


def test_another_emotion_is_told_first(tree: Path) -> None:
    """Where most see another emotion than the path says, the row stays as it is, and no file moves."""
    before = files(tree)
    done = imported(tree, "sad", "sad")
    assert done.outcomes["small"].changes == [(PATH, "happy", "sad")]
    assert {name: data for name, data in files(tree).items() if name != "ratings.csv"} == before


def test_another_emotion_is_written(tree: Path) -> None:
    """Written without a move, the checks name the file that disagrees."""
    imported(tree, "sad", on_change="write")
    assert rows(tree)[PATH]["emotion"] == "sad"
    assert {"SH015", "SH016"} <= {finding.rule for finding in check(tree)}
    assert imported(tree, "sad").outcomes["small"].changes == []  # the label is theirs now


def test_a_picture_is_moved(tree: Path) -> None:
    """Moved, picture and crop have another folder and index, and the same bytes; no check is broken."""
    before = files(tree)
    sad = [annotation(who, "sad", (-0.5, -0.2), id=who) for who in (1, 2)]
    export = write_export(tree.parent / "a.json", task(NAME, *sad))
    assert import_exports([export], tree, on_change="move").outcomes["small"].moves == [(PATH, MOVED)]
    after = files(tree)
    assert PATH not in rows(tree)
    assert rows(tree)[MOVED]["emotion"] == "sad"
    for folder in ("DifussionEmotion_S", "DiffusionEmotion_S_cropped"):
        name, moved = (path.replace("DifussionEmotion_S", folder) for path in (PATH, MOVED))
        assert (after[moved], name in after) == (before[name], False)
    assert {finding.rule for finding in check(tree)} == {"SH041"}  # the prompt still asks for what it asked for
    # The picture's name says no label, so an export from before the move still finds it.
    assert import_exports([export], tree, on_change="move").outcomes["small"].written == 0


@pytest.mark.parametrize("stage", ["recorded", "one file", "both files"])
def test_a_move_that_is_killed(tree: Path, stage: str) -> None:
    """Killed anywhere, a move is finished by the next import, and every picture has a row."""
    whole = tree.parent / "whole" / "data"
    whole.mkdir(parents=True)
    write_faces(whole, 14, 48)
    said = [annotation(1, "sad", (-0.5, -0.2))]
    export = write_export(tree.parent / "a.json", task(NAME, *said))
    import_exports([export], whole, on_change="move")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "finish_moves", lambda data_dir, ledger: None)
        patch.setattr(Ledger, "fold", lambda self: 0)
        label_sheet("small_original", tree, {NAME: [rating("1", "sad", (-0.5, -0.2))]}, on_change="move")
    folders = ["DifussionEmotion_S", "DiffusionEmotion_S_cropped"]
    for folder in folders[: {"recorded": 0, "one file": 1, "both files": 2}[stage]]:
        (tree / PATH.replace(folders[0], folder)).rename(tree / MOVED.replace(folders[0], folder))
    import_exports([export], tree, on_change="move")
    assert files(tree) == files(whole)


@pytest.mark.parametrize("way", ["file", "row", "link"])
def test_what_is_in_the_way_of_a_move(tree: Path, way: str) -> None:
    """A file or a row of the new name, or a link, stops the move in one line, before anything is recorded."""
    if way == "file":
        (tree / MOVED).write_bytes(b"mine")
    if way == "row":
        sheet = tree / "dataset_sheet.csv"
        sheet.write_text(sheet.read_text().replace("sad/aaaaaaac_2", "sad/aaaaaaab_2"))
        (tree / "DifussionEmotion_S/sad/aaaaaaac_2.png").rename(tree / MOVED)
    if way == "link":
        (tree / "DifussionEmotion_S/happy").rename(tree.parent / "happy")
        (tree / "DifussionEmotion_S/happy").symlink_to(tree.parent / "happy")
    before = files(tree)
    export = write_export(tree.parent / "a.json", task(PATH if way == "row" else NAME, annotation(1, "sad")))
    messages = {
        "file": f"{tree / MOVED} is in the way of {tree / PATH}: look at both, and remove one",
        "row": f"{PATH} cannot become {MOVED}, which another row has: rename one by hand",
        "link": f"{tree / PATH} is behind a link, and is not moved: put the file itself there",
    }
    with pytest.raises(ValueError, match=r".") as error:
        import_exports([export], tree, on_change="move")
    assert str(error.value) == messages[way]
    assert {name: data for name, data in files(tree).items() if name != "ratings.csv"} == before


def test_a_move_in_a_zip(tree: Path) -> None:
    """In a zip nothing is moved: said before anything is written, and the labels stay as they were."""
    zip_folder(tree / "DiffusionEmotion_S_cropped")
    before = (tree / "dataset_sheet.csv").read_bytes()
    with pytest.raises(
        ValueError, match=r"^DiffusionEmotion_S_cropped\.zip is a zip, in which nothing is moved: unpack"
    ):
        imported(tree, "sad", on_change="move")
    assert (tree / "dataset_sheet.csv").read_bytes() == before


def test_pictures_that_are_not_there(tree: Path) -> None:
    """Some unknown pictures are told and their ratings kept; where all are, nothing is written."""
    export = write_export(tree.parent / "a.json", task(NAME, annotation()), task("zzzzzzzz", annotation()))
    done = import_exports([export], tree)
    assert (done.new, done.outcomes["small"].unknown) == (2, ["zzzzzzzz"])
    before = files(tree)
    export = write_export(tree.parent / "b.json", task("zzzzzzzz", annotation(2)))
    with pytest.raises(ExportError) as error:
        import_exports([export], tree)
    message = f"{tree} has none of the small pictures that were rated, as 'zzzzzzzz': another tree's?"
    assert (str(error.value), files(tree)) == (message, before)


def test_one_bad_file_changes_nothing(tree: Path) -> None:
    """All files are read before anything is written."""
    before = files(tree)
    good = write_export(tree.parent / "a.json", task(NAME, annotation()))
    bad = write_export(tree.parent / "b.json", task(NAME, annotation(emotion="joy")))
    with pytest.raises(ExportError):
        import_exports([good, bad], tree)
    assert files(tree) == before


def test_a_spoiled_file_of_ratings(tree: Path) -> None:
    """A row of ratings.csv that somebody spoiled is named, and the sheet stays as it is."""
    imported(tree, "happy")
    path = tree / "ratings.csv"
    path.write_text(path.read_text().replace("happy", "glad"))
    before = (tree / "dataset_sheet.csv").read_bytes()
    with pytest.raises(ValueError, match=r"ratings\.csv row 2 is no rating \(tuple\.index.*\): restore or remove it$"):
        imported(tree, "happy", "sad")
    assert (tree / "dataset_sheet.csv").read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"rating,config,picture,rater\n\xff\n", b'rating,config,picture,rater\n"a' + b"x" * 2**18]
)
def test_a_file_of_ratings_that_is_no_csv(tmp_path: Path, content: bytes) -> None:
    """Another encoding and an open quote are told in one line."""
    (tmp_path / "ratings.csv").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"^\S*/ratings\.csv cannot be read as CSV UTF-8 after row 1 \(.*\): restore it$"
    ):
        reports(tmp_path)


def test_paths() -> None:
    """A moved path is in the published form and says its emotion; other names keep theirs."""
    assert moved_path("DifussionEmotion_M/angry/x.png", "sad") == "DifussionEmotion_M/sad/x.png"
    for row in design()[::100]:
        assert moved_path(row["path"], row["emotion"]) == row["path"]


def test_sources() -> None:
    """Who drew it says so; what a diffusion model was asked for is a claim; what the sheet says is not guessed."""
    assert {label_source(row) for row in design()[:5]} == {"renderer"}
    assert label_source({"model": "sd-1.5"}) == label_source({}) == "prompt"
    assert label_source({"model": "diffusionfer-sketch-1", "label_source": "person"}) == "person"
    with pytest.raises(ValueError, match=r"^a: label_source: expected one of prompt, renderer, .* \(got 'me'\)$"):
        label_source({"path": "a", "label_source": "me"})
