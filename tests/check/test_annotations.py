"""EmoNet folders: real annotations pass, and no bytes in place of them make a check raise."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from DiffusionFER import EMONET_EMOTIONS, read_index
from tests.check.emonet import RATINGS, described, judged, rated, write_upstream
from tests.check.material import EMONET, check
from tests.trees import write_emonet, zip_folder
from tools.check.annotations.demographics import ETHNICITIES, GENDERS
from tools.check.annotations.emonet import check_annotation_file

ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
FILES = ("hq/hq.csv", "binary/binary.csv", "big/vlm/0.json", "big/metadata.csv")
CONTENT = st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda text: text.encode(errors="replace")))
HEADER = "path,annotator,value,emotion\n"


@ANY
@given(st.sampled_from(FILES), CONTENT, st.booleans())
@example(FILES[1], b"path,annotator,value,emotion,emotion\n0,a,True,Fear,Fear\n", False)
@example(FILES[0], b"image,annotator,annotations,human,human\n0,a,{},1,1\n", False)
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


@ANY
@given(st.sampled_from(("binary", "hq", "big")), CONTENT, st.booleans())
@example("binary", HEADER.encode() + b'0,a,True,"Fe\nar"\n', False)
@example("binary", b"path,annotator,value,emotion,emotion\n0,a,True,Fear,Fear\n", False)
def test_any_bytes_in_a_file_alone(tmp_path: Path, kind: str, content: bytes, after: bool) -> None:
    """A file alone with bytes of any kind yields findings, and what is no annotation is not passed over."""
    path = tmp_path / ("a.json" if kind == "big" else "a.csv")
    head = {"binary": HEADER + "0,a,True,Fear\n", "hq": "image,annotator,annotations\n0,a,{}\n", "big": "{}"}
    path.write_bytes(head[kind].encode() + content if after else content)
    findings = list(check_annotation_file(path, kind))
    assert findings or after or content.startswith(b"path,")
    assert all(finding.file == path.name for finding in findings)


def test_a_side_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A side file that is no table is a finding of its own, and names no path of the machine."""
    write_upstream(tmp_path)
    (tmp_path / "emonet-face-hq/metadata.parquet").write_bytes(b"PAR1")
    (finding,) = check(tmp_path, *EMONET)
    assert (finding.rule, finding.file) == ("AN005", "emonet-face-hq/metadata.parquet")
    assert str(tmp_path) not in finding.message


def test_upstream_as_its_card_says(tmp_path: Path) -> None:
    """Folders that keep to upstream's protocol break no rule, zipped or not."""
    write_upstream(tmp_path)
    assert check(tmp_path, *EMONET) == []
    for name in ("emonet-face-hq", "emonet-face-binary", "emonet-face-big"):
        zip_folder(tmp_path / name)
    assert check(tmp_path, *EMONET) == []


def test_real_annotations_alone(shared: Path) -> None:
    """Of the real binary.csv two things are said, each once and with its count: a category that the taxonomy lacks, and
    that annotators contradict each other."""
    finding, disputes = check_annotation_file(shared / "emonet/binary.csv", "binary")
    assert (finding.rule, finding.severity, finding.file) == ("AN008", "warning", "binary.csv")
    assert (finding.value, finding.row) == ("Hopelessness", 27)
    assert "1,556 annotations" in finding.message
    judged = {(row["path"], row["emotion"].replace("Hopel", "Helpl"), row["value"])
              for row in csv.DictReader(io.StringIO((shared / "emonet/binary.csv").read_text()))}  # fmt: skip
    disputed = len(judged) - len({(image, emotion) for image, emotion, _ in judged})
    assert (disputes.rule, disputes.severity, disputes.value) == ("AN016", "warning", str(disputed))
    assert disputes.message.startswith("5,595 emotions")


def test_real_annotations(tmp_path: Path, shared: Path) -> None:
    """Of the 19,999 images of upstream none is here, which is said once each; the one here belongs elsewhere."""
    folder = tmp_path / "emonet-face-binary"
    (folder / "images").mkdir(parents=True)
    shutil.copy(shared / "emonet/binary.csv", folder)
    shutil.copy(shared / "emonet/images/mj_data_119_U1.png", folder / "images")
    findings = check(tmp_path, "emonet_binary")
    assert Counter(finding.rule for finding in findings) == {"AN003": 19_999, "AN004": 1, "AN008": 1, "AN016": 1}


def test_real_annotations_of_a_model(shared: Path) -> None:
    """The annotations by a model, as upstream ships them, have nothing to find."""
    for file in sorted((shared / "emonet/vlm").iterdir()):
        assert list(check_annotation_file(file, "big")) == []


@pytest.mark.parametrize("config", EMONET)
def test_an_emonet_folder_without_images(tmp_path: Path, config: str) -> None:
    """A folder that is there but holds nothing is an empty config."""
    (tmp_path / config.replace("emonet_", "emonet-face-")).mkdir()
    assert "IM004" in {finding.rule for finding in check(tmp_path, config)}


