"""What needs the bytes of an image: is it whole, and are they the bytes that the sheet records?

The functions are pure and safe to call from several threads, so that the push can prove an image in the same pass that
puts it into a shard. They touch no global state of Pillow, neither its limit nor the filters of its warnings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.check.findings import Finding, quote
from tools.check.images.examine import Examined, examine
from tools.check.images.metadata import metadata_findings
from tools.check.images.rules import BOMB, FILE_UNREADABLE, IMAGE_BROKEN, ONE_COLOUR, TRAILING
from tools.check.sheet.rules import SHA256_DIFFERS


def check_image(content: bytes) -> str | None:
    """Say why `content` is not a whole image that is safe to decode; None where it is one. Never raises."""
    found = examine(content)
    return found.problem or found.bomb


def check_sha256(actual: str, expected: str | None) -> str | None:
    """Say how a SHA-256, in hexadecimal, differs from the one that the sheet records (None: it records none)."""
    if expected is None or actual.lower() == expected.strip().lower():
        return None
    return f"has SHA-256 {actual}, but the sheet records {quote(expected)}"


@dataclass(frozen=True)
class Recorded:
    """The SHA-256 that a sheet records for an image, and where: name of the sheet, row as a spreadsheet shows it."""

    sheet: str
    row: int
    column: str
    sha256: str


def image_findings(
    file: str,
    content: bytes,
    sha256: str,
    recorded: Recorded | None = None,
    *,
    proven: Callable[[str], bool] = lambda sha256: False,
) -> Iterator[Finding]:
    """Yield what must keep the bytes of an image from being published.

    `file` is its name below the data directory, `sha256` that of `content` in hexadecimal (who builds shards has it
    already), `recorded` what the sheet says of it. Bytes that `proven` knows by their sha256 are not proven again.
    """
    if not proven(sha256):
        yield from broken(file, examine(content))
    if recorded:
        yield from not_recorded(file, sha256, recorded)


def broken(file: str, found: Examined) -> Iterator[Finding]:
    """Yield why an image is not whole, or not safe to decode."""
    if found.problem:
        yield IMAGE_BROKEN.at(file, f"image {found.problem}", "copy or generate the image again")
    if found.bomb:
        yield BOMB.at(file, f"image {found.bomb}")


def not_recorded(file: str, sha256: str, recorded: Recorded) -> Iterator[Finding]:
    """Yield that the bytes of an image are not those that the sheet records."""
    if problem := check_sha256(sha256, recorded.sha256):
        message = f"{quote(file)} {problem}"
        hint = "bring back the file that was recorded, or record the new SHA-256"
        row, column, value = recorded.row, recorded.column, recorded.sha256
        yield SHA256_DIFFERS.at(recorded.sheet, message, hint, row=row, column=column, value=value)


def content_findings(file: str, content: bytes, found: Examined) -> Iterator[Finding]:
    """Yield what is wrong with the bytes of an image in themselves, whatever its name, its row and other images say."""
    yield from broken(file, found)
    yield from _trailing(file, content, found)
    yield from _one_colour(file, found)
    yield from metadata_findings(file, found.metadata)


def _trailing(file: str, content: bytes, found: Examined) -> Iterator[Finding]:
    if found.end and not found.problem and len(content) > found.end and found.header:
        message = (
            f"{len(content) - found.end:,} bytes follow the end of the {found.header.format} at byte {found.end:,}, "
            f"expected none, got {content[found.end : found.end + 12]!r}"
        )
        yield TRAILING.at(file, message)


def _one_colour(file: str, found: Examined) -> Iterator[Finding]:
    if found.colour:
        yield ONE_COLOUR.at(file, f"every pixel of the image is {found.colour}", value=found.colour)


def unreadable(file: str, error: Exception) -> Finding:
    """Return the finding for a file whose reading raised `error`; a path of the machine in it is not repeated."""
    if isinstance(error, FileNotFoundError):
        reason = "is missing"
    elif isinstance(error, OSError):
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
    else:  # DiffusionFER.RawFolder.read names the file as "folder/file" or, in a zip, as "folder.zip: file"
        folder, _, name = file.partition("/")
        reason = str(error).removeprefix(file).removeprefix(f"{folder}: {name}").strip()
    return FILE_UNREADABLE.at(file, f"file {reason}", "copy the file again, or remove it with its row")
