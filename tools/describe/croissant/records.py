"""The record sets of croissant.json: what a row of each config holds, the splits, and what the labels are called.

In go the features of the shards, as the card's header has them; out come file sets and record sets as plain data,
in the form that mlcroissant reads back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, SPLITS, SUBSETS
from tools.check.sheet.read import size_of
from tools.check.sheet.schema import PROPERTIES
from tools.describe.facts.description import Column, Description

# The names of the specification that this module uses.
CONTEXT: dict[str, Any] = {
    "annotation": "cr:annotation",
    "arrayShape": "cr:arrayShape",
    "column": "cr:column",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
PARQUET = "application/x-parquet"
REPOSITORY = "repository"  # the @id of the Hub's repository
TYPES = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "float32": "cr:Float32",
    "float64": "cr:Float64",
    "int32": "cr:Int32",
    "int64": "cr:Int64",
}
LABEL_TYPE = ("cr:Int64", "cr:Label")
SPLIT_URLS = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
WIKIPEDIA = "https://en.wikipedia.org/wiki/"
# What a label means; there is no article on a face that shows nothing.
ARTICLES = {
    "happy": "Happiness",
    "sad": "Sadness",
    "surprise": "Surprise_(emotion)",
    "fear": "Fear",
    "disgust": "Disgust",
    "angry": "Anger",
}
ENUMERATIONS = {EMOTIONS: "emotions", EMONET_EMOTIONS: "emonet_emotions"}
COUNT = "http://www.wikidata.org/entity/Q4049983"  # cardinality: the specification's own term for the number of records
# What a field is in the vocabulary of schema.org, where a record is an ImageObject.
EQUIVALENTS = {"image_id": "https://schema.org/identifier", "sha256": "https://schema.org/sha256"}
UNIT = "https://schema.org/unitText"
LABELS = ("emotion", "valence", "arousal", "present", "annotations")
MEANINGS = {
    "image": "The picture: the bytes of the maintainer's own file, never encoded again.",
    "image_id": "The name of the picture's file without its ending.",
    "sha256": "The SHA-256 of the bytes of this picture, in hexadecimal digits.",
    "face_box": "The box around the face in the original: x and y of its upper left corner, its width and its height.",
    "demographics": "What the prompt asks for; it describes a picture, and no person.",
    "demographics.ethnicity": "The ethnic group that the prompt names.",
    "demographics.gender": "The gender identity that the prompt names.",
    "demographics.age": "The age that the prompt names, in years.",
    "annotations": "What each annotator says of the picture, one entry an annotation; nothing is averaged.",
    "annotations.annotator": "Who says it: a name that upstream gave to a person, or the name of a model.",
    "annotations.emotion": "The one emotion that was asked about.",
    "annotations.present": "Whether the annotator sees that emotion in the picture.",
}
UNITS = {"demographics.age": "years"}
RATING = "How strongly the annotator sees {}, from 0 (absent) to 7 (very strong); 0 also where it was not rated."


def file_set_id(config: str) -> str:
    """Return the @id of the Parquet files of a config."""
    return f"{config}-files"


def file_set(config: str) -> dict[str, Any]:
    """Return the Parquet files of a config: a pattern within the repository, however many shards there are."""
    return {
        "@type": "cr:FileSet",
        "@id": file_set_id(config),
        "name": file_set_id(config),
        "description": f"The Parquet files of the config {config}; a name begins with that of the split.",
        "containedIn": {"@id": REPOSITORY},
        "encodingFormat": PARQUET,
        "includes": f"{config}/*.parquet",
    }


def record_sets(description: Description, configs: Sequence[str]) -> list[dict[str, Any]]:
    """Return the record sets of the splits, of the labels and of each config. Raises ValueError for unknown types."""
    splits = [split for split in SPLITS if any(split in description.shards[config].rows for config in configs)]
    features = {config: description.shards[config].features for config in configs}
    found = {names for config in configs for names in _label_names(features[config])}
    if unknown := found - ENUMERATIONS.keys():
        raise ValueError(f"no enumeration is known for the labels {', '.join(sorted(unknown)[0])}")
    enumerations = [_enumeration(name, names) for names, name in ENUMERATIONS.items() if names in found]
    return [_splits(splits), *enumerations, *(_rows(description, config) for config in configs)]


def _splits(splits: Iterable[str]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits that the configs are divided into.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            _plain("splits/name", "The name of the split.", "sc:Text"),
            _plain("splits/url", "What the split is for.", ["sc:URL", "cr:Split"]),
        ],
        "data": [{"splits/name": split, "splits/url": SPLIT_URLS[split]} for split in splits],
    }


def _enumeration(name: str, labels: Sequence[str]) -> dict[str, Any]:
    fields = [
        _plain(f"{name}/index", "The number that stands in the data.", "sc:Integer"),
        _plain(f"{name}/name", "What the number stands for.", "sc:Text"),
    ]
    data: list[dict[str, Any]] = [{f"{name}/index": i, f"{name}/name": label} for i, label in enumerate(labels)]
    if ARTICLES.keys() & set(labels):
        fields.append(_plain(f"{name}/url", "An article on the emotion; none on a neutral face.", "sc:URL"))
        for row, label in zip(data, labels, strict=True):
            row[f"{name}/url"] = WIKIPEDIA + ARTICLES[label] if label in ARTICLES else None
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The {len(labels)} labels, in the order of their numbers.",
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{name}/index"},
        "field": fields,
        "data": data,
    }


def _plain(path: str, description: str, data_type: Any) -> dict[str, Any]:
    name = path.rsplit("/", 1)[1]
    return {"@type": "cr:Field", "@id": path, "name": name, "description": description, "dataType": data_type}


def _rows(description: Description, config: str) -> dict[str, Any]:
    facts = description.shards[config]
    counts = [(split, facts.rows[split]) for split in SPLITS if split in facts.rows]
    columns: dict[str, Column] = {}
    if SUBSETS[config].kind == "faces":
        columns = {column.name: column for column in description.faces[size_of(config)].columns}
    fields = [_field(config, entry, columns) for entry in facts.features]
    by_split = ", ".join(f"{rows:,} in {split}" for split, rows in counts)
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"{SUBSETS[config].description}: one record a picture, {by_split}.",
        "dataType": "sc:ImageObject",
        "key": {"@id": f"{config}/image_id"},
        "annotation": [
            {
                "@type": "cr:Field",
                "@id": f"{config}/records",
                "name": "records",
                "description": "How many records there are.",
                "dataType": ["sc:Integer", COUNT],
                "value": sum(rows for _, rows in counts),
            }
        ],
        "field": [_split_field(config), *fields],
    }


def _split_field(config: str) -> dict[str, Any]:
    names = "|".join(SPLITS)
    return {
        **_plain(f"{config}/split", "The split of the record, from the name of its file.", "sc:Text"),
        "source": {
            "fileSet": {"@id": file_set_id(config)},
            "extract": {"fileProperty": "fullpath"},
            # mlcroissant takes the split out of the path, joins, and takes the split out of the split once more.
            "transform": {"regex": rf"^(?:{re.escape(config)}/)?({names})(?:-.+\.parquet)?$"},
        },
        # The only reference: with a second one mlcroissant 1.1 can no longer filter the records by their split.
        "references": {"field": {"@id": "splits/name"}},
    }


def _field(config: str, entry: Mapping[str, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
    """Return the field of a column, given as an entry of `features` in the card's header."""
    name = entry["name"]
    parts = _parts(entry)
    if parts is None:
        return _leaf(config, name, [], entry, columns.get(name))
    subfields = [_leaf(config, name, path, part, None) for path, part in _leaves(parts)]
    field = _described(config, name, name, None)
    return {**field, **({"isArray": True, "arrayShape": "-1"} if "list" in entry else {}), "subField": subfields}


