"""`diffusionfer evaluate` as people run it: everywhere the same, every mistake one line and status 2."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result
from huggingface_hub.repocard_data import model_index_to_eval_results

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS
from tests.environments import ROOT
from tests.publish.published import Publication, publication
from tests.publish.pushing import REPO
from tools import cli, evaluate
from tools.use.evaluate import binary, bootstrap, evaluation
from tools.use.rows import open_rows


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """One real push, with its raw tree and its shards."""
    with publication(tmp_path_factory.mktemp("published")) as pushed:
        yield pushed


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that the commands run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> Result:
    """Run the command with few resamples."""
    result = CliRunner().invoke(cli.main, ["evaluate", "--bootstrap", "20", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def perfect(published: Publication, config: str = "small_cropped", split: str = "test") -> dict[str, list[Any]]:
    """Return predictions that are the truth."""
    with open_rows(config, data_dir=published.data_dir) as rows:
        table = rows.table(split, ["image_id", "emotion", "valence", "arousal"])
    found: dict[str, list[Any]] = table.to_pydict()
    found["emotion"] = [EMOTIONS[index] for index in found["emotion"]]
    return found


def write(columns: dict[str, list[Any]], name: str = "p.csv") -> str:
    """Write predictions here and return their name."""
    table = pa.table(columns)
    if name.endswith(".csv"):
        pacsv.write_csv(table, name)
    elif name.endswith(".parquet"):
        pq.write_table(table, name)
    else:
        Path(name).write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    return name


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.parquet"])
def test_perfect_predictions(published: Publication, here: Path, name: str) -> None:
    """In every form and in another order of rows: all figures are as good as can be."""
    columns = {key: list(reversed(values)) for key, values in perfect(published).items()}
    result = run(write(columns, name), "--data-dir", published.data_dir, "--config", "small_cropped")
    assert result.exit_code == 0, result.output
    assert f"{name} against split test of small_cropped, local data: 4 pictures" in result.stdout
    assert "all classes  4  1.000 [1.000, 1.000]  1.000 [" in result.stdout
    lines = [line for line in result.stdout.splitlines() if line.startswith(("valence", "arousal"))]
    assert len(lines) == 2
    for line in lines:
        assert "1.000 [1.000, 1.000]  1.000 [1.000, 1.000]  0.000 [0.000, 0.000]  1.000 [1.000, 1.000]" in line


def test_the_same_from_everywhere(published: Publication, here: Path) -> None:
    """A raw tree, its shards and the Hub give the same figures; the Hub's revision is in JSON and metadata."""
    file = write(perfect(published))
    shards = published.pusher.folder / "work" / "shards"
    places: dict[str, list[object]] = {"raw": ["--data-dir", published.data_dir], "shards": ["--data-dir", shards]}
    places["hub"] = ["--repo-id", REPO]
    found = {}
    for name, place in places.items():
        result = run(file, *place, "--config", "small_cropped", "--output", name, "--model", "ada/net")
        assert result.exit_code == 0, result.output
        found[name] = json.loads(Path(name, "evaluation.json").read_text())
    assert found["raw"] == found["shards"]
    assert {key: of for key, of in found["hub"].items() if key != "data"} == {
        key: of for key, of in found["raw"].items() if key != "data"
    }
    commit = published.api.repo_info(REPO, repo_type="dataset").sha
    assert found["hub"]["data"]["revision"] == commit
    assert found["raw"]["data"]["revision"] is None
    name, results = model_index_to_eval_results(
        yaml.safe_load(Path("hub", "model-index.yaml").read_text())["model-index"]
    )
    assert (name, results[0].dataset_type, results[0].dataset_revision) == ("ada/net", REPO, commit)
    assert yaml.safe_load(Path("hub", "eval_results.yaml").read_text())[0]["dataset"]["revision"] == commit
    assert str(published.data_dir) not in "".join(path.read_text() for path in Path("raw").iterdir())
    assert sorted(path.name for path in Path("raw").iterdir()) == ["confusion.svg", "evaluation.json", "evaluation.md"]
    again = run(file, *places["raw"], "--config", "small_cropped", "--output", "again")
    assert again.exit_code == 0
    for path in Path("raw").iterdir():
        assert path.read_bytes() == Path("again", path.name).read_bytes()


