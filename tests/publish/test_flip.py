"""Pushes of more files than a commit takes: one visible step, resumed after a crash, merged once."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.publish import bad_days
from tests.publish.bad_days import Fault, Way, answer, lost, reset
from tests.publish.staging_http import API, REPO, Client, file
from tools.publish.calls import Commit
from tools.publish.flip import BYTES_A_FILE, ENTRIES_A_FOLDER, FILES_A_COMMIT, beyond_limits, publish
from tools.publish.hub import DatasetRepository, Head, HubError, Moved
from tools.publish.plan import Local, git_blob_id, make_plan
from tools.publish.retry import Retries
from tools.publish.staging import StagingHub


class Crash(BaseException):
    """The process dies."""


def crash(send: Callable[[Any], Any], request: Any) -> Any:
    """Die before the request is sent."""
    raise Crash


def crash_after(send: Callable[[Any], Any], request: Any) -> Any:
    """Die before the answer comes."""
    send(request).read()
    raise Crash


def content(number: int, version: int = 1) -> bytes:
    """Return the content of a file: every third one a large one."""
    return (b"\0" if number % 3 == 0 else b"") + f"{number} version {version} ".encode() * 50


def files(number: int, version: int = 1) -> dict[str, bytes]:
    """Return so many files of a config."""
    return {f"c/train-{i:05}.parquet": content(i, version) for i in range(number)}


def local(add: Mapping[str, bytes]) -> dict[str, Local]:
    """Return what the Hub will say of these files."""
    return {
        path: Local(len(data), git_blob_id(data), hashlib.sha256(data).hexdigest()) for path, data in add.items()
    }  # fmt: skip


@pytest.fixture
def way(hub: StagingHub, client: Client, tmp_path: Path) -> Iterator[Way]:
    """A way from this process to the staging Hub, which a test may make a bad one."""
    with Way.to(hub, tmp_path) as way:
        yield way


def opened() -> DatasetRepository:
    """Return the repository, as a process that begins would, with a patience that takes no time."""
    repository = DatasetRepository(REPO, retries=Retries(sleep=lambda seconds: None, chance=lambda: 1.0))
    repository.check_write_access()
    return repository


def push(add: dict[str, bytes], notes: dict[str, str], **options: Any) -> Commit | None:
    """Push as a process of its own would: a fresh listing, a plan, and what it takes."""
    repository = opened()
    head = repository.head(options.get("revision"))
    assert head
    known = local(add)
    plan = make_plan(known, head.files, ["c"])
    if not plan.send and not plan.delete:
        return None
    return publish(
        repository, add={path: add[path] for path in plan.send}, known=known, delete=plan.delete, head=head,
        message="Publish c", notes=notes, **options,
    )  # fmt: skip


def published(client: Client, revision: str = "main") -> dict[str, bytes]:
    """Return the files of a revision but for those of the Hub."""
    return {path: data for path, data in client.files(revision).items() if path != ".gitattributes"}


def state(hub: StagingHub) -> Any:
    """Return the state of the repository."""
    repository = hub.store.find(REPO)
    assert repository
    return repository.state


def steps_of_main(hub: StagingHub) -> int:
    """Return how many commits the main branch has but for the first."""
    repository = hub.store.find(REPO)
    assert repository
    return len(list(repository.history(repository.state.refs["refs/heads/main"]))) - 1


def test_a_small_push_is_one_commit(hub: StagingHub, way: Way, client: Client) -> None:
    """Up to the limit there is no pull request."""
    add, notes = files(FILES_A_COMMIT), dict[str, str]()
    assert push(add, notes)
    assert published(client) == add
    assert (steps_of_main(hub), state(hub).discussions, notes) == (1, [], {})


def test_a_large_push_is_seen_whole_or_not_at_all(hub: StagingHub, way: Way, client: Client) -> None:
    """Readers who poll the main branch while 250 files change see the old ones, then the new ones."""
    old, new, notes = files(150), files(250, version=2), dict[str, str]()
    assert push(old, {})
    seen: list[frozenset[tuple[str, str]]] = []
    done = threading.Event()

    def poll() -> None:
        while not done.is_set():
            listed = client.send("GET", f"{API}/tree/main?recursive=true").json
            seen.append(frozenset((item["path"], item["oid"]) for item in listed if item["type"] == "file"))

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        made = push(new, notes)
    finally:
        done.set()
        reader.join()
    assert made
    assert made.revision == "main"
    assert made.oid == client.head()
    assert published(client) == new
    assert steps_of_main(hub) == 2
    assert len(dict.fromkeys(seen)) == 2
    assert notes == {}
    sizes = [
        sum(event["type"] == "commit" for event in discussion["events"]) for discussion in state(hub).discussions
    ]  # fmt: skip
    assert sizes == [2, 3]


def test_files_that_go_are_part_of_the_flip(way: Way, client: Client) -> None:
    """Deletions count as files and happen with the rest."""
    assert push(files(20), {}, files_a_commit=6)
    kept = {"c/train-00001.parquet": b"new"}
    assert push(kept, {}, files_a_commit=6)
    assert published(client) == kept


def test_it_says_where_it_stands(way: Way) -> None:
    """Each commit of the pull request is a line."""
    said: list[str] = []
    push(files(20), {}, files_a_commit=6, say=said.append)
    assert [re.sub("^http.*/datasets", "", line) for line in said] == [
        f"/{REPO}/discussions/1: commit {number} of 4" for number in (1, 2, 3, 4)
    ]


def scripted() -> list[tuple[tuple[str, str], int, Fault]]:
    """Return where a push may die: the step, the how-manieth request of it, and how."""
    places = [
        (bad_days.INFO, range(1, 4)), (bad_days.TREE, range(1, 4)), (bad_days.PREUPLOAD, (3, 12)),
        (bad_days.SEND, (2,)), (bad_days.COMMIT, range(1, 4)), (bad_days.MERGE, (1,)), (bad_days.PULL_REQUEST, (1,)),
    ]  # fmt: skip
    return [(step, number, fault) for step, numbers in places for number in numbers for fault in (crash, crash_after)]


@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize(("step", "number", "fault"), scripted())
def test_a_push_that_died_goes_on(
    hub: StagingHub, way: Way, client: Client, step: tuple[str, str], number: int, fault: Fault, remembers: bool
) -> None:
    """Wherever a process dies, the main branch is whole, and the next one goes on with the same pull request."""
    old, new = files(3), files(12, version=2)
    push(old, {})
    passed: list[Fault] = [lambda send, request: send(request)] * (number - 1)
    way(step, *passed, fault)
    notes: dict[str, str] = {}
    with pytest.raises(Crash):
        push(new, notes, files_a_commit=5)
    assert published(client) in (old, new)
    before = steps_of_main(hub)
    way.requests.clear()
    assert (push(new, notes if remembers else {}, files_a_commit=5) is None) == (before == 2)
    assert published(client) == new
    assert steps_of_main(hub) == 2
    assert [discussion["status"] for discussion in state(hub).discussions] == ["merged"]
    if step == bad_days.COMMIT:
        assert way.count(bad_days.COMMIT) == 4 - number - (fault is crash_after)
        assert way.count(bad_days.SEND) == 0


PASSING: list[Fault] = [answer(503), answer(429, Retry_After="3"), reset, lost]


@pytest.mark.parametrize("fault", PASSING, ids=["503", "429", "reset", "lost"])
@pytest.mark.parametrize("step", ["COMMIT", "MERGE", "PULL_REQUEST", "TREE", "SEND", "PREUPLOAD"])
def test_failures_that_pass(hub: StagingHub, way: Way, client: Client, step: str, fault: Fault) -> None:
    """What fails once or twice at any step leaves no trace: the same files, one merge, one pull request."""
    way(getattr(bad_days, step), fault, fault)
    made = push(files(12), {}, files_a_commit=5)
    assert made
    assert made.oid == client.head()
    assert published(client) == files(12)
    assert steps_of_main(hub) == 1
    (discussion,) = state(hub).discussions
    assert discussion["status"] == "merged"
    assert sum(event["type"] == "commit" for event in discussion["events"]) == 3


@pytest.mark.parametrize("step", ["COMMIT", "MERGE", "TREE", "SEND"])
def test_failures_that_stay(hub: StagingHub, way: Way, client: Client, step: str) -> None:
    """What never works again ends in one line with nothing half-published; the next push needs nothing but to run."""
    notes: dict[str, str] = {}
    passed: list[Fault] = [lambda send, request: send(request)] * (step in ("TREE", "COMMIT"))
    way(getattr(bad_days, step), *passed, *[answer(502)] * 99)
    with pytest.raises(
        HubError, match=r"^cannot .*HTTP 502: a bad day \(tried 6 times\).* run the same command again$"
    ):
        push(files(12), notes, files_a_commit=5)
    assert published(client) == {}
    way.script.clear()
    assert push(files(12), notes, files_a_commit=5)
    assert published(client) == files(12)
    assert steps_of_main(hub) == 1


def test_others_commits_stay(hub: StagingHub, way: Way, client: Client) -> None:
    """Someone else's commit to other files while the pull request is filled is in the result."""
    way(bad_days.MERGE, bad_days.after(lambda: client.commit([file("theirs.txt", b"theirs")])))
    assert push(files(12), {}, files_a_commit=5)
    assert published(client) == {**files(12), "theirs.txt": b"theirs"}
    assert steps_of_main(hub) == 2


