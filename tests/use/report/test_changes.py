"""What has changed: by hand-made tables, by a law, and against a real push to a staging Hub."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.publish.published import SHARD, Publication, first_of, publication, set_cell
from tests.publish.pushing import REPO, TOKENS
from tests.use.report.damaged import damage, read_rows
from tests.use.report.test_report import Words, made, run, section
from tools.publish.staging import StagingHub
from tools.use.report.changes import Changes, compare
from tools.use.report.markup import text
from tools.use.report.show_changes import _config
from tools.use.report.thumbnails import Thumbnails

COLUMNS = ["emotion", "valence", "prompt"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """One real push, several shards a split."""
    with publication(tmp_path_factory.mktemp("published")) as pushed:
        yield pushed


def table(rows: list[dict[str, str | None]]) -> pa.Table:
    """Return a table of the columns that are compared."""
    names = ["image_id", "split", "sha256", "file", *COLUMNS]
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def row(name: str, **cells: str | None) -> dict[str, str | None]:
    """Return a row with some cells."""
    defaults = {"split": "train", "sha256": f"of {name}", "emotion": "sad", "valence": "-0.5", "prompt": "p"}
    return {**defaults, "image_id": name, "file": f"{name}.png", **cells}


def differences(here: list[dict[str, str | None]], there: list[dict[str, str | None]], listed: int = 9) -> Changes:
    """Compare two lists of rows."""
    return compare(table(here), table(there), COLUMNS, listed)


def test_each_kind_of_change() -> None:
    """Added, removed, relabelled, other cells, other picture, renamed; null equals null and nothing else."""
    there = [row(name) for name in "abcdefg"] + [row("n", prompt=None), row("o", prompt=None)]
    here = [
        row("a"),
        row("b", emotion="happy", prompt="q"),
        row("c", prompt=None),
        row("d", sha256="new"),
        row("e", sha256=None),
        row("x", sha256="of f", emotion="angry"),  # f by another name
        row("n", prompt=None),
        row("o", prompt="now"),
        row("y"),
    ]
    found = differences(here, there)
    names = table(here)["image_id"].to_pylist(), table(there)["image_id"].to_pylist()
    assert [names[0][place] for place in found.added] == ["y"]
    assert [names[1][place] for place in found.removed] == ["g"]
    assert (found.relabelled, found.others, found.pictures, found.renamed, found.unknown) == (2, 2, 1, 1, 1)
    assert [(names[0][one.here], one.cells) for one in found.first_relabelled] == [
        ("b", [("emotion", "sad", "happy"), ("prompt", "p", "q")]),
        ("x", [("emotion", "sad", "angry"), ("image_id", "f", "x")]),
    ]
    assert [(names[0][one.here], one.cells) for one in found.first_others] == [
        ("c", [("prompt", "p", None)]),
        ("o", [("prompt", None, "now")]),
    ]
    assert [names[0][one.here] for one in found.first_pictures] == ["d"]
    assert found.columns == {"emotion": 2, "prompt": 3, "image_id": 1}
    assert found.total == 1 + 1 + 2 + 2 + 1


def test_the_first_are_listed_all_are_counted() -> None:
    """The list is cut by name, whatever the order of the rows."""
    there = [row(f"r{number}") for number in range(8)]
    here = [row(f"r{number}", emotion="happy") for number in reversed(range(8))]
    found = differences(here, there, listed=3)
    assert found.relabelled == 8
    assert [table(here)["image_id"][one.here].as_py() for one in found.first_relabelled] == ["r0", "r1", "r2"]


def test_a_row_that_changed_all_over() -> None:
    """The first cells of a change are shown, old and new, the others counted."""
    tables = [table([row("a")]), table([row("a", emotion="happy", valence="1", prompt="q")])]
    for number in range(9):
        for place, one in enumerate(tables):
            tables[place] = one.append_column(f"c{number}", pa.array([f"{place}"]))
    columns = [*COLUMNS, *(f"c{number}" for number in range(9))]
    found = compare(tables[1], tables[0], columns, 9)
    words = str(Words(_config(found, None, Thumbnails(0))))
    assert (
        "a emotion sad → happy valence -0.5 → 1 prompt p → q c0 0 → 1 c1 0 → 1 c2 0 → 1 more 6 other columns" in words
    )


ROWS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.sampled_from(["sad", "happy", None]), st.sampled_from(["1", "2", None])),
    max_size=6,
)


@given(ROWS, ROWS)
def test_changes_account_for_every_row(here: dict[str, tuple], there: dict[str, tuple]) -> None:
    """With names that stay, sets of names say what came and went, and cells what changed, from either side."""
    now, before = ([row(n, emotion=e, prompt=p) for n, (e, p) in rows.items()] for rows in (here, there))
    found, mirrored = differences(now, before), differences(before, now)
    assert len(found.added) == len(mirrored.removed) == len(set(here) - set(there))
    assert len(found.removed) == len(mirrored.added) == len(set(there) - set(here))
    both = set(here) & set(there)
    assert found.relabelled == mirrored.relabelled == sum(here[name][0] != there[name][0] for name in both)
    changed = sum(here[name][0] == there[name][0] and here[name] != there[name] for name in both)
    assert found.others == mirrored.others == changed


def test_nothing_has_changed(published: Publication, tmp_path: Path) -> None:
    """The tree that was pushed has no change against what it became, in any config."""
    page = section(made(published.data_dir, tmp_path / "out.html", "--against", REPO), "changes")
    words = str(Words(page))
    head = published.api.repo_info(REPO, repo_type="dataset").sha
    assert f"Against {REPO} at commit {head}" in words
    for config in ("small_original", "small_cropped", "emonet_hq", "emonet_binary", "emonet_big"):
        assert f"{config} Changes what rows meaning added 0" in words
    assert "Rows that differ" not in words
    assert page.count("<dl>") == 0


def test_a_damaged_tree(published: Publication, tmp_path: Path) -> None:
    """Each change is listed, old and new, with its picture; a branch is compared with by its name."""
    before = damage(published, tmp_path / "data")
    ids = [one["path"].rsplit("/", 1)[1][:-4] for one in before]
    published.api.create_branch(REPO, repo_type="dataset", branch="before", exist_ok=True)
    page = made(tmp_path / "data", tmp_path / "out.html", "--against", f"{REPO}@before", "--config", "small_original")
    words = str(Words(section(page, "changes")))
    assert "added 1 rows" in words
    assert "removed 1 published" in words
    assert "relabelled 5 rows" in words
    assert "pictures 3 rows" in words  # two copies and a black one; the one cut off is not whole
    assert "1 row has another name" in words
    for said in (
        f"{ids[0]} emotion : neutral → happy",
        f"{ids[1]} valence : {float(before[1]['valence']):.7g} → 0.9",
        f"{ids[2]} split : train → test",
        f"{ids[3]} emotion : {before[3]['emotion']} → joy",
        f"image_id : {ids[21]} → {ids[21][:8]}_6",
        f"{ids[39]} (",
        "zzzzzzzz_2 ( sad , train )",
    ):
        assert said.replace(" : ", " ") in words.replace(" : ", " "), said
    assert str(text("<b>bold</b>")) in page
    assert "<b>bold</b>" not in page
    assert str(tmp_path) not in page


def test_each_config_has_its_share_of_the_pictures(
    published: Publication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is room for a few, those of the labels that changed in each config are among them."""
    damage(published, tmp_path / "data")
    configs = ("--config", "small_original", "--config", "small_cropped")
    monkeypatch.setattr("tools.use.report.show_changes.MOST", 200_000)
    page = section(made(tmp_path / "data", tmp_path / "out.html", "--against", REPO, *configs), "changes")
    first, second = page.split("<h3>")[1:]
    for part in (first, second):
        assert part.partition("<h4>Relabelled</h4>")[2].lstrip().startswith('<ul class="cards">\n<li><img src="data:')
        assert "enough pictures" in part


