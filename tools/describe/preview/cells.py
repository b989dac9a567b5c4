"""What a cell of the table of first rows says: in go a value as pyarrow gives it and its feature, out come words.

Features are those that `datasets` writes into a Parquet file, as JSON has them; they are untrusted, as the values are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.describe.preview.pictures import thumbnail

LONGEST_TEXT = 1000  # characters of a cell
MOST_ITEMS = 6  # of a list that are written out
MOST_FIELDS = 12  # of a struct: of one with more, those that are 0 are only counted
_LISTS = ("List", "LargeList", "Sequence")

# A cell: "picture" with an address, "null", or "text", "number", "label" or "note" with what it says.
Cell = tuple[str, str]


def type_of(feature: Any, arrow: str) -> str:
    """Return the type of a column in words; `arrow` is what it is called where there is no feature."""
    return _type_of(feature) or _cut(arrow, 60)


def classes_of(feature: Any) -> list[str]:
    """Return the names of the classes of a feature; none where it has none."""
    names = feature.get("names") if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" else None
    return [str(name) for name in names] if isinstance(names, list) else []


def cell_of(value: Any, feature: Any) -> Cell:
    """Return what a cell says."""
    if value is None:
        return "null", ""
    if isinstance(value, dict) and value.keys() == {"bytes", "path"}:
        return _picture(value)
    if classes_of(feature):
        return "label", _plain(value, feature)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "number" if number else "text", _cut(_plain(value, feature), LONGEST_TEXT)


def _type_of(feature: Any) -> str:
    kind = feature.get("_type") if isinstance(feature, dict) else None
    if kind == "Value":
        return _cut(str(feature.get("dtype") or ""), 60)
    if kind == "ClassLabel":
        return "class label"
    if (inner := _inner(feature)) is not None:
        return f"list of {_type_of(inner) or 'values'}"
    if isinstance(kind, str):
        return _cut(kind, 60).lower()
    return f"{len(feature)} fields" if isinstance(feature, dict) and feature else ""


def _inner(feature: Any) -> Any:
    """Return the feature of the items of a list, None for what is no list."""
    if isinstance(feature, list) and len(feature) == 1:
        return feature[0]
    if isinstance(feature, dict) and feature.get("_type") in _LISTS:
        return feature.get("feature", {})
    return None


def _picture(value: Mapping[str, Any]) -> Cell:
    if not isinstance(value["bytes"], bytes):
        return "note", f"no bytes, only the path {_cut(str(value['path']), 100)}"
    try:
        return "picture", thumbnail(value["bytes"])
    except ValueError as problem:
        return "note", str(problem)


def _plain(value: Any, feature: Any) -> str:
    """Return a value on one line: labels by their names, long lists and structs cut short."""
    if isinstance(value, dict):
        return _struct(value, feature)
    if isinstance(value, list):
        items = [_plain(item, _inner(feature)) for item in value[:MOST_ITEMS]]
        more = [f"... {len(value):,} in all"] if len(value) > MOST_ITEMS else []
        return f"[{', '.join([*items, *more])}]"
    if isinstance(value, float):
        return f"{value:.7g}"  # what a float32 tells
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    names = classes_of(feature)
    if names and isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    if value is None or isinstance(value, bool):
        return {None: "null", False: "false", True: "true"}[value]
    return str(value)


def _struct(value: Mapping[str, Any], feature: Any) -> str:
    described = feature if isinstance(feature, dict) and "_type" not in feature else {}
    zeros = [name for name, item in value.items() if item == 0 and len(value) > MOST_FIELDS]
    shown = [name for name in value if name not in zeros]
    fields = [f"{name}: {_plain(value[name], described.get(name))}" for name in shown]
    more = [f"{len(zeros)} others: 0"] if zeros else []
    return f"{{{', '.join([*fields, *more])}}}"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
