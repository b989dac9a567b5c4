"""The first rows of the preview: which files they come from, what cells say, and damaged files."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Features, Image, List, Value

from tests.check.repos import FEATURES, images, write_parquet, write_published
from tests.check.test_repo_hostile import ABORTS
from tests.trees import png
from tools.check.card.read import read_card
from tools.describe.preview import rows
from tools.describe.preview.cells import cell_of, classes_of, type_of
from tools.describe.preview.rows import read_first_rows, render_rows

CARD = """---
configs:
- config_name: small
  data_files:
  - split: train
    path: small/train-*.parquet
  - split: test
    path: small/test-*.parquet
---
"""


def shown(folder: Path, card: str = CARD, number: int = 2) -> str:
    """Return the rows of a card whose shards are in a folder."""
    return render_rows(read_card("README.md", card.encode()), folder, number)


def test_each_split_has_a_table(tmp_path: Path) -> None:
    """Columns with their types and classes, the first rows of the first shard, thumbnails, and how many there are."""
    write_parquet(tmp_path / "small/train-00000.parquet", images(3))
    write_parquet(tmp_path / "small/train-00001.parquet", images(7))
    write_parquet(tmp_path / "small/test-00000.parquet", images(1, text="<b>&"))
    html = shown(tmp_path)
    assert re.findall(r"<summary><b>(\w+)</b> <small>(.*?)</small>", html) == [
        ("train", "first 2 of 3 rows of train-00000.parquet"),
        ("test", "first 1 of 1 rows of test-00000.parquet"),
    ]
    assert html.count('<img src="data:image/webp;base64,') == 3
    assert re.findall(r'<th scope="col">(\w+)<div>(\w+)</div>', html)[:1] == [("image", "image")]
    assert "class label, 2 classes</summary>0&nbsp;a, 1&nbsp;b</details>" in html
    assert '<td><span class="chip">b</span></td>' in html
    assert "&lt;b&gt;&amp;" in html
    assert "<b>&" not in html


def test_every_config_that_is_published_is_shown(tmp_path: Path) -> None:
    """Faces and the nested columns of EmoNet: labels by name, ratings of 0 counted, null as null."""
    write_published(tmp_path / "raw", tmp_path, ("small_original", "emonet_hq", "emonet_binary", "emonet_big"))
    html = shown(tmp_path, (tmp_path / "README.md").read_text())
    assert re.findall(r"<summary>(\w+_\w+)</summary>", html) == [
        *("small_original", "emonet_hq", "emonet_binary", "emonet_big")
    ]
    assert "{annotator: expert-1, ratings: {Elation: 5, Anger: 1, 38 others: 0}}" in html
    assert "{annotator: human-1, emotion: Anger, present: true}" in html
    assert "{ethnicity: Asian, gender: woman, age: 30}" in html
    assert '<td class="null">null</td>' in html


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """No configs, no shards at all, or none of one split: one line each, which says what to do."""
    assert "The header names no configs" in shown(tmp_path, "# Card\n")
    for folder in (tmp_path, tmp_path / "gone"):
        assert "python tools/push.py --dry-run builds them" in shown(folder)
    write_parquet(tmp_path / "small/train-00000.parquet", images(3))
    assert "<b>test</b>: no shards" in shown(tmp_path)


def test_nothing_outside_the_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns that go up, are absolute or remote are not even looked for, and links that lead out find no file."""
    looked_for: list[str] = []
    matching = rows.matching

    def noted(folder: Path, pattern: str) -> list[str]:
        looked_for.append(pattern)
        return matching(folder, pattern)

    monkeypatch.setattr(rows, "matching", noted)
    write_parquet(tmp_path / "secret/train-00000.parquet", images(3))
    shards = tmp_path / "shards"
    (shards / "small").mkdir(parents=True)
    (shards / "small/test-00000.parquet").symlink_to(tmp_path / "secret/train-00000.parquet")
    for pattern in ("../secret/*.parquet", f"{tmp_path}/secret/*.parquet", "~/*.parquet", "https://a.org/*.parquet"):
        assert "There are no shards" in shown(shards, CARD.replace("small/train-*.parquet", pattern))
    assert set(looked_for) == {"small/test-*.parquet"}


def test_names_of_configs_columns_and_classes_are_escaped(tmp_path: Path) -> None:
    """What the header and the footer call things is text."""
    features = Features({"<i>c": ClassLabel(names=["<i>n"]), "<i>v": Value("string")})
    write_parquet(tmp_path / "small/train-00000.parquet", [{"<i>c": 0, "<i>v": "<i>"}], features)
    html = shown(tmp_path, CARD.replace("config_name: small", "config_name: <i>small"))
    assert "<i>" not in html
    assert html.count("&lt;i&gt;") == 6


def test_files_that_are_damaged_are_said_and_the_others_shown(tmp_path: Path) -> None:
    """A file that is no Parquet, cut, of the wrong kind, or that cannot be decoded has a line of its own."""
    good = tmp_path / "good.parquet"
    write_parquet(good, images(3))
    content = good.read_bytes()
    bad = {
        "empty": b"",
        "text": b"x" * 100,
        "cut": content[:-20],
        "footer": content[:-600] + bytes(500) + content[-100:],
        "aborts": ABORTS,
        "pages": content[:4] + bytes(len(content) - 1600) + content[4 + len(content) - 1600 :],
    }
    files = []
    for name, damaged in bad.items():
        (tmp_path / name).write_bytes(damaged)
        files += [tmp_path / name, good]
    said = read_first_rows([*files, tmp_path / "gone", tmp_path], 2)
    assert ["problem" in one for one in said] == [True, False] * len(bad) + [True, True]
    assert all(len(one["rows"]) == 2 for one in said if "rows" in one)
    assert not any(str(tmp_path) in one.get("problem", "") for one in said)


