"""Rules for the text of cells, whatever it says: wrong encodings, characters that nobody sees, formulas.

Distinct texts are looked at where a column repeats itself. Their first and last bytes, and whether all bytes are ASCII,
tell in one go which of them Python must look at.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.check.findings import Finding, Rule, quote
from tools.check.places import true_places
from tools.check.sheet.formulas import FIRST_BYTES, formula_message, is_formula
from tools.check.sheet.read import COLUMNS, Sheet
from tools.check.sheet.rules import CELL_PADDED, FORMULA, INVISIBLE, MOJIBAKE, PATH_NOT_NFC
from tools.check.sheet.schema import is_plain

# No-break spaces, zero-width space, word joiner, byte-order mark, soft hyphen. Joiners are not among them: emoji and
# Persian need those.
UNSEEN = "\u00a0\u2007\u202f\u200b\u2060\ufeff\u00ad"
TEXTS = (pa.string(), pa.dictionary(pa.int32(), pa.string()))
LABELS = ("emotion", "split")  # of white space around these, the rules for labels and splits speak

_AT_EDGES = np.zeros(256, bool)
_AT_EDGES[[*b"\t\n\v\f\r\x1c\x1d\x1e\x1f "]] = True  # what str.strip removes of ASCII
_AT_START = _AT_EDGES | FIRST_BYTES

Problem = tuple[Rule, str, str]  # the rule, the message, the hint ("": the rule's)


def text_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the cells of text that other readers and tools take for something else than a person sees."""
    for column in COLUMNS:
        if sheet.has(column) and sheet.table[column].type in TEXTS and not is_plain(sheet, column):
            yield from _column(sheet, column)


def _column(sheet: Sheet, column: str) -> Iterator[Finding]:
    if pa.types.is_dictionary(sheet.table[column].type):
        texts, codes = sheet.distinct(column)
        if wrong := dict(_problems(column, texts)):
            for row in true_places(pc.is_in(codes, pa.array(wrong, codes.type))).to_pylist():
                yield from _cell(sheet, column, row, wrong[codes[row].as_py()])
        return
    start = 0
    for chunk in sheet.table[column].chunks:  # as they are: to join them would copy the column
        for index, problems in _problems(column, chunk):
            yield from _cell(sheet, column, start + index, problems)
        start += len(chunk)


def _cell(sheet: Sheet, column: str, row: int, problems: list[Problem]) -> Iterator[Finding]:
    value = sheet.table[column][row].as_py()
    for rule, message, hint in problems:
        yield sheet.found(rule, row, message, hint, column=column, value=value)


def _problems(column: str, texts: pa.StringArray) -> Iterator[tuple[int, list[Problem]]]:
    """Yield what is wrong with texts of a column, each with its place."""
    for index in _suspects(texts, COLUMNS[column] == pa.string()):
        text = texts[index].as_py()
        if text and (problems := [problem for check in CHECKS for problem in check(column, text)]):
            yield index, problems


def _suspects(values: pa.StringArray, is_text: bool) -> list[int]:
    """Return the places of texts that are not ASCII, or begin or end with a byte that calls for a look."""
    _, offsets, data = values.buffers()
    if not data or not data.size or not len(values):
        return []
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    text = np.frombuffer(data, np.uint8)
    odd = (_AT_START if is_text else _AT_EDGES)[text[np.minimum(ends[:-1], len(text) - 1)]]
    odd |= _AT_EDGES[text[np.maximum(ends[1:], 1) - 1]]
    odd &= ends[:-1] < ends[1:]  # an empty text begins and ends with its neighbours' bytes
    if text[ends[0] : ends[-1]].max(initial=0) > 127:
        odd |= ~pc.fill_null(pc.string_is_ascii(values), True).to_numpy(zero_copy_only=False)
    return [int(index) for index in np.flatnonzero(odd)]


def _encoding(column: str, text: str) -> Iterator[Problem]:
    if text.isascii():
        return
    if "\ufffd" in text:
        message = f"{column} {quote(text)} holds U+FFFD, which stands for letters that were lost in decoding"
        yield MOJIBAKE, message, ""
        return
    import ftfy  # seldom needed, and slow to load

    fixed = ftfy.fix_encoding(text)
    if fixed != text:
        message = f"{column} {quote(text)} was decoded with the wrong encoding, expected {quote(fixed)}"
        yield MOJIBAKE, message, f"write {quote(fixed)}, if that is what was meant"


def _composed(column: str, text: str) -> Iterator[Problem]:
    if column == "path" and not unicodedata.is_normalized("NFC", text):
        yield PATH_NOT_NFC, f"path {text!a} is not in Unicode's composed form (NFC)", ""


def _unseen(column: str, text: str) -> Iterator[Problem]:
    # Inside only: what strip removes is white space around the text.
    if unseen := next((character for character in text.strip() if character in UNSEEN), None):
        name = unicodedata.name(unseen).lower()
        yield INVISIBLE, f"{column} {quote(text)} holds a {name} (U+{ord(unseen):04X}), which nobody sees", ""


def _padded(column: str, text: str) -> Iterator[Problem]:
    if column not in LABELS and text != text.strip():
        what = "has white space around its text" if text.strip() else "is nothing but white space"
        yield CELL_PADDED, f"{column} {quote(text)} {what}", "" if text.strip() else "leave the cell empty"


def _formula(column: str, text: str) -> Iterator[Problem]:
    if COLUMNS[column] == pa.string() and is_formula(text):
        yield FORMULA, formula_message(f"{column} {quote(text)}", text), ""


CHECKS: tuple[Callable[[str, str], Iterator[Problem]], ...] = (_encoding, _composed, _unseen, _padded, _formula)