def test_labels_that_are_none(published: Publication, tmp_path: Path) -> None:
    """A published emotion of -1 is an empty one, one beyond the seven its number; the config is compared."""

    def strange(table: pa.Table) -> pa.Table:
        return set_cell(set_cell(table, "emotion", 0, -1), "emotion", 1, 99)

    branch = published.edited(strange)
    options = ("--against", f"{REPO}@{branch}", "--config", "small_original")
    words = str(Words(section(made(published.data_dir, tmp_path / "out.html", *options), "changes")))
    ids = first_of(published, SHARD)
    assert f"{ids[0]} emotion empty → " in words
    assert f"{ids[1]} emotion 99 → " in words
    assert "relabelled 2 rows" in words


def test_a_config_that_was_not_published(published: Publication, tmp_path: Path) -> None:
    """Its section says so; the report is made."""
    shutil.copytree(published.data_dir / "DifussionEmotion_S", tmp_path / "DifussionEmotion_M")
    sheet = (published.data_dir / "dataset_sheet.csv").read_text().replace("DifussionEmotion_S", "DifussionEmotion_M")
    (tmp_path / "dataset_sheet.csv").write_text(sheet)
    words = str(Words(section(made(tmp_path, tmp_path / "out.html", "--against", REPO), "changes")))
    assert "has no shard of config medium_original" in words


def test_what_the_hub_does_not_have(published: Publication, tmp_path: Path) -> None:
    """The page says that a dataset was never published; a revision that is not there is an error."""
    out = tmp_path / "out.html"
    config = ("--config", "small_original")
    page = made(published.data_dir, out, "--against", "other/name", *config)
    assert f"{published.api.endpoint} has no dataset other/name" in str(Words(section(page, "changes")))
    out.unlink()
    for against in (f"{REPO}@v9", "other/name@main"):
        name, _, revision = against.partition("@")
        done = run(published.data_dir, out, "--against", against, *config)
        assert done.exit_code == 2
        said = f"error: {name} has no revision '{revision}' at {published.api.endpoint}: see --against\n"
        assert done.stderr == said
        assert not out.exists()


def test_offline(published: Publication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no Hub answers, the page is made and says why it knows nothing, also of a revision that was asked for."""
    with StagingHub(tmp_path / "hub", tokens=TOKENS) as gone:
        address = gone.endpoint
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    out = tmp_path / "out.html"
    done = run(published.data_dir, out, "--against", f"{REPO}@v1", "--config", "small_original")
    assert "the report will not say what has changed: cannot list the repository" in done.stderr
    page = out.read_text(encoding="utf-8")
    words = str(Words(section(page, "changes")))
    assert f"Nothing is known of {REPO}@v1" in words
    assert address in words
    assert "hf_" not in page


def test_read_rows_and_damage_agree(published: Publication, tmp_path: Path) -> None:
    """The damaged sheet has as many rows as before: one went, one came."""
    assert len(damage(published, tmp_path / "data")) == len(read_rows(tmp_path / "data"))
