"""Generating by a pipeline of diffusers, for real: a tiny random Stable Diffusion and a tiny CLIP on the CPU."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image, ImageChops

from tests.make.generating import (
    kill_when,
    made,
    pictures,
    planned,
    read_sheet,
    scores_of,
    tiny_settings,
    tree,
    write_sheet,
)
from tools.check.images.examine import examine
from tools.generate import main
from tools.make.generation.base import Settings, candidate_seeds, task_of
from tools.make.generation.samplers import SAMPLERS
from tools.make.generation.walk import backend_of
from tools.make.prompts import NEGATIVE_PROMPT
from tools.make.webui import parse_parameters, read_settings
from tools.prompts import main as prompts

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of the tiny models."""
    with tiny_settings(tmp_path_factory.mktemp("models")) as found:
        yield found


@pytest.fixture(scope="module")
def whole(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten rows, made without a disturbance."""
    folder = write_sheet(tmp_path_factory.mktemp("whole"), planned(10))
    done, lines = made(folder, settings)
    assert (done.made, done.problems, lines) == (10, 0, [])
    return folder


def test_the_sheet_says_what_made_a_picture(whole: Path) -> None:
    """The best of three is kept, by its score; its seed, the settings and the versions are in the row."""
    for number, row in enumerate(read_sheet(whole)):
        scores = scores_of(row)
        assert [*scores] == row["candidate_seeds"].split()
        assert [*scores] == [str(seed) for seed in candidate_seeds(1000 + number, 3)]
        assert len({*scores.values()}) == 3
        best = max(scores, key=scores.__getitem__)
        assert (float(row["clip_score"]), row["seed"]) == (scores[best], best)
        assert (row["model"], row["sampler"], row["steps"], row["cfg_scale"]) == ("tiny", "DPM++ 2M Karras", "3", "12")
        assert (row["negative_prompt"], row["label_source"]) == (NEGATIVE_PROMPT, "prompt")
        assert f"torch={torch.__version__} diffusers=" in row["versions"]
        assert row["versions"].endswith(" clip=clip prompts=webui precision=float32 device=cpu")
        assert (row["width"], row["height"]) == ("32", "32")


def test_the_picture_says_what_made_it(whole: Path) -> None:
    """The recipe in the PNG is that of the row, as the checks read it; the pixels are those of a picture."""
    for row in read_sheet(whole)[:3]:
        found = examine((whole / row["path"]).read_bytes(), pixels=True)
        assert (found.problem, found.colour) == (None, None)
        recipe = parse_parameters(found.metadata.parameters)
        assert recipe.pop("schedule") == ""
        assert recipe == {column: row[column] for column in recipe}
        said = read_settings(found.metadata.parameters)
        assert (said["Size"], said["Model"], said["Version"][:9]) == ("32x32", "tiny", "diffusers")


def test_a_row_can_be_made_again(whole: Path, settings: Settings, tmp_path: Path) -> None:
    """Files that are removed come back to the byte, though their rows now have the seed of the one that was kept."""
    folder = Path(shutil.copytree(whole, tmp_path / "data"))
    for row in read_sheet(folder)[:4]:
        (folder / row["path"]).unlink()
    assert made(folder, settings)[0].made == 4
    assert tree(folder) == tree(whole)


@pytest.mark.parametrize("count", [1])
def test_a_killed_run_goes_on_where_it_was(whole: Path, settings: Settings, tmp_path: Path, count: int) -> None:
    """Killed (SIGKILL) after the first pictures, and run again: byte for byte the tree of a run that was not."""
    folder = write_sheet(tmp_path / "data", planned(10))
    options = ["--steps", "3", "--width", "32", "--height", "32", "--device", "cpu", "--backend", "diffusers"]
    kill_when(folder, [*options, "--model", settings.model, "--clip", settings.clip], count, seed=5)
    before = pictures(folder)
    assert before >= count
    done, _ = made(folder, settings)
    assert (done.there >= before, done.there + done.made) == (True, 10)
    assert tree(folder) == tree(whole)


def test_pictures_of_an_emonet_folder(settings: Settings, tmp_path: Path) -> None:
    """They lie beside its side file, which says what made them; they can be made again, and longer designs go on."""
    folder, side = tmp_path / "emonet-face-big", tmp_path / "emonet-face-big" / "metadata.csv"
    design = ["design", "--grammar", "emonet", str(folder), "--count"]
    assert CliRunner().invoke(prompts, [*design, "4"]).exit_code == 0
    done, lines = made(folder, settings)
    assert (done.rows, done.made, done.problems, lines) == (4, 4, 0, [])
    first = tree(folder)
    rows = read_sheet(folder, side.name)
    assert {*first} == {side.name, *(row["file_name"] for row in rows)}
    assert all(row["sha256"] == first[row["file_name"]] and row["label_source"] == "prompt" for row in rows)
    assert CliRunner().invoke(prompts, [*design, "6", "--append"]).exit_code == 0
    (folder / rows[2]["file_name"]).unlink()
    again, _ = made(folder, settings)
    assert (again.rows, again.there, again.made) == (6, 3, 3)
    assert {name: sha256 for name, sha256 in tree(folder).items() if name in first and name != side.name} == {
        name: sha256 for name, sha256 in first.items() if name != side.name
    }
    for given, message in (
        (["--backend", "sketch"], "asks for what the sketch renderer does not draw: give --backend diffusers"),
        (["--backend", "diffusers", "--size", "small"], "has no sizes: leave --size out"),
    ):
        result = CliRunner().invoke(main, ["images", str(folder), *given])
        assert (result.exit_code, result.stderr) == (2, f"error: {side} {message}\n")


def test_the_size_of_a_batch_hardly_matters(whole: Path, settings: Settings, tmp_path: Path) -> None:
    """Each picture has its own noise: one at a time and four at a time differ by rounding, one level of 255 at most."""
    folder = write_sheet(tmp_path, planned(10))
    made(folder, replace(settings, batch=1))
    for one, four in zip(read_sheet(folder), read_sheet(whole), strict=True):
        assert one["seed"] == four["seed"]
        assert scores_of(one) == pytest.approx(scores_of(four), abs=0.02)
        with Image.open(folder / one["path"]) as first, Image.open(whole / four["path"]) as second:
            extrema: Any = ImageChops.difference(first, second).getextrema()
        assert max(high for _, high in extrema) <= 1


def test_every_sampler_draws(settings: Settings) -> None:
    """Each name of the table is a scheduler that the model can be drawn with, and they draw differently."""
    backend = backend_of(settings)
    seen = set()
    for name in SAMPLERS:
        row = {"path": "a/b.png", "prompt": "happy emotion", "sampler": name, "seed": "3"}
        (one,) = backend.draw([task_of(2, row["path"], row, replace(settings, sampler=None, candidates=1))]).made
        assert one.content
        with Image.open(io.BytesIO(one.content)) as image:
            assert f"Sampler: {name}, " in image.info["parameters"]
            seen.add(image.tobytes())
    assert len(seen) == len(SAMPLERS)


def test_rows_of_several_settings_in_one_batch(settings: Settings, tmp_path: Path) -> None:
    """Rows that differ in settings and in the length of their prompts are drawn by themselves, each as alone."""
    rows = planned(4)
    rows[1]["width"], rows[2]["steps"] = "48", "2"
    rows[3] |= {"prompt": "happy emotion, " * 60, "negative_prompt": "ugly"}
    rows = [{"width": "", **row} for row in rows]
    free = replace(settings, width=None, steps=None, height=32, candidates=1)
    for row in rows:
        row["width"], row["steps"] = row["width"] or "32", row["steps"] or "3"
    folder = write_sheet(tmp_path / "together", rows)
    assert made(folder, free)[0].made == 4
    for number, row in enumerate(rows):
        alone = write_sheet(tmp_path / str(number), [row])
        made(alone, free)
        assert (alone / row["path"]).read_bytes() == (folder / row["path"]).read_bytes()


def test_vectors_of_a_plain_prompt_are_the_pipelines(settings: Settings) -> None:
    """Without weights and in one piece, a prompt is embedded as diffusers does; a long one loses nothing."""
    from tools.make.generation.weighting import embed, pieces

    pipeline: Any = backend_of(settings).pipeline  # type: ignore[attr-defined]
    tokenizer, encoder = pipeline.tokenizer, pipeline.text_encoder
    prompt = "happy emotion, with open mouth, zebra"
    with torch.inference_mode():
        theirs, _ = pipeline.encode_prompt(prompt, "cpu", 1, False)
        assert torch.equal(embed(pieces(prompt, tokenizer), tokenizer, encoder), theirs)
        weighted = embed(pieces("happy emotion, (with open mouth:1.5), zebra", tokenizer), tokenizer, encoder)
    assert not torch.allclose(weighted, theirs, atol=1e-3)
    assert float(weighted.mean()) == pytest.approx(float(theirs.mean()), rel=1e-4)
    parts = pieces(NEGATIVE_PROMPT, tokenizer)
    assert len(parts) > 1
    assert all(len(part) <= 75 for part in parts)
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    assert all(part[-1][0] == comma or len(part) == 75 for part in parts[:-1])
    tokens = [token for part in parts for token, _ in part]
    assert tokenizer.decode(tokens).count("mouth") == 0
    assert tokenizer.decode(tokens).replace(" ", "").endswith("extradigit,futa")


def test_what_the_safety_checker_drops(settings: Settings, tmp_path: Path) -> None:
    """Nothing that it flags is kept; what is dropped is recorded, said, and not drawn again; it can be left out."""
    unsafe = tmp_path / "unsafe"
    shutil.copytree(settings.model, unsafe)
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    checker: Any = StableDiffusionSafetyChecker.from_pretrained(unsafe / "safety_checker")
    torch.nn.init.constant_(checker.concept_embeds_weights, -2.0)  # whatever is shown is nearer than that
    checker.save_pretrained(unsafe / "safety_checker")
    folder = write_sheet(tmp_path / "data", planned(2))
    strict = replace(settings, model=str(unsafe), candidates=2)
    seeds = [" ".join(map(str, candidate_seeds(1000 + number, 2))) for number in (0, 1)]
    wanted = [
        f"{folder}/dataset_sheet.csv, row {number + 2}: every candidate was dropped, as unsafe or of one colour "
        f"(seeds {seeds[number]}): change the row's seed or prompt, or the model or its settings"
        for number in (0, 1)
    ]
    for _ in range(2):
        done, lines = made(folder, strict)
        assert (done.made, done.problems, lines) == (0, 2, wanted)
        assert [row["dropped"] for row in read_sheet(folder)] == seeds
    assert pictures(folder) == 0
    rows = read_sheet(folder)
    rows[0]["prompt"] += ", smiling"
    write_sheet(folder, rows)
    done, lines = made(folder, strict)
    assert (done.problems, lines) == (2, [wanted[1], wanted[0]])  # the second is not tried; the first is, again
    marks = [row["dropped_as"] for row in read_sheet(folder)]
    assert (marks[0] != rows[0]["dropped_as"], marks[1]) == (True, rows[1]["dropped_as"])
    for number, other in enumerate((replace(strict, safety_checker=False), replace(strict, model=settings.model))):
        copy = Path(shutil.copytree(folder, tmp_path / str(number)))
        done, lines = made(copy, other)
        assert (done.made, done.problems, lines) == (2, 0, [])
        assert [row["dropped"] + row["dropped_as"] for row in read_sheet(copy)] == ["", ""]
        assert [row["versions"].endswith(" safety=off") for row in read_sheet(copy)] == [number == 0] * 2
