"""Whole pushes on bad days: each fault at each step; then there is one commit, or one line and what was there before.

MATRIX=full runs every cell. Otherwise each step has a share of the faults, and each fault a share of the steps.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from tests.environments import ROOT
from tests.publish import bad_days
from tests.publish.staging_http import REPO, WRITE
from tests.publish.whole_pushes import ANOTHER, KINDS, TAG, World, Worlds
from tools.publish.hub import HubError
from tools.publish.push import PushError
from tools.publish.staging.faults import LINK_STEPS, NO_REPOSITORY
from tools.publish.verify.verify import verify

FULL = os.environ.get("MATRIX") == "full"
SHARE = 6  # every so many-th cell is run where not all are
AGAIN = "run the same command again"

# The steps of each kind of push that no other has, and what is said where one cannot be done.
FILE = r"upload (small_cropped/|README|DATASHEET|croissant|assets/)[^ ]*"
STEPS = {
    "commit": {
        "whoami": "check the token", "info": "list the repository", "tree": "list the repository",
        "refs": "list the tags", "paths": "read the card", "resolve": "read the card", "preupload": FILE, "batch": FILE,
        "upload": FILE, "verify": FILE, "card": "commit", "commit": "commit", "tag": f"tag '{TAG}'",
    },
    "request": {
        "discussions": "(list the pull requests|merge pull request 1)", "preupload": FILE, "commit": "commit",
        "merge": "merge pull request 1",
    },
    "parts": {"part": FILE, "complete": FILE},
    "branch": {"branch": "make the branch 'next'"},
    "new": {"create": "create the repository"},
    "other": {"status": "close pull request 1"},
}  # fmt: skip
PASSING = ["429", "429=7", "500", "502", "503", "504", "reset", "hang", "lost", "lost=504", "cut"]
STATUS = {"429": 429, "429=7": 429, "500": 500, "502": 502, "503": 503, "504": 504, "lost=504": 504}
BODILESS = ("upload", "part")  # their answers cannot be cut off
Editions = dict[str, tuple[dict[str, str], dict[str, str]]]  # by kind of push: the files before and after


def cells(faults: list[str], steps: dict[str, dict[str, str]] = STEPS) -> list[tuple[str, str, str]]:
    """Return the cells of a matrix, (kind of push, step, fault), or the share of them that is run."""
    found = [
        (kind, step, fault)
        for row, (kind, step) in enumerate((kind, step) for kind, of in steps.items() for step in of)
        for column, fault in enumerate(faults)
        if FULL or (row + column) % SHARE == 0
    ]
    return [cell for cell in found if not (cell[2] == "cut" and cell[1] in BODILESS)]


def named(cells: list[tuple[str, str, str]]) -> list[str]:
    """Return a readable name for each cell."""
    return [f"{fault}@{step} of a {kind}" for kind, step, fault in cells]


def every(fault: str, steps: dict[str, dict[str, str]]) -> list[Any]:
    """Return the cells of one fault; another share of them than that of the fault before it."""
    found = [(kind, step) for kind, of in steps.items() for step in of]
    offset = sum(map(ord, fault))
    return [
        pytest.param(kind, step, fault, id=f"{fault}@{step} of a {kind}")
        for row, (kind, step) in enumerate(found)
        if FULL or (row + offset) % 3 == 0
    ]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Where worlds come from."""
    return Worlds.prepared(tmp_path_factory.mktemp("worlds"))


@pytest.fixture(scope="module")
def editions(worlds: Worlds) -> Editions:
    """The files before and after an undisturbed push of each kind."""
    found = {}
    for name, kind in KINDS.items():
        with worlds.world(kind) as world:
            before = world.files()
            world.push()
            found[name] = (before, world.files())
    assert len({json.dumps(after, sort_keys=True) for _, after in found.values()}) == 1
    return found


def theirs(world: World) -> set[str]:
    """Return the paths that somebody else has put there."""
    return {path for path in world.files() if path.startswith("somebody-else-")}


