"""Pushes that send shards as they are built and drop them: little disk, the same dataset, and nothing sent twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from DiffusionFER import RawFolder
from tests.publish import bad_days
from tests.publish.bad_days import answer
from tests.publish.inside import Inside, inside
from tests.publish.staging_http import READ, REPO, Client, file
from tests.publish.test_push_plan import relabel
from tests.trees import write_faces
from tools.publish.calls import HubError
from tools.publish.options import Refused
from tools.publish.staging import api_commit
from tools.publish.verify.verify import expected_shards, verify

SHARD, DISK = 100_000, 250_000


@pytest.fixture
def pushes(tmp_path: Path) -> Iterator[Inside]:
    """Pushes of 60 faces, original and cropped, in some twenty shards."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    write_faces(data_dir, 60)
    with inside(tmp_path, data_dir) as pushes:
        yield pushes


def push(pushes: Inside, **options: Any) -> Any:
    """Push with little disk."""
    return pushes.push(**{"max_shard_size": SHARD, "max_disk": DISK} | options)


def watched(pushes: Inside) -> list[int]:
    """Return a list that gets, at each request that sends something, the bytes of the shards on the disk."""
    seen: list[int] = []

    def look(send: Any, request: Any) -> Any:
        seen.append(sum(pushes.on_disk().values()))
        return send(request)

    pushes.way(bad_days.SEND, *[look] * 100)
    return seen


def test_the_disk_holds_no_more_than_allowed(pushes: Inside, tmp_path: Path) -> None:
    """At every upload the shards on the disk stay below the limit, at the end there are none, and all is published."""
    seen = watched(pushes)
    done = push(pushes)
    assert 0 < max(seen) <= DISK
    assert pushes.on_disk() == {}
    assert not any(shard.here for shard in done.shards)
    assert done.sent_bytes == done.upload_bytes
    published = pushes.published()
    assert len(published) > 15
    with inside(tmp_path / "other", pushes.data_dir) as other:
        other.push(max_shard_size=SHARD)
        assert other.published() == published


def test_what_was_dropped_is_not_built_again(pushes: Inside) -> None:
    """A second push, with and without the limit, builds and sends nothing; a changed label, its shards alone."""
    push(pushes)
    published = pushes.published()
    for options in ({}, {"max_disk": None}):
        again = push(pushes, **options)
        assert (again.commit, again.sent_bytes, [shard for shard in again.shards if shard.built]) == (None, 0, [])
    relabel(pushes.data_dir, 0)
    changed = push(pushes)
    assert {shard.path for shard in changed.shards if shard.built} == {
        f"small_{kind}/train-00000.parquet" for kind in ("original", "cropped")
    }
    assert pushes.on_disk() == {}
    now = pushes.published()
    assert {path for path in now if now[path] != published[path]} == {s.path for s in changed.shards if s.built}
    # Verified against the manifest, for no file is here.
    assert verify(REPO, expected=expected_shards(pushes.work)).differences == []


def test_a_push_that_dies_goes_on_where_it_was(pushes: Inside) -> None:
    """What was sent before a push died, and was never committed, is neither built nor sent again."""
    pushes.way(bad_days.SEND, *[lambda send, request: send(request)] * 8, answer(403), answer(403), answer(403))
    pushes.way(bad_days.SEND, *[answer(403)] * 40)
    with pytest.raises(HubError, match=r"^cannot upload small_.*\.parquet: .*HTTP 403"):
        push(pushes)
    pushes.way.script.clear()
    sent = pushes.way.count(bad_days.SEND)
    planned = pushes.plan(max_shard_size=SHARD, max_disk=DISK)
    shards = sum(split.shards for split in planned.splits)
    assert planned.send == shards - 8
    assert planned.build <= planned.send
    done = push(pushes)
    assert pushes.way.count(bad_days.SEND) - sent <= planned.send + 1  # and the gallery
    assert len(pushes.published()) == shards
    # What the dead push has sent counts as there.
    assert done.sent_bytes + done.there_bytes == done.upload_bytes
    assert done.there_bytes > 8 * 50_000
    assert verify(REPO, data_dir=pushes.data_dir).differences == []


def test_a_hub_that_has_nothing_gets_everything(pushes: Inside, tmp_path: Path) -> None:
    """Shards that were sent to another Hub, and dropped, are built again."""
    push(pushes)
    published = pushes.published()
    with inside(tmp_path / "other", pushes.data_dir) as other:
        other.folder = pushes.folder
        done = push(other)
        assert all(shard.built for shard in done.shards)
        assert other.published() == published


