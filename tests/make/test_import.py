"""Pictures of a web UI made elsewhere: what they say becomes a row, what lies or says nothing is named and left."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
from array import array
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from tests.make.generating import read_sheet, tree
from tools.import_images import main
from tools.make import importing, recipe_row
from tools.make.generation.base import Settings
from tools.make.generation.walk import generate
from tools.make.grammar_file import load
from tools.make.importing import import_pictures
from tools.make.ledger import Ledger
from tools.make.plan_file import Written, write_plan
from tools.make.planned import plan
from tools.make.prompts import GRAMMAR, NEGATIVE_PROMPT, render_prompt
from tools.make.webui import write_parameters

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


def row_of(recipe: str, folder: Path) -> dict[str, str]:
    """Import one picture with this recipe; return its row."""
    (folder / "in").mkdir()
    (folder / "in" / "a.png").write_bytes(picture(recipe))
    assert taken(folder / "in", folder / "data")[1] == []
    (row,) = read_sheet(folder / "data")
    return row


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
    row = row_of(RECIPE.replace(" Karras,", ", Schedule type: Karras,"), tmp_path)
    assert (row["sampler"], row["versions"]) == ("DPM++ 2M Karras", "webui=unknown")


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
        "holds a recipe with Steps 'lots', expected a whole number from 1 to 1000: mend the recipe, or leave the",
    ),
    "a negative seed": (
        picture(RECIPE.replace("Seed: 7", "Seed: -1")),
        "holds a recipe with Seed '-1', expected a whole number from 0 to 9",
    ),
    "no steps": (
        picture(RECIPE.replace("Steps: 50", "Steps: 0")),
        "holds a recipe with Steps '0', expected a whole number from 1 to 1000: ",
    ),
    "a number as Python writes it": (
        picture(RECIPE.replace("Seed: 7", "Seed: 1_0")),
        "holds a recipe with Seed '1_0', expected a whole number from 0 to 9223372036854775807: mend the recipe, or",
    ),
    "digits of another script": (
        picture(RECIPE.replace("Seed: 7", "Seed: ٣"), "JPEG"),
        "holds a recipe with Seed '٣', expected a whole number from 0 to",
    ),
    "a seed beyond 64 bits": (
        picture(RECIPE.replace("Seed: 7", "Seed: 9223372036854775808")),
        "holds a recipe with Seed '9223372036854775808', expected a whole number from 0 to",
    ),
    "a formula": (
        picture(RECIPE.replace("DPM++ 2M Karras", "=1+1")),
        "holds a recipe with Sampler '=1+1', expected plain text but it has the beginning of a formula: mend the",
    ),
    "a formula for a model": (
        picture(RECIPE.replace("Model: v1-5", "Model: =cmd|calc")),
        "holds a recipe with Model '=cmd|calc', expected plain text but it has the beginning of a formula: mend the",
    ),
    "a formula behind a path": (
        picture(RECIPE.replace("Model: v1-5", "Model: /home/@SUM(A1)")),
        "holds a recipe with Model '@SUM(A1)', expected plain text but it has the beginning of a formula: mend the",
    ),
    "an order to the terminal": (
        picture(RECIPE.replace("Model: v1-5", "Model: \x1b[2Jv1-5")),
        "holds a recipe with Model '\\x1b[2Jv1-5', expected plain text but it has a character that nobody sees: mend",
    ),
    "a long name": (
        picture(RECIPE.replace("Model: v1-5", "Model: " + "v" * 300)),
        f"holds a recipe with Model '{'v' * 40}', expected plain text but it has 300 characters: mend the recipe, or",
    ),
    "another size, and a setting that is none": (
        picture(RECIPE.replace("Size: 40x32", "Size: 9999x1, Hires foo: 1")),
        "holds a recipe for '9999x1', but the picture has 40x32: it is not the one that was made",
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


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Whatever is called x.png and is no file is named."""
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in" / "x.png")
    done, lines = taken(tmp_path / "in", tmp_path / "data")
    assert (done.files, done.problems) == (1, 1)
    assert lines == [f"{tmp_path}/in/x.png: is no file but a pipe, a device or the like: take it out of the folder"]


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("/home/me/secret/x.safetensors", "x.safetensors"),
        (r"C:\models\x.ckpt", "x.ckpt"),
        ("models/x.safetensors", "x.safetensors"),
        ("../secret/", "secret"),
        ("runwayml/stable-diffusion-v1-5", "runwayml/stable-diffusion-v1-5"),
    ],
)
def test_a_model_that_is_a_path_becomes_its_file_name(said: str, model: str, tmp_path: Path) -> None:
    """Where a model lay is of no use to others; an id of the Hub is."""
    more = RECIPE.replace("Model: v1-5", f"Model: {said}, Version: v1.9.4").replace("Size: 40x32", "Size: 20x16")
    row = row_of(f"{more}, Hires upscale: 2", tmp_path)
    assert (row["model"], row["model_revision"], row["versions"]) == (model, "6ce0161689", "webui=v1.9.4")


