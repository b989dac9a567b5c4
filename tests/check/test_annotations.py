"""EmoNet folders: real annotations pass, and no bytes in place of them make a check raise."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from DiffusionFER import read_index
from tests.check.material import EMONET, check
from tests.trees import write_emonet, zip_folder

ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
FILES = ("hq/hq.csv", "binary/binary.csv", "big/vlm/0.json", "big/metadata.csv")


@ANY
@given(st.sampled_from(FILES), st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)), st.booleans())
@example(FILES[2], b"[" * 10**5, False)
@example(FILES[2], b'{"key": ["a", "b"], "value": {"X|Fear": NaN}}', False)
@example(FILES[3], b"file_name,age\n00000.png,None\n", False)
def test_any_bytes_are_no_crash(tmp_path: Path, file: str, content: bytes, after: bool) -> None:
    """Bytes of any kind in place of a file of annotations, or after it, yield findings and never raise."""
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
    write_emonet(tmp_path / "data")
    path = tmp_path / "data" / f"emonet-face-{file}"
    path.write_bytes(path.read_bytes() + content if after else content)
    findings = check(tmp_path / "data", *EMONET)
    for config, folder in zip(EMONET, ("emonet-face-hq", "emonet-face-binary", "emonet-face-big"), strict=True):
        if not any(finding.file.startswith(folder) and finding.severity == "error" for finding in findings):
            read_index(config, str(tmp_path / "data"))


def test_a_side_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A side file that is no table is a finding of its own, and names no path of the machine."""
    write_emonet(tmp_path)
    (tmp_path / "emonet-face-hq/metadata.parquet").write_bytes(b"PAR1")
    (finding,) = check(tmp_path, *EMONET)
    assert (finding.rule, finding.file) == ("AN005", "emonet-face-hq/metadata.parquet")
    assert str(tmp_path) not in finding.message


def test_zips_of_emonet(tmp_path: Path) -> None:
    """EmoNet folders that are zipped are checked in place."""
    write_emonet(tmp_path)
    for name in ("emonet-face-hq", "emonet-face-binary", "emonet-face-big"):
        zip_folder(tmp_path / name)
    assert check(tmp_path, *EMONET) == []


def test_real_annotations(tmp_path: Path, shared: Path) -> None:
    """All 65,686 annotations of upstream can be read; the one image that is here belongs to another config."""
    folder = tmp_path / "emonet-face-binary"
    (folder / "images").mkdir(parents=True)
    shutil.copy(shared / "emonet/binary.csv", folder)
    shutil.copy(shared / "emonet/images/mj_data_119_U1.png", folder / "images")
    findings = check(tmp_path, "emonet_binary")
    assert Counter(finding.rule for finding in findings) == {"AN003": 65_686, "AN004": 1}


@pytest.mark.parametrize("config", EMONET)
def test_an_emonet_folder_without_images(tmp_path: Path, config: str) -> None:
    """A folder that is there but holds nothing is an empty config."""
    (tmp_path / config.replace("emonet_", "emonet-face-")).mkdir()
    assert "IM004" in {finding.rule for finding in check(tmp_path, config)}
