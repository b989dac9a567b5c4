"""The contenders of `shards.py`, each run in a process of its own: from the same PNGs to shards that could be uploaded.

In comes the name of a contender and an empty folder for what it writes; out goes, as JSON on standard output, how long
its work took, imports not counted, and the peak of its memory.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

MAX_SHARD_SIZE = 500 * 10**6  # the default of datasets and of the push
WORKERS = 2
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes

# Does its imports and returns the work that is timed.
Contender = Callable[[Path], Callable[[], object]]


def ours(target: Path, **inspect: Callable[..., list[Any]]) -> Callable[[], object]:
    """What the push does: each image is hashed and proven, each shard is hashed, on the disk and in the manifest."""
    from DiffusionFER import read_index
    from tests.benchmarks.material import CONFIG, RAW
    from tools.publish.manifest import Manifest
    from tools.publish.shards import build_shards

    options: dict[str, Any] = {"max_shard_size": MAX_SHARD_SIZE, "workers": WORKERS, **inspect}

    def work() -> None:
        index = read_index(CONFIG, str(RAW))
        with Manifest(target) as manifest:
            _, problems = build_shards(CONFIG, index, target / "shards", manifest=manifest, **options)
        if problems:
            raise RuntimeError(f"the images of the benchmark are damaged: {problems[:3]}")

    return work


def ours_unproven(target: Path) -> Callable[[], object]:
    """The same without a look at the chunks of each PNG."""
    return ours(target, inspect=lambda *_: [])


def imagefolder(target: Path) -> Callable[[], object]:
    """`load_dataset("imagefolder")` and the real `push_to_hub`, with a Hub that takes everything in no time.

    Replaced are the calls of HfApi and the file system of the Hub. Kept is the sha256 of each shard, which the protocol
    of LFS wants to know before the upload begins.
    """
    import datasets
    import datasets.arrow_dataset
    from fsspec.implementations.memory import MemoryFileSystem
    from huggingface_hub import HfApi

    from tests.benchmarks.material import FOLDER

    class Named:
        """The answer to any question for a repository."""

        id, sha = "FER-Universe/benchmark", "0" * 40

    class NoFiles(MemoryFileSystem):
        """An empty repository."""

        def __init__(self, endpoint: str | None = None, token: str | None = None) -> None:
            super().__init__()

    def hash_only(self: HfApi, repo_id: str, additions: Any, **options: Any) -> None:
        for addition in additions:
            _ = addition.upload_info.sha256

    api: Any = HfApi
    api.repo_info = lambda self, repo_id, **options: Named()
    api.preupload_lfs_files = hash_only
    api.create_commit = lambda self, repo_id, operations, **options: Named()
    datasets.arrow_dataset.HfFileSystem = NoFiles
    datasets.disable_progress_bars()

    def work() -> None:
        loaded = datasets.load_dataset("imagefolder", data_dir=str(FOLDER), split="train")
        loaded.push_to_hub(Named.id, "small_original", max_shard_size=MAX_SHARD_SIZE)

    return work


def prepare(target: Path, processes: int | None = None) -> Callable[[], object]:
    """The builder's rows by `download_and_prepare(file_format="parquet")`; each image is hashed, no shard is."""
    import datasets

    import DiffusionFER
    from tests.benchmarks.material import CONFIG, RAW

    datasets.disable_progress_bars()

    def work() -> None:
        builder = DiffusionFER.DiffusionFER(config_name=CONFIG, data_dir=str(RAW), cache_dir=str(target / "cache"))
        options: dict[str, Any] = {"file_format": "parquet", "max_shard_size": MAX_SHARD_SIZE, "num_proc": processes}
        builder.download_and_prepare(str(target / "shards"), **options)

    return work


def prepare_in_two(target: Path) -> Callable[[], object]:
    """The same with num_proc=2; the memory is that of the greatest process."""
    return prepare(target, processes=WORKERS)


def limit(target: Path) -> Callable[[], object]:
    """Read, hash twice and write the same bytes, nothing else: two threads, each with a file of its own."""
    import hashlib
    from concurrent.futures import ThreadPoolExecutor

    from tests.benchmarks.material import FOLDER

    def copy(number: int, files: list[Path]) -> str:
        whole = hashlib.sha256()
        with (target / str(number)).open("wb", buffering=0) as shard:
            for file in files:
                content = file.read_bytes()
                hashlib.sha256(content).hexdigest()
                whole.update(content)
                shard.write(content)
        return whole.hexdigest()

    def work() -> None:
        files = sorted(FOLDER.rglob("*.png"))
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(copy, range(WORKERS), [files[number::WORKERS] for number in range(WORKERS)]))

    return work


CONTENDERS: dict[str, Contender] = {
    "build_shards": ours,
    "build_shards, not proven": ours_unproven,
    "imagefolder + push_to_hub": imagefolder,
    "download_and_prepare": prepare,
    "download_and_prepare, num_proc=2": prepare_in_two,
    "limit": limit,
}


def main(name: str, target: Path) -> None:
    """Run one contender."""
    work = CONTENDERS[name](target)
    begun, imports = time.perf_counter(), time.process_time()
    work()
    seconds = time.perf_counter() - begun
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(usage.ru_utime + usage.ru_stime for usage in usages) - imports
    print(json.dumps({"seconds": seconds, "busy": busy, "peak": max(usage.ru_maxrss for usage in usages) * UNIT}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
