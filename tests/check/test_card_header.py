"""The rules for headers on real cards, and the laws that hold for mending and for what the vocabulary says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import BuilderConfig, Dataset, Features
from datasets.data_files import sanitize_patterns
from datasets.exceptions import DatasetGenerationError
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCard, DatasetCardData
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.check.test_card_header_read import findings_of, mended
from tests.environments import ROOT
from tools.check.card import features as features_module
from tools.check.card.check import check_card
from tools.check.card.entries import MOST_ENTRIES
from tools.check.card.features import PLAIN_TYPES, cast_problem, declared, feature_problem
from tools.check.card.header_check import header_findings
from tools.check.card.header_configs import MOST_PATTERNS
from tools.check.card.read import read_card
from tools.check.card.vocabulary import nearest, same_word, vocabulary
from tools.check.repo.footers import Footer, read_footer

NAMES = (
    "allegro_reviews", "cfq", "duorc", "event2Mind", "imppres", "lama", "multi_re_qa", "onestop_english", "opus_gnome",
    "persian_ner", "qangaroo", "qasc", "quora", "ronec", "setswana_ner_corpus", "snips_built_in_intents",
    "telugu_news", "timit_asr", "tweet_qa", "twi_text_c3", "wiki_qa", "wmt15", "wmt20_mlqe_task2", "yoruba_wordsim353",
)  # fmt: skip
NEW_NAMES = {"languages": "language", "licenses": "license"}


def test_own_card_yields_nothing() -> None:
    """The project's own card has no finding, in a checkout without the data as well."""
    card = read_card("README.md", (ROOT / "README.md").read_bytes(), ROOT)
    assert list(header_findings(card)) == []


def test_published_card(shared: Path) -> None:
    """The published card has these faults in its header and no other."""
    found = findings_of((shared / "cards" / "diffusionfer_card.md").read_bytes())
    assert [(finding.rule, finding.line, finding.value) for finding in found] == [
        ("CA012", 2, "layout"),
        ("CA012", 3, "title"),
        ("CA012", 4, "nav_order"),
        ("CA012", 5, "has_children"),
        ("CA018", 28, "image-captioning"),
        ("CA018", 29, "face-detection"),
        ("CA022", 14, "n<500MB"),
    ]
    assert "'image-to-text'" in found[4].message
    assert "'object-detection'" in found[5].message


@pytest.mark.parametrize("name", NAMES)
def test_card_of_2022_is_mended(shared: Path, name: str) -> None:
    """A card of 2022 gets the new names of its keys; every value and every other byte stays as it was."""
    content = (shared / "cards" / "hub" / f"{name}.md").read_bytes()
    found, fixed = findings_of(content), mended(content)
    old = [finding for finding in found if finding.rule == "CA010"]
    header = yaml.safe_load(content.decode().split("---")[1])
    assert [finding.value for finding in old] == [key for key in header if key in ("languages", "licenses")]
    assert all(finding.edit for finding in old)
    renamed = {NEW_NAMES.get(key, key): value for key, value in header.items()}
    assert yaml.safe_load(fixed.decode().split("---")[1]) == renamed
    expected = content.replace(b"\nlanguages:\n", b"\nlanguage:\n", 1)
    assert fixed == expected.replace(b"\nlicenses:\n", b"\nlicense:\n", 1)
    assert not [finding for finding in findings_of(fixed) if finding.edit or finding.rule == "CA010"]
    assert DatasetCard(fixed.decode()).data.to_dict() == {key: value for key, value in renamed.items() if value}


def test_findings_on_real_cards(shared: Path) -> None:
    """The real cards of 2022 have this many findings of each rule, every one of which was read against its card."""
    counts: dict[str, int] = {}
    for name in NAMES:
        for finding in findings_of((shared / "cards" / "hub" / f"{name}.md").read_bytes()):
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
    assert counts == {"CA010": 40, "CA014": 6, "CA016": 13, "CA017": 5, "CA018": 1, "CA019": 2, "CA021": 51}


def test_a_secret_is_never_quoted() -> None:
    """A token is masked before any rule sees it, wherever it stands: only its place and its beginning are told."""
    token = "hf_" + "aBcDeFgHiJkLmNoPq" * 2
    header = f"{token}: 1\nlicense: {token}\ntags: [{token}, 3]\nlanguage: '{token}'\nconfigs: {token}\n{token}x: 2"
    found = list(check_card("README.md", f"---\n{header}\n---\n# A\n".encode()))
    assert {"CA011", "CA012", "CA014", "CA019", "CA021", "CA025"} & {finding.rule for finding in found}
    assert not any(
        token in f"{finding.message}{finding.hint}{finding.value}" for finding in found if finding.rule < "CA040"
    )


