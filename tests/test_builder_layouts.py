"""The trees that maintainers keep: folders, zips, both spellings, clones, and what the cache makes of it."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import datasets
import pytest

from DiffusionFER import DiffusionFER, RawZip, open_raw, read_index
from tests.builder_runs import expected_faces, stream, summary
from tests.forked import true_in_a_fork
from tests.trees import png, write_emonet, write_faces, write_sheet, zip_folder


@pytest.fixture
def faces(tmp_path: Path) -> tuple[Path, list[dict[str, Any]]]:
    """Write a small data directory; return it and the rows of its sheet."""
    data_dir = tmp_path / "raw"
    data_dir.mkdir()
    return data_dir, write_faces(data_dir, 20, 8)


@pytest.mark.parametrize("with_name", [True, False], ids=["folder-in-zip", "bare"])
@pytest.mark.parametrize("config", ["small_original", "small_cropped"])
def test_a_zip_stands_for_its_folder(faces: Any, config: str, with_name: bool) -> None:
    """A zip of the same name gives the folder's rows, with or without the folder's name in it, and is not unpacked."""
    data_dir, rows = faces
    wanted = expected_faces(data_dir, rows, config)
    folder = {"small_original": "DifussionEmotion_S", "small_cropped": "DiffusionEmotion_S_cropped"}[config]
    archive = zip_folder(data_dir / folder, with_name=with_name)
    with zipfile.ZipFile(archive, "a") as opened:  # what macOS adds
        opened.writestr(f"__MACOSX/{folder}/._aaaaaaaa_0.png", b"litter")
        opened.writestr(f"{folder}/.DS_Store" if with_name else ".DS_Store", b"litter")
    before = sorted(data_dir.rglob("*"))
    assert summary(stream(config, data_dir)) == wanted
    assert sorted(data_dir.rglob("*")) == before


def test_a_compressed_zip_with_an_image_missing_says_so(faces: Any) -> None:
    """A deflated zip is read like a stored one, and an image that it lacks is named with the zip."""
    data_dir, rows = faces
    folder = data_dir / "DifussionEmotion_S"
    with zipfile.ZipFile(data_dir / "DifussionEmotion_S.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for row in rows[1:]:
            archive.write(data_dir / row["path"], row["path"])
    folder.rename(data_dir / "elsewhere")
    with pytest.raises(FileNotFoundError) as caught:
        stream("small_original", data_dir)
    assert str(caught.value) == (
        f"dataset_sheet.csv row 2: neutral/aaaaaaaa_0.png is not in {data_dir}/DifussionEmotion_S.zip"
    )
    index = read_index("small_original", str(data_dir))
    assert index.folder.read(index.table["file"][1].as_py()) == png(1, 8)


def test_a_zip_is_opened_anew_after_a_fork(faces: Any) -> None:
    """A forked child reads through an open file of its own, so it does not move the position of its parent's."""
    data_dir, rows = faces
    zip_folder(data_dir / "DifussionEmotion_S")
    folder = open_raw("small_original", str(data_dir))
    assert isinstance(folder, RawZip)
    first, last = (rows[index]["path"].split("/", 1)[1] for index in (0, -1))
    assert folder.read(first) == png(0, 8)
    file = folder._archive.fp
    assert file is not None
    position = os.lseek(file.fileno(), 0, os.SEEK_CUR)
    assert true_in_a_fork(lambda: folder.read(last) == png(19, 8))
    assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == position
    assert folder.read(last) == png(19, 8)


@pytest.mark.parametrize("spelling", ["DifussionEmotion", "DiffusionEmotion"])
@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("config", ["small_original", "small_cropped"])
def test_both_spellings_are_read(faces: Any, config: str, spelling: str, zipped: bool) -> None:
    """Folder, zip and the paths of the sheet may each be spelt DifussionEmotion or DiffusionEmotion."""
    data_dir, rows = faces
    wanted = expected_faces(data_dir, rows, config)
    for written, ending in (("DifussionEmotion", "_S"), ("DiffusionEmotion", "_S_cropped")):
        if spelling != written:
            (data_dir / (written + ending)).rename(data_dir / (spelling + ending))
        if zipped:
            zip_folder(data_dir / (spelling + ending))
    for named in ("DifussionEmotion", "DiffusionEmotion"):
        for row in rows:
            row["path"] = f"{named}_S/" + row["path"].split("/", 1)[1]
        write_sheet(data_dir / "dataset_sheet.csv", rows)
        assert summary(stream(config, data_dir)) == wanted


