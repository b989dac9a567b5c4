"""Raw trees on the remote file systems of the tests: an S3 server, a staging Hub, and the memory of this process."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

from tests.publish import pushing
from tests.publish.published import at
from tests.s3 import put_tree, s3
from tools.publish.staging import StagingHub

KINDS = ("s3", "hf", "memory")
REPO = "FER-Universe/raw"
_NUMBERS = itertools.count(1)  # what is in the memory of a process, that of its S3 servers too, outlives a test


@dataclass
class Servers:
    """An S3 server and a staging Hub that clients of this process, and of its children, find by the environment."""

    hub: StagingHub
    api: HfApi
    s3_endpoint: str

    def put(self, kind: str, tree: Path) -> str:
        """Put a tree on one of KINDS, each time in a place of its own; return its URL."""
        name = f"tree {next(_NUMBERS)}"  # a name that must be quoted in a request
        if kind == "hf":
            self.api.upload_folder(repo_id=REPO, repo_type="dataset", folder_path=tree, path_in_repo=name)
            return f"hf://datasets/{REPO}/{name}"
        url = f"{kind}://bucket/{name}"
        put_tree(tree, url)
        return url

    def write(self, url: str, name: str, content: bytes) -> None:
        """Write one file of a tree, as somebody else would: the client that reads it knows nothing of it."""
        if url.startswith("hf://"):
            path = f"{url.removeprefix(f'hf://datasets/{REPO}/')}/{name}"
            self.api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=REPO, repo_type="dataset")
            return
        system, root = fsspec.core.url_to_fs(url)  # another client than that of DiffusionFER, which has options
        system.pipe_file(f"{root}/{name}", content)


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Serve S3 and a Hub with a private dataset repository."""
    disable_progress_bars()
    with (
        s3() as s3_endpoint,
        StagingHub(folder / "hub", tokens=pushing.TOKENS) as hub,
        at(hub, pushing.WRITER),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("HF_ENDPOINT", hub.endpoint)  # for children; `at` is for this process
        patch.setenv("HF_HUB_DISABLE_XET", "1")
        api = HfApi(endpoint=hub.endpoint, token=pushing.WRITER)
        api.create_repo(REPO, repo_type="dataset", private=True)
        yield Servers(hub, api, s3_endpoint)
    enable_progress_bars()
