"""Generating by the sketch renderer: what is missing is made, a kill loses nothing, and bad rows are named."""

from __future__ import annotations

import errno
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.make.generating import ROOT, kill_when, pictures, planned, read_sheet, tree, write_sheet
from tools.check.findings import visible
from tools.generate import main
from tools.make.embedded import describe
from tools.make.generation import devices, files
from tools.make.generation.base import GenerationError, Settings, row_seed
from tools.make.generation.devices import claim, resolve
from tools.make.generation.walk import generate
from tools.make.ledger import Ledger, LedgerError
from tools.make.sketch import MODEL

SKETCH = Settings("sketch")


def told(folder: Path, **more: Any) -> tuple[Any, list[str]]:
    """Generate by the sketch renderer in this process; return what was done and told."""
    lines: list[str] = []
    done = generate(folder, SKETCH, workers=1, progress=False, tell=lines.append, **more)
    return done, lines


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of 40 rows that was made without a disturbance."""
    folder = write_sheet(tmp_path_factory.mktemp("whole"), planned(40))
    assert told(folder)[0].made == 40
    return folder


def test_pictures_are_those_of_the_renderer(whole: Path) -> None:
    """The file of a row is what the renderer draws for it; the sheet says so, and by what."""
    for row in read_sheet(whole)[:5]:
        content = (whole / row["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"] == describe(row)["sha256"]
        assert (row["model"], row["label_source"], row["face_box"]) == (MODEL, "renderer", describe(row)["face_box"])
        assert row["versions"].startswith("pillow=")
        assert (row["steps"], row["sampler"], row["cfg_scale"], row["negative_prompt"]) == ("", "", "", "")


def test_a_second_run_makes_nothing_and_leaves_the_sheet(whole: Path) -> None:
    """Where all is there, nothing is written."""
    before = tree(whole)
    done, lines = told(whole)
    assert ((done.rows, done.there, done.made, done.problems), lines) == ((40, 40, 0, 0), [])
    assert tree(whole) == before


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (9, 2), (33, 3)])
def test_a_killed_run_goes_on_where_it_was(whole: Path, tmp_path: Path, count: int, seed: int) -> None:
    """Killed at any moment and run again, the tree is byte for byte that of a run that was not killed."""
    folder = write_sheet(tmp_path / "data", planned(40))
    kill_when(folder, ["--num-proc", "1"], count, seed)
    before = pictures(folder)
    assert before >= count
    done, lines = told(folder)
    assert (done.there >= before, done.there + done.made, lines) == (True, 40, [])
    assert tree(folder) == tree(whole)


@pytest.mark.parametrize("moment", ["before the record", "behind the record", "before the names", "between the names"])
def test_a_kill_between_record_and_name(
    whole: Path, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded gets its name by the next run, what was not is drawn again; no half file stays."""
    folder = write_sheet(tmp_path / "data", planned(40))
    placed: list[Path] = []
    place, record = files._place, Ledger.record

    def stop_at_a_name(part: Path, target: Path) -> None:
        if moment == "before the names" or len(placed) == 20:
            raise KeyboardInterrupt
        placed.append(target)
        place(part, target)

    def stop_at_the_record(self: Ledger, cells: Any) -> None:
        if moment == "behind the record":
            record(self, cells)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "_place", stop_at_a_name)
        if moment.endswith("the record"):
            patch.setattr(Ledger, "record", stop_at_the_record)
        with pytest.raises(KeyboardInterrupt):
            told(folder)
    assert Ledger.record is record
    recorded = {"before the record": 0, "behind the record": 16, "before the names": 16, "between the names": 32}[
        moment
    ]
    assert len(list(folder.rglob("*.part"))) == (12 if placed else 16)
    done, _ = told(folder)
    assert (done.there, done.made) == (recorded, 40 - recorded)
    assert tree(folder) == tree(whole)


