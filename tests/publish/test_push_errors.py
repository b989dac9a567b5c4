"""What stops a push: one line and status 2 where it cannot run, every fault and status 1 where the data is bad."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.environments import ROOT
from tests.publish.pushing import READER, WRITER, Pusher
from tests.trees import SHEET_COLUMNS, face_rows, write_faces, write_sheet, zip_folder
from tools import cli

UPLOAD_CARD = """
import json, sys, huggingface_hub as h
h.HfApi().upload_file(path_or_fileobj=sys.argv[1].encode(), path_in_repo="README.md",
                      repo_id="FER-Universe/DiffusionFER", repo_type="dataset")
print(json.dumps(1))
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A small data directory."""
    folder = tmp_path / "data"
    folder.mkdir()
    write_faces(folder, 14, size=48)
    return folder


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command ended with status 2 and one line on stderr that holds the words, no token, and no traceback."""
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]
    assert "secret" not in done.stdout + done.stderr


def test_no_token(pusher: Pusher, data_dir: Path) -> None:
    """Without a token the way to one is named."""
    done = pusher.push("--data-dir", str(data_dir), "--public", token=None)
    assert_one_line(done, "no token: log in with `hf auth login`, or set HF_TOKEN", pusher.hub.endpoint)


def test_wrong_token(pusher: Pusher, data_dir: Path) -> None:
    """A token that the Hub does not know is called that, and not repeated."""
    done = pusher.push("--data-dir", str(data_dir), "--public", token="hf_secretwrong")
    assert_one_line(done, "the token is not valid at", "HTTP 401")


def test_token_that_may_only_read(pusher: Pusher, data_dir: Path) -> None:
    """A token without write access is refused before anything is built."""
    done = pusher.push("--data-dir", str(data_dir), "--public", token=READER)
    assert_one_line(done, "the token may only read")
    assert not (pusher.folder / "work" / "shards").exists()


def test_unknown_repository(pusher: Pusher, data_dir: Path) -> None:
    """A repository that is not there is not made by mistake."""
    done = pusher.push("--data-dir", str(data_dir), "--repo-id", "FER-Universe/Difusion")
    assert_one_line(done, "has no dataset FER-Universe/Difusion", "--public or --private")


def test_not_a_repository_name(pusher: Pusher, data_dir: Path) -> None:
    """A name that no repository can have is called that."""
    done = pusher.push("--data-dir", str(data_dir), "--repo-id", "a/b/c", "--public")
    assert_one_line(done, "'a/b/c' is not a repository's name")


def test_no_network(pusher: Pusher, data_dir: Path) -> None:
    """Where nothing answers, the endpoint is named."""
    done = pusher.push("--data-dir", str(data_dir), HF_ENDPOINT="http://127.0.0.1:9", NO_PROXY="127.0.0.1")
    assert_one_line(done, "http://127.0.0.1:9 cannot be reached")


def test_a_tag_that_is_taken(pusher: Pusher, data_dir: Path) -> None:
    """A tag that exists stops the push before it commits, for a tag is not moved."""
    assert pusher.push("--data-dir", str(data_dir), "--public", "--tag", "v1").returncode == 0
    assert_one_line(pusher.push("--data-dir", str(data_dir), "--tag", "v1"), "has a tag 'v1' already")


def test_private_does_not_publish_to_a_public_repository(pusher: Pusher, data_dir: Path) -> None:
    """What was meant to be private is not put where everyone reads it."""
    assert pusher.push("--data-dir", str(data_dir), "--public").returncode == 0
    assert_one_line(pusher.push("--data-dir", str(data_dir), "--private"), "exists and is public")


@pytest.mark.parametrize("option", ["--tag", "--revision"])
def test_a_pull_request_goes_alone(pusher: Pusher, data_dir: Path, option: str) -> None:
    """A commit that may never be merged is not tagged, and is asked to be merged into main only."""
    done = pusher.push("--data-dir", str(data_dir), "--public", option, "v1", "--create-pr")
    assert_one_line(done, "--create-pr goes without --tag and --revision")


@pytest.mark.parametrize("name", ["bad tag", "a..b", "-x", "a/", "x.lock/$(id)"])
@pytest.mark.parametrize("option", ["--tag", "--revision"])
def test_a_name_that_git_refuses(pusher: Pusher, data_dir: Path, option: str, name: str) -> None:
    """A name for a tag or a branch that cannot be is refused before anything is built."""
    done = pusher.push("--data-dir", str(data_dir), "--public", f"{option}={name}")
    assert_one_line(done, f"{option} {name!r} is no name for git")


