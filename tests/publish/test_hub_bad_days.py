"""Every operation on a Hub that has a bad day: real requests to the staging Hub, of which some go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import OfflineModeIsEnabled

from tests.publish import bad_days
from tests.publish.bad_days import Fault, Way, answer, cut, lost, refused, reset, silent
from tests.publish.staging_http import API, REPO, WRITE, Client, file
from tools.publish.explain import explain, without_password
from tools.publish.hub import CARD, Commit, DatasetRepository, HubError, Moved
from tools.publish.retry import Retries
from tools.publish.staging import StagingHub
from tools.publish.uploads import Traffic, Uploaded

LARGE = b"\0large" * 5000


@pytest.fixture
def way(hub: StagingHub, client: Client, tmp_path: Path) -> Iterator[Way]:
    """A way from this process to the staging Hub, which a test may make a bad one."""
    with Way.to(hub, tmp_path) as way:
        yield way


@pytest.fixture
def said() -> list[str]:
    """What the repository said of its waits."""
    return []


@pytest.fixture
def repository(way: Way, said: list[str]) -> DatasetRepository:
    """The repository, once reached, with a patience that takes no time."""
    repository = DatasetRepository(REPO, said.append, Retries(sleep=lambda seconds: None, chance=lambda: 1.0))
    repository.check_write_access()
    way.requests.clear()
    return repository


def commit(repository: DatasetRepository, path: str = "c/a.parquet", *, create_pr: bool = False) -> Commit:
    """Commit a large file on the present head."""
    head = repository.head(None)
    assert head
    add = {path: LARGE, CARD: b"# card\n"}
    return repository.commit(
        add, [], message="Publish c", parent=head.commit, revision=None, create_pr=create_pr
    )  # fmt: skip


def commits(hub: StagingHub, revision: str = "refs/heads/main") -> list[str]:
    """Return the titles of the commits of a ref."""
    repository = hub.store.find(REPO)
    assert repository
    return [commit.title for _, commit in repository.history(repository.state.refs[revision])]


PASSING: list[Fault] = [
    answer(429), answer(429, Retry_After="7"), answer(500), answer(502), answer(503), answer(504), reset, silent,
    refused, cut, lost,
]  # fmt: skip
STEPS = ["INFO", "TREE", "PREUPLOAD", "BATCH", "SEND", "VERIFY", "COMMIT"]


@pytest.mark.parametrize("fault", PASSING, ids=range(len(PASSING)))
@pytest.mark.parametrize("step", STEPS)
def test_a_failure_that_passes(
    hub: StagingHub, way: Way, repository: DatasetRepository, said: list[str], step: str, fault: Fault
) -> None:
    """Whatever fails twice, at any step, is done in the end, once, as if nothing had been."""
    way(getattr(bad_days, step), fault, fault)
    made = commit(repository)
    after = repository.head(None)
    assert after
    assert after.commit == made.oid
    assert set(after.files) == {".gitattributes", "c/a.parquet", CARD}
    assert commits(hub) == ["Publish c", "initial commit"]
    assert said or (step in ("SEND", "VERIFY") and fault is cut)  # nobody reads these answers
    assert all(line.startswith("cannot ") and " yet: " in line and "next try in " in line for line in said)


@pytest.mark.parametrize("step", ["PREUPLOAD", "BATCH", "SEND", "COMMIT"])
@pytest.mark.parametrize("fault", [answer(503), silent, reset])
def test_a_failure_that_stays(
    hub: StagingHub, way: Way, repository: DatasetRepository, step: str, fault: Fault
) -> None:
    """After the last try there is one line: what, which file, the status, how often, and what to run next."""
    way(getattr(bad_days, step), *[fault] * 100)
    with pytest.raises(HubError) as error:
        commit(repository)
    line = str(error.value)
    assert line.startswith("cannot commit: " if step == "COMMIT" else "cannot upload ")
    assert "(tried 6 times)" in line
    assert "run the same command again" in line
    assert "\n" not in line
    assert WRITE not in line
    assert commits(hub) == ["initial commit"]


def test_the_file_is_named(way: Way, repository: DatasetRepository) -> None:
    """A file that cannot be sent is named with the status, and the others' threads end with it."""
    way(bad_days.SEND, *[answer(500)] * 100)
    with pytest.raises(HubError, match=r"^cannot upload c/a.parquet: http://.* answers HTTP 500: a bad day \(tried 6 "):
        commit(repository)
    assert way.count(bad_days.SEND) == 6