def test_a_record_that_fails_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is certain that nothing was recorded, the files that were written for it are removed at once."""

    def fail(self: Ledger, cells: Any) -> None:
        raise LedgerError("the disk is full")

    folder = write_sheet(tmp_path, planned(3))
    monkeypatch.setattr(Ledger, "record", fail)
    with pytest.raises(LedgerError, match=r"^the disk is full$"):
        told(folder)
    assert not [*folder.rglob("*.part"), *folder.rglob("*.png")]


def test_a_file_that_is_there_is_never_written_again(tmp_path: Path) -> None:
    """Whatever lies at a row's place stays, and its row stays as it is."""
    rows = planned(3)
    folder = write_sheet(tmp_path, rows)
    (folder / rows[1]["path"]).parent.mkdir(parents=True)
    (folder / rows[1]["path"]).write_bytes(b"mine")
    done, _ = told(folder)
    assert (done.there, done.made) == (1, 2)
    assert (folder / rows[1]["path"]).read_bytes() == b"mine"
    assert read_sheet(folder)[1]["sha256"] == ""


def test_a_picture_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """The same row gives the same bytes; cells of a picture that changed do not outlive it."""
    rows = planned(2, face_box="1 2 3 4", sha256="0" * 64, sha256_cropped="1" * 64)
    folder = write_sheet(tmp_path, rows)
    told(folder)
    made = tree(folder)
    assert [row["sha256_cropped"] for row in read_sheet(folder)] == ["", ""]
    for row in rows:
        (folder / row["path"]).unlink()
    assert told(folder)[0].made == 2
    assert tree(folder) == made


def test_a_crop_of_another_picture_does_not_stay(tmp_path: Path) -> None:
    """Where a row's picture becomes another, its crop goes; one that the row does not know is not ours to remove."""
    rows = planned(3)
    folder = write_sheet(tmp_path, rows)
    told(folder)
    rows = read_sheet(folder)
    crops = [folder / row["path"].replace("DifussionEmotion_M", "DiffusionEmotion_M_cropped") for row in rows]
    for row, crop in zip(rows, crops, strict=True):
        crop.parent.mkdir(parents=True, exist_ok=True)
        crop.write_bytes(b"crop")
        row["sha256_cropped"] = hashlib.sha256(b"crop").hexdigest()
        (folder / row["path"]).unlink()
    rows[0]["race"] = rows[1]["race"] = "black"  # another picture; of the third it is the same again
    crops[1].write_bytes(b"a person's")
    write_sheet(folder, rows)
    assert told(folder)[0].made == 3
    assert [crop.exists() for crop in crops] == [False, True, True]
    assert [bool(row["sha256_cropped"]) for row in read_sheet(folder)] == [False, False, True]


def test_labels_by_people_outlive_a_new_picture(tmp_path: Path) -> None:
    """As of a model's pictures: who has said the label is not forgotten."""
    folder = write_sheet(tmp_path, planned(2, label_source="person"))
    told(folder)
    assert {row["label_source"] for row in read_sheet(folder)} == {"person"}


def test_a_picture_of_another_format_that_is_there(tmp_path: Path) -> None:
    """As import leaves them; only a new one has to be a PNG."""
    rows = planned(2)
    for row in rows:
        row["path"] = row["path"].replace(".png", ".jpg")
    folder = write_sheet(tmp_path, rows)
    (folder / rows[0]["path"]).parent.mkdir(parents=True)
    (folder / rows[0]["path"]).write_bytes(b"jpeg")
    done, lines = told(folder)
    assert (done.there, done.made, done.problems) == (1, 0, 1)
    assert lines == [f"{folder}/dataset_sheet.csv, row 3: path: expected the name of a PNG (got {rows[1]['path']!r})"]


def test_only_rows_of_the_size(tmp_path: Path) -> None:
    """--size chooses by the folder, in either spelling."""
    rows = [*planned(2), *planned(1, size="L")]
    rows[1]["path"] = rows[1]["path"].replace("Difussion", "Diffusion")
    folder = write_sheet(tmp_path, rows)
    assert told(folder, size="medium")[0].made == 2
    assert told(folder)[0].made == 1


