"""The rules for raw folders and the images in them, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

FOLDER_MISSING = Rule("IM001", "error", "a config has no data here")
FOLDER_TWICE = Rule("IM002", "error", "a config has its data here more than once")
FOLDER_UNREADABLE = Rule("IM003", "error", "a raw folder or zip cannot be read")
FOLDER_EMPTY = Rule("IM004", "error", "a raw folder or zip holds no image")
ENTRY_UNSAFE = Rule("IM005", "error", "a file of a raw folder or zip must not be read")
NO_ROW = Rule("IM006", "error", "an image has no row in the sheet")
NO_IMAGE = Rule("IM007", "error", "a file is no image and has no row")
IMAGE_BROKEN = Rule("IM008", "error", "an image is not whole")
FILE_UNREADABLE = Rule("IM009", "error", "the bytes of a file cannot be read")
