"""Pictures of a web UI made elsewhere: what they say becomes a row, what lies or says nothing is named and left."""

from __future__ import annotations

import hashlib
import io
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from tests.make.generating import read_sheet, tree
from tools.import_images import main
from tools.make import importing
from tools.make.importing import import_pictures
from tools.make.ledger import Ledger
from tools.make.prompts import NEGATIVE_PROMPT, render_prompt

PROMPT = render_prompt("sad", "black", "old", "woman", "cute", "camping")
LAST = "Steps: 50, Sampler: DPM++ 2M Karras, CFG scale: 12.0, Seed: 7, Size: 40x32, Model hash: 6ce0161689, Model: v1-5"
RECIPE = f"{PROMPT}\nNegative prompt: {NEGATIVE_PROMPT}\n{LAST}"


def picture(recipe: str | None = RECIPE, form: str = "PNG", colour: int = 0, *, packed: bool = False) -> bytes:
    """Return a picture of 40 x 32 pixels with a recipe where the web UI writes it."""
    noise = random.Random(colour).randbytes(40 * 32 * 3)
    image, out, more = Image.frombytes("RGB", (40, 32), noise), io.BytesIO(), dict[str, Any]()
    if recipe is not None and form == "PNG":
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_text("parameters", recipe, zip=packed)
    elif recipe is not None:
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + recipe.encode("utf-16-be")
        more["exif"] = exif
    image.save(out, form, **more)
    return out.getvalue()


def taken(folder: Path, data: Path, **more: Any) -> tuple[Any, list[str]]:
    """Import; return what was done and told."""
    lines: list[str] = []
    return import_pictures(folder, data, "medium", progress=False, tell=lines.append, **more), lines