BAD = {
    "path": ("../a.png", "path leaves its folder or is not in plain form (got '../a.png')"),
    "seed": ("1.5", f"seed: expected a whole number from 0 to {2**63 - 1} (got '1.5')"),
    "emotion": ("joy", "emotion: expected one of neutral, happy, sad, surprise, fear, disgust, angry (got 'joy')"),
    "valence": ("much", "valence: expected a number (got 'much')"),
    "steps": ("20", "has a model's name or settings: give --backend diffusers, or empty those cells"),
    "model": ("tiny", "has a model's name or settings: give --backend diffusers, or empty those cells"),
}


@pytest.mark.parametrize("column", BAD)
def test_a_row_that_cannot_be_drawn_is_named(column: str, tmp_path: Path) -> None:
    """It gets no file; the others do, and the exit status is 1."""
    rows = planned(3)
    rows[1][column] = BAD[column][0]
    if column == "emotion":
        rows[1]["valence"] = rows[1]["arousal"] = ""
    folder = write_sheet(tmp_path, rows)
    result = CliRunner().invoke(main, ["images", str(folder), "--num-proc", "1"])
    assert result.exit_code == 1
    assert f"{folder}/dataset_sheet.csv, row 3: {BAD[column][1]}\n" in result.output
    assert result.output.endswith(f"{folder}: 3 rows, 0 had a picture, 2 made, 1 have none\n")
    assert pictures(folder) == 2


