"""Everything that would stop a push later and can be known before any work: options, token, rights, the repository.

In go the options and the repository; out comes the state of the repository, or one line that says what is in the way.
"""

from __future__ import annotations

import re
from pathlib import Path

from tools.publish.hub import CARD, DatasetRepository, Head
from tools.publish.options import Options, PushError

REF_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_-]+)*")  # safe for git, and for a shell


def preconditions(options: Options, repository: DatasetRepository, checkout: Path) -> Head | None:
    """Return the state of the repository, None where it is to be made. Raises PushError, and what the Hub raises."""
    if problem := _contradiction(options):
        raise PushError(problem)
    for option, name in (("--tag", options.tag), ("--revision", options.revision)):
        if name and not REF_NAME.fullmatch(name):
            raise PushError(
                f"{option} {name!r} is no name for git: use letters and digits, with . - _ or / between them"
            )
    if isinstance(options.data_dir, Path) and not options.data_dir.is_dir():
        raise PushError(f"{options.data_dir} is not a folder")
    if not (checkout / CARD).is_file():
        raise PushError(f"the card is not at {checkout / CARD}: push from a checkout of the project")
    if not (options.dry_run or options.plan_only):
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


def _contradiction(options: Options) -> str | None:
    """Say which options do not go together."""
    if options.create_pr and (options.tag or options.revision):
        return "--create-pr goes without --tag and --revision: it asks to merge into main, and is not merged yet"
    if options.dry_run and options.sends_as_it_builds:
        name = "--engine dask" if options.scheduler else "--max-disk"
        return f"{name} sends each shard as it is built, and --dry-run sends nothing: use --plan"
    if options.max_disk and options.scheduler:
        return "--max-disk is for this machine, and with --engine dask no shard stays on it: leave it out"
    return None
