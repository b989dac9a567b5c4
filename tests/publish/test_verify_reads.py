"""Reading a published commit by range: what is asked for, what is refused, and how little is held."""

from __future__ import annotations

import hashlib
import io
import random
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from tests.check.test_repo_hostile import ABORTS
from tests.publish import pushing
from tests.publish.published import at
from tests.publish.pushing import REPO, WRITER
from tools.check.repo.probe import FATAL
from tools.publish.calls import HubError
from tools.publish.plan import Remote, git_blob_id
from tools.publish.retry import Retries
from tools.publish.shards import schema_of
from tools.publish.staging import StagingHub
from tools.publish.verify import reads as verify_reads
from tools.publish.verify.reads import Mirror, Reads, Unreadable
from tools.publish.verify.verify import verify

SHARD = "small_original/train-00000.parquet"
CONTENT = bytes(range(100))
ONCE = Retries(tries=1)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StagingHub]:
    """A staging Hub with an empty repository, to which the clients of this process speak."""
    with StagingHub(tmp_path / "hub", tokens=pushing.TOKENS) as hub, at(hub, WRITER):
        HfApi(endpoint=hub.endpoint, token=WRITER).create_repo(REPO, repo_type="dataset")
        yield hub


def commit(hub: StagingHub, files: Mapping[str, bytes]) -> str:
    """Commit files, and return the commit."""
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    api = HfApi(endpoint=hub.endpoint, token=WRITER)
    return str(api.create_commit(REPO, operations, repo_type="dataset", commit_message="Files").oid)


def shard(images: list[bytes], *, rows_a_group: int) -> bytes:
    """Return a shard of small_original with these images and hardly a label."""
    rows = [
        {"image": {"bytes": image, "path": f"{n}.png"}, "image_id": str(n), "sha256": hashlib.sha256(image).hexdigest()}
        for n, image in enumerate(images)
    ]
    sink = io.BytesIO()
    table = pa.Table.from_pylist(rows, schema_of("small_original"))
    plain: dict[str, Any] = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    pq.write_table(table, sink, row_group_size=rows_a_group, **plain)
    return sink.getvalue()


class Answer:
    """An answer of a Hub that need not be a proper one."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status_code, self.headers, self._body = status, headers, body

    def iter_raw(self, size: int) -> Iterator[bytes]:
        """Yield the body in two pieces."""
        yield self._body[:10]
        yield self._body[10:]

    def read(self) -> bytes:
        """Return the body."""
        return self._body


def reads_of(monkeypatch: pytest.MonkeyPatch, *answers: Answer, tries: int = 1) -> Reads:
    """Return Reads of one file of 100 bytes, which get these answers one after another."""
    waiting = list(answers)

    class Session:
        @contextmanager
        def stream(self, method: str, url: str, **options: Any) -> Iterator[Answer]:
            yield waiting.pop(0)

    monkeypatch.setattr(verify_reads, "get_session", Session)
    retries = Retries(tries=tries, sleep=lambda seconds: None)
    return Reads(REPO, "c" * 40, {"a": Remote(100, git_blob_id(CONTENT))}, retries=retries)


def ranged(given: str, body: bytes = CONTENT[20:40]) -> Answer:
    """Return a 206 that says which bytes it gives."""
    return Answer(206, body, {"Content-Range": given})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(200, CONTENT, {"Content-Length": "100"}), r"is not given by range \(HTTP 200\)"),
        (ranged("bytes 0-19/100"), "is given from byte 0 to 20 where 20 to 40 were asked for"),
        (ranged("bytes 20-38/100"), "is given from byte 20 to 39 where 20 to 40 were asked for"),
        (ranged("bytes 20-39/99"), "is listed with 100 bytes, and has 99"),
        (ranged("bytes 20-39/*"), r"is not given by range \(HTTP 206\)"),
        (
            Answer(206, CONTENT, {"Content-Encoding": "gzip"}),
            "comes in another encoding",
        ),
        (Answer(416, b"", {}), "is listed with 100 bytes, and has fewer"),
        (Answer(404, b"", {}), r"storage does not give it \(HTTP 404\)"),
    ],
)
def test_answers_that_are_not_what_was_asked_for(monkeypatch: pytest.MonkeyPatch, answer: Answer, words: str) -> None:
    """A range that is another one, or none, is refused before it is written."""
    sink = io.BytesIO()
    with pytest.raises(Unreadable, match=words):
        reads_of(monkeypatch, answer).copy("a", 20, 40, sink)
    assert sink.getvalue() == b""


@pytest.mark.parametrize("body", [CONTENT[20:39], CONTENT[20:41]])
def test_a_range_of_another_length_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    """A range that is cut off, or too long, is fetched again, and every byte counts; in the end it is an error."""
    cut, whole = ranged("bytes 20-39/100", body), ranged("bytes 20-39/100")
    reads, sink = reads_of(monkeypatch, whole, cut, whole, tries=3), io.BytesIO()
    reads.copy("a", 20, 40, io.BytesIO())  # the Hub was reached: it is worth to wait for it
    reads.copy("a", 20, 40, sink)
    assert sink.getvalue()[20:] == CONTENT[20:40]
    assert reads.fetched == 40 + len(body)
    reads = reads_of(monkeypatch, cut)
    with pytest.raises(HubError, match=f"came with {len(body)} bytes where 20 were announced"):
        reads.copy("a", 20, 40, sink)


def test_a_whole_file_needs_no_range(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where all is asked for, an answer without a range will do, if it has the hash that is listed."""
    files = {"a": Remote(100, git_blob_id(CONTENT))}
    mirror = Mirror(tmp_path / "1", files, reads_of(monkeypatch, Answer(200, CONTENT, {})))
    assert mirror.whole("a") == CONTENT
    other = CONTENT[::-1]
    mirror = Mirror(tmp_path / "2", files, reads_of(monkeypatch, Answer(200, other, {})))
    with pytest.raises(
        Unreadable, match=f"has hash {git_blob_id(other)}, and it is listed with {git_blob_id(CONTENT)}"
    ):
        mirror.whole("a")
    with pytest.raises(Unreadable, match="and has 7"):
        reads_of(monkeypatch, Answer(200, CONTENT, {"Content-Length": "7"})).copy("a", 0, 100, io.BytesIO())
    with pytest.raises(Unreadable, match="has 100 bytes, and 20 to 101 are looked for"):
        reads_of(monkeypatch).copy("a", 20, 101, io.BytesIO())