def test_only_what_is_there_is_scored(published: Publication, here: Path) -> None:
    """Predictions of valence alone are scored alone, and the rest is named."""
    columns = perfect(published)
    file = write({name: columns[name] for name in ("image_id", "valence")})
    result = run(file, "--data-dir", published.data_dir)
    assert "not predicted, so not scored: emotion, arousal" in result.stdout
    assert "Classes" not in result.stdout
    assert "arousal  " not in result.stdout


@pytest.mark.parametrize(
    ("config", "split"), [("emonet_hq", "test"), ("emonet_big", "train"), ("emonet_binary", "train")]
)
def test_emonet(published: Publication, here: Path, config: str, split: str) -> None:
    """Each EmoNet config is scored by its own figures, and what nobody judged is named."""
    columns: dict[str, list[Any]] = {"image_id": ["00001", "00000"]}
    columns |= {name: [place % 7, 1.5] for place, name in enumerate(EMONET_EMOTIONS)}
    result = run(
        write(columns), "--data-dir", published.data_dir, "--config", config, "--split", split, "--output", "o"
    )
    assert result.exit_code == 0, result.output
    tables = json.loads(Path("o", "evaluation.json").read_text())["tables"]
    wanted = {
        "emonet_hq": ["each_rater", "mean_rating", "raters_in_pairs", "raters_and_rest", "raters"],
        "emonet_big": ["mean_rating"],
        "emonet_binary": ["each_emotion"],
    }[config]
    assert list(tables) == wanted
    if config == "emonet_binary":
        assert "nobody judged, so not scored: Amusement" in result.stdout
        assert [row["name"] for row in tables["each_emotion"]["rows"][1:]] == ["Contentment", "Anger", "Helplessness"]
        assert "F1: an emotion is predicted where its score is 0.5 or more" in result.stdout
    else:
        row = next(row for row in tables["mean_rating"]["rows"] if row["name"] == "Elation")
        # hq: both raters gave 7 to both pictures; big: the model gave 0. Predicted are 1.5 and 1.
        assert row["MAE"]["value"] == {"emonet_hq": (5.5 + 6) / 2, "emonet_big": 1.25}[config]


def test_forty_emotions_as_our_seven_classes(published: Publication, here: Path) -> None:
    """The shipped mapping scores our configs by the published rule, with top-1 and the confusion matrix beside it."""
    with open_rows("small_cropped", data_dir=published.data_dir) as rows:
        names = rows.table("test", ["image_id"])["image_id"].to_pylist()
    columns: dict[str, list[Any]] = {"image_id": names}
    columns |= {name: [8.0 if name == "Fear" else 0.0] * len(names) for name in EMONET_EMOTIONS}
    options = ["--data-dir", published.data_dir, "--config", "small_cropped", "--mapping", "seven", "--output", "o"]
    result = run(write(columns), *options)
    assert result.exit_code == 0, result.output
    assert "38 emotions as 7 classes, by mapping seven, in percent" in result.stdout
    assert "scores of emotions that are not mapped left out: Teasing, Contempt" in result.stdout
    document = json.loads(Path("o", "evaluation.json").read_text())
    counts = document["confusion_matrix"]["counts"]
    assert sum(row[4] for row in counts) == len(names)
    del columns["Awe"]
    assert run(write(columns), *options[:-2]).stderr == (
        "error: p.csv has no score of 1 emotions that mapping seven maps: Awe\n"
    )


