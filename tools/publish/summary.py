"""What a push did or would do: facts for the caller, a table for a person, JSON for a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.check.findings import visible
from tools.check.rules import RULES
from tools.publish.hub import Commit
from tools.publish.plan import Plan
from tools.publish.shards import Shard
from tools.publish.text import duration, size, table

SHOWN = 30  # files of each kind that a person is shown; a machine gets all


@dataclass(frozen=True)
class Summary:
    """What a push did, or with a dry run would do; `commit` is None where nothing was committed.

    `upload_bytes` are those of the files that are new or changed, of which `sent_bytes` had to be sent; `there_bytes`
    are those that the Hub had already, in files that stay as they are, too.
    """

    repo_id: str
    endpoint: str
    shards: list[Shard]
    plan: Plan
    upload_bytes: int
    commit: Commit | None
    dry_run: bool
    warnings: list[str]
    findings: dict[str, int]  # how many warnings of the checks there were, by rule
    sent_bytes: int
    there_bytes: int
    seconds: float

    def table(self) -> list[tuple[str, str, int, int, int]]:
        """Return (config, split, rows, shards, bytes) for each split."""
        splits: dict[tuple[str, str], list[Shard]] = {}
        for shard in self.shards:
            splits.setdefault((shard.config, shard.split), []).append(shard)
        return [
            (config, split, sum(shard.rows for shard in of), len(of), sum(shard.size for shard in of))
            for (config, split), of in splits.items()
        ]

    @property
    def rows(self) -> int:
        """How many rows all configs have together."""
        return sum(shard.rows for shard in self.shards)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as a mapping of plain values, for machines."""
        names = ("config", "split", "rows", "shards", "bytes")
        return {
            "repo_id": self.repo_id,
            "endpoint": self.endpoint,
            "dry_run": self.dry_run,
            "splits": [dict(zip(names, row, strict=True)) for row in self.table()],
            "added": self.plan.add,
            "replaced": self.plan.replace,
            "deleted": self.plan.delete,
            "unchanged": self.plan.keep,
            "upload_bytes": self.upload_bytes,
            "rows": self.rows,
            "sent_bytes": self.sent_bytes,
            "there_bytes": self.there_bytes,
            "seconds": round(self.seconds, 3),
            "commit": self.commit.oid if self.commit else None,
            "revision": self.commit.revision if self.commit else None,
            "url": self.commit.url if self.commit else None,
            "warnings": self.warnings,
            "findings": self.findings,
        }

    def as_text(self) -> str:
        """Return the summary for a person: the splits, what happens to each file, and where it went."""
        splits = [(*row[:2], *(f"{number:,}" for number in row[2:])) for row in self.table()]
        lines = [table(("config", "split", "rows", "shards", "bytes"), splits), ""]
        shards = {shard.path: (f"{shard.rows:,}", f"{shard.size:,}") for shard in self.shards}
        plan, files = self.plan, []
        for change, paths in (
            ("add", plan.add),
            ("replace", plan.replace),
            ("delete", plan.delete),
            ("keep", plan.keep),
        ):
            files += [(change, visible(path), *shards.get(path, ("", ""))) for path in paths[:SHOWN]]
            if (more := len(paths) - SHOWN) > 0:
                files.append((change, f"... and {more:,} more", "", ""))
        lines += [table(("change", "file", "rows", "bytes"), files), ""]
        lines += [f"warning: {warning}" for warning in self.warnings]
        lines += [f"  {rule} {RULES[rule].title}: {number:,}" for rule, number in self.findings.items()]
        lines.append(
            f"{self.rows:,} rows; {size(self.sent_bytes)} sent, {size(self.there_bytes)} there already; "
            f"{duration(self.seconds)}"
        )
        where = f"{self.repo_id} at {self.endpoint}"
        if self.commit:
            lines.append(
                f"committed {self.commit.oid} to {self.commit.revision} of {where}, verified: {self.commit.url}"
            )
        elif self.dry_run:
            lines.append(f"dry run: nothing was sent to {where}; a push would send {self.upload_bytes:,} bytes")
        else:
            lines.append(f"{where} is up to date: nothing was committed")
        return "\n".join(lines)