@pytest.mark.parametrize(("form", "ending"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
def test_a_picture_becomes_a_row(form: str, ending: str, tmp_path: Path) -> None:
    """The file is copied to the byte; its row has the parts of the prompt and what made it."""
    content = picture(form=form)
    (tmp_path / "in" / "below").mkdir(parents=True)
    (tmp_path / "in" / "below" / f"00001-7.{ending}").write_bytes(content)
    done, lines = taken(tmp_path / "in", tmp_path / "data", split="test")
    assert ((done.files, done.imported, done.known, done.problems), lines) == ((1, 1, 0, 0), [])
    (row,) = read_sheet(tmp_path / "data")
    assert row["path"].startswith("DifussionEmotion_M/sad/")
    assert row["path"].endswith(f"_2.{ending}")
    assert (tmp_path / "data" / row["path"]).read_bytes() == content
    wanted = {
        **{"split": "test", "emotion": "sad", "race": "black", "age": "old", "gender": "woman", "style": "cute"},
        **{"others": "camping", "prompt": PROMPT, "negative_prompt": NEGATIVE_PROMPT, "seed": "7", "steps": "50"},
        **{"sampler": "DPM++ 2M Karras", "cfg_scale": "12", "model": "v1-5", "model_revision": "6ce0161689"},
        **{"sha256": hashlib.sha256(content).hexdigest(), "label_source": "prompt", "valence": "", "arousal": ""},
    }
    assert {column: row[column] for column in wanted} == wanted


def test_a_picture_is_imported_once(tmp_path: Path) -> None:
    """Neither again by a second run, nor twice by one, under whatever name; what is new is added."""
    source, data = tmp_path / "in", tmp_path / "data"
    source.mkdir()
    for name in ("a.png", "b.png"):
        (source / name).write_bytes(picture())
    done, _ = taken(source, data)
    assert (done.imported, done.known) == (1, 1)
    before = tree(data)
    done, _ = taken(source, data)
    assert (done.imported, done.known) == (0, 2)
    assert tree(data) == before
    (source / "c.png").write_bytes(picture(colour=1))
    done, _ = taken(source, data)
    assert (done.imported, done.known, len(read_sheet(data))) == (1, 2, 2)


def test_newer_versions_write_the_schedule_apart(tmp_path: Path) -> None:
    """Sampler and schedule become the one name that the sheet has."""
    tmp_path.joinpath("a.png").write_bytes(picture(RECIPE.replace(" Karras,", ", Schedule type: Karras,")))
    taken(tmp_path, tmp_path.with_name("data"))
    assert read_sheet(tmp_path.with_name("data"))[0]["sampler"] == "DPM++ 2M Karras"


BAD: dict[str, tuple[bytes, str]] = {
    "no recipe": (
        picture(None),
        "holds no recipe (a PNG's chunk 'parameters', or an EXIF user comment): only the web UI's",
    ),
    "other text": (
        picture("a nice day"),
        "holds text that is no recipe of the web UI: 'a nice day', expected 'Steps: ..., S",
    ),
    "another size": (
        picture(RECIPE.replace("40x32", "512x512")),
        "holds a recipe for '512x512', but the picture has 40x32: it is not the one that was made",
    ),
    "no number": (
        picture(RECIPE.replace("50,", "lots,")),
        "holds a recipe with Steps 'lots', expected a number from 0",
    ),
    "a negative seed": (
        picture(RECIPE.replace("Seed: 7", "Seed: -1")),
        "holds a recipe with Seed '-1', expected a number",
    ),
    "endless": (
        picture(RECIPE.replace("12.0", "inf")),
        "holds a recipe with CFG scale 'inf', expected a number from 0 to 10",
    ),
    "ten megabytes": (
        picture("a" * 10**7 + RECIPE),
        "holds a recipe of 10,000,844 characters, expected at most 65,536",
    ),
    "ten megabytes, packed": (picture("a" * 10**7 + RECIPE, packed=True), "cannot be read as a picture: "),
    "an unknown emotion": (
        picture(RECIPE.replace("sad emotion", "joy emotion")),
        "not a prompt of the grammar 'diffusionfer': character 1, at 'joy emotion, with tears, lowered head, d",
    ),
    "cut off": (picture()[:-2000], "cannot be read as a picture: "),
    "no picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "cannot be read as a picture: "),
    "empty": (b"", "cannot be read as a picture: "),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_taken_is_named(case: str, tmp_path: Path) -> None:
    """The picture stays where it is, without a row; the others are taken; the exit status is 1."""
    source, data = tmp_path / "in", tmp_path / "data"
    source.mkdir()
    content, message = BAD[case]
    (source / "bad.png").write_bytes(content)
    (source / "good.png").write_bytes(picture(colour=3))
    result = CliRunner().invoke(main, [str(source), "--data-dir", str(data), "--size", "medium"])
    assert result.exit_code == 1
    assert f"{source}/bad.png: {message}" in result.output
    assert result.output.endswith(f"{data}: 2 pictures, 1 imported, 0 known before, 1 not taken\n")
    assert (len(read_sheet(data)), len(list(data.rglob("*.png")))) == (1, 1)


def test_a_run_that_is_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded is in the sheet after the next run, which ends as one that was not stopped."""
    source = tmp_path / "in"
    source.mkdir()
    for number in range(5):
        (source / f"{number}.png").write_bytes(picture(colour=number))
    taken(source, tmp_path / "whole")
    monkeypatch.setattr(importing, "BATCH", 2)
    record, calls = Ledger.record, list[int]()

    def stop(self: Ledger, cells: Any) -> None:
        calls.append(len(cells))
        if len(calls) == 2:
            raise KeyboardInterrupt
        record(self, cells)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", stop)
        with pytest.raises(KeyboardInterrupt):
            taken(source, tmp_path / "data")
    done, _ = taken(source, tmp_path / "data")
    assert (done.known, done.imported) == (2, 3)
    assert len(read_sheet(tmp_path / "data")) == 5
    assert set(tree(tmp_path / "data")) == set(tree(tmp_path / "whole"))


def test_folders_that_cannot_be(tmp_path: Path) -> None:
    """A folder that is not there, and a data directory below the pictures, are refused with the way out."""
    for source, data, message in (
        ("none", "data", f"{tmp_path}/none is no folder: give the one that the web UI saved its pictures in"),
        (
            ".",
            "data",
            f"{tmp_path}/data lies in {tmp_path}, its pictures would be taken for new ones: give another folder",
        ),
    ):
        arguments = [str(tmp_path / source), "--data-dir", str(tmp_path / data), "--size", "small"]
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, result.output) == (2, f"error: {message}\n")