@pytest.mark.parametrize(
    ("old", "new", "cells"),
    [
        ("of cute woman", "of (cute:1.2) ((woman))", {"style": "cute", "gender": "woman"}),
        ("of cute woman", "of handsome woman", {"style": "handsome", "gender": "woman"}),
        ("of cute woman", "of [handsome] woman", {"style": "handsome", "gender": "woman"}),
    ],
)
def test_a_prompt_is_read_as_the_web_ui_reads_it(old: str, new: str, cells: dict[str, str], tmp_path: Path) -> None:
    """Weights are passed over, and what goes with what is a rule for designs; the row has the prompt as it was."""
    row = row_of(RECIPE.replace(old, new), tmp_path)
    assert {column: row[column] for column in cells} == cells
    assert row["prompt"] == PROMPT.replace(old, new)


def test_prompts_of_a_grammar_of_ones_own(tmp_path: Path) -> None:
    """Its values are read; a prompt without an emotion, and a grammar of other columns, are named."""
    source, data, file = tmp_path / "in", tmp_path / "data", tmp_path / "mine.json"
    source.mkdir()
    own = {"name": "mine", "extends": "diffusionfer", "add": {"style": ["curly hair"]}}
    template = "[{emotion}, ]{race} {age} style, a realistic portrait of [{style} ]{gender}, upper body[, {others}]"
    file.write_text(json.dumps({**own, "template": template, "crossed": ["race", "age", "gender"]}))
    (source / "a.png").write_bytes(picture(RECIPE.replace("cute", "curly hair")))
    bare = RECIPE.replace("sad emotion, with tears, lowered head, droopy eyebrows, ", "")
    (source / "b.png").write_bytes(picture(bare))
    command = [str(source), "--data-dir", str(data), "--size", "medium", "--grammar"]
    result = CliRunner().invoke(main, [*command, str(file)])
    assert result.exit_code == 1
    assert result.stderr == (
        f"{source}/b.png: has a prompt that names no emotion, which a row must have: 'black old style, a realistic "
        "portrait of'\n"
    )
    assert [row["style"] for row in read_sheet(data)] == ["curly hair"]
    result = CliRunner().invoke(main, [*command, "emonet"])
    expected = (
        "error: the grammar 'emonet' has 'ethnicity', expected emotion, race, age, gender, style, others, or some"
    )
    assert (result.exit_code, result.stderr) == (2, f"{expected} of it\n")
    file.write_text(json.dumps({**own, "tables": {"emotion": ["sad", "bored"]}}))
    result = CliRunner().invoke(main, [*command, str(file)])
    assert result.stderr.startswith("error: the grammar 'mine' has the emotion 'bored', expected neutral, happy, sad")


def test_a_picture_whose_file_is_gone_is_put_there_again(tmp_path: Path) -> None:
    """At the place of its row, which keeps what people have changed; the others are known."""
    source, data = tmp_path / "in", tmp_path / "data"
    source.mkdir()
    for number in range(3):
        (source / f"{number}.png").write_bytes(picture(colour=number))
    taken(source, data)
    sheet = data / "dataset_sheet.csv"
    sheet.write_text(sheet.read_text().replace("train", "test"))
    before, rows = tree(data), read_sheet(data)
    (data / rows[1]["path"]).unlink()
    done, lines = taken(source, data)
    assert (done.imported, done.known, done.problems, lines) == (1, 2, 0, [])
    assert tree(data) == before


def test_imported_pictures_and_a_design_share_a_size(tmp_path: Path) -> None:
    """Whichever comes first, the design is begun and made longer, and still no other is appended to it."""
    source, data = tmp_path / "in", tmp_path / "data"
    source.mkdir()
    planned = plan(load("diffusionfer"))
    for number in range(3):
        (source / f"{number}.png").write_bytes(picture(colour=number))
        assert taken(source, data)[0].imported == 1
        assert write_plan(planned, data, 10 * number + 10, append=True).added == 10
    paths = [row["path"] for row in read_sheet(data)]
    assert len(set(paths)) == len(paths) == 33
    assert write_plan(planned, data, 30) == Written(data / "dataset_sheet.csv", 30, 0)
    with pytest.raises(ValueError, match=r"row 3: path is '.*', but row 1 of this design has '.*': give the size, the"):
        write_plan(plan(load("diffusionfer"), seed=1), data, 40, append=True)


