"""Large files: each kept under its sha256, and accepted only if the bytes that came in have that sha256 and that size.

In come streams of bytes, whole or in parts; out go paths of files that are complete and right. What is still on its way
lies in a folder of its own, is never readable as an object, and is thrown away when the store is opened again.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

# Bytes moved at a time: large enough that the loop costs nothing, small enough to stay in the processor's cache.
BLOCK_BYTES = 1 << 20


class Source(Protocol):
    """Something bytes can be read from into a buffer, such as a request's body; 0 means that it has ended."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


class WrongContentError(ValueError):
    """The bytes that came in are not those that were announced."""


class LargeFiles:
    """The large files of one repository, in `folder`/objects; unfinished ones in `folder`/incoming."""

    def __init__(self, folder: Path) -> None:
        self.objects = folder / "objects"
        self.incoming = folder / "incoming"
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.objects.mkdir(parents=True, exist_ok=True)
        self.incoming.mkdir()

    def path(self, sha256: str) -> Path:
        """Return where the file with this sha256 lies, or would lie."""
        return self.objects / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str, size: int | None = None) -> bool:
        """Tell whether the file is there, of `size` bytes where a size is given."""
        path = self.path(sha256)
        return path.is_file() and size in (None, path.stat().st_size)

    def part(self, sha256: str, number: int, etag: str) -> Path:
        """Return where part `number` of the file with this sha256 lies until the file is made of its parts."""
        return self.incoming / sha256 / _part_name(number, etag)

    def receive(self, source: Source, sha256: str, size: int) -> None:
        """Store the file that `source` yields.

        Raises WrongContentError, and stores nothing, where its size or its sha256 is another.
        """
        with _new_file(self.incoming) as file:
            digest = hashlib.sha256()
            _copy(source, size, (digest.update, file.write))
            self._accept(file, digest.hexdigest(), sha256)

    def receive_part(self, source: Source, sha256: str, number: int, size: int) -> str:
        """Store part `number` (from 1) of a file, `size` bytes of it, and return an ETag to hand in with the whole.

        Raises WrongContentError, and stores nothing, where the part has another size.
        """
        # S3 gives out md5 sums; clients only hand them back, and the sha256 of the whole says whether it is right.
        etag = secrets.token_hex(16)
        folder = self.incoming / sha256
        folder.mkdir(exist_ok=True)
        with _new_file(self.incoming) as file:
            _copy(source, size, (file.write,))
            file.close()
            Path(file.name).replace(folder / _part_name(number, etag))
        return etag

    def join(self, sha256: str, size: int, parts: Sequence[tuple[int, str]]) -> None:
        """Make the file out of its `parts`: pairs of number and ETag, in order.

        Raises WrongContentError, and stores nothing, where a part is missing or the whole is another than announced.
        """
        paths = [self.part(sha256, number, etag) for number, etag in parts]
        missing = [str(number) for (number, _), path in zip(parts, paths, strict=True) if not path.is_file()]
        if missing:
            raise WrongContentError(f"part {', '.join(missing)} was not uploaded, or has another ETag")
        with _new_file(self.incoming) as file:
            digest = hashlib.sha256()
            for path in paths:
                with path.open("rb") as part:
                    _copy(part, path.stat().st_size, (digest.update, file.write))
            if file.tell() != size:
                raise WrongContentError(f"the parts together have {file.tell()} bytes, expected {size}")
            self._accept(file, digest.hexdigest(), sha256)
        shutil.rmtree(self.incoming / sha256, ignore_errors=True)

    def _accept(self, file: BinaryIO, actual: str, expected: str) -> None:
        if actual != expected:
            raise WrongContentError(f"the content has sha256 {actual}, expected {expected}")
        target = self.path(expected)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.close()
        Path(file.name).replace(target)


@contextmanager
def _new_file(folder: Path) -> Iterator[BinaryIO]:
    """Yield a file of a fresh name, which is gone at the end of the block unless it was moved away."""
    file = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 (closed early by whoever moves it)
    try:
        yield cast(BinaryIO, file)
    finally:
        file.close()
        Path(file.name).unlink(missing_ok=True)


def _part_name(number: int, etag: str) -> str:
    # The ETag comes from the client: hashed, it cannot lead out of the folder, whatever it is.
    return f"{number:05}-{hashlib.sha256(etag.encode()).hexdigest()}"


def _copy(source: Source, size: int, sinks: Sequence[Callable[[memoryview], object]]) -> None:
    """Hand `size` bytes of `source` to every sink, block by block; WrongContentError where there are fewer or more."""
    buffer = memoryview(bytearray(BLOCK_BYTES))
    received = 0
    while count := source.readinto(buffer):
        received += count
        if received > size:
            raise WrongContentError(f"more than the announced {size} bytes came in")
        for sink in sinks:
            sink(buffer[:count])
    if received != size:
        raise WrongContentError(f"{received} bytes came in, expected {size}")