def test_the_ferd_table_by_the_command(shared: Path, here: Path) -> None:
    """The published files as they are: one command prints the published row."""
    folder = shared / "emonet"
    mapping = ["--mapping", folder / "label_mappings.json", "--mapping-name", "ferd"]
    result = run(folder / "ferd.jsonl", *mapping, "--truth", "file-names", "--output", "o")
    assert result.exit_code == 0, result.output
    rows = json.loads(Path("o", "evaluation.json").read_text())["tables"]["mapped_classes"]["rows"]
    assert {row["name"]: round(100 * row["published rule"]["value"], 2) for row in rows} == {
        "mean of the classes": 78.29, "all pictures": 78.29, "anger": 73.68, "contempt": 31.58, "disgust": 78.95,
        "fear": 100.0, "happy": 100.0, "neutral": 84.21, "sad": 78.95, "surprise": 78.95,
    }  # fmt: skip
    labels = [json.loads(line)["image_path"] for line in (folder / "ferd.jsonl").read_text().splitlines()]
    words = [label.rsplit("_", 1)[1].split(".")[0] for label in labels]
    truth = write({"image_id": labels, "emotion": words}, "labels.csv")
    assert (
        run(folder / "ferd.jsonl", *mapping, "--truth", truth).stdout.splitlines()[2:]
        == (result.stdout.splitlines()[2:])
    )
    write({"image_id": [*labels, labels[0]], "emotion": [*words, "Sad"]}, "labels.csv")
    twice = run(folder / "ferd.jsonl", *mapping, "--truth", truth)
    assert twice.stderr == "error: labels.csv has image_id 'ferd_images/0000_Happy.jpg' twice\n"
    write({"image_id": labels, "emotion": ["Joy", *words[1:]]}, "labels.csv")
    assert run(folder / "ferd.jsonl", *mapping, "--truth", truth).stderr.startswith(
        "error: labels.csv: 'Joy' is none of anger, contempt, disgust"
    )
    write({"image_id": labels, "label": words}, "labels.csv")
    assert run(folder / "ferd.jsonl", *mapping, "--truth", truth).stderr == (
        "error: labels.csv has no column emotion: it needs image_id and emotion\n"
    )


