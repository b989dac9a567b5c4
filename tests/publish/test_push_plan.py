"""A push says what it will do before it does it, and does not begin what cannot end."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.publish.inside import Inside, inside
from tests.publish.pushing import READER, Pusher
from tests.trees import write_sheet
from tools.publish import flip
from tools.publish.options import PushError


@pytest.fixture
def pushes(tmp_path: Path, data_dir: Path) -> Iterator[Inside]:
    """Pushes inside this process."""
    with inside(tmp_path, data_dir) as pushes:
        yield pushes


def relabel(data_dir: Path, row: int) -> None:
    """Change a label of a row of the sheet, counted from 0."""
    sheet = data_dir / "dataset_sheet.csv"
    rows: list[dict[str, Any]] = list(csv.DictReader(sheet.open(newline="")))
    rows[row]["arousal"] = "0.5"
    write_sheet(sheet, rows)


def test_a_plan_builds_and_sends_nothing(pusher: Pusher, data_dir: Path) -> None:
    """`--plan` names shards, bytes and commits, for a person and a machine, and leaves everything as it was."""
    shown = pusher.push("--data-dir", str(data_dir), "--public", "--plan")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert "config          split       rows  shards  to build  to send  bytes to send" in lines
    assert any(
        line.startswith("small_original  train         24       1         1        1        4") for line in lines
    )
    assert "shards: 9 to build, 0 stand as they are; 0 to delete on the Hub" in lines
    assert any(
        line.startswith("to send: at most 1.25 MB of shards, and the card; to be seen by 1 commit") for line in lines
    ), lines
    assert any(line.startswith("disk: at most 1.25 MB of the ") for line in lines)
    assert not (pusher.folder / "work" / "shards").exists()
    planned = json.loads(pusher.push("--data-dir", str(data_dir), "--public", "--plan", "--json").stdout)
    assert (planned["build"], planned["keep"], planned["delete"], planned["commits"]) == (9, 0, [], 1)
    assert planned["splits"][0]["config"] == "small_original"
    assert sum(split["rows"] for split in planned["splits"]) == 66
    assert "to look at: the pictures, before any is built; 66 are in the shards to build" in lines
    # Whose token is none, or may only read, is told that a push would stop.
    for token, words in ((None, "problem: no token: log in"), (READER, "problem: the token may only read")):
        warned = pusher.push("--data-dir", str(data_dir), "--public", "--plan", token=token)
        assert (warned.returncode, words in warned.stdout) == (2, True)
    # Nothing was made: without --public, there is still no repository.
    assert "has no dataset" in pusher.push("--data-dir", str(data_dir), "--plan").stderr


def test_what_was_planned_is_what_is_done(pushes: Inside) -> None:
    """After a push nothing is planned; a changed label plans its shard of each variant, and no more is built."""
    first = pushes.push()
    assert "\n".join(pushes.said).count("shards: 9 to build") == 1
    assert (first.rows, first.there_bytes, first.sent_bytes) == (66, 0, first.upload_bytes)
    after = pushes.plan()
    assert (after.build, after.send, after.send_bytes, after.commits, after.delete) == (0, 0, 0, 0, [])
    assert "to send: nothing but the card, should that have changed" in after.as_text()
    relabel(pushes.data_dir, 0)
    planned = pushes.plan()
    assert (planned.build, planned.send, planned.commits) == (2, 2, 1)
    done = pushes.push()
    built = [shard.path for shard in done.shards if shard.built]
    assert built == ["small_original/train-00000.parquet", "small_cropped/train-00000.parquet"]
    sizes = sum(shard.size for shard in done.shards if shard.built)
    assert sizes <= planned.send_bytes
    assert f"{done.rows:,} rows; " in done.as_text()
    smaller = pushes.plan(max_shard_size=80_000)
    assert smaller.delete == []
    assert smaller.build > 9


def test_shards_that_are_no_longer_wanted_are_announced(pushes: Inside) -> None:
    """A push with larger shards says which files it will delete, and deletes just these."""
    pushes.push(max_shard_size=80_000)
    before = set(pushes.published())
    planned = pushes.plan()
    assert planned.delete == sorted(path for path in before if not path.endswith("-00000.parquet"))
    pushes.push()
    assert set(pushes.published()) == before - set(planned.delete)


def test_many_files_are_announced_as_a_pull_request(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the files of one commit, the plan says how many commits the pull request will have."""
    monkeypatch.setattr("tools.publish.forecast.FILES_A_COMMIT", 10)
    planned = pushes.plan()
    assert (planned.commits, planned.by_pull_request) == (2, True)
    assert "to be seen by 2 commits of a pull request, which is merged" in planned.as_text()


