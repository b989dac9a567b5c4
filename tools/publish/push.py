"""The main job: a raw tree becomes shards, a card and one verified commit.

In go the options of a push; out comes a summary of what was published, or of what would be. Nothing is uploaded before
every check has passed and every shard stands on disk.
"""

from __future__ import annotations

import functools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from DiffusionFER import read_index
from tools.check.card.check import check_card
from tools.check.configs import check_data, configs_with_data
from tools.check.findings import Finding
from tools.check.images.content import image_findings
from tools.check.images.proven import Proven, default_location
from tools.check.rules import RULES
from tools.describe.render import RenderError
from tools.make.embedded import embedded_edition
from tools.publish.calls import Moved
from tools.publish.flip import publish
from tools.publish.hub import CARD, Commit, DatasetRepository, Head, HubError
from tools.publish.manifest import Manifest
from tools.publish.plan import Local, Plan, Remote, differences
from tools.publish.release import Release, make_release
from tools.publish.shards import Shard, build_shards
from tools.publish.summary import Summary

ROOT = Path(__file__).resolve().parent.parent.parent
REF_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_-]+)*")  # safe for git, and for a shell
CARD_FOLDER = "card"  # the folder of a work directory for the card that is sent, and what stands beside it
PLANS = 3  # one push makes at most so many, where others commit meanwhile
# The rules on what a push writes into the header: they judge the card that is sent, not the one in the checkout.
RENDERED = frozenset(rule for rule in RULES if rule == "CA022" or "CA025" <= rule <= "CA036")
Say = Callable[[str], None]


class PushError(Exception):
    """The push cannot run as asked; the message is one line for the user."""


