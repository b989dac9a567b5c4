"""An S3 server on this machine for the tests (moto's), and the environment by which clients find it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest
from moto.server import ThreadedMotoServer

KEY, SECRET = "AKIASECRETKEYID42", "secret-of-the-tests-0123456789"


@contextmanager
def s3() -> Iterator[str]:
    """Serve S3 in threads of this process, empty, and have every client of the process see it; give its address."""
    log = logging.getLogger("werkzeug")
    level = log.level
    log.setLevel(logging.ERROR)  # a line a request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with environment(f"http://{host}:{port}"):
            yield f"http://{host}:{port}"
    finally:
        server.stop()
        log.setLevel(level)


@contextmanager
def environment(endpoint: str) -> Iterator[None]:
    """Have the clients of this process, and of those that it starts, ask an endpoint; afterwards all is as it was."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        forget()
        try:
            yield
        finally:
            forget()


def forget() -> None:
    """Have the next client of this process take its endpoint and its keys from the environment anew."""
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def put_tree(tree: Path, url: str) -> None:
    """Put every file of a folder below a URL, and make its bucket where there is none."""
    system, root = fsspec.core.url_to_fs(url)
    system.makedirs(root.split("/")[0], exist_ok=True)
    files = (file for file in sorted(tree.rglob("*")) if file.is_file())
    system.pipe({f"{root}/{file.relative_to(tree).as_posix()}": file.read_bytes() for file in files})