def assert_published(world: World, after: dict[str, str], *, open_requests: int = 0) -> None:
    """The files are those of the new edition, with what others have put there; by one commit of ours, tagged."""
    files = world.files()
    assert {path: files[path] for path in files if path not in theirs(world)} == after
    made = world.commits()
    assert len(made) == 1 + (world.options.private is False)  # the Hub makes one itself, in our name
    assert world.tags() == ({TAG: made[0]} if world.options.tag else {})
    assert world.requests().count("open") == open_requests
    assert not list(world.options.work_dir.rglob("*.partial"))


def assert_untouched(world: World, edition: tuple[dict[str, str], dict[str, str]], *, later: bool = False) -> None:
    """What readers see is the old edition, whole; the new one where the fault came after the commit."""
    before, after = edition
    wanted = [after] if later else [before]
    if not before and not later:  # a repository, or a branch, that was to be made, and may have been
        wanted += [{".gitattributes": after[".gitattributes"]}, world.files("main")]
    assert world.files() in wanted


def line_of(error: BaseException) -> str:
    """Return the message of an error: one line, without the token."""
    line = str(error)
    assert "\n" not in line
    assert WRITE not in line
    return line


def fails(world: World, **changed: object) -> str:
    """Push, and return the line that says why it failed."""
    with pytest.raises((HubError, PushError)) as error:
        world.push(**changed)
    return line_of(error.value)


