"""Whether `datasets` can read back the features of a card, as YAML has them, and read the columns of a file as them.

Plain ones are known by themselves; only for others is `datasets` itself asked, for importing it takes a second.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tools.check.findings import quote

if TYPE_CHECKING:  # loads pyarrow
    from tools.check.repo.footers import Footer

# Types of Arrow by their names in datasets.features.Value, and the media of `datasets`.
PLAIN_TYPES = {
    "null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64", "string", "large_string", "binary", "large_binary", "date32", "date64", "image", "audio",
}  # fmt: skip
MOST_CLASSES = 10**6  # more than any dataset has; ImageNet-21k has 21,841


def feature_problem(feature: Any) -> str | None:
    """Return why `datasets` cannot read one item of the features, None where it can. Never raises."""
    problem = _labels_problem(feature)
    if problem or _is_plain(feature):
        return problem
    try:
        from datasets import Features
    except ImportError:  # cards can be checked without it
        return None
    try:
        Features._from_yaml_list([feature])
    except Exception as error:  # whatever it is, load_dataset would raise it
        # The first sentence says it; what follows (all types there are) depends on the release of `datasets`.
        return " ".join(f"{type(error).__name__}: {error}".split()).partition(". ")[0]
    return None


def cast_problem(feature: dict[str, Any], footer: Footer) -> str | None:
    """Return why `datasets` cannot read the column of a file as the feature of its name, None where it can.

    It is asked for the very cast that it does on reading, of no rows, and of the smallest and the largest value where
    the footer has them and both are numbers or text: so whatever it converts is let pass. Never raises.
    """
    if feature_problem(feature):
        return None  # said by itself
    try:
        import pyarrow as pa
        from datasets import ClassLabel, Features, Value
        from datasets.table import cast_array_to_feature
    except ImportError:  # cards can be checked without it
        return None
    name = feature["name"]
    try:
        wanted = Features._from_yaml_list([feature])[name]
        kind = footer.schema.field(name).type
        nothing = pa.array([], kind)
    except Exception:  # a type that only its own library can make says nothing
        return None
    try:
        cast_array_to_feature(nothing, wanted)
    except Exception:  # whatever it is, load_dataset would raise it
        return ""
    # The text of a class label may have been cut in the footer: then it is no name of a class, and proves nothing.
    types = (int, float, str) if isinstance(wanted, Value) else (int,) if isinstance(wanted, ClassLabel) else ()
    for value in () if pa.types.is_nested(kind) else _extremes(name, footer):
        if isinstance(value, types) and not isinstance(value, bool):
            try:
                cast_array_to_feature(pa.array([value], kind), wanted)
            except Exception:  # as above
                return f"it holds {quote(value)}"
    return None


def _extremes(name: str, footer: Footer) -> Iterator[object]:
    """Yield the smallest and the largest value of a column in each row group, as far as the footer has them."""
    groups = (footer.metadata.row_group(number) for number in range(footer.metadata.num_row_groups))
    for group in groups:
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema == name and column.is_stats_set and column.statistics.has_min_max:
                yield from (column.statistics.min, column.statistics.max)


def declared(feature: dict[str, Any]) -> str:
    """Return the type that an item of the features declares, as short as it can be said."""
    key, kind = next(((key, feature[key]) for key in feature if key != "name"), ("", None))
    if key == "dtype" and isinstance(kind, dict) and kind:
        return str(next(iter(kind)))
    return str(kind) if key == "dtype" else f"{key}: {kind}" if isinstance(kind, str) else key


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


def _labels_problem(feature: Any) -> str | None:
    """Return what is wrong with the class labels in a feature, wherever they stand.

    `datasets` opens the file of a `names_file`, and counts up to the largest id or to `num_classes`: it is not asked
    about a file of this machine, or about an id of ten digits.
    """
    waiting = [feature]
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