class Refused(Exception):  # noqa: N818
    """The data or the card has faults; `findings` names them all. Nothing was uploaded."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


@dataclass(frozen=True)
class Options:
    """What to push and where; sizes in bytes, `data_dir` None for the embedded edition, `configs` empty for all."""

    repo_id: str
    work_dir: Path
    data_dir: Path | None = None
    configs: tuple[str, ...] = ()
    revision: str | None = None
    private: bool | None = None  # the visibility of a repository that is to be made; None: it must exist
    create_pr: bool = False
    tag: str | None = None
    dry_run: bool = False
    max_shard_size: int = 500 * 10**6
    num_proc: int = field(default_factory=lambda: os.cpu_count() or 1)


def push(options: Options, say: Say) -> Summary:
    """Check, build, upload, commit and verify. `say` is told, in a line each, what is going on.

    Raises PushError, HubError or ValueError where the push cannot run, Refused where the data or the card has faults.
    """
    with alone_in(options.work_dir, "push"):
        return _push(options, say)


@contextmanager
def alone_in(work_dir: Path, job: str) -> Iterator[None]:
    """Keep a second job of the same kind out of a work directory. Raises PushError where there is one already."""
    work_dir.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(work_dir / f"{job}.lock", timeout=0):
            yield
    except Timeout:
        raise PushError(f"another {job} works in {work_dir}: wait for it, or give another --work-dir") from None


def _push(options: Options, say: Say) -> Summary:
    repository = DatasetRepository(options.repo_id, say=say)
    head = _preconditions(options, repository)
    card = sorted(check_card(CARD, (ROOT / CARD).read_bytes(), ROOT))
    _refuse([finding for finding in card if finding.rule not in RENDERED])
    data_dir = options.data_dir or embedded_edition(options.work_dir, say)
    configs = configs_with_data(options.configs, data_dir)
    say(f"checking and building {', '.join(configs)} from {data_dir}")
    with Manifest(options.work_dir) as manifest:
        if manifest.set_aside:
            say(f"the manifest could not be used and is now {manifest.set_aside}; every shard is built anew")
        shards, findings = _build(options, configs, data_dir, manifest)
        for attempt in range(1, PLANS + 1):
            published = repository.card(head.commit) if head and CARD in head.files else None
            release = _release(options, shards, configs, data_dir, head.files if head else {}, published)
            _refuse([*findings, *release.findings])
            if options.dry_run:
                commit = None
                break
            head = head or _create(repository, options)
            try:
                commit = _publish(repository, options, head, release, configs, manifest, say)
                break
            except Moved:
                if attempt == PLANS:
                    raise
                say(f"someone else committed to {options.repo_id} meanwhile: planning again, on top of it")
                head = repository.head(options.revision)
    findings += release.findings
    counts = dict(sorted(Counter(finding.rule for finding in findings).items()))
    warnings = list(release.warnings)
    if findings:
        where = f"tools/validate.py, and tools/card.py check {options.work_dir / CARD_FOLDER / CARD}"
        number = f"{len(findings):,} warning{'s' * (len(findings) > 1)}"
        warnings.append(f"the checks have {number}, by rule as counted here; to list them: {where}")
    if options.tag and head and not options.dry_run:
        _tag(repository, options.tag, commit.oid if commit else head.commit)
    plan, sent = release.plan, release.upload_bytes
    return Summary(options.repo_id, repository.endpoint, shards, plan, sent, commit, options.dry_run, warnings, counts)


def _preconditions(options: Options, repository: DatasetRepository) -> Head | None:
    """Raise for everything that would stop the push later and can be known now; return the state of the repository."""
    if options.create_pr and (options.tag or options.revision):
        raise PushError(
            "--create-pr goes without --tag and --revision: it asks to merge into main, and is not merged yet"
        )
    for option, name in (("--tag", options.tag), ("--revision", options.revision)):
        if name and not REF_NAME.fullmatch(name):
            raise PushError(
                f"{option} {name!r} is no name for git: use letters and digits, with . - _ or / between them"
            )
    if options.data_dir and not options.data_dir.is_dir():
        raise PushError(f"{options.data_dir} is not a folder")
    if not (ROOT / CARD).is_file():
        raise PushError(f"the card is not at {ROOT / CARD}: push from a checkout of the project")
    if not options.dry_run:
        repository.check_write_access()
    head = repository.head(options.revision)
    if head is None and options.private is None:
        raise PushError(
            f"{repository.endpoint} has no dataset {options.repo_id}, or this token may not see it; "
            "to make it, say --public or --private"
        )
    if head and options.private and not head.private:
        raise PushError(
            f"{options.repo_id} exists and is public: make it private in its settings, or leave out --private"
        )
    tags = repository.tags() if head and (options.tag or options.revision) else []
    if options.tag in tags:
        raise PushError(f"{options.repo_id} has a tag {options.tag!r} already: choose another")
    if options.revision in tags:
        raise PushError(f"{options.revision!r} is a tag of {options.repo_id}, and tags do not move: push to a branch")
    return head


def _build(
    options: Options, configs: list[str], data_dir: Path, manifest: Manifest
) -> tuple[list[Shard], list[Finding]]:
    """Return the shards of the configs, and the warnings. Raises Refused with all findings where one is an error."""
    with Proven.open(default_location()) as proven:
        with tqdm(desc="checks", unit="image", disable=None) as bar:
            checked = check_data(configs, str(data_dir), proven=proven, workers=options.num_proc, advance=bar.update)
            findings = sorted(checked)
        _refuse(findings)
        indices = {config: read_index(config, str(data_dir)) for config in configs}
        # What the check has proven is known by its bytes; a file that changed since is proven here.
        inspect = functools.partial(image_findings, proven=proven.knows)
        shards, total = [], sum(index.table.num_rows for index in indices.values())
        with tqdm(total=total, desc="shards", unit="image", disable=None) as bar:
            for config, index in indices.items():
                built, found = build_shards(
                    config,
                    index,
                    options.work_dir / "shards",
                    max_shard_size=options.max_shard_size,
                    workers=options.num_proc,
                    inspect=inspect,
                    advance=bar.update,
                    manifest=manifest,
                )
                shards += built
                findings += found
    _refuse(findings)
    return shards, findings


def _refuse(findings: list[Finding]) -> None:
    if any(finding.severity == "error" for finding in findings):
        raise Refused(findings)


def _release(
    options: Options,
    shards: list[Shard],
    configs: list[str],
    data_dir: Path,
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


def _create(repository: DatasetRepository, options: Options) -> Head:
    repository.create(private=bool(options.private))
    if (head := repository.head(options.revision)) is None:
        raise HubError(
            f"{options.repo_id} was made, but {repository.endpoint} does not list it: run the same command again"
        )
    return head


def _publish(
    repository: DatasetRepository,
    options: Options,
    head: Head,
    release: Release,
    configs: list[str],
    manifest: Manifest,
    say: Say,
) -> Commit | None:
    """Make the release visible and verify it; None where there is nothing to do. Raises Moved where the head moved."""
    plan = release.plan
    if not plan.send and not plan.delete:
        return None
    commit = publish(
        repository,
        add={path: release.files[path] for path in plan.send},
        known=release.local,
        delete=plan.delete,
        head=head,
        message=f"Publish {', '.join(configs)}",
        revision=options.revision,
        create_pr=options.create_pr,
        notes=manifest.notes,
        say=say,
    )
    _verify(repository, commit, release.local, plan, head)
    return commit


def _tag(repository: DatasetRepository, tag: str, oid: str) -> None:
    try:
        repository.tag(tag, oid)
    except HubError as error:
        raise HubError(f"{oid} is published and verified, but not tagged: {error}") from None


def _verify(repository: DatasetRepository, commit: Commit, local: dict[str, Local], plan: Plan, before: Head) -> None:
    after = repository.head(commit.oid)
    found = differences(local, plan.delete, before.files, after.files if after else {})
    if found:
        raise HubError(f"{commit.url} was made, but is not what was sent: {'; '.join(found)}")