@pytest.mark.parametrize("when", [bad_days.COMMIT, bad_days.PULL_REQUEST, bad_days.MERGE])
def test_a_conflict_is_planned_anew(hub: StagingHub, way: Way, client: Client, when: tuple[str, str]) -> None:
    """Someone else's commit to the same file is Moved, on the head to plan on, and nothing of ours is visible."""
    notes: dict[str, str] = {}
    passed: list[Fault] = [lambda send, request: send(request)] * (when == bad_days.COMMIT)
    theirs = {"c/train-00001.parquet": b"theirs"}
    way(when, *passed, bad_days.after(lambda: client.commit([file(*next(iter(theirs.items())))])))
    if when == bad_days.PULL_REQUEST:
        way(bad_days.MERGE, answer(500))  # only then is the pull request looked at before it is merged
    with pytest.raises(
        Moved,
        match=r"^cannot merge pull request 1: someone else changed c/train-00001.parquet; run the same",
    ) as error:
        push(files(12), notes, files_a_commit=5)
    assert error.value.head == client.head()
    assert published(client) == theirs
    assert notes == {}
    way.requests.clear()
    assert push(files(12), notes, files_a_commit=5)
    assert published(client) == files(12)
    assert way.count(bad_days.SEND) == 0
    assert [discussion["status"] for discussion in state(hub).discussions] == ["closed", "merged"]


