"""The contract of the sheet, `tools/schemas/sheet.schema.json`, as a check of whole columns.

In goes a table, out come the cells that break the schema, each with jsonschema's words. Arrow finds the cells that may
fail, by kernels that are compiled from the schema; only these are given to jsonschema, which decides.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from tools.check.findings import QUOTED, quote
from tools.check.places import true_places

if TYPE_CHECKING:  # `read` takes the required columns from here
    from tools.check.sheet.read import Sheet

SCHEMA: dict[str, Any] = json.loads(resources.files("tools.schemas").joinpath("sheet.schema.json").read_text("utf-8"))
PROPERTIES: dict[str, dict[str, Any]] = SCHEMA["properties"]
REQUIRED: tuple[str, ...] = tuple(SCHEMA["required"])

ANNOTATIONS = {"title", "description", "unit", "examples"}
# The keywords of a column that `_compiled` knows; of a row, those that need no look at a cell.
KEYWORDS = {"type", "enum", "pattern", "minimum", "maximum", "items", "minItems", "maxItems"}
ROW_KEYWORDS = {"$schema", "$id", "type", "required", "properties", "additionalProperties"}
NUMBERS = {"integer": pa.int64(), "number": pa.float64()}


class Broken(NamedTuple):
    """A cell that breaks the schema: its place in the table, the keyword, what stands there, and jsonschema's words.

    `given` is the cell as the table has it, `instance` is what JSON Schema sees.
    """

    column: str
    place: int
    keyword: str
    given: Any
    instance: Any
    words: str


# From cells to a mask of those that pass, null for null.
Kernel = Callable[[pa.ChunkedArray], pa.ChunkedArray]
SUSPECTS = 10_000  # cells that are turned into Python objects at once


def checked(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of a row that is valid in itself and that the kernels cover.

    Raises jsonschema.SchemaError, or ValueError for a keyword that is not compiled, so that none is passed over.
    """
    Draft202012Validator.check_schema(schema)
    unknown = set(schema) - ROW_KEYWORDS - ANNOTATIONS
    for part in schema["properties"].values():
        unknown |= set(part) - KEYWORDS - ANNOTATIONS
        unknown |= {f"items.{keyword}" for keyword in set(part.get("items", {})) - {"type"}}
        kinds = _types(part)
        if kinds & set(NUMBERS) and kinds - {"null"} - set(NUMBERS):
            unknown.add(f"type {sorted(kinds)}")
    if unknown:
        raise ValueError(f"the check of columns does not know {', '.join(sorted(unknown))}: teach it in {__name__}")
    return schema


@functools.cache
def _check_schema() -> None:
    checked(SCHEMA)


def _types(part: dict[str, Any]) -> set[str]:
    return {part["type"]} if isinstance(part["type"], str) else set(part["type"])


def _pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    """Check `pattern` as ECMA-262 reads it: `$` is the end of the text, where Python lets a line break follow."""
    if validator.is_type(instance, "string") and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = extend(Draft202012Validator, {"pattern": _pattern})


# --- cells ----------------------------------------------------------------------------------------------------------


def target_of(column: str) -> pa.DataType | None:
    """Return the type in which Arrow reads the cells of a column; None where they may be text or lists."""
    kinds = _types(PROPERTIES[column])
    if "array" in kinds:
        return None
    return next((NUMBERS[kind] for kind in NUMBERS if kind in kinds), pa.string())


def instances(column: str, values: pa.ChunkedArray | pa.Array) -> list[Any]:
    """Return cells as JSON Schema sees them: null, text, or the number that text spells.

    A cell that is not of its column's kind stays what it is, and a number that JSON has no way to write (NaN or an
    infinity) becomes text, which is no number.
    """
    given = values.to_pylist()
    target = target_of(column)
    if target is None:
        return [_json(value) for value in given]
    read = cast_cells(_chunked(values), target)[0].to_pylist()
    return [_json(raw if value is None else value) for value, raw in zip(read, given, strict=True)]


def _json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return [_json(item) for item in value] if isinstance(value, list) else value


def _chunked(values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])