def test_merged_keys_and_aliases_have_places() -> None:
    """What a merge key brings in is checked, at the line of what it stands in."""
    header = "x: &x\n  data_files: a.csv\nconfigs:\n- config_name: a\n  data_files: {b: c}\n- <<: *x\n  config_name: 3"
    found = [finding for finding in findings_of(f"---\n{header}\n---\n".encode()) if finding.rule == "CA025"]
    assert [(finding.line, finding.column) for finding in found] == [(6, "data_files"), (8, "config_name")]


def test_patterns_that_are_no_patterns(tmp_path: Path) -> None:
    """Patterns that the system refuses, that go out, or that would walk for ever match nothing and raise nothing."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").touch()
    patterns = [
        "data/*.csv",
        "data/\\0",
        "data/[",
        "../*",
        "/**",
        "**/**/**/*",
        "hf://datasets/a/b.csv",
        "x" * 5000,
        "data",
    ]
    files = "".join(f"  - {json.dumps(pattern)}\n".replace("\\\\0", "\\0") for pattern in patterns)
    content = f"---\nconfigs:\n- config_name: a\n  data_files:\n{files}---\n".encode()
    found = [
        finding for finding in header_findings(read_card("README.md", content, tmp_path)) if finding.rule == "CA030"
    ]
    assert [finding.value for finding in found] == ["data/\0", "data/[", "x" * 5000, "data"]


def test_wildcards_are_bounded(tmp_path: Path) -> None:
    """Of patterns with wildcards, each of which walks through folders, the first 500 are looked for."""
    (tmp_path / "a.csv").touch()
    files = "".join(f"  - {name}\n" for name in ["a.csv", *(f"b{number}*.csv" for number in range(600))])
    content = f"---\nconfigs:\n- config_name: a\n  data_files:\n{files}---\n".encode()
    found = list(header_findings(read_card("README.md", content, tmp_path)))
    assert [finding.rule for finding in found] == ["CA030"] * MOST_PATTERNS


def test_true_is_true_in_any_yaml() -> None:
    """What is true in YAML 1.2 as well is a wrong type, which quotes do not mend; a word of YAML 1.1 is put in them."""
    found = findings_of(b"---\ntags: [true, Off, 1.5, 2022-01-01, null]\n---\n")
    assert [(finding.rule, finding.value, bool(finding.edit)) for finding in found] == [
        ("CA014", "true", False),
        ("CA013", "Off", True),
        ("CA014", "1.5", True),
        ("CA014", "2022-01-01", True),
        ("CA014", "null", False),
    ]


def test_a_folder_without_rights_or_with_a_pipe_is_no_crash(tmp_path: Path) -> None:
    """A pipe, a link that leads nowhere and a folder that cannot be read are no files, and nothing waits for them."""
    data = tmp_path / "data"
    data.mkdir()
    os.mkfifo(data / "a.parquet")
    (data / "b.parquet").symlink_to("nowhere")
    (data / "c.parquet").write_bytes(b"PAR1")
    info = "dataset_info:\n  config_name: a\n  splits:\n  - name: train\n    num_bytes: 1\n    num_examples: 1\n"
    files = "".join(f"  - data/{name}.parquet\n" for name in "abc")
    content = f"---\nconfigs:\n- config_name: a\n  data_files:\n{files}{info}---\n".encode()
    found = header_findings(read_card("README.md", content, tmp_path))
    assert [(finding.rule, finding.value) for finding in found] == [
        ("CA030", "data/a.parquet"),
        ("CA030", "data/b.parquet"),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "\n".join(f"task_categorix{number}: x" for number in range(5000)),
        "task_ids: " + "a-other-" * 50_000,
        "license:\n" + "\n".join(f"- cc-by-{number}" for number in range(5000)),
        "configs:\n- config_name: a\n  data_files:\n" + "\n".join(f"  - tools/x{number}*" for number in range(5000)),
        "dataset_info:\n  splits:\n" + "\n".join(f"  - name: a{number}" for number in range(5000)),
    ],
    ids=["keys", "a word", "values", "patterns", "splits"],
)
def test_a_flood_is_bounded(header: str) -> None:
    """A header that is full of one thing is checked, or refused, in a bounded number of steps."""
    found = list(header_findings(read_card("README.md", f"---\n{header}\n---\n".encode(), ROOT)))
    assert len(found) <= MOST_ENTRIES


def test_vocabulary_is_whole() -> None:
    """The vocabulary has sources for each part, no word twice, and new names that it knows."""
    known = vocabulary()
    assert len(known.tasks) == 57
    assert len(known.licenses) == len(set(known.licenses)) == 83
    assert len(known.languages) > 8024
    assert set(known.renamed_keys.values()) <= known.keys
    assert not set(known.renamed_keys) & known.keys
    for old, new in known.renamed_tasks.items():
        assert old not in known.tasks
        assert set(new) <= {*known.tasks, *known.categories_of}


def test_vocabulary_is_that_of_the_shared_facts(shared: Path) -> None:
    """What the vocabulary says is what the facts say that it was made from."""
    facts: dict[str, Any] = json.loads((shared / "hub" / "vocabulary.json").read_text("utf-8"))
    known = vocabulary()
    assert known.tasks == {name: tuple(task["subtasks"]) for name, task in facts["task_categories"].items()}
    for name in ("licenses", "annotations_creators", "language_creators", "multilinguality"):
        assert list(getattr(known, name)) == facts[name]
    assert list(known.size_categories) == [*facts["size_categories"], "other"]
    assert set(facts["languages"]) <= known.languages


def test_words_that_are_meant() -> None:
    """A word is the same only by case and separators, and near only by few letters."""
    assert same_word("Image_Classification", ["image-classification"]) == "image-classification"
    assert same_word("image-classification", ["image-classification"]) is None
    assert same_word("a b", ["a-b", "ab"]) is None
    assert nearest("licence", ["license", "language"]) == "license"
    assert nearest("layout", vocabulary().keys) is None
    assert nearest("x" * 10**6, ["x" * 10**6]) is None


NAMES_OF_CONFIGS = st.sampled_from(["a", "b", "default", "a/b", "", 3, None])
PATHS: st.SearchStrategy[Any] = st.sampled_from(["a.csv", ["a.csv", "b.csv"], [], 3, None, {}])
SPLITS = st.fixed_dictionaries(
    {"split": st.sampled_from(["train", "test", "a.b", "a-b", "", 1, None]), "path": PATHS},
    optional={"extra": st.just(1)},
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "config_name": NAMES_OF_CONFIGS,
        "data_files": st.one_of(PATHS, SPLITS, st.lists(st.one_of(SPLITS, st.just("a.csv"), st.just(7)), max_size=3)),
        "default": st.booleans(),
    },
)


@settings(deadline=None)
@given(st.one_of(st.lists(CONFIGS, min_size=1, max_size=3), st.sampled_from([{"a": 1}, "a", 3])))
def test_configs_that_datasets_refuses_are_found(configs: Any) -> None:
    """Where `datasets` raises an error for configs, there is an error among the findings."""
    refused = False
    try:
        read = MetadataConfigs.from_dataset_card_data(DatasetCardData(configs=configs))
        read.get_default_config_name()
        for name, config in read.items():
            BuilderConfig(name)
            if config.get("data_files") is not None:
                sanitize_patterns(config["data_files"])
    except (AttributeError, TypeError, ValueError):
        refused = True
    found = findings_of(f"---\n{yaml.safe_dump({'configs': configs})}---\n".encode())
    assert not refused or "error" in {finding.severity for finding in found}


TYPES = st.recursive(
    st.sampled_from(sorted(PLAIN_TYPES)).map(lambda kind: {"dtype": kind})
    | st.lists(st.text(max_size=3), max_size=3).map(
        lambda names: {"dtype": {"class_label": {"names": {str(n): name for n, name in enumerate(names)}}}}
    ),
    lambda inner: (
        inner.map(lambda of: {"list": of.get("dtype", "int8")})
        | st.lists(inner, max_size=3).map(
            lambda of: {"struct": [{"name": f"f{number}", **item} for number, item in enumerate(of)]}
        )
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.lists(TYPES, max_size=4))
@example([{"dtype": {"class_label": {"names": {"0": "a", "1": "a"}}}}])
@example([{"dtype": {"class_label": {"names": None}}}])
def test_features_are_judged_as_datasets_does(types: list[dict[str, Any]]) -> None:
    """What is known to be plain, `datasets` reads; what it does not read, has a problem, and the reverse."""
    features = [{"name": f"c{number}", **kind} for number, kind in enumerate(types)]
    try:
        Features._from_yaml_list(features)
    except Exception:
        assert any(map(feature_problem, features))
    else:
        assert not any(map(feature_problem, features))


@pytest.mark.parametrize("kind", sorted(PLAIN_TYPES))
def test_plain_types_are_read_by_datasets(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each plain type is one that `datasets` knows, and it is not asked about it."""
    monkeypatch.setattr(features_module, "MOST_CLASSES", 0)
    features = [{"name": "a", "dtype": kind}, {"name": "b", "list": kind}]
    assert list(Features._from_yaml_list(features)) == ["a", "b"]
    assert not any(map(feature_problem, features))


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ({"name": "a", "dtype": {"class_label": {"names": {"0": "x", "999999999999": "y"}}}}, "999999999999"),
        ({"name": "a", "dtype": {"class_label": {"names": {"0": "x", "2": "y"}}}}, "gap"),
        ({"name": "a", "dtype": {"class_label": {"names": {"0": True}}}}, "expected text"),
        ({"name": "a", "dtype": {"class_label": {"names_file": "/etc/passwd"}}}, "names_file"),
        ({"name": "a", "dtype": {"class_label": {"num_classes": 10**12}}}, "classes"),
        ({"name": "a", "struct": [{"name": "b", "dtype": {"class_label": {"num_classes": 10**12}}}]}, "classes"),
        ({"dtype": "int8"}, "KeyError"),
        ({"name": "a", "dtype": "int7"}, "Int7"),
        (7, "AttributeError"),
    ],
)
def test_features_that_are_none(feature: object, words: str) -> None:
    """What `datasets` stumbles over, or what would make it open a file or fill the memory, is refused."""
    assert words in str(feature_problem(feature))