@pytest.mark.parametrize("kind", ["pipe", "folder", "nothing", "link to nothing", "other name", "side file", "giant"])
def test_a_file_alone_that_cannot_be_read(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no file of annotations is one finding, without a wait and without a path of the machine."""
    path = tmp_path / {"other name": "binary.txt", "side file": "metadata.csv"}.get(kind, "binary.csv")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to nothing":
        path.symlink_to(tmp_path / "gone.csv")
    elif kind != "nothing":
        path.write_text(HEADER + "0,a,True,Fear\n")
    if kind == "giant":
        monkeypatch.setattr("tools.check.annotations.tables.MAX_FILE_BYTES", 20)
    (finding,) = check_annotation_file(path, "binary")
    assert (finding.rule, finding.file) == ("AN001", path.name)
    assert str(tmp_path) not in finding.message


def test_a_file_alone_is_not_asked_for_images(tmp_path: Path) -> None:
    """All rules but those of the images are applied to a file by itself."""
    path = tmp_path / "binary.csv"
    path.write_text(HEADER + "0,a,True,Joy\n0,a,maybe,Fear\n0,b,True,Awe\n0,b,False,Awe\n")
    assert [finding.rule for finding in check_annotation_file(path, "binary")] == ["AN002", "AN012", "AN009"]


@given(st.integers(1, 6))
@ANY
def test_number_of_annotators(tmp_path: Path, number: int) -> None:
    """Four annotators of an image in HQ, and at most three of an emotion in Binary, are as upstream says."""
    people = [f"p-{person}" for person in range(number)]
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
    findings = rated(tmp_path / "data", *(("00000", who, RATINGS) for who in people))
    assert ("AN013" in {finding.rule for finding in findings}) == (number != 4)
    shutil.rmtree(tmp_path / "data")
    findings = judged(tmp_path / "data", *(("00000", who, "True", "Fear") for who in people))
    assert ("AN014" in {finding.rule for finding in findings}) == (number > 3)


def test_many_of_one_kind_are_one_finding(tmp_path: Path) -> None:
    """However many annotations have an unknown category or an odd number of annotators, it is said once, counted."""
    path = tmp_path / "binary.csv"
    path.write_text(HEADER + "".join(f"{image},a,True,Joy\n" for image in range(1500)))
    (finding,) = check_annotation_file(path, "binary")
    assert "1,500 annotations" in finding.message
    path = tmp_path / "hq.csv"
    path.write_text("image,annotator,annotations\n" + "".join(f"{image},a,{{}}\n" for image in range(1500)))
    (finding,) = check_annotation_file(path, "hq")
    assert "1,500 images have 1 annotator" in finding.message


def test_models_say_the_same_twice(tmp_path: Path) -> None:
    """A model that annotates one image in two files is found as a person is, and the other file is named."""
    write_upstream(tmp_path)
    folder = tmp_path / "emonet-face-big/vlm"
    document = json.loads((folder / "0.json").read_text())
    (folder / "2.json").write_text(json.dumps(document))
    document["value"] = {"X|Pain": 7}
    (folder / "3.json").write_text(json.dumps(document))
    findings = check(tmp_path, "emonet_big")
    assert [(finding.rule, finding.file) for finding in findings] == [
        ("AN011", "emonet-face-big/vlm/2.json"),
        ("AN012", "emonet-face-big/vlm/3.json"),
    ]
    assert all("emonet-face-big/vlm/0.json" in finding.message for finding in findings)


def test_published_demographics(tmp_path: Path) -> None:
    """There are 14 ethnicities and three genders, and each of them, at each age, is as upstream publishes it."""
    assert (len(ETHNICITIES), len(GENDERS)) == (14, 3)
    rows = [(who, gender, age) for who in ETHNICITIES for gender in GENDERS for age in range(20, 81, 10)]
    text = "".join(f"{number}.png,a,{who},{gender},{age}\n" for number, (who, gender, age) in enumerate(rows))
    assert described(tmp_path, text) == []


@pytest.mark.parametrize(("age", "rule"), [("19", "AN015"), ("81", "AN015"), ("-30", "AN005"), ("3o", "AN005")])
def test_an_age_has_one_finding(tmp_path: Path, age: str, rule: str) -> None:
    """An age that cannot be read and one that is not published are told apart."""
    (finding,) = described(tmp_path, f"00000.png,a,Asian,man,{age}\n")
    assert (finding.rule, finding.column, finding.value) == (rule, "age", age)


def test_all_categories_are_known(tmp_path: Path) -> None:
    """No category of the taxonomy is a finding."""
    assert judged(tmp_path, *(("00000", "human-1", "True", name) for name in EMONET_EMOTIONS)) == [
        *(finding for finding in check(tmp_path, "emonet_binary") if finding.rule == "AN004")
    ]