def test_a_disk_that_is_too_small_is_known_before(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the shards may not fit, nothing is built, and the ways out are named."""
    total, used, _ = shutil.disk_usage(pushes.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(total, used, 100_000))
    with pytest.raises(PushError) as raised:
        pushes.push()
    assert str(raised.value) == (
        f"the shards take up to 1.25 MB, and {pushes.work} has 100 kB free: free some, give another --work-dir, or "
        "send and drop shards as they are built by --max-disk; nothing was built or sent"
    )
    assert pushes.on_disk() == {}
    assert any(line.startswith("problem: the shards take up to") for line in pushes.plan().as_text().splitlines())
    with pytest.raises(PushError, match=r"has 100 kB free: free some, give another --work-dir; nothing was built"):
        pushes.push(max_disk=500_000)


def test_the_limits_of_the_hub_are_known_before(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard, or a folder, that the Hub would not take is named before anything is built."""
    monkeypatch.setattr(flip, "BYTES_A_FILE", 100_000)
    with pytest.raises(PushError, match=r"^small_cropped/train-00000.parquet has .* bytes, and the Hub takes files of"):
        pushes.push()
    assert pushes.on_disk() == {}


def test_a_plan_with_problems_ends_with_2(pusher: Pusher, data_dir: Path) -> None:
    """`--plan` shows everything, the problem, too, and its exit status says that a push could not run."""
    done = pusher.push("--data-dir", str(data_dir), "--public", "--plan", "--max-disk", "1KB")
    assert done.returncode == 2
    assert "problem: a shard of up to" in done.stdout
    assert "does not fit into --max-disk 1,000: allow more, or use a smaller --max-shard-size" in done.stdout


def test_what_does_not_go_together(pushes: Inside) -> None:
    """Options that contradict each other are refused, each with the way out."""
    for options, words in (
        ({"dry_run": True, "max_disk": 10**6}, "--max-disk sends each shard as it is built, and --dry-run sends nothi"),
        ({"dry_run": True, "scheduler": "tcp://127.0.0.1:1"}, "--engine dask sends each shard as it is built, and --d"),
        ({"max_disk": 10**6, "scheduler": "tcp://127.0.0.1:1"}, "--max-disk is for this machine, and with --engine da"),
    ):
        with pytest.raises(PushError, match=f"^{words}"):
            pushes.push(**options)


def test_a_work_directory_that_cannot_be_one(pushes: Inside) -> None:
    """A file in its place, or a folder that takes nothing, is said in a line."""
    with pytest.raises(PushError, match=r"dataset_sheet.csv cannot be worked in \(.*\): give another --work-dir$"):
        pushes.push(work_dir=pushes.data_dir / "dataset_sheet.csv")


def test_a_sheet_that_is_edited_between_plan_and_checks(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is built is what was checked: an edit after the plan is found before anything is built."""
    from tools.publish import push as module

    real = module.check_lists

    def edited(*arguments: Any) -> Any:
        relabel(pushes.data_dir, 0)
        return real(*arguments)

    monkeypatch.setattr(module, "check_lists", edited)
    with pytest.raises(PushError, match=r"^the data of small_original changed while the push was under"):
        pushes.push()


def test_data_that_changes_meanwhile(pushes: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet that is edited between the plan and the build is not published half old, half new."""
    from tools.publish import push as module

    real = module.check_images

    def edited(*arguments: Any, **options: Any) -> Any:
        relabel(pushes.data_dir, 0)
        return real(*arguments, **options)

    monkeypatch.setattr(module, "check_images", edited)
    with pytest.raises(
        PushError, match=r"^the data of small_original changed while the push was under way: run the sa"
    ):
        pushes.push()
    monkeypatch.undo()
