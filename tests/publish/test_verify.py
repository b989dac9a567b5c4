"""Verification against a staging Hub: what was pushed verifies; what files, card or Croissant contradict is found.

One real push serves all tests; each commits its damage to a branch of its own.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, constants

from tests.publish import pushing
from tests.publish.published import (
    CARD,
    ROWS,
    SHARD,
    Publication,
    at,
    first_of,
    publication,
    said,
    set_cell,
)
from tests.publish.pushing import READER, REPO, WRITER
from tools.publish.calls import HubError
from tools.publish.retry import Retries
from tools.publish.staging import StagingHub
from tools.publish.verify.verify import expected_shards, verify


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """One real push."""
    with publication(tmp_path_factory.mktemp("published")) as pushed:
        yield pushed


@pytest.fixture
def data_dir(published: Publication, tmp_path: Path) -> Path:
    """A copy of the raw data that a test may change."""
    return Path(shutil.copytree(published.data_dir, tmp_path / "copy"))


# --- what is as it should be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [False, True])
def test_what_was_pushed_verifies(published: Publication, deep: bool) -> None:
    """Against itself, the raw data and the shards of the work directory there is no difference, deep or not."""
    expected = list(expected_shards(published.pusher.folder / "work"))
    result = verify(REPO, data_dir=published.data_dir, expected=expected, deep=deep)
    assert said(result) == []
    assert result.commit == published.api.repo_info(REPO, repo_type="dataset").sha
    assert (result.rows, result.images) == (2 * ROWS + 6, (2 * ROWS + 6) * deep)
    assert result.compared == ["small_original", "small_cropped", "emonet_hq", "emonet_binary", "emonet_big"]
    assert (result.not_compared, result.files) == ([], len(published.pusher.state()["files"]))
    assert len([shard for shard in expected if shard.path.startswith("small_original/train")]) > 2


def test_against_itself_it_needs_nothing(published: Publication) -> None:
    """Without raw data and shards, and without a token, card, Croissant and footers are compared."""
    with at(published.pusher.hub, None):
        result = verify(REPO)
    assert said(result) == []
    assert (result.compared, result.not_compared, result.rows) == ([], [], 2 * ROWS + 6)
    assert "no difference" in result.as_text()


def test_images_are_not_downloaded(published: Publication) -> None:
    """Every column but the images is compared for a small part of the bytes; deep fetches all of them once."""
    files = published.api.list_repo_tree(REPO, "small_original", repo_type="dataset")
    shards = sum(file.size for file in files if hasattr(file, "size"))
    options = {"data_dir": published.data_dir, "configs": ["small_original"]}
    light, deep = verify(REPO, **options), verify(REPO, **options, deep=True)  # type: ignore[arg-type]
    assert light.rows == deep.rows == deep.images == ROWS
    assert light.bytes_fetched < 0.15 * shards
    assert shards < deep.bytes_fetched < 1.5 * shards + 200_000  # besides, the card and the other texts


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_shard_that_is_gone(published: Publication) -> None:
    """A deleted shard is missing by its number, as expected, and by every row of it; the header no longer agrees."""
    expected = list(expected_shards(published.pusher.folder / "work"))
    branch = published.damaged({SHARD: None})
    ids = first_of(published, SHARD)
    result = verify(REPO, revision=branch, data_dir=published.data_dir, expected=expected)
    lines = said(result)
    assert f"{SHARD} is missing: shards with higher numbers are there" in lines
    assert any(line.startswith(f"{SHARD} is missing: expected ") for line in lines)
    missing = [of for of in result.differences if of.path == "small_original/train-*.parquet"]
    assert {of.image_id for of in missing} == set(ids)
    assert {of.what for of in missing} == {"missing"}
    assert any("num_examples of split 'train' is 32, expected the" in line for line in lines)
    assert any(line.startswith("croissant.json is different: records of config 'small_original'") for line in lines)
    assert {of.path for of in result.differences} == {SHARD, "small_original/train-*.parquet", CARD, "croissant.json"}


def test_a_split_and_a_config_that_are_gone(published: Publication) -> None:
    """Where no shard is left, that is said once, not row by row."""
    files = [path for path in published.pusher.state()["files"] if path.startswith("emonet_hq/")]
    branch = published.damaged({**dict.fromkeys(files), "small_cropped/test-00000.parquet": None})
    lines = said(verify(REPO, revision=branch, data_dir=published.data_dir))
    assert "emonet_hq/test-*.parquet is missing: no shard, and the raw data has 2 rows" in lines
    assert "small_cropped/test-*.parquet is missing: no shard, and the raw data has 4 rows" in lines
    assert "README.md is different: config 'emonet_hq' is in the header, and has no shard" in lines
    assert any("split 'test' has no shard" in line for line in lines)
    assert "croissant.json is different: record set 'emonet_hq' is of a config that has no shard" in lines


def test_shards_too_many(published: Publication) -> None:
    """A stale shard is extra, whether its name goes on numbering, is one of no push, or is one that no config names."""
    content = published.read("small_original/train-00000.parquet")
    expected = list(expected_shards(published.pusher.folder / "work"))
    last = max(of.path for of in expected if of.path.startswith("small_original/train"))
    stale = f"{last[: -len('00000.parquet')]}{int(last[-13:-8]) + 1:05d}.parquet"
    odd, other = "small_original/train-00000-of-00001.parquet", "old/train-00000.parquet"
    branch = published.damaged({stale: content, odd: content, other: content})
    lines = said(verify(REPO, revision=branch, data_dir=published.data_dir, expected=expected))
    rows = len(first_of(published, "small_original/train-00000.parquet"))
    assert f"{stale} is extra: none of its {rows} rows is left to be found in the raw data" in lines
    assert f"{stale} is extra: it is not among the shards that are expected" in lines
    assert f"{odd} is extra: no push writes a file of this name" in lines
    assert f"{other} is extra: no config of the card names this file" in lines


def test_a_shard_that_is_not_as_expected(published: Publication) -> None:
    """Size, sha256 and rows are compared, each by itself."""
    expected = [shard for shard in expected_shards(published.pusher.folder / "work") if shard.path == SHARD]
    (right,) = expected
    for wrong, words in (
        (replace(right, size=right.size + 1), f"it has {right.size:,} bytes, expected {right.size + 1:,}"),
        (replace(right, sha256="0" * 64), f"it has sha256 {right.sha256}, expected {'0' * 64}"),
        (replace(right, rows=1), f"its footer has {right.rows:,} rows, expected 1"),
    ):
        everything = [of for of in expected_shards(published.pusher.folder / "work") if of.path != SHARD]
        result = verify(REPO, expected=[*everything, wrong])
        assert said(result) == [f"{SHARD} is different: {words}"]


def test_expected_shards_that_are_none(tmp_path: Path) -> None:
    """A shard of a work directory that cannot be read is named."""
    folder = tmp_path / "shards" / "small_original"
    folder.mkdir(parents=True)
    (folder / "train-00000.parquet").write_bytes(b"x" * 20)
    with pytest.raises(ValueError, match=r"train-00000\.parquet is not whole: a Parquet file begins and ends with"):
        list(expected_shards(tmp_path))


def test_what_belongs_to_the_card(published: Publication) -> None:
    """Without Croissant and pictures of the card, both are named; a file of data beside them is extra."""
    branch = published.damaged({"croissant.json": None, "assets/gallery.png": None, "notes/old.csv": b"a,b\n1,2\n"})
    lines = said(verify(REPO, revision=branch))
    assert "croissant.json is missing: every publication has one" in lines
    assert "notes/old.csv is extra: no config of the card names this file" in lines
    assert [line for line in lines if "'assets/gallery.png' leads to no file of the folder" in line]
    assert len(lines) == 4  # the card has a link to Croissant, too


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            r"num_examples: 32",
            "num_examples: 33",
            "num_examples of split 'train' is 33, expected the 32 of the footers",
        ),
        (r"num_bytes: \d+", "num_bytes: 7", "num_bytes of split 'train' is 7, expected the"),
        (r"download_size: \d+", "download_size: 8", "config 'small_original': download_size is 8, expected"),
        (r"dataset_size: \d+", "dataset_size: x", "config 'small_original': dataset_size is 'x', expected"),
        (r"- name: arousal\n    dtype: float32", "- name: arousal\n    dtype: float64", "features is"),
        (r"small_original/train-\*\.parquet", "small_original/train-00000.parquet", "configs, config 'small_original'"),
        (r"  default: true\n", "", "default is missing, expected 'True'"),
        (r"- n<1K", "- 1K<n<10K", "size_categories is"),
        (r"- config_name: small_original\n  features", "- config_name: other\n  features", "dataset_info has no entry"),
        (r"---\n", "---\n[", "README.md is unreadable: its header is none"),
    ],
)
def test_a_header_that_does_not_agree(published: Publication, old: str, new: str, words: str) -> None:
    """Every number and name that the header gives is compared with the footers."""
    card = published.read(CARD).decode()
    changed = re.sub(old, new, card, count=1)
    assert changed != card
    lines = said(verify(REPO, revision=published.damaged({CARD: changed.encode()})))
    assert [line for line in lines if words in line and line.startswith(CARD)]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"value": 40', '"value": 41', "records of config 'small_original' is 41, expected the 40 of the footers"),
        ("32 in train", "31 in train", "does not say '32 in train, 4 in validation, 4 in test'"),
        ('"name": "prompt"', '"name": "prompts"', "differ from the features: prompt, prompts"),
        ('"small_original/*.parquet"', '"small/*.parquet"', "includes 'small/*.parquet', and no file is so named"),
        ("{", "[", "croissant.json is unreadable: it is no Croissant file"),
    ],
)
def test_a_croissant_file_that_does_not_agree(published: Publication, old: str, new: str, words: str) -> None:
    """Records, splits, fields and patterns of Croissant are compared with the footers and the files."""
    text = published.read("croissant.json").decode()
    assert old in text
    branch = published.damaged({"croissant.json": text.replace(old, new, 1).encode()})
    lines = said(verify(REPO, revision=branch))
    assert lines
    assert all(line.startswith("croissant.json is ") for line in lines)
    assert any(words in line for line in lines)


# --- the Hub --------------------------------------------------------------------------------------------------------


def test_what_is_not_there(published: Publication) -> None:
    """No such repository, revision or config, and an address that nobody answers at: one line each."""
    once = Retries(tries=1)
    for arguments, words in (
        ({"repo_id": "FER-Universe/Nothing"}, "has no dataset FER-Universe/Nothing, or this token may not see it"),
        ({"repo_id": REPO, "revision": "nowhere"}, f"{REPO} has no revision 'nowhere' at http"),
        ({"repo_id": "a b"}, "is not a repository's name"),
    ):
        with pytest.raises(HubError, match=words) as raised:
            verify(**arguments, retries=once)  # type: ignore[arg-type]
        assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match="config 'large' is none of"):
        verify(REPO, configs=["large"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
        with pytest.raises(HubError, match="check the network"):
            verify(REPO, retries=once)


def test_a_private_repository(tmp_path: Path, published: Publication) -> None:
    """Without a token a private repository is not seen; whoever may read it can verify it."""
    with StagingHub(tmp_path / "hub", tokens=pushing.TOKENS) as hub:
        with at(hub, WRITER):
            api = HfApi(endpoint=hub.endpoint, token=WRITER)
            api.create_repo(REPO, repo_type="dataset", private=True)
            files = {SHARD.replace("00001", "00000"): published.read(SHARD), CARD: b"# Nothing\n"}
            operations = [CommitOperationAdd(path, content) for path, content in files.items()]
            api.create_commit(REPO, operations, repo_type="dataset", commit_message="Files")
        with at(hub, None), pytest.raises(HubError, match=r"has no dataset .*, or this token may not see it"):
            verify(REPO)
        with at(hub, READER):
            lines = said(verify(REPO))
    assert "README.md is different: configs has no entry for config 'small_original', which has shards" in lines
    assert "croissant.json is missing: every publication has one" in lines


def test_a_commit_pins_the_revision(published: Publication) -> None:
    """A tag or a commit is verified as it is, whatever a branch that moves meanwhile has."""
    before = published.api.repo_info(REPO, repo_type="dataset").sha
    published.api.create_tag(REPO, repo_type="dataset", tag="v1")
    for revision in (before, "v1"):
        result = verify(REPO, revision=revision, configs=["emonet_hq"])
        assert (result.commit, said(result)) == (before, [])


def test_results_for_machines(published: Publication) -> None:
    """Differences come sorted, each with its place as plain values."""
    branch = published.edited(lambda table: set_cell(set_cell(table, "seed", 1, None), "seed", 0, 77))
    result = verify(REPO, revision=branch, data_dir=published.data_dir, configs=["small_original"])
    found = result.as_json()["differences"]
    assert found == [vars(of) for of in sorted(result.differences)]
    cells = [of for of in found if of["row"]]
    assert [(of["row"], of["column"], of["what"]) for of in cells] == [
        (1, "seed", "different"),
        (2, "seed", "different"),
    ]
    assert "column seed: nothing, expected" in cells[1]["detail"]
    assert result.as_text().splitlines()[0] == str(result.differences[0])