def test_a_wait_that_the_hub_asks_for(way: Way, said: list[str]) -> None:
    """Retry-After is kept to the second, also by calls that the client itself would repeat at once."""
    slept: list[float] = []
    repository = DatasetRepository(REPO, said.append, Retries(sleep=slept.append, chance=lambda: 0.0))
    way(bad_days.TREE, answer(429, Retry_After="13"), answer(503, Retry_After="21"))
    way(bad_days.INFO, answer(429, RateLimit='"api";r=0;t=55'))
    assert repository.head(None)
    assert slept == [55, 13, 21]
    assert said[1].endswith("answers HTTP 429: a bad day; next try in 13 s (3 of 6)")


def test_a_hub_that_was_never_reached_is_not_waited_for(way: Way) -> None:
    """Where nobody listens from the start, the address may be wrong: that is said at once."""
    way(bad_days.INFO, *[refused] * 9)
    with pytest.raises(HubError, match=r"cannot be reached \(ConnectError: .*\(tried 1 time\); check the network"):
        DatasetRepository(REPO).head(None)
    assert way.count(bad_days.INFO) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
def test_a_refusal_is_not_tried_again(way: Way, repository: DatasetRepository, status: int) -> None:
    """A status that says that the same would be refused again ends the matter at once."""
    way(bad_days.COMMIT, answer(status))
    with pytest.raises(HubError, match=rf"^cannot commit: .*\(HTTP {status}: a bad day\)"):
        commit(repository)
    assert way.count(bad_days.COMMIT) == 1


@pytest.mark.parametrize("step", ["PREUPLOAD", "COMMIT"])
def test_a_token_that_expires(hub: StagingHub, way: Way, repository: DatasetRepository, step: str) -> None:
    """A token that was good and is refused in the middle: what is safe and how to go on."""
    way(getattr(bad_days, step), answer(401))
    with pytest.raises(HubError, match=r"does not take the token any longer: log in again.*readers see nothing unfini"):
        commit(repository)
    assert commits(hub) == ["initial commit"]


@pytest.mark.parametrize("step", ["INFO", "PREUPLOAD", "BATCH", "COMMIT"])
def test_a_repository_that_was_renamed(hub: StagingHub, way: Way, repository: DatasetRepository, step: str) -> None:
    """A redirect to another name is not followed: the new name is told, and nothing is published under it."""
    at = "/datasets/New/Name.git/info/lfs/objects/batch" if step == "BATCH" else "/api/datasets/New/Name/x/main"
    way(getattr(bad_days, step), answer(307, Location=at))
    with pytest.raises(HubError, match=r"is called New/Name now at http://.*: give --repo-id New/Name$"):
        commit(repository)
    assert not [path for _, path in way.requests if "New/Name" in path]
    assert commits(hub) == ["initial commit"]


def test_an_upload_that_arrives_changed(hub: StagingHub, way: Way, repository: DatasetRepository) -> None:
    """Storage that refuses what arrived gets the file again; it arrives whole."""
    way(bad_days.SEND, bad_days.spoilt, answer(403))
    commit(repository)
    assert way.count(bad_days.SEND) == 3
    after = repository.head(None)
    assert after
    assert after.files["c/a.parquet"].size == len(LARGE)


@pytest.mark.parametrize("fault", [lost, cut])
@pytest.mark.parametrize("create_pr", [False, True])
def test_a_commit_whose_answer_is_lost(
    hub: StagingHub, way: Way, repository: DatasetRepository, create_pr: bool, fault: Fault
) -> None:
    """The commit that was made is found and returned; it, or its pull request, is not made again."""
    way(bad_days.COMMIT, fault)
    made = commit(repository, create_pr=create_pr)
    assert way.count(bad_days.COMMIT) == 1
    state = hub.store.find(REPO).state  # type: ignore[union-attr]
    assert made.revision == ("refs/pr/1" if create_pr else "main")
    assert state.refs["refs/pr/1" if create_pr else "refs/heads/main"] == made.oid
    assert len(state.discussions) == create_pr
    assert made.url.endswith("/discussions/1" if create_pr else f"/commit/{made.oid}")