def test_a_commit_that_is_gone(hub: StagingHub) -> None:
    """Where the pinned commit, the file or the repository is gone meanwhile, that is said, and what to do."""
    oid = commit(hub, {"a": CONTENT})
    files = {"a": Remote(100, ""), "b": Remote(100, "")}
    with pytest.raises(Unreadable, match=r"is listed, and the Hub does not give it \(HTTP 404\)"):
        Reads(REPO, oid, files).copy("b", 0, 1, io.BytesIO())
    for name, revision in ((REPO, "0" * 40), ("FER-Universe/Gone", oid)):
        with pytest.raises(HubError, match=f"{name} at {revision} is gone from http.*: run the same command again"):
            Reads(name, revision, files).copy("a", 0, 1, io.BytesIO())


def test_names_that_lead_elsewhere(tmp_path: Path) -> None:
    """A listed name that leaves the folder, or that no file can have, makes no file and is said."""
    names = ["../x", "/x", "a\\b", "a/../../x", "n" * 300, "good/name"]
    mirror = Mirror(tmp_path / "mirror", dict.fromkeys(names, Remote(5, "")), None)  # type: ignore[arg-type]
    assert set(mirror.sizes) == {"good/name"}
    assert mirror.refused["../x"] == "its name leaves its folder or is not in plain form"
    assert mirror.refused["n" * 300] == "this machine cannot hold a file of its name or size (OSError)"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["good", "mirror", "name"]


def test_storage_that_lost_or_changed_a_file(hub: StagingHub) -> None:
    """A stored file that is cut off or gone is unreadable; one with other bytes is found by a deep verification."""
    content = shard([random.Random(1).randbytes(3000) for _ in range(6)], rows_a_group=2)
    commit(hub, {SHARD: content})
    repository = hub.store.find(REPO)
    assert repository is not None
    stored = repository.large.path(hashlib.sha256(content).hexdigest())

    def found(**options: Any) -> list[str]:
        return [str(of) for of in verify(REPO, retries=ONCE, **options).differences if of.path == SHARD]

    assert found(deep=True) == []
    changed = bytearray(content)
    changed[2000] ^= 1
    stored.write_bytes(changed)
    assert found() == []
    digest, column = hashlib.sha256(changed).hexdigest(), "column sha256 says"
    hashed, row = found(deep=True)
    assert hashed.endswith(
        f"what is given has hash {digest}, and it is listed with {hashlib.sha256(content).hexdigest()}"
    )
    assert row.startswith(f"{SHARD} is different: row 1, image_id '0', column image: ")
    assert column in row
    stored.write_bytes(content[:-10])
    assert found() == [
        f"{SHARD} is unreadable: Parquet file is listed with {len(content):,} bytes, and has {len(content) - 10:,}"
    ]
    stored.unlink()
    (line,) = found()
    assert "storage does not give it (HTTP 404)" in line


def test_a_footer_that_ends_the_program(hub: StagingHub) -> None:
    """A footer at which pyarrow aborts is unreadable, and this process lives."""
    commit(hub, {SHARD: ABORTS, SHARD.replace("train", "test"): shard([b"x"], rows_a_group=1)})
    result = verify(REPO, deep=True)
    assert f"{SHARD} is unreadable: Parquet file {FATAL}" in [str(of) for of in result.differences]
    assert result.rows == result.images == 1


def test_a_row_group_at_a_time(hub: StagingHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deep holds some row groups of a shard in memory at the most, and one on disk; it fetches each byte once."""
    group, groups = 4 * 10**6, 12
    content = shard([random.Random(n).randbytes(10**6) for n in range(4 * groups)], rows_a_group=4)
    commit(hub, {SHARD: content})
    on_disk = []
    show = verify_reads.Window.show

    def noted(window: verify_reads.Window, start: int, stop: int) -> Iterator[bytes]:
        yield from show(window, start, stop)
        on_disk.append(window.place.stat().st_blocks * 512)

    monkeypatch.setattr(verify_reads.Window, "show", noted)
    pool, before = pa.proxy_memory_pool(pa.default_memory_pool()), pa.default_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        result = verify(REPO, deep=True, workers=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)
    assert result.images == 4 * groups
    assert [of for of in result.differences if of.path == SHARD] == []
    assert peak + pool.max_memory() < 6 * group  # half of the shard; Python's own modules are in it
    assert max(on_disk) < 1.2 * group
    assert result.bytes_fetched < 1.02 * len(content)
