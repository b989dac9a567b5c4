"""Files that are there whole or not at all: they are written beside their place, and renamed."""

from __future__ import annotations

from pathlib import Path

PART = ".part"  # the ending of a file that is not finished


def write_text(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all. Raises ValueError where it cannot be written."""
    part = path.with_name(f".{path.name}{PART}")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ValueError(f"{path} cannot be written ({error.strerror})") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
