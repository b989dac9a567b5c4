"""Ratings become labels: means, spreads and majorities, and what a person must decide is left for one."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMOTIONS, read_index
from tests.check.material import check
from tests.make.rated import NAME, PATH, annotation, files, imported, rows, task, write_export
from tests.trees import write_faces
from tools.make.design import design
from tools.make.label_source import label_source
from tools.make.ledger import Ledger
from tools.make.ratings.exports import ExportError, Rating
from tools.make.ratings.importing import import_exports, reports
from tools.make.ratings.kept import latest
from tools.make.ratings.labels import CLAIM, OnChange, OnTie, label_rows
from tools.make.ratings.merge import merge

AFFECT = st.integers(-700, 700).map(lambda value: value / 1000)


def rating(
    who: str, said: str | None, point: tuple[float, float] | None = None, when: str = "", no: str = ""
) -> Rating:
    """Return a rating of the picture."""
    says: dict[str, Any] = {} if said is None else {"emotion": said}
    says |= {} if point is None else {"valence": point[0], "arousal": point[1]}
    return Rating("small_original", NAME, who, when, no, says)


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
    added = {"raters": "3", "valence_spread": "0.0", "arousal_spread": "0.1"}
    added |= dict.fromkeys(["label_source", "affect_source"], "person")
    added[CLAIM] = json.dumps({name: before[PATH][name] for name in ("path", "emotion", "valence", "arousal")})
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


def test_sources_of_emotion_and_of_affect(tree: Path) -> None:
    """A class alone is no word on valence and arousal, and points alone are none on the emotion."""
    said = [task(NAME, annotation(1, "happy")), task("aaaaaaac", annotation(1, None, (-0.25, 0.5)))]
    before = rows(tree)
    import_exports([write_export(tree.parent / "a.json", *said)], tree)
    named, placed = (rows(tree)[path] for path in (PATH, "DifussionEmotion_S/sad/aaaaaaac_2.png"))
    assert (named["label_source"], named["affect_source"], named["valence"]) == ("person", "", before[PATH]["valence"])
    assert (placed["label_source"], placed["affect_source"]) == ("", "person")
    assert (placed["emotion"], placed["valence"], placed["arousal"]) == ("sad", "-0.25", "0.5")


@pytest.mark.parametrize("policy", ["skip", "keep"])
def test_a_tie_takes_back_what_one_alone_said(tree: Path, policy: OnTie) -> None:
    """In two imports as in one: the emotion and its source are those of the claim again."""
    before = {name: cell for name, cell in rows(tree)[PATH].items() if cell}
    for who, emotion in enumerate(("happy", "sad"), 1):
        export = write_export(tree.parent / "a.json", task(NAME, annotation(who, emotion, (0.5, who / 10))))
        import_exports([export], tree, on_tie=policy)
    row = {name: cell for name, cell in rows(tree)[PATH].items() if cell}
    if policy == "keep":
        affect = {"valence": "0.5", "arousal": "0.15", "raters": "2", "affect_source": "person"}
        claim = json.dumps({name: before[name] for name in ("path", "emotion", "valence", "arousal")})
        assert row == {**before, **affect, "valence_spread": "0.0", "arousal_spread": "0.071", CLAIM: claim}
    else:
        assert row == before


VOTES = st.tuples(st.sampled_from([None, "happy", "sad", "fear"]), st.none() | st.tuples(AFFECT, AFFECT)).filter(any)


@given(
    votes=st.lists(VOTES, min_size=1, max_size=7).flatmap(lambda votes: st.permutations(list(enumerate(votes)))),
    ends=st.sets(st.integers(1, 6)),
    on_tie=st.sampled_from(["skip", "keep"]),
    on_change=st.sampled_from(["keep", "write", "move"]),
    claim=st.sampled_from([{"emotion": "happy"}, {"emotion": "fear", "valence": "0.1", "label_source": "model"}]),
)
def test_the_order_of_imports_is_of_no_matter(
    votes: list[tuple[int, Any]], ends: set[int], on_tie: OnTie, on_change: OnChange, claim: dict[str, str]
) -> None:
    """In parts of any size and order, or all at once: the same row, at the same path."""
    ratings = [rating(str(who), *said) for who, said in votes]

    def labelled(parts: list[int]) -> dict[str, str]:
        row = {"path": PATH, **claim}
        for end in parts:
            of = {NAME: [one for said in latest(ratings[:end])[0].values() for one in said]}
            _, cells = label_rows("small_original", Path("nowhere"), [row], of, on_tie, on_change)
            row |= cells.get(row["path"], {})
        return {column: text for column, text in row.items() if text}

    assert labelled([*sorted(end for end in ends if end < len(votes)), len(votes)]) == labelled([len(votes)])


def test_what_is_mended_by_hand_stays(tree: Path) -> None:
    """What people did not say is the owner's to change, before and after they rated."""
    export = write_export(tree.parent / "a.json", task(NAME, annotation(1, "happy")))
    import_exports([export], tree)
    with Ledger(tree / "dataset_sheet.csv") as ledger:
        ledger.record({PATH: {"valence": "0.125"}})
        ledger.fold()
    import_exports([export], tree)
    assert (rows(tree)[PATH]["valence"], rows(tree)[PATH]["label_source"]) == ("0.125", "person")


