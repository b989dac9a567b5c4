"""`tools/push.py` against a staging Hub, each push a process of its own: what is published, and what is left alone."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.environments import ROOT
from tests.publish.pushing import REPO, Pusher
from tests.trees import face_rows, png, write_faces, write_sheet
from tools.describe.header import read_header

# The card, and what is rendered beside it.
CARD = (
    "README.md",
    "DATASHEET.md",
    "croissant.json",
    *(f"assets/{name}" for name in ("balance.svg", "circumplex.svg", "gallery.png", "grammar.svg")),
)
LOAD = """
import hashlib, json, sys
import datasets
repo, out = sys.argv[1], {}
for config in datasets.get_dataset_config_names(repo):
    for streaming in (False, True):
        loaded = datasets.load_dataset(repo, config, streaming=streaming)
        for split, rows in loaded.items():
            found = []
            for row in rows.cast_column("image", datasets.Image(decode=False)):
                image = row.pop("image")
                found.append([image["path"], hashlib.sha256(image["bytes"]).hexdigest(), row])
            out[f"{config} {split} {'stream' if streaming else 'cached'}"] = found
    out[config] = str(loaded["train" if "train" in loaded else "test"].features)
print(json.dumps(out))
"""


def test_a_push_is_one_commit_of_shards_and_card(pusher: Pusher, data_dir: Path) -> None:
    """Every config that has data is published in one commit on top of the first, and the script never is."""
    summary = pusher.summary("--data-dir", str(data_dir), "--public")
    state = pusher.state()
    assert len(state["commits"]) == 2
    assert summary["commit"] == state["commits"][0]
    names = [
        f"small_{kind}/{split}-00000.parquet"
        for kind in ("original", "cropped")
        for split in ("train", "validation", "test")
    ]
    names += ["emonet_hq/test-00000.parquet", "emonet_binary/train-00000.parquet", "emonet_big/train-00000.parquet"]
    assert sorted(summary["added"]) == sorted([*names, *CARD])
    assert set(state["files"]) == {*names, *CARD, ".gitattributes"}
    assert "DiffusionFER.py" not in state["files"]
    assert state["private"] is False
    assert sum(split["rows"] for split in summary["splits"]) == 66


def test_every_version_of_datasets_loads_what_was_pushed(pusher: Pusher, data_dir: Path, any_python: Path) -> None:
    """Cached and streaming, in each version: every image has its file's bytes, every row its labels."""
    pusher.summary("--data-dir", str(data_dir), "--public")
    loaded = pusher.python(LOAD, REPO, python=any_python, token=None)
    rows = face_rows(30)
    for config, folder in (("small_original", "DifussionEmotion_S"), ("small_cropped", "DiffusionEmotion_S_cropped")):
        for split in ("train", "validation", "test"):
            expected = [row for row in rows if row["split"] == split]
            for found in (loaded[f"{config} {split} cached"], loaded[f"{config} {split} stream"]):
                assert len(found) == len(expected)
                for (path, digest, row), want in zip(found, expected, strict=True):
                    _, emotion, name = want["path"].split("/")
                    assert path == name
                    assert digest == row["sha256"] == sha256(data_dir / folder / emotion / name)
                    assert row["valence"] == pytest.approx(want["valence"])
                    assert row["seed"] == want["seed"]
                    assert row["style"] is None
                    assert row["face_box"] == ([10, 12, 30.5, 31] if want["face_box"] else None)
        assert "ClassLabel(names=['neutral', 'happy'" in loaded[config]
    for config, split in (("emonet_hq", "test"), ("emonet_binary", "train"), ("emonet_big", "train")):
        assert len(loaded[f"{config} {split} cached"]) == 2
        assert loaded[f"{config} {split} cached"] == loaded[f"{config} {split} stream"]
    ratings = loaded["emonet_hq test cached"][0][2]["annotations"][0]["ratings"]
    assert (ratings["Elation"], ratings["Anger"], ratings["Awe"], len(ratings)) == (7.0, 0.5, 0.0, 40)


