"""Folders as they would be pushed: what the push builds passes, and nothing makes the check raise or wait."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.check.material import EMONET
from tests.check.repos import HEADER, checked, images, write_parquet, write_published
from tools.check.repo import coverage, texts
from tools.check.repo.check import check_repo
from tools.check.repo.coverage import is_data

ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
TOKEN = "hf_" + "a1B2c3D4e5F6" * 3  # made up here


@pytest.mark.parametrize("configs", [("small_original", "small_cropped"), EMONET])
def test_what_is_pushed(tmp_path: Path, configs: tuple[str, ...]) -> None:
    """The shards and the card of a push, faces as EmoNet, break no rule, with a header given or read."""
    write_published(tmp_path / "data", tmp_path / "repo", configs)
    assert list(check_repo(tmp_path / "repo")) == []
    (tmp_path / "repo" / "README.md").unlink()
    header = {"configs": [{"config_name": name, "data_files": f"{name}/*.parquet"} for name in configs]}
    assert list(check_repo(tmp_path / "repo", header)) == []


def test_many_shards(tmp_path: Path) -> None:
    """A config of many shards, as a push divides it, breaks no rule."""
    write_published(tmp_path / "data", tmp_path / "repo", ("small_original",), max_shard_size=30_000)
    assert len(list((tmp_path / "repo" / "small_original").iterdir())) > 5
    assert list(check_repo(tmp_path / "repo")) == []


def test_what_the_push_leaves_out(tmp_path: Path) -> None:
    """A shard of a config that the card does not have, and a loading script, are found."""
    write_published(tmp_path / "data", tmp_path / "repo", ("small_original",))
    shutil.copytree(tmp_path / "repo/small_original", tmp_path / "repo/large_original")
    shutil.copy("DiffusionFER.py", tmp_path / "repo")
    assert {(finding.rule, finding.file) for finding in check_repo(tmp_path / "repo")} == {
        ("RE002", "DiffusionFER.py"),
        ("RE003", "large_original/test-00000.parquet"),
    }


def test_an_empty_folder(tmp_path: Path) -> None:
    """A folder with nothing in it breaks no rule of the repository; that it has no card is for others to say."""
    assert list(check_repo(tmp_path)) == []
    assert list(check_repo(tmp_path, {})) == []


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"---\n",
        b"---\nconfigs: [\n---\n",
        b"---\nconfigs: &a [*a]\n---\n",
        b"---\nconfigs:\n- config_name: a\n  data_files: &a [*a]\n---\n",
        b"---\nconfigs:\n- config_name: a\n  data_files: &a\n    x: *a\n---\n",
        b"---\n- a\n---\n",
        b"---\nconfigs: 7\n---\n",
        b"---\nconfigs: [7]\n---\n",
        b"---\nconfigs:\n- data_files: 7\n---\n",
        b"---\nconfigs:\n- data_files: ['[', '***/**', '\\0', '']\n---\n",
        b"\xff\xfe---\n",
        b"---\nb0: &b0 [x]\n"
        + b"".join(b"b%d: &b%d [*b%d, *b%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60))
        + b"configs:\n- config_name: *b59\n  data_files: *b59\n  data_dir: *b59\n---\n",
        b"---\n" + b"a: &a [b]\n" * 10 + b"---\n",
        b"---\n" + b"[" * 5000 + b"\n---\n",
        b"\xef\xbb\xbf---\r\nconfigs:\r\n- config_name: a\r\n  data_files: data/*\r\n---\r\n",
    ],
)
def test_any_card(tmp_path: Path, card: bytes) -> None:
    """Whatever stands in the card, the other rules are applied."""
    found = checked(tmp_path, {"README.md": card, ".DS_Store": ""}, {})
    found = list(check_repo(tmp_path))
    assert "RE018" in {finding.rule for finding in found}
    assert {finding.rule for finding in found} <= {"RE003", "RE018"}


@ANY
@given(st.dictionaries(st.sampled_from(["config_name", "data_files", "data_dir"]), st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=12), st.sampled_from(["data/*", "**", "../*", "hf://x", "/"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["split", "path"]), inner),
    max_leaves=6,
)))  # fmt: skip
@example({"data_files": "a://b::c"})
@example({"data_files": "\0"})
@example({"data_files": "data/[!"})
def test_any_config(tmp_path: Path, config: dict[str, Any]) -> None:
    """Whatever stands in the place of a config, the check does not raise."""
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data/train.csv").write_text("a\n")
    assert {finding.rule for finding in check_repo(tmp_path, {"configs": [config]})} <= {"RE003"}


@ANY
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, 400))
def test_any_damage(tmp_path: Path, changes: list[tuple[int, int]], cut: int) -> None:
    """However a Parquet file is damaged, the check says something or nothing, and does not raise."""
    path = tmp_path / "whole.parquet"
    if not path.exists():
        write_parquet(path, images(), write_statistics=False)
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    (tmp_path / "repo/data").mkdir(parents=True, exist_ok=True)
    (tmp_path / "repo/data/a.parquet").write_bytes(content[: len(content) - cut] if cut > 200 else content)
    findings = list(check_repo(tmp_path / "repo", HEADER))
    assert all(str(tmp_path) not in finding.message for finding in findings)


@ANY
@given(st.binary(max_size=300))
@example(b"PAR1" + b"\0" * 4 + b"PAR1")
@example(b"PAR1PAR1")
def test_any_bytes_as_parquet(tmp_path: Path, content: bytes) -> None:
    """Bytes of any kind in place of a Parquet file are a damaged file."""
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data/a.parquet").write_bytes(content)
    findings = check_repo(tmp_path, HEADER)
    assert [(finding.rule, finding.file) for finding in findings] == [("RE004", "data/a.parquet")]


def test_patterns_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more patterns than can be looked up, what they cover is not judged, and the other rules are applied."""
    monkeypatch.setattr(coverage, "MOST_EFFORT", 20)
    files = {f"more/{number}.csv": "" for number in range(5)}
    few = [{"config_name": f"c{number}", "data_files": f"c{number}/*"} for number in range(10)]
    assert Counter(finding.rule for finding in checked(tmp_path, files, {"configs": few})) == {"RE003": 2}
    many = [{"config_name": f"c{number}", "data_files": f"**/c{number}"} for number in range(10)]
    assert checked(tmp_path, files, {"configs": many}) == []


