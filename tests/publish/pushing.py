"""Push in a process of its own, against a staging Hub, as a maintainer would."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.environments import ROOT
from tools.publish.staging import StagingHub
from tools.publish.staging.access import Role

WRITER, READER = "hf_secretwriter", "hf_secretreader"
TOKENS: dict[str, tuple[str, Role]] = {WRITER: ("maintainer", "write"), READER: ("reader", "read")}
REPO = "FER-Universe/DiffusionFER"


@dataclass
class Pusher:
    """Runs `tools/push.py` and other programs against a staging Hub, with a home of their own in `folder`."""

    hub: StagingHub
    folder: Path

    def push(self, *arguments: str, token: str | None = WRITER, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run the command and return what it printed and its exit status."""
        command = [sys.executable, str(ROOT / "tools" / "push.py"), "--work-dir", str(self.folder / "work"), *arguments]
        return self.run(command, token, **extra)

    def run(self, command: list[str], token: str | None, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run any command with the Hub as its Hub."""
        environment = {**self.hub.environment(token, self.folder / "home"), **extra}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    def python(
        self, code: str, *arguments: str, python: Path | str = sys.executable, token: str | None = WRITER
    ) -> Any:
        """Run code in a Python with the Hub as its Hub, and return the JSON that it prints last."""
        done = self.run([str(python), "-c", code, *arguments], token)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def summary(self, *arguments: str, **extra: Any) -> dict[str, Any]:
        """Push with --json and return the summary."""
        done = self.push("--json", *arguments, **extra)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def state(self, revision: str = "main") -> dict[str, Any]:
        """Return the commits and the files (by path: size and hash) of a revision, as the real client sees them."""
        return dict(self.python(STATE, REPO, revision))


STATE = """
import json, sys
from huggingface_hub import HfApi
api, (repo, revision) = HfApi(), sys.argv[1:]
files = api.list_repo_tree(repo, repo_type="dataset", revision=revision, recursive=True)
commits = api.list_repo_commits(repo, repo_type="dataset", revision=revision)
refs = api.list_repo_refs(repo, repo_type="dataset", include_pull_requests=True)
print(json.dumps({
    "files": {f.path: [f.size, f.lfs.sha256 if f.lfs else f.blob_id] for f in files if hasattr(f, "size")},
    "commits": [commit.commit_id for commit in commits],
    "titles": [commit.title for commit in commits],
    "branches": [ref.name for ref in refs.branches],
    "tags": {ref.name: ref.target_commit for ref in refs.tags},
    "requests": [ref.name for ref in refs.pull_requests or []],
    "private": api.repo_info(repo, repo_type="dataset").private,
}))
"""
