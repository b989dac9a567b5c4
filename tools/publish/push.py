"""The main job: a raw tree becomes shards, a card and one verified commit.

In go the options of a push; out comes a summary of what was published, or of what would be. Nothing is published before
every check has passed and every shard is built.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from DiffusionFER import shown
from tools.check.card.check import check_card
from tools.check.configs import check_images, check_lists, configs_with_data
from tools.check.findings import Finding
from tools.check.images.proven import Proven, default_location
from tools.check.images.walk import Images
from tools.check.rules import RULES
from tools.describe.render import RenderError
from tools.engine import Engine, cluster
from tools.make.embedded import embedded_edition
from tools.publish.calls import Moved
from tools.publish.flip import publish
from tools.publish.forecast import Forecast, forecast
from tools.publish.hub import CARD, Commit, DatasetRepository, Head, HubError
from tools.publish.making import Work, known_contents, make_all, plan_all
from tools.publish.manifest import Manifest
from tools.publish.memory import give_back
from tools.publish.options import Options, PushError, Refused, Say
from tools.publish.plan import Local, Plan, Remote, differences
from tools.publish.preconditions import preconditions
from tools.publish.progress import Progress
from tools.publish.release import Release, local_shard, make_release
from tools.publish.shard_build import readers
from tools.publish.shard_plan import PlannedShard, ShardError
from tools.publish.shards import Shard, proven_shards
from tools.publish.summary import Summary
from tools.publish.uploads import Traffic, Uploaded

__all__ = ["ROOT", "Options", "PushError", "Refused", "Say", "alone_in", "push"]

ROOT = Path(__file__).resolve().parent.parent.parent
CARD_FOLDER = "card"  # the folder of a work directory for the card that is sent, and what stands beside it
PLANS = 3  # one push makes at most so many, where others commit meanwhile
# The rules on what a push writes into the header: they judge the card that is sent, not the one in the checkout.
RENDERED = frozenset(rule for rule in RULES if rule == "CA022" or "CA025" <= rule <= "CA036")


def push(options: Options, say: Say) -> Summary | Forecast:
    """Check, build, upload, commit and verify; with `plan_only`, say what that would do. `say` is told what goes on.

    Raises PushError, HubError or ValueError where the push cannot run, Refused where the data or the card has faults.
    """
    with alone_in(options.work_dir, "push"), ExitStack() as stack:
        begun = time.monotonic()
        repository = DatasetRepository(options.repo_id, say=say)
        head = preconditions(options, repository, ROOT)
        manifest = stack.enter_context(Manifest(options.work_dir))
        if manifest.set_aside:
            say(f"the manifest could not be used and is now {manifest.set_aside}; every shard is built anew")
        engine = stack.enter_context(cluster(options.scheduler)) if options.scheduler else None
        push = _Push(options, repository, manifest, engine, stack.enter_context(Proven.open(default_location())), say)
        return push.run(head, begun)


@contextmanager
def alone_in(work_dir: Path, job: str) -> Iterator[None]:
    """Keep a second job of the same kind out of a work directory. Raises PushError where there is one already."""
    lock = FileLock(work_dir / f"{job}.lock", timeout=0)
    try:
        work_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise PushError(f"another {job} works in {work_dir}: wait for it, or give another --work-dir") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PushError(f"{work_dir} cannot be worked in ({reason}): give another --work-dir") from None
    try:
        yield
    finally:
        lock.release()


class _Push:
    """One push, with everything open that it needs."""

    def __init__(
        self,
        options: Options,
        repository: DatasetRepository,
        manifest: Manifest,
        engine: Engine | None,
        proven: Proven,
        say: Say,
    ) -> None:
        self.options, self.repository, self.manifest, self.say = options, repository, manifest, say
        self.engine, self.proven, self.traffic = engine, proven, Traffic()

    def run(self, head: Head | None, begun: float) -> Summary | Forecast:
        """Check, plan, and do what the options ask for; `begun` is the time at which the push began, in seconds."""
        options = self.options
        card = sorted(check_card(CARD, (ROOT / CARD).read_bytes(), ROOT))
        _refuse([finding for finding in card if finding.rule not in RENDERED])
        data_dir = options.data_dir or embedded_edition(options.work_dir, self.say)
        configs = configs_with_data(options.configs, data_dir)
        self.say(f"checking {', '.join(configs)} in {shown(data_dir)}")
        planned, findings, images = self.plan(configs, data_dir)
        work = Work(
            options, data_dir, self.manifest, self.repository, self.engine, self.proven, self.traffic, self.say
        )  # fmt: skip
        there = known_contents(planned, work, head)
        ahead = self.forecast(work, planned, there, head)
        if options.plan_only:
            return self.with_rights(ahead)
        self.say(f"{ahead.as_text(problems=False)}\n")
        if ahead.problems:
            more = f" (and {len(ahead.problems) - 1:,} more)" if ahead.problems[1:] else ""
            raise PushError(f"{ahead.problems[0]}{more}; nothing was built or sent")
        findings += self.check(images, data_dir)
        _refuse(findings)
        give_back()
        with ExitStack() as stack:
            if options.sends_as_it_builds:
                head = head or self.create()
                bar = stack.enter_context(Progress("upload", ahead.send_bytes, "B", self.say))
                self.traffic.advance = bar.advance
            shards, found = make_all(work, planned, ahead, there)
        findings += found
        _refuse(findings)
        give_back()
        release, commit, head = self.publish(shards, configs, data_dir, head)
        _refuse([*findings, *release.findings])
        if options.tag and head and not options.dry_run:
            _tag(self.repository, options.tag, commit.oid if commit else head.commit)
        return self.summary(shards, release, commit, [*findings, *release.findings], time.monotonic() - begun)

    def plan(
        self, configs: list[str], data_dir: Path | str
    ) -> tuple[dict[str, list[PlannedShard]], list[Finding], list[Images]]:
        """Return the shards of each config, and what checking the lists gives. Raises Refused, with all findings.

        The lists are checked after the plan, which is compared once more when shards are built: so what is built was
        checked, whenever somebody edits the sheet.
        """
        planned, problem = dict[str, list[PlannedShard]](), None
        try:
            planned = plan_all(configs, data_dir, self.options.max_shard_size)
        except (OSError, ValueError, ShardError) as error:  # the checks say more of what is wrong
            problem = error
        give_back()
        findings, images = check_lists(configs, str(data_dir))
        if _wrong(findings):
            raise Refused([*findings, *self.check(images, data_dir)])
        if problem:
            raise problem
        return planned, findings, images

    def forecast(
        self, work: Work, planned: dict[str, list[PlannedShard]], there: set[str], head: Head | None
    ) -> Forecast:
        """Return what is to be done for the planned shards, by config, where the Hub has the contents `there`."""
        shards = [shard for of_config in planned.values() for shard in of_config]
        proven = proven_shards(shards, work.folder, self.manifest, there)
        local = {path: local_shard(shard) for path, shard in proven.items()}
        return forecast(planned, proven, head, local, self.options, there)

    def with_rights(self, ahead: Forecast) -> Forecast:
        """Return a forecast that says, too, whether the token would stop the push."""
        try:
            self.repository.check_write_access()
        except HubError as error:
            return replace(ahead, problems=[*ahead.problems, str(error)])
        return ahead

    def check(self, images: list[Images], data_dir: Path | str) -> list[Finding]:
        """Return what is wrong with images."""
        with Progress("checks", sum(len(of.names) for of in images), "image", self.say) as bar:
            return list(
                check_images(
                    images,
                    proven=self.proven,
                    workers=readers(self.options.num_proc, data_dir),
                    advance=bar.advance,
                    engine=self.engine,
                )
            )

    def publish(
        self, shards: list[Shard], configs: list[str], data_dir: Path | str, head: Head | None
    ) -> tuple[Release, Commit | None, Head | None]:
        """Make the shards and their card visible, on top of whatever others commit meanwhile."""
        options = self.options
        for attempt in range(1, PLANS + 1):
            published = self.repository.card(head.commit) if head and CARD in head.files else None
            release = _release(options, shards, configs, data_dir, head.files if head else {}, published)
            _refuse(release.findings)
            if options.dry_run:
                break
            head = head or self.create()
            try:
                return release, self.flip(head, release, configs), head
            except Moved:
                if attempt == PLANS:
                    raise
                self.say(f"someone else committed to {options.repo_id} meanwhile: planning again, on top of it")
                head = self.repository.head(options.revision)
        return release, None, head

    def create(self) -> Head:
        """Make the repository."""
        self.repository.create(private=bool(self.options.private))
        if (head := self.repository.head(self.options.revision)) is None:
            raise HubError(
                f"{self.options.repo_id} was made, but {self.repository.endpoint} does not list it: "
                "run the same command again"
            )
        return head

    def flip(self, head: Head, release: Release, configs: list[str]) -> Commit | None:
        """Make the release visible and verify it; None where there is nothing to do. Raises Moved."""
        plan = release.plan
        if not plan.send and not plan.delete:
            return None
        add = {path: release.files[path] for path in plan.send}
        left = sum(release.local[path].size for path, content in add.items() if not isinstance(content, Uploaded))
        with Progress("upload", left, "B", self.say) as bar:
            self.traffic.advance = bar.advance
            commit = publish(
                self.repository,
                add=add,
                known=release.local,
                delete=plan.delete,
                head=head,
                message=f"Publish {', '.join(configs)}",
                revision=self.options.revision,
                create_pr=self.options.create_pr,
                notes=self.manifest.notes,
                say=self.say,
                traffic=self.traffic,
            )
        _verify(self.repository, commit, release.local, plan, head)
        return commit

    def summary(
        self, shards: list[Shard], release: Release, commit: Commit | None, findings: list[Finding], seconds: float
    ) -> Summary:
        """Return what was done."""
        warnings = list(release.warnings)
        if findings:
            where = f"tools/validate.py, and tools/card.py check {self.options.work_dir / CARD_FOLDER / CARD}"
            number = f"{len(findings):,} warning{'s' * (len(findings) > 1)}"
            warnings.append(f"the checks have {number}, by rule as counted here; to list them: {where}")
        size = sum(local.size for local in release.local.values())
        return Summary(
            self.options.repo_id,
            self.repository.endpoint,
            shards,
            release.plan,
            release.upload_bytes,
            commit,
            self.options.dry_run,
            warnings,
            dict(sorted(Counter(finding.rule for finding in findings).items())),
            self.traffic.sent,
            max(0, size - self.traffic.sent),
            seconds,
        )


def _wrong(findings: list[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _refuse(findings: list[Finding]) -> None:
    if _wrong(findings):
        raise Refused(findings)


def _release(
    options: Options,
    shards: list[Shard],
    configs: list[str],
    data_dir: Path | str,
    listed: Mapping[str, Remote],
    published: str | None,
) -> Release:
    try:
        return make_release(
            shards,
            configs,
            data_dir,
            checkout=ROOT,
            card_dir=options.work_dir / CARD_FOLDER,
            listed=listed,
            published=published,
        )
    except RenderError as error:
        raise PushError(f"{error}; mend it here or on the Hub") from None


def _tag(repository: DatasetRepository, tag: str, oid: str) -> None:
    try:
        repository.tag(tag, oid)
    except HubError as error:
        raise HubError(f"{oid} is published and verified, but not tagged: {error}") from None


def _verify(repository: DatasetRepository, commit: Commit, local: dict[str, Local], plan: Plan, before: Head) -> None:
    try:
        after = repository.head(commit.oid)
    except HubError as error:
        raise HubError(f"{commit.url} was made, but is not compared with what was sent: {error}") from None
    found = differences(local, plan.delete, before.files, after.files if after else {})
    if found:
        more = f"; and {len(found) - 3:,} more" if found[3:] else ""
        raise HubError(f"{commit.url} was made, but is not what was sent: {'; '.join(found[:3])}{more}")