def test_another_push_takes_the_place_of_one_that_died(hub: StagingHub, way: Way, client: Client) -> None:
    """A pull request whose files are not those of this push is closed, not merged."""
    notes: dict[str, str] = {}
    way(bad_days.MERGE, crash)
    with pytest.raises(Crash):
        push(files(12), notes, files_a_commit=5)
    assert push(files(11, version=2), notes, files_a_commit=5)
    assert published(client) == files(11, version=2)
    assert [discussion["status"] for discussion in state(hub).discussions] == ["closed", "merged"]


def test_a_branch(hub: StagingHub, way: Way, client: Client) -> None:
    """A branch other than main gets the same: a pull request onto it, merged into it; main stays."""
    made = push(files(12), {}, files_a_commit=5, revision="next")
    assert made
    assert made.revision == "next"
    assert published(client, "next") == files(12)
    assert published(client) == {}
    assert [discussion["base"] for discussion in state(hub).discussions] == ["refs/heads/next"]


def test_a_pull_request_that_is_asked_for(hub: StagingHub, way: Way, client: Client) -> None:
    """With create_pr the pull request is filled and left open; a push without it does not touch it."""
    notes: dict[str, str] = {}
    made = push(files(12), notes, files_a_commit=5, create_pr=True)
    assert made
    assert made.revision == "refs/pr/1"
    assert made.url.endswith("/discussions/1")
    assert published(client) == {}
    assert published(client, "refs%2Fpr%2F1") == files(12)
    again = push(files(12), notes, files_a_commit=5, create_pr=True)
    assert again == made
    assert push(files(12), notes, files_a_commit=5)
    assert [discussion["status"] for discussion in state(hub).discussions] == ["open", "merged"]


def test_a_pull_request_that_someone_else_fills(way: Way, client: Client) -> None:
    """Another's commit on the pull request is neither overwritten nor merged."""
    theirs = bad_days.after(lambda: client.commit([file("x", b"x")], revision="refs%2Fpr%2F1"))
    way(bad_days.COMMIT, lambda send, request: send(request), theirs)
    with pytest.raises(HubError, match="is being filled by someone else, too"):
        push(files(12), {}, files_a_commit=5)
    assert published(client) == {}