@pytest.mark.parametrize(("kind", "step", "fault"), cells(PASSING), ids=named(cells(PASSING)))
def test_a_fault_that_passes(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """What happens twice and then no longer is got over: one commit, the right files, no wait cut short."""
    with worlds.world(KINDS[kind], f"{fault}@{step}:1-2") as world:
        world.push()
        assert world.hub.faults.fired
        assert_published(world, editions[kind][1])
        if fault == "429=7":
            assert [seconds for seconds in world.waits if seconds >= 7]
        assert all("next try in" in line for line in world.said if line.startswith("cannot "))


STAYING = ["429", "500", "502", "503", "504", "reset", "hang", "lost"]
# What is done at such a step is found to be done, though nobody ever hears of it.
DONE = ("commit", "merge", "tag", "create", "branch", "status", "upload", "complete")


@pytest.mark.parametrize(("kind", "step", "fault"), cells(STAYING), ids=named(cells(STAYING)))
def test_a_fault_that_stays(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """In the end it is said what could not be done and why; readers see what they saw; the next push publishes."""
    with worlds.world(KINDS[kind], f"{fault}@{step}:1-") as world:
        # Whether a file has arrived the Hub says, too, where it is asked how to send it.
        if step == "verify" or (fault == "lost" and step in DONE):
            world.push()
        else:
            line = fails(world)
            assert re.search(rf"cannot {STEPS[kind][step]}: ", line), line
            assert AGAIN in line
            assert fault not in STATUS or f"HTTP {STATUS[fault]}" in line
            assert_untouched(world, editions[kind], later=step == "tag")
            world.hub.faults.clear()
            world.push()
        assert_published(world, editions[kind][1])


LATE = {
    "commit": {"info:2-": "", "tree:2-": ""},
    "request": {"info:2-": "", "tree:2-": "", "tree:3-": "", "commit:2-": "", "commit:4-": "", "discussions:2-": ""},
}
LATE_FAULTS = ["500", "504", "reset", "lost", "cut"]


@pytest.mark.parametrize(("kind", "step", "fault"), cells(LATE_FAULTS, LATE), ids=named(cells(LATE_FAULTS, LATE)))
def test_a_fault_that_comes_late(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """What is committed and cannot be looked at is whole all the same, and the next push says that all is there."""
    with worlds.world(KINDS[kind], f"{fault}@{step}") as world:
        # A commit whose answer was lost is found, and a merge is one though nobody hears of which commit.
        if step.startswith("discussions") or (fault in ("lost", "cut") and step.startswith("commit")):
            world.push()
        else:
            assert AGAIN in fails(world)
            assert world.files() in editions[kind]
            world.hub.faults.clear()
            world.push()
        assert_published(world, editions[kind][1])


WITH_A_LOGIN = {kind: {step: said for step, said in of.items() if step != "card"} for kind, of in STEPS.items()}


@pytest.mark.parametrize(("kind", "step", "fault"), every("expired", WITH_A_LOGIN))
def test_a_token_or_a_link_that_expires(
    worlds: Worlds, editions: Editions, monkeypatch: pytest.MonkeyPatch, kind: str, step: str, fault: str
) -> None:
    """An expired token is said to be that, and the next one goes on; for an expired link another is asked for."""
    with worlds.world(KINDS[kind], f"{fault}@{step}") as world:
        if step in LINK_STEPS:
            world.push()
        else:
            line = fails(world)
            assert "HTTP 401" in line
            assert ("is not valid at" if step == "whoami" else "log in again, or set HF_TOKEN") in line
            assert_untouched(world, editions[kind], later=step == "tag")
            with monkeypatch.context() as patch:  # undone before the world puts back what was there before it
                patch.setenv("HF_TOKEN", ANOTHER)
                world.push()
        assert_published(world, editions[kind][1])


OF_A_REPOSITORY = {
    kind: {step: said for step, said in of.items() if step not in NO_REPOSITORY} for kind, of in STEPS.items()
}


@pytest.mark.parametrize(("kind", "step", "fault"), every("renamed", OF_A_REPOSITORY))
def test_a_repository_that_is_renamed(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """Nothing is published under another name unasked: it is told, and a push that gives it publishes."""
    with worlds.world(KINDS[kind], f"{fault}@{step}") as world:
        line = fails(world)
        assert f"is called {REPO}-renamed now" in line
        assert f"give --repo-id {REPO}-renamed" in line
        assert_untouched(world, editions[kind], later=step == "tag")
        world.push(repo_id=f"{REPO}-renamed")
        # What stands open of an older push under the former name is nobody's to close: it could be another's by now.
        assert_published(world, editions[kind][1], open_requests=kind == "other")


@pytest.mark.parametrize(("kind", "step", "fault"), every("gone", OF_A_REPOSITORY))
def test_a_repository_that_is_gone(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """A repository that vanishes is not made anew unasked; asked for, it is published whole."""
    with worlds.world(KINDS[kind], f"{fault}@{step}") as world:
        line = fails(world)
        assert re.search(r"HTTP 404|has no dataset .*say --public or --private", line), line
        assert world.files() == {}
        world.ours = 0
        world.options = replace(world.options, private=False)
        world.push()
        assert_published(world, editions[kind][1])


@pytest.mark.parametrize(("kind", "step", "fault"), every("overtaken", OF_A_REPOSITORY))
def test_somebody_else_commits(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """Whenever somebody else commits a file, it stays, and ours are published beside it."""
    with worlds.world(KINDS[kind], f"{fault}@{step}") as world:
        world.push()
        assert_published(world, editions[kind][1])
        assert kind == "branch" or theirs(world) == {"somebody-else-1.txt"}


@pytest.mark.parametrize(("kind", "step", "fault"), every("conflict", OF_A_REPOSITORY))
def test_somebody_else_commits_the_card(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """Whenever somebody else changes the card, the push plans anew: the card is that of the data, or theirs still."""
    with worlds.world(KINDS[kind], f"{fault}@{step}") as world:
        world.push()
        files, after = world.files(), editions[kind][1]
        assert {path for path in files if files[path] != after.get(path)} <= {"README.md"}
        world.push(tag=None)
        assert world.files() == after


@pytest.mark.parametrize(("kind", "fault"), [
    ("commit", "412@commit"), ("commit", "overtaken@commit"), ("request", "412@commit"), ("request", "409@merge"),
    ("request", "conflict@merge"),
])  # fmt: skip
def test_somebody_else_commits_all_the_time(worlds: Worlds, editions: Editions, kind: str, fault: str) -> None:
    """What moves each time that it is planned for is given up, with what to do, and no pull request is left open."""
    with worlds.world(KINDS[kind], f"{fault}:1-") as world:
        assert AGAIN in fails(world)
        assert sum("planning again" in line for line in world.said) == 2
        assert not world.commits()
        world.hub.faults.clear()
        world.push()
        assert_published(world, editions[kind][1])


@pytest.mark.parametrize(("kind", "step", "fault"), [
    ("commit", "whoami", "403"), ("commit", "info", "403"), ("commit", "info", "404"), ("commit", "tree", "404"),
    ("commit", "preupload", "403"), ("commit", "batch", "404"), ("commit", "commit", "400"),
    ("commit", "commit", "403"), ("commit", "commit", "409"), ("commit", "tag", "403"), ("request", "merge", "403"),
    ("request", "merge", "400"),
    ("request", "discussions", "404"),
])  # fmt: skip
def test_a_refusal(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """What the Hub refuses is not asked for again, and the status is told."""
    with worlds.world(KINDS[kind], f"{fault}@{step}:1-") as world:
        line = fails(world)
        assert fault in line or "has no dataset" in line, line
        assert_untouched(world, editions[kind], later=step == "tag")
        world.hub.faults.clear()
        world.push()
        assert_published(world, editions[kind][1])


SPOILT = [
    ("commit", "upload", "truncated"), ("request", "upload", "truncated=0"), ("parts", "part", "truncated"),
    ("parts", "part", "corrupted"), ("parts", "complete", "truncated"), ("commit", "resolve", "truncated"),
    ("commit", "resolve", "corrupted"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "step", "fault"), SPOILT, ids=named(SPOILT))
def test_a_file_that_is_spoilt(worlds: Worlds, editions: Editions, kind: str, step: str, fault: str) -> None:
    """A file that arrives cut off or changed, though all signs are of success, arrives whole in the end."""
    with worlds.world(KINDS[kind], f"{fault}@{step}") as world:
        world.push()
        assert world.hub.faults.fired
        assert_published(world, editions[kind][1])


@pytest.mark.parametrize(("kind", "step"), [("commit", "upload"), ("parts", "complete")])
def test_a_bit_that_storage_has_wrong(worlds: Worlds, editions: Editions, kind: str, step: str) -> None:
    """What storage changes behind its own checks no listing tells: `verify --deep` names each such file."""
    with worlds.world(KINDS[kind], f"corrupted@{step}:1-") as world:
        world.push()
        after = editions[kind][1]
        damaged = {path for path, digest in world.files().items() if digest != after[path]}
        assert any(path.endswith(".parquet") for path in damaged)
        assert {difference.path for difference in verify(REPO, deep=True, workers=1).differences} == damaged


def test_an_upload_that_is_spoilt_on_its_way(worlds: Worlds, editions: Editions) -> None:
    """A file that storage refuses, for it is not what was announced, is sent again, and given up with its name."""
    with worlds.world(KINDS["commit"]) as world:
        world.way(bad_days.SEND, bad_days.spoilt, bad_days.spoilt)
        world.push()
        assert_published(world, editions["commit"][1])
    with worlds.world(KINDS["commit"]) as world:
        world.way(bad_days.SEND, *[bad_days.spoilt] * 100)
        line = fails(world)
        assert re.search(rf"^cannot {FILE}: .*HTTP 400", line), line
        assert AGAIN in line
        assert_untouched(world, editions["commit"])


def arguments(world: World) -> list[str]:
    """Return the options of a push for the command."""
    given = world.options
    options = {
        "--repo-id": given.repo_id, "--work-dir": given.work_dir, "--data-dir": given.data_dir, "--tag": given.tag,
        "--config": given.configs[0], "--max-shard-size": given.max_shard_size, "--num-proc": given.num_proc,
    }  # fmt: skip
    return [str(part) for pair in options.items() for part in pair]


@pytest.mark.parametrize(("fault", "words"), [("lost@commit", ""), ("403@commit", "cannot commit: ")])
def test_the_command(worlds: Worlds, editions: Editions, fault: str, words: str) -> None:
    """The command itself gets over what passes, and ends with status 2 and one line where it cannot."""
    with worlds.world(KINDS["commit"], fault) as world:
        command = [sys.executable, str(ROOT / "tools" / "push.py"), *arguments(world)]
        environment = world.hub.environment(WRITE, world.options.work_dir.parent / "home")
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == (2 if words else 0), done.stderr
        if words:
            assert done.stderr.startswith(f"error: {words}")
            assert done.stderr.count("\n") == 1
            assert_untouched(world, editions["commit"])
        else:
            assert_published(world, editions["commit"][1])