def test_a_tag_is_no_branch(pusher: Pusher, data_dir: Path) -> None:
    """A push to a tag is refused, for tags do not move."""
    assert pusher.push("--data-dir", str(data_dir), "--public", "--tag", "v1").returncode == 0
    assert_one_line(pusher.push("--data-dir", str(data_dir), "--revision", "v1"), "'v1' is a tag of")


def test_a_card_on_the_hub_that_cannot_be_read(pusher: Pusher, data_dir: Path) -> None:
    """A published card whose configs cannot be understood stops the push, for they would be lost."""
    assert pusher.push("--data-dir", str(data_dir), "--public").returncode == 0
    pusher.python(UPLOAD_CARD, "---\nconfigs: 7\n---\n")
    assert_one_line(pusher.push("--data-dir", str(data_dir)), "README.md: the ", "mend it here or on the Hub")


def test_a_card_on_the_hub_without_facts(pusher: Pusher, data_dir: Path) -> None:
    """A published card with configs that somebody wrote by hand does not stop the push."""
    assert pusher.push("--data-dir", str(data_dir), "--public").returncode == 0
    pusher.python(UPLOAD_CARD, "---\nconfigs:\n- config_name: x\n---\n")
    done = pusher.push("--data-dir", str(data_dir))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def other_checkout(tmp_path: Path) -> Path:
    """Return a checkout of its own, whose card a test may change."""
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", checkout / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("DiffusionFER.py", "README.md", "dataset_sheet.csv"):
        shutil.copy(ROOT / name, checkout / name)
    return checkout