def test_what_was_filled_is_compared_before_it_is_seen(way: Way, client: Client) -> None:
    """A pull request that does not hold what was meant is not merged."""
    add = files(12)
    repository = opened()
    head = repository.head(None)
    assert head
    meant = local(add)
    known = meant | {"c/train-00003.parquet": replace(meant["c/train-00003.parquet"], size=1)}
    with pytest.raises(
        HubError, match=r"discussions/1 was filled, but is not what was sent: c/train-00003.parquet is "
    ):
        publish(
            repository, add=add, known=known, delete=[], head=head, message="Publish c", notes={}, files_a_commit=5
        )  # fmt: skip
    assert published(client) == {}


def test_a_smaller_push_closes_what_a_larger_one_left(way: Way, client: Client) -> None:
    """A pull request that was not finished does not stay open when the next push needs none."""
    notes: dict[str, str] = {}
    way(bad_days.MERGE, *[answer(403)] * 9)
    with pytest.raises(HubError):
        push(files(12), notes, files_a_commit=5)
    assert notes
    assert push(files(3), notes, files_a_commit=5)
    details = client.send("GET", f"{API}/discussions/1").json
    assert details["status"] == "closed"
    assert notes == {}


@pytest.mark.parametrize("number", [2, 12])
def test_what_changed_since_it_was_built_is_not_committed(way: Way, client: Client, number: int) -> None:
    """A file whose bytes are not those that were proven is named, by its place, before any commit."""
    add = files(number)
    repository = opened()
    head = repository.head(None)
    assert head
    known = local(add) | {"c/train-00001.parquet": Local(1, "", "0" * 64)}
    with pytest.raises(HubError, match=r"^c/train-00001.parquet has changed since it was built: remove it, and run"):
        publish(repository, add=add, known=known, delete=[], head=head, message="m", notes={}, files_a_commit=5)
    assert way.count(bad_days.COMMIT) == 0
    assert published(client) == {}


def test_a_repository_that_is_gone(way: Way, client: Client) -> None:
    """A repository that is deleted in the middle is said to be gone."""
    owner, name = REPO.split("/")

    def delete() -> None:
        body = {"type": "dataset", "organization": owner, "name": name}
        assert client.send("DELETE", "/api/repos/delete", body).status == 200

    way(bad_days.COMMIT, bad_days.after(delete))
    with pytest.raises(HubError, match=r"^cannot commit: .* does not know FER-Universe/DiffusionFER"):
        push(files(12), {}, files_a_commit=5)


def test_limits() -> None:
    """What the Hub would not take is said before anything is sent; what it just takes is not."""
    shard = Local(BYTES_A_FILE, "", "0" * 64)
    assert beyond_limits({"c/a.parquet": shard}, [], []) == []
    over = {"c/b.parquet": Local(BYTES_A_FILE + 1, "", "0" * 64), "c/a.parquet": shard}
    assert beyond_limits(over, [], []) == [
        "c/b.parquet has 50,000,000,001 bytes, and the Hub takes files of up to 50,000,000,000: use smaller shards"
    ]
    many = {f"c/d/{number}": shard for number in range(ENTRIES_A_FOLDER)}
    assert beyond_limits(many, [], ["c/x", "d/d/d"]) == []
    line = "the folder c/d would have 10,000 entries, and the Hub takes 9,999: use larger shards"
    assert beyond_limits(many, [], ["c/d/x"]) == [line]
    assert beyond_limits(many, [], ["c/d/e/x", "c/d/e/y"]) == [line]
    assert beyond_limits(many, ["c/d/x"], ["c/d/x"]) == []
    assert beyond_limits({str(number): shard for number in range(10_000)}, [], [])[0].startswith(
        "the repository's first"
    )


def test_a_push_beyond_the_limits_sends_nothing(way: Way) -> None:
    """The first of the lines ends the push, with how many more there are."""
    repository = opened()
    way.requests.clear()
    known = {path: Local(BYTES_A_FILE + 1, "", "0" * 64) for path in ("a", "b")}
    with pytest.raises(HubError, match=r"^a has .* use smaller shards \(and 1 more\); nothing was sent$"):
        publish(
            repository, add=dict.fromkeys(known, b""), known=known, delete=[], head=Head("0" * 40, {}, False, True),
            message="m", notes={},
        )  # fmt: skip
    assert way.requests == []


def test_notes_are_plain_text(way: Way) -> None:
    """What a push that died notes is JSON under a key that names repository and branch."""
    notes: dict[str, str] = {}
    way(bad_days.MERGE, crash)
    with pytest.raises(Crash):
        push(files(12), notes, files_a_commit=5)
    ((key, note),) = notes.items()
    assert key == f"pull request for {REPO} main"
    assert json.loads(note)["title"] == "Publish c"