def other_commit(client: Client, path: str = "theirs.txt") -> None:
    """Commit as someone else."""
    assert client.commit([file(path, b"theirs")]).status == 200


def test_a_lost_answer_and_another_commit_on_top(
    hub: StagingHub, way: Way, client: Client, repository: DatasetRepository
) -> None:
    """A commit that landed is found below what someone else committed after it."""

    def lost_and_overtaken(send: object, request: object) -> None:
        try:
            lost(send, request)  # type: ignore[arg-type]
        finally:
            other_commit(client)

    way(bad_days.COMMIT, lost_and_overtaken)
    made = commit(repository)
    assert commits(hub)[1:] == ["Publish c", "initial commit"]
    after = repository.head(None)
    assert after
    assert made.oid != after.commit


@pytest.mark.parametrize("first", [None, answer(503)])
def test_a_branch_that_moved(
    hub: StagingHub, way: Way, client: Client, repository: DatasetRepository, first: Fault | None
) -> None:
    """Someone else's commit, before ours or between two tries, is Moved, with the head to plan on; theirs stays."""

    def overtaken(send: object, request: object) -> object:
        other_commit(client)
        return first(send, request) if first else send(request)  # type: ignore[arg-type, operator]

    way(bad_days.COMMIT, overtaken)
    with pytest.raises(Moved, match=r"^cannot commit: someone else committed meanwhile") as error:
        commit(repository)
    assert error.value.head == hub.store.find(REPO).state.refs["refs/heads/main"]  # type: ignore[union-attr]
    assert len(commits(hub)) == 2
    assert way.count(bad_days.COMMIT) == 1
    commit(repository)
    assert set(repository.head(None).files) >= {"theirs.txt", "c/a.parquet"}  # type: ignore[union-attr]


def test_a_slow_commit_that_lands_during_the_next_try(hub: StagingHub, way: Way, repository: DatasetRepository) -> None:
    """Where the Hub makes the commit only after it was looked for, the next try is refused and the first one found."""
    kept: list[object] = []

    def late(send: object, request: object) -> None:
        kept.append(request)
        silent(send, request)  # type: ignore[arg-type]

    def now_landed(send: object, request: object) -> object:
        send(kept[0]).read()  # type: ignore[operator]
        return send(request)  # type: ignore[operator]

    way(bad_days.COMMIT, late, now_landed)
    made = commit(repository)
    assert commits(hub) == ["Publish c", "initial commit"]
    assert repository.head(None).commit == made.oid  # type: ignore[union-attr]


def test_content_that_is_there_is_not_sent_again(way: Way, repository: DatasetRepository) -> None:
    """What was uploaded ahead is only named by the commit, also where the file is gone, and by another process."""
    traffic, done = Traffic((sizes := list[int]()).append), Traffic()
    sent = repository.upload({"c/a.parquet": LARGE}, revision=None, traffic=traffic)
    assert (traffic.sent, traffic.there, sum(sizes)) == (len(LARGE), 0, len(LARGE))
    repository.upload({"c/b.parquet": LARGE}, revision=None, traffic=done)
    assert (done.sent, done.there) == (0, len(LARGE))
    assert way.count(bad_days.SEND) == 1
    digest = sent["c/a.parquet"].upload_info.sha256.hex()
    head = repository.head(None)
    assert head
    for content in (Uploaded(len(LARGE), digest), sent["c/a.parquet"], LARGE):
        made = repository.commit(
            {f"{type(content).__name__}.parquet": content} if content is not sent["c/a.parquet"] else sent, [],
            message="m", parent=head.commit, revision=None, create_pr=False,
        )  # fmt: skip
        head = repository.head(None)
        assert head
        assert head.commit == made.oid
    assert way.count(bad_days.SEND) == 1
    assert {remote.sha256 for path, remote in head.files.items() if path.endswith(".parquet")} == {digest}
    assert len(head.files) == 4