def test_a_file_that_ends_the_program_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is begun again behind such a file, but not for ever."""
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, sys\n"
        "for file in json.load(sys.stdin)['files']:\n"
        "    os.path.basename(file) == 'bad' and os.abort()\n"
        "    print(json.dumps({'problem': 'read'}), flush=True)\n"
        "    sys.stdout.write('{') and sys.stdout.flush() if file.endswith('x') else None\n"
    )
    monkeypatch.setattr(rows, "PROGRAM", program)
    names = ["a", "bad", "b", "bad", "bad", "c"]
    said = [one["problem"] for one in read_first_rows([Path(name) for name in names], 1)]
    assert said == ["read", rows.FATAL, "read", rows.FATAL, rows.FATAL, "read"]
    said = [one["problem"] for one in read_first_rows([Path("bad")] * 12, 1)]
    assert said == [rows.FATAL] * rows.MOST_ENDS + [rows.NOT_READ] * 2
    program.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(rows, "LONGEST_READING", 0.5)
    monkeypatch.setattr(rows, "MOST_ENDS", 1)
    assert [one["problem"] for one in read_first_rows([Path("a"), Path("b")], 1)] == [rows.FATAL, rows.NOT_READ]


def test_pictures_of_rows_that_cannot_be_shown_are_a_note(tmp_path: Path) -> None:
    """Damaged pictures and those without bytes leave their rows in place."""
    pictures = [
        {"bytes": b"text", "path": "a"},
        {"bytes": None, "path": "http://a"},
        {"bytes": png(1)[:99], "path": "c"},
    ]
    write_parquet(
        tmp_path / "small/train-00000.parquet", [{"image": picture, "label": 0, "text": "t"} for picture in pictures]
    )
    html = shown(tmp_path, number=5)
    assert re.findall(r'<td class="note"><div>(.*?)</div></td>', html) == [
        *("is no picture", "no bytes, only the path http://a", "is a PNG that cannot be decoded")
    ]


def test_a_file_without_features_or_with_thousands_of_columns_is_shown(tmp_path: Path) -> None:
    """Types come from Arrow where datasets wrote none; of too many columns the first are shown."""
    path = tmp_path / "small/train-00000.parquet"
    write_parquet(path, images(3), None)
    assert "text<div>string</div>" in shown(tmp_path)
    pq.write_table(pa.table({f"c.{number}": [number] for number in range(1000)}), path)
    html = shown(tmp_path)
    assert html.count('<th scope="col">') == 100
    assert "900 more columns are not shown" in html


def test_small_row_groups_are_put_together(tmp_path: Path) -> None:
    """As many rows are shown as are wanted, over several row groups."""
    write_parquet(tmp_path / "small/train-00000.parquet", images(7), row_group_size=2)
    html = shown(tmp_path, number=5)
    assert "first 5 of 7 rows" in html
    assert html.count("<img ") == 5


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (Value("float32"), "float32"),
        (ClassLabel(names=["a"]), "class label"),
        (Image(), "image"),
        (List(Value("float32")), "list of float32"),
        (List({"a": Value("string"), "b": Value("string")}), "list of 2 fields"),
        ({"a": Value("string")}, "1 fields"),
    ],
)
def test_types_are_said_in_words(feature: Any, words: str) -> None:
    """The features of datasets have short names."""
    described = Features({"x": feature}).to_dict()["x"]
    assert type_of(described, "arrow") == words


@pytest.mark.parametrize(
    "feature", [None, 3, [], {}, "text", {"_type": "Value"}, {"_type": "ClassLabel", "names": 3}, [[[[]]]]]
)
def test_features_that_are_none_are_passed_over(feature: Any) -> None:
    """Whatever a file says of its features, the type is a word and values are shown."""
    assert type_of(feature, "int64")
    assert classes_of(feature) == []
    for value in (1, 1.5, "a", b"abc", [1], {"a": [None, True]}, [{"b": 1}]):
        assert cell_of(value, feature)[1]


def test_cells_are_short() -> None:
    """Long texts, lists and structs are cut; numbers have the digits that a float32 tells; null is null."""
    assert cell_of(None, None) == ("null", "")
    assert cell_of(0.1 + 0.2, None) == ("number", "0.3")
    assert cell_of(True, None) == ("text", "true")
    assert cell_of([1.5] * 100, None) == ("text", "[1.5, 1.5, 1.5, 1.5, 1.5, 1.5, ... 100 in all]")
    assert len(cell_of("x" * 10**6, None)[1]) < 1100
    assert cell_of(b"abc", None) == ("text", "3 bytes")
    assert cell_of(9, {"_type": "ClassLabel", "names": ["a"]}) == ("label", "9")
    ratings = {f"e{number}": float(number == 3) for number in range(40)}
    assert cell_of(ratings, None) == ("text", "{e3: 1, 39 others: 0}")


def test_the_rows_are_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Rendering rows loads neither pyarrow nor datasets here, and the program imports nothing of the working folder."""
    write_parquet(tmp_path / "small/train-00000.parquet", images(1), FEATURES)
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    code = f"""if True:
        import sys
        from pathlib import Path
        from tools.check.card.read import read_card
        from tools.describe.preview.rows import render_rows
        html = render_rows(read_card("README.md", {CARD!r}.encode()), Path({str(tmp_path)!r}), 1)
        loaded = {{"pyarrow", "datasets", "pandas"}} & sys.modules.keys()
        sys.exit(f"loaded {{loaded}}" if loaded else "no rows" if "<img" not in html else 0)
    """
    import subprocess

    from tests.environments import ROOT

    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[0] = {str(ROOT)!r}\n{code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
