"""Reports are deterministic, escape what strangers name, and the Hub's metadata survives its own reader."""

from __future__ import annotations

import errno
import json
import os
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results
from markdown_it import MarkdownIt
from playwright.sync_api import sync_playwright

from DiffusionFER import EMOTIONS
from tools.use.evaluate.evaluation import Data, Settings, evaluate
from tools.use.evaluate.hub import eval_results, model_index
from tools.use.evaluate.mapping import Mapping40
from tools.use.evaluate.output import NAMES, files, write_files
from tools.use.evaluate.picture import draw_confusion
from tools.use.evaluate.predictions import Predictions
from tools.use.evaluate.report import render_json, render_markdown, render_text
from tools.use.evaluate.result import Confusion, Evaluation
from tools.use.evaluate.truth import Faces

HUB = Data("FER-Universe/DiffusionFER@0123456789ab", "small_cropped", "test", "FER-Universe/DiffusionFER", "0" * 40)
IDS = pa.array([f"id-{number}" for number in range(60)], pa.large_string())


def evaluation(data: Data = HUB, name: str = "p.csv", constant: bool = False) -> Evaluation:
    """Return an evaluation of sixty pictures."""
    generator = np.random.default_rng(0)
    truth = np.arange(60) % 7
    affect = {name: generator.uniform(-1, 1, 60) for name in ("valence", "arousal")}
    if constant:
        affect["valence"][:] = 0.25
    near = {name: np.clip(of + generator.normal(0, 0.2, 60), -1, 1) for name, of in affect.items()}
    said = np.where(generator.random(60) < 0.7, truth, generator.integers(0, 7, 60))
    predictions = Predictions(name, "ab" * 32, IDS, said, near)
    return evaluate(predictions, Faces(IDS, EMOTIONS, truth, affect), data, Settings(samples=50))


def test_the_same_evaluation_gives_the_same_bytes() -> None:
    """Twice the same, and with another seed other intervals but the same figures."""
    assert files(evaluation(), "m") == files(evaluation(), "m")


def test_json_holds_everything_in_full() -> None:
    """Figures, intervals, what was evaluated on what, and by which resamples."""
    found = evaluation()
    document = json.loads(render_json(found))
    assert document["format"] == 1
    assert document["data"] == {
        "name": HUB.name, "repo_id": HUB.repo_id, "revision": HUB.revision, "config": "small_cropped",
        "split": "test", "pictures": 60,
    }  # fmt: skip
    assert document["predictions"] == {"file": "p.csv", "sha256": "ab" * 32}
    assert document["bootstrap"] == {"samples": 50, "seed": 0, "level": 0.95, "interval": "percentile"}
    accuracy = document["tables"]["classes"]["rows"][0]["accuracy"]
    estimate = found.tables[0].rows[0].figures["accuracy"]
    assert accuracy == {
        "value": estimate.value, "low": estimate.low, "high": estimate.high, "resamples": 50,
    }  # fmt: skip
    assert sum(map(sum, document["confusion_matrix"]["counts"])) == 60


def test_text_says_what_is_not_defined() -> None:
    """A constant truth has no CCC: a dash, and a line that says why; JSON has null."""
    found = evaluation(constant=True)
    text = render_text(found)
    assert "valence: every truth is 0.25, so CCC and PCC are not defined" in text
    [line] = [line for line in text.splitlines() if line.startswith("valence  ")]
    assert line.split()[1:4] == ["60", "-", "-"]
    assert "nan" not in text.lower().replace("dominan", "")
    row = json.loads(render_json(found))["tables"]["valence_and_arousal"]["rows"][0]
    assert row["CCC"] == {"value": None, "low": None, "high": None, "resamples": 0}


HOSTILE = "a|b<script>alert(1)</script>`**[x](http://evil.example)\x1b[31m.csv"


