"""Generating by a pipeline of diffusers, for real: a tiny random Stable Diffusion and a tiny CLIP on the CPU."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image, ImageChops

from tests.make.generating import Row, kill_when, pictures, planned, read_sheet, tree, write_sheet
from tests.make.tiny_models import make_clip, make_pipeline
from tools.check.images.examine import examine
from tools.generate import main
from tools.make.generation.base import GenerationError, Settings, candidate_seeds, task_of
from tools.make.generation.samplers import SAMPLERS
from tools.make.generation.walk import backend_of, generate
from tools.make.prompts import NEGATIVE_PROMPT
from tools.make.webui import parse_parameters, read_settings
from tools.prompts import main as prompts

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of the tiny models; one thread, for several fight for the cores of a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    model, clip = make_pipeline(folder / "tiny"), make_clip(folder / "clip")
    yield Settings("diffusers", model=str(model), clip=str(clip), steps=3, width=32, height=32, devices=("cpu",))
    torch.set_num_threads(before)


def made(folder: Path, settings: Settings) -> tuple[Any, list[str]]:
    """Generate in this process; return what was done and told."""
    lines: list[str] = []
    return generate(folder, settings, progress=False, tell=lines.append), lines


def scores_of(row: Row) -> dict[str, float]:
    """Return the scores of a row's candidates by their seeds, in the order of the cell."""
    return {seed: float(score) for seed, score in (part.split("=") for part in row["candidate_scores"].split())}


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
        assert row["versions"].endswith(" clip=clip prompts=webui")


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


class Scarce:
    """A pipeline on a GPU whose memory holds `most` pictures; everything else is the real one's."""

    def __init__(self, pipeline: Any, most: int) -> None:
        self.__dict__.update(pipeline=pipeline, most=most, calls=[])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pipeline, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.pipeline, name, value)

    def __call__(self, **given: Any) -> Any:
        self.calls.append(len(given["generator"]))
        if len(given["generator"]) > self.most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return self.pipeline(**given)


@pytest.fixture
def with_pipeline(settings: Settings) -> Iterator[Callable[[Callable[[Any], Any]], Any]]:
    """Put another pipeline into the backend that `generate` will use; return the backend. Undone in the end."""
    backend: Any = backend_of(settings)
    real, batch = backend.pipeline, backend.batch

    def put(change: Callable[[Any], Any]) -> Any:
        backend.__dict__["pipeline"] = change(real)
        return backend

    yield put
    backend.__dict__["pipeline"], backend.batch = real, batch


def test_out_of_memory_halves_the_batch(with_pipeline: Any, settings: Settings, tmp_path: Path) -> None:
    """It is said, the run goes on with half, and does not try the larger batch again."""
    backend = with_pipeline(lambda real: Scarce(real, 2))
    folder = write_sheet(tmp_path, planned(6))
    done, lines = made(folder, settings)
    message = "the memory of cpu is not enough for 4 pictures of 32 x 32 at a time: from here on 2"
    assert (done.made, lines) == (6, [message])
    assert backend.pipeline.calls == [4, *[2] * 9]


def test_out_of_memory_for_one_picture(with_pipeline: Any, settings: Settings, tmp_path: Path) -> None:
    """There is nothing to halve: the run ends with one line."""
    with_pipeline(lambda real: Scarce(real, 0))
    folder = write_sheet(tmp_path, planned(2))
    message = (
        "the memory of cpu is not enough for one picture of 32 x 32: end what else uses it, or take a smaller model"
    )
    with pytest.raises(GenerationError, match=f"^{message}$"):
        made(folder, settings)
    assert pictures(folder) == 0


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
        f"(seeds {seeds[number]}): change the row's seed or prompt"
        for number in (0, 1)
    ]
    for _ in range(2):
        done, lines = made(folder, strict)
        assert (done.made, done.problems, lines) == (0, 2, wanted)
        assert [row["dropped"] for row in read_sheet(folder)] == seeds
    assert pictures(folder) == 0
    done, lines = made(folder, replace(strict, safety_checker=False))
    assert (done.made, done.problems, lines) == (2, 0, [])
    assert [row["dropped"] for row in read_sheet(folder)] == ["", ""]


def test_a_picture_of_one_colour_is_dropped(with_pipeline: Any, settings: Settings, tmp_path: Path) -> None:
    """Numbers that overflow in half precision make a black picture: that is no picture of the prompt."""

    class Blackened(Scarce):
        def __call__(self, **given: Any) -> Any:
            found = self.pipeline(**given)
            found.images = [
                Image.new("RGB", image.size) if generator.initial_seed() == 1000 else image
                for image, generator in zip(found.images, given["generator"], strict=True)
            ]
            return found

    with_pipeline(lambda real: Blackened(real, 9))
    folder = write_sheet(tmp_path, planned(1))
    done, lines = made(folder, settings)
    (row,) = read_sheet(folder)
    assert (done.made, row["dropped"], "1000" in scores_of(row)) == (1, "1000", False)
    assert row["seed"] != "1000"
    assert lines[0].startswith("tiny drew pictures of a single colour, which are dropped: ")


@pytest.mark.parametrize("option", ["--model", "--clip"])
def test_a_model_that_is_not_there(option: str, settings: Settings, tmp_path: Path) -> None:
    """One line that names it and the way out, status 2, and nothing is drawn."""
    folder = write_sheet(tmp_path / "data", planned(1))
    (tmp_path / "empty").mkdir()
    models = {"--model": settings.model, "--clip": settings.clip, option: str(tmp_path / "empty")}
    arguments = [part for pair in models.items() for part in pair]
    result = CliRunner().invoke(main, ["images", str(folder), "--backend", "diffusers", *arguments])
    what = {"--model": "pipeline", "--clip": "CLIP model"}[option]
    hint = f"give {option} a folder that has one, or download it once where there is a network ("
    assert result.exit_code == 2
    assert result.output.startswith(f"error: {str(tmp_path / 'empty')!r} cannot be loaded as a {what}: {hint}")
    assert (result.output.count("\n"), pictures(folder)) == (1, 0)
