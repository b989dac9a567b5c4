"""The rules that stop a push, each with its stable id: SH for the sheet, IM for image files, AN for EmoNet annotations.

An id is never given to another rule, for people select and ignore rules by it.
"""

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

FOLDER_MISSING = Rule("IM001", "error", "a config has no data here")
FOLDER_TWICE = Rule("IM002", "error", "a config has its data here more than once")
FOLDER_UNREADABLE = Rule("IM003", "error", "a raw folder or zip cannot be read")
FOLDER_EMPTY = Rule("IM004", "error", "a raw folder or zip holds no image")
ENTRY_UNSAFE = Rule("IM005", "error", "a file of a raw folder or zip must not be read")
NO_ROW = Rule("IM006", "error", "an image has no row in the sheet")
NO_IMAGE = Rule("IM007", "error", "a file is no image and has no row")
IMAGE_BROKEN = Rule("IM008", "error", "an image is not whole")
FILE_UNREADABLE = Rule("IM009", "error", "the bytes of a file cannot be read")

ANNOTATIONS_UNREADABLE = Rule("AN001", "error", "the annotations are missing or cannot be read")
ANNOTATION_WRONG = Rule("AN002", "error", "an annotation cannot be read")
ANNOTATED_IMAGE = Rule("AN003", "error", "the image of an annotation is missing, ambiguous or unsafe")
NOT_ANNOTATED = Rule("AN004", "warning", "an image has no annotation, so it is not published")
SIDE_FILE = Rule("AN005", "error", "the side file with prompts and demographics cannot be read")
NO_ANNOTATIONS = Rule("AN006", "error", "a config holds no annotation")
SAME_ID = Rule("AN007", "error", "two annotated images have one id")

RULES = {rule.id: rule for rule in list(globals().values()) if isinstance(rule, Rule)}
