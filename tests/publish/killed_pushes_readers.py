"""`python killed_pushes_readers.py poll|load FOLDER`: somebody who reads a dataset all along while it is published.

In comes, on standard input, the name of a repository to read from now on (an empty line: none); out goes, whenever
another or none comes, what was seen of the one before, as JSON: states in the order in which they came, how often it
was read, and what went wrong. `poll` lists the main branch, and asks for the card and the end of each shard at the
commit that it is at; `load` loads each config with `load_dataset`, with nothing cached. It ends when its input does.

Where the main branch moves between the two requests with which `datasets` gets the card, to learn of what commit it is
and to have its bytes, the client finds that the one does not fit the other, and asks to be called again. That is done,
once, and counted: those races are the client's, and come with whatever commit anybody makes.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

MISSING = "missing"  # the state of a repository that is not there, or has nothing in it yet
TAIL = 1 << 16
PAUSE = 0.02  # seconds between two looks
RACE = "Consistency check failed"
Look = Callable[[str], Iterator[tuple[str, str]]]


def poll() -> Look:
    """Return what looks at a repository as the client lists it."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from huggingface_hub import HfApi, hf_hub_url
    from huggingface_hub.errors import RepositoryNotFoundError
    from huggingface_hub.utils import build_hf_headers, get_session

    api, whole = HfApi(), set[str]()

    def listed(repository: str, revision: str) -> dict[str, list[Any]]:
        items = api.list_repo_tree(repository, repo_type="dataset", revision=revision, recursive=True)
        files: list[Any] = [item for item in items if hasattr(item, "size")]
        return {item.path: [item.size, item.lfs.sha256 if item.lfs else item.blob_id] for item in files}

    def read(repository: str, path: str, commit: str, stretch: str) -> bytes:
        url = hf_hub_url(repository, path, repo_type="dataset", revision=commit)
        headers = build_hf_headers() | {"Range": stretch}
        response = get_session().get(url, headers=headers, follow_redirects=True)
        response.raise_for_status()
        return bytes(response.content)

    def look(repository: str) -> Iterator[tuple[str, str]]:
        try:
            files = listed(repository, "main")
            commit = str(api.dataset_info(repository).sha)
        except RepositoryNotFoundError:
            yield "main", MISSING
            return
        yield "main", state_of(files)
        if "README.md" not in (at_commit := listed(repository, commit)):
            return
        assert read(repository, "README.md", commit, "bytes=0-").startswith(b"---\n")
        for path, (size, _) in at_commit.items():
            if path.endswith(".parquet") and (key := f"{repository} {commit} {path}") not in whole:
                end = read(repository, path, commit, f"bytes={max(0, size - TAIL)}-{size - 1}")
                assert pq.read_metadata(pa.BufferReader(end)).num_rows > 0
                whole.add(key)

    return look


def load(folder: Path, races: list[str]) -> Look:
    """Return what loads a repository, and notes its races."""
    import datasets
    from datasets.data_files import EmptyDatasetError
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub import constants

    from tests.publish.editions import CONFIGS

    datasets.disable_progress_bars()

    def loaded(repository: str, config: str, again: bool = True) -> str:
        try:
            rows = datasets.load_dataset(repository, config, cache_dir=str(folder / "cache"))
        except OSError as error:
            if RACE not in str(error) or not again:
                raise
            races.append(str(error))
            return loaded(repository, config, again=False)
        return content_of(rows.cast_column("image", datasets.Image(decode=False)))

    def look(repository: str) -> Iterator[tuple[str, str]]:
        for config in CONFIGS:
            try:
                yield config, loaded(repository, config)
            except (DatasetNotFoundError, EmptyDatasetError):
                yield config, MISSING
            for cache in (folder / "cache", Path(constants.HF_HUB_CACHE)):
                shutil.rmtree(cache, ignore_errors=True)

    return look


def content_of(loaded: Any) -> str:
    """Return a digest of the rows of all splits, with the bytes of the images."""
    digest = hashlib.sha256()
    for split in sorted(loaded):
        for row in loaded[split]:
            image = row.pop("image")
            digest.update(repr([split, hashlib.sha256(image["bytes"]).hexdigest(), row]).encode())
    return digest.hexdigest()


def state_of(files: dict[str, Any]) -> str:
    """Return a digest of a listing but for the file that the Hub makes itself."""
    files = {path: facts for path, facts in sorted(files.items()) if path != ".gitattributes"}
    return hashlib.sha256(json.dumps(files).encode()).hexdigest() if files else MISSING


def main() -> None:
    """Read until standard input ends."""
    races: list[str] = []
    look = poll() if sys.argv[1] == "poll" else load(Path(sys.argv[2]), races)
    repository, states, looks, failures = "", dict[str, list[str]](), 0, list[str]()
    commands = os.fdopen(0, "rb", buffering=0)  # nothing may wait in a buffer, where `select` does not look
    print("ready", flush=True)
    while True:
        if select.select([commands], [], [], PAUSE if repository else None)[0]:
            if not (line := commands.readline()):
                return
            if repository:
                seen_by = {"states": states, "looks": looks, "races": len(races), "failures": failures}
                print(json.dumps(seen_by), flush=True)
                races.clear()
            repository, states, looks, failures = line.decode().strip(), {}, 0, []
        if repository:
            looks += 1
            try:
                for what, state in look(repository):
                    if not (seen := states.setdefault(what, [])) or seen[-1] != state:
                        seen.append(state)
            except Exception as error:
                failures.append(f"{type(error).__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