def cast_cells(values: pa.ChunkedArray, target: pa.DataType) -> tuple[pa.ChunkedArray, list[int]]:
    """Cast a column; a cell that cannot be cast becomes null, and the positions of these cells come along, sorted."""
    try:
        return values.cast(target), []
    except pa.ArrowException:  # Arrow casts all or nothing: now each value that is there is tried, and each but once
        distinct = one_array(values).dictionary_encode()
        cast = pa.concat_arrays(_cast_parts(distinct.dictionary, target)).take(distinct.indices)
        return pa.chunked_array([cast]), true_places(pc.and_(values.is_valid(), cast.is_null())).to_pylist()


def _cast_parts(values: pa.Array, target: pa.DataType) -> Iterator[pa.Array]:
    """Yield the values, cast; a part that fails is halved until the failing values stand alone, as nulls."""
    try:
        yield values.cast(target)
    except pa.ArrowException:
        half = len(values) // 2
        if half:
            yield from _cast_parts(values[:half], target)
            yield from _cast_parts(values[half:], target)
        else:
            yield pa.nulls(1, target)


def one_array(values: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    if values.num_chunks == 1:
        return values.chunk(0)
    return pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)


# --- columns --------------------------------------------------------------------------------------------------------


def broken_cells(sheet: Sheet) -> Iterator[Broken]:
    """Yield the cells of a sheet that break the schema, column by column in the order of the rows, each once."""
    _check_schema()
    columns = [column for column in PROPERTIES if sheet.has(column)]
    for column in columns:
        places = sheet.suspects(column)
        for start in range(0, len(places), SUSPECTS):
            indices = places[start : start + SUSPECTS]
            cells = sheet.table[column].take(indices)
            for index, given, instance in zip(
                indices.to_pylist(), cells.to_pylist(), instances(column, cells), strict=True
            ):
                for keyword, words in errors(column, instance)[:1]:
                    yield Broken(column, index, keyword, given, instance, words)


def suspects(sheet: Sheet, column: str) -> pa.Array:
    """Return the places (uint64) of the cells that may break the schema: all that do are among them."""
    cells, may_be_empty = sheet.table[column], "null" in _types(PROPERTIES[column])
    if may_be_empty and cells.null_count == len(cells):
        return _NONE
    if pa.types.is_dictionary(cells.type):  # each distinct text once
        values, indices = sheet.distinct(column)
        fine = _passes(column, pa.chunked_array([values]))
        if pc.all(fine).as_py() and (may_be_empty or not indices.null_count):
            return _NONE
        fine = one_array(fine).take(indices)
    elif _is_published(sheet, column):  # which is more than the schema asks
        return _NONE
    else:
        target = target_of(column)
        fine = _passes(column, cells, sheet.cast(column, target) if target else None)
        if pc.all(fine).as_py() and (may_be_empty or not fine.null_count):
            return _NONE
    return true_places(pc.invert(pc.fill_null(fine, may_be_empty)))


_NONE = pa.array([], pa.uint64())


def _is_published(sheet: Sheet, column: str) -> bool:
    if column == "path":
        return bool(pc.all(sheet.published()).as_py())
    return column == "face_box" and sheet.published_boxes()


def is_plain(sheet: Sheet, column: str) -> bool:
    """Say whether all cells of a column are known to be ASCII without white space around it, and no formulas.

    So they are where the schema lets them pass as numbers or checksums, or where they are of the published form.
    """
    part = PROPERTIES[column]
    counted = target_of(column) in NUMBERS.values() or _COUNTED.fullmatch(part.get("pattern", ""))
    return _is_published(sheet, column) or bool(counted and not len(sheet.suspects(column)))