def _parts(entry: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the entries of a struct, or of a list of structs; None for whatever is no such thing."""
    if "struct" in entry:
        return list(entry["struct"])
    items = entry.get("list")
    if isinstance(items, dict) and "struct" in items:
        return list(items["struct"])
    return items if isinstance(items, list) else None


def _leaves(parts: Iterable[Mapping[str, Any]], above: tuple[str, ...] = ()) -> Iterator[tuple[list[str], Any]]:
    """Yield the path and the entry of every leaf: Croissant's readers know one level of fields below a field."""
    for part in parts:
        path = (*above, part["name"])
        if "struct" in part:
            yield from _leaves(part["struct"], path)
        else:
            yield list(path), part


def _leaf(
    config: str, column: str, path: Sequence[str], entry: Mapping[str, Any], known: Column | None
) -> dict[str, Any]:
    """Return a field that has values: a column, or what stands at `path` within the structs of a column."""
    dtype, is_list = entry.get("dtype", entry.get("list")), "list" in entry
    source: dict[str, Any] = {"fileSet": {"@id": file_set_id(config)}, "extract": {"column": column}}
    name = ".".join((column, *path))
    field = _described(config, column, name, known)
    if dtype == "image":
        field["dataType"], path = "sc:ImageObject", ("bytes",)
    elif isinstance(dtype, dict) and "class_label" in dtype:
        field["dataType"] = list(LABEL_TYPE)
        # The @id of the enumeration, as a text: `references` is for the split alone (see _split_field), and a node here
        # mlcroissant would write out whole.
        field["sc:valueReference"] = ENUMERATIONS[_names(dtype)]
    elif isinstance(dtype, str) and dtype in TYPES:
        field["dataType"] = [TYPES[dtype], "cr:Label"] if name.split(".")[0] in LABELS else TYPES[dtype]
    else:
        raise ValueError(f"{config}: column {name} has the type {dtype!r}, for which Croissant has no name")
    if is_list:
        field |= {"isArray": True, "arrayShape": "-1"}
    if column == "face_box":
        field |= {"dataType": [field["dataType"], "cr:BoundingBox"], "arrayShape": "4"}
        source["format"] = "XYWH"
    if path:
        source["transform"] = {"jsonPath": ".".join(map(_quoted, path))}
    unit = UNITS.get(name) or (known.unit if known else PROPERTIES.get(name, {}).get("unit", ""))
    if unit not in ("", "1"):
        annotation = _plain(f"{field['@id']}/unit", "The unit of the numbers.", "sc:Text")
        field["annotation"] = [{**annotation, "equivalentProperty": UNIT, "value": unit}]
    return {**field, "source": source}


def _described(config: str, column: str, name: str, known: Column | None) -> dict[str, Any]:
    """Return the beginning of a field: its @id, its name and what it means."""
    path = [_slug(part) for part in name.split(".")]
    meaning = MEANINGS.get(name) or (known.meaning if known else "") or PROPERTIES.get(name, {}).get("description", "")
    if not meaning and len(path) > 1:
        meaning = RATING.format(name.rsplit(".", 1)[1])
    if known and known.nulls:
        meaning += f" Null in {known.nulls:,} of {known.rows:,} rows."
    field = {"@type": "cr:Field", "@id": "/".join((config, *path)), "name": name.rsplit(".", 1)[-1]}
    field["description"] = meaning or f"The column {name}."
    return {**field, "equivalentProperty": EQUIVALENTS[name]} if name in EQUIVALENTS else field


def _slug(name: str) -> str:
    """Return a name that can stand in an @id: readers refuse blanks there, and take '/' for a level."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", name)


def _quoted(name: str) -> str:
    """Return a name as a step of a JSONPath."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f"'{name}'"


def _names(dtype: Mapping[str, Any]) -> tuple[str, ...]:
    names = dtype["class_label"]["names"]
    return tuple(names[key] for key in sorted(names, key=int)) if isinstance(names, dict) else tuple(names)


def _label_names(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Yield the labels of every ClassLabel among the features, whatever it lies in."""
    for entry in entries:
        dtype = entry.get("dtype")
        if isinstance(dtype, dict) and "class_label" in dtype:
            yield _names(dtype)
        yield from _label_names(_parts(entry) or [])
