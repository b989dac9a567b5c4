"""The card's header follows from the shards, and nothing else of the card changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasets import ClassLabel, Features
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMOTIONS, FACE_FEATURES, read_index
from tests.trees import write_emonet, write_faces
from tools.describe.header import (
    SIZE_CATEGORIES,
    Facts,
    HeaderError,
    facts_of,
    read_header,
    render_header,
    replace_keys,
)
from tools.publish.shards import build_shards

CARD = """---
license: cc0-1.0
configs:
- config_name: old
# a remark
size_categories:
- n<500MB   # wrong
tags:   [a,  b]
---

# A card

configs: not this one
"""


def facts(rows: int = 10) -> Facts:
    """Return made-up facts of one split."""
    return Facts([{"name": "image", "dtype": "image"}], {"train": rows}, {"train": 5}, 7)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    """The facts of real shards of two configs."""
    data_dir = tmp_path_factory.mktemp("data")
    write_faces(data_dir, 30)
    write_emonet(data_dir)
    found = {}
    for config in ("small_original", "emonet_binary"):
        index = read_index(config, str(data_dir))
        shards, _ = build_shards(config, index, data_dir / "out", max_shard_size=10**9, workers=1)
        found[config] = facts_of((shard.split, shard.file) for shard in shards)
    return found


def test_facts_are_those_of_the_files(small: dict[str, Facts]) -> None:
    """Rows by split, bytes and features are what the footers say."""
    assert small["small_original"].rows == {"train": 24, "validation": 3, "test": 3}
    assert small["small_original"].download_size > sum([64 * 64 * 3] * 30)
    assert Features._from_yaml_list(small["small_original"].features) == FACE_FEATURES


def test_header_says_what_load_dataset_needs(small: dict[str, Facts]) -> None:
    """Configs come in the order of the design with one default, splits with rows and bytes, labels with names."""
    header = read_header(render_header(CARD, dict(reversed(small.items()))))
    assert [config["config_name"] for config in header["configs"]] == ["small_original", "emonet_binary"]
    assert [config.get("default") for config in header["configs"]] == [True, None]
    assert header["configs"][0]["data_files"][1] == {
        "split": "validation",
        "path": "small_original/validation-*.parquet",
    }
    info = header["dataset_info"][0]
    assert [split["num_examples"] for split in info["splits"]] == [24, 3, 3]
    assert info["dataset_size"] == sum(split["num_bytes"] for split in info["splits"])
    emotion = next(feature for feature in info["features"] if feature["name"] == "emotion")
    assert list(emotion["dtype"]["class_label"]["names"].values()) == list(EMOTIONS)
    assert header["size_categories"] == ["n<1K"]
    assert isinstance(Features._from_yaml_list(info["features"])["emotion"], ClassLabel)


def test_a_box_is_a_list_that_every_version_reads(small: dict[str, Facts]) -> None:
    """The face box has no fixed length, which pyarrow before 26 cannot read where a box is null."""
    box = next(feature for feature in small["small_original"].features if feature["name"] == "face_box")
    assert box == {"name": "face_box", "list": "float32"}


def test_other_keys_and_the_body_stay_as_they_are(small: dict[str, Facts]) -> None:
    """Order, spacing and remarks of other keys, and every byte of the body, are untouched."""
    rendered = render_header(CARD, small)
    assert rendered.startswith("---\nlicense: cc0-1.0\nconfigs:\n- config_name: small_original\n")
    assert "# a remark\nsize_categories:\n- n<1K\ntags:   [a,  b]\n" in rendered
    assert rendered.endswith("---\n\n# A card\n\nconfigs: not this one\n")
    assert rendered.index("dataset_info:") > rendered.index("tags:")
    assert "config_name: old" not in rendered
    assert "500MB" not in rendered


def test_rendering_twice_changes_nothing(small: dict[str, Facts]) -> None:
    """A rendered card renders to itself."""
    rendered = render_header(CARD, small)
    assert render_header(rendered, small, rendered) == rendered


def test_published_configs_that_are_not_pushed_stay() -> None:
    """A push of one config keeps the entries of the others, and their rows count."""
    published = render_header(CARD, {"small_original": facts(900), "medium_cropped": facts(700)})
    rendered = read_header(render_header(CARD, {"small_cropped": facts(500)}, published))
    assert [config["config_name"] for config in rendered["configs"]] == [
        "small_original",
        "small_cropped",
        "medium_cropped",
    ]
    assert [config["config_name"] for config in rendered["configs"] if config.get("default")] == ["small_original"]
    assert rendered["size_categories"] == ["1K<n<10K"]


def test_without_the_usual_default_the_first_config_is_it() -> None:
    """Exactly one config is the default, whatever is pushed."""
    header = read_header(render_header(CARD, {"emonet_hq": facts(), "small_cropped": facts()}))
    assert [config.get("default") for config in header["configs"]] == [True, None]


@pytest.mark.parametrize(("rows", "category"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**6, "1M<n<10M")])
def test_size_category_follows_the_count(rows: int, category: str) -> None:
    """The category is that of the Hub's vocabulary for the number of rows."""
    assert read_header(render_header(CARD, {"small_original": facts(rows)}))["size_categories"] == [category]


