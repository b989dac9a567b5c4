"""The rules for crops, found while they are made, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

UNUSABLE = Rule(
    "FC001",
    "error",
    "a picture cannot be cropped",
    why="A picture that cannot be read, or is not the one of its row, has no face to be found; it has no crop.",
    mend="Do what the message says, or bring the picture back; then crop again: only what is missing is done.",
)
REFUSED = Rule(
    "FC002",
    "error",
    "a picture without a usable face has no crop, and --on-missing is fail",
    why="The two variants of a size are one set of images: without the crop, neither can be published.",
    mend="Generate the picture again or remove its row; --on-missing keep takes the whole picture instead.",
)
PASSED_OVER = Rule(
    "FC003",
    "warning",
    "a picture without a usable face was passed over, as --on-missing skip asks",
    why="The two variants of a size are one set of images: the row has to go, or to get a crop, before a push.",
    mend="Generate the picture again or remove its row; --on-missing keep takes the whole picture instead.",
)
WHOLE = Rule(
    "FC004",
    "warning",
    "the whole picture stands in for the crop of a face, as --on-missing keep asks",
    why="Such a crop is of another kind than the others: its face is smaller, or there is none.",
    mend="Look at the picture; generate it again, or write the box of its face and crop with --detector sheet.",
)
SEVERAL = Rule(
    "FC005",
    "warning",
    "a picture has several faces, of which the largest was taken",
    why="The prompt speaks of one person: who of them has the label cannot be known from the picture's row.",
    mend="Look at the crop; --refuse several treats such a picture as one without a face.",
)
CUT_OFF = Rule(
    "FC006",
    "warning",
    "a face is cut off by the edge of its picture",
    why="A mouth or a brow that is not in the picture is part of the expression that the label names.",
    mend="Look at the crop; --refuse cut-off treats such a picture as one without a face.",
)
OTHERWISE = Rule(
    "FC007",
    "warning",
    "a crop was made with another size or margin than is asked for now",
    why="Crops of several forms in one set show faces of several scales: a model learns to tell them apart by that.",
    mend="Crop with the same --size, --margin and --keep-aspect as before, or all of them anew with --again.",
)