def test_a_claim_that_was_spoiled(tree: Path) -> None:
    """Is named with its row and a way out, and nothing is written."""
    imported(tree, "happy")
    sheet = tree / "dataset_sheet.csv"
    sheet.write_text(sheet.read_text().replace('"{""path""', '"{""file""'))
    before = files(tree)
    wanted = r"happy/aaaaaaab_1\.png: claim: expected what an import wrote there: restore it, or empty it .* \(got '{"
    with pytest.raises(ValueError, match=wanted):
        imported(tree, "happy", "happy")
    assert files(tree) == before


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


SPOILED = {
    "happy": ("glad", "emotion: expected one of neutral, happy, sad, surprise, fear, disgust, angry (got 'glad')"),
    "0.5": ("7", "valence: expected a number from -1 to 1 (got '7')"),
    "0.1": ("", "arousal: expected a number from -1 to 1 (got '')"),
    "0.1,": ("nan,", "arousal: expected a number from -1 to 1 (got 'nan')"),
    "small_original": ("emonet_big", "config: expected the name of one that people rate (got 'emonet_big')"),
    "Z,1,": ("Z,,", "rater: expected a name (got '')"),
    "2026-01-02T03:04:05.000000Z": ("2 Jan", "rated_at: expected a time as 2026-01-31T12:00:00.000000Z (got '2 Jan')"),
}


@pytest.mark.parametrize("cell", SPOILED)
def test_a_spoiled_file_of_ratings(tree: Path, cell: str) -> None:
    """A cell of ratings.csv that somebody spoiled is named with a way out, and nothing is written."""
    imported(tree, "happy")
    path, (spoiled, message) = tree / "ratings.csv", SPOILED[cell]
    path.write_text(path.read_text().replace(cell, spoiled, 1))
    before = files(tree)
    way_out = "restore the file, or remove the row and import its export again"
    with pytest.raises(ValueError, match=r".") as error:
        imported(tree, "happy", "sad")
    assert str(error.value) == f"{path} row 2: {message}: {way_out}"
    assert files(tree) == before


@pytest.mark.parametrize("ratings", ["", "[]", "[3]", '{""Joy"": 1}', '{""Awe"": 8}', '{""Awe"": null}'])
def test_spoiled_ratings_of_sliders(tmp_path: Path, ratings: str) -> None:
    """What is no JSON of emotions and numbers on their scale is named, too."""
    header, cells = "rating,config,picture,rater,rated_at,annotation,ratings", "a,emonet_hq,p,anna,,1"
    (tmp_path / "ratings.csv").write_text(f'{header}\n{cells},"{ratings}"\n')
    with pytest.raises(ValueError, match=r"csv row 2: ratings: expected JSON of emotions and numbers from 0 to 7 \(go"):
        reports(tmp_path)
    (tmp_path / "ratings.csv").write_text(f"{header}\n{cells}\n")
    with pytest.raises(ValueError, match=r"csv row 2 has not as many cells as the header \(6\): restore the file, or"):
        reports(tmp_path)


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


def test_sources() -> None:
    """Who drew it says so; what a diffusion model was asked for is a claim; what the sheet says is not guessed."""
    assert {label_source(row) for row in design()[:5]} == {"renderer"}
    assert label_source({"model": "sd-1.5"}) == label_source({}) == "prompt"
    assert label_source({"model": "diffusionfer-sketch-1", "label_source": "person"}) == "person"
    with pytest.raises(ValueError, match=r"^a: label_source: expected one of prompt, renderer, .* \(got 'me'\)$"):
        label_source({"path": "a", "label_source": "me"})