def test_nothing_is_waited_for(tmp_path: Path) -> None:
    """Pipes, also under the names of a card and of data, are passed over."""
    (tmp_path / "data").mkdir()
    for name in ("README.md", "data/a.parquet", "notes.md", "data.py"):
        os.mkfifo(tmp_path / name)
    assert Counter(finding.rule for finding in check_repo(tmp_path)) == {"RE017": 4}


def test_nothing_outside_is_read(tmp_path: Path) -> None:
    """Neither links nor patterns lead out of the folder."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.md").write_text(TOKEN)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/link").symlink_to(tmp_path / "outside")
    (tmp_path / "repo/secret.md").symlink_to(tmp_path / "outside/secret.md")
    (tmp_path / "repo/README.md").symlink_to(tmp_path / "outside/secret.md")
    configs = [{"data_files": ["../outside/*", f"{tmp_path}/outside/*", "link/*"]}]
    findings = list(check_repo(tmp_path / "repo", {"configs": configs}))
    assert {finding.rule for finding in findings} == {"RE017"}


@given(st.integers(0, 60), st.integers(0, 3))
@ANY
def test_secrets_at_any_place(tmp_path: Path, before: int, lines: int) -> None:
    """A token is found once, in its line, wherever the pieces end in which a file is read; it is never repeated."""
    text = "x\n" * lines + "y" * before + " " + TOKEN + " end\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "PIECE", 16)
        patch.setattr(texts, "LONGEST_SECRET", 48)
        (finding,) = checked(tmp_path, {"notes.md": text})
    assert (finding.rule, finding.line, finding.value) == ("RE019", lines + 1, None)
    assert TOKEN not in repr(finding)


def test_a_secret_in_a_long_file(tmp_path: Path) -> None:
    """A file longer than a piece is read to its end."""
    (finding,) = checked(tmp_path, {"notes.md": "line of text\n" * 200_000 + TOKEN})
    assert finding.line == 200_001


def test_nulls_are_counted_in_lists(tmp_path: Path) -> None:
    """Images in lists are looked at as others are."""
    from datasets import Features, Image

    features = Features({"faces": [Image()]})
    rows: list[dict[str, Any]] = [
        {"faces": [{"bytes": b"a", "path": "a.png"}, {"bytes": None, "path": "/home/me/b.png"}]},
        {"faces": []},
        {"faces": None},
    ]
    write_parquet(tmp_path / "data/a.parquet", rows, features, write_statistics=False)
    found = {finding.rule: finding.message for finding in check_repo(tmp_path, HEADER)}
    assert set(found) == {"RE008", "RE009"}


@pytest.mark.parametrize("statistics", [True, False])
def test_memory_is_bounded(tmp_path: Path, statistics: bool) -> None:
    """The pictures of a file are never in memory together: 200 MB of them add far less than that."""
    from datasets import Features, Image

    rows = [{"image": {"bytes": os.urandom(10**6), "path": f"{number}.png"}} for number in range(200)]
    features = Features({"image": Image()})
    options: dict[str, Any] = {"compression": "none", "use_dictionary": False, "data_page_size": 4096}
    write_parquet(
        tmp_path / "data/a.parquet", rows, features, write_statistics=statistics, write_batch_size=1, **options
    )
    code = (
        "import resource, sys\nfrom pathlib import Path\nimport datasets\n"
        "from tools.check.repo.check import check_repo\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "findings = list(check_repo(Path(sys.argv[1]), {'configs': [{'data_files': 'data/*'}]}))\n"
        "print(len(findings), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    findings, added = map(int, done.stdout.split())
    assert findings == 1  # a row group of 200 MB
    assert added < 100_000  # kilobytes


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.csv", True), ("x/y.PNG", True), ("a.tar.gz", True), ("README.md", False), ("LICENSE.json", False),
     ("assets/a.png", False), (".a.csv", False), ("a/.b/c.csv", False), ("dataset_infos.json", False), ("a.py", False)],
)  # fmt: skip
def test_what_is_data(name: str, data: bool) -> None:
    """Data is told by its ending; what belongs to the card, to datasets or to a project is none."""
    assert is_data(name) is data


def test_the_closed_and_the_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be opened, or goes while the folder is read, is said."""
    checked(tmp_path, {"notes.md": "a"})
    real = Path.stat

    def gone(self: Path, **options: Any) -> os.stat_result:
        if self.name == "train.parquet":
            raise FileNotFoundError(2, "No such file or directory", str(self))
        return real(self, **options)

    monkeypatch.setattr(Path, "stat", gone)
    (finding,) = check_repo(tmp_path, {"configs": [{"data_files": "data/*"}], "x": 1})
    assert (finding.rule, finding.file) == ("RE004", "data/train.parquet")
    assert str(tmp_path) not in finding.message