def test_cached_rows_keep_the_bytes(faces: Any, tmp_path: Path) -> None:
    """The Arrow cache holds the bytes of the images, so the raw files may go once it is made."""
    data_dir, rows = faces
    wanted = expected_faces(data_dir, rows, "small_original")
    builder = DiffusionFER(config_name="small_original", data_dir=data_dir, cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare()
    for file in data_dir.rglob("*.png"):
        file.unlink()
    loaded = builder.as_dataset()
    stored = {name: list(split.cast_column("image", datasets.Image(decode=False))) for name, split in loaded.items()}
    assert summary(stored) == wanted


def test_one_builder_streams_and_caches_in_any_order(faces: Any, tmp_path: Path) -> None:
    """A stream from a builder changes nothing of what the same builder has cached."""
    data_dir, _ = faces
    builder = DiffusionFER(config_name="small_original", data_dir=str(data_dir), cache_dir=str(tmp_path / "cache"))
    assert len(list(builder.as_streaming_dataset(split="train"))) == 16
    builder.download_and_prepare()
    assert len(list(builder.as_streaming_dataset(split="train"))) == 16
    assert {name: len(split) for name, split in builder.as_dataset().items()} == {
        "train": 16,
        "validation": 2,
        "test": 2,
    }


def test_a_changed_sheet_needs_a_forced_load(faces: Any, tmp_path: Path) -> None:
    """The cache goes by the path of the data directory: a changed sheet is read again with force_redownload only."""
    data_dir, rows = faces

    def prompts(mode: str) -> set[str]:
        options = {"data_dir": str(data_dir), "cache_dir": str(tmp_path / "cache")}
        builder = DiffusionFER(config_name="small_original", **options)
        builder.download_and_prepare(download_mode=mode)
        return set(builder.as_dataset(split="train")["prompt"])

    before = prompts("reuse_dataset_if_exists")
    del rows[5:]  # fewer rows than the cache remembers
    for row in rows:
        row["prompt"] = "new"
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    assert prompts("reuse_dataset_if_exists") == before
    assert prompts("force_redownload") == {"new"}


def test_images_of_one_name_in_two_folders_are_two_examples(tmp_path: Path) -> None:
    """Two images of one name in different folders have one image_id and are both there, each with its own key."""
    write_emonet(tmp_path)
    big = tmp_path / "emonet-face-big"
    (big / "images" / "more").mkdir()
    (big / "images" / "more" / "00000.png").write_bytes(png(77))
    for document, name in (("0", "images/00000.png"), ("1", "images/more/00000.png")):
        text = (big / "vlm" / f"{document}.json").read_text().replace(f"0000{document}.png", name)
        (big / "vlm" / f"{document}.json").write_text(text)
    builder = DiffusionFER(config_name="emonet_big", data_dir=str(tmp_path))
    generator = builder._split_generators(None)[0]
    keys = [key for key, _ in builder._generate_examples(**generator.gen_kwargs)]
    assert keys == ["images/00000.png", "images/more/00000.png"]
    assert [row["image"]["bytes"] for row in stream("emonet_big", tmp_path)["train"]] == [
        (big / key).read_bytes() for key in keys
    ]


def test_a_pickled_builder_leaves_the_open_zip_behind(faces: Any) -> None:
    """A builder that has read its zip pickles without it, and the copy reads on its own."""
    data_dir, _ = faces
    zip_folder(data_dir / "DifussionEmotion_S")
    builder = DiffusionFER(config_name="small_original", data_dir=str(data_dir))
    rows = builder._index.table.num_rows
    copy = pickle.loads(pickle.dumps(builder))
    assert "_index" not in copy.__dict__
    assert copy._index.table.num_rows == rows == 20


@pytest.mark.parametrize("config", ["emonet_hq", "emonet_binary", "emonet_big"])
@pytest.mark.parametrize("form", ["folder", "itself", "zip"])
def test_an_emonet_clone_is_found(tmp_path: Path, config: str, form: str) -> None:
    """An EmoNet folder is found in the data directory, as the data directory itself, and as a zip."""
    write_emonet(tmp_path)
    folder = tmp_path / config.replace("emonet_", "emonet-face-")
    wanted = stream(config, tmp_path)
    if form == "zip":
        zip_folder(folder)
    assert stream(config, folder if form == "itself" else tmp_path) == wanted
    assert sum(map(len, wanted.values())) == 2