COLUMN = {"name": "x"}
CLASSES = {"class_label": {"names": {"0": "a", "1": "b"}}}
IMAGE = pa.struct([("path", pa.large_string()), ("bytes", pa.large_binary())])


@pytest.mark.parametrize(
    ("values", "feature"),
    [
        (pa.array([1], pa.int32()), {"dtype": "image"}),
        (pa.array([1], pa.int32()), {"list": "string"}),
        (pa.array([1], pa.int32()), {"dtype": "string"}),
        (pa.array([0, 1], pa.int8()), {"dtype": CLASSES}),
        (pa.array([0, 2], pa.int8()), {"dtype": CLASSES}),
        (pa.array(["a", "b"]), {"dtype": CLASSES}),
        (pa.array(["a"], pa.large_string()), {"dtype": "string"}),
        (pa.array(["a"]).dictionary_encode(), {"dtype": "string"}),
        (pa.array(["a"]), {"dtype": "int64"}),
        (pa.array(["12"]), {"dtype": "int64"}),
        (pa.array([300]), {"dtype": "int8"}),
        (pa.array([1.5]), {"dtype": "int64"}),
        (pa.array([{"bytes": b"", "path": ""}], IMAGE), {"dtype": "image"}),
        (pa.array([b""]), {"dtype": "image"}),
        (pa.array([[1]], pa.large_list(pa.int64())), {"list": "int64"}),
        (pa.array([[1]]), {"large_list": "int64"}),
        (pa.array([[1]]), {"list": "image"}),
        (pa.array([1], pa.timestamp("us")), {"dtype": "timestamp[ns]"}),
        (pa.array([{"a": 1}]), {"struct": [{"name": "a", "dtype": "int64"}]}),
        (pa.array([{"a": 1}]), {"struct": [{"name": "b", "dtype": "int64"}]}),
        (pa.array([None]), {"dtype": "image"}),
    ],
    ids=str,
)
def test_columns_are_judged_as_datasets_does(values: pa.Array, feature: dict[str, Any], tmp_path: Path) -> None:
    """A column of a file has a problem exactly where `datasets` cannot load the file with the declared feature."""
    item = COLUMN | feature
    pq.write_table(pa.table({"x": values}), tmp_path / "x.parquet")
    problem = cast_problem(item, read_footer(tmp_path / "x.parquet"))
    features = Features._from_yaml_list([item])
    try:
        Dataset.from_parquet(str(tmp_path / "x.parquet"), features=features, cache_dir=str(tmp_path / "cache"))
    except DatasetGenerationError:
        assert problem is not None
    else:
        assert problem is None


def test_columns_of_other_faults() -> None:
    """A feature that cannot be read is said by its own rule, and not once more of its column."""
    footer = Footer(0, 0, 0, None, None, pa.schema([("x", pa.int32())]), None)
    assert cast_problem({"name": "x", "dtype": "picture"}, footer) is None


@pytest.mark.parametrize(
    ("feature", "words"),
    [({"dtype": "image"}, "image"), ({"dtype": CLASSES}, "class_label"), ({"list": "int8"}, "list: int8"),
     ({"struct": []}, "struct"), ({}, "")],
)  # fmt: skip
def test_declared_types_are_short(feature: dict[str, Any], words: str) -> None:
    """The type that a feature declares is said in a word or two."""
    assert declared(COLUMN | feature) == words