IMPOSSIBLE = {
    "too long": ("a/" + "n" * 300 + ".png", "path has a name that is too long"),
    "too long before it is whole": ("a/" + "n" * 246 + ".png", "path has a name that is too long"),
    "too long in all": ("a/" * 2500 + "n.png", "path cannot be written (File name too long)"),
    "through a file": ("dataset_sheet.csv/a.png", "path cannot be written (Not a directory)"),
    "through a picture": ("DifussionEmotion_M/sad/x.png/a.png", "path leads through a picture"),
    "twice": (planned(1)[0]["path"], "path stands in an earlier row, too: give it another"),
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_a_place_that_no_file_can_have(kind: str, tmp_path: Path) -> None:
    """Its row is named, and the other rows get their pictures, the first of two that want the same one included."""
    rows = planned(4)
    rows[2]["path"] = "DifussionEmotion_M/sad/x.png"
    path, message = IMPOSSIBLE[kind]
    rows[3]["path"] = path
    folder = write_sheet(tmp_path, rows)
    for there, made in ((0, 3), (3, 0)):
        result = CliRunner().invoke(main, ["images", str(folder), "--num-proc", "1"])
        assert result.exit_code == 1
        assert result.output == (
            visible(f"{folder}/dataset_sheet.csv, row 5: {message} (got {path!r})") + "\n"
            f"{folder}: 4 rows, {there} had a picture, {made} made, 1 have none\n"
        )
    assert read_sheet(folder)[0]["sha256"] == describe(planned(1)[0])["sha256"]


def test_rows_for_a_model_are_no_sketches(tmp_path: Path) -> None:
    """Where all that is missing was designed for a model, one line says what was forgotten, and nothing changes."""
    settings = {"negative_prompt": "ugly", "steps": "50", "sampler": "DDIM", "cfg_scale": "12", "model": ""}
    folder = write_sheet(tmp_path, planned(3, **settings))
    before = tree(folder)
    result = CliRunner().invoke(main, ["images", str(folder)])
    assert (result.exit_code, result.output) == (
        2,
        f"error: the 3 rows of {folder}/dataset_sheet.csv that have no picture have a model's settings: "
        "give --backend diffusers, or empty those cells\n",
    )
    assert tree(folder) == before


def test_a_row_without_affect_and_seed_gets_them(tmp_path: Path) -> None:
    """The place on the circumplex follows from the seed, the seed from the path; both are recorded."""
    folder = write_sheet(tmp_path, planned(2, valence="", arousal="", seed="-1"))
    told(folder)
    first, second = read_sheet(folder)
    assert 0.4 < float(first["valence"]) < 1
    assert float(second["valence"]) < 0
    assert first["seed"] != second["seed"]
    assert first["seed"] == str(row_seed(first["path"], {"seed": ""}))


def test_what_cannot_run_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No sheet, another run, a full disk: status 2, no traceback, and what was made stays."""
    result = CliRunner().invoke(main, ["images", str(tmp_path)])
    message = f"error: {tmp_path}/dataset_sheet.csv is not there: make one with 'diffusionfer prompts', or give another"
    assert (result.exit_code, result.output) == (2, f"{message} folder\n")
    folder = write_sheet(tmp_path, planned(20))
    with Ledger(folder / "dataset_sheet.csv"):
        result = CliRunner().invoke(main, ["images", str(folder)])
    assert (result.exit_code, "another command writes to" in result.output) == (2, True)

    calls: list[int] = []
    real = files.os.fsync

    def full(number: int) -> None:
        calls.append(number)
        if len(calls) > 18:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(number)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        result = CliRunner().invoke(main, ["images", str(folder), "--num-proc", "1"])
    assert result.exit_code == 2
    assert "cannot be written (No space left on device): mend that, and run it again; what was made" in result.output
    assert (pictures(folder), len(list(folder.rglob("*.part")))) == (16, 0)
    assert told(folder)[0].there == 16


OF_MODELS = (
    *(("--candidates", "2"), ("--batch", "2"), ("--model", "x"), ("--revision", "x"), ("--clip", "x"), ("--cfg", "7")),
    *(("--steps", "9"), ("--sampler", "DDIM"), ("--width", "64"), ("--height", "64"), ("--device", "cpu")),
    ("--no-safety-checker",),
)


def test_options_that_do_not_go_together() -> None:
    """Each is refused with the way out."""
    for arguments, message in (
        (
            ["--backend", "diffusers", "--num-proc", "2"],
            "--num-proc is of the sketch backend: the other has a process a",
        ),
        (["--backend", "diffusers", "--sampler", "Euler b"], "--sampler: expected one of DPM++ 2M, DPM++ 2M Karras, "),
        (["--engine", "dask", "--scheduler", "tcp://x:1", "--num-proc", "2"], "--num-proc is of this machine: a Dask"),
        *(([*given], f"{given[0]} is of the diffusers backend: give --backend diffusers, too") for given in OF_MODELS),
    ):
        result = CliRunner().invoke(main, ["images", "nowhere", *arguments])
        assert (result.exit_code, message in result.output) == (2, True), result.output


def test_help_loads_nothing_heavy() -> None:
    """Torch, datasets and the like are loaded when a command runs."""
    code = (
        "import sys, tools.generate, tools.import_images\n"
        "print({'torch', 'diffusers', 'transformers', 'datasets', 'pyarrow', 'PIL', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"


# --- devices --------------------------------------------------------------------------------------------------------


def test_devices() -> None:
    """A GPU that is not there is refused; a process has one device."""
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert (resolve(["auto"]), resolve(["cpu", "auto"]), claim(["auto"])) == (("cpu",), ("cpu",), "cpu")
    for device in ("cuda", "cuda:1", "tpu"):
        with pytest.raises(
            GenerationError, match=rf"^--device: expected some of cpu, which torch finds here \(got '{device}'\)$"
        ):
            resolve([device])


def test_a_process_claims_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of several GPUs each process takes one that is free; where none is, that is said."""
    monkeypatch.setattr(devices, "resolve", tuple)
    monkeypatch.setattr(devices, "_held", [])
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    assert [claim(["cuda:0", "cuda:1"]) for _ in range(2)] == ["cuda:0", "cuda:1"]
    with pytest.raises(
        GenerationError, match=r"^other processes draw on cuda:0, cuda:1: wait for them, or give --device"
    ):
        claim(["cuda:0", "cuda:1"])
    for lock in devices._held:
        lock.release()
