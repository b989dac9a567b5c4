"""The card is rendered as a whole from its data, or not touched at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from datasets.info import DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCard

from DiffusionFER import DEFAULT_CONFIG, FACE_FEATURES, read_index
from tests.describe.test_baselines import entry, results
from tests.environments import ROOT
from tests.trees import face_rows, write_emonet, write_faces, write_sheet
from tools import card, cli
from tools.describe.blocks.baselines import NONE
from tools.describe.blocks.markers import marked
from tools.describe.facts.description import describe
from tools.describe.header import read_header
from tools.describe.render import KNOWN, NOTHING, RenderError, differences, render, write
from tools.publish.shards import build_shards, built_shards

CONFIGS = ("small_original", "small_cropped")


def build(data_dir: Path, configs: tuple[str, ...] = CONFIGS) -> None:
    """Build the shards of configs where a push would, in the work directory beside the data directory."""
    for config in configs:
        index = read_index(config, str(data_dir))
        build_shards(config, index, data_dir.parent / "work" / "shards", max_shard_size=10**9, workers=1)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the project's card, a raw tree of 30 faces in `data`, and its shards in `work`."""
    write_faces(tmp_path / "data", 30)
    build(tmp_path / "data")
    for name in ("README.md",):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def run(place: Path, *arguments: str) -> Result:
    """Run `diffusionfer card render` on the card of a place."""
    options = ["--data-dir", str(place / "data"), "--work-dir", str(place / "work")]
    return CliRunner().invoke(cli.main, ["card", "render", str(place), *options, *arguments], catch_exceptions=False)


def state(place: Path) -> dict[str, bytes]:
    """Return what lies beside the card."""
    return {
        str(file.relative_to(place)): file.read_bytes()
        for file in sorted(place.rglob("*"))
        if file.is_file() and file.relative_to(place).parts[0] not in ("data", "work")
    }


def test_rendering_changes_only_what_it_owns(place: Path) -> None:
    """Outside the owned keys and the blocks every byte of the card stays; figures and Croissant come beside it."""
    before = (place / "README.md").read_text(encoding="utf-8")
    assert run(place).exit_code == 0
    after = (place / "README.md").read_text(encoding="utf-8")
    assert before != after
    assert prose(before) == prose(after)
    assert list(read_header(before)) == list(read_header(after))
    made = set(state(place))
    assert made >= {"croissant.json", "assets/circumplex.svg", "assets/gallery.png", "assets/balance.svg"}
    assert not [name for name in made if name.endswith(".part")]


def prose(card: str) -> list[str]:
    """Return the lines of a card's body that no block holds."""
    found, within = [], False
    for line in card.split("\n---\n", 1)[1].splitlines():
        within = line.startswith("<!-- rendered:") or (within and not line.startswith("<!-- end:"))
        found += [] if within else [line]
    return found


def test_a_second_render_changes_nothing(place: Path) -> None:
    """Rendered twice is rendered once, whether the first run is remembered or not."""
    run(place)
    first = state(place)
    assert "is up to date" in run(place).output
    (place / "work" / "rendered").unlink()
    assert "is up to date" in run(place).output
    assert state(place) == first
    assert run(place, "--check").exit_code == 0


def test_check_shows_what_a_changed_label_changes(place: Path) -> None:
    """With one label changed in the sheet, --check exits with 1, shows the lines, and touches nothing."""
    run(place)
    rows = face_rows(30)
    rows[1]["emotion"] = "sad"
    write_sheet(place / "data" / "dataset_sheet.csv", rows)
    before = state(place)
    checked = run(place, "--check")
    assert checked.exit_code == 1
    assert "-| 2 | sad | " in checked.output
    assert "+| 2 | sad | " in checked.output
    assert "assets/balance.svg: " in checked.output
    assert checked.output.endswith("README.md is out of date: run card.py render\n")
    assert "the shards of small_original hold 5 rows of happy, " in checked.output
    assert state(place) == before
    assert run(place, "--check").exit_code == 1  # what is out of date is not remembered as up to date


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("emotion", "sad", "the shards of small_original hold 5 rows of happy, white, not stated, not stated; the "),
        ("race", "black", "the shards of small_original hold 0 rows of happy, black, not stated, not stated; the "),
        ("valence", 0.123, "the mean valence of happy is "),
    ],
)
def test_shards_of_another_sheet_are_not_described(place: Path, column: str, value: object, message: str) -> None:
    """What the shards hold and what the tables say cannot differ: a changed row asks for shards built anew."""
    run(place)
    rows = face_rows(30)
    rows[1][column] = value
    write_sheet(place / "data" / "dataset_sheet.csv", rows)
    result = run(place)
    assert result.exit_code == 2
    assert message in result.output
    build(place / "data")
    assert run(place).exit_code == 0


