"""What stops a pipeline of diffusers, for real or made up: too little memory, numbers that overflow, no such model."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from tests.make.generating import ROOT, made, pictures, planned, read_sheet, scores_of, tiny_settings, write_sheet
from tools.generate import main
from tools.make.generation.base import GenerationError, Settings, task_of
from tools.make.generation.diffusion import DiffusersBackend
from tools.make.generation.loading import load_clip
from tools.make.generation.reranking import Reranker
from tools.make.generation.walk import backend_of

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of the tiny models."""
    with tiny_settings(tmp_path_factory.mktemp("models")) as found:
        yield found


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
    real, batch = backend.pipeline, backend.memory.batch

    def put(change: Callable[[Any], Any]) -> Any:
        backend.__dict__["pipeline"] = change(real)
        return backend

    yield put
    backend.__dict__["pipeline"], backend.memory.batch = real, batch


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


OUT_OF_MEMORY = {
    "torch's own": torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    "of a library": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "of the machine": MemoryError(),
}


@pytest.mark.parametrize("kind", OUT_OF_MEMORY)
def test_out_of_memory_in_scoring_halves_the_batch(
    kind: str, with_pipeline: Any, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLIP's pictures are divided like the pipeline's; where one is too much, one line says so."""
    with_pipeline(lambda real: real)
    most, calls, scores = 1, list[int](), Reranker.scores

    def scarce(self: Reranker, prompt: str, images: Any) -> list[float]:
        calls.append(len(images))
        if len(images) > most:
            raise OUT_OF_MEMORY[kind]
        return scores(self, prompt, images)

    monkeypatch.setattr(Reranker, "scores", scarce)
    done, lines = made(write_sheet(tmp_path / "one", planned(2)), settings)
    assert (done.made, calls) == (2, [3, *[1] * 6])
    assert lines == ["the memory of cpu is not enough for 3 scores by CLIP at a time: from here on 1"]
    most = 0
    message = "the memory of cpu is not enough for one score by CLIP: end what else uses it, or take a smaller model"
    with pytest.raises(GenerationError, match=f"^{message}$"):
        made(write_sheet(tmp_path / "none", planned(2)), settings)


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("tools.make.generation.diffusion.embed", "the words of one prompt"),
        ("diffusers.DiffusionPipeline.to", "the model {model}"),
        ("transformers.CLIPModel.to", "the CLIP model {clip}"),
        ("diffusers.StableDiffusionPipeline.__call__", "one picture of 32 x 32"),
    ],
)
@pytest.mark.parametrize("kind", OUT_OF_MEMORY)
def test_out_of_memory_elsewhere(
    kind: str, place: str, what: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be divided ends the run with one line, wherever it happens."""

    def full(*_: Any, **__: Any) -> None:
        raise OUT_OF_MEMORY[kind]

    monkeypatch.setattr(place, full)
    backend = DiffusersBackend(settings)  # one that has nothing yet
    row = {**planned(1)[0]}
    said = f"the memory of cpu is not enough for {what.format(model=settings.model, clip=settings.clip)}: end what"
    with pytest.raises(GenerationError, match=f"^{re.escape(said)}"):
        backend.draw([task_of(2, row["path"], row, settings)])


def test_other_errors_of_the_device_are_not_taken_for_memory(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are no matter of the batch."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("expected scalar type Half but found Float")

    monkeypatch.setattr(Reranker, "scores", broken)
    with pytest.raises(RuntimeError, match=r"^expected scalar type"):
        made(write_sheet(tmp_path, planned(1)), settings)


@pytest.mark.parametrize("option", ["--model", "--clip"])
def test_a_model_of_the_hub_that_cannot_be_reached(option: str, settings: Settings, tmp_path: Path) -> None:
    """The Hub is asked once: one line, which ends with a whole word, and nothing of the libraries' own."""
    folder = write_sheet(tmp_path / "data", planned(1))
    models = {"--model": settings.model, "--clip": settings.clip, option: "nobody/nothing"}
    command = [sys.executable, str(ROOT / "tools" / "generate.py"), "images", str(folder), "--backend", "diffusers"]
    environment = {**os.environ, "HF_HOME": str(tmp_path / "cache"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run(
        [*command, *(part for pair in models.items() for part in pair)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"error: 'nobody/nothing' cannot be loaded as a .*: give {option} a .*[.)]\)?\n", done.stderr)


def test_clip_of_the_cache(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was downloaded is found without a network, with its commit; the first kind of weights is enough."""
    import huggingface_hub

    commit, asked = "0123456789abcdef" * 2, list[list[str]]()
    folder = Path(shutil.copytree(settings.clip, tmp_path / "snapshots" / commit))

    def snapshot_download(model: str, allow_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert load_clip("some/clip", "cpu").revision == commit
    assert [patterns[-1] for patterns in asked] == ["model*.safetensors"]
    (folder / "model.safetensors").unlink()
    with pytest.raises(GenerationError, match=r"^'some/clip' cannot be loaded as a CLIP model: "):
        load_clip("some/clip", "cpu")
    assert [patterns[-1] for patterns in asked[1:]] == ["model*.safetensors", "pytorch_model*.bin"]


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
