"""What the footer of a Parquet file says, and how it is said that there is none."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.check.repos import FEATURES, images, write_parquet
from tools.check.repo.footers import read_footer


def test_a_footer(tmp_path: Path) -> None:
    """Rows, bytes, size, columns and features are those of the file."""
    path = tmp_path / "a.parquet"
    write_parquet(path, images(10), row_group_size=4)
    footer = read_footer(path)
    metadata = pq.read_metadata(path)
    assert (footer.rows, footer.size, footer.metadata.num_row_groups) == (10, path.stat().st_size, 3)
    assert footer.num_bytes == sum(metadata.row_group(number).total_byte_size for number in range(3))
    assert footer.features == FEATURES.to_dict()
    assert footer.features_problem is None
    assert footer.schema.names == list(FEATURES)


@pytest.mark.parametrize(
    ("text", "features", "problem"),
    [
        (None, None, None),
        ("{", None, "is not JSON (JSONDecodeError)"),
        ("[" * 10**5, None, "is not JSON (RecursionError)"),
        ("[]", None, None),
        ("7", None, None),
        ('{"info": []}', None, None),
        ('{"info": {"features": null}}', None, None),
        ('{"info": {"features": ["a"]}}', None, "has features that are no mapping"),
        (json.dumps({"info": {"features": {"a": {"_type": "Odd"}}}}), {"a": {"_type": "Odd"}}, None),
    ],
)
def test_features(tmp_path: Path, text: str | None, features: object, problem: str | None) -> None:
    """Features are given as they stand, and what is none is said."""
    table = pa.table({"a": [1]}).replace_schema_metadata({"huggingface": text} if text else None)
    pq.write_table(table, tmp_path / "a.parquet")
    footer = read_footer(tmp_path / "a.parquet")
    assert (footer.features, footer.features_problem) == (features, problem)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has 0 bytes, and the shortest Parquet file has 12"),
        (b"x" * 20, "is not whole: a Parquet file begins and ends with PAR1"),
        (b"PAR1" + b"\0" * 20, "is not whole: a Parquet file begins and ends with PAR1"),
        (b"PAR1" + b"\xff" * 4 + b"PAR1", "is damaged: it has 12 bytes, and its footer is said to have 4,294,967,295"),
        (b"PAR1" + b"\xff" * 4 + b"\4\0\0\0PAR1", "is damaged: its footer is no footer of Parquet"),
    ],
)
def test_no_footer(tmp_path: Path, content: bytes, reason: str) -> None:
    """Each way in which a file is no Parquet file has its words, without the path."""
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        read_footer(tmp_path / "a.parquet")


def test_no_file(tmp_path: Path) -> None:
    """What is not there, and what is no file, is said at once."""
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (("gone", "No such file"), ("pipe", "is not a regular file"), (".", "is not a regular file")):
        with pytest.raises(ValueError, match=reason) as caught:
            read_footer(tmp_path / name)
        assert str(tmp_path) not in str(caught.value)
