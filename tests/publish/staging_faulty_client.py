"""What the real client makes of a Hub with faults: every step of a publication, each tried again where it fails.

In comes the Hub by way of the environment; out goes, as JSON on standard output, for each step what came of each try:
"ok" (and what came back, where that is a text) or the class and the status of the error, and how many seconds the
client meant to wait each time before it tried again by itself. Nothing sleeps.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPO = "FER-Universe/DiffusionFER"
LARGE = b"\0 a large file of one piece" * 10
PARTS = b"\0 a large file in parts" * 100


def main() -> None:
    """Go through all steps, or those named, and print what came of each."""
    from huggingface_hub import CommitOperationAdd, HfApi

    waits: list[float] = []
    time.sleep = waits.append  # type: ignore[assignment]
    api: Any = HfApi()
    on = {"repo_id": REPO, "repo_type": "dataset"}

    def add(path: str, content: bytes) -> Any:
        return CommitOperationAdd(path, content)

    def download(path: str) -> str:
        content = Path(api.hf_hub_download(**on, filename=path, force_download=True)).read_bytes()
        return hashlib.sha256(content).hexdigest()

    def commit(path: str, content: bytes, parent: str | None = None) -> None:
        api.create_commit(**on, operations=[add(path, content)], commit_message=path, parent_commit=parent)

    steps: dict[str, Callable[[], Any]] = {
        "whoami": lambda: api.whoami(),
        "create": lambda: api.create_repo(**on, exist_ok=True),
        "info": lambda: api.repo_info(**on),
        "tree": lambda: list(api.list_repo_tree(**on, recursive=True)),
        "paths": lambda: api.get_paths_info(**on, paths=["README.md"]),
        "upload": lambda: api.preupload_lfs_files(**on, additions=[add("a.parquet", LARGE)]),
        "part": lambda: api.preupload_lfs_files(**on, additions=[add("b.parquet", PARTS)]),
        "commit": lambda: commit("a.txt", b"text"),
        "onto": lambda: commit("b.txt", b"text", api.repo_info(**on).sha),
        "commits": lambda: api.list_repo_commits(**on),
        "refs": lambda: api.list_repo_refs(**on),
        "tag": lambda: api.create_tag(**on, tag="v1", exist_ok=True),
        "branch": lambda: api.create_branch(**on, branch="next", exist_ok=True),
        "propose": lambda: api.create_pull_request(**on, title="A title"),
        "discussions": lambda: api.get_discussion_details(**on, discussion_num=1),
        "status": lambda: api.change_discussion_status(**on, discussion_num=1, new_status="open"),
        "merge": lambda: api.merge_pull_request(**on, discussion_num=1),
        "resolve": lambda: download("a.txt"),
        "large": lambda: commit("a.parquet", LARGE),
        "download": lambda: download("a.parquet"),
    }

    def attempt(step: str) -> list[Any]:
        waits.clear()
        try:
            result = steps[step]()
        except Exception as error:
            response = getattr(error, "response", None)
            return [type(error).__name__, getattr(response, "status_code", None), list(waits)]
        return ["ok", result if isinstance(result, str) and step != "create" else None, list(waits)]

    print(json.dumps({step: [attempt(step), attempt(step)] for step in sys.argv[1:] or steps}))


if __name__ == "__main__":
    main()
