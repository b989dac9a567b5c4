"""What is said where a remote tree cannot be read: one line, of the place and the way out, without any key."""

from __future__ import annotations

import importlib
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest
from huggingface_hub import constants

import DiffusionFER
from DiffusionFER import Remote, is_remote, open_raw, read_index, shown
from tests.publish.published import at
from tests.publish.pushing import WRITER
from tests.remote_trees import REPO, Servers, servers
from tests.s3 import KEY, SECRET, environment, forget
from tests.trees import write_faces
from tools.check.configs import check_configs, check_data, check_images, check_lists, configs_with_data
from tools.check.images.rules import FILE_UNREADABLE, FOLDER_UNREADABLE
from tools.check.sheet.rules import SHEET_UNREADABLE
from tools.describe.facts.description import describe

FACES = "DifussionEmotion_S"
NOWHERE = "http://127.0.0.1:1"  # where nothing answers
REFUSAL = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>{}</Message><RequestId>1</RequestId></Error>'
)


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers for all tests of this module."""
    with servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def url(remote: Servers, tmp_path: Path) -> str:
    """A good tree on S3."""
    write_faces(tmp_path, 4, size=16)
    return remote.put("s3", tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the client of S3 try once: the test does not wait for what it tries again."""
    once = {"config_kwargs": {"retries": {"mode": "standard", "total_max_attempts": 1}, "read_timeout": 1}}
    monkeypatch.setitem(DiffusionFER._OPTIONS, "s3", once)
    monkeypatch.setattr(DiffusionFER, "_S3FS_RETRIES", 1)


