"""The plan of a push before any work: what it will build, keep, send and delete, and what would stop it on the way.

In go the planned shards, the manifest and a fresh listing of the Hub; out comes a Forecast. Nothing is built or sent.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.publish.flip import FILES_A_COMMIT, beyond_limits
from tools.publish.hub import Head
from tools.publish.options import Options
from tools.publish.plan import Local, make_plan
from tools.publish.shard_plan import PlannedShard
from tools.publish.text import size, table

CARD_FILES = 7  # the card and what is rendered beside it, at most


@dataclass(frozen=True)
class SplitForecast:
    """What is to be done for one split, in shards; `send_bytes` are those of the shards to send, at most.

    Of those to `build`, it is not known yet whether the Hub has them: they count as to be sent.
    """

    config: str
    split: str
    rows: int
    shards: int
    build: int
    send: int
    send_bytes: int


@dataclass(frozen=True)
class Forecast:
    """What a push will do; sizes in bytes. `commits` are those of a pull request where it is `by_pull_request`.

    `images` are those of the shards to build; `build_bytes` what those take, at most, and `disk` what will be taken of
    the `free` bytes of the disk. `problems` are what would stop the push, a line each.
    """

    splits: list[SplitForecast]
    delete: list[str]
    commits: int
    by_pull_request: bool
    images: int
    build_bytes: int
    disk: int
    free: int
    problems: list[str]

    @property
    def build(self) -> int:
        """How many shards are to be built."""
        return sum(split.build for split in self.splits)

    @property
    def send(self) -> int:
        """How many shards are to be sent, at most."""
        return sum(split.send for split in self.splits)

    @property
    def send_bytes(self) -> int:
        """The bytes of the shards that are to be sent, at most."""
        return sum(split.send_bytes for split in self.splits)

    def as_json(self) -> dict[str, Any]:
        """Return the forecast as a mapping of plain values, for machines."""
        return {
            "splits": [vars(split) for split in self.splits],
            "build": self.build,
            "keep": sum(split.shards for split in self.splits) - self.build,
            "delete": self.delete,
            "send": self.send,
            "send_bytes": self.send_bytes,
            "build_bytes": self.build_bytes,
            "disk_bytes": self.disk,
            "free_bytes": self.free,
            "commits": self.commits,
            "problems": self.problems,
        }

    def as_text(self, *, problems: bool = True) -> str:
        """Return the forecast for a person, with the problems or without."""
        head = ("config", "split", "rows", "shards", "to build", "to send", "bytes to send")
        rows = [
            (split.config, split.split, *(f"{number:,}" for number in list(vars(split).values())[2:]))
            for split in self.splits
        ]
        kept = sum(split.shards for split in self.splits) - self.build
        lines = [
            table(head, rows),
            f"shards: {self.build:,} to build, {kept:,} stand as they are; {len(self.delete):,} to delete on the Hub",
        ]
        if self.commits:
            way = f"{self.commits:,} commits of a pull request, which is merged" if self.by_pull_request else "1 commit"
            lines.append(f"to send: at most {size(self.send_bytes)} of shards, and the card; to be seen by {way}")
        else:
            lines.append("to send: nothing but the card, should that have changed")
        if self.images:
            lines.append(f"to look at: the pictures, before any is built; {self.images:,} are in the shards to build")
        if self.disk:
            lines.append(f"disk: at most {size(self.disk)} of the {size(self.free)} that are free")
        lines += [f"problem: {problem}" for problem in self.problems if problems]
        return "\n".join(lines)


def forecast(
    planned: Mapping[str, Sequence[PlannedShard]],
    proven: Container[str],
    head: Head | None,
    local: Mapping[str, Local],
    options: Options,
    there: Container[str] = (),
) -> Forecast:
    """Return what a push of the planned shards, by config, will do.

    `proven` are the paths of shards that need not be built, and `local` is what these are on the Hub; `head` is the
    state of the repository, None where it is to be made. `there` are the sha256 of contents that the Hub has, under
    whatever name.
    """
    listed = head.files if head else {}
    shards = [shard for of_config in planned.values() for shard in of_config]
    # What is to be built is like nothing that the Hub has, as long as it is not known.
    files = {shard.path: local.get(shard.path) or Local(shard.most_bytes, "", "") for shard in shards}
    plan = make_plan(files, listed, list(planned))
    build, send = [shard for shard in shards if shard.path not in proven], set(plan.send)
    changed = len(plan.send) + len(plan.delete)
    number = changed + CARD_FILES if changed else 0
    disk, free = _disk(build, options), shutil.disk_usage(options.work_dir).free
    return Forecast(
        splits=[
            _split(*of, proven, send, files, there) for of in itertools.groupby(shards, lambda s: (s.config, s.split))
        ],
        delete=plan.delete,
        commits=-(-number // FILES_A_COMMIT),
        by_pull_request=number > FILES_A_COMMIT,
        images=sum(shard.rows for shard in build),
        build_bytes=sum(shard.most_bytes for shard in build),
        disk=disk,
        free=free,
        problems=beyond_limits({path: files[path] for path in send}, plan.delete, listed)
        + _disk_problems(build, disk, free, options),
    )


def _split(
    name: tuple[str, str],
    shards: Iterator[PlannedShard],
    proven: Container[str],
    send: Container[str],
    files: Mapping[str, Local],
    there: Container[str],
) -> SplitForecast:
    of_split = list(shards)
    paths = [shard.path for shard in of_split]
    to_send = [path for path in paths if path in send and files[path].sha256 not in there]
    return SplitForecast(
        *name,
        rows=sum(shard.rows for shard in of_split),
        shards=len(of_split),
        build=sum(path not in proven for path in paths),
        send=len(to_send),
        send_bytes=sum(files[path].size for path in to_send),
    )


def _disk(to_build: Sequence[PlannedShard], options: Options) -> int:
    """Return what building will take of the disk, from above, beyond what shards of this work directory take now."""
    if options.scheduler:
        return 0
    sizes = [shard.most_bytes for shard in to_build]
    if options.max_disk is not None:
        return min(options.max_disk, sum(sizes))
    # One stands beside its replacement until that is whole.
    before = sum(_size(options.work_dir / "shards" / shard.path) for shard in to_build)
    return max(sum(sizes) - before, max(sizes, default=0))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _disk_problems(to_build: Sequence[PlannedShard], disk: int, free: int, options: Options) -> list[str]:
    largest = max([shard.most_bytes for shard in to_build], default=0)
    if options.max_disk is not None and largest > options.max_disk:
        return [
            f"a shard of up to {largest:,} bytes does not fit into --max-disk {options.max_disk:,}: "
            "allow more, or use a smaller --max-shard-size"
        ]
    if disk > free:
        way = "" if options.max_disk is not None else ", or send and drop shards as they are built by --max-disk"
        return [
            f"the shards take up to {size(disk)}, and {options.work_dir} has {size(free)} free: "
            f"free some, give another --work-dir{way}"
        ]
    return []
