"""A run on shards, or on a repository of the Hub, is the run on the raw tree, and names what it read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publish.published import Publication, publication
from tests.publish.pushing import REPO
from tests.train.training import CONFIG, SHORT, run, said

pytestmark = pytest.mark.usefixtures("small_encoder")
ON = ("--device", "cpu", "--workers", "0", "--config", CONFIG)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """One real push, several shards a split."""
    with publication(tmp_path_factory.mktemp("published")) as pushed:
        yield pushed


def test_the_same_from_everywhere(published: Publication, tmp_path: Path) -> None:
    """Raw tree, shards and Hub give the same predictions; the table has the commit, another one is another run."""
    commit = str(published.api.repo_info(REPO, repo_type="dataset").sha)
    sources: dict[str, tuple[str | Path, ...]] = {
        "raw": ("--data-dir", published.data_dir),
        "shards": ("--data-dir", published.pusher.folder / "work" / "shards"),
        "hub": ("--repo-id", REPO),
    }
    found = {}
    for name, source in sources.items():
        done = run("train", "--method", "baseline", *ON, *source, "--output", tmp_path / name, *SHORT)
        assert done.exit_code == 0, done.output
        found[name] = (tmp_path / name / "predictions.csv").read_text()
    assert found["raw"] == found["shards"] == found["hub"]
    data = json.loads((tmp_path / "hub" / "run.json").read_text())["data"]
    assert (data["repo_id"], data["revision"]) == (REPO, commit)
    again = tmp_path / "again.csv"
    given = ("--checkpoint", tmp_path / "hub" / "best.safetensors", "--output", again, "--batch-size", "12")
    assert run("predict", *given, *ON, "--repo-id", REPO, "--revision", commit).exit_code == 0
    assert again.read_text() == found["hub"]
    assert f"data `{REPO}@{commit[:12]}`" in run("train", "--leaderboard", tmp_path / "hub").stdout
    other = published.damaged({"notes.txt": b"another commit"})
    moved = ("--repo-id", REPO, "--revision", other, "--output", tmp_path / "hub", "--resume")
    assert f"(revision was {commit}, and is " in said(run("train", "--method", "baseline", *ON, *moved, *SHORT))


def test_a_repository_that_is_not_there(published: Publication, tmp_path: Path) -> None:
    """It is said in a line, and no run begins."""
    output = ("--output", tmp_path / "run")
    line = said(run("train", "--method", "caf", *ON, "--repo-id", f"{REPO}-none", *output))
    assert f"{REPO}-none" in line
    assert "has no revision 'x'" in said(
        run("train", "--method", "caf", *ON, "--repo-id", REPO, "--revision", "x", *output)
    )
    assert not (tmp_path / "run").exists()