def test_mistakes_are_one_line(published: Publication, here: Path) -> None:
    """Status 2, nothing on stdout, nothing written, no path of the machine, and never a partial score."""
    columns = perfect(published)
    data = ["--data-dir", published.data_dir, "--config", "small_cropped", "--output", "o"]
    short = {name: of[1:] for name, of in columns.items()}
    cases = [
        (run(write(short), *data), f"error: p.csv does not fit split test of small_cropped: 1 id missing "
                                   f"({columns['image_id'][0]!r})"),
        (run(write(columns | {"valence": [None, 0.0, 0.0, 0.0]}, "p.parquet"), *data),
         "error: p.parquet: valence is no finite number in 1 row (row 1: empty)"),
        (run("none.csv", *data), "error: none.csv is not there"),
        (run(write(columns), *data, "--split", "dev"),
         "has no split 'dev'; it has train (32 rows), validation (4 rows), test (4 rows)"),
        (run(write(columns), "--repo-id", "none/there"), "none/there"),
        (run(write(columns), "--data-dir", "nowhere"), "nowhere"),
        (run(write(columns), *data[:2], "--config", "emonet_hq"),
         "error: p.csv has 3 columns ('emotion', 'valence', 'arousal') that nothing is known of"),
        (run(write(columns), *data[:2], "--config", "emonet_hq", "--mapping", "seven"),
         "error: --mapping is of classes, and emonet_hq has none: leave it out"),
        (run(write(columns), *data, "--mapping", "none.json"), "error: none.json: No such file or directory"),
        (run(write(columns), *data[:4], "--output", "p.csv"), "error: --output 'p.csv' is not a folder"),
    ]  # fmt: skip
    for result, said in cases:
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
        assert not Path("o").exists()
    unwritten = run(write(columns), *data[:4], "--output", "/proc/there")
    assert (unwritten.exit_code, unwritten.stderr[:14]) == (2, "error: there: ")
    assert "all classes" in unwritten.stdout  # minutes of work are shown, wherever they cannot be written
    Path("o").mkdir()
    Path("o", "thesis.tex").write_text("mine")
    refused = run("p.csv", *data)
    assert refused.stderr == (
        "error: --output 'o' holds 'thesis.tex', which is no file of an evaluation: give a new folder\n"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--truth", "x.csv"], "--truth goes with --mapping"),
        (["--mapping-name", "x"], "--mapping-name goes with --mapping"),
        (["--mapping", "seven", "--truth", "x.csv", "--split", "test"],
         "--truth takes the place of --split: leave one of them out"),
        (["--mapping", "seven", "--truth", "x.csv", "--config", "small_cropped"],
         "--truth takes the place of --config: leave one of them out"),
        (["--threshold", "nan"], "--threshold: expected a finite number"),
        (["--data-dir", "x", "--revision", "v1"], "--revision goes with the Hub, not with --data-dir"),
        (["--bootstrap", "0"], "0 is not in the range"),
        (["--config", "small"], "'small' is none of"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together(here: Path, options: list[str], said: str) -> None:
    """A usage error with status 2."""
    result = CliRunner().invoke(cli.main, ["evaluate", "p.csv", *options])
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_command_has_the_librarys_defaults() -> None:
    """They stand twice, for --help loads no library."""
    assert (evaluate.SAMPLES, evaluate.THRESHOLD) == (bootstrap.SAMPLES, binary.THRESHOLD)
    assert evaluation.Settings() == evaluation.Settings(evaluate.SAMPLES, evaluate.SEED, evaluate.THRESHOLD)


def test_help_says_that_the_published_rule_is_kinder() -> None:
    """And the page on evaluation names every option, and none that there is not."""
    shown = " ".join(CliRunner().invoke(cli.main, ["evaluate", "--help"]).output.split())
    assert "kinder than top-1, which stands beside it" in shown
    page = (ROOT / "docs" / "evaluate.md").read_text(encoding="utf-8")
    table = page.split("| option |")[1].split("\n\n")[0]
    options = {option for param in evaluate.main.params for option in param.opts if option.startswith("--")}
    assert {cell.split("`")[1].split(" ")[0] for cell in table.splitlines() if cell.startswith("| `--")} == options


def test_a_missing_library_is_named(published: Publication, here: Path) -> None:
    """Without the extra, one line says what to install."""
    code = "import sys; sys.modules['sklearn'] = None; from tools.cli import main; main()"
    command = [sys.executable, "-c", code, "evaluate", write(perfect(published)), "--data-dir", published.data_dir]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert lines == ["error: evaluate needs sklearn, which is not installed: pip install 'diffusionfer[evaluate]'"]


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, b"image_id,v\n\xff,1\n"])
def test_a_process_of_its_own_ends_as_it_should(here: Path, content: bytes) -> None:
    """What is no text ends a real process with status 2 and one line."""
    Path("p.csv").write_bytes(content)
    command = [sys.executable, str(ROOT / "tools" / "evaluate.py"), "p.csv", "--data-dir", "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: p.csv cannot be read as CSV (")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such Ctrl-C on Windows")
def test_ctrl_c_says_stopped(published: Publication, here: Path) -> None:
    """Stopped while it resamples: one word, status 130, no folder."""
    code = """if True:
        import os, signal, sys
        from tools.use.evaluate import bootstrap
        draw = bootstrap.weights
        def stopped(*arguments):
            for block in draw(*arguments):
                yield block
                os.kill(os.getpid(), signal.SIGINT)
        bootstrap.weights = stopped
        from tools.cli import main
        main()
    """
    assert signal.SIGINT
    arguments = ["evaluate", write(perfect(published)), "--data-dir", str(published.data_dir), "--output", "o"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")
    assert not Path("o").exists()