def test_check_misses_no_file(place: Path) -> None:
    """A figure that is missing or was painted over is out of date."""
    run(place)
    (place / "assets" / "gallery.png").unlink()
    (place / "assets" / "grammar.svg").write_text("<svg/>")
    output = run(place, "--check").output
    assert "assets/gallery.png: missing" in output
    assert "assets/grammar.svg: 6 bytes that differ from the " in output


def test_the_hubs_readers_agree_with_the_data(place: Path) -> None:
    """DatasetCard of the Hub's client and `datasets` read the header back: configs, features, rows, default."""
    write_emonet(place / "data")
    build(place / "data", ("emonet_hq", "emonet_binary", "emonet_big"))
    assert run(place).exit_code == 0, run(place).output
    card = DatasetCard.load(place / "README.md", repo_type="dataset")
    infos = DatasetInfosDict.from_dataset_card_data(card.data)
    assert list(infos) == [*CONFIGS, "emonet_hq", "emonet_binary", "emonet_big"]
    assert infos["small_cropped"].features == FACE_FEATURES
    assert {name: split.num_examples for name, split in infos["small_original"].splits.items()} == {
        "train": 24,
        "validation": 3,
        "test": 3,
    }
    configs = MetadataConfigs.from_dataset_card_data(card.data)
    assert configs.get_default_config_name() == DEFAULT_CONFIG
    for config in configs:
        files = {item["split"]: item["path"] for item in configs[config]["data_files"]}
        loaded = datasets.load_dataset(
            "parquet",
            data_files={split: str(place / "work" / "shards" / path) for split, path in files.items()},
            cache_dir=str(place / "cache"),
        )
        assert {split: len(rows) for split, rows in loaded.items()} == {
            name: split.num_examples for name, split in infos[config].splits.items()
        }


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a marker without its end": (
        lambda place: edit(place, "<!-- end: classes -->\n", ""),
        "block 'columns' begins within block 'classes'",
    ),
    "a marker twice": (
        lambda place: edit(place, "## Uses", "<!-- rendered: classes -->\n<!-- end: classes -->\n\n## Uses"),
        "block 'classes' stands twice: keep one of them",
    ),
    "a header that does not parse": (
        lambda place: edit(place, "license:", "license: [\nx:"),
        "README.md: the header is",
    ),
    "no card": (lambda place: (place / "README.md").unlink(), "there is no README.md in"),
    "not UTF-8": (lambda place: (place / "README.md").write_bytes(b"---\na: \xff\n---\n"), "is not UTF-8 at byte 7"),
    "a config without shards": (
        lambda place: shutil.rmtree(place / "work" / "shards" / "small_cropped"),
        "small_cropped: no shards in ",
    ),
    "shards of another sheet": (
        lambda place: write_sheet(place / "data" / "dataset_sheet.csv", face_rows(29)),
        "the shards of small_original hold 3 test rows, the sheet has 2: ",
    ),
    "no picture for the gallery": (
        lambda place: [file.write_bytes(b"") for file in (place / "data").rglob("*.png")],
        "does not begin as a picture does: run python tools/validate.py",
    ),
    "no data": (lambda place: (place / "data").rename(place / "work" / "gone"), "data is not a folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_rendered_is_said_in_one_line(place: Path, case: str) -> None:
    """Bad input ends with status 2 and one line, and the card is as it was."""
    run(place)
    spoil, message = BAD[case]
    spoil(place)
    before = state(place)
    result = run(place)
    assert result.exit_code == 2
    assert message in result.output
    assert result.output.startswith("error: ")
    assert result.output.count("\n") == 1
    assert state(place) == before


def edit(place: Path, old: str, new: str) -> None:
    """Replace a text of the card that stands there."""
    card = (place / "README.md").read_text(encoding="utf-8")
    assert old in card
    (place / "README.md").write_text(card.replace(old, new), encoding="utf-8")


def test_a_part_of_the_configs_renders_the_header_alone(place: Path) -> None:
    """Where the published card knows other configs, they keep their entries, and the rest of the card its words."""
    run(place)
    published = (place / "README.md").read_text(encoding="utf-8")
    shards = {"small_cropped": built_shards("small_cropped", place / "work" / "shards")}
    files = render(place, describe(place / "data", shards), published)
    header = read_header(files["README.md"].decode())
    assert [config["config_name"] for config in header["configs"]] == list(CONFIGS)
    assert set(files) >= {"README.md", "croissant.json", "assets/gallery.png"}
    assert list(differences(place, files)) == []


def test_files_are_written_whole_and_only_where_they_differ(tmp_path: Path) -> None:
    """Writing returns what it changed, and leaves the rest alone."""
    (tmp_path / "README.md").write_bytes(b"old")
    assert write(tmp_path, {"README.md": b"new", "assets/a.svg": b"x"}) == ["assets/a.svg", "README.md"]
    before = (tmp_path / "README.md").stat().st_mtime_ns
    assert write(tmp_path, {"README.md": b"new", "assets/a.svg": b"y"}) == ["assets/a.svg"]
    assert (tmp_path / "README.md").stat().st_mtime_ns == before
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["README.md", "a.svg", "assets"]


def test_a_card_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The library raises RenderError with the file in it."""
    write_faces(tmp_path, 30)
    build(tmp_path)
    shards = {config: built_shards(config, tmp_path.parent / "work" / "shards") for config in CONFIGS}
    with pytest.raises(RenderError, match=r"there is no README\.md in"):
        render(tmp_path, describe(tmp_path, shards))


def test_nothing_heavy_is_loaded_when_nothing_changed(place: Path) -> None:
    """A card that is known to be up to date is answered for without datasets, pyarrow or Pillow."""
    run(place)
    code = f"""if True:
        import sys
        from tools.cli import main
        try:
            main(["card", "render", {str(place)!r}, "--data-dir", {str(place / "data")!r},
                  "--work-dir", {str(place / "work")!r}])
        except SystemExit as ended:
            assert not ended.code
        heavy = {{"datasets", "pyarrow", "PIL"}} & sys.modules.keys()
        sys.exit(f"loaded {{heavy}}" if heavy else 0)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "is up to date" in done.stdout


def test_data_of_another_kind_leaves_no_words_on_faces(tmp_path: Path) -> None:
    """A block that the data at hand has nothing for says so, whatever stood there before; its figure is not made."""
    write_emonet(tmp_path / "data")
    build(tmp_path / "data", ("emonet_hq",))
    (tmp_path / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    shards = {"emonet_hq": built_shards("emonet_hq", tmp_path / "work" / "shards")}
    files = render(tmp_path, describe(tmp_path / "data", shards))
    card = files["README.md"].decode()
    for name in ("classes", "columns", "affect", "balance", "files", "figure-gallery", "figure-circumplex"):
        assert f"<!-- rendered: {name} -->\n{NOTHING}<!-- end: {name} -->" in card
    assert "| `small_original` | | " in card.replace("  ", " ")
    assert not {"assets/gallery.png", "assets/circumplex.svg"} & set(files)


def test_the_tables_of_baselines_are_made_from_a_file_beside_the_card(place: Path) -> None:
    """Without the file the card says that none was run; with it, it has the tables, and is out of date before."""
    card = place / "README.md"
    assert run(place).exit_code == 0
    assert f"<!-- rendered: baselines -->\n{NONE}<!-- end" in card.read_text(encoding="utf-8")
    (place / "assets" / "baselines.json").write_bytes(results(entry(0, 0.5), entry(1, 0.7)))
    assert run(place, "--check").exit_code == 1
    assert run(place).exit_code == 0
    assert "| caf | 0.600 ±\u00a00.141 | 0.600 ±\u00a00.141 | 2 | 2.0 |" in card.read_text(encoding="utf-8")
    assert run(place, "--check").exit_code == 0
    (place / "assets" / "baselines.json").write_text("{}")
    damaged = run(place)
    assert damaged.exit_code == 2
    assert "assets/baselines.json holds no results" in damaged.stderr


def test_our_own_card_shows_every_block() -> None:
    """No table or figure that can be rendered is missing from the project's card."""
    assert set(marked((ROOT / "README.md").read_text(encoding="utf-8"), KNOWN)) == set(KNOWN)


def link_card(place: Path) -> None:
    """Put a link in the place of the card."""
    (place / "README.md").rename(place / "other.md")
    (place / "README.md").symlink_to("other.md")


def link_assets(place: Path) -> None:
    """Put a link to a folder elsewhere in the place of the figures."""
    shutil.rmtree(place / "assets")
    elsewhere = place.with_name(f"{place.name}-elsewhere")
    elsewhere.mkdir()
    (place / "assets").symlink_to(elsewhere)


def pipe(place: Path) -> None:
    """Put a pipe, for which a reader would wait, in the place of a file."""
    (place / "croissant.json").unlink()
    os.mkfifo(place / "croissant.json")


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a card that is a link": (link_card, "README.md is a link, or in a folder that is one"),
    "figures in a linked folder": (link_assets, ".svg is a link, or in a folder that is one"),
    "a pipe": (pipe, "croissant.json is not a regular file: move it away"),
    "shards of other columns": (
        lambda place: pq.write_table(
            pa.table({"a": [1] * 24}), place / "work" / "shards" / "small_original" / "train-00000.parquet"
        ),
        "the shards of small_original cannot be read",
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_nothing_is_written_through_links_or_from_other_shards(place: Path, case: str) -> None:
    """Links, pipes and shards of another kind end the command with one line, and nothing is changed anywhere."""
    run(place)
    spoil, message = PLACES[case]
    spoil(place)
    (place / "work" / "rendered").unlink()
    before = inodes(place)
    result = run(place)
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert message in result.output
    assert inodes(place) == before


def inodes(place: Path) -> dict[str, tuple[int, int]]:
    """Return the inode and the size of every file and folder of a place."""
    return {str(file): (file.lstat().st_ino, file.lstat().st_size) for file in sorted(place.rglob("*"))}


def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Where the disk does not take one file, none has changed, and no part of it stays."""
    code = f"""if True:
        import resource, signal
        from pathlib import Path
        from tools.describe.render import RenderError, write
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write(Path({str(tmp_path)!r}), {{"a.md": b"new", "README.md": b"x" * 2000}})
        except RenderError as error:
            print(error)
    """
    (tmp_path / "a.md").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "README.md cannot be written (File too large): nothing was changed\n"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a.md": b"old"}


def test_what_changes_while_it_is_rendered_is_not_remembered(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet that is exchanged during a render is looked at by the next one."""
    rows = face_rows(30)
    rows[0]["style"] = "cute"
    real = card._render

    def exchange(*arguments: Any) -> bool:
        stale = real(*arguments)
        write_sheet(place / "data" / "dataset_sheet.csv", rows)
        return stale

    monkeypatch.setattr(card, "_render", exchange)
    run(place)
    monkeypatch.undo()
    assert run(place, "--check").exit_code == 1


@pytest.mark.parametrize("content", [b"\xff\xfe", b""])
def test_a_damaged_memory_stops_nobody(place: Path, content: bytes) -> None:
    """What was remembered may be anything: then the card is rendered again."""
    run(place)
    (place / "work" / "rendered").write_bytes(content)
    assert run(place).exit_code == 0
    (place / "work" / "rendered").unlink()
    (place / "work" / "rendered").mkdir()
    assert run(place).exit_code == 0


def test_modes_stay(tmp_path: Path) -> None:
    """A card that only its owner may read stays so."""
    (tmp_path / "README.md").write_bytes(b"old")
    (tmp_path / "README.md").chmod(0o600)
    write(tmp_path, {"README.md": b"new"})
    assert (tmp_path / "README.md").stat().st_mode & 0o777 == 0o600
