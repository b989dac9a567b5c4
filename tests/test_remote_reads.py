"""How remote trees are read: once, by few requests, by any thread or process, and never outside the data directory."""

from __future__ import annotations

import multiprocessing
import pickle
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import fsspec
import pytest

import DiffusionFER
from DiffusionFER import Entry, RawFolder, RawZip, Remote, RemoteFolder, RemoteZip, open_raw, read_index
from tests.forked import true_in_a_fork
from tests.publish.pushing import WRITER
from tests.remote_trees import KINDS, Servers, servers
from tests.s3 import KEY, SECRET
from tests.trees import png, write_faces, zip_folder
from tools.check.configs import check_data
from tools.check.findings import Finding
from tools.check.images.proven import Proven
from tools.check.images.rules import ENTRY_UNSAFE, IMAGE_BROKEN
from tools.check.images.source import Source
from tools.publish.shard_plan import plan_shards

FACES = "DifussionEmotion_S"
CONFIGS = ["small_original", "small_cropped"]


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers for all tests of this module."""
    with servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good tree of faces."""
    folder = tmp_path_factory.mktemp("tree")
    write_faces(folder, 10, size=24)
    return folder


@pytest.fixture(scope="module")
def urls(remote: Servers, tree: Path) -> dict[str, str]:
    """The good tree on each kind of file system."""
    return {kind: remote.put(kind, tree) for kind in KINDS}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The name and the number of bytes of everything that is downloaded whole or from the beginning."""
    calls: list[tuple[str, int]] = []
    head = Remote.head

    def counted(self: Remote, name: str, count: int) -> bytes:
        content = head(self, name, count)
        calls.append((name, len(content)))
        return content

    monkeypatch.setattr(Remote, "head", counted)
    return calls


def checked(url: str, memory: Path) -> list[Finding]:
    """Return what is wrong with a tree, proven by what a memory holds."""
    with Proven.open(memory) as proven:
        return list(check_data(CONFIGS, url, proven=proven))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_proven_is_not_downloaded_again(
    kind: str, remote: Servers, tree: Path, tmp_path: Path, read: list[tuple[str, int]]
) -> None:
    """A second check downloads the sheet alone; after a change, the sheet and the object that changed."""
    url, memory = remote.put(kind, tree), tmp_path / "proven.sqlite"
    assert checked(url, memory) == []
    assert len(read) == 1 + 20
    read.clear()
    assert checked(url, memory) == []
    assert [name for name, _ in read] == ["dataset_sheet.csv"]
    read.clear()
    changed = f"{FACES}/neutral/aaaaaaaa_0.png"
    remote.write(url, changed, (tree / changed).read_bytes()[:-20])
    assert [(found.rule, found.file) for found in checked(url, memory)] == [(IMAGE_BROKEN.id, changed)]
    assert [name for name, _ in read] == ["dataset_sheet.csv", changed]


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_an_object_changes_its_shard(kind: str, remote: Servers, tree: Path) -> None:
    """The fingerprint of a shard changes with an object of the same size in it, and with nothing else."""
    url = remote.put(kind, tree)

    def prints() -> list[str]:
        planned = plan_shards("small_original", read_index("small_original", url), max_shard_size=10**6)
        return [shard.fingerprint for shard in planned]

    before = prints()
    assert prints() == before
    name = f"{FACES}/neutral/aaaaaaaa_0.png"
    content = bytearray((tree / name).read_bytes())
    content[-30] ^= 1
    remote.write(url, name, bytes(content))
    after = prints()
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, True]


def test_stamps_are_of_the_content(remote: Servers, urls: dict[str, str], tree: Path) -> None:
    """On S3 and the Hub an object that is put there again as it was keeps its stamp: its digest."""
    for kind, begins in (("s3", "etag "), ("hf", "sha256 ")):
        folder = open_raw("small_original", urls[kind])
        before = list(folder.entries())
        remote.write(urls[kind], f"{FACES}/{before[0].name}", (tree / FACES / before[0].name).read_bytes())
        assert list(folder.entries()) == before
        assert all(entry.stamp.startswith(begins) for entry in before)


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_that_changes_between_listing_and_reading_is_found_out(
    kind: str, remote: Servers, tree: Path
) -> None:
    """Bytes are proven under the stamp of the listing only if they are those that were listed."""
    url, name = remote.put(kind, tree), "neutral/aaaaaaaa_0.png"
    folder = open_raw("small_original", url)
    entries = folder.entries()
    source = Source(folder, entries)
    stamp = source.stamp(name)
    content = (tree / FACES / name).read_bytes()
    assert source.read(name, stamp) == pickle.loads(pickle.dumps(source)).read(name, stamp) == content
    assert source.stamp("neutral/none.png") is None
    remote.write(url, f"{FACES}/{name}", content + b"longer")
    with pytest.raises(ValueError, match="changed while it was checked"):
        source.read(name, stamp)
    if kind != "memory":  # which tells no digest
        remote.write(url, f"{FACES}/{name}", content[::-1])
        with pytest.raises(ValueError, match="changed while it was checked"):
            pickle.loads(pickle.dumps(source)).read(name, stamp)


def test_an_etag_that_is_no_digest_is_asked_for_again(remote: Servers, tree: Path) -> None:
    """An object that was put on S3 in parts is known to be the one that was listed by the same ETag, asked anew."""
    url = remote.put("s3", tree)
    system, root = fsspec.core.url_to_fs(url)
    name = f"{FACES}/neutral/parts.png"
    with system.open(f"{root}/{name}", "wb", block_size=5 * 2**20) as file:
        file.write(content := random.Random(1).randbytes(6 * 2**20))
    folder = open_raw("small_original", url)
    assert isinstance(folder, RemoteFolder)
    (entry,) = (entry for entry in folder.entries() if entry.name == "neutral/parts.png")
    assert "-" in entry.stamp  # as S3 marks the digest of the digests of parts
    assert folder.is_still(entry, content)
    remote.write(url, name, content[::-1])
    assert not folder.is_still(entry, content[::-1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_zip_that_changes_is_checked_again(kind: str, remote: Servers, tmp_path: Path) -> None:
    """Stamps of a zip's entries hold those of the zip, so that nothing of another zip counts as proven."""
    write_faces(tmp_path, 4, size=16)
    zipped = zip_folder(tmp_path / FACES)
    url, memory = remote.put(kind, tmp_path), tmp_path / "proven.sqlite"
    assert checked(url, memory) == []
    with Proven.open(memory) as proven:
        stamps = []
        for _ in range(2):
            source = Source(open_raw("small_original", url))
            stamp = source.stamp("neutral/aaaaaaaa_0.png")
            assert stamp
            stamps.append(stamp)
            assert (proven.of_file(stamp) is not None) == (len(stamps) == 1)
            assert source.stamp("neutral/none.png") is None
            remote.write(url, zipped.name, zipped.read_bytes() + b"more")
    assert stamps[0] != stamps[1]


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_any_size_come_whole(
    kind: str, remote: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty files, files of one piece, and files of more than one are read as they are; of a head only so much."""
    monkeypatch.setattr(DiffusionFER, "PIECE_BYTES", 1000)
    folder = tmp_path / FACES
    folder.mkdir()
    sizes = (0, 1, 999, 1000, 1001, 5000)
    for size in sizes:
        (folder / f"{size}.png").write_bytes(random.Random(size).randbytes(size))
    there = open_raw("small_original", remote.put(kind, tmp_path))
    assert isinstance(there, RemoteFolder)
    for size in sizes:
        content = (folder / f"{size}.png").read_bytes()
        assert there.read(f"{size}.png") == content
        assert there.head(f"{size}.png", 10) == content[:10]


@pytest.mark.parametrize("kind", KINDS)
def test_a_giant_is_refused_before_it_is_downloaded(
    kind: str, remote: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[tuple[str, int]]
) -> None:
    """Of a file above the limit no more than a piece comes, whatever the listing said; so it is with a sheet."""
    monkeypatch.setattr(DiffusionFER, "PIECE_BYTES", 100)
    monkeypatch.setattr(DiffusionFER, "MAX_FILE_BYTES", 3000)
    monkeypatch.setattr(DiffusionFER, "MAX_SHEET_BYTES", 4000)
    (tmp_path / FACES).mkdir()
    (tmp_path / FACES / "giant.png").write_bytes(bytes(3001))
    (tmp_path / FACES / "most.png").write_bytes(bytes(3000))
    (tmp_path / "dataset_sheet.csv").write_bytes(b"path," * 1000)
    url = remote.put(kind, tmp_path)
    folder = open_raw("small_original", url)
    assert len(folder.read("most.png")) == 3000
    read.clear()
    with pytest.raises(ValueError, match=f"^{FACES}/giant.png has 3,001 bytes; more than 3,000 are not read$"):
        folder.read("giant.png")
    with pytest.raises(ValueError, match=r"^dataset_sheet.csv has 5,000 bytes; more than 4,000 are not read$"):
        read_index("small_original", url)
    assert [count for _, count in read] == [100, 100]


@pytest.mark.parametrize(
    "name",
    ["../dataset_sheet.csv", "/etc/passwd", "neutral/../../x.png", "a//b.png", "a\\b.png", "a\nb.png", "~/x.png"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_outside_is_read(kind: str, name: str, urls: dict[str, str], read: list[tuple[str, int]]) -> None:
    """A name that leaves its folder is refused before any request."""
    folder = open_raw("small_original", urls[kind])
    assert isinstance(folder, RemoteFolder)
    for reading in (folder.read, partial(folder.head, count=10)):
        with pytest.raises(ValueError, match=r"is absolute|leaves its folder|holds a (backslash|control character)"):
            reading(name)
    assert read == []


def test_unsafe_objects_are_listed_with_what_is_wrong(remote: Servers, tree: Path) -> None:
    """S3 takes any name: those that no file may have are findings, folders that were made as objects are nothing."""
    url = remote.put("s3", tree)
    for name in ("neutral/back\\slash.png", "neutral/.hidden", "neutral/C:/x.png"):
        remote.write(url, f"{FACES}/{name}", png(1, 8))
    system, root = fsspec.core.url_to_fs(url)
    bucket, _, prefix = root.partition("/")
    for folder in ("", f"{FACES}/", f"{FACES}/neutral/"):
        system.call_s3("put_object", Bucket=bucket, Key=f"{prefix}/{folder}", Body=b"")
    system.call_s3("put_object", Bucket=bucket, Key=f"{prefix}/{FACES}/neutral//twice.png", Body=b"")
    before = open_raw("small_original", str(tree)).entries()
    found = {entry.name: entry.problem for entry in open_raw("small_original", url).entries()}
    assert {name: problem for name, problem in found.items() if problem} == {
        "neutral/back\\slash.png": "holds a backslash",
        "neutral/C:/x.png": "is absolute",
        "neutral//twice.png": "leaves its folder or is not in plain form",
    }
    assert [name for name, problem in found.items() if not problem] == [entry.name for entry in before]
    rules = [{found.rule for found in check_data(["small_original"], place)} for place in (url, str(tree))]
    assert rules[0] - rules[1] == {ENTRY_UNSAFE.id}


def contents(folder: RawFolder) -> list[bytes]:
    """Return the bytes of all files, in a process of whatever kind."""
    return [folder.read(entry.name) for entry in folder.entries()]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", ["s3", "hf"])
def test_folders_travel_to_other_processes(kind: str, zipped: bool, remote: Servers, tmp_path: Path) -> None:
    """A folder or zip that was used here can be used in forked and in new processes, and holds no key when it goes."""
    write_faces(tmp_path, 4, size=16)
    here = contents(open_raw("small_original", str(tmp_path)))
    if zipped:
        zip_folder(tmp_path / FACES)
    folder = open_raw("small_original", remote.put(kind, tmp_path))
    assert isinstance(folder, RemoteZip if zipped else RemoteFolder)
    assert contents(folder) == here
    pickled = pickle.dumps(folder)
    assert not any(secret.encode() in pickled for secret in (KEY, SECRET, WRITER))
    assert len(pickled) < 1000
    if kind == "s3" and not zipped:  # a new process takes seconds
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            assert pool.submit(contents, folder).result(60) == here
    assert true_in_a_fork(lambda: contents(folder) == here)  # it has the open connections of its parent, too
    assert contents(folder) == here


def test_a_local_zip_travels_too(tmp_path: Path) -> None:
    """An open zip on this machine is opened anew where it arrives."""
    write_faces(tmp_path, 3, size=8)
    zip_folder(tmp_path / FACES)
    folder = open_raw("small_original", str(tmp_path))
    assert isinstance(folder, RawZip)
    assert contents(pickle.loads(pickle.dumps(folder))) == contents(folder)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", ["s3", "hf"])
def test_threads_share_a_folder(kind: str, zipped: bool, remote: Servers, tmp_path: Path) -> None:
    """Sixteen threads that read from one folder or zip get what each asked for."""
    write_faces(tmp_path, 12, size=24)
    here = open_raw("small_original", str(tmp_path))
    wanted = {entry.name: here.read(entry.name) for entry in here.entries()}
    if zipped:
        zip_folder(tmp_path / FACES)
    folder = open_raw("small_original", remote.put(kind, tmp_path))
    names = random.Random(1).choices(list(wanted), k=80)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(folder.read, names)) == [wanted[name] for name in names]


def test_a_listing_is_one_request_for_many_files(
    urls: dict[str, str], monkeypatch: pytest.MonkeyPatch, read: list[tuple[str, int]]
) -> None:
    """Neither listing nor stamping a folder asks for single files."""
    asked: list[str] = []
    facts = Remote.facts

    def counted(self: Remote, name: str) -> Entry:
        asked.append(name)
        return facts(self, name)

    monkeypatch.setattr(Remote, "facts", counted)
    system: Any = fsspec.core.url_to_fs(urls["s3"], **DiffusionFER._OPTIONS["s3"])[0]
    called: list[str] = []
    original = type(system)._call_s3

    async def noted(self: Any, method: str, *arguments: Any, **options: Any) -> Any:
        called.append(method)
        return await original(self, method, *arguments, **options)

    monkeypatch.setattr(type(system), "_call_s3", noted)
    folder = open_raw("small_original", urls["s3"])
    source = Source(folder, entries := folder.entries())
    assert all(source.stamp(entry.name) for entry in entries)
    assert called == ["list_objects_v2"] * 2  # what is in the data directory, and all of the folder
    assert folder.read(entries[0].name)
    assert called[2:] == ["get_object"]
    assert asked == []