def test_a_hub_that_takes_small_files_with_the_commit_alone(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small shards that the Hub does not take ahead of the commit stay on the disk, and go with it."""
    monkeypatch.setattr(api_commit, "_is_text", lambda sample: True)
    client = Client.of(pushes.hub)
    client.create()
    client.commit([file(".gitattributes", b"*.png filter=lfs diff=lfs merge=lfs -text\n")])
    done = push(pushes)
    assert all(shard.here for shard in done.shards)
    assert len(pushes.on_disk()) == len(pushes.published()) == len(done.shards)
    assert verify(REPO, data_dir=pushes.data_dir).differences == []
    assert push(pushes).commit is None


def test_shards_that_stand_from_before_are_sent_and_dropped(pushes: Inside) -> None:
    """A work directory that is full of shards is emptied without building one of them again."""
    pushes.push(max_shard_size=SHARD, dry_run=True)
    assert sum(pushes.on_disk().values()) > DISK
    done = push(pushes)
    assert not any(shard.built for shard in done.shards)
    assert pushes.on_disk() == {}
    assert len(pushes.published()) == len(done.shards)


def test_a_shard_that_changed_on_the_disk_is_not_dropped(pushes: Inside) -> None:
    """A file that is no longer what was built is named before anything is committed, and is kept."""
    pushes.push(max_shard_size=SHARD, dry_run=True)
    name = "small_original/train-00001.parquet"
    shard = pushes.work / "shards" / name
    state, content = shard.stat(), bytearray(shard.read_bytes())
    content[5000] ^= 1
    shard.write_bytes(content)

    os.utime(shard, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(HubError, match=r"train-00001\.parquet has changed since it was built: remove it, and run"):
        push(pushes)
    assert pushes.published() == {}
    assert shard.exists()
    shard.unlink()
    push(pushes)
    assert verify(REPO, data_dir=pushes.data_dir).differences == []


def test_what_cannot_be_read_is_not_sent(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard with an image that is gone when it is built is not sent, and nothing is published."""
    real = RawFolder.read
    picture = sorted((pushes.data_dir / "DifussionEmotion_S" / "angry").iterdir())[0].name

    def gone(folder: RawFolder, name: str) -> bytes:
        if name.endswith(picture):
            raise FileNotFoundError(name)
        return real(folder, name)

    monkeypatch.setattr(RawFolder, "read", gone)  # the checks read by another way
    with pytest.raises(Refused) as refused:
        push(pushes)
    assert [picture in finding.file for finding in refused.value.findings if finding.severity == "error"] == [
        True,
        True,
    ]
    assert pushes.published() == {}
    monkeypatch.undo()
    sent = pushes.way.count(bad_days.SEND)
    done = push(pushes)
    assert pushes.way.count(bad_days.SEND) - sent == 2 + 1  # the two shards, and the gallery
    assert verify(REPO, data_dir=pushes.data_dir).differences == []
    assert len(pushes.published()) == len(done.shards)


def test_stale_shards_leave_the_disk_first(pushes: Inside) -> None:
    """Shards from before that are to be built anew do not stand beside the new ones."""
    pushes.push(max_shard_size=SHARD, dry_run=True)
    for row in range(60):
        relabel(pushes.data_dir, row)
    seen = watched(pushes)
    push(pushes)
    assert 0 < max(seen) <= DISK


def test_a_plan_without_the_right_to_ask(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not write can still plan: shards that were sent but never committed count as to be built."""
    pushes.way(bad_days.COMMIT, *[answer(403)] * 9)
    with pytest.raises(HubError):
        push(pushes)
    monkeypatch.setenv("HF_TOKEN", READ)
    planned = pushes.plan(max_shard_size=SHARD)
    assert planned.build == sum(split.shards for split in planned.splits)
    assert any("may only read" in problem for problem in planned.problems)


def test_a_picture_that_breaks_meanwhile_stops_the_push(pushes: Inside) -> None:
    """An image that is damaged after the checks is found while its shard is built, and nothing is committed."""
    from tools.publish import push as module

    picture = sorted((pushes.data_dir / "DifussionEmotion_S" / "angry").iterdir())[0]
    real = module.make_all

    def damaged(*arguments: Any) -> Any:
        state, content = picture.stat(), bytearray(picture.read_bytes())
        content[len(content) // 2] ^= 1
        picture.write_bytes(content)

        os.utime(picture, ns=(state.st_atime_ns, state.st_mtime_ns))
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "make_all", damaged)
        # Its time of change is another one, so that what was planned no longer holds.
        with pytest.raises((Refused, module.PushError)):
            push(pushes)
    assert pushes.published() == {}
