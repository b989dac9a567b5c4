"""The rehearsal, as a maintainer runs it: on a small tree, kept up to try by hand, on the whole embedded edition."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from DiffusionFER import read_index
from tests.environments import ROOT
from tests.trees import face_rows, write_sheet
from tools.describe.header import read_header
from tools.publish import rehearse as module
from tools.publish.options import Options, PushError
from tools.publish.rehearse import PORT, _changed

PUSH = [sys.executable, str(ROOT / "tools" / "push.py"), "--rehearse"]


def rehearse(data_dir: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a rehearsal in the parent of `data_dir`, whatever Hub settings the caller has."""
    return subprocess.run(
        [*PUSH, "--data-dir", str(data_dir), *arguments],
        cwd=data_dir.parent,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_config_comes_back(data_dir: Path) -> None:
    """The table has a line for each split, and no setting of the user's reaches the rehearsal."""
    done = rehearse(data_dir, HF_TOKEN="hf_of_the_user", HF_HUB_OFFLINE="1", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    lines = [line.split()[:3] for line in done.stdout.splitlines()]
    assert ["config", "split", "rows"] in lines
    for config in ("small_original", "small_cropped"):
        assert [config, "train", "24"] in lines
        assert [config, "validation", "3"] in lines
        assert [config, "test", "3"] in lines
    for expected in (["emonet_hq", "test", "2"], ["emonet_binary", "train", "2"], ["emonet_big", "train", "2"]):
        assert expected in lines
    assert "66 images came back through load_dataset with the bytes of their files" in done.stdout
    assert "hf_of_the_user" not in done.stdout + done.stderr


def test_json_for_machines(data_dir: Path) -> None:
    """With --json stdout is one document: what was pushed, what was loaded, and how to try it by hand."""
    done = rehearse(
        data_dir, "--json", "--config", "emonet_big", "--repo-id", "someone/else", "--private", "--tag", "v1"
    )
    said = json.loads(done.stdout)
    assert [line["rows"] for line in said["loaded"]] == [2]
    assert said["pushed"]["repo_id"] == "someone/else"
    assert 'load_dataset("someone/else", "emonet_big")' in said["by_hand"]


def test_faults_stop_a_rehearsal_as_they_stop_a_push(data_dir: Path) -> None:
    """Findings are shown by the push that is rehearsed, and its status is the rehearsal's."""
    rows = face_rows(30)
    rows[0]["emotion"] = "joy"
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    done = rehearse(data_dir)
    assert done.returncode == 1
    assert "'joy'" in done.stderr
    assert "Traceback" not in done.stderr


def test_options_that_make_no_sense_in_a_rehearsal(data_dir: Path) -> None:
    """A dry run of a rehearsal, and serving without one, are refused."""
    assert rehearse(data_dir, "--dry-run").stderr.startswith("error: --rehearse pushes for real")
    done = subprocess.run([*PUSH[:-1], "--serve"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--serve goes with --rehearse" in done.stderr


def test_changed_images_are_found(data_dir: Path) -> None:
    """An image that came back with other bytes, did not come back or came from nowhere is named."""
    index = read_index("emonet_big", str(data_dir))
    loaded = {"00000": "0" * 64, "new": "1" * 64}
    assert _changed(index, "train", loaded) == ["00000", "00001", "new"]


@pytest.fixture
def port_taken() -> Iterator[None]:
    """Something else that listens at the port that rehearsals like best."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", PORT))
        other.listen()
        yield


@pytest.mark.usefixtures("port_taken")
def test_another_port_does_as_well(data_dir: Path) -> None:
    """Where the usual port is taken, any other is used."""
    done = rehearse(data_dir, "--config", "emonet_big", "--json")
    assert done.returncode == 0, done.stderr
    assert f":{PORT}" not in json.loads(done.stdout)["by_hand"]


def test_serving_keeps_the_hub_up_for_the_line_to_paste(data_dir: Path) -> None:
    """While it serves, the printed line loads the dataset; Ctrl-C ends it in good order."""
    command = [*PUSH, "--serve", "--data-dir", str(data_dir), "--config", "small_cropped"]
    with subprocess.Popen(
        command, cwd=data_dir.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as server:
        assert server.stdout
        said = []
        for line in server.stdout:
            said.append(line)
            if "serving until" in line:
                break
        paste = next(line.strip() for line in said if line.strip().startswith("HF_ENDPOINT="))
        words = shlex.split(paste)
        settings = dict(word.split("=", 1) for word in words[:3])
        # What the libraries would ask of others, by https, is refused here and now: it might be waited for.
        alone = {"HTTPS_PROXY": "http://127.0.0.1:9", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}
        alone |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        given = {**kept, **alone, **settings}  # a token of this process would be none at that Hub
        try:
            pasted = subprocess.run(words[3:], env=given, capture_output=True, text=True, check=False, timeout=120)
        except subprocess.TimeoutExpired as error:
            server.kill()
            raise AssertionError(f"the line does not end: {error.stdout!r} {error.stderr!r}") from None
        assert "num_rows: 24" in pasted.stdout, pasted.stderr
        server.send_signal(signal.SIGINT)
        try:
            assert server.wait(60) == 0
        finally:
            server.kill()


def test_a_rehearsal_that_is_ended_leaves_nothing(data_dir: Path) -> None:
    """SIGTERM ends a rehearsal with its children and its Hub, and what it had put into the work directory is gone."""
    command = [*PUSH, "--serve", "--data-dir", str(data_dir), "--config", "emonet_big", "--work-dir", "w"]
    with subprocess.Popen(
        command, cwd=data_dir.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
    ) as rehearsal:
        assert rehearsal.stdout
        for line in rehearsal.stdout:
            if line.startswith("loading"):
                break
        rehearsal.send_signal(signal.SIGTERM)
        assert rehearsal.wait(30) == 130
    assert [file for file in (data_dir.parent / "w").iterdir() if file.name.startswith("rehearsal-")] == []


@pytest.mark.parametrize(("options", "words"), [(["--private"], "HF_TOKEN=visitor"), (["--revision", "dev"], '"dev"')])
def test_the_line_to_paste_fits_the_options(data_dir: Path, options: list[str], words: str) -> None:
    """For a private repository the line has a token to read with, and for a branch it names the branch."""
    done = rehearse(data_dir, "--json", "--config", "emonet_big", *options)
    assert done.returncode == 0, done.stderr
    assert words in json.loads(done.stdout)["by_hand"]


def test_faults_of_the_hub_are_told(data_dir: Path) -> None:
    """A rehearsal has the faults that it is asked for while it pushes, and says which of them came to pass."""
    done = rehearse(data_dir, "--config", "emonet_big", "--fault", "429@tree", "--fault", "503@delete")
    assert done.returncode == 0, done.stderr
    assert "\nfault 429@tree: GET /api/datasets/" in done.stdout
    assert "\nfault 503@delete: did not happen, as no request came to it\n" in done.stdout
    assert "2 images came back" in done.stdout


def test_a_fault_that_stops_the_push_is_told(data_dir: Path) -> None:
    """Where the push ends in an error, the faults are told as well."""
    done = rehearse(data_dir, "--config", "emonet_big", "--fault", "403@commit:1-")
    assert done.returncode == 2
    assert "error: cannot commit: the token has no right to do this" in done.stderr
    assert "fault 403@commit:1-: POST /api/datasets/" in done.stdout


def test_faults_are_refused_and_listed(data_dir: Path) -> None:
    """A fault goes with --rehearse, must be one that there is, and the list of them is one option away."""
    command = [sys.executable, str(ROOT / "tools" / "push.py"), "--fault", "503@commit"]
    alone = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (alone.returncode, "--fault goes with --rehearse" in alone.stderr) == (2, True)
    wrong = rehearse(data_dir, "--config", "emonet_big", "--fault", "999@commit")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "999" in wrong.stderr
    listed = subprocess.run([*command[:-1], "list"], capture_output=True, text=True, check=True)
    assert "  overtaken " in listed.stdout
    assert "  commit " in listed.stdout


@pytest.fixture(scope="module")
def embedded() -> dict[str, object]:
    """The rehearsal of the embedded edition, with its pictures kept for the next run of the tests."""
    work_dir = ROOT / ".cache" / "rehearsal"
    done = subprocess.run([*PUSH, "--json", "--work-dir", str(work_dir)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_embedded_edition_comes_back_whole(embedded: dict[str, list[dict[str, object]]]) -> None:
    """The README's command publishes and loads 1,500 originals and 1,500 crops, in splits of 80, 10 and 10 percent."""
    assert [(line["config"], line["split"], line["rows"]) for line in embedded["loaded"]] == [
        (config, split, rows)
        for config in ("small_original", "small_cropped")
        for split, rows in (("train", 1200), ("validation", 150), ("test", 150))
    ]


@pytest.mark.usefixtures("embedded")
def test_the_card_in_the_repository_is_the_published_one() -> None:
    """README.md, its figures and croissant.json are those of the embedded edition: the card is not out of date.

    Shards have other sizes where another pyarrow wrote them, which may show in the header alone.
    """
    command = [sys.executable, str(ROOT / "tools" / "card.py"), "render", str(ROOT), "--check"]
    work_dir = ROOT / ".cache" / "rehearsal"
    done = subprocess.run([*command, "--work-dir", str(work_dir)], capture_output=True, text=True, check=False)
    changed = [line for line in done.stdout.splitlines() if line.startswith(("+", "-")) and line[1:2] == " "]
    sizes = [line for line in changed if re.match(r". +(num_bytes|download_size|dataset_size): \d+$", line)]
    assert changed == sizes, done.stdout
    assert not [
        line for line in done.stdout.splitlines() if line.startswith(("assets/", "croissant.json", "DATASHEET"))
    ]
    assert done.returncode == bool(changed), done.stdout + done.stderr
    rendered = (work_dir / "card" / "README.md").read_text(encoding="utf-8")
    assert rough(read_header(rendered)) == rough(read_header((ROOT / "README.md").read_text(encoding="utf-8")))


def rough(value: Any, key: str = "") -> Any:
    """Return a header with its sizes in bytes rounded to two digits."""
    if isinstance(value, dict):
        return {key: rough(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [rough(item) for item in value]
    return float(f"{value:.1e}") if key in ("num_bytes", "download_size", "dataset_size") else value


def test_what_cannot_be_rehearsed_is_said_before_any_work(tmp_path: Path) -> None:
    """A fault that is none, a remote tree and a cluster are refused before a picture is drawn."""
    said: list[str] = []
    for given, faults, error, words in (
        ({}, ["nonsense"], ValueError, "nonsense"),
        ({"data_dir": "s3://bucket/tree"}, [], PushError, "lets nothing out of this machine"),
        ({"scheduler": "tcp://127.0.0.1:9"}, [], PushError, "rehearse without --engine dask"),
        ({"plan_only": True}, [], PushError, "leave out --plan"),
    ):
        options = Options("FER-Universe/DiffusionFER", tmp_path / "work", **given)
        with pytest.raises(error, match=words):
            module.rehearse(options, said.append, faults=faults)
    assert said == []
    assert not (tmp_path / "work").exists()
