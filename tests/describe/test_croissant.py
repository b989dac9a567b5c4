"""croissant.json says what is published, all of it and nothing else, in the same bytes for the same data."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, HOMEPAGE
from tests.describe.described import EMONET, FACES, HEADER, Published, publish
from tests.environments import ROOT
from tools.describe.croissant.document import CITATION, CREATORS, LICENCES, croissant
from tools.describe.croissant.rai import PROPERTIES
from tools.describe.facts.description import Description
from tools.describe.header import Facts
from tools.make.design import ONLY_FOR
from tools.make.prompts import EMOTION_PHRASES
from tools.make.sketch import MODEL

SKETCHED, GENERATED = {MODEL: 30}, {"stable-diffusion-1.5": 30}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Thirty faces in two variants, and three EmoNet configs, as shards."""
    return publish(tmp_path_factory.mktemp("croissant"), {"small_cropped": 40_000})


def made(description: Description, **header: Any) -> dict[str, Any]:
    """Return croissant.json, parsed, for a header in which some keys are others."""
    return dict(json.loads(croissant(description, {**HEADER, **header})))


def by_id(nodes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return nodes by their @id, each of which there is once."""
    found = {node["@id"]: node for node in nodes}
    assert len(found) == len(nodes)
    return found


def fields(document: dict[str, Any], config: str) -> dict[str, dict[str, Any]]:
    """Return the fields of a config by name."""
    record_set = by_id(document["recordSet"])[config]
    return {field["@id"].removeprefix(f"{config}/"): field for field in record_set["field"]}


# --- the dataset ----------------------------------------------------------------------------------------------------


def test_says_what_the_citation_file_says(published: Published) -> None:
    """Creators, version, licence, address and title are those of CITATION.cff, and the citation is the card's."""
    document = made(published.description)
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    names = [f"{author['given-names']} {author['family-names']}" for author in cited["authors"]]
    assert [creator["name"] for creator in document["creator"]] == names == list(CREATORS)
    assert document["version"] == cited["version"]
    assert document["license"][0] == f"https://spdx.org/licenses/{cited['license']}"
    assert document["url"] == cited["url"] == HOMEPAGE
    assert document["name"] == cited["title"]
    assert document["citeAs"] == CITATION
    assert CITATION in (ROOT / "README.md").read_text("utf-8")


def test_takes_name_words_and_language_from_the_header(published: Published) -> None:
    """What the card says is not said otherwise here; a single word and a list of them mean the same."""
    document = made(published.description, pretty_name="Faces", tags="one", language=["en", "de", 5])
    assert (document["name"], document["keywords"], document["inLanguage"]) == ("Faces", ["one"], ["en", "de"])


def test_conforms_to_both_specifications(published: Published) -> None:
    """It is Croissant 1.1, and has the vocabulary for responsible AI 1.0."""
    croissant_11, rai = made(published.description)["conformsTo"]
    assert croissant_11 == "http://mlcommons.org/croissant/1.1"
    assert rai == "http://mlcommons.org/croissant/RAI/1.0"


def test_has_a_second_licence_only_with_emonet(published: Published) -> None:
    """EmoNet-Face is under CC BY 4.0, and where it is not published nobody must think so."""
    assert made(published.of(*FACES))["license"] == [LICENCES["cc0-1.0"]]
    assert made(published.description)["license"] == [LICENCES["cc0-1.0"], LICENCES["cc-by-4.0"]]
    assert made(published.of(*EMONET), license="cc-by-4.0")["license"] == [LICENCES["cc-by-4.0"]]


def test_the_files_are_patterns_within_the_repository(published: Published) -> None:
    """Each config has one set of files in the repository on the Hub, whose pattern finds its shards and no others."""
    document = made(published.description)
    repository, *sets = document["distribution"]
    assert (repository["@id"], repository["contentUrl"]) == ("repository", HOMEPAGE)
    assert [node["@id"] for node in sets] == [f"{config}-files" for config in (*FACES, *EMONET)]
    for node, config in zip(sets, (*FACES, *EMONET), strict=True):
        assert node["containedIn"] == {"@id": "repository"}
        found = {
            file.relative_to(published.repository).as_posix() for file in published.repository.glob(node["includes"])
        }
        assert found == {shard.path for shard in published.shards if shard.config == config}


def test_describes_only_configs_with_shards(published: Published) -> None:
    """There are files and records of a config where there are shards of it, and splits that some config has."""
    document = made(published.of("emonet_hq"))
    assert by_id(document["distribution"]).keys() == {"repository", "emonet_hq-files"}
    assert by_id(document["recordSet"]).keys() == {"splits", "emonet_hq"}
    assert [row["splits/name"] for row in by_id(document["recordSet"])["splits"]["data"]] == ["test"]


# --- the records ----------------------------------------------------------------------------------------------------


def test_counts_the_records(published: Published) -> None:
    """The number of records is that of the shards, and the description has it by split."""
    record_set = by_id(made(published.description)["recordSet"])["small_cropped"]
    assert record_set["annotation"][0]["value"] == 30
    assert record_set["description"].endswith("one record a picture, 24 in train, 3 in validation, 3 in test.")


def test_describes_every_column(published: Published) -> None:
    """Each column has a field with its type, a description, the share of nulls and a unit where it has one."""
    document = made(published.description)
    for config in published.description.shards:
        columns = {feature["name"] for feature in published.description.shards[config].features}
        assert fields(document, config).keys() == {"split", *columns}
    found = fields(document, "small_original")
    types = {name: found[name].get("dataType") for name in ("image", "seed", "steps", "valence", "prompt", "emotion")}
    assert types == {
        "image": "sc:ImageObject",
        "seed": "cr:Int64",
        "steps": "cr:Int32",
        "valence": ["cr:Float32", "cr:Label"],
        "prompt": "sc:Text",
        "emotion": ["cr:Int64", "cr:Label"],
    }
    assert found["steps"]["description"] == "How many steps the sampler took. Null in 30 of 30 rows."
    assert found["steps"]["annotation"][0]["value"] == "steps"
    assert "Null" not in found["valence"]["description"]
    assert "annotation" not in found["valence"]
    assert found["sha256"]["equivalentProperty"] == "https://schema.org/sha256"


def test_face_box_is_a_box_of_four_numbers(published: Published) -> None:
    """The box says its form and its unit."""
    box = fields(made(published.description), "small_original")["face_box"]
    assert box["dataType"] == ["cr:Float32", "cr:BoundingBox"]
    assert (box["isArray"], box["arrayShape"], box["source"]["format"]) == (True, "4", "XYWH")
    assert box["annotation"][0]["value"] == "pixels"


def test_annotations_are_described_to_the_last_rating(published: Published) -> None:
    """A list of annotations has a field for the annotator and for each of the 40 ratings, whatever their names hold."""
    document = made(published.description)
    annotations = fields(document, "emonet_hq")["annotations"]
    assert (annotations["isArray"], annotations["arrayShape"]) == (True, "-1")
    assert [field["name"] for field in annotations["subField"]] == ["annotator", *EMONET_EMOTIONS]
    assert all(re.fullmatch(r"[\w/]+", field["@id"]) and field["description"] for field in annotations["subField"])
    rating = annotations["subField"][3]
    assert rating["source"]["transform"] == {"jsonPath": "ratings.'Pleasure/Ecstasy'"}
    assert "Pleasure/Ecstasy" in rating["description"]
    demographics = fields(document, "emonet_hq")["demographics"]
    assert "isArray" not in demographics
    assert demographics["subField"][2]["annotation"][0]["value"] == "years"


def test_labels_have_enumerations(published: Published) -> None:
    """The number of a label leads to its name and, for the seven, to an article on the emotion."""
    document = made(published.description)
    sets = by_id(document["recordSet"])
    emotion = fields(document, "small_cropped")["emotion"]
    assert emotion["sc:valueReference"] == "emotions"
    assert [row["emotions/name"] for row in sets["emotions"]["data"]] == list(EMOTIONS)
    assert [row["emotions/index"] for row in sets["emotions"]["data"]] == list(range(7))
    without = [row["emotions/name"] for row in sets["emotions"]["data"] if row["emotions/url"] is None]
    assert without == ["neutral"]
    assert [row["emonet_emotions/name"] for row in sets["emonet_emotions"]["data"]] == list(EMONET_EMOTIONS)
    (asked,) = [
        field for field in fields(document, "emonet_binary")["annotations"]["subField"] if field["name"] == "emotion"
    ]
    assert asked["sc:valueReference"] == "emonet_emotions"


# --- responsible use ------------------------------------------------------------------------------------------------


def test_all_properties_are_said_of_the_rendered_edition(published: Published) -> None:
    """Every property of the vocabulary but the time frame has a text, and it is of the rendered edition alone."""
    document = made(published.of(*FACES, models=SKETCHED))
    said = {name.removeprefix("rai:") for name in document if name.startswith("rai:")}
    assert said == PROPERTIES.keys()
    text = json.dumps(document)
    assert "EmoNet" not in text
    assert "Diffusion pictures" not in text
    assert "Gemini" not in text
    assert "30 faces that a program drew" in document["description"]
    assert document["rai:machineAnnotationTools"][0].startswith(f"{MODEL}: ")


def test_the_rendered_edition_says_what_it_stands_for_and_what_it_leans_to(published: Published) -> None:
    """Under the names of the diffusion pictures stands something else, and style depends on gender: both are said."""
    document = made(published.of(*FACES, models=SKETCHED))
    assert document["rai:dataCollection"].endswith(
        "lists the small diffusion pictures (1.5 K, 647 MB, cropped 322 MB) under the names of this edition; what is "
        "published now under small_original and small_cropped is the rendered edition in their place."
    )
    linked = 'in the design of the sheet, "handsome" goes to men only and "pretty" goes to women only.'
    assert any(text.endswith(linked) for text in document["rai:dataBiases"])
    assert ONLY_FOR == {"handsome": "man", "pretty": "woman"}


def test_numbers_are_those_of_the_data(published: Published) -> None:
    """Counts of classes, groups and nulls are counted, and change with the data."""
    cells = {("happy", "white", None, None): 1_200, ("sad", "white", None, None): 34, ("sad", None, None, None): 5}
    document = made(published.of(*FACES, cells=cells, rows=1_239))
    assert document["rai:dataBiases"][0] == (
        "The 1,239 rows of small have 39 to 1,200 of each emotion, and 5 to 1,200 of each of the 3 combinations of "
        "emotion, race, age and gender that occur."
    )
    missing = made(published.description)["rai:dataCollectionMissingData"]
    assert "of small: in all 30 rows negative_prompt, age" in missing
    assert "in some face_box (15)" in missing


def test_diffusion_pictures_have_texts_of_their_own(published: Published) -> None:
    """Once a model has made pictures, nothing says that labels are true by construction or that nobody is shown."""
    document = made(published.of(*FACES, models=GENERATED))
    text = json.dumps(document)
    assert "true by construction" not in text
    assert "show nobody" not in text
    assert "the published card names two annotators" in document["rai:dataAnnotationProtocol"]
    assert "Human" not in str(
        document["rai:dataCollectionType"]
    )  # no word of the card says that anybody chose pictures
    assert not re.search(r"two people|looked at", text)
    assert "in their place" not in text
    opened = {emotion for emotion, phrase in EMOTION_PHRASES.items() if "open mouth" in phrase}
    assert opened == {"happy", "surprise", "disgust", "angry"}  # of which a text tells


def test_mixed_pictures_have_both_texts(published: Published) -> None:
    """Where a dataset has pictures of both kinds, each text says which of them it speaks of."""
    document = made(published.of(*FACES, models=SKETCHED | GENERATED))
    assert len(document["rai:dataAnnotationPlatform"]) == 2
    assert document["rai:dataAnnotationProtocol"].count("Rendered edition:") == 1
    assert document["rai:dataAnnotationProtocol"].count("Diffusion pictures:") == 1


def test_nothing_is_claimed_of_pictures_of_unknown_origin(published: Published) -> None:
    """Where no row says what made its picture, no text says it."""
    document = made(published.of(*FACES, models={}))
    text = json.dumps(document)
    assert "rai:dataAnnotationProtocol" not in document
    assert "program" not in document["description"]
    assert "Diffusion pictures" not in text
    assert "2024/1689" in document["rai:dataSocialImpact"]


def test_emonet_texts_follow_the_configs(published: Published) -> None:
    """A protocol is described where its config is published."""
    binary = made(published.of("emonet_binary"))
    assert "in emonet_binary" in binary["rai:dataAnnotationProtocol"]
    assert "emonet_big" not in json.dumps(binary)
    assert "rai:machineAnnotationTools" not in binary
    assert "Gemini" in made(published.of("emonet_big"))["rai:machineAnnotationTools"][0]


# --- the same bytes -------------------------------------------------------------------------------------------------

AGAIN = """
import sys
from pathlib import Path
from tests.describe.described import HEADER
from tools.describe.croissant.document import croissant
from tools.describe.facts.description import describe
data_dir, *paths = map(Path, sys.argv[1:])
shards = {}
for path in paths:
    shards.setdefault(path.parent.name, []).append((path.name.split("-")[0], path))
sys.stdout.buffer.write(croissant(describe(data_dir, shards), HEADER))
"""


def test_same_data_same_bytes(published: Published) -> None:
    """Neither a second run nor another order of sets changes a byte, and the file ends with a line end."""
    paths = [str(shard.file) for shard in published.shards]
    out = []
    for seed in ("0", "1", "7"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", AGAIN, str(published.data_dir), *paths]
        out.append(subprocess.run(command, env=environment, capture_output=True, check=True, timeout=120).stdout)
    assert {*out} == {croissant(published.description, HEADER)}
    assert out[0].endswith(b"\n}\n")


@given(tags=st.lists(st.text(st.characters(exclude_categories=[]))), name=st.text(min_size=1).filter(str.strip))
def test_any_text_of_the_header_is_kept(published: Published, tags: list[str], name: str) -> None:
    """Quotes, line ends, other scripts and what is no character at all come back as they were."""
    document = made(published.of("emonet_hq"), tags=tags, pretty_name=name)
    assert (document["keywords"], document["name"]) == (tags, name)


def test_names_no_path_of_this_machine(published: Published) -> None:
    """What is published does not say where the maintainer keeps it."""
    text = croissant(published.description, HEADER).decode()
    assert str(published.data_dir.parent) not in text
    assert str(Path.home()) not in text


# --- bad input ------------------------------------------------------------------------------------------------------


def of_feature(published: Published, **feature: Any) -> Description:
    """Return a description with a feature that the shards do not have."""
    facts = published.description.shards["emonet_hq"]
    return Description(published.data_dir, {}, {"emonet_hq": replace(facts, features=[{"name": "odd", **feature}])})


def test_no_shards(published: Published) -> None:
    """Without shards there is nothing to describe."""
    with pytest.raises(
        ValueError, match=r"^croissant.json describes the shards, and there are none: build them first$"
    ):
        croissant(Description(published.data_dir), HEADER)


def test_shards_without_rows(published: Published) -> None:
    """Shards of a size that the sheet does not have are of other data."""
    description = Description(published.data_dir, {}, {"medium_cropped": Facts([], {"train": 1}, {"train": 1}, 1)})
    with pytest.raises(ValueError, match=r"^medium_cropped has shards, but the sheet has no row of medium: "):
        croissant(description, HEADER)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "license",
            "wtfpl",
            r"license: expected cc0-1.0 or cc-by-4.0 \(got \['wtfpl'\]\): add its address to LICENCES",
        ),
        ("license", None, r"license: expected cc0-1.0 or cc-by-4.0 \(got None\)"),
        ("pretty_name", None, r"pretty_name: expected a text in the header of the card \(got None\)"),
        ("pretty_name", 7, r"pretty_name: expected a text in the header of the card \(got 7\)"),
        ("pretty_name", " ", r"pretty_name: expected a text in the header of the card \(got ' '\)"),
    ],
)
def test_header_without_what_is_needed(published: Published, key: str, value: Any, message: str) -> None:
    """A name and a licence whose address is known must stand in the header."""
    with pytest.raises(ValueError, match=rf"^{message}"):
        made(published.description, **{key: value})


@pytest.mark.parametrize("feature", [{"dtype": "audio"}, {"list": {"list": "int32"}}, {"array2_d": {}}])
def test_column_of_an_unknown_type(published: Published, feature: dict[str, Any]) -> None:
    """A column that Croissant has no type for is named."""
    with pytest.raises(ValueError, match=r"^emonet_hq: column odd has the type .*, for which Croissant has no name$"):
        croissant(of_feature(published, **feature), HEADER)


def test_labels_without_enumeration(published: Published) -> None:
    """Labels that are neither the seven nor the 40 are named."""
    with pytest.raises(ValueError, match=r"^no enumeration is known for the labels yes, no$"):
        croissant(of_feature(published, dtype={"class_label": {"names": {"0": "yes", "1": "no"}}}), HEADER)
