"""What a push publishes on top of what the repository holds: shards, the card, what belongs beside it, and deletions.

In go the shards, the raw tree and the repository's files at one commit; out comes a Release: every file, its hashes,
the plan, and what the checks say of the card. Where someone else commits meanwhile, the same is made for their commit.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from DiffusionFER import FEATURES, SUBSETS
from tools.check.card.check import check_card
from tools.check.findings import Finding
from tools.check.secrets import credentials
from tools.describe.facts.description import describe
from tools.describe.header import Facts, read_header
from tools.describe.render import RenderError, is_whole, render, write
from tools.describe.stamp import CARD, CROISSANT
from tools.publish.plan import Local, Plan, Remote, git_blob_id, make_plan
from tools.publish.shards import Shard
from tools.publish.uploads import Content, Uploaded

SCRIPT = "DiffusionFER.py"  # never published: datasets 4 and later refuse a repository that holds it
LARGEST_REGULAR_FILE = 10 * 10**6


@dataclass(frozen=True)
class Release:
    """Files by path, what they will be on the Hub, the plan against what it has, findings on the card, and warnings."""

    files: dict[str, Content]
    local: dict[str, Local]
    plan: Plan
    findings: list[Finding]
    warnings: list[str]

    @property
    def upload_bytes(self) -> int:
        """The bytes of the files that are sent."""
        return sum(self.local[path].size for path in self.plan.send)


def make_release(
    shards: Sequence[Shard],
    configs: Sequence[str],
    data_dir: Path | str,
    *,
    checkout: Path,
    card_dir: Path,
    listed: Mapping[str, Remote],
    published: str | None,
) -> Release:
    """Render the card of `checkout` for the shards, and compare all files with those that are `listed`.

    `published` is the card of the repository. What is rendered is written to `card_dir`, too. Raises RenderError.
    """
    description = describe(data_dir, {config: _facts(list(of)) for config, of in by_config(shards)})
    rendered = render(checkout, description, published)
    whole = is_whole(read_header(rendered[CARD].decode()), description)
    if not whole:  # what stands beside the card speaks of more than this push has: it is sent only where it is missing
        rendered = {path: content for path, content in rendered.items() if path == CARD or path not in listed}
    for path, content in rendered.items():
        if path != CARD and any(credentials(content.decode("utf-8", "replace"))):
            raise RenderError(f"{path} holds what looks like a token or a key: take it out, and revoke it")
    card_dir.mkdir(parents=True, exist_ok=True)
    write(card_dir, rendered)
    # Beside the card lies what is published with it, unless a part of that is on the Hub alone.
    findings = sorted(check_card(CARD, rendered[CARD], card_dir if whole else checkout))
    local = {shard.path: local_shard(shard) for shard in shards} | {
        path: Local(len(content), git_blob_id(content), hashlib.sha256(content).hexdigest())
        for path, content in rendered.items()
    }
    warnings = []
    if not whole:
        warnings.append(
            f"the repository has configs that this push has not: the card's tables, figures and {CROISSANT} stay as "
            "they are; push all configs at once to render them"
        )
    if SCRIPT in listed:
        warnings.append(f"{SCRIPT} in the repository makes datasets 4 and later refuse it: delete it there")
    contents = {shard.path: shard.file if shard.here else Uploaded(shard.size, shard.sha256) for shard in shards}
    files: dict[str, Content] = {**contents, **rendered}
    return Release(files, local, make_plan(local, listed, configs), findings, warnings)


def by_config(shards: Sequence[Shard]) -> Iterator[tuple[str, Iterator[Shard]]]:
    """Yield the shards of each config, which stand together."""
    return itertools.groupby(shards, lambda shard: shard.config)


def _facts(shards: list[Shard]) -> Facts:
    """Return what the footers of a config's shards say, from what is known of them since they were built."""
    rows: Counter[str] = Counter()
    num_bytes: Counter[str] = Counter()
    for shard in shards:
        rows[shard.split] += shard.rows
        num_bytes[shard.split] += shard.num_bytes
    features = FEATURES[SUBSETS[shards[0].config].kind]._to_yaml_list()
    return Facts(features, dict(rows), dict(num_bytes), sum(shard.size for shard in shards))


def local_shard(shard: Shard) -> Local:
    """Return what a shard is on the Hub."""
    # The Hub takes a file of this size into LFS, where its sha256 counts, whatever the repository's .gitattributes say.
    content = shard.file.read_bytes() if shard.here and shard.size <= LARGEST_REGULAR_FILE else None
    return Local(shard.size, git_blob_id(content) if content is not None else "", shard.sha256)