def test_a_design_that_was_drawn_is_not_one_for_a_model(tmp_path: Path) -> None:
    """The renderer draws no row that was designed for a model, so its pictures tell the two designs apart."""
    planned = plan(load("diffusionfer"))
    write_plan(planned, tmp_path, 3)
    assert generate(tmp_path, Settings("sketch"), workers=1, progress=False).made == 3
    assert write_plan(planned, tmp_path, 3).added == 0
    other = plan(load("diffusionfer"), backend="diffusers")
    with pytest.raises(ValueError, match="is there already and is not overwritten"):
        write_plan(other, tmp_path, 3)
    with pytest.raises(ValueError, match=r"model is 'diffusionfer-sketch-.*', but row 1 of this design has ''"):
        write_plan(other, tmp_path, 4, append=True)


def test_an_imported_picture_that_is_drawn_again_stays_one(tmp_path: Path) -> None:
    """Whoever draws it: designs know it by a mark that import alone writes."""
    source, data, planned = tmp_path / "in", tmp_path / "data", plan(load("diffusionfer"))
    source.mkdir()
    (source / "a.png").write_bytes(picture())
    taken(source, data)
    (row,) = read_sheet(data)
    with Ledger(data / "dataset_sheet.csv") as ledger:
        ledger.record({row["path"]: {"versions": "torch=2 diffusers=1", "sha256": "0" * 64}})
    assert write_plan(planned, data, 10, append=True).added == 10


def test_a_name_that_the_design_will_give_is_told(tmp_path: Path) -> None:
    """A picture that was imported under it comes first: no row stands twice."""
    planned, source, data = plan(load("diffusionfer")), tmp_path / "in", tmp_path / "data"
    source.mkdir()
    (source / "a.png").write_bytes(picture())
    taken(source, data)
    sheet = data / "dataset_sheet.csv"
    (row,) = read_sheet(data)
    name = next(iter(planned.rows(0, 5)))[4][0]
    sheet.write_text(sheet.read_text().replace(row["path"], name))
    with pytest.raises(ValueError, match=f"{name} is an imported picture, and the name of row 5 of this design: give"):
        write_plan(planned, data, 5, append=True)


SAID = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(["=1", "/a/@b", "-", "0", "٣"])


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("Sampler", "Model", "Model hash", "Version", "Seed"), SAID)))
def test_no_cell_is_an_order(said: dict[str, str]) -> None:
    """Whatever a recipe says, it is refused, or its cells are plain text on one line that is no formula."""
    settings = {"Steps": "5", "Seed": "1", **said}
    recipe = write_parameters(PROMPT, "", {name: text.replace("\0", "") for name, text in settings.items()})
    try:
        cells = recipe_row.row_of(picture(recipe), GRAMMAR)
    except ValueError:
        return
    assert all(cell.isprintable() and not cell.startswith(("=", "+", "-", "@")) for cell in cells.values())
    assert "/" not in cells["model"] or cells["model"].count("/") == 1
    assert cells["seed"].isascii()
    assert len(cells["versions"].split()) == 1


@given(st.lists(st.binary(max_size=2)), st.lists(st.binary(max_size=2)))
def test_what_is_known_in_little_memory(first: list[bytes], then: list[bytes]) -> None:
    """A set of which most is a sorted array has what a set has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "LATEST", 3)
        texts = importing._Texts(array("Q", map(importing._number, first)))
        for number, text in enumerate(then):
            assert (text in texts) == (text in {*first, *then[:number]})
            texts.add(text)
        assert all(text in texts for text in (*first, *then))


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
    assert tree(tmp_path / "data") == tree(tmp_path / "whole")


def test_folders_that_cannot_be(tmp_path: Path) -> None:
    """A folder that is not there, and a data directory that cannot be, are refused with the way out."""
    (tmp_path / "in").mkdir()
    (tmp_path / "file").touch()
    for source, data, message in (
        ("none", "data", f"{tmp_path}/none is no folder: give the one that the web UI saved its pictures in"),
        ("in", "file/data", f"{tmp_path}/file/data cannot be made (Not a directory): give another folder"),
        (
            ".",
            "data",
            f"{tmp_path}/data lies in {tmp_path}, its pictures would be taken for new ones: give another folder",
        ),
    ):
        arguments = [str(tmp_path / source), "--data-dir", str(tmp_path / data), "--size", "small"]
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, result.output) == (2, f"error: {message}\n")
