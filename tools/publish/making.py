"""From planned shards to shards: here, in processes of this machine, or on a cluster, and to the Hub on the way.

In go what was planned and what is proven done; out come all shards of a push, each recorded in the manifest as soon as
it stands, so that whoever is stopped goes on from there.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from DiffusionFER import Index, read_index
from tools.check.findings import Finding
from tools.check.images.content import image_findings
from tools.check.images.proven import Proven
from tools.engine import Engine, processes
from tools.publish.forecast import Forecast
from tools.publish.hub import DatasetRepository, Head, HubError
from tools.publish.manifest import Manifest
from tools.publish.memory import give_back
from tools.publish.options import Options, PushError, Say
from tools.publish.progress import Progress
from tools.publish.shard_build import Built, Job, build_alone, build_here, readers
from tools.publish.shard_plan import PlannedShard, plan_shards
from tools.publish.shards import Make, Shard, build_shards, prepare, proven_shards, recorded
from tools.publish.shipping import Shipping, Target, build_and_send
from tools.publish.uploads import Traffic, Uploaded

# From so many bytes on, processes are faster than the threads of this one: each takes seconds to begin.
PROCESSES_FROM = 4 * 10**9


@dataclass(frozen=True)
class Work:
    """What making shards needs: the options, where the data is, what is open, and what is counted and told."""

    options: Options
    data_dir: Path | str
    manifest: Manifest
    repository: DatasetRepository
    engine: Engine | None  # of a cluster; None: this machine
    proven: Proven
    traffic: Traffic
    say: Say

    @property
    def folder(self) -> Path:
        """Where the shards are kept."""
        return self.options.work_dir / "shards"


def plan_all(configs: Iterable[str], data_dir: Path | str, max_shard_size: int) -> dict[str, list[PlannedShard]]:
    """Return the shards of each config, of which one after the other is in memory. Raises ShardError and ValueError."""
    return {config: _plan(config, data_dir, max_shard_size) for config in configs}


def _plan(config: str, data_dir: Path | str, max_shard_size: int) -> list[PlannedShard]:
    return plan_shards(config, read_index(config, str(data_dir)), max_shard_size=max_shard_size)


def known_contents(planned: Mapping[str, Sequence[PlannedShard]], work: Work, head: Head | None) -> set[str]:
    """Return the sha256 of contents that the Hub has: those of its listing, and shards sent ahead of a commit.

    Only of recorded shards whose file is not here is the Hub asked. Raises HubError.
    """
    if head is None:
        return set()
    found = {remote.sha256 for remote in head.files.values() if remote.sha256}
    for shards in planned.values():
        known = proven_shards(shards, work.folder, work.manifest, found)
        records = (record for shard, record in recorded(shards, work.manifest) if shard.path not in known)
        try:
            found |= work.repository.has(Uploaded(record.size, record.sha256) for record in records)
        except HubError:
            if not (work.options.plan_only or work.options.dry_run):
                raise
            # Only whoever may write is told; a plan without such a token counts these shards as to be built.
    return found


def make_all(
    work: Work, planned: Mapping[str, Sequence[PlannedShard]], forecast: Forecast, there: Collection[str]
) -> tuple[list[Shard], list[Finding]]:
    """Build what is not proven, and return all shards and what is wrong with images; `there` is on the Hub.

    Where shards are sent as they are built, all of them are there when this returns. Raises ShardError, ManifestError,
    HubError and EngineError, and PushError where the data changed since it was planned.
    """
    options = work.options
    shards: list[Shard] = []
    findings: list[Finding] = []
    with ExitStack() as stack:
        shipping = None
        if options.max_disk is not None:
            standing = _make_room(work, planned, there)
            shipping = stack.enter_context(
                Shipping(
                    work.repository,
                    work.traffic,
                    most=options.max_disk,
                    max_shard_size=options.max_shard_size,
                    create_pr=options.create_pr,
                    there=there,
                )
            )
            for shard in standing:  # before any other takes the room on the disk
                shipping.after(shard)
            there = {*there, *(shard.sha256 for shard in standing)}
        bar = stack.enter_context(Progress("shards", forecast.images, "image", work.say))
        pool = None
        if _pays(forecast, options) and not shipping and not work.engine:
            pool = stack.enter_context(processes(min(options.num_proc, forecast.build)))
        make = _numbered(_maker(work, pool, bar), bar, forecast.build)
        for config, of_config in planned.items():
            built, found = build_shards(
                config,
                functools.partial(_same_index, work, config, of_config),
                work.folder,
                max_shard_size=options.max_shard_size,
                make=make,
                manifest=work.manifest,
                plan=of_config,
                there=there,
                before=shipping.before if shipping else _nothing,
                after=functools.partial(_ship_built, shipping) if shipping else _nothing,
            )
            shards += built
            findings += found
        if shipping:
            shipping.finish()
            shards = [replace(shard, here=shard.file.is_file()) for shard in shards]  # most have been dropped
    return shards, findings


def _make_room(work: Work, planned: Mapping[str, Sequence[PlannedShard]], there: Collection[str]) -> list[Shard]:
    """Remove the files of shards that are to be built anew; return those that stand and are proven."""
    standing = []
    for config, shards in planned.items():
        prepare(config, shards, work.folder, work.manifest)
        proven = proven_shards(shards, work.folder, work.manifest, there)
        for shard in shards:
            if shard.path not in proven:
                (work.folder / shard.path).unlink(missing_ok=True)
            elif proven[shard.path].here:
                standing.append(proven[shard.path])
    return standing


def _ship_built(shipping: Shipping, shard: Shard) -> None:
    if shard.built:  # those that stood before are under way already
        shipping.after(shard)


def _nothing(_: object) -> None:
    """Do nothing with a shard."""


def _pays(forecast: Forecast, options: Options) -> bool:
    """Say whether there is enough to build for processes of their own."""
    return forecast.build_bytes >= PROCESSES_FROM and min(options.num_proc, forecast.build) > 1


def _maker(work: Work, pool: Engine | None, bar: Progress) -> Make:
    if work.engine:
        target = Target(work.options.repo_id, work.repository.endpoint, work.options.create_pr)
        return _counted(functools.partial(work.engine.run, functools.partial(build_and_send, target=target)), bar, work)
    if pool:
        return _counted(functools.partial(pool.run, functools.partial(build_alone, folder=work.folder)), bar, work)
    # What the check has proven is known by its bytes; a file that changed since is proven here.
    inspect = functools.partial(image_findings, proven=work.proven.knows)
    workers = readers(work.options.num_proc, work.data_dir)
    return functools.partial(build_here, folder=work.folder, workers=workers, inspect=inspect, advance=bar.advance)


def _counted(make: Make, bar: Progress, work: Work) -> Make:
    """Count what is built, and sent, elsewhere."""

    def counted(jobs: Iterator[Job]) -> Iterator[tuple[Job, Built]]:
        for job, built in make(jobs):
            sent, was_there = built.traffic
            work.traffic.count(sent=sent, there=was_there)
            bar.advance(job.shard.rows)
            yield job, built

    return counted


def _numbered(make: Make, bar: Progress, total: int) -> Make:
    """Show how many shards are built."""
    numbers = itertools.count(1)

    def numbered(jobs: Iterator[Job]) -> Iterator[tuple[Job, Built]]:
        for done in make(jobs):
            bar.note(f"{next(numbers):,} of {total:,} shards")
            yield done

    return numbered


def _same_index(work: Work, config: str, planned: Sequence[PlannedShard]) -> Index:
    """Read the index of a config again, which takes seconds and would otherwise take memory for hours."""
    index = read_index(config, str(work.data_dir))
    again = plan_shards(config, index, max_shard_size=work.options.max_shard_size)
    if [shard.fingerprint for shard in again] != [shard.fingerprint for shard in planned]:
        raise PushError(f"the data of {config} changed while the push was under way: run the same command again")
    del again
    give_back()
    return index
