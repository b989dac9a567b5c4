"""The dataset for machines: croissant.json, in the Croissant format 1.1 with the vocabulary for responsible AI 1.0.

In go a Description and the card's header; out comes JSON, the same bytes for the same input. It is plain data, after
the specification http://mlcommons.org/croissant/1.1; the tests validate it with mlcroissant, and read Parquet back
through it. The shards are patterns within the repository, which readers fetch by git.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from DiffusionFER import HOMEPAGE, SUBSETS, VERSION
from tools.describe.croissant.rai import kinds_of, rai, summary
from tools.describe.croissant.records import CONTEXT as RECORD_CONTEXT
from tools.describe.croissant.records import REPOSITORY, file_set, record_sets
from tools.describe.facts.description import Description

CROISSANT, RAI = "http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"
# The context of appendix 1 of the specification, without which readers take the names below for those of schema.org.
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "citeAs": "cr:citeAs",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "description": {"@container": "@language"},
    "isLiveDataset": "cr:isLiveDataset",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    **RECORD_CONTEXT,
}
# Addresses of licences by their names on the Hub, as Croissant recommends them.
LICENCES = {
    "cc0-1.0": "https://spdx.org/licenses/CC0-1.0",
    "cc-by-4.0": "https://spdx.org/licenses/CC-BY-4.0",
}
EMONET_LICENCE = "cc-by-4.0"
CREATORS = {"Daeha Kim": "https://kdhht2334.github.io/", "Dohee Kang": "https://github.com/KangDohee2270"}
PUBLISHER = HOMEPAGE.rsplit("/", 1)[0].replace("/datasets/", "/")
# The month in which the toolbox of the authors announced the dataset; no day is recorded.
PUBLISHED = "2023-03"
CITATION = f"""@misc{{diffusionfer,
  title  = {{DiffusionFER: a synthetic facial-expression dataset}},
  author = {{Kim, Daeha and Kang, Dohee}},
  year   = {{2023}},
  url    = {{{HOMEPAGE}}}
}}"""
# Croissant's readers ask for a checksum of every file, and a git repository has none: git verifies what it fetches. The
# Hub's own croissant files have the address of that open question in its place.
NO_CHECKSUM = "https://github.com/mlcommons/croissant/issues/80"


def croissant(description: Description, header: Mapping[str, Any]) -> bytes:
    """Return croissant.json for the configs of which `description` has shards; `header` is that of the card.

    Raises ValueError where there are no shards, where the rows of a config are not described, where a column has a type
    that Croissant has no name for, or where the header has no name or no licence that is known.
    """
    configs = [config for config in SUBSETS if config in description.shards]
    if not configs:
        raise ValueError("croissant.json describes the shards, and there are none: build them first")
    kinds = kinds_of(description, configs)
    document = {
        "@context": dict(sorted(CONTEXT.items())),
        "@type": "sc:Dataset",
        "conformsTo": [CROISSANT, RAI],
        "name": _text(header, "pretty_name"),
        "description": summary(description, kinds),
        "url": HOMEPAGE,
        "license": _licences(header, with_emonet="emonet" in kinds),
        "version": VERSION,
        "datePublished": PUBLISHED,
        "creator": [{"@type": "sc:Person", "name": name, "url": url} for name, url in CREATORS.items()],
        "publisher": {"@type": "sc:Organization", "name": PUBLISHER.rsplit("/", 1)[1], "url": PUBLISHER},
        "citeAs": CITATION,
        "keywords": _texts(header, "tags"),
        "inLanguage": _texts(header, "language"),
        **rai(description, kinds),
        "distribution": [_repository(), *map(file_set, configs)],
        "recordSet": record_sets(description, configs),
    }
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def _repository() -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": REPOSITORY,
        "name": REPOSITORY,
        "description": "The repository of the dataset on the Hugging Face Hub.",
        "contentUrl": HOMEPAGE,
        "encodingFormat": "git+https",
        "sha256": NO_CHECKSUM,
    }


def _licences(header: Mapping[str, Any], *, with_emonet: bool) -> list[str]:
    names = _texts(header, "license")
    if unknown := [name for name in names if name not in LICENCES] or not names:
        raise ValueError(
            f"license: expected {' or '.join(LICENCES)} (got {unknown if names else None!r}): "
            "add its address to LICENCES in tools/describe/croissant/document.py"
        )
    names += [EMONET_LICENCE] if with_emonet and EMONET_LICENCE not in names else []
    return [LICENCES[name] for name in names]


def _text(header: Mapping[str, Any], key: str) -> str:
    if not isinstance(value := header.get(key), str) or not value.strip():
        raise ValueError(f"{key}: expected a text in the header of the card (got {value!r})")
    return value


def _texts(header: Mapping[str, Any], key: str) -> list[str]:
    """Return one text or a list of them as a list; whatever else stands there is left out."""
    value = header.get(key)
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