@pytest.fixture
def refusing() -> Iterator[Callable[[int, str], str]]:
    """Give the address of a server that answers every request with a status and a text."""
    running = []

    def serve(status: int, text: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_HEAD(self) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


def refused(call: Callable[..., Any], *arguments: Any, kind: type[Exception] = ValueError) -> str:
    """Return the message of the error that a call raises: one line without a key, as is its traceback."""
    with pytest.raises(kind) as caught:
        call(*arguments)
    message, trace = str(caught.value), "".join(traceback.format_exception(caught.value))
    assert "\n" not in message
    assert not any(secret in trace for secret in (KEY, SECRET, WRITER, "pa55word"))
    return message


def test_a_url_is_told_from_a_path() -> None:
    """A data directory is remote where it has a scheme; what stands in one of this machine is no matter."""
    assert all(map(is_remote, ("s3://bucket/raw", "hf://datasets/user/name@main/raw", "memory://x")))
    assert not any(map(is_remote, ("raw", "/data/raw", Path("raw"), "C:\\raw", "s3:/bucket", "")))


def test_a_url_is_shown_without_its_password() -> None:
    """Messages name a URL without user, password and signature, and leave all else as it is."""
    assert shown("ftp://me:pa55word@host/raw/") == "ftp://***@host/raw"
    assert shown("https://host/raw?X-Amz-Signature=pa55word") == "https://host/raw?***"
    assert shown("hf://datasets/user/name@main/raw") == "hf://datasets/user/name@main/raw"
    assert shown(Path("/data/what?")) == "/data/what?"
    assert str(Remote("ftp://me:pa55word@host/raw")) == "ftp://***@host/raw"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("s3://no-such-bucket/raw", "s3://no-such-bucket/raw is not there: The specified bucket does not exist"),
        ("s3://bucket/nothing", "s3://bucket/nothing is not there"),
        (f"hf://datasets/{REPO}/nothing", f"hf://datasets/{REPO}/nothing is not there"),
        (f"hf://datasets/{REPO}@none/raw", f"hf://datasets/{REPO}@none/raw is not there: (revision not found)"),
        ("hf://datasets/x/none/raw", "hf://datasets/x/none/raw is not there: (repository not found). If the repo is "
                                     "private, make sure you are authenticated and your token has the required "
                                     "permissions."),
        ("hf://datasets/x", "hf://datasets/x cannot be read (Invalid HF URI 'hf://datasets/x'. Repository id must be "
                            "'namespace/name', got 'x'.)"),
        ("memory://nothing", "memory://nothing is not there"),
        ("nope://x/raw", "nope://x/raw cannot be opened (Protocol not known: nope)"),
        ("file:///tmp", "file:///tmp is on this machine: give its path, without file://"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("url")
def test_what_is_not_there(place: str, said: str, remote: Servers) -> None:
    """A bucket, a repository, a revision or a folder that does not exist is named, before any check begins."""
    assert refused(configs_with_data, (), place) == said
    kind = FileNotFoundError if "is not there" in said else ValueError
    assert refused(read_index, "small_original", place, kind=kind) == said


def test_a_tree_without_data(remote: Servers, url: str) -> None:
    """A tree that holds no config, or not the one that is asked for, is said to hold what it was looked for."""
    remote.write(url, "empty/readme.txt", b"nothing")
    said = refused(configs_with_data, (), f"{url}/empty/")
    assert said.startswith(f"{url}/empty holds the data of no config: none of {FACES}, ")
    names = "emonet-face-hq, emonet-face-hq.zip"
    said = refused(configs_with_data, ["emonet_hq"], url)
    assert said == f"config emonet_hq has no data here: {url} holds none of {names}"
    remote.write(url, "DiffusionEmotion_S.zip", b"")
    said = refused(open_raw, "small_original", url)
    assert said == f"config small_original: {url} holds {FACES} and DiffusionEmotion_S.zip; keep one of them"


def test_a_sheet_that_is_missing_or_there_twice(remote: Servers, url: str) -> None:
    """The builder says of a remote sheet what it says of a local one."""
    remote.write(url, "dataset_sheet.parquet", b"")
    both = "dataset_sheet.csv and dataset_sheet.parquet"
    assert refused(read_index, "small_original", url) == f"{url} holds {both}; keep one of them"
    remote.write(url, f"sub/{FACES}/x.png", b"")
    said = refused(read_index, "small_original", f"{url}/sub", kind=FileNotFoundError)
    assert said == f"{url}/sub holds neither dataset_sheet.csv nor dataset_sheet.parquet"


def test_a_file_that_went_since_it_was_listed(url: str) -> None:
    """A file that is gone when it is read is a finding, and an error that names it."""
    folder = open_raw("small_original", url)
    name = folder.entries()[0].name
    found, images = check_lists(["small_original"], url)
    assert found == []
    system, root = fsspec.core.url_to_fs(url, skip_instance_cache=True)
    system.rm_file(f"{root}/{FACES}/{name}")
    (missing,) = check_images(images)
    assert (missing.rule, missing.file, missing.message) == (FILE_UNREADABLE.id, f"{FACES}/{name}", "file is missing")
    said = refused(folder.read, name, kind=FileNotFoundError)
    assert said == f"{FACES}/{name} is not there: The specified key does not exist."


@pytest.mark.usefixtures("impatient")
def test_no_access(refusing: Callable[[int, str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not read is told so, and by which variables of the environment access is given."""
    keys = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    with environment(refusing(403, REFUSAL.format("AccessDenied", "Access Denied"))):
        said = refused(configs_with_data, (), "s3://bucket/raw")
        assert said == f"s3://bucket/raw may not be read (Access Denied): {keys}"
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        forget()
        said = refused(configs_with_data, (), "s3://bucket/raw")
        assert said == f"s3://bucket/raw may not be read (Unable to locate credentials): {keys}"
    monkeypatch.setattr(constants, "ENDPOINT", refusing(403, "{}"))
    said = refused(configs_with_data, (), "hf://datasets/user/name/raw")
    assert said == "hf://datasets/user/name/raw may not be read (HTTP status 403): set HF_TOKEN"


def test_a_private_repository_without_a_token(remote: Servers) -> None:
    """Without a token the Hub says of a private repository that there is none; the message says what may be missing."""
    with at(remote.hub, None):
        fsspec.get_filesystem_class("hf").clear_instance_cache()
        said = refused(configs_with_data, (), f"hf://datasets/{REPO}/raw")
    fsspec.get_filesystem_class("hf").clear_instance_cache()
    assert "(repository not found). If the repo is private, make sure you are authenticated" in said


@pytest.mark.usefixtures("impatient")
def test_a_network_that_is_down(
    refusing: Callable[[int, str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where nothing answers, or only errors come, that is said once the bounded tries are used up."""
    tail = "see to the network and the endpoint, and try again"
    with environment(NOWHERE):
        said = refused(configs_with_data, (), "s3://bucket/raw")
        assert said.startswith("s3://bucket/raw cannot be read (Could not connect to the endpoint URL: ")
        assert said.endswith(f"?***): {tail}")
        rules = [(found.rule, found.message) for found in check_configs(["small_original"], "s3://bucket/raw")]
        assert [rule for rule, _ in rules] == [FOLDER_UNREADABLE.id, SHEET_UNREADABLE.id]
        assert all("Could not connect to the endpoint URL" in message for _, message in rules)
    with environment(refusing(500, REFUSAL.format("InternalError", "We encountered an internal error"))):
        said = refused(read_index, "small_original", "s3://bucket/raw")
        assert said == f"s3://bucket/raw cannot be read (We encountered an internal error): {tail}"
    monkeypatch.setattr(constants, "ENDPOINT", NOWHERE)
    said = refused(configs_with_data, (), "hf://datasets/user/name/raw")
    assert said == f"hf://datasets/user/name/raw cannot be read (Connection refused): {tail}"


def test_reading_that_fails_is_a_finding(
    remote: Servers, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An image that cannot be read is a finding for that image, in the words for local ones; the others are checked."""
    client: Any = fsspec.get_filesystem_class("s3")
    call, broken = client._call_s3, "/neutral/aaaaaaaa_0.png"

    async def fails(self: Any, method: str, *arguments: Any, **options: Any) -> Any:
        if options.get("Key", "").endswith(broken):
            raise RuntimeError(f"Bearer {WRITER}\n{SECRET} at https://me:pa55word@host/x?X-Amz-Credential={KEY}")
        return await call(self, method, *arguments, **options)

    monkeypatch.setattr(client, "_call_s3", fails)
    (found,) = check_data(["small_original"], url)
    assert (found.rule, found.file) == (FILE_UNREADABLE.id, f"{FACES}/neutral/aaaaaaaa_0.png")
    assert found.message == (
        "file cannot be read (Bearer *** *** at https://***@host/x?***): see to the network and the endpoint, "
        "and try again"
    )
    folder = open_raw("small_original", url)
    refused(folder.read, "neutral/aaaaaaaa_0.png")
    broken = "dataset_sheet.csv"
    (said,) = (found.message for found in check_configs(["small_original"], url))
    assert said.startswith("the sheet cannot be opened: dataset_sheet.csv cannot be read (Bearer *** ***")
    assert refused(describe, url, {"small_original": []}).startswith("small_original has no shards")


@pytest.mark.parametrize(
    ("place", "library", "said"),
    [
        ("s3://bucket/raw", "s3fs", "pip install 'diffusionfer[s3]'"),
        ("gs://bucket/raw", "gcsfs", "Please install gcsfs to access Google Storage"),
    ],
)
def test_a_library_that_is_missing(place: str, library: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library for a file system is not installed, the message says how to get it."""
    monkeypatch.setitem(sys.modules, library, None)
    known = importlib.import_module("fsspec.registry")
    monkeypatch.delitem(known._registry, place.partition(":")[0], raising=False)
    expected = f"{place} needs a library that is not installed: {said}"
    assert refused(configs_with_data, (), place) == expected
    assert refused(read_index, "small_original", place) == expected


def test_a_password_in_a_url_is_not_repeated() -> None:
    """A URL with a password is named without it, when it cannot be opened."""
    said = refused(configs_with_data, (), "ftp://me:pa55word@127.0.0.1:1/raw")
    assert said == "ftp://***@127.0.0.1:1/raw cannot be opened (Connection refused)"
