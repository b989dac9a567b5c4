"""What is on its way to the Hub: how much of it at a time, what is counted, and what need not be sent at all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.publish import bad_days
from tests.publish.bad_days import Way, answer, lost
from tests.publish.staging_http import REPO, Client
from tools.publish.hub import DatasetRepository, HubError
from tools.publish.retry import Retries
from tools.publish.staging import StagingHub
from tools.publish.uploads import Room, Traffic, Uploaded

LARGE = b"\0" + b"large" * 1000


@pytest.fixture
def way(hub: StagingHub, client: Client, tmp_path: Path) -> Iterator[Way]:
    """A way from this process to the staging Hub, which a test may make a bad one."""
    with Way.to(hub, tmp_path) as way:
        yield way


@pytest.fixture
def repository(way: Way) -> DatasetRepository:
    """The repository, once reached, with a patience that takes no time."""
    repository = DatasetRepository(REPO, retries=Retries(sleep=lambda seconds: None))
    repository.check_write_access()
    return repository


def test_no_more_than_the_room_is_under_way() -> None:
    """However many come at once, their bytes together stay within the room, and each is let in in the end."""
    room, lock, used, most = Room(10), threading.Lock(), 0, 0

    def take(size: int) -> None:
        nonlocal used, most
        with room.taken(size):
            with lock:
                used += size
                most = max(most, used)
            threading.Event().wait(0.001)
            with lock:
                used -= size

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, [3, 4, 5, 2, 9, 1, 10, 6] * 6))
    assert (used, 8 <= most <= 10) == (0, True)


def test_what_is_larger_than_the_room_goes_alone() -> None:
    """Content larger than the room is let in once nothing else is under way, and keeps others out meanwhile."""
    room, inside = Room(10), threading.Event()
    with room.taken(25):

        def enter() -> None:
            with room.taken(1):
                inside.set()

        other = threading.Thread(target=enter)
        other.start()
        assert not inside.wait(0.05)
    other.join(10)
    assert inside.is_set()


def test_bytes_that_are_sent_twice_are_counted_twice_and_shown_once(
    way: Way, repository: DatasetRepository, tmp_path: Path
) -> None:
    """A file that begins anew takes the bar back; what was really sent is the sum of all tries."""
    shown: list[int] = []
    traffic = Traffic(shown.append)
    file = tmp_path / "a.parquet"
    file.write_bytes(LARGE)

    def refused_at_the_end(send: object, request: object) -> object:
        for _ in request.stream:  # type: ignore[attr-defined]
            pass
        return answer(503)(send, request)  # type: ignore[arg-type]

    way(bad_days.SEND, refused_at_the_end)
    repository.upload({"c/a.parquet": file}, revision=None, traffic=traffic)
    assert sum(shown) == len(LARGE)
    assert min(shown) == -len(LARGE)
    assert (traffic.sent, traffic.there) == (2 * len(LARGE), 0)


def test_an_upload_whose_answer_was_lost_is_not_sent_again(way: Way, repository: DatasetRepository) -> None:
    """The Hub is asked before a further try, and says that it has the content."""
    traffic = Traffic()
    way(bad_days.SEND, lost)
    repository.upload({"c/a.parquet": LARGE}, revision=None, traffic=traffic)
    assert way.count(bad_days.SEND) == 1
    assert traffic.sent == len(LARGE)


def test_few_bytes_are_under_way_at_a_time(way: Way, repository: DatasetRepository) -> None:
    """Of files of one size, one is under way at a time; small ones go together."""
    now, most, lock = 0, 0, threading.Lock()

    def seen(send: object, request: object) -> object:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.02)
        reply = send(request)  # type: ignore[operator]
        with lock:
            now -= 1
        return reply

    way(bad_days.SEND, *[seen] * 40)
    same = {f"c/{number}.parquet": b"\0%d" % number + LARGE for number in range(6)}
    repository.upload(same, revision=None)
    assert most == 1
    small = {f"d/{number}.parquet": b"\0small%d" % number for number in range(8)}
    repository.upload({"d/large.parquet": b"\0\0" + LARGE, **small}, revision=None)
    assert 1 < most <= 5


def test_what_the_hub_has(way: Way, repository: DatasetRepository) -> None:
    """Of contents that were sent, in any repository of the Hub's, it is known without sending them."""
    repository.upload({"c/a.parquet": LARGE}, revision=None)
    digest = hashlib.sha256(LARGE).hexdigest()
    others = [Uploaded(1, f"{number:064x}") for number in range(250)]
    assert repository.has([*others, Uploaded(len(LARGE), digest)]) == {digest}
    assert repository.has([]) == set()
    way(bad_days.BATCH, *[answer(500)] * 9)
    with pytest.raises(HubError, match=r"^cannot ask what was uploaded: .*HTTP 500"):
        repository.has(others[:1])
