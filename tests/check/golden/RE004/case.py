"""RE004: a Parquet file is damaged."""

from __future__ import annotations

from pathlib import Path

from tests.check.repos import checked, images, write_parquet
from tools.check.findings import Finding


def whole(data_dir: Path) -> bytes:
    """Return the bytes of a good file."""
    write_parquet(data_dir / "data/train.parquet", images())
    return (data_dir / "data/train.parquet").read_bytes()


def bad(data_dir: Path) -> list[Finding]:
    content = whole(data_dir)
    footer = int.from_bytes(content[-8:-4], "little")
    pages = b"PAR1" + b"\xff" * (len(content) - footer - 12) + content[-footer - 8 :]
    files = {"cut": content[:-1], "empty": b"", "text": b"PAR1 is no Parquet file PAR1"}
    files |= {"footer": content[:-100] + b"\xff" * 92 + content[-8:], "pages": pages}
    return checked(data_dir, {f"data/{name}.parquet": file for name, file in files.items()})


def good(data_dir: Path) -> list[Finding]:
    """A file without a row is whole."""
    write_parquet(data_dir / "data/none.parquet", [])
    return checked(data_dir, {})
