"""Rows are the same wherever they are read from, and what cannot be read is said with its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.publish.published import Publication, publication
from tests.publish.pushing import REPO
from tools.publish.calls import HubError
from tools.use.rows import Rows, open_rows

CONFIGS = ["small_original", "small_cropped", "emonet_hq", "emonet_binary", "emonet_big"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """One real push, several shards a split."""
    with publication(tmp_path_factory.mktemp("published")) as pushed:
        yield pushed


def shards_of(published: Publication) -> Path:
    """Return the folder of the shards of that push."""
    return published.pusher.folder / "work" / "shards"


@pytest.mark.parametrize("config", CONFIGS)
def test_rows_are_the_same_from_everywhere(published: Publication, config: str) -> None:
    """A raw tree, its shards and the Hub give equal tables, and the files of the pictures byte for byte."""
    with (
        open_rows(config, data_dir=published.data_dir) as raw,
        open_rows(config, data_dir=shards_of(published)) as shards,
        open_rows(config, repo_id=REPO) as hub,
    ):
        assert raw.splits == shards.splits == hub.splits
        for split in raw.splits:
            wanted = raw.table(split)
            columns = [name for name in wanted.column_names if name != "sha256"]  # a sheet need not claim it
            assert shards.table(split).equals(hub.table(split))
            assert shards.table(split, columns).equals(wanted.select(columns).cast(shards.table(split, columns).schema))
            for row in {0, wanted.num_rows // 2, wanted.num_rows - 1}:
                assert raw.picture(split, row) == shards.picture(split, row) == hub.picture(split, row)
        assert (raw.revision, shards.revision) == (None, None)
        assert hub.revision == published.api.repo_info(REPO, repo_type="dataset").sha
        assert hub.name == f"{REPO}@{str(hub.revision)[:12]}"


def test_no_picture_is_fetched_with_columns(published: Publication) -> None:
    """What a table of columns takes from the Hub is a small part of the files."""
    with open_rows("small_original", repo_id=REPO) as rows:
        rows.table("train", ["image_id", "valence"])
        reads = rows._mirror._reads  # type: ignore[attr-defined]
        sizes = sum(rows._mirror.sizes.values())  # type: ignore[attr-defined]
        before = reads.fetched
        rows.table("train", ["image_id", "valence"])
        assert reads.fetched == before < sizes / 2
        rows.picture("train", 0)
        assert before < reads.fetched


def refused(rows: Rows, split: str, columns: list[str] | None = None) -> str:
    """Return what is said where a table cannot be had."""
    with pytest.raises(ValueError, match=r".") as caught:
        rows.table(split, columns)
    return str(caught.value)


def test_unknown_split_and_column(published: Publication) -> None:
    """The message names those that are there."""
    with open_rows("emonet_hq", data_dir=published.data_dir) as rows:
        assert refused(rows, "train") == (
            f"{published.data_dir}: config emonet_hq has no split 'train'; it has test (2 rows)"
        )
        assert refused(rows, "test", ["emotion"]) == (
            "config emonet_hq has no column 'emotion'; it has image_id, prompt, demographics, annotations"
        )


def test_nothing_there(published: Publication, tmp_path: Path) -> None:
    """A config that was not published, a repository, a revision and a folder that are not there, and no place."""
    said = {
        "medium_cropped": (FileNotFoundError, "has no shard of config medium_cropped (medium_cropped/SPLIT-00000.parq"),
        "small": (ValueError, "config 'small' is none of small_original, small_cropped"),
    }
    for config, (kind, message) in said.items():
        with pytest.raises(kind) as caught, open_rows(config, repo_id=REPO):
            pass
        assert message in str(caught.value)
    with pytest.raises(HubError, match="has no dataset other/name"), open_rows("emonet_hq", repo_id="other/name"):
        pass
    with pytest.raises(HubError, match="has no revision 'v9'"), open_rows("emonet_hq", repo_id=REPO, revision="v9"):
        pass
    with pytest.raises(FileNotFoundError), open_rows("small_original", data_dir=tmp_path / "none"):
        pass
    with pytest.raises(ValueError, match="neither a folder nor a repository"), open_rows("small_original"):
        pass


def test_damaged_shards(published: Publication, tmp_path: Path) -> None:
    """A shard that is cut off, damaged inside or of another config is named."""
    folder = Path(shutil.copytree(shards_of(published), tmp_path / "shards"))
    shard = folder / "small_original" / "train-00000.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match=r"train-00000\.parquet is not whole"):
        open_rows("small_original", data_dir=folder).__enter__()
    group = pq.read_metadata(folder / "small_original" / "train-00001.parquet").row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    start = next(column.data_page_offset for column in columns if column.path_in_schema == "image_id")
    damaged = (folder / "small_original" / "train-00001.parquet").read_bytes()
    shard.write_bytes(damaged[:start] + b"\xff" * 64 + damaged[start + 64 :])
    with open_rows("small_original", data_dir=folder) as rows:
        assert "small_original/train-00000.parquet cannot be read" in refused(rows, "train")
    shutil.copy(next((folder / "emonet_hq").glob("*.parquet")), shard)
    with open_rows("small_original", data_dir=folder) as rows:
        assert "small_original/train-00000.parquet has no column 'emotion'" in refused(rows, "train", ["emotion"])
