"""The rules for the sheet, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

SHEET_MISSING = Rule("SH001", "error", "the data directory holds no sheet")
SHEET_TWICE = Rule("SH002", "error", "the data directory holds two sheets")
SHEET_UNREADABLE = Rule("SH003", "error", "the sheet cannot be read")
RAGGED_ROW = Rule("SH004", "error", "a row has more or fewer cells than the header")
COLUMN_MISSING = Rule("SH005", "error", "a required column is missing")
COLUMN_TWICE = Rule("SH006", "error", "two columns have one name")
COLUMN_TYPE = Rule("SH007", "error", "a column holds a type that the dataset cannot publish")
NO_ROWS = Rule("SH008", "error", "the sheet has no row for a size")
PATH_UNSAFE = Rule("SH009", "error", "a path is empty, leaves the data directory or is not in plain form")
PATH_SHAPE = Rule("SH010", "error", "a path is not <folder of originals>/<emotion>/<file>")
PATH_TWICE = Rule("SH011", "error", "two rows have one path")
ID_TWICE = Rule("SH012", "error", "two images of a config have one id")
FILE_MISSING = Rule("SH013", "error", "the file of a row is missing")
LABEL_UNKNOWN = Rule("SH014", "error", "a label is none of the seven")
FOLDER_LABEL = Rule("SH015", "error", "the folder of an image disagrees with its label")
NAME_LABEL = Rule("SH016", "error", "the label index in a file name disagrees with the label")
AFFECT_RANGE = Rule("SH017", "error", "valence or arousal is not a number from -1 to 1")
CELL_TYPE = Rule("SH018", "error", "a cell cannot be read as the type of its column")
SPLIT_UNKNOWN = Rule("SH019", "error", "a split is none of train, validation and test")
SHA256_FORM = Rule("SH020", "error", "a SHA-256 is not 64 hexadecimal digits")
SHA256_DIFFERS = Rule("SH021", "error", "the bytes of an image are not those that the sheet records")
