"""What a push did or would do: facts for the caller, a table for a person, JSON for a machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tools.check.findings import visible
from tools.check.rules import RULES
from tools.publish.hub import Commit
from tools.publish.plan import Plan
from tools.publish.shards import Shard


@dataclass(frozen=True)
class Summary:
    """What a push did, or with a dry run would do; `commit` is None where nothing was committed."""

    repo_id: str
    endpoint: str
    shards: list[Shard]
    plan: Plan
    upload_bytes: int
    commit: Commit | None
    dry_run: bool
    warnings: list[str]
    findings: dict[str, int]  # how many warnings of the checks there were, by rule

    def table(self) -> list[tuple[str, str, int, int, int]]:
        """Return (config, split, rows, shards, bytes) for each split."""
        splits: dict[tuple[str, str], list[Shard]] = {}
        for shard in self.shards:
            splits.setdefault((shard.config, shard.split), []).append(shard)
        return [
            (config, split, sum(shard.rows for shard in of), len(of), sum(shard.size for shard in of))
            for (config, split), of in splits.items()
        ]

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
            "commit": self.commit.oid if self.commit else None,
            "revision": self.commit.revision if self.commit else None,
            "url": self.commit.url if self.commit else None,
            "warnings": self.warnings,
            "findings": self.findings,
        }

    def as_text(self) -> str:
        """Return the summary for a person: the splits, what happens to each file, and where it went."""
        splits = [(*row[:2], *(f"{number:,}" for number in row[2:])) for row in self.table()]
        lines = [text_table(("config", "split", "rows", "shards", "bytes"), splits), ""]
        shards = {shard.path: (f"{shard.rows:,}", f"{shard.size:,}") for shard in self.shards}
        plan, files = self.plan, []
        for change, paths in (
            ("add", plan.add),
            ("replace", plan.replace),
            ("delete", plan.delete),
            ("keep", plan.keep),
        ):
            files += [(change, visible(path), *shards.get(path, ("", ""))) for path in paths]
        lines += [text_table(("change", "file", "rows", "bytes"), files), ""]
        lines += [f"warning: {warning}" for warning in self.warnings]
        lines += [f"  {rule} {RULES[rule].title}: {number:,}" for rule, number in self.findings.items()]
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


def text_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in plain text; columns whose every cell is a number stand to the right."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(not cell.strip("0123456789,.") for cell in column[1:]) for column in columns]
    return "\n".join(
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)).rstrip()
        for line in zip(*columns, strict=True)
    )