def test_names_of_strangers_are_shown_as_they_are() -> None:
    """Neither Markdown, HTML nor a terminal obeys what a file is called."""
    found = evaluation(Data("<b>set</b>|x"), HOSTILE)
    text = render_text(found)
    assert "\x1b" not in text
    page = MarkdownIt("commonmark").enable("table").render(render_markdown(found))
    assert "<script" not in page
    assert "<b>" not in page
    assert "<a " not in page
    assert "&lt;b&gt;set&lt;/b&gt;|x" in page
    assert "\x1b" not in page


def test_classes_of_strangers_are_shown_as_they_are() -> None:
    """Classes are named by a mapping: in every report they are text."""
    names = ["<i>x</i>", "a|b", "=1+1"]
    mapping = Mapping40("m`|", {"Fear": names[0], "Anger": names[1], "Relief": names[2]})
    scores = {name: np.random.default_rng(place).normal(size=60) for place, name in enumerate(mapping.of)}
    predictions = Predictions("p.csv", "0" * 64, IDS, None, {}, scores)
    truth = Faces(IDS, names, np.arange(60) % 3, {})
    found = evaluate(predictions, truth, Data("set"), Settings(samples=10, mapping=mapping))
    page = MarkdownIt("commonmark").enable("table").render(render_markdown(found))
    assert "<i>" not in page
    assert page.count("<td>a|b</td>") == 3
    assert found.confusion
    ET.fromstring(draw_confusion(found.confusion) or b"")


def test_markdown_tables_are_whole() -> None:
    """Every row has the cells of its head, and the picture is shown."""
    text = render_markdown(evaluation(), "confusion.svg")
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    for lines in tables:
        assert len({line.count("|") for line in lines}) == 1
    assert "](confusion.svg)" in text


def test_model_index_survives_the_hubs_reader() -> None:
    """What huggingface_hub reads back are the figures, where they are from, and their intervals."""
    found = evaluation()
    card = ModelCard(f"---\n{model_index(found, 'my-model')}---\n# A model\n")
    assert card.data.to_dict()["model-index"][0]["name"] == "my-model"
    name, results = model_index_to_eval_results(yaml.safe_load(model_index(found, "my-model"))["model-index"])
    assert (name, len(results)) == ("my-model", 10)
    first = results[0]
    assert (first.dataset_type, first.dataset_name) == ("FER-Universe/DiffusionFER", "DiffusionFER")
    assert (first.dataset_config, first.dataset_split, first.dataset_revision) == ("small_cropped", "test", "0" * 40)
    for result, (headline, estimate) in zip(results, found.headlines, strict=True):
        assert (result.metric_type, result.metric_name) == (headline.metric, headline.name)
        assert result.metric_value == estimate.value
        assert (result.metric_args or {})["confidence_interval"] == [estimate.low, estimate.high]
    assert {(of.task_type, of.task_name) for of in results} == {
        ("image-classification", "Facial expression recognition")
    }


def test_eval_results_survive_the_hubs_reader() -> None:
    """The newer form: an entry a figure, each a task of its own."""
    found = evaluation()
    entries = parse_eval_result_entries(yaml.safe_load(eval_results(found)))
    assert [entry.value for entry in entries] == [estimate.value for _, estimate in found.headlines]
    tasks = [entry.task_id for entry in entries]
    assert len(set(tasks)) == len(tasks)
    assert tasks[:3] == [
        "small_cropped_test_all_classes_accuracy",
        "small_cropped_test_all_classes_macro_f1",
        "small_cropped_test_valence_ccc",
    ]
    assert {(entry.dataset_id, entry.dataset_revision) for entry in entries} == {(HUB.repo_id, "0" * 40)}
    assert (entries[0].notes or "").startswith("Accuracy; 95% interval 0.")


def test_what_is_not_defined_is_no_result() -> None:
    """The Hub gets no null; and nothing at all about data that is not its own."""
    found = evaluation(constant=True)
    _, results = model_index_to_eval_results(yaml.safe_load(model_index(found, "m"))["model-index"])
    assert [of.metric_name for of in results if "valence" in str(of.metric_name)] == [
        "RMSE of valence", "SAGR of valence",
    ]  # fmt: skip
    local = evaluation(Data("local data", "small_cropped", "test"))
    assert set(files(local, "m")) == set(NAMES) - {"model-index.yaml", "eval_results.yaml"}
    with pytest.raises(ValueError, match="the Hub's metadata is about a dataset of the Hub"):
        model_index(local, "m")


