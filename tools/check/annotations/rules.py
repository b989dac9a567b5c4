"""The rules for EmoNet annotations, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

ANNOTATIONS_UNREADABLE = Rule("AN001", "error", "the annotations are missing or cannot be read")
ANNOTATION_WRONG = Rule("AN002", "error", "an annotation cannot be read")
ANNOTATED_IMAGE = Rule("AN003", "error", "the image of an annotation is missing, ambiguous or unsafe")
NOT_ANNOTATED = Rule("AN004", "warning", "an image has no annotation, so it is not published")
SIDE_FILE = Rule("AN005", "error", "the side file with prompts and demographics cannot be read")
NO_ANNOTATIONS = Rule("AN006", "error", "a config holds no annotation")
SAME_ID = Rule("AN007", "error", "two annotated images have one id")