def push_from(checkout: Path, pusher: Pusher, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Push as `Pusher.push` does, by the command of another checkout."""
    command = [
        sys.executable,
        str(checkout / "tools" / "push.py"),
        "--work-dir",
        str(pusher.folder / "work"),
        *arguments,
    ]
    return pusher.run(command, WRITER)


def test_an_error_of_the_card_stops_the_push(pusher: Pusher, data_dir: Path, other_checkout: Path) -> None:
    """A card with an error is not published, and neither are the data."""
    card = other_checkout / "README.md"
    card.write_text(card.read_text().replace("license: cc0-1.0", "license: not-a-license"))
    done = push_from(other_checkout, pusher, "--data-dir", str(data_dir), "--public")
    assert done.returncode == 1
    assert "line 2: error CA019: the licence 'not-a-license'" in done.stderr
    assert done.stderr.endswith("nothing was published\n")
    assert not (pusher.folder / "work" / "shards").exists(), "the card is checked before shards are built"


def test_warnings_are_counted(pusher: Pusher, data_dir: Path, other_checkout: Path) -> None:
    """Warnings of the data and of the card that is sent do not stop a push; the summary counts them by rule."""
    rows = list(csv.DictReader((data_dir / "dataset_sheet.csv").open(newline="")))
    rows[0]["seed"] = "-1"
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    card = other_checkout / "README.md"
    card.write_text(card.read_text() + "\n### To come\n\ncoming soon\n")
    done = push_from(other_checkout, pusher, "--data-dir", str(data_dir), "--public", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["findings"]["SH044"] == 1
    assert summary["findings"]["CA042"] == 1
    total = sum(summary["findings"].values())
    assert summary["warnings"][0].startswith(
        f"the checks have {total} warnings, by rule as counted here; to list them: "
    )
    listed = CliRunner().invoke(cli.main, ["card", "check", str(pusher.folder / "work" / "card" / "README.md")]).stdout
    assert "CA042" in listed
    text = push_from(other_checkout, pusher, "--data-dir", str(data_dir)).stdout
    assert "\n  SH044 a seed is negative: 1\n" in text


def test_missing_data(pusher: Pusher, tmp_path: Path) -> None:
    """A folder without data, a missing one, a config without data and a wrong one each say what was looked for."""
    assert pusher.push("--public", "--data-dir", str(tmp_path / "nothing")).stderr.endswith("nothing is not a folder\n")
    (tmp_path / "empty").mkdir()
    done = pusher.push("--public", "--data-dir", str(tmp_path / "empty"))
    assert_one_line(done, "holds the data of no config", "DifussionEmotion_S", "emonet-face-hq")
    done = pusher.push("--public", "--data-dir", str(tmp_path / "empty"), "--config", "medium_cropped")
    assert_one_line(done, "medium_cropped has no data", "DiffusionEmotion_M_cropped.zip", str(tmp_path / "empty"))
    done = pusher.push("--public", "--config", "tiny")
    assert done.returncode == 2
    assert "'tiny' is none of small_original, " in done.stderr


@pytest.mark.parametrize("size", ["0", "-1", "much", "5XB"])
def test_a_size_that_is_none(pusher: Pusher, size: str) -> None:
    """A shard size that cannot be read is refused by the command line."""
    done = pusher.push("--public", "--max-shard-size", size)
    assert done.returncode == 2
    assert f"'{size}' is not a size such as 500MB" in done.stderr


def test_an_image_that_fits_no_shard(pusher: Pusher, data_dir: Path) -> None:
    """A shard size below that of an image names the image."""
    done = pusher.push("--public", "--data-dir", str(data_dir), "--max-shard-size", "6KB")
    assert done.returncode == 2
    assert "does not fit into a shard of" in done.stderr


def test_all_faults_of_a_sheet_are_shown_and_nothing_is_sent(pusher: Pusher, data_dir: Path, tmp_path: Path) -> None:
    """Faults of every kind in one tree: all are named, with row or file and value, and nothing is sent."""
    rows = face_rows(14)
    (data_dir / rows[0]["path"]).unlink()  # a row whose file is missing
    (data_dir / "DifussionEmotion_S" / "angry" / "zzzzzzzz_6.png").write_bytes(b"\x89PNG")  # no row, and no image
    rows[2]["path"] = rows[1]["path"]  # a path twice
    rows[3]["emotion"] = "Anger"
    rows[4]["emotion"] = "happy"  # in the folder of fear
    rows[5]["valence"] = "1.5"
    rows[6]["arousal"] = "high"
    rows[7]["valence"] = "nan"
    rows[8]["path"] = "DifussionEmotion_S/../../secret.png"
    rows[9]["path"] = "/etc/passwd"
    outside = tmp_path / "outside.png"
    outside.write_bytes(b"secret picture")
    link = data_dir / rows[10]["path"]
    link.unlink()
    link.symlink_to(outside)
    damaged = data_dir / rows[11]["path"]
    damaged.write_bytes(damaged.read_bytes()[:-20])
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    done = pusher.push("--data-dir", str(data_dir), "--public", "--json")
    assert done.returncode == 1, done.stderr
    said = " ".join(done.stderr.split())  # lines are wrapped
    for words in (
        rows[0]["path"].split("/")[-1],
        "zzzzzzzz_6.png",
        "row 4",
        "'Anger'",
        "'angry'",
        "row 6",
        "1.5",
        "'high'",
        "nan",
        "../../secret.png",
        "/etc/passwd",
        "leaves the data directory",
        rows[11]["path"].split("/")[-1],
        "nothing was published",
    ):
        assert words in said, (words, said)
    assert "Traceback" not in done.stderr
    assert not [request for request in pusher.hub.requests if request[0] in ("POST", "PUT")]


def test_faults_of_a_zip(pusher: Pusher, data_dir: Path) -> None:
    """An entry that leaves the zip's folder, and one with a damaged content, stop the push and are named."""
    archive = zip_folder(data_dir / "DiffusionEmotion_S_cropped")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("DiffusionEmotion_S_cropped/../../evil_0.png", b"x")
    content = bytearray(archive.read_bytes())
    content[200] ^= 255
    archive.write_bytes(content)
    done = pusher.push("--data-dir", str(data_dir), "--public")
    assert done.returncode == 1, done.stderr
    assert "evil_0.png" in done.stderr
    assert "angry/aaaaaaag_6.png" in done.stderr  # the first one in the zip
    assert "nothing was published" in done.stderr


def test_a_picture_that_is_not_the_recorded_one(pusher: Pusher, data_dir: Path) -> None:
    """A whole picture whose sha256 is not that of its row stops the push while the shards are built."""
    rows = face_rows(14)
    rows[3]["sha256"] = "0" * 64
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    done = pusher.push("--data-dir", str(data_dir), "--public")
    assert done.returncode == 1, done.stderr
    assert "dataset_sheet.csv row 5: error SH021" in " ".join(done.stderr.split())
    assert "0" * 64 in "".join(done.stderr.split())


@pytest.mark.parametrize("empty", ["folder", "sheet"])
def test_an_empty_config(pusher: Pusher, data_dir: Path, empty: str) -> None:
    """A config without an image or without a row stops the push."""
    if empty == "folder":
        (data_dir / "DifussionEmotion_M").mkdir()
    else:
        (data_dir / "dataset_sheet.csv").write_text(",".join(SHEET_COLUMNS) + "\n")
    done = pusher.push("--data-dir", str(data_dir), "--public")
    assert done.returncode == 1, done.stderr
    assert "no image" in done.stderr or "no row" in done.stderr


def test_the_token_is_in_no_file(pusher: Pusher, data_dir: Path) -> None:
    """After a push the token stands in no file of the work directory, of the caches or of the Hub."""
    assert pusher.push("--data-dir", str(data_dir), "--public").returncode == 0
    for file in pusher.folder.rglob("*"):
        assert not file.is_file() or WRITER.encode() not in file.read_bytes(), file