def test_the_picture_in_a_browser(tmp_path: Path) -> None:
    """Light and dark, on a desk and a phone: Chromium draws every letter inside the panel, none over another."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs chromium: apt-get install chromium")
    names = [*EMOTIONS, "contempt"]
    counts = np.random.default_rng(0).integers(0, 40_000, (8, 8))
    counts[0] = [999_999, 1, 0, 0, 0, 0, 0, 0]
    counts[7] = 0
    file = tmp_path / "confusion.svg"
    file.write_bytes(draw_confusion(Confusion(names, counts.tolist())) or b"")
    root = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=root)
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme, viewport={"width": 900, "height": 700})
            page.goto(file.as_uri())
            boxes = page.evaluate("""() => [...document.querySelectorAll('text')].map(text => {
                const box = text.getBBox(); return [box.x, box.y, box.x + box.width, box.y + box.height]; })""")
            panel = page.evaluate("() => getComputedStyle(document.querySelector('rect')).fill")
            assert panel == {"light": "rgb(252, 252, 250)", "dark": "rgb(22, 26, 32)"}[scheme]
            assert all(0 < x1 < x2 < 720 and y1 > 0 for x1, y1, x2, _ in boxes)
            for place, (x1, y1, x2, y2) in enumerate(boxes):
                for a1, b1, a2, b2 in boxes[:place]:
                    # Boxes hold the room above and below letters, of which a fifth may be shared.
                    assert x2 <= a1 or a2 <= x1 or min(y2, b2) - max(y1, b1) < 0.2 * (y2 - y1)
            page.close()
        browser.close()


def test_the_picture_says_what_it_shows() -> None:
    """Those who hear it get the counts; what is neither none nor all is not rounded to it; too many have no room."""
    svg = ET.fromstring(draw_confusion(Confusion(["a", "b"], [[999, 1], [0, 0]])) or b"")
    texts = [element.text for element in svg.iter() if element.tag.endswith(("text", "desc"))]
    assert "Rows are true classes, columns predicted ones. a (1,000): a 999, b 1; b (0): no picture." in texts
    assert {">99", "<1"} <= set(texts)
    names = [str(number) for number in range(13)]
    assert draw_confusion(Confusion(names, [[1] * 13] * 13)) is None


def test_files_are_all_there_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills leaves what was there, and no folder that was not; a second writing takes the place."""
    folder = tmp_path / "new" / "out"
    write = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if self.name == ".evaluation.json.partial":
            raise OSError(28, "No space left on device")
        return write(self, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space"):
            write_files(folder, {"evaluation.md": b"1", "evaluation.json": b"2"})
        assert list(tmp_path.iterdir()) == []
    write_files(folder, {"evaluation.md": b"1", "confusion.svg": b"2"})
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space"):
            write_files(folder, {"evaluation.md": b"3", "evaluation.json": b"4"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"evaluation.md": b"1", "confusion.svg": b"2"}
    (folder / ".evaluation.md.partial").write_text("of a killed run")
    write_files(folder, {"evaluation.md": b"5"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"evaluation.md": b"5"}
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    (folder / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match=r"--output 'out' holds 'thesis.tex', which is no file of an evaluation"):
        write_files(folder, {"evaluation.md": b"6"})
    assert (folder / "evaluation.md").read_bytes() == b"5"
    with pytest.raises(ValueError, match=r"--output 'evaluation\.md' is not a folder"):
        write_files(folder / "evaluation.md", {})


def test_a_folder_that_is_a_disk_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is moved into it from outside, as into the volume of a container: that is refused by the system."""
    replace = Path.replace

    def within(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", within)
    write_files(tmp_path, {"evaluation.md": b"1"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"evaluation.md": b"1"}