def sha256(file: Path) -> str:
    """Return the sha256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_published_header_agrees_with_the_data(pusher: Pusher, data_dir: Path) -> None:
    """The card on the Hub is the README with configs, one default, counts and size category of what was pushed."""
    pusher.summary("--data-dir", str(data_dir), "--public")
    card = pusher.python(
        "import json, sys, huggingface_hub as h; p = h.hf_hub_download(sys.argv[1], 'README.md', repo_type='dataset');"
        "print(json.dumps(open(p, encoding='utf-8').read()))",
        REPO,
    )
    header, own = read_header(card), read_header((ROOT / "README.md").read_text())
    assert [config["config_name"] for config in header["configs"] if config.get("default")] == ["small_original"]
    assert header["size_categories"] == ["n<1K"]
    assert "| **24** | **3** | **3** | **30** |" in block(card, "classes")
    assert block(card, "prompts") == block((ROOT / "README.md").read_text(encoding="utf-8"), "prompts")
    owned = ("configs", "dataset_info", "size_categories")
    assert {k: v for k, v in header.items() if k not in owned} == {k: v for k, v in own.items() if k not in owned}


def block(card: str, name: str) -> str:
    """Return a rendered block of a card."""
    return card.split(f"<!-- rendered: {name} -->\n")[1].split(f"<!-- end: {name} -->")[0]


def test_what_was_pushed_can_be_verified(pusher: Pusher, data_dir: Path) -> None:
    """`push.py verify` finds nothing after a push, by itself, by the shards and by the raw tree, and then a change."""
    pusher.summary("--data-dir", str(data_dir), "--public")
    verify = [sys.executable, str(ROOT / "tools" / "push.py"), "verify"]
    for options in ([], ["--data-dir", str(data_dir), "--deep"], ["--work-dir", str(pusher.folder / "work"), "--json"]):
        done = pusher.run([*verify, *options], token=None)
        assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["differences"] == []
    rows = face_rows(30)
    rows[1]["emotion"] = "sad"
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    changed = pusher.run([*verify, "--data-dir", str(data_dir), "--config", "small_cropped"], token=None)
    assert changed.returncode == 1
    assert "column emotion: 1 (happy), expected 2 (sad)" in changed.stdout
    for wrong, words in (
        (["--work-dir", str(data_dir)], "holds no shards: give the --work-dir of a push"),
        (["--repo-id", "no/where"], "no/where"),
    ):
        done = pusher.run([*verify, *wrong], token=None)
        assert (done.returncode, done.stderr.count("\n"), words in done.stderr) == (2, 1, True)
    before = pusher.run([*verify[:2], "--data-dir", str(data_dir), "verify"], token=None)
    assert (before.returncode, "--data-dir stands before verify: write it behind" in before.stderr) == (2, True)
    before = pusher.push("--plan", "verify")
    assert (before.returncode, "--plan stands before verify, which does not take it" in before.stderr) == (2, True)


def test_more_files_than_a_commit_takes_go_by_a_pull_request(pusher: Pusher, data_dir: Path) -> None:
    """Above 99 files the push goes by way of one pull request, and the next push has nothing to do."""
    write_faces(data_dir, 200)
    options = ("--data-dir", str(data_dir), "--config", "small_original", "--config", "small_cropped")
    summary = pusher.summary(*options, "--max-shard-size", "40KB", "--public")
    assert len(summary["added"]) > 99
    state = pusher.state()
    assert set(state["files"]) == {*summary["added"], ".gitattributes"}
    assert len(state["requests"]) == 1
    assert state["commits"][0] == summary["commit"]
    assert pusher.summary(*options, "--max-shard-size", "40KB")["commit"] is None


def test_a_second_push_of_the_same_changes_nothing(pusher: Pusher, data_dir: Path) -> None:
    """Where nothing changed there is no commit, and the summary says so."""
    pusher.summary("--data-dir", str(data_dir), "--public")
    again = pusher.summary("--data-dir", str(data_dir))
    assert (again["commit"], again["added"], again["replaced"], again["deleted"]) == (None, [], [], [])
    assert again["upload_bytes"] == 0
    assert len(pusher.state()["commits"]) == 2
    assert "is up to date" in pusher.push("--data-dir", str(data_dir)).stdout


def test_appending_and_removing_touch_only_what_they_must(pusher: Pusher, data_dir: Path) -> None:
    """Appended rows replace the last shard of their split only; removed rows delete the shards that are left over."""
    options = ("--data-dir", str(data_dir), "--config", "small_original", "--max-shard-size", "64KB")
    first = pusher.summary(*options, "--public")
    rows = face_rows(31)
    added = data_dir / rows[-1]["path"]
    added.write_bytes(png(99))
    (data_dir / "DiffusionEmotion_S_cropped" / added.parent.name / added.name).write_bytes(png(98))
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    second = pusher.summary(*options)
    last = max(path for path in first["added"] if "/train-" in path)
    assert {*second["added"], *second["replaced"]} - set(CARD) <= {
        last,
        f"small_original/train-{int(last[-13:-8]) + 1:05d}.parquet",
    }
    assert set(second["unchanged"]) >= set(first["added"]) - {last, *CARD}

    for row in rows[10:]:
        (data_dir / row["path"]).unlink()
    write_sheet(data_dir / "dataset_sheet.csv", rows[:10])
    for folder in (data_dir / "DiffusionEmotion_S_cropped").iterdir():
        for file in folder.iterdir():
            if not any(row["path"].endswith(f"/{file.name}") for row in rows[:10]):
                file.unlink()
    third = pusher.summary(*options)
    assert third["deleted"]
    assert {path.split("/")[0] for path in third["deleted"]} == {"small_original"}
    left = [path for path in pusher.state()["files"] if path.endswith(".parquet")]
    assert sorted(left) == sorted(
        path for path in [*third["added"], *third["replaced"], *third["unchanged"]] if path.endswith(".parquet")
    )


def test_other_files_and_other_configs_are_left_alone(pusher: Pusher, data_dir: Path) -> None:
    """A push of one config keeps the others, in files and in the header, and files that it does not own."""
    pusher.summary("--data-dir", str(data_dir), "--config", "small_original", "--public")
    pusher.python(
        "import json, sys, huggingface_hub as h\n"
        "h.HfApi().upload_file(path_or_fileobj=b'mine', path_in_repo='small_cropped/notes.txt', repo_id=sys.argv[1],"
        " repo_type='dataset')\nprint(json.dumps(1))",
        REPO,
    )
    before = pusher.state()["files"]
    pusher.summary("--data-dir", str(data_dir), "--config", "small_cropped")
    after = pusher.state()["files"]
    assert {path: after[path] for path in before if path != "README.md"} == {
        path: fact for path, fact in before.items() if path != "README.md"
    }
    loaded = pusher.python(LOAD, REPO, token=None)
    assert len(loaded["small_original train cached"]) == len(loaded["small_cropped train cached"]) == 24


def test_a_script_in_the_repository_is_warned_of(pusher: Pusher, data_dir: Path) -> None:
    """An old upload of DiffusionFER.py, with which datasets refuses to load, is pointed out and not deleted unasked."""
    pusher.python(
        "import json, sys, huggingface_hub as h\n"
        "h.HfApi().create_repo(sys.argv[1], repo_type='dataset')\n"
        "h.HfApi().upload_file(path_or_fileobj=b'#', path_in_repo='DiffusionFER.py', repo_id=sys.argv[1],"
        " repo_type='dataset')\nprint(json.dumps(1))",
        REPO,
    )
    summary = pusher.summary("--data-dir", str(data_dir), "--config", "small_cropped")
    assert (
        summary["warnings"][0]
        == "DiffusionFER.py in the repository makes datasets 4 and later refuse it: delete it there"
    )
    assert "DiffusionFER.py" in pusher.state()["files"]


def test_dry_run_shows_the_plan_and_sends_nothing(pusher: Pusher, data_dir: Path) -> None:
    """A dry run needs no token, makes no repository, and lists files, rows and bytes and what would change."""
    shown = pusher.push("--data-dir", str(data_dir), "--dry-run", "--public", token=None)
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"^add +small_original/train-00000.parquet +24 +3\d\d,\d{3}$", shown.stdout, re.MULTILINE)
    assert re.search(r"^add +README.md$", shown.stdout, re.MULTILINE)
    assert "nothing was sent" in shown.stdout
    assert {method for method, _, _ in pusher.hub.requests} <= {"GET", "HEAD"}
    pusher.summary("--data-dir", str(data_dir), "--public")
    planned = pusher.summary("--data-dir", str(data_dir), "--dry-run", "--config", "small_original")
    assert planned["dry_run"] is True
    assert planned["commit"] is None
    assert len(pusher.state()["commits"]) == 2


def test_branch_tag_pull_request_and_privacy(pusher: Pusher, data_dir: Path) -> None:
    """A branch is made where it is missing, a pull request leaves main alone, a tag is on its commit, private is so."""
    common = ("--data-dir", str(data_dir), "--config", "small_cropped")
    first = pusher.summary(*common, "--private", "--tag", "v1")
    assert pusher.state()["private"] is True
    assert pusher.state()["tags"] == {"v1": first["commit"]}

    request = pusher.summary("--data-dir", str(data_dir), "--config", "small_original", "--create-pr")
    assert request["revision"] == "refs/pr/1"
    assert "discussions/1" in request["url"]
    state = pusher.state()
    assert state["commits"][0] == first["commit"]
    assert "small_original/train-00000.parquet" in pusher.state("refs/pr/1")["files"]

    branch = pusher.summary("--data-dir", str(data_dir), "--config", "emonet_hq", "--revision", "next", "--tag", "v2")
    state = pusher.state()
    assert state["branches"] == ["main", "next"]
    assert state["tags"]["v2"] == branch["commit"]
    assert "emonet_hq/test-00000.parquet" not in state["files"]
    assert "emonet_hq/test-00000.parquet" in pusher.state("next")["files"]


def test_json_is_alone_on_stdout(pusher: Pusher, data_dir: Path) -> None:
    """With --json stdout is one JSON document, and the words are on stderr."""
    done = pusher.push("--json", "--data-dir", str(data_dir), "--config", "small_cropped", "--public")
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["repo_id"] == REPO
    assert "checking small_cropped" in done.stderr
    assert "\r" not in done.stderr  # no progress bar in a pipe