def test_size_categories_are_the_hubs(shared: Path) -> None:
    """The names are those of the Hub's vocabulary."""
    vocabulary = json.loads((shared / "hub" / "vocabulary.json").read_text())
    assert {name for _, name in SIZE_CATEGORIES} <= set(map(str, vocabulary["size_categories"]))


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("# no header\n", "does not begin with a header"),
        ("---\na: [1\n---\n", "is not YAML"),
        ("---\n- a\n---\n", "a list, expected keys with values"),
        ("---\na: 1\n", "does not begin with a header"),
        ("---\na: 1\n---\n\0", "NUL"),
    ],
)
def test_a_card_without_a_readable_header_is_refused(card: str, message: str) -> None:
    """The error says what is wrong with the header."""
    with pytest.raises(HeaderError, match=message):
        render_header(card, {"small_original": facts()})


@pytest.mark.parametrize("key", ["configs", '"configs"', "'configs'", "? configs\n"])
def test_a_key_is_replaced_however_it_is_written(key: str) -> None:
    """Quotes around a key, and values in flow style over several lines, hide nothing; remarks stay."""
    replaced = replace_keys(f"---\na: 1\n{key}: [\n  a,\n# a remark\n  b\n]\n\nc: 2\n---\nx", {"configs": ["new"]})
    assert replaced == "---\na: 1\nconfigs:\n- new\n# a remark\n\nc: 2\n---\nx"


def test_an_empty_header_is_filled() -> None:
    """A header without a key gets the owned ones."""
    assert replace_keys("---\n---\n", {"configs": []}) == "---\nconfigs: []\n---\n"


def test_a_header_in_flow_style_is_refused() -> None:
    """What cannot be replaced by its lines is an error and not a broken header."""
    with pytest.raises(HeaderError, match="in block style"):
        replace_keys("---\n{a: 1, configs: [a]}\n---\n", {"configs": []})


def test_published_configs_without_facts_stay() -> None:
    """A card that was written by hand, with configs and no dataset_info, keeps its configs."""
    published = "---\nconfigs:\n- config_name: a\n  data_files: a/*\n---\n"
    header = read_header(render_header(CARD, {"small_original": facts()}, published))
    assert [config["config_name"] for config in header["configs"]] == ["small_original", "a"]
    assert [info["config_name"] for info in header["dataset_info"]] == ["small_original"]


@pytest.mark.parametrize("configs", ["[{data_files: x}]", "[7]", "7"])
def test_published_configs_that_are_none_are_refused(configs: str) -> None:
    """Entries that cannot be told apart are not carried over by guess."""
    with pytest.raises(HeaderError, match="not as the Hub has them"):
        render_header(CARD, {"small_original": facts()}, f"---\nconfigs: {configs}\n---\n")


@pytest.mark.parametrize(
    "header",
    [
        "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)),
        "a: &a\n  - *a",
        "a: !!python/object:os.system 1",
        "a: 2020-99-99",
        "[" * 100_000,
        "a: " + "x" * 1_000_001,
    ],
)
def test_a_hostile_header_is_refused(header: str) -> None:
    """Aliases that expand, circles, tags, impossible dates, depth and size are refused at once."""
    with pytest.raises(HeaderError):
        read_header(f"---\n{header}\n---\n")


@pytest.mark.parametrize("splits", ["abc", "7", "null", "[7]", "[{name: train}]", "[{num_examples: x}]"])
def test_odd_facts_of_other_configs_do_not_count(splits: str) -> None:
    """What somebody wrote by hand about another config is kept, and its rows count only where they are numbers."""
    published = f"---\nconfigs:\n- config_name: a\ndataset_info:\n- config_name: a\n  splits: {splits}\n---\n"
    assert read_header(render_header(CARD, {"small_original": facts(5)}, published))["size_categories"] == ["n<1K"]


def test_aliases_are_written_out() -> None:
    """A card may use aliases; what is carried over from it stands by itself."""
    published = (
        "---\nconfigs:\n- config_name: a\n  data_files: &files [x]\n- config_name: b\n  data_files: *files\n---\n"
    )
    rendered = render_header(CARD, {"small_original": facts()}, published)
    assert [config["data_files"] for config in read_header(rendered)["configs"][1:]] == [["x"], ["x"]]
    assert "*" not in rendered.split("dataset_info")[0].split("configs:")[1].replace("-*.parquet", "")


KEYS = st.sampled_from(["a", "b", "tags", "a_b", "configs", "license-name"])
# Printable ASCII: PyYAML itself does not read back all that it writes (U+0085 comes back as a space).
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20) | st.just("---") | st.just("a\n\nb: #")
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=6
)


BODIES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))  # with a NUL it is no text


@given(st.dictionaries(KEYS, VALUES, min_size=1), st.dictionaries(KEYS, VALUES), BODIES)
def test_replacing_keys_is_what_yaml_says_it_is(header: dict[str, Any], values: dict[str, Any], body: str) -> None:
    """For any header: the values are replaced or added, all others and the body are as they were."""
    card = "---\n" + yaml.safe_dump(header, sort_keys=False, allow_unicode=True) + "---\n" + body
    replaced = replace_keys(card, values)
    assert read_header(replaced) == {**header, **values}
    assert replaced.endswith("---\n" + body)
