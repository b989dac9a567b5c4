"""Whether `datasets` can read back the features of a card, as YAML has them.

Plain ones are known by themselves; only for others is `datasets` itself asked, for importing it takes a second.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tools.check.findings import quote

# Types of Arrow by their names in datasets.features.Value, and the media of `datasets`.
PLAIN_TYPES = {
    "null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64", "string", "large_string", "binary", "large_binary", "date32", "date64", "image", "audio",
}  # fmt: skip
MOST_CLASSES = 10**6  # more than any dataset has; ImageNet-21k has 21,841


def features_problem(features: Any) -> str | None:
    """Return why `datasets` cannot read features, None where it can. Never raises."""
    if not isinstance(features, list):
        return f"they are {quote(features)}, expected a list"
    problem = _labels_problem(features)
    if problem or all(_is_plain(feature) for feature in features):
        return problem
    try:
        from datasets import Features
    except ImportError:  # cards can be checked without it
        return None
    try:
        Features._from_yaml_list(features)
    except Exception as error:  # whatever it is, load_dataset would raise it
        # The first sentence says it; what follows (all types there are) depends on the release of `datasets`.
        return " ".join(f"{type(error).__name__}: {error}".split()).partition(". ")[0]
    return None


def _is_plain(feature: Any) -> bool:
    """Return whether a feature is a name with a plain type, class labels, or a list of a plain type."""
    if not isinstance(feature, dict) or not isinstance(feature.get("name"), str) or len(feature) != 2:
        return False
    if "list" in feature:
        return feature["list"] in PLAIN_TYPES if isinstance(feature["list"], str) else False
    kind = feature.get("dtype")
    if isinstance(kind, str):
        return kind in PLAIN_TYPES
    label = kind.get("class_label") if isinstance(kind, dict) and len(kind) == 1 else None
    return isinstance(label, dict) and list(label) == ["names"] and isinstance(label["names"], dict)


def _labels_problem(features: Any) -> str | None:
    """Return what is wrong with the class labels in features, wherever they stand.

    `datasets` opens the file of a `names_file`, and counts up to the largest id or to `num_classes`: it is not asked
    about a file of this machine, or about an id of ten digits.
    """
    waiting = [features]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
            if problem := _label_problem(item):
                return problem
    return None


def _label_problem(item: dict[Any, Any]) -> str | None:
    if "names_file" in item:
        return "a class label has a names_file, expected names"
    count = item.get("num_classes")
    if isinstance(count, int) and count > MOST_CLASSES:
        return f"a class label has {count:,} classes, expected at most {MOST_CLASSES:,}"
    label = item.get("class_label")
    names = label.get("names") if isinstance(label, dict) else None
    if not isinstance(names, dict):
        return None
    ids = [str(name) for name in names]
    strange = next((name for name in ids if not re.fullmatch(r"[0-9]{1,9}", name)), None)
    if strange is not None:
        return f"a class label has the id {quote(strange)}, expected a number"
    if sorted(map(int, ids)) != list(range(len(ids))):
        return f"the ids of class labels have a gap or repeat, expected 0 to {len(ids) - 1:,}"
    unnamed = next((name for name in names.values() if not isinstance(name, str)), None)
    if unnamed is not None:
        return f"a class label has the name {quote(unnamed)}, expected text"
    if len(set(names.values())) < len(names):
        again = next(name for name, count in Counter(names.values()).items() if count > 1)
        return f"two class labels have the name {quote(again)}"
    return None
