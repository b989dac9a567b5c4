"""What was pushed once for many tests of verification, the damages to it, and clients of this process that see it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants

from tests.publish import pushing
from tests.publish.pushing import REPO, WRITER, Pusher
from tests.trees import write_emonet, write_faces
from tools.publish.staging import StagingHub
from tools.publish.verify.verify import Verified

FACES, CROPS = "DifussionEmotion_S", "DiffusionEmotion_S_cropped"
SHARD = "small_original/train-00001.parquet"
CARD = "README.md"
ROWS = 40  # in all; 32 of them in train


@dataclass
class Publication:
    """What was pushed, by whom, from where; branches with damages begin at its commit."""

    pusher: Pusher
    data_dir: Path
    rows: list[dict[str, Any]]
    api: HfApi
    branches: int = 0

    def read(self, path: str) -> bytes:
        """Return a published file."""
        reply = self.api.hf_hub_download(REPO, path, repo_type="dataset", cache_dir=self.pusher.folder / "cache")
        return Path(reply).read_bytes()

    def damaged(self, files: dict[str, bytes | None]) -> str:
        """Commit files, None for one that is deleted, to a new branch; return its name."""
        self.branches += 1
        branch = f"damage-{self.branches}"
        self.api.create_branch(REPO, repo_type="dataset", branch=branch, revision="main")
        operations: list[Any] = [
            CommitOperationDelete(path) if content is None else CommitOperationAdd(path, content)
            for path, content in files.items()
        ]
        with pytest.MonkeyPatch.context() as patch:
            # The client refuses a header that is none; others may not.
            patch.setattr(self.api, "_validate_yaml", lambda *_, **__: None)
            self.api.create_commit(REPO, operations, repo_type="dataset", revision=branch, commit_message="Damage")
        return branch

    def edited(self, edit: Callable[[pa.Table], pa.Table], path: str = SHARD) -> str:
        """Replace a shard by one with an edited table; return the branch."""
        table = edit(pq.read_table(pa.BufferReader(self.read(path))))
        return self.damaged({path: parquet(table)})


def parquet(table: pa.Table) -> bytes:
    """Return a table as a Parquet file much like those of a push."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="none", use_dictionary=False, write_page_index=True, write_statistics=False)
    return sink.getvalue()


@contextmanager
def publication(folder: Path) -> Iterator[Publication]:
    """Push faces in several shards a split, and the three EmoNet configs; the clients of this process see them."""
    data_dir = folder / "data"
    data_dir.mkdir()
    rows = write_faces(data_dir, ROWS, size=128)
    write_emonet(data_dir)
    with StagingHub(folder / "hub", tokens=pushing.TOKENS) as hub:
        pusher = Pusher(hub, folder)
        pusher.summary("--data-dir", str(data_dir), "--public", "--max-shard-size", "600KB")
        with at(hub, WRITER):
            yield Publication(pusher, data_dir, rows, HfApi(endpoint=hub.endpoint, token=WRITER))


class at:  # noqa: N801
    """Let the clients of this process speak to a Hub, with a token or without."""

    def __init__(self, hub: StagingHub, token: str | None) -> None:
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(constants, "ENDPOINT", hub.endpoint)
        template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        self._patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        self._patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        self._patch.setattr(constants, "HF_TOKEN_PATH", "/nonexistent")
        self._patch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
        self._patch.setenv("HF_TOKEN", token) if token else self._patch.delenv("HF_TOKEN", raising=False)

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End, with everything as it was."""
        self._patch.undo()


def said(result: Verified) -> list[str]:
    """Return the differences as lines."""
    return [str(difference) for difference in result.differences]


def row_of(published: Publication, number: int, split: str = "train") -> dict[str, Any]:
    """Return a row of the sheet, counted from 0 in its split."""
    return [row for row in published.rows if row["split"] == split][number]


def id_of(row: dict[str, Any]) -> str:
    """Return the image_id of a row of the sheet."""
    return str(row["path"].rsplit("/", 1)[-1].removesuffix(".png"))


def first_of(published: Publication, path: str) -> list[str]:
    """Return the image_ids of a published shard."""
    return list(pq.read_table(pa.BufferReader(published.read(path)), columns=["image_id"])["image_id"].to_pylist())


def set_cell(table: pa.Table, column: str, row: int, value: Any) -> pa.Table:
    """Return a table with one cell changed."""
    values = table[column].to_pylist()
    values[row] = value
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pa.array(values, table.schema.field(column).type))