def test_a_card_that_comes_changed(hub: StagingHub, way: Way, repository: DatasetRepository, tmp_path: Path) -> None:
    """A download that is not what the listing says is made again; one that stays so is an error, not a card."""
    oid = commit(repository).oid

    def changed(send: object, request: object) -> object:
        response = send(request)  # type: ignore[operator]
        content = response.read().replace(b"card", b"cart")
        headers = {name: value for name, value in response.headers.items() if name != "transfer-encoding"}
        return bad_days.httpx.Response(response.status_code, headers=headers, content=content, request=request)

    step = ("GET", "/resolve/")
    way(step, changed)
    assert repository.card(oid) == "# card\n"
    assert way.count(step) == 2
    with Way.to(hub, tmp_path / "other") as other:
        other(step, *[changed] * 9)
        with pytest.raises(HubError, match=r"cannot read the card: README.md came with 7 bytes that are not those"):
            repository.card(oid)


def test_tags_and_branches_are_made_once(hub: StagingHub, way: Way, repository: DatasetRepository) -> None:
    """A tag and a branch whose answer was lost are found to be there."""
    head = repository.head(None)
    assert head
    way(("POST", "/tag/"), lost)
    way(("POST", "/branch/"), lost)
    repository.tag("v1", head.commit)
    repository.create_branch("b", head.commit)
    assert repository.tags() == ["v1"]
    with pytest.raises(HubError, match=r"cannot tag 'v1': .*\(HTTP 409"):
        repository.tag("v1", head.commit)


def test_the_token_is_kept_out(way: Way, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a wait nor an error shows the token that a Hub's answer repeats."""
    repository = DatasetRepository(REPO, said.append, Retries(sleep=lambda seconds: None))

    def telling(send: object, request: object) -> object:
        return bad_days.httpx.Response(503, json={"error": f"go away, {WRITE}"}, request=request)

    way(bad_days.INFO, *[telling] * 9)
    with pytest.raises(HubError, match=r"go away, \*\*\*"):
        repository.head(None)
    assert WRITE not in json.dumps(said)
    assert "***" in said[0]


def test_what_failures_mean() -> None:
    """What stops a file on its way is told by its cause; what nobody knows is passed on as it is."""

    def meaning(error: Exception, cause: Exception | None = None) -> str | None:
        error.__cause__ = cause
        return explain(error, REPO, "http://hub", begun=True)

    assert meaning(RuntimeError("Error while uploading.")) == (
        "Error while uploading. No word why.; run the same command again"
    )
    assert meaning(RuntimeError("Error."), ValueError("bad\nanswer")) == "Error. bad answer; run the same command again"
    assert meaning(RuntimeError("Error."), OSError("disk")) == "OSError: disk"
    assert meaning(OfflineModeIsEnabled("offline")) == "HF_HUB_OFFLINE is set: unset it"
    assert meaning(ZeroDivisionError("ours")) is None
    assert without_password("at http://me:secret@hub/x") == "at http://hub/x"


def test_outside_the_client_is_as_it_was(way: Way, repository: DatasetRepository) -> None:
    """Calls of others through the same client keep the client's own handling of errors."""
    way(bad_days.INFO, answer(503))
    with pytest.raises(Exception, match="503"):
        HfApi().repo_info(REPO, repo_type="dataset")
    assert API in {path for _, path in way.requests}


def test_every_request_has_a_limit(way: Way, repository: DatasetRepository) -> None:
    """An answer that never comes ends some time: no request is sent without limits."""
    limits = []

    def note(send: object, request: object) -> object:
        limits.append(request.extensions["timeout"])  # type: ignore[attr-defined]
        return send(request)  # type: ignore[operator]

    for method in ("GET", "POST", "PUT"):
        way((method, ""), *[note] * 50)
    commit(repository)
    assert len(limits) > 6
    assert all(all(limit.values()) for limit in limits)