def _passes(column: str, cells: pa.ChunkedArray, read: pa.ChunkedArray | None = None) -> pa.ChunkedArray:
    """Return a mask (bool) of the cells that are surely valid: false where jsonschema must look, null where empty.

    `read` are the cells in the type of the column, where they are at hand.
    """
    target = target_of(column)
    if target is not None:
        fine = _compiled(column)(cast_cells(cells, target)[0] if read is None else read)
    elif pa.types.is_string(cells.type):
        fine = _compiled(column)(cells)
    elif (pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type)) and _is_number(cells.type.value_type):
        fine = pa.chunked_array([_list_passes(column, one_array(cells))])
    else:
        fine = pa.chunked_array([pa.repeat(False, len(cells))])
    if fine.null_count == cells.null_count:  # a cell that could not be cast is null, too
        return fine
    return pc.if_else(cells.is_valid(), pc.fill_null(fine, False), None)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _list_passes(column: str, cells: pa.Array) -> pa.Array:
    """Return a mask of the lists that are of the right length and hold finite numbers only."""
    part, lengths = PROPERTIES[column], pc.list_value_length(cells)
    fits = pc.and_(pc.greater_equal(lengths, part["minItems"]), pc.less_equal(lengths, part["maxItems"]))
    wrong = pc.invert(pc.fill_null(pc.is_finite(pc.list_flatten(cells)), False))
    parents = pc.list_parent_indices(cells).filter(wrong)
    return pc.and_(fits, pc.invert(pc.is_in(pa.array(range(len(cells)), parents.type), parents)))


@functools.cache
def _compiled(column: str) -> Kernel:
    """Return the kernels of a column's keywords as one, for cells of its type."""
    part = PROPERTIES[column]
    kernels: list[Kernel] = []
    if target_of(column) in NUMBERS.values():
        kernels.append(pc.is_finite)
    if "enum" in part:
        allowed = pa.array(part["enum"])
        kernels.append(lambda cells: pc.is_in(cells, allowed))
    if "pattern" in part:
        kernels.append(_matcher(part["pattern"]))
    if "minimum" in part:
        kernels.append(lambda cells: pc.greater_equal(cells, part["minimum"]))
    if "maximum" in part:
        kernels.append(lambda cells: pc.less_equal(cells, part["maximum"]))
    return lambda cells: (
        functools.reduce(pc.and_, (kernel(cells) for kernel in kernels)) if kernels else cells.is_valid()
    )


_COUNTED = re.compile(r"\^\[((?:[0-9A-Za-z]-[0-9A-Za-z])+)\]\{([0-9]+)\}\$")


def _matcher(pattern: str) -> Kernel:
    """Return the kernel of a pattern. So many characters of one class, as in a SHA-256, take no regular expression."""
    counted = _COUNTED.fullmatch(pattern)
    if not counted:
        return functools.partial(pc.match_substring_regex, pattern=pattern)
    ranges = re.findall("(.)-(.)", counted[1])
    characters = "".join(chr(code) for low, high in ranges for code in range(ord(low), ord(high) + 1))
    length = int(counted[2])

    def matches(cells: pa.ChunkedArray) -> pa.ChunkedArray:
        left = pc.ascii_ltrim(cells, characters=characters)  # eight times as fast as RE2
        return pc.and_(pc.equal(pc.binary_length(cells), length), pc.equal(pc.binary_length(left), 0))

    return matches


# --- jsonschema -----------------------------------------------------------------------------------------------------


def errors(column: str, instance: Any) -> tuple[tuple[str, str], ...]:
    """Return what jsonschema has against a cell: the keyword that it breaks and the words, a wrong type first."""
    plain = instance is None or isinstance(instance, (str, int, float))
    return _kept_errors(column, instance) if plain and len(str(instance)) <= QUOTED else _errors(column, instance)


@functools.lru_cache(maxsize=10_000, typed=True)  # what is wrong in one row is often wrong in thousands
def _kept_errors(column: str, instance: Any) -> tuple[tuple[str, str], ...]:
    return _errors(column, instance)


def _errors(column: str, instance: Any) -> tuple[tuple[str, str], ...]:
    found = []
    for error in VALIDATORS[column].iter_errors(instance):
        said = error.message.removeprefix(repr(error.instance))
        found.append((str(error.validator), f"{_quoted(error.instance)}{said}"))
    return tuple(sorted(found, key=lambda error: error[0] != "type"))


def _quoted(instance: Any) -> str:
    if instance is None:
        return "is empty, and null"
    text = repr(instance)
    return quote(instance) if isinstance(instance, str) else text if len(text) <= QUOTED else quote(text)


VALIDATORS = {column: Validator(part) for column, part in PROPERTIES.items()}
